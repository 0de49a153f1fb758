"""A ratio is rounded once, where it is shown, and half a unit up: on pages and by commands."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Engine

from tests.web_app import enter
from tests.world import World, ad, at
from tracker.cli.figures import credit, money, percent, ratio
from tracker.cli.reports import show_keywords
from tracker.money import rounded
from tracker.warehouse.client import Warehouse

SPEND = (
    "day,platform,campaign,keyword,clicks,impressions,cost\n2026-09-01,baidu,p,water,10,100,1000\n"
)
DAYS = "from=2026-09-01&to=2026-09-30"


@pytest.fixture
def world(warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path) -> World:
    return World(warehouse_embedded, sqlite_db, tmp_path)


def ordered(world: World, value: str, rest: str = "") -> World:
    """A keyword that cost 1000 and brought an order of that value."""
    world.spend(SPEND, platform="baidu", account="a", currency="CNY")
    world.events([at("09-01 10:00", url=ad("water"))])
    order = f"2026-09-02 10:00,order,{value},CNY,A,v1\n"
    world.offline("Time,Stage,Value,Currency,ID,Visitor\n" + order + rest)
    world.reconcile()
    return world


def test_the_pipeline_page_shows_the_ratios_of_the_keyword_page(world: World) -> None:
    """ROI is 12.346%, of 94 inquiries 7 are valid, 7.4468%: less than half of a tenth more."""
    judged = "".join(
        f"2026-09-02 10:00,{'valid' if number < 7 else 'invalid'},,CNY,I{number},v1\n"
        for number in range(94)
    )
    browser = enter(ordered(world, "1123.46", judged))
    for page in ("keywords", "pipeline"):
        text = unescape(browser.page(f"/sites/{world.site.key}/{page}?{DAYS}"))
        assert "12.3%" in text, page
        assert "12.4%" not in text, page
        assert "7.4%" in text, page
        assert "7.5%" not in text, page
    api = browser.get(f"/api/v1/sites/{world.site.key}/reports/pipeline?{DAYS}").json()
    (order,) = (line for line in api["stages"] if line["stage"] == "order")
    assert order["revenue_roi"] == "0.12346"
    assert float(api["valid_rate"]) == 7 / 94


def test_a_command_rounds_half_up_as_the_page_does(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    ordered(world, "1125")  # ROAS 1.125, revenue ROI 12.5%
    page = unescape(enter(world).page(f"/sites/{world.site.key}/keywords?{DAYS}"))
    assert ">1.13" in page
    show_keywords(msgspec.to_builtins(world.report("2026-09-01", "2026-09-30")))
    total = re.search(r"Total.*", capsys.readouterr().out)
    assert total is not None
    assert total[0].split()[-2:] == ["1.13", "13%"]


def test_half_a_unit_is_rounded_up_in_every_form_of_a_figure() -> None:
    assert [percent(0.125), percent(-0.125), percent("0.005"), percent(12.345)] == [
        *("13%", "-13%", "1%", "1,235%")
    ]
    assert (percent(0.12345, places=1), percent(0.5, places=1)) == ("12.3%", "50.0%")
    assert (ratio(1.125), ratio(2.675), ratio(1234.5)) == ("1.13", "2.68", "1,234.50")
    assert (money("0.125", "CNY"), money("0.5", "JPY"), credit("0.125")) == ("0.13", "1", "0.13")
    assert [percent(None), ratio(None), money(None, "CNY"), credit(None)] == [None] * 4
    assert str(rounded(0.5, 0)) == "1"
