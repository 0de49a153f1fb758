"""The explorer: a form whose whole state is an address, and a report that says what it cannot."""

from __future__ import annotations

import re
from datetime import date
from functools import partial
from html import unescape
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from tests.test_web_breakdown import browser, world
from tests.web_app import Browser, enter
from tests.world import World
from tracker.accounts.pipeline import DEFAULT_STAGES, Pipeline
from tracker.accounts.rights import Role
from tracker.accounts.saved_views import drop_view, views_of
from tracker.accounts.users import find_user
from tracker.errors import NotFound
from tracker.reports import conditions
from tracker.reports.conditions import Condition, Join, filter_text, read_filter
from tracker.reports.dimensions import DIMENSIONS
from tracker.reports.measures import METRICS
from tracker.web.explore_names import DIMENSION_TITLES, METRIC_COLUMNS, ValueNames
from tracker.web.explore_query import ExploreQuery, filter_form, read_explore_query
from tracker.web.formats import Formats
from tracker.web.i18n import language
from tracker.web.stages import goal_title
from tracker.web.trend_chart import trend_chart

__all__ = ["browser", "world"]

DAYS = [("from", "2026-09-01"), ("to", "2026-09-02")]
TEXTS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), max_size=12)
TESTS = st.builds(
    conditions.Test,
    st.sampled_from(sorted(DIMENSIONS)),
    st.sampled_from(("is", "contains", "matches")),
    st.lists(TEXTS, min_size=1, max_size=3, unique=True).map(tuple),
)
CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    TESTS,
    lambda parts: st.one_of(
        parts.map(lambda part: Join("not", (part,))),
        st.builds(
            Join,
            st.sampled_from(("and", "or")),
            st.lists(parts, min_size=2, max_size=3).map(tuple),
        ),
    ),
    max_leaves=6,
)


def page(world: World, browser: Browser, *fields: tuple[str, str]) -> str:
    """The page that the form leads to."""
    return browser.page(f"/sites/{world.site.key}/explore?{urlencode([*DAYS, *fields])}")


def cells(text: str) -> list[list[str]]:
    """The table's rows as texts."""
    body = text.partition("<tbody>")[2].partition("</tbody>")[0]
    rows = [re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL) for row in body.split("<tr")[1:]]
    return [[" ".join(re.sub(r"<[^>]*>", " ", cell).split()) for cell in row] for row in rows]


def query(*fields: tuple[str, str]) -> ExploreQuery:
    """What is read from these fields."""
    return read_explore_query(QueryParams(list(fields)), date(2026, 11, 1))


def row_fields(text: str) -> list[tuple[str, str]]:
    """The fields of a filter's form as a browser sends them."""
    names = ("fd", "fo", "fv")
    return [pair for row in filter_form(text).rows for pair in zip(names, row, strict=True)]


def test_the_form_leads_to_a_report_with_totals_and_an_address_of_its_own(
    world: World, browser: Browser
) -> None:
    fields = [("group", "keyword"), ("group", ""), ("metrics", "visits"), ("metrics", "cost")]
    asked = f"/sites/{world.site.key}/explore?{urlencode([*DAYS, *fields, ('goal', '')])}"
    answer = browser.get(asked)
    assert answer.status_code == 303
    address = answer.headers["location"]
    assert address.partition("?")[2] == (
        "from=2026-09-01&to=2026-09-02&group=keyword&metrics=visits%2Ccost"
    )
    text = browser.page(address)
    assert cells(text) == [
        ["Total CNY", "2", "35.50"],
        ["Not known", "1", "–"],
        ["steel pump", "1", "20.00"],
        ["=cmd|&#39;/c calc&#39;!A1", "0", "15.50"],
    ]
    assert "format=xlsx" in text
    assert "only this" not in text.lower().partition("<tbody>")[0]


def test_a_filter_is_kept_as_fields_and_cost_that_it_cannot_hold_against_is_told(
    world: World, browser: Browser
) -> None:
    row = [("fj", "all"), ("fd", "landing_page"), ("fo", "not_contains"), ("fv", "/nowhere")]
    text = page(world, browser, ("group", "day"), ("metrics", "cost,visits"), *row)
    assert cells(text)[0] == ["Total CNY", "–", "2"]
    assert "Cost, clicks and impressions are not known by Landing page, so the filter" in text
    assert 'value="not_contains" selected' in text
    text = page(world, browser, ("group", "landing_page"), ("metrics", "cost,visits"))
    assert ["Unallocated", "35.50", "0"] in cells(text)
    assert "rows marked unallocated" in text


def test_a_page_behind_the_last_row_says_so(world: World, browser: Browser) -> None:
    shown = page(world, browser, ("group", "keyword"), ("offset", "50"))
    assert re.search(r"Rows 0–0 of \d", shown)
    assert "The rows end before this page." in shown
    assert "Nothing happened" not in shown
    assert 'rel="prev"' in shown


def test_a_goal_is_filtered_by_its_name(world: World, browser: Browser) -> None:
    for condition in ('goal is "Order"', 'goal contains "ORD"', 'not goal is "Other"'):
        text = page(world, browser, ("metrics", "revenue"), ("filter", condition))
        assert cells(text)[0][-1] == "300.00", condition
    text = page(world, browser, ("metrics", "conversions"), ("filter", 'goal contains "e0"'))
    assert cells(text)[0][-1] == "0"


@pytest.mark.parametrize(
    ("tag", "names"),
    [("en", ["Order", "Repeat order: Order"]), ("zh-Hans", ["订单", "复购：订单"])],
)
def test_a_repeat_order_is_called_otherwise_than_an_order(tag: str, names: list[str]) -> None:
    speech = language(tag)
    title = partial(goal_title, speech, Pipeline(DEFAULT_STAGES))
    values = ValueNames(speech, Formats(speech.locale, ZoneInfo("UTC")), title)
    assert [values.name("stage", value) for value in ("order", "repeat:order")] == names
    assert [values.name("goal", value) for value in ("stage:order", "repeat:order")] == names
    assert values.name("goal", "Order: all") == "Order: all"


def test_a_question_that_cannot_be_answered_stays_on_the_page(
    world: World, browser: Browser
) -> None:
    fields = urlencode([*DAYS, ("group", "page,landing_page"), ("filter", "country is")])
    path = f"/sites/{world.site.key}/explore?{fields}"
    answer = browser.request("GET", path, follow_redirects=True)
    assert answer.status_code == 400
    assert "The filter ends where a value should be." in answer.text
    assert ">country is</textarea>" in answer.text
    browser = enter(world, Role.VIEWER, language="zh-CN")
    answer = browser.request("GET", path, follow_redirects=True)
    assert "筛选条件不完整，末尾应为值。" in answer.text


@pytest.mark.parametrize("report", ["explore", "keywords"])
def test_no_address_breaks_the_page(world: World, browser: Browser, report: str) -> None:
    for fields, status in (
        ({"from": "0001-01-01", "to": "0001-01-02", "compare": "previous"}, 400),
        ({"from": "9999-12-30", "to": "9999-12-31"}, 400),
        ({"limit": "abc"}, 400),
        ({"offset": "999999"}, 200),
        ({"filter": 'city is "\0\u202e"', "search": "\0"}, 200),
        ({"goal": "nope"}, 404),
    ):
        path = f"/sites/{world.site.key}/{report}?{urlencode(fields)}"
        answer = browser.request("GET", path, follow_redirects=True)
        assert answer.status_code == status, fields


def test_the_chart_has_days_on_which_nothing_happened(world: World, browser: Browser) -> None:
    days = {"from": "2026-08-31", "to": "2026-09-04", "group": "day"}
    shown = browser.page(f"/sites/{world.site.key}/explore?{urlencode(days)}")
    chart = msgspec.json.decode(unescape(shown.partition('data-chart="')[2].partition('"')[0]))
    assert chart["days"] == ["2026-08-31", *(f"2026-09-0{day}" for day in range(1, 5))]
    assert chart["cost"] == [None, 20, 15.5, None, None]
    assert chart["revenue"] == [0, 300, 0, 0, 0]
    assert chart["conversions"] == [0, 1, 0, 0, 0]


def test_cost_far_below_revenue_has_a_scale_of_its_own(world: World, browser: Browser) -> None:
    said = "Revenue and cost differ so much that each has a scale of its own."
    page = f"/sites/{world.site.key}/explore?group=day&"
    shown = browser.page(page + urlencode({"from": "2026-09-01", "to": "2026-09-04"}))
    assert "&#34;apart&#34;:true" in shown
    assert said in shown


@pytest.mark.parametrize(
    ("cost", "revenue", "is_apart"),
    [
        ([20, None], [0, 161], True),
        ([20, None], [0, 160], False),
        ([900, 10], [100, 0], True),
        ([20, 5], [-400, 0], True),
        ([20, 5], [0, 0], False),
        ([], [], False),
    ],
)
def test_cost_and_revenue_part_where_one_would_lie_flat(
    cost: list[float | None], revenue: list[float | None], is_apart: bool
) -> None:
    series = {"cost": cost, "revenue": revenue, "conversions": cost}
    chart = trend_chart(locale="en", days=["2026-09-01", "2026-09-02"], series=series, labels={})
    assert chart.is_apart is is_apart


def test_figures_stand_beside_those_of_another_period(world: World, browser: Browser) -> None:
    fields = [("from", "2026-09-02"), ("to", "2026-09-02"), ("compare", "previous")]
    fields += [("metrics", "cost,ctr"), ("group", "platform")]
    text = browser.page(f"/sites/{world.site.key}/explore?{urlencode(fields)}")
    assert "compared with Sep 1, 2026" in text
    assert cells(text)[1][1].startswith("15.50 -23% , was 20.00")
    browser = enter(world, Role.VIEWER, language="zh-CN")
    text = browser.page(f"/sites/{world.site.key}/explore?{urlencode(fields)}")
    assert cells(text)[1][0] == "百度"


def test_views_are_kept_for_oneself_or_for_all_of_the_site(world: World, browser: Browser) -> None:
    base = f"/sites/{world.site.key}/explore"
    asked = "?group=goal&metrics=visits&filter=city+is+%22Ulm%22"
    for name, shared in (("Mine", ""), ("Ours", "1")):
        answer = browser.submit(f"{base}/views", query=asked, name=name, shared=shared)
        assert answer.headers["location"] == f"{base}{asked}"
    again = browser.submit(f"{base}/views", query="?group=https://evil.example", name="Mine")
    assert again.headers["location"].startswith(f"{base}?group=https%3A%2F%2F")
    owner = find_user(world.db, "owner@pump.example")
    assert owner
    mine, ours = views_of(world.db, world.site.key, owner.id)
    assert (mine.name, ours.name, ours.query) == ("Mine", "Ours", asked)
    assert [one.name for one in views_of(world.db, world.site.key, "another")] == ["Ours"]
    text = browser.page(base)
    assert f'href="{base}{asked.replace("&", "&amp;")}"' in text
    assert browser.submit(f"{base}/views", query=asked, name=" ").status_code == 400
    with pytest.raises(NotFound):
        drop_view(world.db, world.site.key, mine.id, user="another")
    gone = browser.submit(f"{base}/views/remove", query=asked, view=mine.id)
    assert gone.headers["location"] == f"{base}{asked}"
    assert browser.submit(f"{base}/views/remove", view=mine.id).status_code == 404
    assert views_of(world.db, world.site.key, owner.id) == [ours]


def test_every_dimension_and_metric_has_a_name_and_a_place_in_the_form() -> None:
    assert set(DIMENSION_TITLES) == set(DIMENSIONS)
    assert set(METRIC_COLUMNS) == set(METRICS)
    for name, metric in METRICS.items():
        assert METRIC_COLUMNS[name].unit == metric.unit, name


@given(CONDITIONS)
def test_a_filter_written_from_its_tree_reads_as_the_same_tree(condition: Condition) -> None:
    read = read_filter(filter_text(condition))
    assert read is not None
    assert read_filter(filter_text(read)) == read


@given(CONDITIONS)
def test_the_form_of_a_filter_gives_the_filter_again(condition: Condition) -> None:
    first = query(("filter", filter_text(condition)))
    form = filter_form(first.filter)
    fields = [("fj", form.joined), ("filter", form.text)]
    for row in form.rows:
        fields += [("fd", row.dimension), ("fo", row.operator), ("fv", row.value)]
    assert query(*fields).filter == first.filter


@pytest.mark.parametrize(
    ("fields", "address"),
    [
        ([], ""),
        ([("group", "campaign"), ("compare", "none"), ("goal", "")], ""),
        ([("group", ""), ("group", "")], "?group=none"),
        (
            [("group", "goal"), ("sort", "cost"), ("metrics", "visits")],
            "?group=goal&metrics=visits",
        ),
        ([("period", "last_7_days"), ("colour", "red")], "?period=last_7_days"),
        ([("fd", "city"), ("fo", "is"), ("fv", "")], "?filter=city+is+%22%22"),
        ([("fd", "city"), ("fo", "contains"), ("fv", " ")], ""),
        (
            [("fd", "city"), ("fo", "is"), ("fv", '上海，北京, "a, b",, ')],
            "?" + urlencode({"filter": 'city is "上海", "北京", "a, b"'}),
        ),
        ([("fd", "city"), ("fo", "drop"), ("fv", "x")], ""),
    ],
)
def test_an_address_says_what_is_not_the_default(
    fields: list[tuple[str, str]], address: str
) -> None:
    assert query(*fields).address() == address


def test_the_order_that_an_address_leaves_out_is_left_to_the_report() -> None:
    assert "order" not in query(("group", "day")).told()
    assert query(("group", "day"), ("sort", "visits"), ("metrics", "visits")).told()["order"]


def test_a_value_of_the_table_narrows_the_filter() -> None:
    first = query(("filter", "city is Bonn or city is Ulm"))
    narrowed = query(*QueryParams(first.narrowed("country", 'D"E').lstrip("?")).multi_items())
    assert narrowed.filter == '(city is "Bonn" or city is "Ulm") and country is "D\\"E"'
    again = query(*QueryParams(narrowed.narrowed("country", 'D"E').lstrip("?")).multi_items())
    assert again.filter == narrowed.filter


@pytest.mark.parametrize("value", ["water\npump", "A\r\nB", "\\n", "a\\\nb", "/" + "L" * 2047])
def test_whatever_a_row_is_called_its_link_asks_for_it(value: str) -> None:
    """The filter is one line, as a form would make other line breaks of those in its text."""
    narrowed = query(*QueryParams(query().narrowed("keyword", value).lstrip("?")).multi_items())
    assert read_filter(narrowed.filter) == conditions.Test("keyword", "is", (value,))
    assert len(narrowed.filter.splitlines()) == 1
    sent = query(("filter", filter_form(narrowed.filter).text), *row_fields(narrowed.filter))
    assert sent.filter == narrowed.filter


def test_a_row_whose_filter_would_be_too_long_has_no_link() -> None:
    first = query().narrowed("landing_page", "/" + "L" * 2047)
    second = query(*QueryParams(first.lstrip("?")).multi_items())
    third = second.narrowed("campaign", "/" + "M" * 2047)
    assert third != ""
    last = query(*QueryParams(third.lstrip("?")).multi_items())
    assert last.narrowed("keyword", "N" * 1000) == ""
    assert last.narrowed("keyword", "N") != ""


def test_a_row_whose_filter_would_have_too_many_conditions_has_no_link() -> None:
    cities = " or ".join(f"city is {number}" for number in range(conditions.MOST_CONDITIONS))
    assert query(("filter", cities)).narrowed("country", "DE") == ""
