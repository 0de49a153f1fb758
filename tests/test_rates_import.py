"""Importing exchange rates: the amounts of exactly their days are computed again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.world import World
from tracker.accounts import marks
from tracker.accounts.tenants import add_tenant
from tracker.errors import InvalidInput, TooLarge
from tracker.spend.rates import RatesReport, import_rates_file
from tracker.warehouse.client import Warehouse

HEADER = "day,base,quote,rate"
SPEND = "Date,Campaign,Ad group,Keyword,Impressions,Clicks,Cost\n2026-09-01,A,g,pump,1,1,10\n"


@pytest.fixture
def world(sqlite_db: Engine, warehouse_embedded: Warehouse, tmp_path: Path) -> World:
    return World(warehouse_embedded, sqlite_db, tmp_path)


def load(
    world: World, *rows: str, tenant: str = "", seen: list[set[date]] | None = None, **options: Any
) -> RatesReport:
    """Import rows; ``seen`` gathers what is marked."""

    def mark_money(days: Iterable[date]) -> None:
        if seen is not None:
            seen.append(set(days))

    path = Path(world.file("rates.csv", "\n".join([HEADER, *rows]) + "\n"))
    return import_rates_file(
        world.warehouse, world.db, tenant or world.tenant, path, mark_money=mark_money, **options
    )


def rates(world: World) -> dict[tuple[str, date, str, str], Decimal]:
    rows = world.rows("SELECT tenant, day, base, quote, rate FROM rates FINAL")
    return {(tenant, day, base, quote): rate for tenant, day, base, quote, rate in rows}


def test_rates_are_stored_and_counted(world: World) -> None:
    report = load(world, "2026-09-01,USD,CNY,7.1", "2026-09-02,USD,CNY,7.2")
    assert (report.rows, report.added, report.pairs) == (2, 2, ["USD/CNY"])
    assert (report.first, report.last, report.changed) == ("2026-09-01", "2026-09-02", True)
    assert rates(world)[world.tenant, date(2026, 9, 1), "USD", "CNY"] == Decimal("7.1")


def test_only_changed_days_are_marked_before_and_after_the_change(world: World) -> None:
    load(world, "2026-09-01,USD,CNY,7.1", "2026-09-02,USD,CNY,7.2")
    seen: list[set[date]] = []
    report = load(world, "2026-09-01,USD,CNY,7.10", "2026-09-02,USD,CNY,7.3", seen=seen)
    assert (report.added, report.replaced, report.unchanged) == (0, 1, 1)
    assert seen == [{date(2026, 9, 2)}, {date(2026, 9, 2)}]
    assert rates(world)[world.tenant, date(2026, 9, 2), "USD", "CNY"] == Decimal("7.3")


def test_the_same_file_again_changes_nothing(world: World) -> None:
    load(world, "2026-09-01,USD,CNY,7.1")
    seen: list[set[date]] = []
    assert not load(world, "2026-09-01,USD,CNY,7.1", seen=seen).changed
    assert seen == []
    assert world.rows("SELECT count() FROM rates") == [(1,)]


def test_a_dry_run_changes_nothing(world: World) -> None:
    seen: list[set[date]] = []
    report = load(world, "2026-09-01,USD,CNY,7.1", dry_run=True, seen=seen)
    assert (report.added, report.changed, report.dry_run) == (1, True, True)
    assert rates(world) == {}
    assert seen == []


def test_bad_rows_are_named_and_import_nothing_unless_skipped(world: World) -> None:
    bad = "2026-09-02,USD,XXQ,0"
    with pytest.raises(InvalidInput, match="line 3, column rate"):
        load(world, "2026-09-01,USD,CNY,7.1", bad)
    assert rates(world) == {}
    report = load(world, "2026-09-01,USD,CNY,7.1", bad, skip_bad_rows=True)
    assert (report.rows, report.skipped) == (1, 1)
    assert len(rates(world)) == 1


def test_a_file_over_the_limit_is_refused(world: World) -> None:
    with pytest.raises(TooLarge):
        load(world, "2026-09-01,USD,CNY,7.1", file_limit=5)


def test_companies_have_rates_of_their_own(world: World) -> None:
    other = add_tenant(world.db, name="Other").id
    load(world, "2026-09-01,USD,CNY,7.1")
    assert load(world, "2026-09-01,USD,CNY,7.9", tenant=other).added == 1
    assert rates(world)[world.tenant, date(2026, 9, 1), "USD", "CNY"] == Decimal("7.1")


def test_a_rate_that_arrives_late_completes_the_report(world: World) -> None:
    world.spend(SPEND, platform="google", currency="USD")
    world.reconcile()
    assert world.report("2026-09-01", "2026-09-01").totals.cost is None
    world.rates(f"{HEADER}\n2026-09-01,USD,CNY,7.1\n")
    assert {mark.slice.day for mark in marks.take(world.db, 99, 99)} == {date(2026, 9, 1)}
    world.reconcile()
    assert world.report("2026-09-01", "2026-09-01").totals.cost == "71.00"
    world.rates(f"{HEADER}\n2026-09-01,USD,CNY,7.0\n")
    world.reconcile()
    assert world.report("2026-09-01", "2026-09-01").totals.cost == "70.00"
