"""Goals of a site: the list, a new one, removal."""

from __future__ import annotations

from functools import partial

from anyio import to_thread
from starlette.responses import RedirectResponse, Response

from tracker.accounts.goal_filters import filter_text
from tracker.accounts.goal_grant import grant_goal
from tracker.accounts.goal_wish import GoalWish
from tracker.accounts.goals import TALK, Goal, list_goals, remove_goal
from tracker.accounts.sites import Site
from tracker.errors import InvalidInput
from tracker.web.call import Call
from tracker.web.forms import whole_number
from tracker.web.i18n import msgid
from tracker.web.messages import translated

_TEXTS = ("name", "pattern", "value", "seconds", "depth", "where", "lookback")
_EMPTY = dict.fromkeys(_TEXTS, "") | {
    "kind": "path",
    "worth": "none",
    "talk": "any",
    "count": "every",
    "totals": "usual",
    "reset": "",
}
KINDS = {
    "path": msgid("A page"),
    "event": msgid("An event"),
    "form": msgid("A form that is sent"),
    "click": msgid("A tap to talk"),
    "download": msgid("A download"),
    "engagement": msgid("Attention"),
}
COUNTS = {
    "every": msgid("Every time"),
    "visit": msgid("Once per visit"),
    "person": msgid("Once per person"),
}
TOTALS = {
    "usual": msgid("As usual: taps, downloads and attention stay out"),
    "yes": msgid("Counts"),
    "no": msgid("Stays out: counts for itself"),
}
TALKS = {
    "any": msgid("Any way to talk"),
    "call": msgid("Phone call"),
    "mail": msgid("E-mail"),
    "wechat": msgid("WeChat"),
    "whatsapp": msgid("WhatsApp"),
    "telegram": msgid("Telegram"),
    "qq": msgid("QQ"),
    "chat": msgid("Online chat"),
}
_NO_VALUE = msgid("Enter the fixed value, or choose another kind of value.")


async def show_goals(call: Call) -> Response:
    """The goals and the form for another."""
    return await to_thread.run_sync(partial(_page, call, _EMPTY))


async def add_new_goal(call: Call) -> Response:
    """Add the goal; what is past is counted again."""
    form = _EMPTY | dict(call.form)
    if form["worth"] == "fixed" and not form["value"].strip():
        return await _again(call, form, call.text(_NO_VALUE), "value")
    try:
        await to_thread.run_sync(_add, call, form)
    except InvalidInput as error:
        problem = " ".join(translated(call.language, error)).strip()
        return await _again(call, form, problem, error.field)
    return _back(call.site)


async def remove_one(call: Call) -> Response:
    """Remove the goal of that name; its conversions disappear from the reports."""
    await to_thread.run_sync(_remove, call)
    return _back(call.site)


async def _again(call: Call, form: dict[str, str], problem: str, wrong: str) -> Response:
    render = partial(_page, call, form, problem=problem, wrong=wrong, status=400)
    return await to_thread.run_sync(render)


def _add(call: Call, form: dict[str, str]) -> Goal:
    goal = grant_goal(call.parts.db, _wish(call.site, form), now=call.parts.clock())
    call.parts.actions.goals_changed(call.site)
    return goal


def _wish(site: Site, form: dict[str, str]) -> GoalWish:
    kind, worth = form["kind"], form["worth"]
    engaged = kind == "engagement"
    fields = {"event" if kind not in KINDS else kind: form["pattern"].strip() or "*"}
    if kind == "click":
        fields = {"click": form["talk"] if form["talk"] in TALK else form["pattern"]}
    elif kind in ("path", "event"):
        # An empty one is refused by what it has: no characters.
        fields = {kind: form["pattern"] or " "}
    return GoalWish(
        site=site.key,
        name=form["name"],
        value=form["value"].strip() if worth == "fixed" else "",
        event_value=worth == "event",
        count=form["count"],
        where=tuple(line for line in form["where"].splitlines() if line.strip()),
        lookback=_number(form, "lookback", "the lookback"),
        primary={"yes": True, "no": False}.get(form["totals"]),
        reset=bool(form["reset"]),
        seconds=_number(form, "seconds", "the seconds") if engaged else 0,
        depth=_number(form, "depth", "the depth") if engaged else 0,
        **({} if engaged else fields),
    )


def _number(form: dict[str, str], name: str, what: str) -> int:
    return whole_number(form, name, what) if form[name].strip() else 0


def _remove(call: Call) -> None:
    remove_goal(call.parts.db, call.site.key, call.form.get("name", ""))
    call.parts.actions.goals_changed(call.site)


def _page(
    call: Call, form: dict[str, str], *, problem: str = "", wrong: str = "", status: int = 200
) -> Response:
    goals = list_goals(call.parts.db, call.site.key)
    return call.pages.render(
        call,
        "goals.html",
        status=status,
        goals=goals,
        form=form,
        problem=problem,
        wrong=wrong,
        filter_text=filter_text,
        kinds={key: call.text(title) for key, title in KINDS.items()},
        counts={key: call.text(title) for key, title in COUNTS.items()},
        totals={key: call.text(title) for key, title in TOTALS.items()},
        talks={key: call.text(title) for key, title in TALKS.items()},
    )


def _back(site: Site) -> Response:
    return RedirectResponse(f"/sites/{site.key}/goals", status_code=303)
