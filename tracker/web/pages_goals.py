"""Goals of a site: the list, a new one, removal."""

from __future__ import annotations

from functools import partial

from anyio import to_thread
from starlette.responses import RedirectResponse, Response

from tracker.accounts.goals import Goal, GoalKind, add_goal, list_goals, remove_goal
from tracker.accounts.sites import Site
from tracker.errors import InvalidInput
from tracker.web.call import Call
from tracker.web.forms import optional_amount
from tracker.web.i18n import msgid
from tracker.web.messages import translated

_EMPTY = {"name": "", "kind": "path", "pattern": "", "worth": "none", "value": ""}
_NO_VALUE = msgid("Enter the fixed value, or choose another kind of value.")


async def show_goals(call: Call) -> Response:
    """The goals and the form for another."""
    return await to_thread.run_sync(partial(_page, call, _EMPTY))


async def add_new_goal(call: Call) -> Response:
    """Add the goal; what is past is counted again."""
    form = _EMPTY | dict(call.form)
    if form["worth"] == "fixed" and not form["value"].strip():
        return await _again(call, form, call.text(_NO_VALUE))
    try:
        await to_thread.run_sync(_add, call, form)
    except InvalidInput as error:
        return await _again(call, form, " ".join(translated(call.language, error)).strip())
    return _back(call.site)


async def remove_one(call: Call) -> Response:
    """Remove the goal of that name; its conversions disappear from the reports."""
    await to_thread.run_sync(_remove, call)
    return _back(call.site)


async def _again(call: Call, form: dict[str, str], problem: str) -> Response:
    return await to_thread.run_sync(partial(_page, call, form, problem=problem, status=400))


def _add(call: Call, form: dict[str, str]) -> Goal:
    kind: GoalKind = "event" if form["kind"] == "event" else "path"
    goal = add_goal(
        call.parts.db,
        site=call.site.key,
        name=form["name"],
        kind=kind,
        pattern=form["pattern"],
        value=optional_amount(form["value"]) if form["worth"] == "fixed" else None,
        use_event_value=form["worth"] == "event",
        now=call.parts.clock(),
    )
    call.parts.actions.goals_changed(call.site)
    return goal


def _remove(call: Call) -> None:
    remove_goal(call.parts.db, call.site.key, call.form.get("name", ""))
    call.parts.actions.goals_changed(call.site)


def _page(call: Call, form: dict[str, str], *, problem: str = "", status: int = 200) -> Response:
    goals = list_goals(call.parts.db, call.site.key)
    return call.pages.render(
        call, "goals.html", status=status, goals=goals, form=form, problem=problem
    )


def _back(site: Site) -> Response:
    return RedirectResponse(f"/sites/{site.key}/goals", status_code=303)
