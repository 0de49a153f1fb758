"""People: shown, joined and parted, exported, erased."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from tracker.accounts.sites import Site, get_site
from tracker.commands import upkeep
from tracker.commands.progress import Progress
from tracker.parts import Parts
from tracker.period import Period
from tracker.reconcile.erasure import Erased, ErasureDeps, erase_person
from tracker.reconcile.identity import join_people, part_visitor, rejoin_visitor, visitors_of
from tracker.reports.people import list_people, person_report
from tracker.reports.people_search import PeopleFilter, find_people
from tracker.reports.person_export import export_person
from tracker.requests.people import Identity, ListPeople, Person


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
    """A person with visits, conversions and sources."""
    site = get_site(parts.db, request.site)
    return person_report(parts.warehouse, site, visitors_of(parts.warehouse, site, request.person))


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


def _decide(parts: Parts, request: Identity, work: Callable[..., None], *names: str) -> object:
    site = get_site(parts.db, request.site)
    work(parts.warehouse, parts.db, site, *names, author="command", now=parts.clock())
    return msgspec.to_builtins(request)
