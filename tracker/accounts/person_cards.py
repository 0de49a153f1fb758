"""What people write about a person: name, company, owner, status, tags and notes.

A person is known by his visitors (16 hexadecimal digits each). A card or note stands at the
visitor whom the person was named by when it was written, and is found by any visitor of his.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, Row, delete, func, insert, select

from tracker.accounts import schema
from tracker.accounts.card_wish import CardWish
from tracker.accounts.database import write
from tracker.accounts.identifiers import new_id
from tracker.accounts.upserts import upsert
from tracker.errors import InvalidInput, NotFound

MAX_TAGS, MAX_NOTE, MAX_FIELD = 20, 4_000, 200
#: Visitors in one statement.
CHUNK = 500
_TEXTS = ("name", "company", "owner", "status")


@dataclass(frozen=True, slots=True)
class Card:
    """What is written of a person; empty where nothing is."""

    name: str = ""
    company: str = ""
    owner: str = ""
    status: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """Something that ``author`` has written down."""

    id: str
    text: str
    author: str
    created_at: datetime


def cards_of(db: Engine, site: str, visitors: Iterable[str]) -> dict[str, Card]:
    """The cards that stand at these visitors, the latest written last."""
    with db.connect() as connection:
        return _cards(connection, site, visitors)


def _cards(connection: Connection, site: str, visitors: Iterable[str]) -> dict[str, Card]:
    table = schema.person_cards
    rows: list[Row[Any]] = []
    for chunk in _chunks(visitors):
        query = select(table).where(table.c.site == site, table.c.visitor.in_(chunk))
        rows += connection.execute(query)
    rows.sort(key=lambda row: (row.updated_at, row.visitor))
    return {row.visitor: _card(row) for row in rows}


def site_cards(db: Engine, site: str, *, tagged: bool = False) -> dict[str, Card]:
    """Every card of a site by the visitor at whom it stands, the latest written last; ``tagged``:
    those with a tag."""
    table = schema.person_cards
    query = select(table).where(table.c.site == site)
    query = query.order_by(table.c.updated_at, table.c.visitor)
    if tagged:
        query = query.where(table.c.tags != "[]")
    with db.connect() as connection:
        return {row.visitor: _card(row) for row in connection.execute(query)}


def noted(db: Engine, site: str, text: str) -> list[str]:
    """The visitors at whom a note stands that has this text in it, whatever its case."""
    table = schema.person_notes
    fits = func.lower(table.c.text).contains(text.lower(), autoescape=True)
    query = select(table.c.visitor).where(table.c.site == site, fits).distinct()
    with db.connect() as connection:
        return [row.visitor for row in connection.execute(query)]


def card_of(db: Engine, site: str, visitors: Iterable[str]) -> Card:
    """One card of a person, of those that stand at his visitors."""
    return card_from(cards_of(db, site, visitors).values())


def card_from(cards: Iterable[Card]) -> Card:
    """One card of the cards of joined people: of each kind the last that says something, and all
    tags."""
    card = Card()
    for one in cards:
        card = Card(
            name=one.name or card.name,
            company=one.company or card.company,
            owner=one.owner or card.owner,
            status=one.status or card.status,
            tags=tuple(dict.fromkeys((*card.tags, *one.tags))),
        )
    return card


@contextmanager
def _alone(db: Engine, site: str) -> Iterator[Connection]:
    """A transaction beside which nobody else writes cards of the site.

    NOTE: on PostgreSQL a lock of the cards themselves would not do, as a change deletes them.
    """
    table = schema.sites
    with write(db) as connection:
        query = select(table.c.key).where(table.c.key == site)
        connection.execute(query.with_for_update(key_share=True))
        yield connection


def _replace(
    connection: Connection,
    site: str,
    person: str,
    visitors: Iterable[str],
    checked: Card,
    now: datetime,
) -> None:
    table = schema.person_cards
    values = {
        "site": site,
        "visitor": person,
        "name": checked.name,
        "company": checked.company,
        "owner": checked.owner,
        "status": checked.status,
        "tags": msgspec.json.encode(checked.tags).decode(),
        "updated_at": now,
    }
    for chunk in _chunks(visitors):
        connection.execute(delete(table).where(table.c.site == site, table.c.visitor.in_(chunk)))
    connection.execute(upsert(connection, table).on_conflict_do_nothing(), [values])


def amend_card(
    db: Engine, site: str, visitors: Sequence[str], wish: CardWish, *, now: datetime
) -> Card:
    """Write what is wished of the person's card, at the first of his visitors; the card as it is
    then. What others write meanwhile stays. InvalidInput."""
    said = {name: one for name, one in msgspec.structs.asdict(wish).items() if one is not None}
    with _alone(db, site) as connection:
        standing = card_from(_cards(connection, site, visitors).values())
        card = _checked(replace(standing, **said))
        _replace(connection, site, visitors[0], visitors, card, now)
    return card


def edit_card(
    db: Engine, site: str, visitors: Sequence[str], shown: Card, card: Card, *, now: datetime
) -> dict[str, str]:
    """Write what differs in ``card`` from what was ``shown`` before, at the first of the person's
    visitors; what others wrote meanwhile of other fields stays.

    Of tags only those are added and removed in which both differ. Where others changed the same
    field to something else, nothing is written; the answer is what those fields say now, empty
    where all went well. InvalidInput.
    """
    with _alone(db, site) as connection:
        standing = card_from(_cards(connection, site, visitors).values())
        shown, card = _plain(shown), _checked(card)
        said = {name: getattr(card, name) for name in _TEXTS}
        said = {name: text for name, text in said.items() if text != getattr(shown, name)}
        now_said = {name: getattr(standing, name) for name in said}
        clashes = {
            name: text
            for name, text in now_said.items()
            if text not in (getattr(shown, name), said[name])
        }
        if clashes:
            return clashes
        tags = tuple(tag for tag in standing.tags if tag in card.tags or tag not in shown.tags)
        tags += tuple(tag for tag in card.tags if tag not in (*shown.tags, *tags))
        merged = _checked(replace(standing, tags=tags, **said))
        _replace(connection, site, visitors[0], visitors, merged, now)
    return {}


def notes_of(db: Engine, site: str, visitors: Iterable[str]) -> list[Note]:
    """The notes about a person, the newest first."""
    table = schema.person_notes
    found: list[Note] = []
    with db.connect() as connection:
        for chunk in _chunks(visitors):
            query = select(table).where(table.c.site == site, table.c.visitor.in_(chunk))
            rows = connection.execute(query)
            found += [Note(row.id, row.text, row.author, row.created_at) for row in rows]
    return sorted(found, key=lambda note: (note.created_at, note.id), reverse=True)


def add_note(db: Engine, site: str, person: str, text: str, *, author: str, now: datetime) -> None:
    """Write something down about a person. InvalidInput for nothing, or too much."""
    plain = text.strip()
    if not plain or len(plain) > MAX_NOTE or "\0" in plain:
        raise InvalidInput(f"A note has 1 to {MAX_NOTE} characters; this one has {len(plain)}.")
    row = {
        "id": new_id(),
        "site": site,
        "visitor": person,
        "text": plain,
        "author": author[:MAX_FIELD],
        "created_at": now,
    }
    with write(db) as connection:
        connection.execute(insert(schema.person_notes).values(**row))


def remove_note(db: Engine, site: str, visitors: Iterable[str], note: str) -> None:
    """Take a note about the person away; NotFound."""
    if note not in {one.id for one in notes_of(db, site, visitors)}:
        raise NotFound(f"No note {note!r}.", hint="Look at the person's notes.")
    table = schema.person_notes
    with write(db) as connection:
        connection.execute(delete(table).where(table.c.site == site, table.c.id == note))


def forget(db: Engine, site: str, visitors: Iterable[str]) -> int:
    """Delete what is written about these visitors; how many cards and notes."""
    count = 0
    with write(db) as connection:
        for chunk in _chunks(visitors):
            for table in (schema.person_cards, schema.person_notes):
                gone = delete(table).where(table.c.site == site, table.c.visitor.in_(chunk))
                count += connection.execute(gone).rowcount
    return count


def _card(row: Row[Any]) -> Card:
    tags = msgspec.json.decode(row.tags, type=tuple[str, ...])
    return Card(row.name, row.company, row.owner, row.status, tags)


def _checked(card: Card) -> Card:
    for text in (card.name, card.company, card.owner, card.status, *card.tags):
        if len(text) > MAX_FIELD or "\0" in text:
            raise InvalidInput(f"A field of a person is longer than {MAX_FIELD} characters.")
    plain = _plain(card)
    if (
        len(plain.tags) > MAX_TAGS
        or len(card.status) > 40
        or any(len(tag) > 60 for tag in plain.tags)
    ):
        raise InvalidInput(
            f"A person has up to {MAX_TAGS} tags of 60 characters, and a status of 40."
        )
    return plain


def _plain(card: Card) -> Card:
    """The card without needless spaces, each tag once."""
    tags = tuple(dict.fromkeys(" ".join(tag.split()) for tag in card.tags if tag.strip()))
    return Card(
        card.name.strip(), card.company.strip(), card.owner.strip(), card.status.strip(), tags
    )


def _chunks(visitors: Iterable[str]) -> Iterable[Sequence[str]]:
    wanted = sorted(set(visitors))
    return [wanted[start : start + CHUNK] for start in range(0, len(wanted), CHUNK)]
