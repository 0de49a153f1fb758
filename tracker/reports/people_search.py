"""Looking for people: by what is written of them, by a contact they gave, by what brought them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import Engine

from tracker.accounts.person_cards import Card, card_from, noted, site_cards
from tracker.accounts.sites import Site
from tracker.conversions.contact import hash_email, hash_phone, hash_user
from tracker.errors import InvalidInput
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

PACKAGE = "tracker.reports"
#: People of whom a search by source can tell.
MOST_FOUND = 100_000
LONGEST = 200


@dataclass(frozen=True, slots=True)
class PeopleFilter:
    """What people must fit; empty is anything. ``search`` is a part of name, company, owner,
    status, tag or note, or a whole e-mail address, telephone number, user id or person;
    ``first`` a part of keyword, campaign, source or channel of the first touch."""

    search: str = ""
    tag: str = ""
    owner: str = ""
    status: str = ""
    first: str = ""

    def __post_init__(self) -> None:
        texts = (self.search, self.tag, self.owner, self.status, self.first)
        if any(len(text) > LONGEST or "\0" in text for text in texts):
            raise InvalidInput(f"What to look for is longer than {LONGEST} characters.")


def find_people(
    warehouse: Warehouse, db: Engine, site: Site, wanted: PeopleFilter
) -> list[int] | None:
    """The people who fit, by the names that reports give them; None where anybody does."""
    found: list[set[int]] = []
    if wanted.search or wanted.tag or wanted.owner or wanted.status:
        found.append(_described(warehouse, db, site, wanted))
    if wanted.first:
        rows = first_touches(warehouse, site, text=wanted.first)
        found.append({int(row[0]) for row in rows})
    return sorted(set.intersection(*found)) if found else None


def first_touches(
    warehouse: Warehouse, site: Site, *, shown: Iterable[int] = (), text: str = ""
) -> list[tuple[int, object, str, str, str, str]]:
    """Person, time, channel, platform, campaign and keyword of first touches."""
    asof = warehouse.rows(load_sql(PACKAGE, "asof.sql"), {"site": site.key})[0]
    rows = warehouse.rows(
        load_sql(PACKAGE, "people_first.sql"),
        {
            "site": site.key,
            "keywords": int(asof[1]),
            "resolution": int(asof[2]),
            "shown": list(shown),
            "text": text.strip(),
            "most": MOST_FOUND,
        },
    )
    return [(int(row[0]), row[1], *map(str, row[2:])) for row in rows]


def _described(warehouse: Warehouse, db: Engine, site: Site, wanted: PeopleFilter) -> set[int]:
    """The people whose cards fit, or who are found by a note, a contact or their number. A card is
    what lists show of a person, of whichever of his visitors its parts were written."""
    cards = {int(visitor, 16): card for visitor, card in site_cards(db, site.key).items()}
    search = " ".join(wanted.search.split()).casefold()
    # Of a card that fits, a part that is asked for stands at one of the visitors.
    likely = {one for one, card in cards.items() if any(_answers(card, wanted, search))}
    mentioned = _mentioned(warehouse, db, site, wanted.search) if search else set()
    whose = person_of(warehouse, site, likely | mentioned)
    written: dict[int, list[Card]] = defaultdict(list)
    for visitor, card in cards.items():
        written[whose.get(visitor, visitor)].append(card)
    people = {whose.get(visitor, visitor) for visitor in likely | mentioned}
    said = {person: card_from(written[person]) for person in people}
    named = {whose.get(visitor, visitor) for visitor in mentioned}
    # Whom a note or contact names need not have the text on his card, but what is asked besides.
    plain = PeopleFilter(tag=wanted.tag, owner=wanted.owner, status=wanted.status)
    return {
        person
        for person, card in said.items()
        if all(_answers(card, wanted, search))
        or (person in named and all(_answers(card, plain, "")))
    }


def _mentioned(warehouse: Warehouse, db: Engine, site: Site, search: str) -> set[int]:
    """The visitors whom a note, a contact or their number finds."""
    found = {int(visitor, 16) for visitor in noted(db, site.key, search.strip())}
    found |= set(_by_contact(warehouse, site, search))
    number = search.strip().lower()
    if len(number) == 16 and all(digit in "0123456789abcdef" for digit in number):
        found.add(int(number, 16))
    return found


def _answers(card: Card, wanted: PeopleFilter, search: str) -> list[bool]:
    """What a card says to each thing that is asked for."""
    texts = (card.name, card.company, card.owner, card.status, *card.tags)
    plain = (" ".join(text.split()).casefold() for text in texts)
    answers = [
        (wanted.tag, wanted.tag.casefold() in map(str.casefold, card.tags)),
        (wanted.owner, wanted.owner.casefold() == card.owner.casefold()),
        (wanted.status, wanted.status.casefold() == card.status.casefold()),
        (search, any(search in text for text in plain)),
    ]
    return [answer for asked, answer in answers if asked]


def _by_contact(warehouse: Warehouse, site: Site, text: str) -> list[int]:
    """Visitors who gave the text as a contact: only its hash is stored, so it must be whole."""
    readers: tuple[Callable[[str], str], ...] = (hash_email, hash_phone, hash_user)
    hashes = []
    for read in readers:
        try:
            hashes.append(read(text.strip()))
        except InvalidInput:
            continue
    sql = load_sql(PACKAGE, "people_by_contact.sql")
    rows = warehouse.rows(sql, {"site": site.key, "hashes": hashes}) if hashes else []
    return [int(visitor) for (visitor,) in rows]


def person_of(warehouse: Warehouse, site: Site, visitors: Iterable[int]) -> dict[int, int]:
    """The person of every visitor of the people that these visitors belong to; a visitor who is
    missing is a person of his own."""
    rows = warehouse.rows(
        load_sql(PACKAGE, "people_of.sql"), {"site": site.key, "visitors": sorted(visitors)}
    )
    return {int(visitor): int(person) for visitor, person in rows}
