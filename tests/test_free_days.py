"""What cost nothing needs no rate, whatever the platform says that its conversions were worth."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from tests.test_report_breakdown import ask
from tests.world import World
from tracker.warehouse.client import Warehouse

SPEND = (
    "Date,Campaign,Ad group,Keyword,Impressions,Clicks,Cost,Conversions,Conv. value,Currency\n"
    "2026-09-01,a,g,pump,10,1,10.00,,,USD\n"
    "2026-09-02,a,g,pump,3,0,0.00,1,50.00,USD\n"
)


def test_a_day_that_cost_nothing_has_a_cost_without_a_rate(
    warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path
) -> None:
    world = World(warehouse_embedded, sqlite_db, tmp_path)
    world.spend(SPEND, platform="google", account="7")
    world.rates("day,base,quote,rate\n2026-09-01,USD,CNY,7\n")
    world.reconcile()
    report = world.report("2026-09-01", "2026-09-02")
    assert report.totals.cost == "70.00"  # 10 x 7 + nothing
    assert report.trend[1].cost == "0.00"
    found = ask(world, group="day", metrics="cost,platform_value")
    # The value alone needs the rate.
    assert [row.metrics for row in found.rows] == [
        {"cost": "70.00", "platform_value": None},
        {"cost": "0.00", "platform_value": None},
    ]
