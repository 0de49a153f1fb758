"""Spend end to end into the embedded engine, beside a raw insert of the same rows in the same run.

    python -m bench.spend [--rows 1000000] [--json]

Three inputs, each in a process of its own with a fresh engine on disk: a report file, a simulated
Google Ads server on loopback (a second process), and rows that are ready in memory, inserted
straight into ``spend`` (the raw insert, which parses, validates and compares nothing). Rows a
second, processor time a row, the peak of resident memory above that of the opened engine, and the
time until the first progress is told. Then 7 days of 10,000 keywords are pulled again: unchanged,
and with one cost corrected; the figures are the days that were marked and rebuilt.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from typing import Any

KEYWORDS = 10_000
MODES = ("raw", "file", "simulator", "again")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--only", choices=MODES)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found: dict[str, dict[str, Any]] = {}
    for mode in [arguments.only] if arguments.only else MODES:
        found[mode] = run(mode, arguments.rows)
    figures = summary(found)
    if arguments.json:
        print(json.dumps(figures))  # noqa: T201
        return
    for name, value in figures.items():
        print(f"{name:46} {value}")  # noqa: T201


def run(mode: str, rows: int) -> dict[str, Any]:
    """One input in a process and a directory of its own."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as directory:
        command = [sys.executable, "-m", "bench.spend_run", mode, directory, str(rows)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def summary(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """All figures, with the ratios to the raw insert."""
    figures: dict[str, Any] = {}
    for mode, values in found.items():
        figures |= {f"{mode}: {name}": value for name, value in values.items()}
    if "raw" in found:
        raw = found["raw"]["rows/s"]
        for mode in ("file", "simulator"):
            if mode in found:
                figures[f"{mode}: ratio to the raw insert"] = round(found[mode]["rows/s"] / raw, 3)
    return figures | {"cores": os.cpu_count()}


if __name__ == "__main__":
    main()
