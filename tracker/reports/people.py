"""People: who was here, and everything that one of them did."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from tracker.accounts.sites import Site
from tracker.money import decimal_text
from tracker.period import Period
from tracker.reports.listed import listed
from tracker.reports.people_search import first_touches
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

PACKAGE = "tracker.reports"
#: Visits and events that the page of a person shows at most, the newest.
MOST_VISITS, MOST_CONVERSIONS, MOST_HITS = 200, 200, 1_000


class PersonLine(msgspec.Struct, frozen=True):
    """A person in a period. ``person`` is 16 hexadecimal digits; ``network`` owns his address
    block; ``contact``: he has given a contact. ``first_touch``, with channel, platform, campaign
    and keyword, is the first of all, before the period too. Times are UTC."""

    person: str
    first_seen: datetime
    last_seen: datetime
    visits: int
    pages: int
    devices: int
    contact: bool
    channel: str
    country: str
    city: str
    network: str
    conversions: int
    first_touch: datetime | None = None
    platform: str = ""
    campaign: str = ""
    keyword: str = ""


class PeoplePage(msgspec.Struct, frozen=True):
    """Some people, and how many there are in all."""

    people: list[PersonLine]
    total: int


class Doing(msgspec.Struct, frozen=True):
    """An event within a visit."""

    time: datetime
    name: str
    path: str
    title: str
    value: str | None
    currency: str
    props: dict[str, str]


class PersonVisit(msgspec.Struct, frozen=True):
    """A visit with its source and place; ``doings`` newest first, absent for very old visits."""

    visitor: str
    start: datetime
    finish: datetime
    touch: bool
    pages: int
    channel: str
    platform: str
    campaign: str
    keyword: str
    search_term: str
    referrer: str
    entry: str
    country: str
    region: str
    city: str
    network: str
    device: str
    browser: str
    os: str
    doings: list[Doing]


class PersonConversion(msgspec.Struct, frozen=True):
    """A conversion of the person; ``lead`` is empty for one of the site's own events, ``value``
    as it was given, with the tax that it includes (``tax_rate``)."""

    conversion: str

    goal: str
    lead: str
    time: datetime
    value: str | None
    currency: str
    tax_rate: str
    matched: str


class PersonReport(msgspec.Struct, frozen=True):
    """A person: ``visits`` and ``conversions`` newest first; first and last touch are None without
    any. ``truncated`` names which of both have older ones, too."""

    site: str
    person: str
    visitors: list[str]
    first_touch: PersonVisit | None
    last_touch: PersonVisit | None
    visits: list[PersonVisit]
    conversions: list[PersonConversion]
    truncated: list[str]


def list_people(
    warehouse: Warehouse,
    site: Site,
    period: Period,
    *,
    known: bool = True,
    wanted: Sequence[int] | None = None,
    limit: int = 50,
    offset: int = 0,
) -> PeoplePage:
    """People of a period, the last seen first; ``known``: with a contact or a conversion;
    ``wanted``: of these alone, whether known or not."""
    if wanted is not None and not wanted:
        return PeoplePage([], 0)
    rows, total = listed(
        warehouse,
        load_sql(PACKAGE, "people.sql"),
        {
            "site": site.key,
            "first": period.first,
            "last": period.last,
            "known": known and wanted is None,
            "wanted": list(wanted or ()),
            "limit": limit,
            "offset": offset,
        },
        "people",
    )
    people = [
        PersonLine(
            person=f"{int(row['person']):016x}",
            contact=bool(row["contact"]),
            **{name: row[name] for name in _SAME},
        )
        for row in rows
    ]
    return PeoplePage(_with_first_touch(warehouse, site, people), total)


def _with_first_touch(
    warehouse: Warehouse, site: Site, people: Sequence[PersonLine]
) -> list[PersonLine]:
    if not people:
        return []
    shown = [int(one.person, 16) for one in people]
    names = ("first_touch", "channel", "platform", "campaign", "keyword")
    found = {
        f"{row[0]:016x}": dict(zip(names, row[1:], strict=True))
        for row in first_touches(warehouse, site, shown=shown)
    }
    return [msgspec.structs.replace(one, **found.get(one.person, {})) for one in people]


_SAME = (
    *("first_seen", "last_seen", "visits", "pages", "devices", "channel", "country", "city"),
    *("network", "conversions"),
)


def person_report(warehouse: Warehouse, site: Site, visitors: Sequence[int]) -> PersonReport:
    """Everything that is known of a person; empty lists for one who never came."""
    key: dict[str, object] = {"site": site.key, "visitors": list(visitors)}
    doings = _doings(warehouse, key)
    visits = _visits(warehouse, key, doings)
    touches = [visit for visit in visits if visit.touch]
    if len(visits) > MOST_VISITS:  # the first touch may be among those that are left out
        touches += _visits(warehouse, key, doings, "first")
    # Of both one more than is shown says whether there are more.
    most = {"most": MOST_CONVERSIONS + 1}
    earned = warehouse.dicts(load_sql(PACKAGE, "person_earned.sql"), key | most)
    cut = {"visits": len(visits) > MOST_VISITS, "conversions": len(earned) > MOST_CONVERSIONS}
    return PersonReport(
        site=site.key,
        person=f"{min(visitors):016x}",
        visitors=[f"{visitor:016x}" for visitor in visitors],
        first_touch=touches[-1] if touches else None,
        last_touch=touches[0] if touches else None,
        visits=visits[:MOST_VISITS],
        truncated=[name for name, is_cut in cut.items() if is_cut],
        conversions=[
            PersonConversion(
                conversion=f"{int(row['conversion_id']):016x}",
                goal=str(row["goal"]),
                lead=str(row["lead"] or row["external_id"]),
                time=row["time"],
                value=decimal_text(row["value"]),
                currency=str(row["currency"]),
                tax_rate=decimal_text(row["tax_rate"], 0) or "0",
                matched=str(row["matched"]),
            )
            for row in earned[:MOST_CONVERSIONS]
        ],
    )


def _doings(warehouse: Warehouse, key: dict[str, object]) -> dict[int, list[Doing]]:
    doings: dict[int, list[Doing]] = {}
    hits = warehouse.dicts(load_sql(PACKAGE, "person_hits.sql"), key | {"most": MOST_HITS})
    for row in hits:
        doing = Doing(
            time=row["time"],
            name=str(row["name"]),
            path=str(row["path"]),
            title=str(row["title"]),
            value=decimal_text(row["value"]),
            currency=str(row["currency"]),
            props={str(name): str(text) for name, text in row["props"].items()},
        )
        doings.setdefault(int(row["visit"]), []).append(doing)
    return doings


def _visits(
    warehouse: Warehouse, key: dict[str, object], doings: dict[int, list[Doing]], *parts: str
) -> list[PersonVisit]:
    """The newest visits; with the part ``first`` the first touch alone."""
    asof = warehouse.rows(load_sql(PACKAGE, "asof.sql"), {"site": key["site"]})[0]
    builds = {"keywords": int(asof[1]), "resolution": int(asof[2])}
    sql = load_sql(PACKAGE, "person_visits.sql", frozenset(parts))
    rows = warehouse.dicts(sql, key | builds | {"most": 1 if parts else MOST_VISITS + 1})
    return [
        PersonVisit(
            visitor=f"{int(row['visitor']):016x}",
            touch=bool(row["touch"]),
            doings=doings.get(int(row["visit"]), []),
            **{name: row[name] for name in _OF_VISIT},
        )
        for row in rows
    ]


_OF_VISIT = (
    *("start", "finish", "pages", "channel", "platform", "campaign", "keyword", "search_term"),
    *("referrer", "entry", "country", "region", "city", "network", "device", "browser", "os"),
)
