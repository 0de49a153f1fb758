"""Dirty marks, counters and leases: the work lists that several processes share."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine

from tracker.accounts.counters import next_number
from tracker.accounts.marks import CHUNK, Mark, Slice, backlog, clear, mark, take

DAY = date(2026, 3, 1)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def slices(marks: Iterable[Mark]) -> list[Slice]:
    return [item.slice for item in marks]


def test_threads_that_count_at_once_get_every_number_once(any_db: Engine) -> None:
    def many(_: int) -> list[int]:
        return [next_number(any_db, "builds") for _ in range(100)]

    with ThreadPoolExecutor(8) as pool:
        given = [number for numbers in pool.map(many, range(8)) for number in numbers]
    assert sorted(given) == list(range(1, 801))


def test_a_block_of_numbers_belongs_to_its_caller(any_db: Engine) -> None:
    assert next_number(any_db, "builds", 5) == 1
    assert next_number(any_db, "builds", 5) == 6
    assert next_number(any_db, "other") == 1
    with pytest.raises(ValueError, match="count is 0"):
        next_number(any_db, "builds", 0)


def test_marking_again_keeps_since_and_raises_seq(any_db: Engine) -> None:
    visits = Slice("visits", "aaaaaaaaaa", DAY)
    mark(any_db, [visits], now=NOON)
    [first] = take(any_db, 10, 10)
    mark(any_db, [visits, visits], now=NOON + MINUTE)
    [second] = take(any_db, 10, 10)

    assert first.slice == second.slice == visits
    assert [entry.oldest for entry in backlog(any_db)] == [NOON]
    assert second.seq > first.seq


def test_clearing_removes_what_was_rebuilt_and_keeps_what_was_marked_again(any_db: Engine) -> None:
    quiet, busy = Slice("visits", "aaaaaaaaaa", DAY), Slice("visits", "aaaaaaaaaa", DAY, 1)
    mark(any_db, [quiet, busy], now=NOON)
    taken = take(any_db, 10, 10)
    mark(any_db, [busy], now=NOON + MINUTE)
    clear(any_db, taken)

    [left] = take(any_db, 10, 10)
    assert left.slice == busy
    [entry] = backlog(any_db)
    assert entry.oldest == NOON + MINUTE, "the facts before the second marking have been rebuilt"
    clear(any_db, [left])
    assert take(any_db, 10, 10) == []


def test_a_mark_set_again_after_the_clearing_is_not_mistaken_for_the_cleared_one(
    any_db: Engine,
) -> None:
    """Sequences are never reused: a slow rebuild's second clear must not remove a newer mark."""
    visits = Slice("visits", "aaaaaaaaaa", DAY)
    mark(any_db, [visits])
    taken = take(any_db, 10, 10)
    clear(any_db, taken)
    mark(any_db, [visits])
    clear(any_db, taken)
    assert slices(take(any_db, 10, 10)) == [visits]


def test_no_marking_is_lost_to_rebuilds_that_clear_at_the_same_time(any_db: Engine) -> None:
    """Facts are counted as they are marked; each rebuild reads the count it covers.

    Whatever the interleaving, the facts that no rebuild has covered must still be marked.
    """
    visits = [Slice("visits", "aaaaaaaaaa", DAY, bucket) for bucket in range(4)]
    facts = dict.fromkeys(visits, 0)
    rebuilt = dict.fromkeys(visits, 0)

    def write_facts() -> None:
        for _ in range(60):
            for item in visits:
                facts[item] += 1
            mark(any_db, reversed(visits))

    def rebuild() -> None:
        for _ in range(60):
            taken = take(any_db, 10, 10)
            for item in taken:
                rebuilt[item.slice] = facts[item.slice]
            clear(any_db, taken)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(write_facts), pool.submit(rebuild)]:
            done.result()
    dirty = slices(take(any_db, 10, 10))
    assert [item for item in visits if rebuilt[item] < 60 and item not in dirty] == []


def test_a_site_has_its_oldest_marks_taken_and_no_more_than_its_share(any_db: Engine) -> None:
    large = [Slice("visits", "large22222", DAY + timedelta(days=n)) for n in range(20)]
    small = [Slice("spend", "small22222", DAY)]
    mark(any_db, large, now=NOON)
    mark(any_db, small, now=NOON + MINUTE)

    assert slices(take(any_db, 4, 3)) == [*small, *large[:3]]
    assert slices(take(any_db, 2, 3)) == [*small, *large[:1]]
    assert slices(take(any_db, 1, 3)) == large[:1]
    assert slices(take(any_db, 100, 100)) == [*large, *small]


def test_the_backlog_tells_how_much_is_dirty_and_since_when(any_db: Engine) -> None:
    assert backlog(any_db) == []
    mark(any_db, [Slice("visits", "aaaaaaaaaa", DAY, n) for n in range(8)], now=NOON)
    mark(any_db, [Slice("visits", "bbbbbbbbbb", DAY)], now=NOON - MINUTE)
    mark(any_db, [Slice("credits", "aaaaaaaaaa", DAY)], now=NOON)
    mark(any_db, [], now=NOON)
    assert [(line.kind, line.count, line.oldest) for line in backlog(any_db)] == [
        ("credits", 1, NOON),
        ("visits", 9, NOON - MINUTE),
    ]


def test_more_marks_than_fit_one_transaction_are_all_kept(any_db: Engine) -> None:
    many = [Slice("visits", f"site{n % 9}22222", DAY, n // 9) for n in range(CHUNK + 10)]
    mark(any_db, many)
    taken = take(any_db, 2 * CHUNK, 2 * CHUNK)
    assert set(slices(taken)) == set(many)
    clear(any_db, taken)
    assert backlog(any_db) == []


def test_callers_that_mark_the_same_slices_in_different_order_do_not_deadlock(
    any_db: Engine,
) -> None:
    some = [Slice("visits", "aaaaaaaaaa", DAY, bucket) for bucket in range(50)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: mark(any_db, some if n % 2 else some[::-1]), range(40)))
    assert set(slices(take(any_db, 100, 100))) == set(some)
