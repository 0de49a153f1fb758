"""Breakdowns in the API and as files: the numbers of the command, and nothing that can run."""

from __future__ import annotations

import csv
import io
from urllib.parse import urlencode

import msgspec
import openpyxl
import pytest
from sqlalchemy import Engine

from tests.web_app import Browser, enter
from tests.world import HOME, World, ad, at
from tracker.reports.measures import Value
from tracker.requests.reports import ReportBreakdown
from tracker.warehouse.client import Warehouse
from tracker.web.spreadsheet import figure_values

FORMULA = "=cmd|'/c calc'!A1"
SPEND = f"""Date,Campaign,Ad group,Keyword,Impressions,Clicks,Cost
2026-09-01,Pumps,Steel,steel pump,100,4,20.00
2026-09-02,Pumps,Mud,"{FORMULA}",50,2,15.50
"""
DAYS = {"from": "2026-09-01", "to": "2026-09-02"}


@pytest.fixture(scope="module")
def world(
    shared_warehouse: Warehouse, shared_db: Engine, tmp_path_factory: pytest.TempPathFactory
) -> World:
    """An order by an ad, a direct visit, and a keyword that wants to be a formula."""
    world = World(shared_warehouse, shared_db, tmp_path_factory.mktemp("world"))
    world.goal("Order", kind="event", pattern="order", use_event_value=True)
    world.events(
        [
            at("09-01 02:00", "anna", ad("steel pump", campaign="Pumps")),
            at("09-01 02:05", "anna", name="order", value="300", currency="CNY"),
            at("09-02 03:00", "bert", HOME),
        ]
    )
    world.spend(SPEND, platform="baidu", account="a1", currency="CNY")
    world.reconcile()
    return world


@pytest.fixture(scope="module")
def browser(world: World) -> Browser:
    """The owner's browser before the whole application."""
    return enter(world)


def address(world: World, report: str = "breakdown", **given: str) -> str:
    """An API address."""
    return f"/api/v1/sites/{world.site.key}/reports/{report}?{urlencode({**DAYS, **given})}"


def test_the_api_gives_the_bytes_of_the_command(world: World, browser: Browser) -> None:
    given = {"group": "keyword,goal", "metrics": "cost,roas,visits", "goal": "Order"}
    given |= {"compare": "previous", "filter": "not keyword is x", "sort": "visits"}
    answer = browser.get(address(world, **given))
    request = ReportBreakdown(
        site=world.site.key, first=DAYS["from"], last=DAYS["to"], given=given, limit=100
    )
    assert answer.content == msgspec.json.encode(world.run("report-breakdown", request))
    found = answer.json()
    assert found["totals"] == {"cost": "35.50", "roas": pytest.approx(300 / 35.5), "visits": 2}
    assert found["read_from"] == {"visits": "visits", "credit": "credits", "spend": "site_spend"}
    assert {row["values"]["goal"] for row in found["rows"]} == {"Order", None}


def test_sums_by_day_answer_where_they_can(world: World, browser: Browser) -> None:
    found = browser.get(address(world, group="day,platform", metrics="cost,visits")).json()
    assert set(found["read_from"].values()) == {"daily"}
    assert [list(row["values"].values()) for row in found["rows"]] == [
        ["2026-09-01", "baidu"],
        ["2026-09-02", None],
        ["2026-09-02", "baidu"],
    ]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"group": "colour"}, "Unknown dimension 'colour'"),
        ({"metrics": "beauty"}, "Unknown metric 'beauty'"),
        ({"filter": "country is"}, "ends where a value should be"),
        ({"colour": "red"}, "Unknown parameter 'colour'"),
        ({"format": "pdf"}, "Unknown format 'pdf'"),
        ({"limit": "-1"}, "'limit' is '-1'"),
        ({"to": ""}, "'to' is missing"),
    ],
)
def test_the_api_says_what_is_wrong(
    world: World, browser: Browser, given: dict[str, str], words: str
) -> None:
    answer = browser.get(address(world, **given))
    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]


@pytest.mark.parametrize("report", ["breakdown", "keywords"])
def test_files_have_every_row_and_no_formula(world: World, browser: Browser, report: str) -> None:
    given = {"group": "keyword", "metrics": "cost,visits"} if report == "breakdown" else {}
    as_csv = browser.get(address(world, report, format="csv", **given))
    assert as_csv.headers["content-type"] == "text/csv; charset=utf-8"
    lines = list(csv.DictReader(io.StringIO(as_csv.content.decode("utf-8-sig"))))
    assert {line["keyword"]: line["cost"] for line in lines} == {
        "steel pump": "20.00",
        f"'{FORMULA}": "15.50",
        "": "",
    }
    as_book = browser.get(address(world, report, format="xlsx", **given))
    page = openpyxl.load_workbook(io.BytesIO(as_book.content)).active
    assert page is not None
    header, *rows = page.iter_rows()
    place = [cell.value for cell in header].index("keyword")
    cost = [cell.value for cell in header].index("cost")
    found = {row[place].value: (row[place].data_type, row[cost].value) for row in rows}
    assert found[FORMULA] == ("s", 15.5)
    assert found["steel pump"] == ("s", 20)
    as_lines = browser.get(address(world, report, format="jsonl", **given))
    assert as_lines.headers["content-type"] == "application/x-ndjson"
    told = [msgspec.json.decode(line) for line in as_lines.content.splitlines()]
    assert told == browser.get(address(world, report, limit="0", **given)).json()["rows"]


@pytest.mark.parametrize("report", ["breakdown", "keywords"])
def test_files_of_a_comparison_have_what_was_before_and_the_change(
    world: World, browser: Browser, report: str
) -> None:
    given = {"group": "keyword", "metrics": "cost,visits"} if report == "breakdown" else {}
    days = {"from": "2026-09-02", "to": "2026-09-02", "compare": "previous"}
    where = address(world, report, format="csv", **given, **days)
    header, *lines = csv.reader(io.StringIO(browser.get(where).content.decode("utf-8-sig")))
    whole = address(world, report, format="csv", **given)
    alone = next(csv.reader(io.StringIO(browser.get(whole).content.decode("utf-8-sig"))))
    assert header[: len(alone)] == alone
    figures = alone[alone.index("impressions" if report == "keywords" else "cost") :]
    starts = ("previous_", "change_")
    assert header[len(alone) :] == [start + name for start in starts for name in figures]
    found = {line[header.index("keyword")]: dict(zip(header, line, strict=True)) for line in lines}
    steel, wished = found["steel pump"], ("visits", "previous_visits", "change_visits")
    assert [steel[name] for name in wished] == ["0", "1", "-1.0"]
    assert (steel["previous_cost"], steel["change_cost"]) == ("20.00", "")
    assert found[f"'{FORMULA}"]["cost"] == "15.50"
    book = browser.get(address(world, report, format="xlsx", **given, **days))
    page = openpyxl.load_workbook(io.BytesIO(book.content)).active
    assert page is not None
    first, *rows = page.iter_rows(values_only=True)
    assert list(first) == header
    cells = next(dict(zip(header, row, strict=True)) for row in rows if "steel pump" in row)
    assert [cells[name] for name in (*wished, "previous_cost")] == [0, 1, -1, 20]


def test_a_change_in_a_file_is_a_share_and_of_percentages_the_difference() -> None:
    now: dict[str, Value] = {"cost": "30.00", "ctr": 0.5}
    before: dict[str, Value] = {"cost": "20.00", "ctr": 0.25}
    assert figure_values(("cost", "ctr"), now, before) == ["30.00", 0.5, "20.00", 0.25, 0.5, 0.25]
    assert figure_values(("cost",), now, {"cost": "0.00"}) == ["30.00", "0.00", None]
