"""Credit in SQL against the plain reference, over random paths of random people."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.attribution_reference import UNIT, Touch, amounts, weights
from tests.world import HOME, World, ad, at
from tracker.accounts.sites import SiteSettings, update_site
from tracker.commands.sites import site_changed
from tracker.conversions.contact import hash_email
from tracker.ingest.columns import IdentityColumns, Table, line
from tracker.ingest.segments import READY, Names
from tracker.warehouse.client import Warehouse

MODELS = ("first", "last", "last_non_direct", "last_paid", "linear", "position", "time_decay")
CREDITS = """
SELECT conversion_id, position, weight, amount FROM credits
WHERE model = '{model}' AND (day, build) IN
    (SELECT day, max(build) FROM slices WHERE kind = 'credits' GROUP BY day)
ORDER BY conversion_id, position
"""
CONVERSIONS = """
SELECT conversion_id, visitor, time, value FROM conversions WHERE (day, build) IN
    (SELECT day, max(build) FROM slices WHERE kind = 'credits' GROUP BY day)
"""
LOOKBACK = timedelta(days=90)


@pytest.fixture
def world(warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path) -> World:
    return World(warehouse_embedded, sqlite_db, tmp_path)


def random_people(seed: int) -> list[dict[str, Any]]:
    """Forty visitors with up to nine visits of three kinds, and some orders."""
    chance = random.Random(seed)
    lines: list[dict[str, Any]] = []
    start = datetime(2026, 5, 1, tzinfo=UTC)
    for person in range(40):
        moment = start + timedelta(hours=chance.randrange(48))
        for _ in range(chance.randrange(1, 10)):
            moment += timedelta(hours=chance.choice([1, 5, 30, 200, 700]), seconds=person)
            url, referrer = chance.choice(
                [
                    (ad("water pump", bd_vid=f"{chance.randrange(10**9)}"), ""),
                    (HOME, ""),
                    (HOME, "https://www.google.com/"),
                ]
            )
            text = f"{moment:%m-%d %H:%M:%S}"
            lines.append(at(text, f"p{person}", url, referrer=referrer))
            if chance.random() < 0.4:
                value = chance.choice(["0.000001", "100", "99.99", "-20.01"])
                later = f"{moment + timedelta(minutes=1):%m-%d %H:%M:%S}"
                lines.append(at(later, f"p{person}", name="order", value=value, currency="CNY"))
    return lines


@pytest.mark.parametrize("seed", [1, 2])
def test_every_rule_model_agrees_with_the_reference(world: World, seed: int) -> None:
    world.goal("order", kind="event", pattern="order", use_event_value=True)
    world.events(random_people(seed))
    world.reconcile()
    paths = touches_by_visitor(world)
    conversions = world.rows(CONVERSIONS)
    assert len(conversions) > 30
    for model in MODELS:
        found: dict[int, dict[int, tuple[int, int]]] = defaultdict(dict)
        for conversion, position, weight, amount in world.rows(CREDITS.format(model=model)):
            found[conversion][position] = (weight, amount)
        for conversion, visitor, time, value in conversions:
            path = [
                Touch(int((time - start) / timedelta(milliseconds=1)), direct, paid)
                for start, direct, paid in paths[visitor]
                if timedelta(0) <= time - start <= LOOKBACK
            ]
            split = weights(model, path)
            money = amounts(int(value * 10**6), split)
            expected = {
                place + 1: pair
                for place, pair in enumerate(zip(split, money, strict=True))
                if pair[0]
            }
            assert found[conversion] == expected, (model, conversion)
            assert sum(weight for weight, _ in found[conversion].values()) == UNIT


def touches_by_visitor(world: World) -> dict[int, list[tuple[datetime, bool, bool]]]:
    paths = defaultdict(list)
    rows = world.rows(
        "SELECT visitor, start, channel = 'Direct', paid FROM visits WHERE touch AND "
        "(day, bucket, build) IN (SELECT day, bucket, max(build) FROM slices "
        "WHERE kind = 'visits' GROUP BY day, bucket) ORDER BY visitor, start, visit_id"
    )
    for visitor, start, direct, paid in rows:
        paths[visitor].append((start, bool(direct), bool(paid)))
    return paths


def test_a_touch_exactly_as_old_as_the_lookback_counts_and_an_older_one_does_not(
    warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path
) -> None:
    world = World(warehouse_embedded, sqlite_db, tmp_path, lookback_days=7)
    world.goal("order", kind="event", pattern="order")
    world.events(
        [
            at("09-01 10:00:00", "in", ad("water pump")),
            at("09-08 10:00:00", "in", name="order"),
            at("09-01 09:59:59", "out", ad("water pump")),
            at("09-08 10:00:00", "out", name="order"),
        ]
    )
    world.reconcile()
    rows = world.rows(CREDITS.format(model="linear"))
    assert sorted(weight for _, _, weight, _ in rows) == [UNIT // 2, UNIT // 2, UNIT]


def test_the_half_life_is_the_sites_and_a_change_of_it_changes_history(world: World) -> None:
    """By hand: touches a day apart, so that a half-life of one day gives the first 1/2 to 1."""
    world.goal("order", kind="event", pattern="order", use_event_value=True)
    world.events(
        [
            at("09-01 10:00", url=ad("water pump")),
            at("09-02 10:00", url=ad("oil pump")),
            at("09-02 10:05", name="order", value="90", currency="CNY"),
        ]
    )
    world.reconcile()
    seven = [row[2:] for row in world.rows(CREDITS.format(model="time_decay"))]
    assert seven == [(475_264_951, 42_773_846), (524_735_049, 47_226_154)]
    before = world.site
    world.site = update_site(world.db, before.key, settings=SiteSettings(half_life_days=1))
    site_changed(world.parts, before, world.site)
    world.reconcile()
    one = [row[2:] for row in world.rows(CREDITS.format(model="time_decay"))]
    assert one == [(333_333_333, 30_000_000), (666_666_667, 60_000_000)]


def test_a_later_conversion_never_changes_an_earlier_ones_credit(world: World) -> None:
    world.goal("order", kind="event", pattern="order")
    world.events([at("09-01 10:00", url=ad("water pump")), at("09-02 10:00", name="order")])
    world.reconcile()
    before = world.rows(CREDITS.format(model="position"))
    world.events([at("09-05 10:00", url=ad("oil pump")), at("09-05 10:05", name="order")])
    world.reconcile()
    after = world.rows(CREDITS.format(model="position"))
    assert set(before) <= set(after)
    assert len(after) > len(before)


def test_a_conversion_without_any_touch_is_kept_with_its_whole_credit(world: World) -> None:
    world.offline("id,time,stage,value,visitor\no1,2026-09-01T10:00:00Z,order,100,nobody\n")
    world.reconcile()
    rows = world.rows(CREDITS.format(model="last_non_direct"))
    assert [(position, weight, amount) for _, position, weight, amount in rows] == [
        (0, UNIT, 100_000_000)
    ]


def test_a_conversion_of_a_visitor_never_seen_stands_on_the_source_that_it_brought(
    world: World,
) -> None:
    world.spend(
        "day,platform,campaign,keyword,clicks,impressions,cost\n"
        "2026-09-01,baidu,pumps,water pump,10,100,50\n",
        platform="baidu",
    )
    world.offline(
        "id,time,stage,value,visitor,landing_url\n"
        f"o1,2026-09-01T10:00:00Z,order,100,nobody,{ad('water pump').replace(' ', '%20')}\n"
    )
    world.reconcile()
    (row,) = world.report("2026-09-01", "2026-09-01").rows
    assert (row.keyword, row.conversions, row.revenue) == ("water pump", "1", "100.00")


def test_stages_of_a_lead_inherit_the_path_of_the_first(world: World) -> None:
    world.events(
        [
            at("06-01 10:00", url=ad("water pump")),
            at("08-25 10:00", url=ad("oil pump")),
        ]
    )
    world.offline(
        "id,lead,time,stage,value,visitor\n"
        "i1,L1,2026-06-02T10:00:00Z,inquiry,,v1\n"
        "o1,L1,2026-09-01T10:00:00Z,order,5000,v1\n"
    )
    world.reconcile()
    report = world.report("2026-06-01", "2026-09-30", by="conversion", goal="stage:order")
    assert report.totals.revenue == "5000.00"
    touches = world.rows(
        "SELECT DISTINCT toString(touch_day) FROM credits WHERE model = 'linear' AND (day, build) "
        "IN (SELECT day, max(build) FROM slices WHERE kind = 'credits' GROUP BY day)"
    )
    assert touches == [("2026-06-01",)]


def test_a_contact_that_is_loaded_after_its_event_still_joins_the_order(world: World) -> None:
    world.offline("id,time,stage,value,email\no1,2026-09-03T10:00:00Z,order,100,li@pumps.example\n")
    world.events([at("09-01 10:00", "00000000000000aa", ad("water pump"))])
    world.reconcile()
    assert world.rows(CREDITS.format(model="last"))[0][1] == 0
    contact = IdentityColumns(
        site=world.site.key,
        kind="email",
        hash=hash_email("li@pumps.example"),
        visitor=0xAA,
        time="1788257100.000",
    )
    name = f"{Names().next(1788257100000)}.{Table.IDENTITIES}.ndjson"
    (world.parts.settings.spool / READY / name).write_bytes(line(contact))
    world.reconcile()
    assert world.rows(CREDITS.format(model="last"))[0][1] == 1


def test_a_return_from_a_payment_provider_takes_no_credit_from_the_ad(world: World) -> None:
    world.goal("order", kind="event", pattern="order", use_event_value=True)
    world.events(
        [
            at("09-01 10:00", url=ad("water pump")),
            at("09-01 10:50", referrer="https://excashier.alipay.com/pay"),
            at("09-01 10:51", name="order", value="100", currency="CNY"),
        ]
    )
    world.reconcile()
    for model in MODELS:
        ((_, position, weight, amount),) = world.rows(CREDITS.format(model=model))
        assert (position, weight, amount) == (1, UNIT, 100_000_000)
    assert world.rows("SELECT DISTINCT channel FROM visits") == [("Paid Search",)]


@pytest.mark.parametrize("days", [1, 2, 5])
def test_a_return_from_a_payment_provider_days_later_is_no_touch_either(
    world: World, days: int
) -> None:
    world.goal("order", kind="event", pattern="order", use_event_value=True)
    day = f"09-{1 + days:02}"
    world.events(
        [
            at("09-01 10:00", url=ad("water pump")),
            at(f"{day} 10:00", referrer="https://excashier.alipay.com/pay"),
            at(f"{day} 10:01", name="order", value="100", currency="CNY"),
        ]
    )
    world.reconcile()
    for model in MODELS:
        ((_, position, weight, amount),) = world.rows(CREDITS.format(model=model))
        assert (position, weight, amount) == (1, UNIT, 100_000_000)


def test_the_last_paid_click_is_no_shared_link(world: World) -> None:
    world.goal("order", kind="event", pattern="order", use_event_value=True)
    link = ad("valve", source="google", gclid="click-of-b-abcdefgh")
    world.events(
        [
            at("09-01 09:00", "b", link),
            at("09-01 10:00", "a", ad("pump", source="google", gclid="click-of-a-abcdefgh")),
            at("09-02 10:00", "a", link),
            at("09-02 10:05", "a", name="order", value="100", currency="CNY"),
        ]
    )
    world.reconcile()
    places = {model: world.rows(CREDITS.format(model=model))[0][1] for model in MODELS}
    assert places["last_paid"] == 1
    assert places["last_non_direct"] == 2
