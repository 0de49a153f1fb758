"""The same world on the embedded engine and on a server over HTTP: the same bytes."""

from __future__ import annotations

from pathlib import Path

import msgspec
from sqlalchemy import Engine

from tests.world import World, ad, at
from tracker.warehouse.client import Warehouse

SPEND = """Date,Account,Campaign,Ad group,Keyword,Impressions,Clicks,Cost,Currency
2026-09-01,A,Pumps,Steel,steel pump,100,4,20.00,CNY
2026-09-01,B,Pumps,水泵,渣浆泵,33,7,0.33,USD
2026-09-02,A,Pumps,Steel,steel pump,80,1,5.25,CNY
2026-09-02,C,Pumps,Mud,mud pump,7,3,9.99,EUR
2026-08-31,A,Pumps,Mud,mud pump,7,3,1.01,CNY
"""
RATES = "day,base,quote,rate\n2026-09-01,USD,CNY,7.123456789\n2026-09-03,CNY,USD,0.139\n"
ORDERS = "id,time,stage,value,currency,visitor\nA-1,2026-09-03T10:00:00Z,order,900,USD,b\n"
QUESTIONS = (
    {"compare": "previous"},
    {"model": "time_decay", "by": "conversion"},
    {"model": "position", "sort": "keyword", "ascending": True},
    {"search": "泵", "goal": "order", "limit": 2, "offset": 1},
    {"platform": "baidu", "brand": "non_brand", "model": "linear"},
)


def fill(world: World) -> None:
    """Visits, orders and spend with thirds, missing rates and names in two scripts."""
    world.goal("order", kind="event", pattern="order", use_event_value=True)
    world.goal("page", kind="path", pattern="/thanks")
    world.rates(RATES)
    world.spend(SPEND, platform="baidu")
    lines = [at("08-31 10:00", "z", ad("mud pump", campaign="Pumps"))]
    for number, visitor in enumerate("abcdefg"):
        keyword = ("steel pump", "渣浆泵", "mud pump", "nobody")[number % 4]
        lines += [
            at(f"09-01 1{number}:00", visitor, ad(keyword, campaign="Pumps")),
            at(f"09-02 1{number}:00", visitor),
            at(f"09-02 1{number}:05", visitor, ad("steel pump", campaign="Pumps")),
            at(f"09-03 1{number}:00", visitor, name="order", value=f"{number}.37", currency="USD"),
        ]
    lines.append(at("09-02 20:00", "a", "https://pump.example/thanks"))
    world.events(lines)
    world.offline(ORDERS)
    world.reconcile()


def answers(world: World) -> list[bytes]:
    """The answers to all questions as they are printed, without the site's random key."""
    reports = [world.report("2026-09-01", "2026-09-02", **options) for options in QUESTIONS]
    key = world.site.key.encode()
    return [msgspec.json.encode(report).replace(key, b"SITE") for report in reports]


def test_both_forms_give_the_same_bytes(
    warehouse_embedded: Warehouse, warehouse_http: Warehouse, sqlite_db: Engine, tmp_path: Path
) -> None:
    found = []
    for name, warehouse in (("embedded", warehouse_embedded), ("http", warehouse_http)):
        folder = tmp_path / name
        folder.mkdir()
        world = World(warehouse, sqlite_db, folder)
        fill(world)
        found.append(answers(world))
    embedded, http = found
    assert embedded == http
    assert len(set(embedded)) == len(QUESTIONS)
    assert b'"keyword":"\xe6\xb8\xa3\xe6\xb5\x86\xe6\xb3\xb5"' in embedded[0]
