"""People: shown, described, joined and parted, exported, erased."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from tracker.accounts.card_wish import CardWish
from tracker.accounts.person_cards import add_note, amend_card, card_of, notes_of, remove_note
from tracker.accounts.sites import Site, get_site
from tracker.commands import upkeep
from tracker.commands.progress import Progress
from tracker.conversions.people import visitor_name
from tracker.parts import Parts
from tracker.period import Period
from tracker.reconcile.erasure import Erased, ErasureDeps, erase_person
from tracker.reconcile.identity import join_people, part_visitor, rejoin_visitor, visitors_of
from tracker.reports.people import list_people, person_report
from tracker.reports.people_search import PeopleFilter, find_people
from tracker.reports.person_export import export_person
from tracker.requests.people import (
    Identity,
    ListPeople,
    Person,
    RemoveNote,
    WriteCard,
    WriteNote,
)

#: Whose a note or decision is that came by the command.
AUTHOR = "command"


def people(parts: Parts, request: ListPeople, _: Progress) -> object:
    """The people of a period who fit."""
    site = get_site(parts.db, request.site)
    wanted = PeopleFilter(
        request.search, request.tag, request.owner, request.status, request.first_touch
    )
    return list_people(
        parts.warehouse,
        site,
        Period.parse(request.first, request.last),
        known=request.known,
        wanted=find_people(parts.warehouse, parts.db, site, wanted),
        limit=request.limit,
        offset=request.offset,
    )


def show(parts: Parts, request: Person, _: Progress) -> object:
    """A person with visits, conversions and sources, card and notes."""
    site, names = _known(parts, request.site, request.person)
    visitors = [int(name, 16) for name in names]
    report = msgspec.to_builtins(person_report(parts.warehouse, site, visitors))
    card = msgspec.to_builtins(card_of(parts.db, site.key, names))
    return {**report, "card": card, **_notes(parts, site, names)}


def card(parts: Parts, request: WriteCard, _: Progress) -> object:
    """What is written of a person, after what is wished."""
    site, names = _known(parts, request.site, request.person)
    if request.card == CardWish():
        return card_of(parts.db, site.key, names)
    return amend_card(parts.db, site.key, names, request.card, now=parts.clock())


def notes(parts: Parts, request: Person, _: Progress) -> object:
    """The notes about a person, the newest first."""
    return _notes(parts, *_known(parts, request.site, request.person))


def note(parts: Parts, request: WriteNote, _: Progress) -> object:
    """A note more; all of them, the newest first."""
    site, names = _known(parts, request.site, request.person)
    add_note(parts.db, site.key, names[0], request.text, author=AUTHOR, now=parts.clock())
    return _notes(parts, site, names)


def remove(parts: Parts, request: RemoveNote, _: Progress) -> object:
    """A note less; those that are left."""
    site, names = _known(parts, request.site, request.person)
    remove_note(parts.db, site.key, names, request.note)
    return _notes(parts, site, names)


def export(parts: Parts, request: Person, _: Progress) -> object:
    """Everything that is stored about a person."""
    site = get_site(parts.db, request.site)
    visitors = visitors_of(parts.warehouse, site, request.person)
    return export_person(parts.warehouse, parts.db, site, visitors)


def erase(parts: Parts, request: Person, _: Progress) -> object:
    """Erase a person everywhere; sums follow with the next reconcile."""
    return erase_of(parts, get_site(parts.db, request.site), request.person)


def merge(parts: Parts, request: Identity, _: Progress) -> object:
    """Two people are one."""
    return _decide(parts, request, join_people, request.person, request.other)


def unmerge(parts: Parts, request: Identity, _: Progress) -> object:
    """A visitor is a person of his own."""
    return _decide(parts, request, part_visitor, request.person)


def rejoin(parts: Parts, request: Identity, _: Progress) -> object:
    """What was decided about a visitor no longer stands."""
    return _decide(parts, request, rejoin_visitor, request.person)


def erase_of(parts: Parts, site: Site, person: str) -> Erased:
    """Erase a person of a site."""
    deps = ErasureDeps(
        warehouse=parts.warehouse,
        db=parts.db,
        clock=parts.clock,
        spool=parts.settings.spool,
        load=lambda: upkeep.load(parts),
        holder=f"{parts.holder} erasing",
    )
    return erase_person(deps, site, person)


def _known(parts: Parts, key: str, person: str) -> tuple[Site, list[str]]:
    """The site, and the names of the person's visitors."""
    site = get_site(parts.db, key)
    visitors = visitors_of(parts.warehouse, site, person)
    return site, [visitor_name(visitor) for visitor in visitors]


def _notes(parts: Parts, site: Site, names: list[str]) -> dict[str, object]:
    return {"notes": msgspec.to_builtins(notes_of(parts.db, site.key, names))}


def _decide(parts: Parts, request: Identity, work: Callable[..., None], *names: str) -> object:
    site = get_site(parts.db, request.site)
    work(parts.warehouse, parts.db, site, *names, author=AUTHOR, now=parts.clock())
    return msgspec.to_builtins(request)
