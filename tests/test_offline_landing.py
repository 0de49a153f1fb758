"""Offline conversions that bring a landing page: what of it counts, through every door."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import Engine

from tests.world import World
from tracker.commands.conversions import offline_deps
from tracker.conversions.deliveries import read_delivery
from tracker.conversions.entries import take_entries
from tracker.conversions.entry import Entry
from tracker.errors import InvalidInput
from tracker.warehouse.client import Warehouse

TAGS = "?utm_source=baidu&utm_medium=cpc&utm_campaign=pumps&utm_term=water+pump"
SPEND = "day,campaign,keyword,clicks,impressions,cost\n2026-09-01,pumps,water pump,1,1,10\n"
DAYS = ("2026-09-01", "2026-09-30")


@pytest.fixture
def world(warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path) -> World:
    """A site that advertises on Baidu alone."""
    world = World(warehouse_embedded, sqlite_db, tmp_path)
    world.spend(SPEND, platform="baidu", account="1")
    return world


def enter(world: World, **fields: Any) -> None:
    entry = Entry(stage="order", time="2026-09-02", value=Decimal(9), **fields)
    take_entries(offline_deps(world.parts, world.site), world.site, [entry])


def earned(world: World) -> dict[str | None, str]:
    world.reconcile()
    rows = world.report(*DAYS, by="conversion").rows
    return {row.keyword: row.conversions for row in rows if row.conversions != "0"}


@pytest.mark.parametrize("page", ["https://pump.example/lp", "pump.example/lp", "/lp", "lp", ""])
def test_the_tags_of_a_landing_page_are_read_however_it_is_written(world: World, page: str) -> None:
    enter(world, id="a", landing_url=page + TAGS)
    assert earned(world) == {"water pump": "1"}


@pytest.mark.parametrize("page", ["unknown", "无", "/", "/contact?from=footer"])
def test_a_landing_page_that_says_nothing_joins_a_conversion_to_nothing(
    world: World, page: str
) -> None:
    enter(world, id="a", landing_url=page)
    assert earned(world) == {None: "1"}
    assert world.report(*DAYS, by="conversion").coverage.conversions == 0


def test_the_platform_of_a_row_does_not_depend_on_the_rows_beside_it(world: World) -> None:
    """The only platform of the site is meant, unless the landing page names another one."""
    header = "ID,Date,Stage,Landing URL,Campaign,Keyword\n"
    own = "2026-09-02,order,https://pump.example/contact,pumps,water pump\n"
    foreign = (
        "2026-09-02,order,https://pump.example/?gclid=x&utm_source=google&utm_medium=cpc,other,x\n"
    )
    world.offline(header + "a," + own + "g," + foreign)
    world.offline(header + "b," + own + "c,2026-09-02,order,,pumps,water pump\n")
    enter(world, id="d", landing_url="https://pump.example/contact", campaign="pumps", keyword="x")
    found = world.rows("SELECT external_id, platform FROM offline_conversions ORDER BY external_id")
    names = {"a": "baidu", "b": "baidu", "c": "baidu", "d": "baidu", "g": "google"}
    assert dict(found) == names
    assert earned(world)["water pump"] == "3"


@pytest.mark.parametrize("word", ["已作废", "已取消", "x", "yes ", "1.0", "True", "1"])
def test_webhooks_know_the_words_of_withdrawal_that_files_know(word: str) -> None:
    body = f'{{"id": "a", "stage": "order", "removed": "{word}"}}'.encode()
    assert [entry.removed for entry in read_delivery(body, "application/json", {})] == [True]


def test_a_form_in_another_encoding_is_refused() -> None:
    body = f"id=a&stage={quote('订单', encoding='gbk')}".encode()
    with pytest.raises(InvalidInput, match="Send JSON or a form in UTF-8"):
        read_delivery(body, "application/x-www-form-urlencoded", {})
