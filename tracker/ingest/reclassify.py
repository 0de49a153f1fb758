"""Events classified again: by the rules of now, from the addresses as they are stored.

What changes is appended: another row of the event, equal but for the outcome of classification and
with a higher ``revision``; the highest counts. The rows go through the spool as an import does: all
of them or none, and the loader marks their days. Doing it twice changes nothing the second time.

A stored address lacks the click id that was credited, which has a column of its own; it is put back
at the end of the query. Addresses that were cut to the length of their columns stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from tracker.accounts.clock import Clock, to_ms
from tracker.accounts.sites import Site
from tracker.ingest.classify import SiteRules, Source
from tracker.ingest.columns import Batch, ClientColumns, EventColumns, PageColumns, encode, instant
from tracker.ingest.landing import Address
from tracker.ingest.payload import PATH_LENGTH, QUERY_LENGTH, REFERRER_LENGTH
from tracker.ingest.sightings import Sighting, sight, site_rules
from tracker.ingest.staging import Staging
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

PACKAGE = "tracker.ingest"
#: Sightings that are looked for in one statement.
CHUNK = 1_000
#: The columns of an outcome, in the order of ``sightings_of_day.sql``.
OUTCOME = tuple(name for name in Source.__struct_fields__ if name != "rules_version")
#: The columns of an event that classification does not decide, as ``events_of_sightings.sql`` has.
KEPT = (
    *EventColumns.__struct_fields__,
    *PageColumns.__struct_fields__,
    *ClientColumns.__struct_fields__,
)

Progress = Callable[[int, int | None], None]
Bounds = dict[str, Any]


class Reclassified(msgspec.Struct, frozen=True):
    """What was found: ``changed`` of ``events``; ``cut`` ones could not be classified again."""

    events: int
    changed: int
    cut: int
    dry_run: bool


def reclassify(
    warehouse: Warehouse,
    site: Site,
    root: Path,
    clock: Clock,
    *,
    dry_run: bool = False,
    progress: Progress = lambda *_: None,
) -> Reclassified:
    """Append the outcomes that the rules of now give another; they count once they are loaded.

    ``root`` is the spool. Unavailable when its disk is full; then nothing is appended.
    """
    rules = site_rules(site)
    events = changed = cut = 0
    days = [day for (day,) in warehouse.rows(load_sql(PACKAGE, "days_of_site.sql"), _of(site))]
    with Staging(root, clock) as staging:
        for number, day in enumerate(days, start=1):
            bounds = _of(site) | _bounds(day)
            found: dict[int, Sighting] = {}
            for row in warehouse.stream(load_sql(PACKAGE, "sightings_of_day.sql"), bounds):
                *sighting, key, count = row
                events += count
                if _is_cut(sighting):
                    cut += count
                elif (now := _again(sighting, rules)) is not None:
                    found[key] = now
                    changed += count
            if not dry_run:
                for line, received in _lines(warehouse, bounds, found):
                    staging.add(line, received)
            progress(number, len(days))
        if not dry_run:
            staging.publish()
    return Reclassified(events, changed, cut, dry_run)


def _of(site: Site) -> Bounds:
    return {"site": site.key}


def _bounds(day: date) -> Bounds:
    since = datetime.combine(day, time(), UTC)
    return {"since": since, "until": since + timedelta(days=1)}


def _is_cut(row: Sequence[Any]) -> bool:
    _, path, query, referrer = row[:4]
    return (
        len(path) >= PATH_LENGTH or len(query) >= QUERY_LENGTH or len(referrer) >= REFERRER_LENGTH
    )


def _again(row: Sequence[Any], rules: SiteRules) -> Sighting | None:
    """The sighting by the rules of now; None where its outcome is the stored one."""
    host, path, query, referrer = row[:4]
    stored = dict(zip(OUTCOME, row[4:], strict=True))
    if stored["click_id"]:
        click = f"{stored['click_id_kind']}={quote(stored['click_id'], safe='')}"
        query = f"{query}&{click}" if query else click
    page = Address("https", host, path, query) if host else None
    found = sight(page, referrer, rules)
    same = all(getattr(found.source, name) == value for name, value in stored.items())
    return None if same else found


def _lines(
    warehouse: Warehouse, bounds: Bounds, found: dict[int, Sighting]
) -> Iterator[tuple[Batch, int]]:
    """The lines of the events with these sightings, each with its time (UTC ms)."""
    keys = list(found)
    for start in range(0, len(keys), CHUNK):
        params = bounds | {"keys": keys[start : start + CHUNK]}
        for row in warehouse.stream(load_sql(PACKAGE, "events_of_sightings.sql"), params):
            *values, key, revision = row
            batch = Batch()
            fields = dict(zip(KEPT, values, strict=True))
            moment = to_ms(fields["time"])
            batch.events.append(_line(fields, found[key], revision + 1))
            yield batch, moment


def _line(fields: dict[str, Any], sighting: Sighting, revision: int) -> bytes:
    """A line of ``events``: what is kept, the revision, the addresses and the outcome."""
    times = {name: instant(to_ms(fields[name])) for name in ("time", "received")}
    whole = fields | times | {"revision": revision}
    return encode(whole)[:-1] + sighting.json + b"}\n"
