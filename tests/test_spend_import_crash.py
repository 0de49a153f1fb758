"""``kill -9`` in the middle of an import on disk: the old numbers stand, the next import works."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.spend_imports import Desk
from tracker.accounts.database import open_database
from tracker.accounts.sites import get_site
from tracker.spend import publication, staging
from tracker.spend.importer import SpendOptions, import_spend_file
from tracker.spend.reading import READING
from tracker.warehouse.client import Warehouse, open_warehouse
from tracker.warehouse.migrate import migrate

#: More than one insert of ``BATCH``: the first is on disk when the process dies.
ROWS, BATCH = 1_200, 500
CHILD = "from tests.test_spend_import_crash import child; child()"


def child() -> None:
    """What the other process does: import each file; told to die, stop between two inserts."""
    url, key, directory, die, *paths = sys.argv[1:]
    publication.BATCH = staging.BATCH = BATCH
    db = open_database(url)
    with open_warehouse(f"chdb://{directory}/engine") as warehouse:
        migrate(warehouse)
        desk = Desk(db, warehouse, Path(directory), get_site(db, key))

        def progress(done: int, expected: int | None) -> None:
            if die and expected and READING * expected < done:
                sys.stdout.write("written\n")
                sys.stdout.flush()
                signal.pause()

        for path in paths:
            options = SpendOptions(platform="baidu", replace=True)
            report = import_spend_file(desk.deps, desk.site, Path(path), options, progress)
            found = {
                "changed": report.changed,
                "cost": desk.costs()["*"],
                "stored": warehouse.rows("SELECT count() FROM spend")[0][0],
            }
            sys.stdout.write(json.dumps(found) + "\n")


def run(desk: Desk, *paths: Path, die: str = "") -> list[dict[str, Any]]:
    """Import in another process; with ``die`` it is killed when some rows are on disk."""
    arguments = [str(desk.db.url), desk.site.key, str(desk.directory), die, *map(str, paths)]
    command = [sys.executable, "-c", CHILD, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1]) as one:
        assert one.stdout is not None
        if die:
            assert one.stdout.readline() == b"written\n"
            os.kill(one.pid, signal.SIGKILL)
            return []
        return [json.loads(line) for line in one.stdout]


@pytest.mark.crash
def test_an_import_killed_while_it_writes_changes_nothing(
    sqlite_db: Engine, warehouse_embedded: Warehouse, tmp_path: Path
) -> None:
    desk = Desk.open(sqlite_db, warehouse_embedded, tmp_path)
    old = desk.file(["2026-09-01,Pumps,g,pump,1,1,5"], name="old.csv")
    new = desk.file((f"2026-09-01,Pumps,g,pump {n},1,1,0.01" for n in range(ROWS)), name="new.csv")
    (first,) = run(desk, old)
    assert (first["changed"], first["cost"]) == (True, "5.00")
    run(desk, new, die="yes")
    again, whole = run(desk, old, new)
    # One insert runs while the next block is made, so one or two of them are on disk.
    assert (again["changed"], again["cost"]) == (False, "5.00")
    assert 1 + BATCH <= again["stored"] < 1 + ROWS
    assert (whole["changed"], whole["cost"]) == (True, "12.00")
