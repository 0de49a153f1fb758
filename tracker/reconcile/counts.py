"""About how many events sites have on UTC dates: what decides how much one build holds.

Of few sites they are counted. Counting those of hundreds takes a twentieth of what building them
takes late in the day; for them the primary index says enough, which tells where each site begins
within a block of 8,192 events.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from itertools import groupby
from operator import itemgetter

from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

#: Of so many sites the events are counted: theirs are few blocks.
COUNTED = 20

#: The site of its first event, and how many it has.
_Block = tuple[str, int]


def event_counts(
    warehouse: Warehouse, sites: Collection[str], dates: Iterable[date]
) -> Mapping[tuple[str, date], int]:
    """Events by (site, UTC date), copies included; a pair without any may be absent.

    Of more than ``COUNTED`` sites an estimate: a block in which several of them may have events
    is dealt to them. It is high where most events of the block are of other sites, and the sum
    over all sites is never more than what the table has on the date.
    """
    wanted, days = sorted(sites), sorted(dates)
    if len(wanted) <= COUNTED:
        sql = load_sql("tracker.reconcile", "event_counts.sql")
        rows = warehouse.rows(sql, {"dates": days, "sites": wanted})
        return {(str(site), day): int(events) for site, day, events in rows}
    names = {f"{day:%Y%m%d}": day for day in days}
    sql = load_sql("tracker.reconcile", "event_blocks.sql")
    rows = warehouse.rows(sql, {"dates": list(names)})
    found: dict[tuple[str, date], float] = defaultdict(float)
    for part, of_part in groupby(rows, key=itemgetter(0)):
        blocks = [(str(site), int(events)) for _, site, events in of_part]
        for site, events in _shares(wanted, blocks):
            found[site, names[part[:8]]] += events
    return {key: int(events) for key, events in found.items()}


def _shares(wanted: Sequence[str], blocks: Sequence[_Block]) -> Iterable[tuple[str, float]]:
    """(site, events) of the blocks of a part: each dealt in equal shares to those of these sites,
    given in order, that may have events in it; one that fills a block beside it has half of it on
    average, and is given that."""
    sites = [site for site, _ in blocks]
    for number, (_, events) in enumerate(blocks[:-1]):
        first, last = sites[number : number + 2]
        wide = set()
        if number and sites[number - 1] == first:
            wide.add(first)
        if sites[number + 2 : number + 3] == [last]:
            wide.add(last)
        of = wanted[bisect_left(wanted, first) : bisect_right(wanted, last)]
        most = max(len(wide.symmetric_difference(of)), 1)
        weights = [most if site in wide else 1 for site in of]
        for site, weight in zip(of, weights, strict=True):
            yield site, events * weight / sum(weights)
