"""How marks are dealt into builds, and days into runs."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import create_engine

from tracker.accounts.buckets import BucketPlan
from tracker.accounts.marks import Mark, MarkKind, Slice
from tracker.accounts.sites import Site, SiteSettings
from tracker.reconcile import portions
from tracker.reconcile.build import BuildContext, publish
from tracker.reconcile.calendar import Frame, calendar_of, day_runs, slice_runs
from tracker.reconcile.portions import Portion, day_portions, passes_of, spend_portions
from tracker.warehouse.client import Warehouse

FIRST = date(2026, 3, 1)


def marks(site: str, days: range, buckets: int = 1, kind: MarkKind = "visits") -> list[Mark]:
    return [
        Mark(Slice(kind, site, FIRST + timedelta(days=day), bucket), 1)
        for day in days
        for bucket in range(buckets)
    ]


def dealt(found: list[Portion]) -> list[Slice]:
    return [piece for portion in found for piece in portion.slices]


def reads(portion: Portion, counts: dict[tuple[str, date], int]) -> int:
    """Events of the slices and of the days before them, each once."""
    days = {(one.site, one.day, one.bucket) for one in portion.slices}
    days |= {(site, day - timedelta(days=1), bucket) for site, day, bucket in days}
    return sum(counts.get((site, day), 0) for site, day, _ in days)


def test_every_mark_is_dealt_once_and_no_portion_reads_too_much() -> None:
    chance = random.Random(7)
    given = []
    counts = {}
    for number in range(60):
        site = f"site{number:06}"
        begin = chance.randrange(200)
        given += marks(site, range(begin, begin + chance.choice([1, 2, 30])), chance.choice([1, 3]))
        for day in range(-1, 300):
            counts[site, FIRST + timedelta(days=day)] = chance.randrange(2_000)
    chance.shuffle(given)
    found = list(day_portions(given, counts, most_runs=40))
    assert Counter(dealt(found)) == Counter(mark.slice for mark in given)
    for portion in found:
        assert portion.events == reads(portion, counts) <= portions.CHUNK_EVENTS
        by_bucket = ((f"{one.site} {one.bucket}", one.day) for one in portion.slices)
        assert portion.runs == sum(len(of) for of, *_ in day_runs(by_bucket)) <= 40
        assert passes_of(len(portion.slices), portion.events) == 1


@pytest.mark.parametrize(("events", "shares"), [(500_000, 10), (90_000, 2)])
def test_a_slice_that_is_too_large_is_a_portion_of_its_own_in_passes(
    events: int, shares: int
) -> None:
    counts = {("large22222", FIRST): events, ("small22222", FIRST): 10}
    given = marks("large22222", range(2)) + marks("small22222", range(1))
    found = list(day_portions(given, counts, most_runs=9))
    passes = [passes_of(len(portion.slices), portion.events) for portion in found]
    assert sorted(passes) == [1, shares, shares]
    assert Counter(dealt(found)) == Counter(mark.slice for mark in given)


def test_a_year_of_one_site_does_not_make_others_read_a_year() -> None:
    year = marks("year222222", range(365))
    today = [mark for n in range(30) for mark in marks(f"today{n:05}", range(363, 365))]
    found = list(day_portions(year + today, {}, most_runs=400))
    assert sorted(len(portion.slices) for portion in found) == [60, 365]


def test_sites_of_the_same_days_share_a_portion() -> None:
    given = [mark for n in range(50) for mark in marks(f"site{n:06}", range(n % 3, 4))]
    [portion] = day_portions(given, {}, most_runs=400)
    assert len(portion.slices) == len(given)


def test_no_marks_make_no_portion() -> None:
    assert list(day_portions([], {}, most_runs=1)) == []
    assert list(spend_portions([])) == []


def test_spend_is_dealt_by_days(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portions, "CHUNK_DAYS", 3)
    given = marks("b222222222", range(3), kind="spend") + marks(
        "a222222222", range(2), kind="spend"
    )
    found = [[(one.day.day, one.site[0]) for one in p.slices] for p in spend_portions(given)]
    assert found == [[(1, "a"), (1, "b"), (2, "a")], [(2, "b"), (3, "b")]]


def test_runs_are_the_days_that_follow_each_other() -> None:
    day = timedelta(days=1)
    days = [("b", FIRST), ("a", FIRST + day), ("a", FIRST), ("a", FIRST + 3 * day), ("a", FIRST)]
    assert day_runs(days) == [
        (["a"], FIRST, 2),
        (["a"], FIRST + 3 * day, 1),
        (["b"], FIRST, 1),
    ]
    assert day_runs([]) == []


def test_sites_that_have_the_same_run_are_one() -> None:
    given = [mark.slice for site in "ab" for mark in marks(site, range(3), buckets=2)]
    given += [mark.slice for mark in marks("c", range(3))]
    assert slice_runs((one.site, one.day, one.bucket) for one in given) == [
        (["a", "b"], [0, 1], FIRST, 3),
        (["c"], [0], FIRST, 3),
    ]


def test_days_that_were_dealt_by_remainder_are_read_whole() -> None:
    dealt = [BucketPlan(FIRST, 8, ranges=False), BucketPlan(FIRST + timedelta(days=2), 8)]
    frames = {"dealt": Frame(site("dealt"), dealt)}
    days = [FIRST, FIRST + timedelta(days=3)]
    of = [calendar_of([Slice("visits", "dealt", day, 3)], frames) for day in days]
    assert [bool(one.dealt) for one in of] == [False, True]
    assert [one.rows[-1][4] for one in of] == [(8, 0, [3]), (8, 61, [3])]


@pytest.mark.parametrize("buckets", [2, 64, 256])
def test_the_visitors_that_are_read_are_those_of_the_wanted_buckets(buckets: int) -> None:
    chance = random.Random(buckets)
    wanted = set(chance.sample(range(buckets), max(1, buckets // 8)))
    plan = BucketPlan(FIRST - timedelta(days=9), buckets)
    frames = {"dealt": Frame(site("dealt"), [plan]), "whole": Frame(site("whole"), [])}
    slices = [Slice("visits", "dealt", FIRST, bucket) for bucket in wanted]
    dealt = calendar_of([*slices, Slice("visits", "whole", FIRST)], frames).dealt
    assert dealt["dealt_sites"] == ["dealt"]
    [mask] = [int(number) for number in dealt["dealt_masks"]]  # type: ignore[attr-defined]
    for visitor in (chance.randrange(1 << 64) for _ in range(2_000)):
        is_read = bool(mask >> (visitor >> 58) & 1)
        bucket = visitor * buckets >> 64
        # Of more than 64 buckets those of the same sixty-fourth are read too.
        wide = max(1, buckets // 64)
        assert is_read == (bucket // wide in {one // wide for one in wanted})


def test_sites_of_which_everybody_is_read_need_no_mask() -> None:
    frame = Frame(site("whole"), [BucketPlan(FIRST, 4)])
    every = [Slice("visits", "whole", FIRST, bucket) for bucket in range(4)]
    assert calendar_of(every, {"whole": frame}).dealt == {}


def test_all_slices_of_a_build_appear_as_one_part(warehouse_embedded: Warehouse) -> None:
    many = [
        ("visits", f"site{n:06}", FIRST + timedelta(days=day), bucket)
        for n in range(40)
        for day in range(40)
        for bucket in range(64)
    ]
    built = [("visits", *run) for run in slice_runs(piece[1:] for piece in many)]
    publish(BuildContext(warehouse_embedded, create_engine("sqlite://"), {}, 7, 1 << 30), built)
    found = warehouse_embedded.rows(
        "SELECT kind, site, day, bucket, uniq(_part) OVER () FROM slices WHERE build = 7"
    )
    assert {row[:4] for row in found} == set(many)
    assert {row[4] for row in found} == {1}


def site(key: str) -> Site:
    return Site(
        key=key,
        tenant="tenant",
        name=key,
        domains=(f"{key}.example",),
        timezone="Asia/Shanghai",
        currency="CNY",
        margin=None,
        visit_timeout=1800,
        lookback_days=90,
        brand_terms=(),
        settings=SiteSettings(),
        created_at=datetime(2026, 4, 1, tzinfo=UTC),
    )


def test_a_statement_reads_little_that_its_slices_do_not_need() -> None:
    """It reads the days between its first and its last of all its sites, whose ever they are."""
    given = marks("big", range(37), 64)
    counts = {("big", FIRST + timedelta(days=day)): 400 for day in range(-1, 37)}
    for number in range(2_000):
        site = f"site{number:06}"
        given += marks(site, range(37))
        counts |= {(site, FIRST + timedelta(days=day)): 20 for day in range(-1, 37)}
    found = list(day_portions(given, counts, most_runs=20_000))
    assert Counter(dealt(found)) == Counter(mark.slice for mark in given)
    for portion in found:
        days = [piece.day for piece in portion.slices]
        between = [
            min(days) + timedelta(days=n) for n in range(-1, (max(days) - min(days)).days + 1)
        ]
        buckets = {"big": len({one.bucket for one in portion.slices if one.site == "big"})}
        sites = {one.site for one in portion.slices}
        read = sum(counts[site, day] * buckets.get(site, 1) for site in sites for day in between)
        assert read <= 1.2 * portion.events
