"""After the currency of a site is changed, days that have only a monthly fee follow too."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

from sqlalchemy import Engine

from tests.test_report_breakdown import ask
from tests.world import World
from tracker.accounts.cost_rules import RuleDraft
from tracker.accounts.sites import update_site
from tracker.commands.sites import site_changed
from tracker.reconcile.account_changes import Desk, add_rule
from tracker.requests.upkeep import Rebuild
from tracker.warehouse.client import Warehouse

SPEND = "Date,Campaign,Ad group,Keyword,Impressions,Clicks,Cost\n2026-09-01,a,g,pump,10,1,10.00\n"


def _world(engine: Warehouse, db: Engine, path: Path) -> World:
    world = World(engine, db, path)
    world.spend(SPEND, platform="baidu", account="7", currency="CNY")
    draft = RuleDraft("monthly", date(2026, 9, 1), date(2026, 9, 30), Decimal(300))
    desk = Desk(world.warehouse, world.db, world.clock)
    add_rule(desk, (world.tenant, "baidu", "7"), draft)
    lines = "".join(f"2026-09-{day:02},CNY,USD,0.1\n" for day in range(1, 31))
    world.rates("day,base,quote,rate\n" + lines)
    world.reconcile()
    assert world.report("2026-09-01", "2026-09-30").totals.adjusted_cost == "310.00"
    return world


def _in_dollars(world: World) -> None:
    before = world.site
    world.site = update_site(world.db, before.key, currency="USD")
    site_changed(world.parts, before, world.site)


def test_the_fee_of_days_without_spend_follows_the_currency_of_the_site(
    warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path
) -> None:
    world = _world(warehouse_embedded, sqlite_db, tmp_path)
    _in_dollars(world)
    world.reconcile()
    # 310 CNY at 0.1: 31 USD, on each day 1 USD of the fee.
    report = world.report("2026-09-01", "2026-09-30")
    assert report.currency == "USD"
    assert report.totals.adjusted_cost == "31.00"
    days = ask(world, group="day", metrics="adjusted_cost").rows
    assert [row.metrics["adjusted_cost"] for row in days] == ["2.00", *["1.00"] * 29]


def test_a_rebuild_makes_days_of_a_fee_alone_again(
    warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path
) -> None:
    world = _world(warehouse_embedded, sqlite_db, tmp_path)
    _in_dollars(world)
    world.run("rebuild", Rebuild(world.site.key))
    world.reconcile()
    assert world.report("2026-09-01", "2026-09-30").totals.adjusted_cost == "31.00"
