"""Every kind of goal over events of the beacon, and how often each counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.world import World, ad, at
from tracker.accounts.goal_filters import read_filter
from tracker.conversions.goal_rules import goal_row
from tracker.errors import InvalidInput
from tracker.ingest.identity import visitor_number
from tracker.requests.goals import AddGoal, RemoveGoal
from tracker.warehouse.client import Warehouse

COUNTED = """
SELECT goal, count(), toString(sum(value)) FROM conversions WHERE (day, build) IN
    (SELECT day, max(build) FROM slices WHERE kind = 'credits' GROUP BY day)
GROUP BY goal
"""


@pytest.fixture
def world(warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path) -> World:
    return World(warehouse_embedded, sqlite_db, tmp_path)


def event(time: str, name: str, visitor: str = "v1", **props: Any) -> dict[str, Any]:
    return at(time, visitor, name=name, props={key: str(value) for key, value in props.items()})


EVENTS = [
    at("09-01 10:00:00", url=ad("water pump")),
    at("09-01 10:00:05", url="https://pump.example/en/eu/thanks"),
    event("09-01 10:00:10", "form", id="inquiry-form", fields="mail"),
    event("09-01 10:00:20", "form", id="newsletter"),
    event("09-01 10:00:30", "intent", kind="tel", url="tel:+86"),
    event("09-01 10:00:31", "intent", kind="weixin", url="weixin://"),
    event("09-01 10:00:32", "intent", kind="wa.me", url="https://wa.me/1"),
    event("09-01 10:00:40", "download", url="https://pump.example/files/IS-80.pdf?v=2"),
    event("09-01 10:00:41", "download", url="https://pump.example/files/IS-80.dwg"),
    event("09-01 10:01:00", "engagement", ms=20_000, depth=30, page="a"),
    event("09-01 10:02:00", "engagement", ms=45_000, depth=80, page="b"),
    event("09-01 10:03:00", "engagement", ms=60_000, depth=90),
    event("09-01 10:04:00", "quote", product="IS-80", amount="1200"),
    event("09-01 10:05:00", "quote", product="IS-80 test", amount="90"),
    # The same visitor two days later, and another device of his.
    event("09-03 10:00:00", "quote", product="IS-80", amount="1500"),
    event("09-04 10:00:00", "quote", "v2", product="IS-80", amount="2000"),
    event("09-05 10:00:00", "identify", "v1", user="li"),
]
#: Options of ``tracker goal add``, and how often the goal is reached.
KINDS: dict[str, tuple[dict[str, Any], int]] = {
    "any form": ({"form": "*"}, 2),
    "inquiry form": ({"form": "inquiry-*"}, 1),
    "any talk": ({"click": "any"}, 3),
    "call": ({"click": "call"}, 1),
    "wechat": ({"click": "wechat"}, 1),
    "whatsapp": ({"click": "whatsapp"}, 1),
    "no mail": ({"click": "mail"}, 0),
    "file": ({"download": "*"}, 2),
    "pdf": ({"download": "**.pdf"}, 1),
    "pdf anywhere": ({"download": "*.pdf"}, 1),
    "one minute": ({"seconds": 60}, 1),
    "deep": ({"depth": 80}, 1),
    "long and deep": ({"seconds": 120, "depth": 85}, 1),
    "too long": ({"seconds": 130}, 0),
    "quotes": ({"event": "quote"}, 4),
    "quotes a visit": ({"event": "quote", "count": "visit"}, 3),
    "quotes a person": ({"event": "quote", "count": "person"}, 2),
    "big quotes": ({"event": "quote", "where": ("amount>=1200",)}, 3),
    "typed quotes": ({"event": "quote", "where": ("amount>=１２００",)}, 3),
    "spaced quotes": ({"event": "quote", "where": ("amount>=1_200",)}, 3),
    "small quotes": ({"event": "quote", "where": ("amount<=1200", "product~IS")}, 2),
    "no tests": ({"event": "quote", "where": ("product!=IS-80 test",)}, 3),
    "exact": ({"event": "quote", "where": ("product=IS-80 test",)}, 1),
    "attention to a page": ({"seconds": 60, "where": ("page=b",)}, 0),
    "attention to pages": ({"seconds": 60, "where": ("page~",)}, 1),
    "big a person": ({"event": "quote", "where": ("amount>=1300",), "count": "person"}, 2),
    "home": ({"path": "/"}, 1),
    "a page at any depth": ({"path": "*/thanks"}, 1),
}


def test_each_kind_of_goal_counts_what_it_says(world: World) -> None:
    ids = {}
    for name, (options, _) in KINDS.items():
        wish = AddGoal(site=world.site.key, name=name, value="10", **options)
        ids[name] = world.run("goal-add", wish)["goal"]
    world.events(EVENTS)
    world.reconcile()
    found = {goal: count for goal, count, _ in world.rows(COUNTED)}
    assert {name: found.get(ids[name], 0) for name in KINDS} == {
        name: count for name, (_, count) in KINDS.items()
    }


def test_once_per_person_follows_the_person_however_late_he_is_known(world: World) -> None:
    world.run("goal-add", AddGoal(site=world.site.key, name="quote", event="quote", count="person"))
    world.events(EVENTS)
    world.reconcile()
    assert [count for _, count, _ in world.rows(COUNTED)] == [2]
    world.events([event("09-06 10:00:00", "identify", "v2", user="li")])
    world.reconcile()
    assert [count for _, count, _ in world.rows(COUNTED)] == [1]
    # An event that comes late and was earlier takes the place of the one that counted.
    world.events([event("08-30 10:00:00", "quote", "v2", product="IS-80", amount="1")])
    world.reconcile()
    assert world.rows(
        "SELECT toString(day), visitor FROM conversions WHERE (day, build) IN "
        "(SELECT day, max(build) FROM slices WHERE kind = 'credits' GROUP BY day)"
    ) == [("2026-08-30", visitor_number("v2"))]


def test_who_is_no_longer_one_person_with_another_has_a_first_of_his_own(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A contact that too many share joins nobody any more: the quote of v2 counts again."""
    monkeypatch.setattr("tracker.conversions.people.SHARED", 2)
    world.run("goal-add", AddGoal(site=world.site.key, name="quote", event="quote", count="person"))
    world.events([event("09-01 10:00", "quote", "v1"), event("09-05 10:00", "quote", "v2")])
    world.events([event(f"09-07 10:0{n}", "identify", f"v{n}", user="li") for n in (1, 2)])
    world.reconcile()
    assert [count for _, count, _ in world.rows(COUNTED)] == [1]
    world.events([event("09-09 10:00", "identify", "v3", user="li")])
    world.reconcile()
    assert [count for _, count, _ in world.rows(COUNTED)] == [2]


def test_goals_apply_to_history_when_they_come_and_when_they_go(world: World) -> None:
    world.events(EVENTS)
    world.reconcile()
    assert world.rows(COUNTED) == []
    world.run(
        "goal-add", AddGoal(site=world.site.key, name="call", click="call", value="5", lookback=30)
    )
    world.reconcile()
    assert [row[1:] for row in world.rows(COUNTED)] == [(1, "5")]
    world.run("goal-remove", RemoveGoal(world.site.key, "call"))
    world.reconcile()
    assert world.rows(COUNTED) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "needs a page or an event"),
        ({"path": "/a", "event": "b"}, "needs a page or an event"),
        ({"event": "a", "seconds": 5}, "needs a page or an event"),
        ({"event": "a", "where": ("amount",)}, "Not a filter: 'amount'"),
        ({"event": "a", "where": ("amount>=many",)}, "Not an amount"),
        ({"event": "a", "count": "often"}, "Unknown count 'often'"),
        ({"event": "a", "lookback": 366}, "lookback is 366 days"),
        ({"event": "a", "value": "5", "event_value": True}, "not both"),
    ],
)
def test_a_goal_that_contradicts_itself_is_refused(
    world: World, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        world.run("goal-add", AddGoal(site=world.site.key, name="a", **options))


def test_a_pattern_of_a_form_is_text_and_no_expression(world: World) -> None:
    goal = world.goal("a", kind="form", pattern="f(1)+[x]")
    assert goal_row(goal)[2].startswith(r"^f\(1\)\+\[x\]")
    assert read_filter(" a b >= 5 ").name == "a b"
