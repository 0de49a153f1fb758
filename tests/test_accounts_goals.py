"""Goals and the meaning of their path patterns, in Python and in ClickHouse."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.test_accounts_sites import pump_site
from tracker.accounts.goal_filters import GoalFilter
from tracker.accounts.goals import (
    add_goal,
    find_goal,
    get_goal,
    goals_of,
    list_goals,
    remove_goal,
)
from tracker.accounts.path_patterns import path_regex
from tracker.errors import InvalidInput, NotFound
from tracker.warehouse.client import Warehouse

#: Pattern, path, whether it counts. Each line states one rule.
PATHS = [
    ("/thanks", "/thanks", True),
    ("/thanks", "/thanks/", True),
    ("/thanks/", "/thanks", True),
    ("/thanks", "/thanks?order=7", True),
    ("/thanks", "/thanks/?order=/x/y", True),
    ("/thanks", "/thanks#top", True),
    ("/thanks", "/thanks/you", False),
    ("/thanks", "/thanksgiving", False),
    ("/thanks", "/en/thanks", False),
    ("/thanks", "/Thanks", False),
    ("/order/*/done", "/order/7/done", True),
    ("/order/*/done", "/order/7/8/done", False),
    ("/order/*/done", "/order?/x/done", False),
    ("/order/**/done", "/order/7/8/done", True),
    ("/order/**/done", "/order/done", False),
    ("/docs/**", "/docs/a/b/c", True),
    ("/docs/**", "/docs", True),
    ("/docs/**", "/docs/", True),
    ("/docs/**", "/docsearch", False),
    ("/docs/*", "/docs/a", True),
    ("/docs/*", "/docs/a/b", False),
    ("**/thanks", "/en/eu/thanks", True),
    ("**.pdf", "/files/2026/pump.pdf", True),
    ("**.pdf", "/files/pumpxpdf", False),
    ("/**", "/anything/at/all", True),
    ("/", "/", True),
    ("/", "", True),
    ("/", "/a", False),
    ("/a+b(c)[d]{2}|^$", "/a+b(c)[d]{2}|^$", True),
    ("/a+b", "/aab", False),
    (r"/a\d", "/a5", False),
    ("/a b~c-d&e", "/a b~c-d&e", True),
    ("/感谢", "/感谢", True),
    ("/感谢", "/%E6%84%9F%E8%B0%A2", True),
    ("/感谢", "/%e6%84%9f%e8%b0%a2/", True),
    ("/感谢", "/%E6%84%9F", False),
    ("/thanks", "/thanks\n", False),
    ("/thanks", "/thanks?a=1\nb", True),
]


@pytest.mark.parametrize(("pattern", "path", "counts"), PATHS)
def test_a_path_counts_as_its_pattern_says(pattern: str, path: str, counts: bool) -> None:
    # Python's $ also matches before a last newline; RE2's, which decides, does not.
    regex = path_regex(pattern)[:-1] + r"\Z"
    assert (re.match(regex, path) is not None) is counts


def test_clickhouse_reads_every_pattern_as_python_does(warehouse_embedded: Warehouse) -> None:
    query = "SELECT match({path:String}, {regex:String})"
    answers = [
        warehouse_embedded.rows(query, {"path": path, "regex": path_regex(pattern)})[0][0]
        for pattern, path, _ in PATHS
    ]
    assert [(*case[:2], answer == 1) for case, answer in zip(PATHS, answers, strict=True)] == PATHS


def test_a_goal_is_read_back_as_it_was_added(any_db: Engine) -> None:
    site = pump_site(any_db).key
    page = add_goal(any_db, site=site, name=" Inquiry ", kind="path", pattern="/thanks ")
    order = add_goal(
        any_db,
        site=site,
        name="Order",
        kind="event",
        pattern="order",
        value=Decimal("12.50"),
        currency="usd",
        use_event_value=True,
        counting="person",
        lookback_days=30,
        is_stage=True,
    )
    assert list_goals(any_db, site) == sorted([page, order], key=lambda g: (g.created_at, g.id))
    assert get_goal(any_db, site, "Inquiry") == get_goal(any_db, site, page.id) == page
    assert (page.name, page.pattern, page.value, page.currency) == (
        "Inquiry",
        "/thanks",
        None,
        None,
    )
    assert find_goal(any_db, site, "Order") == order
    assert (order.value, order.currency, order.counting) == (Decimal("12.50"), "USD", "person")


def test_a_fixed_value_without_a_currency_is_in_the_sites(any_db: Engine) -> None:
    site = pump_site(any_db, currency="EUR").key
    goal = add_goal(any_db, site=site, name="a", kind="event", pattern="a", value=Decimal(5))
    assert goal.currency == "EUR"


def test_names_are_unique_within_a_site_only(any_db: Engine) -> None:
    one, two = pump_site(any_db).key, pump_site(any_db).key
    add_goal(any_db, site=one, name="Inquiry", kind="event", pattern="a")
    other = add_goal(any_db, site=two, name="Inquiry", kind="event", pattern="a")
    with pytest.raises(InvalidInput, match="has a goal named 'Inquiry' already"):
        add_goal(any_db, site=one, name=" Inquiry", kind="event", pattern="b")
    assert goals_of(any_db, [two, "nosuchsite"]) == {two: [other], "nosuchsite": []}


def test_a_removed_goal_is_gone_and_its_name_is_free(any_db: Engine) -> None:
    site = pump_site(any_db).key
    first = add_goal(any_db, site=site, name="Inquiry", kind="event", pattern="a")
    assert remove_goal(any_db, site, "Inquiry") == first
    with pytest.raises(NotFound, match=r"no goal 'Inquiry'\. There are: none"):
        remove_goal(any_db, site, "Inquiry")
    second = add_goal(any_db, site=site, name="Inquiry", kind="event", pattern="a")
    assert second.id != first.id


#: What differs from a good goal, and what the message says.
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"kind": "call"}, "Unknown kind of goal 'call'"),
    ({"counting": "twice"}, "Unknown counting 'twice'"),
    ({"pattern": " "}, "0 characters"),
    ({"pattern": "/" + "x" * 1000}, "1001 characters"),
    ({"pattern": "thanks"}, "does not begin with a slash"),
    ({"pattern": "https://a.example/thanks"}, "does not begin with a slash"),
    ({"pattern": "/thanks?x=1"}, "query or fragment"),
    ({"pattern": "/a/***"}, r"\*\*\*"),
    ({"value": Decimal("-1")}, "value is -1"),
    ({"value": Decimal("Infinity")}, "value is Infinity"),
    ({"value": Decimal(1), "currency": "XXQ"}, "Unknown currency 'XXQ'"),
    ({"lookback_days": 0}, "lookback is 0 days"),
    ({"kind": "click", "pattern": "smoke"}, "Unknown way to talk 'smoke'"),
    ({"kind": "engagement"}, "needs seconds or depth"),
    ({"kind": "engagement", "seconds": -1}, "asks for -1 s"),
    ({"kind": "engagement", "depth": 101}, "101 per cent"),
    ({"kind": "engagement", "depth": 5, "use_event_value": True}, "no event whose value"),
    ({"seconds": 5}, "belong to goals of engagement"),
    ({"filters": [GoalFilter("", "is", "x")]}, "names no property"),
    ({"filters": [GoalFilter("a", "like", "x")]}, "Unknown comparison 'like'"),
    ({"filters": [GoalFilter("a", "at_least", "x")]}, "Not an amount"),
    ({"filters": [GoalFilter("a", "is", "x")] * 11}, "11 filters"),
    ({"name": ""}, "needs a name"),
    ({"name": "x" * 101}, "at most 100"),
    ({"name": " stage:order"}, "name is 'stage:order'; names that begin with stage: or repeat:"),
    ({"name": "repeat:order"}, "those of stages of the pipeline"),
]


def test_a_bad_goal_is_refused(any_db: Engine) -> None:
    site = pump_site(any_db).key
    good: dict[str, Any] = {"name": "a", "kind": "path", "pattern": "/a"}
    for changes, message in REFUSED:
        with pytest.raises(InvalidInput, match=message):
            add_goal(any_db, site=site, **(good | changes))
    assert list_goals(any_db, site) == []


def test_a_goal_needs_a_site_that_exists(any_db: Engine) -> None:
    with pytest.raises(NotFound, match="No site 'nosuchsite'"):
        add_goal(any_db, site="nosuchsite", name="a", kind="event", pattern="a")
