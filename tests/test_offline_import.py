"""Importing offline conversions: what is stored, what is marked, and whose the orders become."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.world import World, ad, at
from tracker.accounts import marks
from tracker.accounts.goals import list_goals
from tracker.conversions.offline import OfflineDeps, OfflineOptions, OfflineReport, import_offline
from tracker.errors import InvalidInput
from tracker.ingest.classify import SiteRules, classify
from tracker.ingest.identity import visitor_number
from tracker.reports.result import KeywordReport
from tracker.warehouse.client import Warehouse

HEADER = (
    "Time,Stage,Value,Currency,ID,Lead,"
    "Visitor,Click ID,Visit code,Landing URL,Email,Platform,Keyword"
)
ORDER = "2026-09-02 10:00,order,500,CNY,SO-1,,v1,,,,,,"


@pytest.fixture
def world(sqlite_db: Engine, warehouse_embedded: Warehouse, tmp_path: Path) -> World:
    """A site in Shanghai, so that a local day is no UTC day."""
    return World(warehouse_embedded, sqlite_db, tmp_path, timezone="Asia/Shanghai")


Run = Callable[..., OfflineReport]


@pytest.fixture
def orders(world: World) -> Run:
    """Import rows under ``HEADER``."""
    deps = OfflineDeps(
        world.warehouse,
        world.db,
        visitor_number,
        lambda url: classify(url, "", SiteRules(domains=world.site.domains)),
        world.clock,
    )

    def run(*rows: str, header: str = HEADER, **options: Any) -> OfflineReport:
        path = Path(world.file("orders.csv", "\n".join([header, *rows]) + "\n"))
        return import_offline(deps, world.site, path, OfflineOptions(**options))

    return run


def dirty(world: World) -> set[tuple[str, date]]:
    """What is marked; it is taken as done."""
    taken = marks.take(world.db, 999, 999)
    marks.clear(world.db, taken)
    return {(mark.slice.kind, mark.slice.day) for mark in taken}


def stored(world: World) -> list[dict[str, Any]]:
    """The latest version of each conversion."""
    return world.warehouse.dicts(
        "SELECT * FROM offline_conversions ORDER BY external_id, version DESC "
        "LIMIT 1 BY external_id"
    )


def by_keyword(report: KeywordReport) -> dict[str | None, tuple[str, str | None]]:
    """Keyword (or the reason for none) to conversions and revenue."""
    return {
        row.keyword or row.reason: (row.conversions, row.revenue)
        for row in report.rows
        if row.conversions != "0"
    }


def test_an_order_is_stored_as_it_was_given(world: World, orders: Run) -> None:
    report = orders(ORDER)
    assert (report.rows, report.added, report.changed, report.version) == (1, 1, True, 1)
    assert (report.first, report.last) == ("2026-09-02", "2026-09-02")
    (stage,) = report.stages
    assert (stage.stage, stage.currency, stage.rows, stage.value) == ("order", "CNY", 1, "500.00")
    (row,) = stored(world)
    assert row["time"] == datetime(2026, 9, 2, 2, 0, tzinfo=UTC)
    assert (row["stage"], row["value"], row["currency"]) == ("order", Decimal(500), "CNY")
    assert row["visitor"] == visitor_number("v1")
    assert dirty(world) == {("credits", date(2026, 9, 2))}


def test_the_same_file_again_changes_nothing(world: World, orders: Run) -> None:
    orders(ORDER, "2026-09-03,order,1,USD,SO-2,L,,,,,a@b.example,,")
    dirty(world)
    again = orders("2026-09-03,order,1.00,usd,SO-2,L,,,,,A@B.example,,", ORDER)
    assert (again.changed, again.unchanged, again.version) == (False, 2, None)
    assert dirty(world) == set()
    assert world.rows("SELECT count() FROM offline_conversions") == [(2,)]


def test_a_changed_row_is_a_new_version_and_marks_its_old_day_and_its_new_one(
    world: World, orders: Run
) -> None:
    orders(ORDER)
    dirty(world)
    report = orders(ORDER.replace("09-02 10:00", "09-05 10:00"))
    assert (report.added, report.replaced) == (0, 1)
    assert dirty(world) == {("credits", date(2026, 9, 2)), ("credits", date(2026, 9, 5))}
    (row,) = stored(world)
    assert row["time"].day == 5


def test_the_other_stages_of_a_lead_are_marked_with_it(world: World, orders: Run) -> None:
    orders(
        "2026-09-01 10:00,inquiry,,,I-1,L1,v1,,,,,,",
        "2026-09-20 10:00,order,500,CNY,O-1,L1,v1,,,,,,",
        "2026-09-22 10:00,inquiry,,,I-2,L2,v2,,,,,,",
    )
    dirty(world)
    orders("2026-09-20 10:00,order,600,CNY,O-1,L1,v1,,,,,,")
    assert {day.day for _, day in dirty(world)} == {1, 20}
    orders("2026-09-20 10:00,order,600,CNY,O-1,L2,v1,,,,,,")
    assert {day.day for _, day in dirty(world)} == {1, 20, 22}


def test_a_row_with_a_day_only_stands_at_the_end_of_that_local_day(
    world: World, orders: Run
) -> None:
    orders("2026-09-02,order,500,CNY,SO-1,,v1,,,,,,")
    (row,) = stored(world)
    assert row["time"] == datetime(2026, 9, 2, 15, 59, 59, 999_000, tzinfo=UTC)
    assert dirty(world) == {("credits", date(2026, 9, 2))}


def test_contacts_are_stored_as_hashes_only(world: World, orders: Run) -> None:
    orders("2026-09-02,order,500,CNY,SO-1,,,,,,Li@Pumps.example,,")
    (row,) = stored(world)
    assert len(row["email_hash"]) == 64
    assert "pumps.example" not in str(row).lower()


def test_a_removed_row_withdraws_an_earlier_one(world: World, orders: Run) -> None:
    header = f"{HEADER},Removed"
    orders(ORDER)
    report = orders(f"{ORDER},yes", header=header)
    assert (report.removed, report.replaced) == (1, 0)
    assert not orders(f"{ORDER},yes", header=header).changed
    assert by_keyword(world.report("2026-09-01", "2026-09-30")) == {}
    assert orders(f"{ORDER},", header=header).added == 1


def test_a_removed_row_that_was_never_there_changes_nothing(world: World, orders: Run) -> None:
    assert not orders(f"{ORDER},yes", header=f"{HEADER},Removed").changed
    assert stored(world) == []


def test_a_value_without_currency_is_in_the_sites(world: World, orders: Run) -> None:
    orders("2026-09-02,order,500,,SO-1,,v1,,,,,,", "2026-09-02,call,,,SO-2,,v1,,,,,,")
    assert [row["currency"] for row in stored(world)] == ["CNY", ""]


def test_a_landing_url_is_classified_into_the_touch_that_it_brings(
    world: World, orders: Run
) -> None:
    url = ad("slurry pump", campaign="Mud") + "&bd_vid=abc12345678"
    orders(f"2026-09-02,order,500,CNY,SO-1,,,,,{url},,,")
    (row,) = stored(world)
    assert (row["platform"], row["channel"], row["campaign"]) == ("baidu", "Paid Search", "Mud")
    assert (row["keyword"], row["click_id"]) == ("slurry pump", "abc12345678")
    assert row["landing_url"] == url


def test_ids_given_directly_are_the_platform_supplied_touch(world: World, orders: Run) -> None:
    orders("2026-09-02,order,500,CNY,SO-1,,,,,,,Google,slurry pump")
    (row,) = stored(world)
    assert (row["platform"], row["channel"], row["medium"]) == ("google", "Paid Search", "cpc")
    assert (row["source"], row["keyword"]) == ("google", "slurry pump")


def test_a_keyword_without_platform_means_the_only_one_that_the_site_uses(
    world: World, orders: Run
) -> None:
    row = "2026-09-02,order,500,CNY,SO-1,,,,,,,,slurry pump"
    assert "no platform" in orders(row).warnings[0]
    spend = "Date,Campaign,Ad group,Keyword,Impressions,Clicks,Cost\n2026-09-01,A,g,pump,1,1,2\n"
    world.spend(spend, platform="baidu")
    assert orders(row).warnings == []
    assert stored(world)[0]["platform"] == "baidu"


SPEND = (
    "day,platform,campaign,ad group,keyword,match type,clicks,impressions,cost\n"
    "2026-09-01,baidu,pumps,g,water pump,exact,1,10,10\n"
    "2026-09-01,baidu,pumps,g,water pump,phrase,1,10,20\n"
)


@pytest.mark.parametrize("written", ["百度", "百度推广", " Baidu "])
def test_a_platform_is_known_by_what_pages_and_people_call_it(
    written: str, world: World, orders: Run
) -> None:
    world.spend(SPEND.replace(",phrase", ",exact"), platform="baidu")
    report = orders(f"2026-09-02,order,500,CNY,SO-1,,,,,,,{written},water pump")
    assert report.warnings == []
    world.reconcile()
    found = world.report("2026-09-01", "2026-09-30", by="conversion")
    assert by_keyword(found) == {"water pump": ("1", "500.00")}


def test_a_platform_that_nobody_knows_is_kept_with_a_warning_by_line(
    world: World, orders: Run
) -> None:
    head = "2026-09-02,order,500,CNY"
    rows = [f"{head},SO-{n},,,,,,,百度快车,water pump" for n in range(12)]
    report = orders(*rows, f"{head},SO-77,,,,,,,meta,pump", f"{head},SO-78,,,,,,,google,pump")
    assert report.warnings == [
        "'百度快车' is no platform from which visits are recognised (lines 2, 3, 4, 5, 6, 7, 8, 9, "
        "10, 11 and 2 more). Check the column Platform.",
        "'meta' is no platform from which visits are recognised (lines 14). "
        "Check the column Platform.",
    ]
    assert {row["platform"] for row in stored(world)} == {"google", "meta", "百度快车"}
    spend = "Date,Campaign,Ad group,Keyword,Impressions,Clicks,Cost\n2026-09-01,A,g,pump,1,1,2\n"
    world.spend(spend, platform="meta")
    assert orders(f"{head},SO-79,,,,,,,meta,pump").warnings == []


@pytest.mark.parametrize("written", ["Exact match", "精确匹配", "EXACT", "e", "1", "exact"])
def test_a_match_type_is_read_as_in_spend_and_in_landing_urls(
    written: str, world: World, orders: Run
) -> None:
    world.spend(SPEND, platform="baidu")
    header = "Day,Stage,ID,Value,Campaign,Ad group,Keyword,Match type"
    orders(f"2026-09-02,order,a,500,pumps,g,water pump,{written}", header=header)
    assert stored(world)[0]["match_type"] == "exact"
    world.reconcile()
    rows = world.report("2026-09-01", "2026-09-30", by="conversion").rows
    earned = {(row.keyword, row.match_type) for row in rows if row.conversions != "0"}
    assert earned == {("water pump", "exact")}


def test_a_match_type_of_no_known_word_stays_as_it_is(world: World, orders: Run) -> None:
    header = "Day,Stage,ID,Platform,Keyword,Match type"
    orders("2026-09-02,order,a,google,water pump,1", header=header)
    assert stored(world)[0]["match_type"] == "1"


def test_a_row_that_withdraws_another_needs_no_contact(world: World, orders: Run) -> None:
    orders("2026-09-02,order,a,a@b.example", header="Day,Stage,ID,E-mail")
    report = orders("2026-09-02,order,a,yes", header="Day,Stage,ID,Removed")
    assert (report.removed, stored(world)[0]["removed"]) == (1, True)


def test_a_stage_is_kept_as_it_is_written(world: World, orders: Run) -> None:
    world.goal("Order", kind="event", pattern="order")
    orders("2026-09-02, signed  ORDER ,500,CNY,SO-1,,v1,,,,,,")
    assert stored(world)[0]["stage"] == "signed ORDER"
    assert [goal.name for goal in list_goals(world.db, world.site.key)] == ["Order"]


def test_a_dry_run_counts_and_changes_nothing(world: World, orders: Run) -> None:
    report = orders(ORDER, dry_run=True)
    assert (report.added, report.changed, report.dry_run, report.version) == (1, True, True, None)
    assert stored(world) == []
    assert dirty(world) == set()


def test_every_bad_cell_is_named_and_nothing_is_imported(world: World, orders: Run) -> None:
    bad = "soon,order,lots,CNY,SO-2,,v1,,,,,,"
    with pytest.raises(InvalidInput) as refused:
        orders(ORDER, bad)
    assert "line 3, column Time" in str(refused.value)
    assert "line 3, column Value" in str(refused.value)
    assert stored(world) == []
    report = orders(ORDER, bad, skip_bad_rows=True)
    assert (report.rows, report.skipped, len(report.problems)) == (1, 1, 2)
    assert [row["external_id"] for row in stored(world)] == ["SO-1"]


def test_a_file_in_many_portions_is_compared_whole(
    orders: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.conversions.offline.CHUNK", 7)
    rows = [f"2026-09-{n % 28 + 1:02d},order,{n},CNY,SO-{n},L{n % 5},v1,,,,,," for n in range(60)]
    assert orders(*rows).added == 60
    assert orders(*reversed(rows)).unchanged == 60
    report = orders(*rows[:30], "2026-09-01,order,1,CNY,SO-31,,v1,,,,,,")
    assert (report.unchanged, report.replaced) == (30, 1)


def test_an_order_signed_by_hand_has_its_keyword(world: World) -> None:
    """An inquiry by visit code in September, its order two months later, through the commands."""
    world.spend(
        "Date,Campaign,Ad group,Keyword,Impressions,Clicks,Cost\n"
        "2026-09-01,pumps,g,steel pump,100,4,50.00\n",
        platform="baidu",
    )
    world.events([at("09-01 02:00", "v1", ad("steel pump")), at("09-01 02:05", "v1")])
    world.offline(
        "Time,Stage,Value,Currency,ID,Lead,Visitor\n"
        "2026-09-01 12:00,inquiry,,,I-1,L1,v1\n"
        "2026-10-30 12:00,order,800,CNY,O-1,L1,\n"
    )
    world.reconcile()
    report = world.report("2026-09-01", "2026-09-30", by="click")
    assert by_keyword(report) == {"steel pump": ("1", "800.00")}
    (row,) = [row for row in report.rows if row.keyword]
    assert (row.cost, row.revenue_roi) == ("50.00", 15.0)


@pytest.mark.slow
def test_import_order_of_files_makes_no_difference(world: World, orders: Run) -> None:
    files = [
        ["2026-09-01 10:00,inquiry,,,I-1,L1,v1,,,,,,"],
        ["2026-09-20 10:00,order,500,CNY,O-1,L1,,,,,,,"],
        ["2026-09-25 10:00,refund,-100,CNY,R-1,L1,,,,,,,"],
    ]
    world.events([at("09-01 01:00", "v1", ad("steel pump"))])
    for rows in files:
        orders(*rows)
        world.reconcile()
    forward = by_keyword(world.report("2026-09-01", "2026-09-30"))
    for rows in reversed(files):
        orders(*[row.replace("L1", "L2").replace("-1,L", "-2,L") for row in rows])
        world.reconcile()
    (reason,) = forward
    both = by_keyword(world.report("2026-09-01", "2026-09-30"))
    # A lead counts once, whatever stages it has.
    assert both == {reason: ("2", "800.00")}
