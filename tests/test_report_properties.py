"""What holds of every keyword report, over small random worlds."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from tests.world import HOME, World, ad
from tracker.reports.request import Model
from tracker.requests.upkeep import Rebuild
from tracker.warehouse.client import Warehouse

FIRST = datetime(2026, 9, 1, tzinfo=UTC)
PERIOD = ("2026-09-01", "2026-09-06")
KEYWORDS = ("pump", "valve", "seal", "typo")
HEADER = "Date,Campaign,Ad group,Keyword,Impressions,Clicks,Cost\n"
#: Derived rows of a site that readers see; everything but the build.
DERIVED = {
    "hits": "visits",
    "visits": "visits",
    "conversions": "credits",
    "credits": "credits",
    "site_spend": "spend",
    "term_spend": "spend",
}

Line = dict[str, Any]
Make = Callable[[], World]
few = settings(
    max_examples=25 if os.environ.get("TEST_LENGTH") == "full" else 3,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def make(embedded_engine: Warehouse, sqlite_db: Engine, tmp_path: Path) -> Make:
    """Makes a world for each example: a site of its own with the goals."""
    number = count()

    def made() -> World:
        folder = tmp_path / f"world{next(number)}"
        folder.mkdir()
        world = World(embedded_engine, sqlite_db, folder, timezone="Asia/Shanghai")
        world.goal("order", kind="event", pattern="order", use_event_value=True)
        world.goal("thanks", kind="path", pattern="/thanks", value=Decimal("0.01"))
        return world

    return made


seconds = st.integers(0, 5 * 86_400)


@st.composite
def event_lines(draw: st.DrawFn) -> list[Line]:
    """Up to forty events of up to six visitors; ids make them one each."""
    lines = []
    for number in range(draw(st.integers(1, 40))):
        moment = FIRST + timedelta(seconds=draw(seconds))
        kind = draw(st.sampled_from(["ad", "direct", "search", "order", "thanks"]))
        url = ad(draw(st.sampled_from(KEYWORDS)), campaign="c") if kind == "ad" else HOME
        line = {
            "time": moment.isoformat(),
            "visitor": f"v{draw(st.integers(0, 5))}",
            "name": "order" if kind == "order" else "pageview",
            "url": HOME + "thanks" if kind == "thanks" else url,
            "referrer": "https://www.google.com/" if kind == "search" else "",
            "id": f"event-number-{number:04}",
        }
        if kind == "order":
            line |= {"value": draw(st.sampled_from(["0", "0.000001", "99.99", "-7"]))}
            line |= {"currency": "CNY"}
        lines.append(line)
    return lines


spend_rows = st.dictionaries(
    st.tuples(st.integers(1, 6), st.sampled_from(KEYWORDS[:3])),
    st.tuples(st.integers(0, 99), st.integers(0, 9), st.integers(0, 99_999)),
    max_size=12,
)
SpendRows = dict[tuple[int, str], tuple[int, int, int]]


def spend_file(rows: SpendRows) -> str:
    """The rows as a report of Baidu; cost is in cents."""
    return HEADER + "".join(
        f"2026-09-{day:02},c,g,{keyword},{shown},{clicks},{Decimal(cents) / 100}\n"
        for (day, keyword), (shown, clicks, cents) in sorted(rows.items())
    )


def printed(world: World, **options: Any) -> str:
    """A report as JSON, without the site's random key."""
    report = world.report(*PERIOD, **options)
    return msgspec.json.encode(report).decode().replace(world.site.key, "SITE")


def derived(world: World) -> dict[str, list[str]]:
    """All that readers see of the site, sorted, every column but the build."""
    found = {}
    for table, kind in DERIVED.items():
        bucket = ", bucket" if kind == "visits" else ""
        found[table] = [
            json.dumps(row, default=str)
            for row in world.warehouse.rows(
                f"SELECT * EXCEPT (build) FROM {table} WHERE site = {{site:String}} "
                f"AND (day{bucket}, build) IN (SELECT day{bucket}, max(build) FROM slices "
                f"WHERE site = {{site:String}} AND kind = '{kind}' GROUP BY day{bucket}) "
                "ORDER BY ALL",
                {"site": world.site.key},
            )
        ]
    return found


@given(lines=event_lines(), rows=spend_rows)
@few
def test_rows_add_up_to_the_totals_and_these_to_the_raw_facts(
    make: Make, lines: list[Line], rows: SpendRows
) -> None:
    world = make()
    world.events(lines)
    if rows:
        world.spend(spend_file(rows), platform="baidu")
    world.reconcile()
    conversions = [line for line in lines if line["name"] == "order" or "thanks" in line["url"]]
    worth = sum(Decimal(line.get("value", "0.01")) for line in conversions)
    visits = len(derived(world)["visits"])
    for model in (Model.LAST_NON_DIRECT, Model.TIME_DECAY, Model.POSITION):
        report = world.report(*PERIOD, model=model)
        totals = report.totals
        assert totals.visits == sum(row.visits for row in report.rows) == visits
        credit = sum(Decimal(row.conversions) for row in report.rows)
        assert Decimal(totals.conversions) == credit == len(conversions)
        assert Decimal(totals.revenue or "") == worth
        assert sum(Decimal(row.revenue or "") for row in report.rows) == worth
        cost = sum(cents for _, _, cents in rows.values())
        assert Decimal(totals.cost or 0) * 100 == cost
        assert sum(Decimal(row.cost or 0) for row in report.rows) * 100 == cost
        assert (totals.clicks or 0) == sum(clicks for _, clicks, _ in rows.values())
        assert (totals.impressions or 0) == sum(shown for shown, _, _ in rows.values())
        assert sum(day.visits for day in report.trend) == visits


@pytest.mark.slow
@given(lines=event_lines(), rows=spend_rows, seed=st.integers(0, 99))
@few
def test_the_order_in_which_files_come_and_come_again_makes_no_difference(
    make: Make, lines: list[Line], rows: SpendRows, seed: int
) -> None:
    chance = random.Random(seed)
    tidy, late = make(), make()
    tidy.events(lines)
    if rows:
        tidy.spend(spend_file(rows), platform="baidu", account="a")
    tidy.reconcile()
    # Late: pieces in any order, some twice, reconciled whenever it happens.
    pieces = [lines[part::3] for part in range(3)] * 2
    chance.shuffle(pieces)
    halves = [dict(part) for part in (list(rows.items()), list(rows.items())) if part]
    for piece in pieces:
        if piece:
            late.events(chance.sample(piece, len(piece)))
        if halves and chance.random() < 0.5:
            late.spend(spend_file(halves.pop()), platform="baidu", account="a")
        if chance.random() < 0.5:
            late.reconcile()
    if rows:
        late.spend(spend_file(rows), platform="baidu", account="a")
    late.reconcile()
    assert printed(late, model=Model.LINEAR) == printed(tidy, model=Model.LINEAR)
    before, report = derived(late), printed(late)
    late.run("rebuild", Rebuild(late.site.key))
    assert derived(late) == before
    assert printed(late) == report
