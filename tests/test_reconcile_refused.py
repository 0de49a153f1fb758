"""A statement that the engine refuses for what one site holds keeps nobody else waiting."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.world import World, ad, at
from tracker.accounts import marks
from tracker.accounts.marks import Slice
from tracker.errors import StatementRefused
from tracker.reconcile import portion_build, reconciler
from tracker.reconcile.pace import Pace
from tracker.requests.events import ImportEvents
from tracker.warehouse.client import Warehouse

DAYS = ("2026-09-01", "2026-09-02", "2026-09-03")
LINES = [at(f"{day[5:]} 10:00", "v1", ad("water pump")) for day in DAYS]
BUILT = (
    "SELECT site, toString(day), max(build) FROM slices WHERE kind = 'visits' GROUP BY site, day"
    " ORDER BY site, day"
)
REFUSED = "SELECT toDecimal32(toString(1e30), 2)"


@pytest.fixture
def world(warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path) -> World:
    """Three sites with events of three days."""
    world = World(warehouse_embedded, sqlite_db, tmp_path)
    world.events(LINES)
    for _ in range(2):
        other = world.another_site()
        file = world.file("e.ndjson", Path(world.folder / "1_e.ndjson").read_text())
        world.run("events-import", ImportEvents(file, other.key))
    return world


def refuse(patch: pytest.MonkeyPatch, world: World, bad: Slice, step: str) -> None:
    """Let the engine refuse a statement of every build that has this slice, in this step of it."""
    where = portion_build if step == "build_hits" else reconciler
    real = getattr(where, step)

    def refused(*given: Any) -> Any:
        if any(bad in getattr(one, "slices", ()) for one in given):
            world.warehouse.execute(REFUSED)
        return real(*given)

    patch.setattr(where, step, refused)


@pytest.mark.parametrize("step", ["finish", "build_hits"])
def test_all_is_built_but_the_day_that_is_refused(world: World, step: str) -> None:
    bad = Slice("visits", world.site.key, date(2026, 9, 2))
    with pytest.MonkeyPatch.context() as patch:
        refuse(patch, world, bad, step)
        with pytest.raises(StatementRefused, match="too big"):
            world.reconcile()
        built = world.rows(BUILT)
        assert len(built) == 14, "the days around those of events are marked, too"
        assert (bad.site, str(bad.day)) not in [row[:2] for row in built]
        assert [mark.slice for mark in marks.take(world.db, 100, 100)] == [bad]
        # It is tried again, and nothing else is.
        with pytest.raises(StatementRefused):
            world.reconcile()
        assert world.rows(BUILT) == built
    world.reconcile()
    assert len(world.rows(BUILT)) == 15
    published = "SELECT site, day, max(build) FROM slices WHERE kind = 'visits' GROUP BY site, day"
    visits = f"SELECT count() FROM visits WHERE (site, day, build) IN ({published})"
    assert world.rows(visits) == [(9,)]


def test_a_refused_day_rests_between_the_runs_of_a_server(world: World) -> None:
    bad = Slice("visits", world.site.key, date(2026, 9, 2))
    pace = Pace(lambda: 1_000.0)
    with pytest.MonkeyPatch.context() as patch:
        refuse(patch, world, bad, "finish")
        with pytest.raises(StatementRefused):
            world.parts.reconciler().run(pace=pace)
        assert world.parts.reconciler().run(pace=pace).left == 1


def test_where_everything_is_refused_a_run_ends_soon(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then it is not what some sites hold; of ten thousand sites each would be tried alone."""
    world.reconcile()
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(100)]
    marks.mark(world.db, [Slice("visits", world.site.key, day) for day in days])
    tried = []

    def refused(begun: object) -> None:
        tried.append(begun)
        world.warehouse.execute(REFUSED)

    monkeypatch.setattr(reconciler, "finish", refused)
    monkeypatch.setattr(reconciler, "MOST_REFUSED", 10)
    with pytest.raises(StatementRefused):
        world.reconcile()
    assert len(tried) == 11
