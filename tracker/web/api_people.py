"""People by the API: found, shown, described, joined and parted, exported and erased."""

from __future__ import annotations

from functools import partial

import msgspec
from anyio import to_thread
from starlette.responses import Response

from tracker.accounts.card_wish import CardWish
from tracker.accounts.person_cards import (
    Card,
    add_note,
    amend_card,
    card_of,
    notes_of,
    remove_note,
)
from tracker.conversions.people import visitor_name
from tracker.errors import NotFound
from tracker.reconcile.identity import join_people, part_visitor, rejoin_visitor
from tracker.reports.people import PeoplePage, list_people
from tracker.reports.people_search import find_people
from tracker.web.api import json_answer
from tracker.web.call import Call
from tracker.web.json_bodies import decode, read_json
from tracker.web.pages_people import (
    author_of,
    exported,
    people_filter,
    person_visitors,
    read_person,
)
from tracker.web.pages_pipeline import period_of
from tracker.web.query import bounded_number


class NoteText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A note to write down."""

    text: str


class NoteName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The note that is meant."""

    note: str


class OtherPerson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is the same."""

    other: str


class VisitorName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of a person's visitors."""

    visitor: str


async def people(call: Call) -> Response:
    """``{"people": […], "total": n}`` of ``from`` to ``to``; ``who=all`` for everybody;
    ``search``, ``tag``, ``owner``, ``status`` and ``first`` as in ``PeopleFilter``."""
    return json_answer(await to_thread.run_sync(_people, call))


async def person(call: Call) -> Response:
    """A person: the report of his page, with card and notes."""
    return json_answer(await to_thread.run_sync(_person, call))


async def export(call: Call) -> Response:
    """Everything that is stored about a person."""
    return json_answer(await to_thread.run_sync(exported, call))


async def erase(call: Call) -> Response:
    """Erase a person; what went."""
    name = call.request.path_params["person"]
    work = partial(call.parts.actions.erase_person, call.site, name)
    return json_answer(await to_thread.run_sync(work))


async def change_card(call: Call) -> Response:
    """Write fields of a person's card: the card as it is then."""
    wish = decode(await read_json(call), CardWish)
    return json_answer(await to_thread.run_sync(_write, call, wish))


async def note(call: Call) -> Response:
    """Write a note: all notes, the newest first, with status 201."""
    wish = decode(await read_json(call), NoteText)
    return json_answer(await to_thread.run_sync(_note, call, wish.text), status=201)


async def drop_note(call: Call) -> Response:
    """Take a note away: the notes that are left."""
    wish = decode(await read_json(call), NoteName)
    return json_answer(await to_thread.run_sync(_drop_note, call, wish.note))


async def join(call: Call) -> Response:
    """This person and ``other`` are one: 202, as reports follow with the next run."""
    wish = decode(await read_json(call), OtherPerson)
    await to_thread.run_sync(_join, call, wish.other)
    return json_answer(wish, status=202)


async def part(call: Call) -> Response:
    """One of the person's visitors is somebody else: 202, as reports follow with the next run."""
    wish = decode(await read_json(call), VisitorName)
    await to_thread.run_sync(_part, call, wish.visitor)
    return json_answer(wish, status=202)


async def rejoin(call: Call) -> Response:
    """The person in the address, a visitor who was kept apart, is kept apart no more: 202."""
    await to_thread.run_sync(_rejoin, call)
    return json_answer(VisitorName(call.request.path_params["person"]), status=202)


def _people(call: Call) -> PeoplePage:
    params, parts = call.request.query_params, call.parts
    return list_people(
        parts.warehouse,
        call.site,
        period_of(call),
        known=params.get("who", "") != "all",
        wanted=find_people(parts.warehouse, parts.db, call.site, people_filter(call)),
        limit=bounded_number("limit", params.get("limit", "50"), 1, 500),
        offset=bounded_number("offset", params.get("offset", "0"), 0, 10**6),
    )


def _person(call: Call) -> dict[str, object]:
    report, names = read_person(call)
    db, site = call.parts.db, call.site.key
    fields: dict[str, object] = msgspec.to_builtins(report)
    return fields | {
        "card": msgspec.to_builtins(card_of(db, site, names)),
        "notes": msgspec.to_builtins(notes_of(db, site, names)),
    }


def _names(call: Call) -> list[str]:
    return [visitor_name(visitor) for visitor in person_visitors(call)]


def _write(call: Call, wish: CardWish) -> Card:
    return amend_card(call.parts.db, call.site.key, _names(call), wish, now=call.parts.clock())


def _notes(call: Call, names: list[str]) -> dict[str, object]:
    found = notes_of(call.parts.db, call.site.key, names)
    return {"notes": msgspec.to_builtins(found)}


def _note(call: Call, text: str) -> dict[str, object]:
    db, site, names = call.parts.db, call.site.key, _names(call)
    add_note(db, site, names[0], text, author=author_of(call), now=call.parts.clock())
    return _notes(call, names)


def _drop_note(call: Call, note: str) -> dict[str, object]:
    db, site, names = call.parts.db, call.site.key, _names(call)
    remove_note(db, site, names, note)
    return _notes(call, names)


def _join(call: Call, other: str) -> None:
    parts, name = call.parts, call.request.path_params["person"]
    join_people(
        parts.warehouse,
        parts.db,
        call.site,
        name,
        other,
        author=author_of(call),
        now=parts.clock(),
    )


def _part(call: Call, visitor: str) -> None:
    parts = call.parts
    if visitor not in _names(call):
        raise NotFound(f"The person has no visitor {visitor!r}.", hint="Look at his visitors.")
    now = parts.clock()
    part_visitor(parts.warehouse, parts.db, call.site, visitor, author=author_of(call), now=now)


def _rejoin(call: Call) -> None:
    parts, name = call.parts, call.request.path_params["person"]
    now = parts.clock()
    rejoin_visitor(parts.warehouse, parts.db, call.site, name, author=author_of(call), now=now)
