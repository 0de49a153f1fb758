"""Live visitors: who is on the site now, from facts, seconds after the beacon."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

#: Somebody is live for so long after the last event.
WINDOW = timedelta(minutes=5)
#: How far back a live visitor's trail and source go.
TRAIL = timedelta(minutes=60)
MOST = 200


@dataclass(frozen=True, slots=True)
class Step:
    """One thing a visitor did: ``name`` is ``pageview`` or the event's own."""

    time: datetime
    name: str
    path: str
    title: str


@dataclass(frozen=True, slots=True)
class Live:
    """A live visitor; ``visitor`` is 16 hex digits, ``steps`` newest first."""

    visitor: str
    first_seen: datetime
    last_seen: datetime
    channel: str
    platform: str
    source: str
    campaign: str
    keyword: str
    country: str
    city: str
    device: str
    browser: str
    os: str
    steps: tuple[Step, ...]


def live_visitors(warehouse: Warehouse, site: str, now: datetime) -> list[Live]:
    """Visitors with an event within the last five minutes, at most 200."""
    lines = warehouse.dicts(
        load_sql("tracker.reports", "live.sql"),
        {"site": site, "since": now - WINDOW, "oldest": now - TRAIL, "most": MOST},
    )
    return [_live(line) for line in lines]


def _live(line: dict[str, object]) -> Live:
    came = line["came"] if line["has_entrance"] else line["began"]
    channel, platform, source, campaign, keyword = _texts(came)
    country, city, device, browser, os = _texts(line["place"])
    trail = line["trail"]
    assert isinstance(trail, list)
    return Live(
        visitor=f"{line['visitor']:016x}",
        first_seen=_instant(line["first_seen"]),
        last_seen=_instant(line["last_seen"]),
        channel=channel,
        platform=platform,
        source=source,
        campaign=campaign,
        keyword=keyword,
        country=country,
        city=city,
        device=device,
        browser=browser,
        os=os,
        steps=tuple(Step(*step) for step in trail),
    )


def _texts(value: object) -> tuple[str, ...]:
    assert isinstance(value, tuple)
    return tuple(str(part) for part in value)


def _instant(value: object) -> datetime:
    assert isinstance(value, datetime)
    return value
