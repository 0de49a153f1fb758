"""About how many events sites have: counted of few, told from the primary index of many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date

import pytest

from tracker.reconcile import counts
from tracker.reconcile.counts import COUNTED, event_counts
from tracker.warehouse.client import Warehouse

FIRST, SECOND, NONE = date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 3)
BLOCK = 8_192
BIG = "m" * 10
SMALL = [f"{letter}{number:09}" for letter in "az" for number in range(40)]
#: Events of each site on the first day; on the second each has half as many.
EVENTS = {BIG: 50_000, **dict.fromkeys(SMALL, 300)}


@pytest.fixture
def filled(warehouse: Warehouse) -> Warehouse:
    """A warehouse with these events, in one part a day, as after merges."""
    for day, share in ((FIRST, 1), (SECOND, 2)):
        warehouse.execute(
            "INSERT INTO events (site, event_id, visitor, time, received)"
            " SELECT s.1, generateUUIDv4(n), rand64(n), toDateTime64({day:Date}, 3, 'UTC')"
            " + n % 86400 AS time, time FROM"
            " (SELECT arrayJoin({sites:Array(Tuple(String, UInt64))}) AS s,"
            " arrayJoin(range(s.2)) AS n)",
            {"day": day, "sites": [(site, of // share) for site, of in EVENTS.items()]},
        )
    warehouse.execute("OPTIMIZE TABLE events FINAL")
    return warehouse


def of_day(found: Mapping[tuple[str, date], int], day: date) -> Counter[str]:
    return Counter({site: events for (site, own), events in found.items() if own == day})


def test_the_events_of_few_sites_are_counted(filled: Warehouse) -> None:
    found = event_counts(filled, [BIG, *SMALL[: COUNTED - 1]], [FIRST, SECOND, NONE])
    assert of_day(found, FIRST) == Counter({BIG: 50_000, **dict.fromkeys(SMALL[:19], 300)})
    assert of_day(found, SECOND)[BIG] == 25_000
    assert not of_day(found, NONE)


def test_of_all_sites_the_index_tells_about_how_many_each_has(filled: Warehouse) -> None:
    found = event_counts(filled, [BIG, *SMALL, "unknown-00"], [FIRST, SECOND, NONE])
    for day, share in ((FIRST, 1), (SECOND, 2)):
        estimated = of_day(found, day)
        assert estimated.total() <= sum(EVENTS.values()) // share
        assert estimated.total() > 0.99 * sum(EVENTS.values()) // share
        # At either end the site shares a block with others.
        assert abs(estimated[BIG] - EVENTS[BIG] // share) <= 2 * BLOCK
        near = [site for site in SMALL if 150 / share <= estimated[site] <= 600 / share]
        assert len(near) > 0.6 * len(SMALL), estimated
        assert all(0 < estimated[site] <= BLOCK for site in SMALL)
    assert not of_day(found, NONE)


def test_of_some_sites_the_index_tells_at_most_what_is_read_for_them(filled: Warehouse) -> None:
    """A block is read whole, whosever its other events are."""
    some = SMALL[:40:2] + SMALL[40:50]
    assert len(some) > COUNTED
    estimated = of_day(event_counts(filled, some, [FIRST]), FIRST)
    assert BIG not in estimated
    assert all(estimated[site] >= 300 for site in some)
    assert estimated.total() <= 6 * BLOCK


def test_a_block_is_shared_and_a_site_of_several_has_half_of_it() -> None:
    blocks = [("b", 100), ("b", 100), ("d", 60), ("f", 0)]
    shares: Counter[str] = Counter()
    for site, events in counts._shares(["a", "b", "c", "d", "e", "g"], blocks):
        shares[site] += int(events)
    # One block of b alone, one of b, c and d, one of d and e.
    assert shares == {"b": 100 + 50, "c": 25, "d": 25 + 30, "e": 30}
