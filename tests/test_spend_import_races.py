"""Imports that die half-way, or that meet others: readers see the old slices or the new ones."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.spend_imports import Desk
from tests.spend_reports import PAYLOADS
from tracker.errors import Unavailable
from tracker.spend.importer import SpendDeps, SpendOptions, import_spend_file
from tracker.spend.superseded import sweep_pulls
from tracker.warehouse.client import Warehouse

OLD = "2026-09-01,Pumps,g,pump,1,1,5"
NEW = "2026-09-01,Pumps,g,pump,1,1,6"


@pytest.fixture
def desk(sqlite_db: Engine, warehouse_embedded: Warehouse, tmp_path: Path) -> Desk:
    return Desk.open(sqlite_db, warehouse_embedded, tmp_path)


class Meddler:
    """The real warehouse, with something that happens before the insert into one table."""

    def __init__(self, warehouse: Warehouse, table: str, happens: Any) -> None:
        self._warehouse, self._table, self._happens = warehouse, table, happens

    def __getattr__(self, name: str) -> Any:
        return getattr(self._warehouse, name)

    def insert(self, table: str, *args: Any, **kwargs: Any) -> None:
        self._meddle(table)
        self._warehouse.insert(table, *args, **kwargs)

    def insert_text(self, table: str, *args: Any, **kwargs: Any) -> None:
        self._meddle(table)
        self._warehouse.insert_text(table, *args, **kwargs)

    def _meddle(self, table: str) -> None:
        if table == self._table:
            happens, self._happens = self._happens, lambda: None
            happens()


def meddled(desk: Desk, table: str, happens: Any) -> SpendDeps:
    return SpendDeps(Meddler(desk.warehouse, table, happens), desk.db, lambda: desk.now)  # type: ignore[arg-type]


def die() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("table", ["spend", "spend_slices"])
def test_an_import_that_dies_before_publication_changes_nothing(desk: Desk, table: str) -> None:
    desk.rows(OLD)
    stands = desk.standing()
    path = desk.file([NEW])
    with pytest.raises(KeyboardInterrupt):
        import_spend_file(
            meddled(desk, table, die), desk.site, path, SpendOptions(platform="baidu")
        )
    assert desk.standing() == stands
    assert desk.costs()["*"] == "5.00"
    assert desk.run(path, platform="baidu").changed
    assert desk.costs()["*"] == "6.00"


def test_the_days_are_marked_before_readers_can_see_the_pull(desk: Desk) -> None:
    seen: list[set[tuple[str, date]]] = []
    path = desk.file([OLD])
    deps = meddled(desk, "spend_slices", lambda: seen.append(desk.dirty()))
    import_spend_file(deps, desk.site, path, SpendOptions(platform="baidu"))
    assert seen == [{("spend", date(2026, 9, 1))}]


def test_a_reconcile_just_before_the_publication_does_not_lose_the_mark(desk: Desk) -> None:
    path = desk.file([OLD])
    deps = meddled(desk, "spend", desk.reconcile)
    import_spend_file(deps, desk.site, path, SpendOptions(platform="baidu"))
    assert desk.costs()["*"] == "5.00"


def test_an_import_that_another_one_overtook_publishes_nothing(desk: Desk) -> None:
    path = desk.file(["2026-09-01,Pumps,g,pump,1,1,9"], name="late.csv")
    deps = meddled(desk, "spend", lambda: desk.rows(OLD))
    with pytest.raises(Unavailable, match="Another import"):
        import_spend_file(deps, desk.site, path, SpendOptions(platform="baidu"))
    assert desk.costs()["*"] == "5.00"


def test_slices_beyond_the_days_of_an_import_do_not_stop_it(desk: Desk) -> None:
    desk.rows("2026-09-12,Pumps EN,g,pump,1,1,3", platform="google", currency="USD")
    desk.now = desk.now.replace(day=10)
    path = PAYLOADS / "google" / "keywords-en.csv"
    assert desk.run(path, replace=True).changed


def test_imports_at_once_count_once(desk: Desk) -> None:
    paths = [desk.file([OLD], name=f"{n}.csv") for n in range(6)]

    def run(path: Path) -> bool | None:
        try:
            return desk.run(path, platform="baidu").changed
        except Unavailable:
            return None

    with ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(run, paths))
    assert outcomes.count(True) == 1
    assert desk.costs()["*"] == "5.00"


def test_superseded_pulls_go_after_35_days_and_what_stands_stays(desk: Desk) -> None:
    desk.rows(OLD, "2026-09-02,Pumps,g,pump,1,1,3")
    with pytest.raises(KeyboardInterrupt):
        import_spend_file(
            meddled(desk, "spend_slices", die),
            desk.site,
            desk.file(["2026-09-01,Pumps,g,pump,1,1,7"]),
            SpendOptions(platform="baidu"),
        )
    desk.rows(NEW)
    desk.now += timedelta(days=34)
    desk.rows("2026-09-01,Pumps,g,pump,1,1,8")
    assert sweep_pulls(desk.warehouse, desk.now) == 0
    assert sweep_pulls(desk.warehouse, desk.now + timedelta(days=2)) == 2
    assert desk.warehouse.rows("SELECT toFloat64(cost) FROM spend ORDER BY cost") == [
        (3.0,),
        (6.0,),
        (8.0,),
    ]
    assert sweep_pulls(desk.warehouse, desk.now + timedelta(days=2)) == 0
    assert desk.costs()["*"] == "11.00"


def test_readers_see_every_day_of_a_file_or_none(desk: Desk) -> None:
    before = [f"2026-09-{d:02d},Pumps,g,pump,1,1,10" for d in range(1, 11)]
    after = [row.replace(",10", ",20") for row in before]
    desk.rows(*before)
    done = threading.Event()

    def readings() -> Iterator[int]:
        while not done.is_set():
            ((total,),) = desk.warehouse.rows(
                "SELECT sum(cost) FROM spend WHERE (account, day, last_day, scope, pull) IN "
                "(SELECT account, day, last_day, scope, argMax(pull, version) FROM spend_slices "
                "GROUP BY account, day, last_day, scope)"
            )
            yield int(total)

    with ThreadPoolExecutor(1) as pool:
        seen = pool.submit(lambda: set(readings()))
        for _ in range(4):
            desk.rows(*after)
            desk.rows(*before, replace=True)
        done.set()
        assert seen.result() <= {100, 200}
