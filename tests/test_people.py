"""Who is who: visitors joined into people by contacts and decisions, in any order of arrival."""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.world import World, ad, at
from tracker.conversions.contact import hash_email, hash_user
from tracker.conversions.people import (
    SHARED,
    Contact,
    Decision,
    members,
    refresh,
    visitor_name,
)
from tracker.ingest.identity import visitor_number
from tracker.reports import people
from tracker.requests.people import Person
from tracker.warehouse.client import Warehouse

PERSONS = "SELECT visitor, argMax(person, version) FROM person_members GROUP BY visitor"


@pytest.fixture
def world(warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path) -> World:
    return World(warehouse_embedded, sqlite_db, tmp_path)


def contact(number: int) -> str:
    return hash_user(f"user {number}")


def persons_by_force(
    edges: Iterable[tuple[int, str]], links: Iterable[tuple[int, str, bool]], visitors: range
) -> dict[int, int]:
    """The plain reference: spread the smallest number until nothing changes."""
    edges, standing = set(edges), {}
    for visitor, other, joined in links:
        standing[frozenset((visitor_name(visitor), other))] = joined
    near = []
    for one, two in combinations(visitors, 2):
        shared = {
            node
            for visitor, node in edges
            if visitor == one
            and (two, node) in edges
            and standing.get(frozenset((visitor_name(one), node)), True)
            and standing.get(frozenset((visitor_name(two), node)), True)
        }
        if shared or standing.get(frozenset((visitor_name(one), visitor_name(two)))):
            near.append((one, two))
    person = {visitor: visitor for visitor in visitors}
    for _ in visitors:
        for one, two in near:
            person[one] = person[two] = min(person[one], person[two])
    return person


@pytest.mark.parametrize("seed", range(3))
def test_people_are_the_same_in_whatever_order_facts_arrive(
    warehouse_embedded: Warehouse, seed: int
) -> None:
    chance = random.Random(seed)
    visitors = range(2**63, 2**63 + 9)
    edges = [(chance.choice(visitors), contact(chance.randrange(6))) for _ in range(9)]
    links: list[tuple[int, str, bool]] = []
    for _ in range(5):
        visitor = chance.choice(visitors)
        others = [visitor_name(v) for v in visitors if v != visitor] + [
            contact(n) for n in range(6)
        ]
        links.append((visitor, chance.choice(others), chance.random() < 0.5))
    expected = persons_by_force(edges, links, visitors)
    for order in range(3):
        site = f"s{seed}{order}"
        facts: list[int] = [*range(len(edges) + len(links))]
        chance.shuffle(facts)
        while facts:
            step = chance.randrange(1, 5)
            some, facts = facts[:step], facts[step:]
            for fact in some:
                if fact < len(edges):
                    add_contact(warehouse_embedded, site, *edges[fact])
                else:
                    link = links[fact - len(edges)]
                    add_link(warehouse_embedded, site, *link, version=fact)
            refresh(warehouse_embedded, [site], 100 - len(facts))
            assert refresh(warehouse_embedded, [site], 101 - len(facts)) == set()
        found = dict(
            warehouse_embedded.rows(
                "SELECT visitor, argMax(person, version) FROM person_members "
                "WHERE site = {site:String} GROUP BY visitor",
                {"site": site},
            )
        )
        assert {v: found.get(v, v) for v in visitors} == expected, (seed, order)


def add_contact(warehouse: Warehouse, site: str, visitor: int, node: str) -> None:
    warehouse.execute(
        "INSERT INTO identities "
        "SELECT {site:String}, 'user', {node:String}, {visitor:UInt64}, now()",
        {"site": site, "node": node, "visitor": visitor},
    )


def add_link(
    warehouse: Warehouse, site: str, visitor: int, other: str, joined: bool, *, version: int
) -> None:
    warehouse.execute(
        "INSERT INTO person_links SELECT {site:String}, {visitor:UInt64}, {other:String}, "
        "{joined:Bool}, {version:UInt64}, now(), 'test'",
        {"site": site, "visitor": visitor, "other": other, "joined": joined, "version": version},
    )


def test_a_contact_that_too_many_share_joins_nobody() -> None:
    shared = [Contact(number, contact(1), SHARED + 1) for number in (1, 2)]
    own = [Contact(number, contact(2), 2) for number in (2, 3)]
    found = {row.visitor: row.person for row in members([1, 2, 3], shared + own, [])}
    assert found == {1: 1, 2: 2, 3: 2}


def test_the_latest_decision_about_a_pair_stands_whichever_is_named_first() -> None:
    joined = Decision(5, visitor_name(4), joined=True, version=1)
    apart = Decision(4, visitor_name(5), joined=False, version=2)
    assert {row.person for row in members([4, 5], [], [apart, joined])} == {4, 5}
    again = Decision(4, visitor_name(5), joined=True, version=3)
    assert {row.person for row in members([4, 5], [], [again, apart, joined])} == {4}


def test_a_third_device_joins_two_that_had_nothing_in_common(world: World) -> None:
    """Phone and desk know different contacts of one man; the third device knows both."""
    world.goal("order", kind="event", pattern="order")
    world.events(
        [
            at("09-01 10:00", "phone", ad("water pump")),
            at("09-01 10:01", "phone", name="identify", props={"email": "li@pumps.example"}),
            at("09-02 10:00", "desk", name="order"),
            at("09-02 10:01", "desk", name="identify", props={"user": "li"}),
        ]
    )
    world.reconcile()
    assert world.report("2026-09-01", "2026-09-30").totals.conversions == "1"
    assert touch_days(world) == [("2026-09-02",)]
    world.events(
        [
            at(
                "09-20 10:00",
                "tablet",
                name="identify",
                props={"email": "LI@pumps.example", "user": "li"},
            )
        ]
    )
    world.reconcile()
    numbers = [visitor_number(name) for name in ("phone", "desk", "tablet")]
    assert dict(world.rows(PERSONS)) == dict.fromkeys(numbers, min(numbers))
    assert touch_days(world) == [("2026-09-01",)]


def test_the_first_touch_of_a_person_is_his_first_however_many_visits_are_shown(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.events([at("09-01 10:00", "v1", ad("water pump"))])
    world.events([at(f"09-{day:02} 10:00", "v1") for day in range(2, 6)])
    world.reconcile()
    monkeypatch.setattr(people, "MOST_VISITS", 3)
    shown = world.run("person-show", Person(world.site.key, visitor_name(visitor_number("v1"))))
    assert (len(shown["visits"]), shown["truncated"]) == (3, ["visits"])
    assert shown["first_touch"]["start"].startswith("2026-09-01")
    assert shown["first_touch"]["keyword"] == "water pump"
    assert shown["last_touch"] == shown["visits"][0]


def touch_days(world: World) -> list[tuple[str]]:
    return world.rows(
        "SELECT DISTINCT toString(touch_day) FROM credits WHERE model = 'first' AND (day, build) "
        "IN (SELECT day, max(build) FROM slices WHERE kind = 'credits' GROUP BY day)"
    )


#: Column of the file, its value, and the event that comes later and must be found by it.
LATER: list[tuple[str, str, dict[str, Any]]] = [
    ("visitor", "v9", {}),
    ("click_id", "abc12345678", {"url": ad("water pump", bd_vid="abc12345678")}),
    ("visit_code", "K3F7", {"code": "K3F7"}),
    ("email", "li@pumps.example", {"name": "identify", "props": {"email": "LI@pumps.example"}}),
    ("phone", "+86 138 0013 8000", {"name": "identify", "props": {"phone": "008613800138000"}}),
    ("user", "li-7", {"name": "identify", "props": {"user": "li-7"}}),
    ("web_order", "W-1", {"name": "order", "props": {"order_id": "W-1"}}),
]


@pytest.mark.slow
def test_an_unmatched_conversion_is_matched_by_whatever_comes_later(world: World) -> None:
    columns = ",".join(name for name, _, _ in LATER)
    rows = []
    for place, (name, value, _) in enumerate(LATER):
        cells = ["" if other != name else value for other, _, _ in LATER]
        rows.append(f"o{place},2026-09-03T10:00:00Z,order,100," + ",".join(cells))
    world.offline(f"id,time,stage,value,{columns}\n" + "\n".join(rows) + "\n")
    world.reconcile()
    assert {matched for _, matched in found_by(world)} == {"none", "visitor"}
    for place, (_, _, event) in enumerate(LATER):
        visitor = "v9" if place == 0 else f"later{place}"
        more: dict[str, Any] = {"url": ad("water pump")} | event
        # The visit itself, and what tells it, weeks after the order came in.
        world.events([at(f"09-01 10:0{place}", visitor, **more)])
        world.reconcile()
    wanted = ["visitor", "click_id", "code", "email", "phone", "user", "order_id"]
    assert found_by(world) == [(f"o{place}", way) for place, way in enumerate(wanted)]
    assert touch_days(world) == [("2026-09-01",)]


def found_by(world: World) -> list[tuple[str, str]]:
    return world.rows(
        "SELECT external_id, matched FROM conversions WHERE origin = 'offline' AND (day, build) IN "
        "(SELECT day, max(build) FROM slices WHERE kind = 'credits' GROUP BY day) "
        "ORDER BY external_id"
    )


def test_a_contact_hash_given_ready_made_meets_the_plain_one() -> None:
    assert hash_email(hash_email("Li@Pumps.example").upper()) == hash_email("li@pumps.example")
