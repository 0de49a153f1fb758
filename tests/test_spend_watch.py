"""Watch folders: every site has one, and a file that lies there is taken by itself."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.world import World
from tracker.accounts.sites import Site, add_site
from tracker.errors import Unavailable
from tracker.jobs import JOBS
from tracker.spend.importer import SpendDeps, SpendOptions, SpendReport
from tracker.spend.watch import import_watched
from tracker.warehouse.client import Warehouse


@pytest.fixture
def world(embedded_engine: Warehouse, sqlite_db: Engine, tmp_path: Path) -> World:
    """A site of its own in the engine of all."""
    return World(embedded_engine, sqlite_db, tmp_path)


def test_a_file_in_the_folder_of_a_site_is_taken_and_put_away(world: World) -> None:
    job = next(job for job in JOBS if job.name == "spend")
    watch = world.parts.settings.watch
    job.run(world.parts)
    later = add_site(
        world.db, tenant=world.tenant, name="Later", domains=["l.example"], timezone="UTC",
        currency="CNY",
    )  # fmt: skip
    job.run(world.parts)
    folders = [watch / world.site.key, watch / later.key]
    assert [oct(folder.stat().st_mode)[-3:] for folder in folders] == ["700", "700"]
    # Folders within it, and hidden files, are none of them.
    (folders[0] / "done").mkdir()
    (folders[0] / ".part").write_text("half")
    file = folders[0] / "report.csv"
    file.write_text("Date,Keyword,Clicks,Cost\n2026-09-01,pump,2,8.00\n")
    long_ago = world.now.timestamp() - 60
    os.utime(file, (long_ago, long_ago))
    job.run(world.parts)
    assert [path.name for path in folders[0].iterdir() if path.is_file()] == [".part"]
    names = sorted(path.name[16:] for path in (folders[0] / "failed").iterdir())
    assert names == ["report.csv", "report.csv.txt"]
    (reason,) = (folders[0] / "failed").glob("*.txt")
    assert reason.read_text().startswith("The report has no column for impressions")


def test_a_file_that_was_copied_with_a_time_to_come_is_taken_too(
    world: World, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    taken, now = [], time.time()

    def run(_: Site, path: Path, __: SpendOptions) -> SpendReport:
        taken.append(path.name)
        raise Unavailable("The warehouse is away.")

    for name, ahead in (("now.csv", 0), ("ahead.csv", 8 * 3600)):
        file = folder / name
        file.write_text("x")
        os.utime(file, (now + ahead, now + ahead))
    for seconds in (0, 60):
        clock = partial(datetime.fromtimestamp, now + seconds, UTC)
        deps = SpendDeps(world.warehouse, world.db, clock)
        import_watched(deps, world.site, folder, run)
        assert set(taken) == ({"now.csv", "ahead.csv"} if seconds else set())
