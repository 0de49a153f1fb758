"""Copies everything that cannot be made again into a directory named by the time.

    python deploy/backup.py DIRECTORY [--keep N]

run with the Python that `tracker` is installed in, as the user and with the settings of the
program. In DIRECTORY/YYYYMMDD-HHMMSS:

    spool/         events that are acknowledged and not yet in ClickHouse
    held/          spend files that wait for somebody's decision
    tracker.db     or tracker.dump (pg_dump's custom format): accounts, sites, goals, runs
    clickhouse/    the embedded engine's directory
    clickhouse.txt the backup's name on the server's disk `backups`, with a ClickHouse server
    secret.key     if the program made it, and so connections.key

The spool is copied first, so that an event which is loaded meanwhile is in one of both, or in both
and counts once. Metadata go before ClickHouse, as they say what has been imported: of what they do
not know yet a second import changes nothing, and what they knew without its rows would be a gap.
Their counters are behind then; a program that starts raises them. A server is copied while it runs;
the embedded engine's directory only at rest, so stop `tracker serve` first, otherwise the message
names the process that holds it. A backup that was killed has a name that ends in `.partial`. With
--keep, older complete backups are removed, the N newest stay (a ClickHouse server's own files are
left to it).
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import make_url

from tracker.config import Settings, load_settings
from tracker.errors import TrackerError
from tracker.warehouse.client import open_warehouse
from tracker.warehouse.lock import LOCK_FILE, DirectoryLock

PARTIAL = ".partial"
STAMP = re.compile(r"\d{8}-\d{6}")


def back_up(settings: Settings, directory: Path, stamp: str) -> Path:
    """Make one backup and return its directory. TrackerError or OSError when it cannot be made."""
    made = directory / stamp
    target = directory / f"{stamp}{PARTIAL}"
    target.mkdir(mode=0o700, parents=True)
    try:
        if settings.clickhouse_url:
            _copy_files(settings, target)
            _copy_metadata(settings, target)
            _copy_server(settings, target, stamp)
        else:
            _copy_at_rest(settings, target)
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise
    target.rename(made)
    return made


def remove_old(directory: Path, keep: int) -> list[Path]:
    """Remove all but the newest ``keep`` complete backups; returns what was removed."""
    complete = sorted(
        path for path in directory.iterdir() if STAMP.fullmatch(path.name) and path.is_dir()
    )
    old = complete[:-keep]
    for path in old:
        shutil.rmtree(path)
    return old


def _copy_at_rest(settings: Settings, target: Path) -> None:
    engine = settings.data / "clickhouse"
    with DirectoryLock(engine):
        _copy_files(settings, target)
        _copy_metadata(settings, target)
        left_out = shutil.ignore_patterns(LOCK_FILE)
        shutil.copytree(engine, target / "clickhouse", symlinks=True, ignore=left_out)


def _copy_files(settings: Settings, target: Path) -> None:
    for folder in (settings.spool, settings.held):
        _copy_folder(folder, target / folder.name)
    for name in ("secret.key", "connections.key"):
        key = settings.data / name
        if key.is_file():
            shutil.copy2(key, target)


def _copy_folder(folder: Path, target: Path) -> None:
    target.mkdir()
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        copy = target / path.relative_to(folder)
        if path.is_dir():
            copy.mkdir(exist_ok=True)
            continue
        try:
            shutil.copy2(path, copy)
        except FileNotFoundError:
            # Loaded since it was listed: ClickHouse, which is copied later, has it. Or decided on.
            continue


def _copy_metadata(settings: Settings, target: Path) -> None:
    url = make_url(settings.metadata_url)
    if url.get_backend_name() == "sqlite":
        with (
            closing(sqlite3.connect(f"file:{url.database}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(target / "tracker.db")) as copy,
        ):
            source.backup(copy)
        return
    # The password goes through the environment: other users can read a command line.
    given = {"PGHOST": url.host, "PGPORT": url.port, "PGUSER": url.username}
    given |= {"PGPASSWORD": url.password, "PGDATABASE": url.database}
    environment = os.environ | {name: str(value) for name, value in given.items() if value}
    command = ["pg_dump", "--format=custom", "--file", str(target / "tracker.dump")]
    subprocess.run(command, env=environment, check=True)


def _copy_server(settings: Settings, target: Path, stamp: str) -> None:
    name = f"tracker-{stamp}.zip"
    with open_warehouse(settings.clickhouse_url, pool=1, timeout=6 * 3600) as warehouse:
        ((database,),) = warehouse.rows("SELECT currentDatabase()")
        warehouse.execute(f"BACKUP DATABASE `{database}` TO Disk('backups', '{name}')")
    (target / "clickhouse.txt").write_text(f"Disk('backups', '{name}')\n", encoding="utf-8")


def main() -> int:
    """Make a backup as the command line says; 0, or 1 after one line on standard error."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("directory", type=Path)
    parser.add_argument("--keep", type=int, default=0, help="backups to keep; 0 = all")
    arguments = parser.parse_args()
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    try:
        made = back_up(load_settings(), arguments.directory, stamp)
    except (TrackerError, OSError, sqlite3.Error, subprocess.CalledProcessError) as error:
        print(f"No backup was made: {error}", file=sys.stderr)  # noqa: T201
        return 1
    print(made)  # noqa: T201
    try:
        if arguments.keep > 0:
            remove_old(arguments.directory, arguments.keep)
    except OSError as error:
        print(f"Older backups could not be removed: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
