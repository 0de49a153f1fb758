"""``tracker doctor`` says what is wrong with an installation."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.world import World, at
from tracker.ingest.segments import READY, make_root
from tracker.requests.upkeep import Diagnose
from tracker.warehouse.client import Warehouse


@pytest.fixture
def world(warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path) -> World:
    world = World(warehouse_embedded, sqlite_db, tmp_path)
    make_root(world.parts.settings.spool)
    return world


def found(world: World) -> Any:
    return world.run("doctor", Diagnose())


def test_room_and_the_last_event_are_told(world: World) -> None:
    assert found(world)["last_event"] is None
    world.events([at("09-01 10:00"), at("09-02 11:30")])
    said = found(world)
    assert said["last_event"] == "2026-09-02T11:30:00+00:00"
    assert said["spool"]["waiting_bytes"] == 0
    assert said["spool"]["budget_bytes"] == 2048 << 20
    assert said["problems"] == []


def test_a_spool_that_refuses_events_is_a_problem(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    (world.parts.settings.spool / READY / "x").write_bytes(bytes(2 << 20))
    world.parts.settings = replace(world.parts.settings, spool_mb=1)
    (problem,) = found(world)["problems"]
    assert problem.startswith("Events are refused: the spool is full: 2097152 of 1048576 bytes")
    world.parts.settings = replace(world.parts.settings, spool_mb=2048)
    disk = list(os.statvfs(world.folder))
    disk[4] = 0  # blocks for others than root
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result(disk))
    (problem,) = found(world)["problems"]
    assert problem.startswith("Events are refused: the spool has 0 bytes of disk left; ")
