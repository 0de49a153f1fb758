"""The keyword report says which inquiries were worth anything, where somebody says so."""

from __future__ import annotations

import csv
import io
from itertools import product
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Engine

from tests.web_app import enter
from tests.world import World, ad, at
from tracker.accounts.pipeline import DEFAULT_STAGES, Stage, set_stages
from tracker.cli.reports import show_keywords
from tracker.reports.result import KeywordReport
from tracker.requests.reports import ReportBreakdown
from tracker.warehouse.client import Warehouse

SEPTEMBER = ("2026-09-01", "2026-09-30")
SPEND = (
    "day,platform,campaign,keyword,clicks,impressions,cost\n"
    "2026-09-01,baidu,pumps,water pump,10,100,300\n"
    "2026-09-01,baidu,pumps,oil pump,5,100,120\n"
    "2026-09-01,baidu,pumps,air pump,5,100,90\n"
)
#: v1 came by water pump, then by oil pump; v2 by oil pump; v3 by air pump.
VISITS = [
    at("09-01 10:00", "v1", ad("water pump")),
    at("09-03 10:00", "v1", ad("oil pump")),
    at("09-01 10:00", "v2", ad("oil pump")),
    at("09-01 10:00", "v3", ad("air pump")),
]
LEADS = (
    "Time,Stage,ID,Lead,Visitor\n"
    "2026-09-04 10:00,inquiry,a1,A,v1\n"
    "2026-09-05 10:00,valid,a2,A,\n"
    "2026-09-04 10:00,inquiry,b1,B,v1\n"
    "2026-09-05 10:00,valid,b2,B,\n"
    "2026-09-04 10:00,inquiry,c1,C,v2\n"
    "2026-09-06 10:00,invalid,c2,C,\n"
    "2026-09-04 10:00,inquiry,d1,D,v3\n"
    "2026-10-02 10:00,valid,d2,D,\n"
)
MODELS = ("first", "last", "last_non_direct", "last_paid", "linear", "position", "time_decay")


@pytest.fixture
def world(warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path) -> World:
    world = World(warehouse_embedded, sqlite_db, tmp_path)
    world.spend(SPEND, platform="baidu")
    world.events(VISITS)
    world.offline(LEADS)
    world.reconcile()
    return world


def judged(report: KeywordReport) -> dict[str | None, tuple[str | float | None, ...]]:
    return {
        row.keyword: (row.valid_inquiries, row.cost_per_valid_inquiry, row.valid_rate)
        for row in report.rows
        if row.kind == "keyword"
    }


def test_each_keyword_has_its_valid_inquiries_on_their_own_days(world: World) -> None:
    report = world.report(*SEPTEMBER, model="linear", by="conversion")
    assert judged(report) == {
        "water pump": ("1", "300.00", 1.0),
        "oil pump": ("1", "120.00", 0.5),
        "air pump": ("0", None, None),
    }
    totals = report.totals
    assert (totals.conversions, totals.valid_inquiries) == ("4", "2")
    assert totals.cost_per_valid_inquiry == "255.00"
    assert totals.valid_rate == pytest.approx(2 / 3)
    # By the day of the click a lead that was found valid in October is one of September's.
    by_click = world.report(*SEPTEMBER, model="linear", by="click")
    assert judged(by_click)["air pump"] == ("1", "90.00", 1.0)
    assert by_click.totals.cost_per_valid_inquiry == "170.00"


def test_the_explorer_says_the_same_by_every_model(world: World) -> None:
    first, last = SEPTEMBER
    names = ("valid_inquiries", "cost_per_valid_inquiry", "valid_rate")
    for model, by in product(MODELS, ("click", "conversion")):
        chosen = {"model": model, "by": by}
        asked = {"group": "keyword", "metrics": ",".join(names), "filter": "kind is keyword"}
        request = ReportBreakdown(site=world.site.key, first=first, last=last, given=chosen | asked)
        rows = world.run("report-breakdown", request).rows
        found = {row.values["keyword"]: tuple(map(row.metrics.get, names)) for row in rows}
        assert found == judged(world.report(first, last, **chosen)), chosen


def test_data_driven_credit_deals_out_every_inquiry_that_was_judged(world: World) -> None:
    """All keywords are of one group here, within which credit is dealt as linear credit is."""
    report = world.report(*SEPTEMBER, model="markov")
    assert (report.totals.valid_inquiries, report.totals.valid_rate) == ("3", 0.75)
    assert judged(report) == judged(world.report(*SEPTEMBER, model="linear"))
    before = world.report("2026-10-01", "2026-10-30", model="markov", compare="previous")
    assert before.previous is not None
    assert before.previous.totals.valid_inquiries == "3"


def test_rows_are_sorted_by_them_with_undefined_last(world: World) -> None:
    for sort, order in (
        ("cost_per_valid_inquiry", ["water pump", "oil pump"]),
        ("valid_rate", ["water pump", "oil pump"]),
    ):
        report = world.report(*SEPTEMBER, model="linear", by="conversion", sort=sort)
        assert [row.keyword for row in report.rows][:2] == order, sort
        assert report.rows[2].cost_per_valid_inquiry is None


def test_a_site_may_call_its_stages_otherwise_or_have_none(world: World) -> None:
    own = [stage for stage in DEFAULT_STAGES if stage.role not in ("valid", "invalid")]
    set_stages(world.db, world.site.key, [*own, Stage("good", "valid")])
    world.offline("Time,Stage,ID,Lead\n2026-09-07 10:00,good,a3,A\n")
    world.reconcile()
    report = world.report(*SEPTEMBER, model="linear", by="conversion")
    assert (report.totals.valid_inquiries, report.totals.valid_rate) == ("1", 1.0)
    set_stages(world.db, world.site.key, own)
    world.reconcile()
    report = world.report(*SEPTEMBER, model="markov", by="conversion")
    assert (report.totals.valid_inquiries, report.totals.valid_rate) == ("0", None)
    assert report.totals.conversions == "4"


def test_of_a_goal_that_is_chosen_its_own_stand_alone(world: World) -> None:
    valid = world.report(*SEPTEMBER, by="conversion", goal="stage:valid").totals
    assert (valid.conversions, valid.valid_inquiries, valid.valid_rate) == ("2", "2", 1.0)
    inquiries = world.report(*SEPTEMBER, by="conversion", goal="stage:inquiry").totals
    assert (inquiries.conversions, inquiries.valid_inquiries) == ("4", "0")


def test_the_page_and_its_file_have_them_once_an_inquiry_was_judged(world: World) -> None:
    browser = enter(world)
    address = f"/sites/{world.site.key}/keywords"
    query = "?from=2026-09-01&to=2026-09-30&by=conversion&model=linear"
    page = browser.page(f"{address}{query}")
    assert "Cost per valid inquiry" in page
    assert "sort=valid_rate" in page
    body = browser.get(f"{address}.csv{query}").content.decode("utf-8-sig")
    total = list(csv.DictReader(io.StringIO(body)))[-1]
    assert (total["Valid inquiries"], total["Cost per valid inquiry"]) == ("2", "255.00")
    before = browser.page(f"{address}?from=2026-08-01&to=2026-08-31&compare=none")
    assert "Cost per valid inquiry" not in before


def test_the_terminal_has_them_too(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    show_keywords(msgspec.to_builtins(world.report(*SEPTEMBER, by="conversion", model="linear")))
    total = next(line for line in capsys.readouterr().out.splitlines() if "Total" in line)
    assert " 255.00 " in total
    assert " 67% " in total
    show_keywords(msgspec.to_builtins(world.report("2026-08-01", "2026-08-31")))
    assert "valid" not in capsys.readouterr().out
