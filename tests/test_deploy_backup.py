"""The backup of an installation, and what stands in it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from tracker.accounts.database import migrate, open_database
from tracker.accounts.tenants import add_tenant
from tracker.warehouse.lock import DirectoryLock

SCRIPT = Path(__file__).parents[1] / "deploy" / "backup.py"
SECONDS = 60
#: NOTE: a process has one engine for one path, so another process opens these.
WRITE = """
import sys
from tracker.warehouse.client import open_warehouse
with open_warehouse(sys.argv[1]) as warehouse:
    warehouse.execute("CREATE TABLE kept (n UInt8) ENGINE = MergeTree ORDER BY n")
    warehouse.execute("INSERT INTO kept VALUES (7)")
"""
READ = """
import sys
from tracker.warehouse.client import open_warehouse
with open_warehouse(sys.argv[1]) as warehouse:
    print(warehouse.rows("SELECT n FROM kept"))
"""


def python(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """This Python with settings of the program."""
    return subprocess.run(
        [sys.executable, *arguments],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def installation(directory: Path, database_url: str = "") -> Path:
    """A data directory with an event in the spool, a secret key and one company."""
    data = directory / "data"
    (data / "spool" / "failed").mkdir(parents=True)
    (data / "spool" / "0001.ndjson").write_text("{}\n")
    (data / "held").mkdir()
    (data / "held" / "h1.csv").write_text("a\n")
    (data / "secret.key").write_text("secret\n")
    db = open_database(database_url or f"sqlite:///{data / 'tracker.db'}")
    migrate(db)
    add_tenant(db, name="Example Pumps")
    db.dispose()
    return data


def test_a_backup_of_the_embedded_form_opens_again_with_everything(tmp_path: Path) -> None:
    data = installation(tmp_path)
    assert python("-c", WRITE, f"chdb://{data / 'clickhouse'}").returncode == 0

    done = python(str(SCRIPT), str(tmp_path / "backups"), TRACKER_DATA=str(data))

    assert done.returncode == 0, done.stderr
    made = Path(done.stdout.strip())
    assert (made / "spool" / "0001.ndjson").read_text() == "{}\n"
    assert (made / "held" / "h1.csv").read_text() == "a\n"
    assert (made / "secret.key").read_text() == "secret\n"
    with closing(sqlite3.connect(made / "tracker.db")) as copy:
        assert copy.execute("SELECT name FROM tenants").fetchall() == [("Example Pumps",)]
    assert python("-c", READ, f"chdb://{made / 'clickhouse'}").stdout == "[(7,)]\n"


def test_a_running_engine_is_not_copied_and_its_process_is_named(tmp_path: Path) -> None:
    data = installation(tmp_path)
    with DirectoryLock(data / "clickhouse", argv=["tracker", "serve"]):
        done = python(str(SCRIPT), str(tmp_path / "backups"), TRACKER_DATA=str(data))
    assert done.returncode == 1
    assert f"Process {os.getpid()} (tracker serve)" in done.stderr
    assert list((tmp_path / "backups").iterdir()) == []


def test_a_backup_of_postgresql_is_a_dump_of_it(tmp_path: Path, postgres_url: str) -> None:
    data = installation(tmp_path, postgres_url)
    settings = {"TRACKER_DATA": str(data), "TRACKER_DATABASE_URL": postgres_url}
    done = python(str(SCRIPT), str(tmp_path / "backups"), **settings)
    assert done.returncode == 0, done.stderr
    dump = Path(done.stdout.strip()) / "tracker.dump"
    listed = subprocess.run(
        ["pg_restore", "--data-only", "--file=-", str(dump)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    assert "Example Pumps" in listed.stdout


def test_only_the_newest_complete_backups_are_kept(tmp_path: Path) -> None:
    data = installation(tmp_path)
    backups = tmp_path / "backups"
    others = {"20260103-000000.partial", "notes", "2019-01-photos", "20190101-0000000"}
    for name in ("20260101-000000", "20260102-000000", *others):
        (backups / name).mkdir(parents=True)
    (backups / "20190101-000000").write_text("a list that somebody named so")
    done = python(str(SCRIPT), str(backups), "--keep", "2", TRACKER_DATA=str(data))
    made = Path(done.stdout.strip()).name
    left = {path.name for path in backups.iterdir()}
    assert left == {"20260102-000000", made, "20190101-000000", *others}
    assert done.returncode == 0
