"""Load on a server of the ingest bench, from a second process.

For the highest rate wrk, where it is installed, because it leaves the server most of the machine;
for a rate that is given, and where there is no wrk, ``bench/ingest_load.py``.
"""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36"
)
CONNECTIONS = 128
SCRIPT = Path(__file__).with_name("ingest_load.lua")


def generator() -> str:
    """The name of what makes the highest rate here."""
    return "wrk" if shutil.which("wrk") else "bench/ingest_load.py"


def paced(port: int, path: str, body: Path, seconds: float, rate: float = 0) -> dict[str, Any]:
    """Requests at a rate (0: as fast as can be) by our own generator; its tally.

    Every answer must be a 202 that drops nothing.
    """
    return _run([_own(port, path, body, seconds, rate)])[0]


def highest(ports: list[int], path: str, body: Path, seconds: float) -> list[dict[str, Any]]:
    """As many requests as can be, to all ports at once; a tally for each.

    No answer may be a refusal. NOTE: wrk does not look at headers; ``paced`` before it does.
    """
    words = _wrk if generator() == "wrk" else _own
    return _run([words(port, path, body, seconds) for port in ports])


def _own(port: int, path: str, body: Path, seconds: float, rate: float = 0) -> list[str]:
    words = [sys.executable, "-m", "bench.ingest_load", "--port", str(port), "--path", path]
    words += ["--body", str(body), "--agent", AGENT, "--connections", str(CONNECTIONS)]
    return [*words, "--seconds", str(seconds), "--rate", str(rate)]


def _wrk(port: int, path: str, body: Path, seconds: float) -> list[str]:
    whole = max(1, round(seconds))
    words = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{whole}s", "-s", str(SCRIPT)]
    return [*words, f"http://127.0.0.1:{port}{path}", "--", str(body), AGENT, secrets.token_hex(8)]


def _run(commands: list[list[str]]) -> list[dict[str, Any]]:
    """Run generators at once; what each prints in its last line."""
    running = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for words in commands]
    outputs = [process.communicate()[0] for process in running]
    assert not any(process.returncode for process in running), outputs
    tallies = [dict(json.loads(output.splitlines()[-1])) for output in outputs]
    assert not any(tally["refused"] or tally.get("dropped") for tally in tallies), tallies
    return tallies
