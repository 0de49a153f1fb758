"""Watch folders: every site has one, and a file that lies there is taken by itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.world import World
from tracker.accounts.sites import add_site
from tracker.jobs import JOBS
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
