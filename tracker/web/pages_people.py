"""People: the list, one person with all that he did, and what is written and decided of him."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from urllib.parse import urlencode

import msgspec
from anyio import to_thread
from starlette.responses import RedirectResponse, Response

from tracker.accounts.goals import list_goals
from tracker.accounts.person_cards import (
    Card,
    add_note,
    card_of,
    cards_of,
    notes_of,
    remove_note,
    write_card,
)
from tracker.accounts.pipeline import pipeline_of
from tracker.conversions.people import visitor_name
from tracker.errors import InvalidInput, NotFound
from tracker.reconcile.identity import join_people, part_visitor, visitors_of
from tracker.reports.leads import list_leads
from tracker.reports.people import PersonReport, list_people, person_report
from tracker.reports.person_export import export_person
from tracker.web.api import json_answer
from tracker.web.call import Call
from tracker.web.forms import words
from tracker.web.messages import translated
from tracker.web.pages_pipeline import period_of
from tracker.web.query import bounded_number
from tracker.web.stages import MATCHED, stage_name

PAGE = 50


async def show_people(call: Call) -> Response:
    """Those who gave a contact or converted, or everybody, of a period."""
    return await to_thread.run_sync(_list, call)


async def show_person(call: Call) -> Response:
    """One person; 404 for one of whom nothing is known."""
    return await to_thread.run_sync(partial(_person, call))


async def export(call: Call) -> Response:
    """Everything that is stored about a person, as a file."""
    answer = json_answer(await to_thread.run_sync(_export, call))
    name = f"person-{call.request.path_params['person']}.json"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


async def change_card(call: Call) -> Response:
    """What is written of a person."""
    return await _change(call, _write)


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
        work(call, _visitors(call))

    try:
        await to_thread.run_sync(run)
    except InvalidInput as error:
        return await _again(call, error)
    address = f"/sites/{call.site.key}/people/{call.request.path_params['person']}"
    return RedirectResponse(address, status_code=303)


async def _again(call: Call, error: InvalidInput) -> Response:
    problem = " ".join(translated(call.language, error)).strip()
    return await to_thread.run_sync(partial(_person, call, problem=problem, status=error.status))


def _visitors(call: Call) -> list[int]:
    return visitors_of(call.parts.warehouse, call.site, call.request.path_params["person"])


def _write(call: Call, visitors: list[int]) -> None:
    form = call.form
    card = Card(
        name=form.get("name", ""),
        company=form.get("company", ""),
        owner=form.get("owner", ""),
        status=form.get("status", ""),
        tags=tuple(words(form.get("tags", ""))),
    )
    names = [visitor_name(visitor) for visitor in visitors]
    write_card(call.parts.db, call.site.key, names[0], names, card, now=call.parts.clock())


def _note(call: Call, visitors: list[int]) -> None:
    db, site, names = call.parts.db, call.site.key, [visitor_name(one) for one in visitors]
    gone = call.form.get("remove", "")
    if gone:
        if gone not in {one.id for one in notes_of(db, site, names)}:
            raise NotFound(f"No note {gone!r}.", hint="Load the page again.")
        remove_note(db, site, gone)
        return
    text = call.form.get("text", "")
    add_note(db, site, names[0], text, author=_author(call), now=call.parts.clock())


def _join(call: Call, visitors: list[int]) -> None:
    parts = call.parts
    join_people(
        parts.warehouse,
        parts.db,
        call.site,
        visitor_name(visitors[0]),
        call.form.get("other", ""),
        author=_author(call),
        now=parts.clock(),
    )


def _part(call: Call, visitors: list[int]) -> None:
    parts, visitor = call.parts, call.form.get("visitor", "")
    if visitor not in {visitor_name(one) for one in visitors}:
        raise NotFound(f"The person has no visitor {visitor!r}.", hint="Load the page again.")
    now = parts.clock()
    part_visitor(parts.warehouse, parts.db, call.site, visitor, author=_author(call), now=now)


def _author(call: Call) -> str:
    return call.caller.user.email if call.caller.user else "API"


def _export(call: Call) -> dict[str, object]:
    return export_person(call.parts.warehouse, call.parts.db, call.site, _visitors(call))


def _list(call: Call) -> Response:
    params, parts = call.request.query_params, call.parts
    period = period_of(call)
    everybody = params.get("who", "") == "all"
    page = bounded_number("page", params.get("page", "1"), 1, 100_000)
    found = list_people(
        parts.warehouse,
        call.site,
        period,
        known=not everybody,
        limit=PAGE,
        offset=(page - 1) * PAGE,
    )
    kept = {"from": params.get("from", ""), "to": params.get("to", "")}

    def address(**changes: object) -> str:
        wanted = kept | {"who": "all" if everybody else ""} | changes
        return "?" + urlencode({name: value for name, value in wanted.items() if value})

    cards = cards_of(parts.db, call.site.key, [one.person for one in found.people])
    return call.pages.render(
        call,
        "people.html",
        people=found.people,
        total=found.total,
        cards=cards,
        period=period,
        everybody=everybody,
        address=address,
        erased=params.get("erased", "") == "1",
        newer=address(page=page - 1) if page > 1 else "",
        older=address(page=page + 1) if page * PAGE < found.total else "",
    )


def read_person(call: Call) -> tuple[PersonReport, list[str]]:
    """The report of the person in the address and the names of his visitors; NotFound."""
    visitors = _visitors(call)
    report = person_report(call.parts.warehouse, call.site, visitors)
    names = [visitor_name(visitor) for visitor in visitors]
    db, site = call.parts.db, call.site.key
    known = report.visits or report.conversions or len(names) > 1
    if not (known or cards_of(db, site, names) or notes_of(db, site, names)):
        person = call.request.path_params["person"]
        raise NotFound(f"No person {person!r}.", hint="Look at the list of people.")
    return report, names


def _person(call: Call, *, problem: str = "", status: int = 200) -> Response:
    parts, site = call.parts, call.site
    report, names = read_person(call)
    keys = [one.lead for one in report.conversions if one.goal.partition(":")[1]]
    leads = list_leads(parts.warehouse, site, keys=sorted(set(keys))).leads if keys else []
    pipeline = pipeline_of(parts.db, site.key)
    goals = {goal.id: goal.name for goal in list_goals(parts.db, site.key)}
    return call.pages.render(
        call,
        "person.html",
        status=status,
        report=report,
        card=card_of(parts.db, site.key, names),
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


async def api_people(call: Call) -> Response:
    """``{"people": […], "total": n}`` of ``from`` to ``to``; ``who=all`` for everybody."""
    params = call.request.query_params
    work = partial(
        list_people,
        call.parts.warehouse,
        call.site,
        period_of(call),
        known=params.get("who", "") != "all",
        limit=bounded_number("limit", params.get("limit", "50"), 1, 500),
        offset=bounded_number("offset", params.get("offset", "0"), 0, 10**6),
    )
    return json_answer(await to_thread.run_sync(work))


async def api_person(call: Call) -> Response:
    """A person: the report of his page, with card and notes."""
    return json_answer(await to_thread.run_sync(_api_person, call))


async def api_export(call: Call) -> Response:
    """Everything that is stored about a person."""
    return json_answer(await to_thread.run_sync(_export, call))


async def api_erase(call: Call) -> Response:
    """Erase a person; what went."""
    person = call.request.path_params["person"]
    work = partial(call.parts.actions.erase_person, call.site, person)
    return json_answer(await to_thread.run_sync(work))


def _api_person(call: Call) -> dict[str, object]:
    report, names = read_person(call)
    db, site = call.parts.db, call.site.key
    fields: dict[str, object] = msgspec.to_builtins(report)
    return fields | {
        "card": msgspec.to_builtins(card_of(db, site, names)),
        "notes": msgspec.to_builtins(notes_of(db, site, names)),
    }
