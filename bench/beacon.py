"""The beacon's size beside that of other trackers: raw, gzip -9 and brotli -11, in bytes.

    python -m bench.beacon [--offline] [--json]

Ours are built from the sources as they are. Those that npm ships as a file for the browser are
fetched with `npm pack` in the version named here and measured by the same compressors in the same
run; the others are quoted with the date at which they were measured. ``--offline`` fetches nothing
and quotes none.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: Python has no Brotli, Node has.
#: NOTE: Node's gzip is not used: it comes out a few bytes smaller than everybody else's.
COMPRESS = """
import { readFileSync } from "node:fs";
import { brotliCompressSync, constants } from "node:zlib";
const sizes = process.argv.slice(1).map((name) => {
  const bytes = readFileSync(name);
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 11,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  };
  return brotliCompressSync(bytes, { params }).length;
});
console.log(JSON.stringify(sizes));
"""


@dataclass(frozen=True, slots=True)
class Peer:
    """A tracker on npm, and its file for the browser inside the package."""

    name: str
    package: str
    file: str


PEERS = (
    Peer("Plausible", "@plausible-analytics/tracker@0.4.6", "plausible.js"),
    Peer("OpenPanel op1.js", "@openpanel/web@1.4.1", "dist/src/tracker.global.js"),
    Peer("Ackee", "ackee-tracker@5.1.3", "dist/ackee-tracker.min.js"),
    Peer("Swetrix", "swetrix@4.6.1", "dist/swetrix.js"),
)


@dataclass(frozen=True, slots=True)
class Size:
    """One row of the table. ``brotli`` is missing where the source does not give it."""

    name: str
    raw: int
    gzip: int
    brotli: int | None
    origin: str


#: Not on npm as a file for the browser: measured from their sources, with the same settings.
QUOTED = (
    Size("Shynet page.js", 1_997, 891, 687, "quoted, 2026"),
    Size("GoatCounter count.js, minified", 5_647, 2_179, 1_848, "quoted, 2026"),
    Size("Umami 3.1 script.js", 4_595, 2_229, 1_963, "quoted, 2026"),
    Size("Rybbit script.js", 12_157, 4_679, 4_170, "quoted, 2025-06"),
    Size("matomo.js 5.2", 67_474, 21_867, 19_064, "quoted, 2026"),
    Size("posthog-js array.js", 379_782, 121_971, 102_457, "quoted, 2026"),
)


def _run(*command: str, cwd: Path) -> str:
    program = shutil.which(command[0])
    if program is None:
        raise SystemExit(f"{command[0]} is not found; install Node.js 20 or later with npm")
    done = subprocess.run(
        [program, *command[1:]], cwd=cwd, capture_output=True, text=True, check=False, timeout=120
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:3])} failed:\n{done.stderr.strip()}")
    return done.stdout


def _sizes(names: list[str], origin: str, files: list[Path], cwd: Path) -> list[Size]:
    command = ("node", "--input-type=module", "--eval", COMPRESS)
    packed: list[int] = json.loads(_run(*command, *(str(file) for file in files), cwd=cwd))
    return [
        Size(name, len(data := file.read_bytes()), _gzipped(data), brotli, origin)
        for name, file, brotli in zip(names, files, packed, strict=True)
    ]


def _gzipped(data: bytes) -> int:
    return len(gzip.compress(data, 9, mtime=0))


def ours(directory: Path) -> list[Size]:
    """Every file of the beacon that is served, built now."""
    _run("node", str(ROOT / "build.mjs"), "--into", str(directory / "assets"), cwd=ROOT)
    files = sorted((directory / "assets").glob("t*.js"))
    return _sizes([f"ours: {file.name}" for file in files], "built now", files, directory)


def peers(directory: Path) -> list[Size]:
    """The files of the others, from npm."""
    files = []
    for peer in PEERS:
        archive = _run("npm", "pack", "--silent", peer.package, cwd=directory).split()[-1]
        target = directory / archive.removesuffix(".tgz")
        with tarfile.open(directory / archive) as packed:
            packed.extractall(target, filter="data")
        files.append(target / "package" / peer.file)
    return [
        row
        for peer, file in zip(PEERS, files, strict=True)
        for row in _sizes([peer.name], peer.package, [file], directory)
    ]


def table(rows: list[Size]) -> str:
    """The rows in Markdown."""
    lines = ["| Script | raw | gzip -9 | brotli -11 | from |", "|---|---|---|---|---|"]
    for row in rows:
        brotli = "" if row.brotli is None else f"{row.brotli:,}"
        lines.append(f"| {row.name} | {row.raw:,} | {row.gzip:,} | {brotli} | {row.origin} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--offline", action="store_true", help="only our own files")
    parser.add_argument("--json", action="store_true", help="as JSON")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        rows = ours(Path(directory))
        if not given.offline:
            rows += sorted([*peers(Path(directory)), *QUOTED], key=lambda row: row.gzip)
    text = json.dumps([asdict(row) for row in rows], indent=2) if given.json else table(rows)
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    main()
