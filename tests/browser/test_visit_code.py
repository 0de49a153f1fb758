"""A visit code joins a call to its keyword: from the page in Chromium to the report."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from time import monotonic, sleep

import pytest
from playwright.sync_api import Browser
from sqlalchemy import Engine

from tests.browser.servers import PATIENCE, Collector, CompanySite
from tests.browser.test_beacon_tags import visitor
from tests.serving import serving
from tests.world import World
from tracker.app import create_app
from tracker.warehouse.client import Warehouse

pytestmark = pytest.mark.browser

SPEND = "Day,Campaign,Ad group,Keyword,Impressions,Clicks,Cost\n2026-11-01,c,g,pump,90,3,100\n"


@pytest.fixture
def world(
    sqlite_db: Engine, warehouse_embedded: Warehouse, tmp_path: Path, company: CompanySite
) -> Iterator[World]:
    """A site whose pages show the code and report to the server as it is wired."""
    world = World(warehouse_embedded, sqlite_db, tmp_path, domains=["127.0.0.1"])
    world.now += timedelta(hours=8)
    with serving(create_app(world.parts, role="ingest")) as url:
        company.embedding.site = world.site.key
        company.embedding.options = f'data-api="{url}/e" data-extra="code"'
        yield world


def test_a_call_whose_code_sales_enter_is_an_order_of_the_keyword_that_brought_the_caller(
    browser: Browser,
    company: CompanySite,
    collector: Collector,  # noqa: ARG001 -- it serves the beacon
    world: World,
) -> None:
    company.pages["call.html"] = company.read("index.html").replace(
        "<h1>", "<p>Tell us your number: <b data-tracker-ref></b></p><h1>"
    )
    context = visitor(browser)
    page = context.new_page()
    with page.expect_response(lambda answer: answer.url.endswith("/e")) as answered:
        page.goto(f"{company.url}/call.html?utm_source=baidu&utm_medium=cpc&utm_campaign=c"
                  "&utm_term=pump")  # fmt: skip
    assert answered.value.status == 202
    code = page.inner_text("[data-tracker-ref]")
    assert len(code) == 4
    assert "x-tracker-dropped" not in answered.value.headers
    context.close()
    until = monotonic() + PATIENCE / 1000
    while not world.loader.drain().events:
        assert monotonic() < until, "the event's segment was never closed"
        sleep(0.05)
    world.spend(SPEND, platform="baidu", currency="CNY")
    world.now += timedelta(days=1)
    # As it was understood on the telephone.
    order = f"A-1,2026-11-01 09:00,order,400,CNY,{code.lower()}"
    world.offline(f"Order ID,Time,Stage,Value,Currency,Visit code\n{order}\n")
    world.reconcile()
    (row,) = world.report("2026-11-01", "2026-11-01").rows
    assert (row.keyword, row.visits) == ("pump", 1)
    assert (Decimal(str(row.conversions)), Decimal(str(row.revenue))) == (Decimal(1), Decimal(400))
