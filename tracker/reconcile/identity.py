"""Decisions about who is who, and what follows from them: joined, kept apart, taken back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Engine

from tracker.accounts.counters import next_number
from tracker.accounts.marks import Slice, mark
from tracker.accounts.sites import Site
from tracker.conversions.people import (
    Decision,
    is_visitor,
    merges_of,
    partings_of,
    read_part,
    visitor_name,
)
from tracker.errors import InvalidInput, NotFound
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

COLUMNS = ("site", "visitor", "other", "joined", "version", "time", "author")


def visitors_of(warehouse: Warehouse, site: Site, person: str) -> list[int]:
    """The visitors of the person whom one of them names; that one alone if no other is known.

    InvalidInput for what is no name of a visitor.
    """
    number = person_number(person)
    rows = warehouse.rows(
        load_sql("tracker.conversions", "people_near.sql"),
        {"site": site.key, "visitors": [number], "nodes": []},
    )
    return sorted({number} | {int(visitor) for (visitor,) in rows})


def person_number(text: str) -> int:
    """16 hexadecimal digits as a visitor number; InvalidInput."""
    name = text.strip().lower()
    if len(name) != 16 or any(digit not in "0123456789abcdef" for digit in name):
        raise InvalidInput(
            f"Not a person: {text.strip()!r}.",
            hint="A person has 16 hexadecimal digits, as the page of that person says.",
        )
    return int(name, 16)


def join_people(
    warehouse: Warehouse,
    db: Engine,
    site: Site,
    one: str,
    other: str,
    *,
    author: str,
    now: datetime,
) -> None:
    """Let two people be one, whatever their contacts say. InvalidInput for the same person."""
    first, second = (visitors_of(warehouse, site, name) for name in (one, other))
    if set(first) & set(second):
        raise InvalidInput("These are one person already.", hint="Name two people.")
    link = Decision(min(first), visitor_name(min(second)), joined=True, version=0)
    _decide(warehouse, db, site, [link], [*first, *second], author=author, now=now)


def part_visitor(
    warehouse: Warehouse, db: Engine, site: Site, visitor: str, *, author: str, now: datetime
) -> None:
    """Keep a visitor apart from what joins him to his person now; what he gives later counts.

    Where his person was merged of two this takes the merge back, and both are as they were before;
    only where there is no merge (any more) it parts him from his contacts. NotFound for a visitor
    whom nothing joins to anybody.
    """
    number = person_number(visitor)
    together = visitors_of(warehouse, site, visitor)
    contacts, decisions = read_part(warehouse, site.key, together)
    if merges := merges_of(number, contacts, decisions):
        cuts = [replace(one, joined=False) for one in merges]
        _decide(warehouse, db, site, cuts, together, author=author, now=now)
        return
    nodes = {contact.hash for contact in contacts if contact.visitor == number}
    for decision in decisions:
        if decision.joined and visitor_name(number) in decision.pair:
            nodes |= decision.pair - {visitor_name(number)}
    if len(together) < 2 or not nodes:
        raise NotFound(
            f"Nothing joins the visitor {visitor!r} to anybody.", hint="Look at the person's page."
        )
    cuts = [Decision(number, node, joined=False, version=0) for node in sorted(nodes)]
    _decide(warehouse, db, site, cuts, together, author=author, now=now)


def rejoin_visitor(
    warehouse: Warehouse, db: Engine, site: Site, visitor: str, *, author: str, now: datetime
) -> None:
    """Take back every decision that keeps a visitor apart, whichever visitors of the two people it
    names. NotFound where there is none."""
    number = person_number(visitor)
    together = visitors_of(warehouse, site, visitor)
    apart = partings_of(number, *read_part(warehouse, site.key, together))
    if not apart:
        raise NotFound(f"The visitor {visitor!r} is not kept apart.", hint="Nothing to take back.")
    back = [replace(one, joined=True) for one in apart]
    others = [int(one.other, 16) for one in apart if is_visitor(one.other)]
    others += [one.visitor for one in apart]
    _decide(warehouse, db, site, back, [*together, *others], author=author, now=now)


def _decide(
    warehouse: Warehouse,
    db: Engine,
    site: Site,
    decisions: Sequence[Decision],
    visitors: Iterable[int],
    *,
    author: str,
    now: datetime,
) -> None:
    """Append decisions under one version, and mark the days on which these people did anything."""
    version = next_number(db, "person_links")
    rows = [
        (site.key, one.visitor, one.other, one.joined, version, now, author[:200])
        for one in decisions
    ]
    days = warehouse.rows(
        load_sql("tracker.reconcile", "people_days.sql"),
        {"site": site.key, "zone": site.timezone, "visitors": sorted(set(visitors))},
    )
    # A day without conversions does no harm; without any mark nobody would look at the decision.
    dirty = [Slice("credits", site.key, day) for (day,) in days]
    mark(db, dirty, now=now)
    try:
        warehouse.insert("person_links", COLUMNS, rows)
    finally:
        mark(db, dirty, now=now)
