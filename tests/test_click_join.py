"""Visits whose click id leads to their keyword, and visits by somebody else's click or link."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.clicks import tell
from tests.world import HOME, World, ad, at
from tracker.ingest.identity import visitor_number
from tracker.requests.reports import ReportMatch
from tracker.warehouse.client import Warehouse

HEAD = (
    "day,platform,campaign,campaign id,ad group,ad group id,keyword,keyword id,match type,"
    "clicks,impressions,cost\n"
)
DAYS = ("2026-09-01", "2026-10-31")


@pytest.fixture
def world(warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path) -> World:
    return World(warehouse_embedded, sqlite_db, tmp_path)


def spend(world: World, *rows: str) -> None:
    world.spend(HEAD + "".join(f"{row}\n" for row in rows), platform="google")


PUMP = "2026-09-01,google,pumps,11,steel,21,pump,31,exact,1,1,10"
VALVE = "2026-09-01,google,pumps,11,steel,21,valve,32,exact,1,1,10"


def visits_of(world: World) -> dict[str, int]:
    """Visits by keyword, or by the reason in brackets."""
    rows = world.report(*DAYS).rows
    found: dict[str, int] = {}
    for row in rows:
        name = f"({row.reason})" if row.reason else str(row.keyword)
        if row.visits:
            found[name] = found.get(name, 0) + row.visits
    return found


def gclid(click: str, **more: str) -> str:
    return f"{HOME}?gclid={click}" + "".join(f"&{key}={value}" for key, value in more.items())


def match(world: World) -> Any:
    return world.run("report-match", ReportMatch(world.site.key, *DAYS))


def test_a_click_id_alone_leads_to_its_keyword_whenever_the_platform_tells(world: World) -> None:
    spend(world, PUMP, VALVE)
    world.goal("order", kind="event", pattern="order", use_event_value=True)
    order = {"name": "order", "value": "100", "currency": "CNY"}
    world.events(
        [
            at("09-01 10:00", "a", gclid("g1")),
            at("09-02 10:00", "a", **order),
            at("09-01 23:55", "b", gclid("g2")),
            at("09-02 00:05", "b", f"{HOME}more"),
        ]
    )
    world.reconcile()
    assert visits_of(world) == {"(no_tag)": 3, "(not_paid)": 1}
    tell(world, "g1", keyword_id="31")
    tell(world, "g2", keyword_id="32")
    world.reconcile()
    assert visits_of(world) == {"pump": 1, "valve": 2, "(not_paid)": 1}
    earned = {row.keyword: row.conversions for row in world.report(*DAYS).rows}
    assert earned == {"pump": "1", "valve": "0", None: "0"}
    found = match(world)
    assert (found.paid_visits, found.by_id, found.by_click, found.by_tags) == (1.0, 0.0, 1.0, 0.0)


def test_look_ups_that_say_the_same_again_rebuild_nothing(world: World) -> None:
    spend(world, PUMP)
    world.events([at("09-01 10:00", "a", gclid("g1"))])
    tell(world, "g1", keyword_id="31")
    world.reconcile()
    builds = world.rows("SELECT max(build) FROM slices")
    tell(world, "g1", keyword_id="31")
    world.reconcile()
    assert world.rows("SELECT max(build) FROM slices") == builds
    tell(world, "g1", keyword_id="99")
    world.reconcile()
    assert visits_of(world) == {"(unknown_keyword)": 1}


def test_ids_of_the_address_go_before_the_look_up_and_the_look_up_before_tags(
    world: World,
) -> None:
    spend(world, PUMP, VALVE)
    tags = {"utm_source": "google", "utm_medium": "cpc", "utm_term": "pump"}
    world.events(
        [
            at("09-01 10:00", "a", gclid("g1", **tags, hsa_kw="pump", hsa_tgt="kwd-31")),
            at("09-01 10:00", "b", gclid("g2", **tags)),
            at("09-01 10:00", "c", gclid("g3", **tags)),
        ]
    )
    tell(world, "g1", keyword_id="32")
    tell(world, "g2", keyword_id="32")
    world.reconcile()
    assert visits_of(world) == {"pump": 2, "valve": 1}
    found = match(world)
    assert [found.by_id, found.by_click, found.by_tags] == pytest.approx([1 / 3] * 3)


def test_a_look_up_finds_the_keyword_by_its_text_where_the_spend_has_no_ids(world: World) -> None:
    spend(
        world,
        "2026-09-01,google,pumps,,steel,,water  Pump,,exact,1,1,10",
        "2026-09-01,google,pumps,,steel,,water pump,,phrase,1,1,10",
    )
    world.events([at("09-01 10:00", "a", gclid("g1")), at("09-01 10:00", "b", gclid("g2"))])
    tell(world, "g1", keyword_id="31", keyword="Water pump", match_type="phrase")
    tell(world, "g2", keyword_id="31", keyword="Water pump", match_type="broad")
    world.reconcile()
    assert visits_of(world) == {"water pump": 1, "(ambiguous)": 1}


def test_a_click_without_a_keyword_belongs_to_the_row_that_has_its_cost(world: World) -> None:
    spend(
        world,
        PUMP,
        "2026-09-01,google,everything,12,,,performance max,,,5,50,70",
        "2026-09-01,google,pumps,11,,,ai max,,,5,50,20",
    )
    world.events(
        [
            at("09-01 10:00", "a", gclid("g1")),
            at("09-01 10:00", "b", gclid("g2")),
            at("09-01 10:00", "c", ad("", source="google", campaign="everything")),
            at("09-01 10:00", "d", ad("", source="google", campaign="pumps")),
            at("09-01 10:00", "e", gclid("g5", utm_campaign="none", gad_source="1")),
        ]
    )
    tell(world, "g1", campaign_id="12")
    tell(world, "g2", campaign_id="11")
    tell(world, "g5", campaign_id="13")
    world.reconcile()
    rows = {
        (row.kind, row.reason): (row.visits, str(row.cost))
        for row in world.report(*DAYS).rows
        if row.visits
    }
    assert rows == {
        ("unallocated", "pmax"): (2, "70.00"),
        ("unallocated", "ai_max"): (1, "20.00"),
        # Tags with a campaign that has keywords leave it open which of them it was.
        ("unattributed", "no_tag"): (1, "None"),
        ("unattributed", "no_keyword"): (1, "None"),
    }


def test_what_tags_say_of_a_click_without_a_keyword_is_its_reason(world: World) -> None:
    cpc = {"utm_source": "google", "utm_medium": "cpc"}
    address = "&".join(f"{key}={value}" for key, value in cpc.items())
    world.events(
        [
            at("09-01 10:00", "a", f"{HOME}?{address}&matchtype=a&keyword="),
            at("09-01 10:00", "b", f"{HOME}?{address}&network=x"),
            at("09-01 10:00", "c", f"{HOME}?{address}&utm_term=%7Bkeyword%7D"),
            at("09-01 10:00", "d", f"{HOME}?{address}&utm_term=nobody"),
        ]
    )
    world.reconcile()
    assert visits_of(world) == {
        "(ai_max)": 1,
        "(pmax)": 1,
        "(unexpanded_macro)": 1,
        "(unknown_keyword)": 1,
    }


def test_an_old_gclid_in_a_shared_link_takes_no_credit_of_its_keyword(world: World) -> None:
    spend(world, PUMP)
    world.goal("order", kind="event", pattern="order", use_event_value=True)
    order = {"name": "order", "value": "100", "currency": "CNY"}
    link = gclid("g1", utm_source="google", utm_medium="cpc", utm_term="pump")
    world.events(
        [
            at("09-01 10:00", "buyer", link),
            at("09-05 10:00", "colleague", link),
            at("09-05 10:10", "colleague", **order),
            # The buyer comes back by his own bookmark: the click is still his.
            at("09-08 10:00", "buyer", link),
        ]
    )
    world.reconcile()
    assert visits_of(world) == {"pump": 2, "(shared_link)": 1}
    report = world.report(*DAYS)
    earned = {row.reason or row.keyword: row.conversions for row in report.rows}
    assert earned == {"pump": "0", "shared_link": "1"}
    assert report.totals.revenue == "100.00"
    assert {row.reason or row.keyword: row.arrived_clicks for row in report.rows} == {
        "pump": 1,
        "shared_link": 0,
    }
    assert match(world).shared_links == 1


def test_the_first_to_bring_a_click_id_owns_it_in_whatever_order_events_arrive(
    world: World,
) -> None:
    spend(world, PUMP)
    link = gclid("g1", utm_source="google", utm_medium="cpc", utm_term="pump")
    world.events([at("09-05 10:00", "later", link)])
    world.reconcile()
    assert visits_of(world) == {"pump": 1}
    world.events([at("09-01 10:00", "first", link)])
    world.reconcile()
    assert visits_of(world) == {"pump": 1, "(shared_link)": 1}
    builds = "SELECT count() FROM slices WHERE kind = 'visits' AND day = '2026-09-05'"
    assert world.rows(builds) == [(2,)]


def test_a_click_id_is_old_after_ninety_days_or_long_after_the_click_that_was_told(
    world: World,
) -> None:
    world.events(
        [
            at("07-01 10:00", "a", gclid("g1")),
            at("09-29 10:00", "a", gclid("g1")),
            at("09-30 10:00", "a", gclid("g1")),
            at("09-12 10:00", "b", gclid("g2")),
            at("09-11 10:00", "c", gclid("g3")),
        ]
    )
    spend(world, PUMP)
    for click in ("g2", "g3"):
        tell(world, click, day=date(2026, 9, 10), keyword_id="31")
    world.reconcile()
    # g1 is 90 and 91 days old; g2 came two days after its click, g3 within one.
    assert visits_of(world) == {"(no_tag)": 1, "(shared_link)": 2, "pump": 1}


def test_a_click_arrives_once_with_the_visit_that_first_brought_it(world: World) -> None:
    spend(world, PUMP)
    link = gclid("g1", utm_source="google", utm_medium="cpc", utm_term="pump")
    tagged = ad("pump", source="google")
    world.events(
        [
            at("09-05 10:00", "a", link),
            at("09-05 14:00", "a", link),
            at("09-06 10:00", "a", link),
            at("09-05 10:00", "b", tagged),
            at("09-05 10:01", "b", ad("valve", source="google")),
            at("09-05 10:02", "b", tagged),
        ]
    )
    world.reconcile()
    assert world.report("2026-09-05", "2026-09-06").totals.arrived_clicks == 3
    # An earlier visit is heard of late: the later ones are no arrivals any more.
    world.events([at("09-02 10:00", "a", link)])
    world.reconcile()
    days = ("2026-09-02", "2026-09-05", "2026-09-06")
    assert [world.report(day, day).totals.arrived_clicks for day in days] == [1, 2, 0]
    assert world.report("2026-09-02", "2026-09-06").totals.arrived_clicks == 3


def test_a_tagged_link_on_a_page_without_ads_of_the_network_is_no_click(world: World) -> None:
    spend(world, PUMP)
    link = ad("pump", source="google")
    world.events(
        [
            at("09-01 10:00", "a", link),
            at("09-01 10:00", "b", link, referrer="https://www.google.com/"),
            at("09-01 10:00", "c", link, referrer="https://news.example/article"),
            at("09-01 10:00", "d", link, referrer="https://www.zhihu.com/question/1"),
            at("09-01 10:00", "e", link, referrer="https://mail.qq.com/"),
            at("09-01 10:00", "f", link, referrer="https://www.baidu.com/link?url=x"),
        ]
    )
    world.reconcile()
    assert visits_of(world) == {"pump": 3, "(shared_link)": 3}


def anonymous(time: str, url: str) -> dict[str, Any]:
    """A page view without an id, as before consent."""
    line = at(time, url=url)
    del line["visitor"]
    return line


@pytest.mark.parametrize("at_once", [True, False])
def test_a_click_belongs_to_the_visitor_who_consents_on_its_landing_page(
    world: World, at_once: bool
) -> None:
    spend(world, PUMP)
    world.goal("order", kind="event", pattern="order", use_event_value=True)
    landing = ad("pump", source="google", gclid="c1")
    before = [anonymous("09-01 10:00", landing)]
    then = [
        at("09-01 10:01", "v1", landing, name="consent"),
        at("09-01 10:05", "v1", HOME + "cart", name="order", value="100", currency="CNY"),
    ]
    if at_once:
        world.events(before + then)
    else:
        world.events(before)
        world.reconcile()
        world.events(then)
    world.reconcile()
    assert visits_of(world) == {"pump": 1, "(shared_link)": 1}
    totals = {row.keyword: (row.arrived_clicks, row.revenue) for row in world.report(*DAYS).rows}
    assert totals["pump"] == (1, "100.00")
    # An order by telephone finds the click of him who consented, too.
    world.offline("id,stage,date,value,click id\no1,order,2026-09-02,900,c1\n")
    world.reconcile()
    earned = {row.keyword: row.revenue for row in world.report(*DAYS).rows}
    assert earned["pump"] == "1000.00"


def test_who_consents_to_a_link_that_somebody_shared_owns_no_click(world: World) -> None:
    spend(world, PUMP)
    landing = ad("pump", source="google", gclid="c1")
    world.events(
        [
            at("09-01 10:00", "v1", landing),
            at("09-01 10:01", "v2", landing, name="consent"),
            anonymous("09-01 11:00", landing + "2"),
            at("09-01 11:31", "v3", landing + "2", name="consent"),
        ]
    )
    world.reconcile()
    owners = "SELECT visitor FROM visits WHERE NOT shared ORDER BY start"
    known = {visitor_number("v1"): "v1", visitor_number("v3"): "v3"}
    assert [known.get(visitor) for (visitor,) in world.rows(owners)] == ["v1", None]


@pytest.mark.parametrize(
    ("zone", "first", "again", "shared"),
    [
        # 89 days and 23 hours: 91 days of the site's, 90 of UTC.
        ("Pacific/Auckland", "01-01 12:30", "04-01 11:30", 0),
        # 90 days and an hour more: 90 days of the site's.
        ("America/Los_Angeles", "01-02 07:00", "04-02 08:00", 1),
    ],
)
def test_a_click_id_is_old_after_ninety_times_a_day_whatever_the_zone(
    warehouse_embedded: Warehouse,
    sqlite_db: Engine,
    tmp_path: Path,
    zone: str,
    first: str,
    again: str,
    shared: int,
) -> None:
    world = World(warehouse_embedded, sqlite_db, tmp_path, timezone=zone)
    landing = ad("pump", source="google", gclid="c1")
    world.events([at(first, "v1", landing), at(again, "v1", landing)])
    world.reconcile()
    assert world.rows("SELECT countIf(shared) FROM visits") == [(shared,)]
