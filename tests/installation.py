"""An installation as its owner has it: a data directory, the real ``tracker`` command, a server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: Longest time that a command or the start of a server may take on a busy machine.
PATIENCE = 120
TRACKER = Path(sys.executable).with_name("tracker")
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


@dataclass
class Installation:
    """Commands on one data directory; ``variables`` are settings beside ``TRACKER_DATA``."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)
    site: str = ""

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.folder / "data"

    def environment(self) -> dict[str, str]:
        """The environment of a command: none of the settings of whoever runs the tests."""
        # A command takes a fraction of the time where Python may keep what it has compiled.
        left_out = ("TRACKER_", "PYTHONDONTWRITEBYTECODE")
        own = {n: value for n, value in os.environ.items() if not n.startswith(left_out)}
        settings = {"TRACKER_DATA": str(self.data), "TRACKER_PORT": "0"}
        return own | settings | self.variables

    def start(self, *words: str, **options: Any) -> subprocess.Popen[str]:
        """A command that goes on by itself."""
        return subprocess.Popen(
            [str(TRACKER), *words], cwd=self.folder, env=self.environment(), text=True, **options
        )

    def try_(self, *words: str, stdin: str = "") -> Done:
        """A command, whatever comes of it."""
        done = subprocess.run(
            [str(TRACKER), *words],
            cwd=self.folder,
            env=self.environment(),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def run(self, *words: str, stdin: str = "") -> Any:
        """A command that succeeds and says nothing on standard error; its ``--json`` result."""
        done = self.try_(*words, "--json", stdin=stdin)
        assert (done.code, done.err) == (0, ""), (words, done)
        return done.json

    def for_site(self, *words: str) -> Any:
        """A command for the site."""
        return self.run(*words, "--site", self.site)

    def begin(self, **site: str) -> None:
        """The owner and the site."""
        self.run(
            "init", "--owner", "owner@pump.example", "--password-stdin", stdin="long-enough-1\n"
        )
        fields = {
            "name": "Pumps",
            "domain": "pump.example",
            "timezone": "Asia/Shanghai",
            "currency": "CNY",
            **site,
        }
        words = [word for name, value in fields.items() for word in (f"--{name}", value)]
        self.site = self.run("site", "add", *words)["site"]

    def file(self, name: str, content: str | bytes) -> str:
        """A file with this content; its path."""
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    def report(self, first: str, last: str, *words: str) -> Any:
        """The keyword report."""
        return self.for_site("report", "keywords", "--from", first, "--to", last, *words)

    @contextmanager
    def serving(self, command: tuple[str, ...] = ("serve",)) -> Iterator[Server]:
        """A server of this data directory, until the end."""
        log = (self.folder / "serve.log").open("a", encoding="utf-8")
        with log, self.start(*command, stdout=log, stderr=log) as process:
            try:
                yield self._wait(process)
            finally:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(timeout=PATIENCE)
                except subprocess.TimeoutExpired:
                    process.kill()

    def _wait(self, process: subprocess.Popen[str]) -> Server:
        state = self.data / "serve.json"
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            assert process.poll() is None, (self.folder / "serve.log").read_text()
            if state.is_file() and (text := state.read_text()).endswith("\n"):
                found = json.loads(text)
                if found["pid"] == process.pid:
                    return Server(process, str(found["url"]))
            time.sleep(0.02)
        raise AssertionError("the server did not start")


@dataclass
class Shell(Installation):
    """An installation whose commands run in one process after another, which spares all but the
    first the start of Python and engine; servers are processes of their own. A context."""

    _process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Shell:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.communicate(timeout=PATIENCE)

    def try_(self, *words: str, stdin: str = "") -> Done:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.command_shell"],
                cwd=self.folder,
                env=self.environment() | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
                text=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        asked, answers = self._process.stdin, self._process.stdout
        assert asked
        assert answers
        asked.write(json.dumps({"words": words, "stdin": stdin}) + "\n")
        asked.flush()
        return Done(**json.loads(answers.readline()))


@dataclass(frozen=True, slots=True)
class Server:
    """A running server and where it listens."""

    process: subprocess.Popen[str]
    url: str

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
