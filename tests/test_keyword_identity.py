"""Which keyword a visit belongs to, and what the match quality says about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine

from tests.report_tables import by_name
from tests.world import HOME, World, ad, at
from tracker.requests.reports import ReportMatch
from tracker.warehouse.client import Warehouse

HEAD = (
    "day,platform,campaign,campaign id,ad group,ad group id,keyword,keyword id,"
    "clicks,impressions,cost\n"
)
DAYS = ("2026-09-01", "2026-09-30")


@pytest.fixture
def world(warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path) -> World:
    return World(warehouse_embedded, sqlite_db, tmp_path)


def spend(world: World, *rows: str) -> None:
    world.spend(HEAD + "".join(f"{row}\n" for row in rows), platform="baidu")


def visits_of(world: World) -> dict[str, int]:
    return {name: row["visits"] for name, row in by_name(world.report(*DAYS)).items()}


def test_names_are_compared_without_regard_to_case_width_and_spaces_but_not_script(
    world: World,
) -> None:
    spend(
        world,
        "2026-09-01,baidu,Pumps,,Steel,,Water Pump,,1,1,10",
        "2026-09-01,baidu,Pumps,,Steel,,水泵价格,,1,1,10",
    )
    wide = "ＷＡＴＥＲ　pump"
    world.events(
        [
            at("09-01 10:00", "a", ad(wide, campaign="PUMPS")),
            at("09-01 10:00", "b", ad("water%20%20pump", campaign="pumps")),
            at("09-01 10:00", "c", ad("水泵價格", campaign="pumps")),
        ]
    )
    world.reconcile()
    found = visits_of(world)
    assert found["Water Pump"] == 2
    assert found["水泵价格"] == 0
    assert found["(unknown_keyword)"] == 1


def test_the_same_text_in_two_campaigns_needs_the_campaign_tag(world: World) -> None:
    spend(
        world,
        "2026-09-01,baidu,one,,g,,pump,,1,1,10",
        "2026-09-01,baidu,two,,g,,pump,,1,1,10",
    )
    world.events(
        [
            at("09-01 10:00", "a", ad("pump", campaign="two")),
            at("09-01 10:00", "b", f"{HOME}?utm_source=baidu&utm_medium=cpc&utm_term=pump"),
        ]
    )
    world.reconcile()
    rows = [
        (row.campaign, row.reason, row.visits) for row in world.report(*DAYS).rows if row.visits
    ]
    assert sorted(rows, key=str) == [("two", None, 1), (None, "ambiguous", 1)]


def test_a_campaign_renamed_later_is_found_by_the_name_it_had_unless_another_has_it_now(
    world: World,
) -> None:
    spend(
        world,
        "2026-09-01,baidu,old name,11,g,21,pump,31,1,1,10",
        "2026-09-02,baidu,new name,11,g,21,pump,31,1,1,10",
        "2026-09-01,baidu,first,12,g,22,valve,32,1,1,10",
        "2026-09-02,baidu,second,12,g,22,valve,32,1,1,10",
        "2026-09-02,baidu,first,13,g,23,valve,33,1,1,20",
    )
    world.events(
        [
            at("09-01 10:00", "a", ad("pump", campaign="new name")),
            at("09-01 10:00", "b", ad("pump", campaign="old name")),
            at("09-01 10:00", "c", ad("pump", campaign="no name")),
            at("09-03 10:00", "d", ad("valve", campaign="first")),
        ]
    )
    world.reconcile()
    found = {
        (row.campaign, row.keyword or row.reason): row.visits for row in world.report(*DAYS).rows
    }
    assert found == {
        ("new name", "pump"): 2,
        (None, "unknown_keyword"): 1,
        ("first", "valve"): 1,
        ("second", "valve"): 0,
    }


def keywords_of(world: World) -> dict[tuple[Any, ...], tuple[str, int]]:
    """Cost and visits by (campaign, ad group, keyword or reason)."""
    return {
        (row.campaign, row.ad_group, row.keyword or row.reason): (str(row.cost), row.visits)
        for row in world.report(*DAYS).rows
    }


def test_a_keyword_moved_to_another_ad_group_keeps_its_history_where_its_id_stays(
    world: World,
) -> None:
    spend(
        world,
        "2026-09-01,baidu,pumps,11,steel,21,pump,31,1,1,10",
        "2026-09-02,baidu,pumps,11,steel,21,pump,31,1,1,10",
        "2026-09-02,baidu,pumps,11,brass,22,pump,31,1,1,5",
        "2026-09-03,baidu,pumps,11,brass,22,pump,31,1,1,20",
        # The same id in two ad groups at the same time is no move.
        "2026-09-01,baidu,pumps,11,steel,21,valve,32,1,1,1",
        "2026-09-03,baidu,pumps,11,steel,21,valve,32,1,1,1",
        "2026-09-02,baidu,pumps,11,brass,22,valve,32,1,1,2",
    )
    world.events(
        [
            at("09-01 10:00", "a", ad("pump", utm_adgroup="steel", keywordid="31")),
            at("09-01 11:00", "b", ad("pump", hm_kw="pump", campaign="pumps")),
            at("09-03 10:00", "c", ad("pump")),
        ]
    )
    world.reconcile()
    assert keywords_of(world) == {
        ("pumps", "brass", "pump"): ("45.00", 3),
        ("pumps", "steel", "valve"): ("2.00", 0),
        ("pumps", "brass", "valve"): ("2.00", 0),
    }


def test_a_keyword_deleted_and_created_again_is_one_and_two_at_a_time_are_two(
    world: World,
) -> None:
    spend(
        world,
        "2026-09-01,baidu,pumps,11,steel,21,pump,31,1,1,10",
        "2026-09-05,baidu,pumps,11,steel,21,pump,39,1,1,20",
        "2026-09-01,baidu,pumps,11,steel,21,valve,41,1,1,1",
        "2026-09-03,baidu,pumps,11,steel,21,valve,42,1,1,2",
        "2026-09-05,baidu,pumps,11,steel,21,valve,41,1,1,1",
    )
    # A report without ids of a day between belongs to the same keyword.
    spend(world, "2026-09-04,baidu,pumps,,steel,,pump,,1,1,7")
    world.events([at("09-01 10:00", "a", ad("pump")), at("09-01 10:00", "b", ad("valve"))])
    world.reconcile()
    costs = sorted(
        (row.keyword or row.reason, row.cost, row.visits) for row in world.report(*DAYS).rows
    )
    assert costs == [
        ("ambiguous", None, 1),
        ("pump", "37.00", 1),
        ("valve", "2.00", 0),
        ("valve", "2.00", 0),
    ]


def test_an_id_that_comes_without_its_ad_group_now_and_then_stays_the_keyword_with_both(
    world: World,
) -> None:
    spend(
        world,
        "2026-09-01,baidu,pumps,11,steel,21,valve,41,1,1,1",
        "2026-09-02,baidu,pumps,11,steel,,valve,41,1,1,2",
        "2026-09-03,baidu,pumps,11,steel,21,valve,41,1,1,4",
        "2026-09-05,baidu,pumps,11,steel,21,valve,49,1,1,8",
        # What seems to be created again is a keyword of another ad group.
        "2026-09-01,baidu,pumps,11,steel,21,pump,31,1,1,10",
        "2026-09-03,baidu,pumps,11,steel,,pump,39,1,1,20",
        "2026-09-05,baidu,pumps,11,brass,22,pump,39,1,1,40",
    )
    spend(world, "2026-09-04,baidu,pumps,,steel,,valve,,1,1,16")
    world.reconcile()
    assert keywords_of(world) == {
        ("pumps", "steel", "valve"): ("31.00", 0),
        ("pumps", "steel", "pump"): ("10.00", 0),
        ("pumps", "brass", "pump"): ("60.00", 0),
    }


def test_the_match_quality_says_how_visits_and_cost_were_found(world: World) -> None:
    spend(
        world,
        "2026-09-01,baidu,one,,g,,pump,,1,1,30",
        "2026-09-01,baidu,one,,g,,valve,,1,1,10",
    )
    world.events(
        [
            at("09-01 10:00", "a", ad("pump", campaign="one", bd_vid="click1")),
            at("09-02 10:00", "b", ad("pump", campaign="one", bd_vid="click1")),
            at("09-02 10:00", "c", ad("nobody knows", campaign="one")),
            at("09-02 10:00", "d", f"{HOME}?bd_vid=x2"),
            at("09-02 11:00", "e", HOME),
        ]
    )
    world.reconcile()
    found = world.run("report-match", ReportMatch(world.site.key, *DAYS))
    assert (found.paid_visits, found.by_id, found.by_tags) == (0.25, 0.0, 0.25)
    assert found.shared_links == 1
    assert found.cost == 0.75
    outcomes = {(one.method or one.reason): one.visits for one in found.visits}
    assert outcomes == {"tags": 1, "shared_link": 1, "unknown_keyword": 1, "no_tag": 1}
    assert [(one["method"], one["cost"]) for one in msgspec.to_builtins(found.costs)] == [
        *(("tags", "30.00"), (None, "10.00"))
    ]


def test_what_a_platform_gives_to_no_keyword_has_none_in_coverage_either(world: World) -> None:
    world.spend(
        "day,campaign,keyword,match type,clicks,impressions,cost\n"
        "2026-09-01,all,--,Performance Max,1,1,30\n2026-09-01,pumps,pump,exact,1,1,10\n",
        platform="google",
    )
    world.events(
        [
            at("09-01 10:00", "a", f"{HOME}?utm_source=google&utm_medium=cpc&utm_campaign=all"),
            at("09-01 10:00", "b", ad("pump", source="google")),
        ]
    )
    world.reconcile()
    assert visits_of(world) == {"(pmax)": 1, "pump": 1}
    found = world.run("report-match", ReportMatch(world.site.key, *DAYS))
    coverage = world.report(*DAYS).coverage
    assert (found.paid_visits, found.cost) == (0.5, 0.25)
    assert (coverage.paid_visits, coverage.cost) == (0.5, 0.25)


def test_a_paid_visit_that_goes_on_past_midnight_is_one_in_coverage_too(world: World) -> None:
    world.spend(
        "day,campaign,keyword,clicks,impressions,cost\n2026-09-01,pumps,pump,1,1,10\n",
        platform="baidu",
    )
    world.events(
        [
            at("09-01 23:50", "a", ad("pump")),
            at("09-02 00:05", "a", HOME),
            at("09-01 10:00", "b", ad("nobody knows")),
        ]
    )
    world.reconcile()
    found = world.run("report-match", ReportMatch(world.site.key, *DAYS))
    assert (found.paid_visits, world.report(*DAYS).coverage.paid_visits) == (0.5, 0.5)


def test_a_period_without_ads_has_no_match_quality(world: World) -> None:
    world.events([at("09-01 10:00", "a", HOME)])
    world.reconcile()
    found = world.run("report-match", ReportMatch(world.site.key, *DAYS))
    assert (found.paid_visits, found.cost, found.visits, found.costs) == (None, None, [], [])
