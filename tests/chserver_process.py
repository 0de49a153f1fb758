"""Start and stop the test server of ``tests.chserver`` as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import TracebackType
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parent.parent
STOP_SECONDS = 10


class ChServer:
    """A running server; its data lives as long as the process."""

    def __init__(self, *, port: int = 0, password: str = "") -> None:
        command = [sys.executable, "-m", "tests.chserver", "--port", str(port)]
        if password:
            command += ["--password", password]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        if not self.url:
            raise RuntimeError(f"tests.chserver ended with {self._process.wait()}")
        self.port = urlsplit(self.url).port or 0

    def fault(self, kind: str, *, times: int = 1, match: str = "", seconds: float = 0) -> None:
        """Let ``kind`` happen to the next ``times`` statements that contain ``match``."""
        query = urlencode({"kind": kind, "times": times, "match": match, "seconds": seconds})
        self._post(f"/_test/fault?{query}")

    def heal(self) -> None:
        """Forget every fault."""
        self._post("/_test/fault", method="DELETE")

    def stop(self) -> None:
        """End the process; harmless when it has ended."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _post(self, path: str, method: str = "POST") -> None:
        request = Request(f"http://127.0.0.1:{self.port}{path}", method=method)
        with urlopen(request, timeout=STOP_SECONDS) as response:
            response.read()

    def __enter__(self) -> ChServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
