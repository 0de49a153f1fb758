"""Connections of a company: the list, a new one, its accounts, schedule and authorisation."""

from __future__ import annotations

from functools import partial
from typing import Any

from anyio import to_thread
from starlette.responses import RedirectResponse, Response

from tracker.accounts.connection_accounts import ConnectionAccount, list_accounts, reschedule
from tracker.accounts.connection_runs import list_connection_runs
from tracker.accounts.connections import (
    Connection,
    NewConnection,
    Timetable,
    configure_connection,
    disconnect,
    set_connection_state,
)
from tracker.errors import InvalidInput, TrackerError
from tracker.spend.connections.authorising import Journey, come_back, complete, set_out
from tracker.spend.connections.catalogue import KINDS, kind_of
from tracker.spend.connections.kinds import Kind, Workshop
from tracker.spend.connections.linking import (
    change_secret,
    check_connection,
    choose_account,
    connect,
    enter_account,
    missing_field,
)
from tracker.spend.connections.schedule import timetable_of
from tracker.web.call import Call
from tracker.web.connection_view import (
    FIELDS,
    account_view,
    connection_view,
    field_views,
    kind_title,
    one_visible,
    run_view,
    visible,
)
from tracker.web.forms import whole_number
from tracker.web.i18n import msgid
from tracker.web.messages import translated

CALLBACK = "/connections/callback"
#: Runs shown on the page of a connection.
RUNS = 20
#: What a page says after something was done, by a word in its address.
DONE = {
    "works": msgid("The connection works."),
    "saved": msgid("Saved."),
    "connected": msgid("The platform has let us in."),
}


def workshop(call: Call) -> Workshop:
    """What connections work with in this process."""
    found = call.parts.workshop
    if found is None:
        raise LookupError("the pages were made without connections")
    return found


async def show_connections(call: Call) -> Response:
    """The connections, and what can be connected."""
    return await to_thread.run_sync(_list, call)


async def new_form(call: Call) -> Response:
    """What a kind asks for; without one, the page where it is chosen."""
    kind = call.request.query_params.get("kind", "")
    if not kind:
        return RedirectResponse(f"/sites/{call.site.key}/connections", status_code=303)
    return _form(call, kind_of(kind))


async def add_new(call: Call) -> Response:
    """Store a connection and try it, where it has all that it needs."""
    kind = kind_of(call.form.get("kind", ""))
    try:
        made = await to_thread.run_sync(_add, call, kind)
    except InvalidInput as error:
        return _form(call, kind, problem=said(call, error), status=400)
    if made.state == "needs_authorisation":
        return _to(call, made)
    return await _tested(call, made)


async def show_connection(call: Call) -> Response:
    """One connection."""
    return await to_thread.run_sync(partial(page, call))


async def try_connection(call: Call) -> Response:
    """Ask the platform something that needs the authorisation."""
    return await _tested(call, await to_thread.run_sync(_this, call))


async def enter_secrets(call: Call) -> Response:
    """Put other secrets in the place of those that were entered, and try them."""
    connection = await to_thread.run_sync(_this, call)
    shop = workshop(call)
    await to_thread.run_sync(
        change_secret, call.parts.db, shop.sealer(), connection, _given(call, connection.kind)
    )
    return await _tested(call, connection)


async def change_schedule(call: Call) -> Response:
    """Another time, and how many days are asked for again."""
    return await _change(call, _schedule)


async def change_accounts(call: Call) -> Response:
    """Choose the accounts that are imported, or enter one that is not listed."""
    return await _change(call, _accounts)


async def change_state(call: Call) -> Response:
    """Pause, go on, disconnect."""
    return await _change(call, _state)


async def authorise(call: Call) -> Response:
    """A page that leads to the platform's. A link, since the browser follows no form there."""
    connection = await to_thread.run_sync(_this, call)
    user = call.caller.user
    if user is None:
        raise InvalidInput("Authorise in the browser, logged in.")
    journey = Journey(user.id, call.site.key, call.public_url() + CALLBACK)
    try:
        address = await to_thread.run_sync(set_out, workshop(call), connection, journey)
    except TrackerError as error:
        return await to_thread.run_sync(partial(page, call, problem=said(call, error), status=400))
    return call.pages.render(
        call,
        "connection_go.html",
        line=connection_view(call, connection),
        address=address,
        callback=journey.callback,
    )


async def callback(call: Call) -> Response:
    """Where a platform leads back to. The state says which connection it is about."""
    user = call.caller.user
    params = dict(call.request.query_params)
    shop = workshop(call)
    back = await to_thread.run_sync(come_back, shop, params, user.id if user else "")
    await complete(shop, back, params, call.public_url() + CALLBACK)
    outcome = await check_connection(shop, back.connection)
    done = "?done=connected" if outcome.ok else ""
    return RedirectResponse(
        f"/sites/{back.site}/connections/{back.connection.id}{done}", status_code=303
    )


async def _change(call: Call, work: Any) -> Response:
    try:
        connection = await to_thread.run_sync(_this, call)
        await to_thread.run_sync(work, call, connection)
    except InvalidInput as error:
        refused = partial(page, call, problem=said(call, error), wrong=error.field, status=400)
        return await to_thread.run_sync(refused)
    return _to(call, connection, "saved")


async def _tested(call: Call, connection: Connection) -> Response:
    outcome = await check_connection(workshop(call), connection)
    if outcome.ok:
        return _to(call, connection, "works")
    problem = said(call, InvalidInput(outcome.error, hint=outcome.hint))
    return await to_thread.run_sync(
        partial(page, call, connection=connection.id, problem=problem, status=400)
    )


def _list(call: Call) -> Response:
    return call.pages.render(
        call,
        "connections.html",
        lines=[connection_view(call, one) | {"last": _last(call, one)} for one in visible(call)],
        kinds=[(kind.name, kind_title(call, kind)) for kind in KINDS.values()],
    )


def _last(call: Call, connection: Connection) -> dict[str, object] | None:
    """The newest run, whatever became of it."""
    found = list_connection_runs(call.parts.db, connection=connection.id, limit=1)
    return run_view(call, found[0]) if found else None


def _form(call: Call, kind: Kind, *, problem: str = "", status: int = 200) -> Response:
    return call.pages.render(
        call,
        "connection_new.html",
        status=status,
        kind=kind,
        title=kind_title(call, kind),
        fields=field_views(call, kind.fields, connection=False),
        form=dict(call.form),
        callback=call.public_url() + CALLBACK,
        problem=problem,
    )


def page(
    call: Call,
    *,
    connection: str = "",
    problem: str = "",
    wrong: str = "",
    status: int = 200,
) -> Response:
    """A connection; with a ``problem``, why it was not changed, and the ``wrong`` field."""
    found = one_visible(call, connection or call.request.path_params["connection"])
    kind, db = kind_of(found.kind), call.parts.db
    lent = workshop(call).deployment.get(kind.name, {})
    fields = tuple(one for one in kind.fields if one.name not in lent)
    runs = list_connection_runs(db, connection=found.id, limit=RUNS)
    done = call.request.query_params.get("done", "")
    return call.pages.render(
        call,
        "connection.html",
        status=status,
        line=connection_view(call, found),
        kind=kind,
        accounts=[account_view(call, one) for one in list_accounts(db, found.id)],
        account_fields=[(name, call.text(FIELDS[name])) for name in kind.account_fields],
        timetable=timetable_of(found),
        fields=field_views(call, fields, connection=True),
        runs=[run_view(call, run) for run in runs],
        done=call.text(DONE[done]) if done in DONE else "",
        problem=problem,
        wrong=wrong,
    )


def _add(call: Call, kind: Kind) -> Connection:
    shop = workshop(call)
    lent = shop.deployment.get(kind.name, {})
    given = _given(call, kind.name)
    # What cannot be had on the platform's page has to be entered here.
    typed = {**lent, **given, "refresh_token": "?", "access_token": "?", "user_id": "?"}
    missing = missing_field(kind, typed)
    if missing is not None:
        raise InvalidInput(
            f"{kind_title(call, kind)} needs the field {call.text(FIELDS[missing.name])!r}.",
            hint="Fill in every required field.",
        )
    new = NewConnection(
        call.site.tenant,
        kind.name,
        call.form.get("name", "").strip() or kind_title(call, kind),
        call.site.key,
        secret=given,
    )
    return connect(call.parts.db, shop.sealer(), new, lent)


def _given(call: Call, kind: str) -> dict[str, str]:
    """What was entered. Secrets that stay empty are as they were; a setting is cleared."""
    secret = {one.name: one.secret for one in kind_of(kind).fields}
    return {
        name: text.strip()
        for name, text in call.form.items()
        if name in secret and (text.strip() or not secret[name])
    }


def _schedule(call: Call, connection: Connection) -> None:
    form = call.form
    before = timetable_of(connection)
    timetable = Timetable(
        form.get("at", "").strip(),
        form.get("timezone", "").strip(),
        before.every_minutes,
        whole_number(form, "days", "the days"),
        whole_number(form, "weekly_days", "the days"),
    )
    if before.every_minutes:
        timetable = Timetable(
            before.at, before.timezone, max(1, whole_number(form, "every_minutes", "the minutes"))
        )
    configure_connection(
        call.parts.db, connection.id, name=form.get("name", ""), timetable=timetable
    )
    if timetable != before:
        reschedule(call.parts.db, connection.id)


def _accounts(call: Call, connection: Connection) -> None:
    deps, form = workshop(call).spend, call.form
    if entered := form.get("account", "").strip():
        names = kind_of(connection.kind).account_fields
        more: Any = {name: form.get(name, "").strip() for name in names}
        enter_account(deps, connection, ConnectionAccount(connection.id, entered, **more))
        return
    for one in list_accounts(deps.db, connection.id):
        wanted = form.get(f"use-{one.account}") == "1"
        if wanted != one.enabled or (wanted and one.error):
            choose_account(deps, connection, one.account, wanted)


def _state(call: Call, connection: Connection) -> None:
    wanted = call.form.get("state", "")
    if wanted == "disconnected":
        disconnect(call.parts.db, connection.id)
    elif wanted in ("active", "paused") and connection.state in ("active", "paused"):
        set_connection_state(
            call.parts.db, connection.id, "paused" if wanted == "paused" else "active"
        )
    else:
        raise InvalidInput("The connection has to be authorised first.")


def _this(call: Call) -> Connection:
    return one_visible(call, call.request.path_params["connection"])


def said(call: Call, error: TrackerError) -> str:
    return " ".join(translated(call.language, error)).strip()


def _to(call: Call, connection: Connection, done: str = "") -> Response:
    address = f"/sites/{call.site.key}/connections/{connection.id}"
    return RedirectResponse(f"{address}?done={done}" if done else address, status_code=303)
