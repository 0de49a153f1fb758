"""The keyword report on its page, in the API and as CSV: one report, three forms."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from tests.web_app import Browser, enter
from tests.world import HOME, World, ad, at
from tracker.accounts.rights import Role
from tracker.accounts.sites import get_site
from tracker.accounts.tokens import add_token
from tracker.app import create_app
from tracker.period import parse_day
from tracker.warehouse.client import Warehouse
from tracker.web.columns import report_columns
from tracker.web.explore_names import METRIC_COLUMNS
from tracker.web.forms import site_form
from tracker.web.paging import Paging, paging_of
from tracker.web.query import PRESETS, PageQuery, read_page_query
from tracker.web.spreadsheet import safe_text

SPEND = """Date,Campaign,Ad group,Keyword,Impressions,Clicks,Cost
2026-09-01,Pumps,Steel,steel pump,100,4,20.00
2026-09-02,Pumps,Steel,steel pump,120,4,60.00
2026-09-02,Pumps,Mud,"=cmd|'/c calc'!A1",50,2,15.50
2026-09-02,Pumps,Mud,<b>mud</b> pump,50,2,15.50
"""
SEPTEMBER = "?from=2026-09-02&to=2026-09-02"


def filled(warehouse: Warehouse, db: Engine, folder: Path) -> World:
    """A keyword that earned 300 from 60 on one day and nothing from 20 the day before."""
    world = World(warehouse, db, folder, brand_terms=["steel"])
    world.goal("Order", kind="event", pattern="order", use_event_value=True)
    world.events(
        [
            at("09-01 01:00", "zoe", ad("steel pump", campaign="Pumps")),
            at("09-02 02:00", "anna", ad("steel pump", campaign="Pumps")),
            at("09-02 02:05", "anna", name="order", value="300", currency="CNY"),
            at("09-02 03:00", "bert", HOME),
        ]
    )
    world.spend(SPEND, platform="baidu", account="a1", currency="CNY")
    world.reconcile()
    return world


@pytest.fixture(scope="module")
def world(
    shared_warehouse: Warehouse, shared_db: Engine, tmp_path_factory: pytest.TempPathFactory
) -> World:
    """What the tests read; those that change anything have a ``fresh`` one."""
    return filled(shared_warehouse, shared_db, tmp_path_factory.mktemp("world"))


@pytest.fixture
def fresh(embedded_engine: Warehouse, sqlite_db: Engine, tmp_path: Path) -> World:
    """The same for a test by itself."""
    return filled(embedded_engine, sqlite_db, tmp_path)


@pytest.fixture(scope="module")
def browser(world: World) -> Browser:
    """The owner's browser before the whole application."""
    return enter(world)


def lines(page: str) -> dict[str, list[str]]:
    """The table of the report: the cells' figures by the row's first text, changes left out."""
    found = {}
    for row in re.findall(r"<tr[^>]*>(.*?)</tr>", page, re.DOTALL):
        title = re.search(r'<th scope="row">(.*?)(?:<span|</th>)', row, re.DOTALL)
        cells = re.findall(r'<td class="num">([^<]*)', row)
        if title and len(cells) == 10:
            found[title[1]] = [cell.strip() for cell in cells]
    return found


def test_the_page_shows_what_the_report_says(world: World, browser: Browser) -> None:
    page = browser.page(f"/sites/{world.site.key}/keywords{SEPTEMBER}")
    table = lines(page)
    assert table["steel pump"] == [
        *("60.00", "120", "4", "1", "25%", "1", "60.00", "300.00", "5.00", "400%"),
    ]
    assert table["Total"][0] == "91.00"
    assert table["Unattributed"] == ["–", "–", "–", "1", "–", "0", "–", "0.00", "–", "–"]
    assert "Not from an ad: direct, organic, links" in page
    assert "CN¥91.00" in page
    assert "Coverage: 100% of conversions and 100% of their value" in page
    assert "No margin is set" in page


def test_the_previous_period_stands_beside_it(world: World, browser: Browser) -> None:
    page = browser.page(f"/sites/{world.site.key}/keywords{SEPTEMBER}")
    row = page[page.index("steel pump<") :].partition("</tr>")[0]
    assert "+200%" in row
    assert "was 20.00" in row
    alone = browser.page(f"/sites/{world.site.key}/keywords{SEPTEMBER}&compare=none")
    assert "was 20.00" not in alone


def test_with_a_margin_the_page_shows_margin_roi_and_the_break_even(fresh: World) -> None:
    browser = enter(fresh)
    form = {
        "name": "Pumps",
        "domains": "pump.example",
        "timezone": "UTC",
        "currency": "CNY",
        "margin": "40",
        "visit_timeout": "30",
        "lookback_days": "90",
        "half_life_days": "7",
        "brand_terms": "steel",
    }
    assert browser.submit(f"/sites/{fresh.site.key}/settings", **form).status_code == 303
    page = browser.page(f"/sites/{fresh.site.key}/keywords{SEPTEMBER}")
    assert lines(page)["steel pump"][-1] == "100%"
    assert "Margin ROI" in page
    assert "the break-even ROAS is 2.50" in page


def test_margins_of_product_groups_and_costs_of_orders_lead_to_margin_roi_too(fresh: World) -> None:
    """No margin of the site: 20 by the cost of the order; then 100 more of which none is known."""
    browser = enter(fresh)
    titles = "Time,Stage,Value,ID,Visitor,Order cost\n"
    fresh.offline(titles + "2026-09-05 10:00,order,100,own,nobody,80\n")
    fresh.reconcile()
    period = "?from=2026-09-05&to=2026-09-05&by=conversion"
    page = browser.page(f"/sites/{fresh.site.key}/keywords{period}")
    assert "Margin ROI" in page
    assert "the break-even ROAS of all revenue is 5.00" in page
    fresh.offline(titles + "2026-09-05 11:00,order,100,other,nobody,\n")
    fresh.reconcile()
    page = browser.page(f"/sites/{fresh.site.key}/keywords{period}")
    assert "Only a part of the revenue has a margin" in page
    browser.submit("/preferences", language="zh-Hans")
    assert "只有部分收入" in browser.page(f"/sites/{fresh.site.key}/keywords{period}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("valves", "Not a product group and its margin"),
        ("valves: 30\nvalves: 40", "Not a product group and its margin"),
        ("valves: 3000", "it must be above 0, at most 1"),
        ("valves: much", "Not an amount"),
    ],
)
def test_margins_of_product_groups_are_read_from_lines(fresh: World, text: str, said: str) -> None:
    browser = enter(fresh)
    address = f"/sites/{fresh.site.key}/settings"
    form = dict(site_form(fresh.site))
    lines = {"group_margins": "阀门：30%\n\npumps: 25"}
    assert browser.submit(address, **form | lines).status_code == 303
    kept = site_form(get_site(fresh.db, fresh.site.key))
    assert kept["group_margins"] == "阀门: 30\npumps: 25"
    refused = browser.submit(address, **form | {"group_margins": text})
    assert refused.status_code == 400
    assert said in refused.text


def test_the_page_is_chinese_with_the_platforms_own_words(world: World) -> None:
    browser = enter(world, Role.VIEWER)
    browser.submit("/preferences", language="zh-Hans")
    page = browser.page(f"/sites/{world.site.key}/keywords{SEPTEMBER}")
    for word in ("消费", "展现", "抵达率", "收入ROI", "未归因", "计划 / 单元", "归因覆盖率"):
        assert word in page
    google = browser.page(f"/sites/{world.site.key}/keywords{SEPTEMBER}&platform=google")
    for word in ("费用", "展示次数", "广告系列 / 广告组", "关键字"):
        assert word in google


def test_the_api_gives_the_bytes_of_the_command(world: World, browser: Browser) -> None:
    query = "?from=2026-09-02&to=2026-09-02&compare=previous&model=linear&by=conversion"
    path = f"/api/v1/sites/{world.site.key}/reports/keywords"
    answer = browser.get(path + query)
    report = world.report(
        "2026-09-02", "2026-09-02", model="linear", by="conversion", compare="previous"
    )
    assert answer.headers["content-type"] == "application/json"
    assert answer.content == msgspec.json.encode(report)
    token, secret = add_token(world.db, tenant=world.tenant, site=world.site.key, scope="read")
    anonymous = Browser(create_app(world.parts, role="web"), "en")
    assert token.scope == "read"
    assert anonymous.get(path + query, Authorization=f"Bearer {secret}").content == answer.content


def test_filters_reach_the_report(world: World, browser: Browser) -> None:
    base = f"/sites/{world.site.key}/keywords{SEPTEMBER}"
    assert set(lines(browser.page(base + "&search=mud"))) > {"Total"}
    assert "steel pump" not in lines(browser.page(base + "&search=mud"))
    assert "steel pump" not in lines(browser.page(base + "&brand=non_brand"))
    assert "steel pump" in lines(browser.page(base + "&brand=brand"))
    assert "steel pump" not in lines(browser.page(base + "&platform=google"))
    assert "No keyword fits these filters." in browser.page(base + "&search=nothing+such")
    goal = re.search(r'<option value="(\w{16})">Order', browser.page(base))
    assert goal
    assert lines(browser.page(f"{base}&goal={goal[1]}"))["steel pump"][5] == "1"
    assert lines(browser.page(f"{base}&goal=Order"))["steel pump"][5] == "1"


def test_headings_sort_and_say_how_it_is_sorted(world: World, browser: Browser) -> None:
    path = f"/sites/{world.site.key}/keywords"
    page = browser.page(path + SEPTEMBER)
    assert list(lines(page))[:2] == ["Total", "steel pump"]
    assert re.search(
        r'<th scope="col" class="num" aria-sort="descending"[^>]*>\s*<a[^>]*>Cost', page
    )
    again = re.search(r'aria-sort="descending"[^>]*>\s*<a [^>]*href="([^"]*)"', page)
    assert again
    rising = browser.page(path + again[1].replace("&amp;", "&"))
    assert 'aria-sort="ascending"' in rising
    assert list(lines(rising))[1] != "steel pump"


def test_pages_of_the_table_show_every_row_once(fresh: World) -> None:
    browser = enter(fresh)
    path, query = f"/sites/{fresh.site.key}/keywords", f"{SEPTEMBER}&limit=25"
    fresh.spend(
        "Date,Campaign,Ad group,Keyword,Impressions,Clicks,Cost\n"
        + "".join(f"2026-09-02,Many,All,keyword {n:02},1,1,{n}.00\n" for n in range(60)),
        platform="sogou",
        account="s1",
        currency="CNY",
    )
    fresh.reconcile()
    seen: list[str] = []
    while query:
        page = browser.page(path + query)
        seen += [title for title in lines(page) if title.startswith("keyword ")]
        later = re.search(r'rel="next" href="([^"]*)"', page)
        query = later[1].replace("&amp;", "&") if later else ""
    assert len(seen) == len(set(seen)) == 60
    assert "Rows 51–64 of 64" in page


def test_a_page_behind_the_last_row_says_so_and_leads_back(world: World, browser: Browser) -> None:
    path = f"/sites/{world.site.key}/keywords"
    page = browser.page(f"{path}{SEPTEMBER}&limit=25&offset=500")
    assert "Rows 0–0 of 4" in page
    assert "The rows end before this page." in page
    assert "No spend and no visits" not in page
    assert 'rel="next"' not in page
    earlier = re.search(r'rel="prev" href="([^"]*)"', page)
    assert earlier is not None
    assert "Rows 1–4 of 4" in browser.page(path + earlier[1].replace("&amp;", "&"))


@pytest.mark.parametrize(
    ("count", "offset", "wanted"),
    [
        (0, 0, (0, 0, "", "", False)),
        (0, 50, (0, 0, "0", "", False)),
        (60, 0, (1, 50, "", "50", False)),
        (60, 50, (51, 60, "0", "", False)),
        (60, 70, (0, 0, "20", "", True)),
        (60, 500, (0, 0, "50", "", True)),
        (50, 500, (0, 0, "0", "", True)),
        (60, 5, (6, 55, "0", "55", False)),
    ],
)
def test_rows_have_a_place_and_neighbours(
    count: int, offset: int, wanted: tuple[int, int, str, str, bool]
) -> None:
    shown = max(0, min(50, count - offset))
    first, last, earlier, later, is_past = wanted
    found = paging_of(count=count, shown=shown, size=50, offset=offset, address=str)
    assert found == Paging(first, last, count, earlier, later, is_past)


def test_a_metric_is_explained_alike_in_both_reports() -> None:
    for column in report_columns(has_margin=True, has_rules=True, has_judged=True):
        if "÷" in column.help:
            other = METRIC_COLUMNS[column.field].help
            assert column.help.partition(".")[0] == other.partition(".")[0], column.field


def test_what_a_keyword_is_called_is_text_and_never_markup(world: World, browser: Browser) -> None:
    page = browser.page(f"/sites/{world.site.key}/keywords{SEPTEMBER}&search=%22%3E%3Cb%3E")
    assert "<b>" not in page.replace('<b aria-current="true">', "").replace("<b>Pumps</b>", "")
    page = browser.page(f"/sites/{world.site.key}/keywords{SEPTEMBER}")
    assert "&lt;b&gt;mud&lt;/b&gt; pump" in page


def test_the_csv_has_every_row_the_total_and_no_formula(world: World, browser: Browser) -> None:
    answer = browser.get(f"/sites/{world.site.key}/keywords.csv{SEPTEMBER}&limit=25")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    name = f"keywords-{world.site.key}-2026-09-02-2026-09-02.csv"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    by_keyword = {row["Keyword"]: row for row in rows}
    assert by_keyword["steel pump"]["Cost"] == "60.00"
    assert by_keyword["steel pump"]["Platform"] == "Baidu"
    assert "'=cmd|'/c calc'!A1" in by_keyword
    assert rows[-1]["Kind"] == "Total"
    assert rows[-1]["Cost"] == "91.00"
    assert {"Cost, previous period", "Cost, change"} <= rows[-1].keys()
    alone = browser.get(f"/sites/{world.site.key}/keywords.csv{SEPTEMBER}&compare=none")
    assert b"previous" not in alone.content


def test_the_api_csv_has_the_names_of_the_json_and_no_total(world: World, browser: Browser) -> None:
    path = f"/api/v1/sites/{world.site.key}/reports/keywords{SEPTEMBER}"
    rows = list(
        csv.DictReader(io.StringIO(browser.get(path + "&format=csv").content.decode("utf-8-sig")))
    )
    report = browser.get(path).json()
    assert len(rows) == report["row_count"] == len(report["rows"])
    for row, wanted in zip(rows, report["rows"], strict=True):
        assert row["cost"] == (wanted["cost"] or "")
        assert row["kind"] == wanted["kind"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_text_that_begins_like_a_formula_is_made_harmless(start: str) -> None:
    assert safe_text(start + "1+1") == "'" + start + "1+1"
    assert safe_text("1+1" + start) == "1+1" + start


def test_an_address_is_written_in_its_shortest_form(world: World, browser: Browser) -> None:
    path = f"/sites/{world.site.key}/keywords"
    form = (
        "?period=last_30_days&from=2026-10-02&to=2026-10-31&model=last_non_direct"
        "&by=click&compare=previous&platform=&search=&brand=all&sort=cost&order=desc&limit=50"
    )
    answer = browser.get(path + form)
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    edited = browser.get(path + form.replace("2026-10-02", "2026-10-05"))
    assert edited.headers["location"] == f"{path}?from=2026-10-05&to=2026-10-31"
    part = browser.get(path + form, **{"HX-Request": "true"})
    assert (part.status_code, part.headers["hx-push-url"]) == (200, path)


def test_days_are_those_of_the_site(
    embedded_engine: Warehouse, sqlite_db: Engine, tmp_path: Path
) -> None:
    """2026-11-01 00:00 UTC is still October in New York."""
    world = World(embedded_engine, sqlite_db, tmp_path, timezone="America/New_York")
    query = read_page_query({"period": "today"}, parse_day("2026-10-31"))
    assert (query.first, query.last) == ("2026-10-31", "2026-10-31")
    page = enter(world).page(f"/sites/{world.site.key}/keywords?period=today")
    assert 'name="from" value="2026-10-31"' in page
    assert "No spend and no visits in this period." in page


@given(
    st.sampled_from([*PRESETS, "custom"]),
    st.dates(),
    st.dates(),
    st.text(max_size=20),
    st.sampled_from(["first", "linear", "last_non_direct"]),
)
def test_an_address_leads_back_to_the_query_that_it_was_written_from(
    period: str, first: object, last: object, search: str, model: str
) -> None:
    today = parse_day("2026-03-18")
    given = {"period": period, "search": search, "model": model}
    if period == "custom":
        given |= {"from": str(first), "to": str(last)}
    query = read_page_query(given, today)
    params = {key: values[0] for key, values in parse_qs(urlsplit(query.address()).query).items()}
    assert read_page_query(params, today) == query
    assert read_page_query(params, today).address() == query.address()


def test_the_default_query_has_an_empty_address() -> None:
    assert PageQuery().address() == ""
