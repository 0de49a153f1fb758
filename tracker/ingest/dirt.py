"""Which slices the events of a segment make dirty.

An event marks its own local day, also one that has yet to come: a clock may be ahead at midnight,
and nobody marks that day later. It marks the following day (a visit may go on past midnight),
unless that lies in the future; and the day before when the event is suspect, that is a repetition
(attempt > 1) or older than 30 s, whose first copy may have another time, or when it lies within
five minutes of the local midnight.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import lru_cache

from sqlalchemy import Engine, select

from tracker.accounts import schema
from tracker.accounts.buckets import BucketPlan, dealing_for, plans_of
from tracker.accounts.marks import Slice
from tracker.ingest.columns import EventKey
from tracker.ingest.days import local_day

#: In seconds.
SUSPECT_AGE = 30
#: Slots of five minutes, in seconds: midnight in every zone falls between two of them.
SLOT = 5 * 60
ONE_DAY = timedelta(days=1)
#: Sites in one statement, under the parameter limits of both databases.
CHUNK = 500

#: (site, slot, whether suspect) → visitors.
Dirt = dict[tuple[str, int, bool], set[int]]


def collect(keys: Iterable[EventKey]) -> Dirt:
    """Group the events of a segment so that each group has the same days."""
    dirt: Dirt = {}
    for key in keys:
        # NOTE: this runs for every event; whole seconds are enough, rounded to the safe side.
        seconds = int(key.time[:-4])
        suspect = key.attempt > 1 or int((key.received or key.time)[:-4]) - seconds >= SUSPECT_AGE
        group = (key.site, seconds // SLOT, suspect)
        visitors = dirt.get(group)
        if visitors is None:
            dirt[group] = {key.visitor}
        else:
            visitors.add(key.visitor)
    return dirt


def slices(db: Engine, dirt: Dirt, now_ms: int) -> set[Slice]:
    """The slices of the groups: days in the site's zone, buckets by the plan of the day.

    A site that no longer exists marks nothing.
    """
    sites = {site for site, _, _ in dirt}
    zones = _zones(db, sorted(sites))
    plans = _plans(db, sorted(sites))
    result: set[Slice] = set()
    for (site, slot, suspect), visitors in dirt.items():
        if site not in zones:
            continue
        today = local_day(zones[site], now_ms)
        *own, following = days_of_slot(zones[site], slot, suspect)
        for day in own if following > today else (*own, following):
            result |= _buckets(site, day, visitors, plans[site])
    return result


def _zones(db: Engine, sites: list[str]) -> dict[str, str]:
    table = schema.sites
    zones: dict[str, str] = {}
    with db.connect() as connection:
        for start in range(0, len(sites), CHUNK):
            chunk = table.c.key.in_(sites[start : start + CHUNK])
            query = select(table.c.key, table.c.timezone).where(chunk)
            zones.update({row.key: row.timezone for row in connection.execute(query)})
    return zones


def _plans(db: Engine, sites: list[str]) -> dict[str, Sequence[BucketPlan]]:
    plans: dict[str, Sequence[BucketPlan]] = {}
    for start in range(0, len(sites), CHUNK):
        plans.update(plans_of(db, sites[start : start + CHUNK]))
    return plans


def _buckets(site: str, day: date, visitors: set[int], plans: Sequence[BucketPlan]) -> set[Slice]:
    dealing = dealing_for(plans, day)
    if dealing.count == 1:
        return {Slice("visits", site, day, 0)}
    return {Slice("visits", site, day, bucket) for bucket in set(map(dealing.bucket, visitors))}


@lru_cache(maxsize=65_536)
def days_of_slot(zone: str, slot: int, suspect: bool) -> tuple[date, ...]:
    """The local days to mark for an event of that slot of five minutes, earliest first."""
    start, step = slot * SLOT * 1000, SLOT * 1000
    day = local_day(zone, start)
    near = local_day(zone, start - step) != day or local_day(zone, start + step) != day
    days = (day, day + ONE_DAY)
    return (day - ONE_DAY, *days) if suspect or near else days
