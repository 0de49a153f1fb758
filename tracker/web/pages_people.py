"""People: the list, one person with all that he did, and what is written and decided of him."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from types import MappingProxyType
from urllib.parse import urlencode

from anyio import to_thread
from sqlalchemy import Engine
from starlette.responses import RedirectResponse, Response

from tracker.accounts.goals import list_goals
from tracker.accounts.person_cards import (
    Card,
    add_note,
    card_of,
    cards_of,
    edit_card,
    notes_of,
    remove_note,
    site_cards,
)
from tracker.accounts.pipeline import pipeline_of
from tracker.conversions.people import visitor_name
from tracker.errors import InvalidInput, NotFound
from tracker.reconcile.identity import join_people, part_visitor, visitors_of
from tracker.reports.leads import list_leads
from tracker.reports.people import PersonLine, PersonReport, list_people, person_report
from tracker.reports.people_search import PeopleFilter, find_people, person_of
from tracker.reports.person_export import export_person
from tracker.web.api import json_answer
from tracker.web.call import Call
from tracker.web.forms import words
from tracker.web.i18n import msgid
from tracker.web.messages import translated
from tracker.web.pages_pipeline import period_of
from tracker.web.paging import page_before
from tracker.web.query import bounded_number
from tracker.web.stages import MATCHED, stage_name

PAGE = 50
_FIELDS = {
    "name": msgid("Name of the person"),
    "company": msgid("Company"),
    "owner": msgid("Owner"),
    "status": msgid("Status"),
}
_CLASH = msgid(
    "Somebody else has changed the same meanwhile; now it says %(fields)s. Nothing was saved: "
    "save again to replace it."
)
NOTHING: Mapping[str, str] = MappingProxyType({})


async def show_people(call: Call) -> Response:
    """Those who gave a contact or converted, or everybody, of a period."""
    return await to_thread.run_sync(_list, call)


async def show_person(call: Call) -> Response:
    """One person; 404 for one of whom nothing is known."""
    return await to_thread.run_sync(partial(_person, call))


async def export(call: Call) -> Response:
    """Everything that is stored about a person, as a file."""
    answer = json_answer(await to_thread.run_sync(exported, call))
    name = f"person-{call.request.path_params['person']}.json"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


async def change_card(call: Call) -> Response:
    """What is written of a person: the fields that were changed in the form. 409 and the form
    again where somebody else has changed the same ones since it was shown."""
    try:
        clashes = await to_thread.run_sync(_write, call)
    except InvalidInput as error:
        return await _again(call, error)
    if not clashes:
        return _to_person(call)
    said = [f"{call.text(_FIELDS[name])}: {text or '–'}" for name, text in clashes.items()]
    problem = call.text(_CLASH, fields="; ".join(said))
    work = partial(_person, call, problem=problem, clashes=clashes, status=409)
    return await to_thread.run_sync(work)


async def note(call: Call) -> Response:
    """A note more, or one less."""
    return await _change(call, _note)


async def join(call: Call) -> Response:
    """This person and another are one."""
    return await _change(call, _join)


async def part(call: Call) -> Response:
    """One of the person's visitors is somebody else."""
    return await _change(call, _part)


async def erase(call: Call) -> Response:
    """Erase the person, once the page's question is answered with his name."""
    person = call.request.path_params["person"]
    if call.form.get("confirm", "").strip() != person:
        error = InvalidInput("To erase a person, repeat his name.", hint="It is the 16 digits.")
        return await _again(call, error)
    await to_thread.run_sync(call.parts.actions.erase_person, call.site, person)
    return RedirectResponse(f"/sites/{call.site.key}/people?erased=1", status_code=303)


async def _change(call: Call, work: Callable[[Call, list[int]], None]) -> Response:
    def run() -> None:
        work(call, person_visitors(call))

    try:
        await to_thread.run_sync(run)
    except InvalidInput as error:
        return await _again(call, error)
    return _to_person(call)


def _to_person(call: Call) -> Response:
    address = f"/sites/{call.site.key}/people/{call.request.path_params['person']}"
    return RedirectResponse(address, status_code=303)


async def _again(call: Call, error: InvalidInput) -> Response:
    problem = " ".join(translated(call.language, error)).strip()
    return await to_thread.run_sync(partial(_person, call, problem=problem, status=error.status))


def person_visitors(call: Call) -> list[int]:
    """The visitors of the person in the address."""
    return visitors_of(call.parts.warehouse, call.site, call.request.path_params["person"])


def _write(call: Call) -> dict[str, str]:
    names = [visitor_name(visitor) for visitor in person_visitors(call)]
    db, site, now = call.parts.db, call.site.key, call.parts.clock()
    return edit_card(db, site, names, _card(call.form, "shown_"), _card(call.form), now=now)


def _card(form: Mapping[str, str], before: str = "") -> Card:
    """The card of a form, or what stood ``before`` that: the form sends both."""
    return Card(
        name=form.get(f"{before}name", ""),
        company=form.get(f"{before}company", ""),
        owner=form.get(f"{before}owner", ""),
        status=form.get(f"{before}status", ""),
        tags=tuple(words(form.get(f"{before}tags", ""))),
    )


def _note(call: Call, visitors: list[int]) -> None:
    db, site, names = call.parts.db, call.site.key, [visitor_name(one) for one in visitors]
    gone = call.form.get("remove", "")
    if gone:
        remove_note(db, site, names, gone)
        return
    text = call.form.get("text", "")
    add_note(db, site, names[0], text, author=author_of(call), now=call.parts.clock())


def _join(call: Call, visitors: list[int]) -> None:
    parts = call.parts
    join_people(
        parts.warehouse,
        parts.db,
        call.site,
        visitor_name(visitors[0]),
        call.form.get("other", ""),
        author=author_of(call),
        now=parts.clock(),
    )


def _part(call: Call, visitors: list[int]) -> None:
    parts, visitor = call.parts, call.form.get("visitor", "")
    if visitor not in {visitor_name(one) for one in visitors}:
        raise NotFound(f"The person has no visitor {visitor!r}.", hint="Load the page again.")
    now = parts.clock()
    part_visitor(parts.warehouse, parts.db, call.site, visitor, author=author_of(call), now=now)


def author_of(call: Call) -> str:
    """Who writes or decides something about a person."""
    return call.caller.user.email if call.caller.user else "API"


def exported(call: Call) -> dict[str, object]:
    """Everything that is stored about the person in the address."""
    return export_person(call.parts.warehouse, call.parts.db, call.site, person_visitors(call))


def _list(call: Call) -> Response:
    params, parts = call.request.query_params, call.parts
    period = period_of(call)
    everybody = params.get("who", "") == "all"
    page = bounded_number("page", params.get("page", "1"), 1, 100_000)
    wanted = people_filter(call)
    found = list_people(
        parts.warehouse,
        call.site,
        period,
        known=not everybody,
        wanted=find_people(parts.warehouse, parts.db, call.site, wanted),
        limit=PAGE,
        offset=(page - 1) * PAGE,
    )
    earlier = page_before(page, found.total, PAGE)
    looked_for = asdict(wanted)
    kept = {"from": params.get("from", ""), "to": params.get("to", "")} | looked_for

    def address(**changes: object) -> str:
        wanted = kept | {"who": "all" if everybody else ""} | changes
        return "?" + urlencode({name: value for name, value in wanted.items() if value})

    return call.pages.render(
        call,
        "people.html",
        wanted=wanted,
        is_filtered=any(looked_for.values()),
        choices=_choices(parts.db, call.site.key),
        people=found.people,
        total=found.total,
        cards=_cards(call, found.people),
        period=period,
        everybody=everybody,
        address=address,
        erased=params.get("erased", "") == "1",
        newer=address(page=earlier) if earlier else "",
        older=address(page=page + 1) if page * PAGE < found.total else "",
    )


def people_filter(call: Call) -> PeopleFilter:
    """Whom the address asks for."""
    params = call.request.query_params
    names = PeopleFilter.__dataclass_fields__
    return PeopleFilter(**{name: params.get(name, "").strip() for name in names})


def _choices(db: Engine, site: str) -> dict[str, list[str]]:
    """Every tag, owner and status that is written on a card of the site."""
    cards = site_cards(db, site).values()
    return {
        "tag": sorted({tag for card in cards for tag in card.tags}),
        "owner": sorted({card.owner for card in cards if card.owner}),
        "status": sorted({card.status for card in cards if card.status}),
    }


def _cards(call: Call, people: Sequence[PersonLine]) -> dict[str, Card]:
    """One card of each person, whichever of his visitors it stands at."""
    parts, site = call.parts, call.site
    named = {int(one.person, 16) for one in people}
    whose = person_of(parts.warehouse, site, named)
    names = [visitor_name(visitor) for visitor in {*whose, *named}]
    found: dict[str, list[str]] = {}
    for name in cards_of(parts.db, site.key, names):
        visitor = int(name, 16)
        found.setdefault(visitor_name(whose.get(visitor, visitor)), []).append(name)
    return {person: card_of(parts.db, site.key, at) for person, at in found.items()}


def read_person(call: Call) -> tuple[PersonReport, list[str]]:
    """The report of the person in the address and the names of his visitors; NotFound."""
    visitors = person_visitors(call)
    report = person_report(call.parts.warehouse, call.site, visitors)
    names = [visitor_name(visitor) for visitor in visitors]
    db, site = call.parts.db, call.site.key
    known = report.visits or report.conversions or len(names) > 1
    if not (known or cards_of(db, site, names) or notes_of(db, site, names)):
        person = call.request.path_params["person"]
        raise NotFound(f"No person {person!r}.", hint="Look at the list of people.")
    return report, names


def _person(
    call: Call, *, problem: str = "", clashes: Mapping[str, str] = NOTHING, status: int = 200
) -> Response:
    """The page of a person; with a ``problem``, its form as it was sent. ``clashes``: what fields
    of the card say that others have changed meanwhile, which the reader knows from here on."""
    parts, site = call.parts, call.site
    sent = call.form if problem else {}
    report, names = read_person(call)
    keys = sorted({one.lead for one in report.conversions if one.goal.partition(":")[1]})
    leads = (
        list_leads(
            parts.warehouse, parts.db, site, clock=parts.clock, keys=keys, limit=len(keys)
        ).leads
        if keys
        else []
    )
    pipeline = pipeline_of(parts.db, site.key)
    goals = {goal.id: goal.name for goal in list_goals(parts.db, site.key)}
    card = card_of(parts.db, site.key, names)
    # Every field of a card is sent, so one of them tells its form from the others.
    is_card = "company" in sent
    known = {f"shown_{name}": text for name, text in clashes.items()}
    return call.pages.render(
        call,
        "person.html",
        status=status,
        report=report,
        card=card,
        written=_card(sent) if is_card else card,
        shown=_card({**sent, **known}, "shown_") if is_card else card,
        sent=sent,
        notes=notes_of(parts.db, site.key, names),
        leads=leads,
        goal_name=lambda goal: (
            goals.get(goal) or stage_name(call.language, pipeline, goal.partition(":")[2] or goal)
        ),
        stage_name=partial(stage_name, call.language, pipeline),
        matched=lambda way: call.text(MATCHED[way]) if way in MATCHED else way,
        problem=problem,
        asked=call.request.path_params["person"],
    )
