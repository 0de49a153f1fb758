"""Requests about people, each named by one of his visitors."""

from __future__ import annotations

import msgspec

from tracker.accounts.card_wish import CardWish


class ListPeople(msgspec.Struct, frozen=True):
    """``tracker person list``; days as YYYY-MM-DD; the others as in PeopleFilter."""

    site: str
    first: str
    last: str
    known: bool = True
    limit: int = 50
    offset: int = 0
    search: str = ""
    tag: str = ""
    owner: str = ""
    status: str = ""
    first_touch: str = ""


class Person(msgspec.Struct, frozen=True):
    """``tracker person show``, ``export`` and ``erase``; ``person`` is one of his visitors."""

    site: str
    person: str


class Identity(msgspec.Struct, frozen=True):
    """``tracker person merge`` (with ``other``), ``unmerge`` and ``rejoin`` (a visitor)."""

    site: str
    person: str
    other: str = ""


class WriteCard(msgspec.Struct, frozen=True):
    """``tracker person card``: what is said of a person; nothing changes where nothing is."""

    site: str
    person: str
    card: CardWish = CardWish()


class WriteNote(msgspec.Struct, frozen=True):
    """``tracker person note``."""

    site: str
    person: str
    text: str


class RemoveNote(msgspec.Struct, frozen=True):
    """``tracker person note-remove``; ``note`` is its id."""

    site: str
    person: str
    note: str
