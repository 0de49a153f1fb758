"""A process that runs one ``tracker`` command after another, and starts only once.

Each command opens and closes its stores as in a process of its own, which is no server's. A line of
standard input is ``{"words": […], "stdin": …}``; the answer ``{"code", "out", "err"}`` is one, too.
"""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
import traceback
from typing import Any

import structlog

from tracker.cli import main


def answer(words: list[str], stdin: str) -> dict[str, Any]:
    """Run a command with these words and this standard input; what it left behind."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        kept = os.dup(1), os.dup(2)
        sys.stdout.flush()
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        sys.argv = ["tracker", *words]
        sys.stdin = io.TextIOWrapper(io.BytesIO(stdin.encode()))
        try:
            code = _ended()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, old in enumerate(kept, 1):
                os.dup2(old, number)
                os.close(old)
            structlog.reset_defaults()
        found = [(file.seek(0), file.read())[1] for file in (out, err)]
    return {"code": code, "out": found[0], "err": found[1]}


def _ended() -> int:
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except Exception:  # noqa: BLE001  (a process would end with it)
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    for line in sys.stdin.buffer:
        asked = json.loads(line)
        sys.stdout.write(json.dumps(answer(asked["words"], asked["stdin"])) + "\n")
        sys.stdout.flush()
