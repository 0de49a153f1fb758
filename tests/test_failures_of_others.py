"""Failures that users of other tools have reported, and where each is held not to happen here.

| Failure | Test |
|---|---|
| Cost and revenue in two currencies: a ROAS of 52.6 instead of 5.0 | here |
| An average of percentages instead of the percentage of the whole | here |
| A figure at the head and its breakdown by two models | here |
| Cost of Performance Max missing, because no keyword has it | here, test_click_join |
| An order and its payment, or a tap, counted as one more | test_goal_totals |
| A later conversion rewrites an earlier one's credit | test_attribution |
| The return from a payment provider takes the ad's credit | test_attribution, test_visits |
| An old gclid in a shared link makes other visits paid | test_click_join |
| Two tabs, or a retried request, counted twice | test_visits, test_report_cases |
| A campaign that was renamed loses its visits | test_keyword_identity |
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Engine

from tests.world import World, ad, at
from tracker.requests.reports import ReportBreakdown
from tracker.warehouse.client import Warehouse

DAYS = ("2026-09-01", "2026-09-30")


@pytest.fixture
def world(warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path) -> World:
    return World(warehouse_embedded, sqlite_db, tmp_path, currency="SEK")


def test_cost_and_revenue_are_compared_in_one_currency_or_not_at_all(world: World) -> None:
    world.goal("order", kind="event", pattern="order", use_event_value=True)
    world.spend(
        "day,campaign,keyword,clicks,impressions,cost,currency\n2026-09-01,pumps,pump,1,9,10,USD\n",
        platform="google",
    )
    order = {"name": "order", "value": "526", "currency": "SEK"}
    link = ad("pump", source="google")
    world.events([at("09-01 10:00", "a", link), at("09-01 10:05", "a", **order)])
    world.reconcile()
    assert world.report(*DAYS).totals.roas is None
    world.rates("day,base,quote,rate\n2026-09-01,USD,SEK,10.52\n")
    world.reconcile()
    assert world.report(*DAYS).totals.roas == 5.0


def test_percentages_are_of_the_whole_and_a_head_figure_is_the_sum_of_its_breakdown(
    world: World,
) -> None:
    world.goal("order", kind="event", pattern="order", use_event_value=True)
    world.spend(
        "day,campaign,campaign id,keyword,clicks,impressions,cost\n"
        "2026-09-01,pumps,11,pump,1,10,10\n"
        "2026-09-01,pumps,11,valve,90,100,20\n"
        "2026-09-01,everything,12,performance max,5,50,70\n",
        platform="google",
    )
    order = {"name": "order", "value": "100", "currency": "SEK"}
    world.events(
        [
            at("09-01 10:00", "a", ad("pump", source="google")),
            at("09-02 10:00", "a", ad("valve", source="google")),
            at("09-03 10:00", "a", ad("", source="google", campaign="everything")),
            at("09-03 10:05", "a", **order),
        ]
    )
    world.reconcile()
    for model in ("first", "linear", "last_non_direct"):
        report = world.report(*DAYS, model=model)
        totals = report.totals
        assert (totals.cost, totals.clicks, totals.ctr) == ("100.00", 96, 96 / 160)
        assert sum(Decimal(row.revenue or 0) for row in report.rows) == Decimal("100.00")
        assert sum(Decimal(row.cost or 0) for row in report.rows) == Decimal("100.00")
        given = {"group": "platform,campaign", "metrics": "revenue,cost,ctr", "model": model}
        asked = ReportBreakdown(site=world.site.key, first=DAYS[0], last=DAYS[1], given=given)
        found = json.loads(msgspec.json.encode(world.run("report-breakdown", asked)))
        assert found["totals"]["revenue"] == totals.revenue
        assert sum(Decimal(row["metrics"]["revenue"]) for row in found["rows"]) == 100
        assert sum(Decimal(row["metrics"]["cost"]) for row in found["rows"]) == 100
