"""Ways in and out: first-run set-up, log-in, log-out, password, language and theme."""

from __future__ import annotations

from functools import partial

from anyio import to_thread
from starlette.responses import RedirectResponse, Response

from tracker.accounts.sessions import add_session, revoke_session
from tracker.accounts.state import has_owner, set_up
from tracker.accounts.users import User, authenticate, change_password, update_user
from tracker.errors import AccessDenied, InvalidInput, RateLimited, TrackerError
from tracker.web.addresses import client_ip, local_path
from tracker.web.auth import end_session, same_secret, set_preference, start_session
from tracker.web.call import Call
from tracker.web.guard import THEMES
from tracker.web.i18n import LANGUAGES, msgid
from tracker.web.messages import translated

_UNEQUAL = msgid("The two passwords differ.")
_WRONG_CODE = msgid("That is not the set-up code. 'tracker serve' prints it when it starts.")
_WRONG_PASSWORD = msgid("The present password is wrong.")


async def set_up_form(call: Call) -> Response:
    """The form that makes the owner; only while there is none."""
    return _again(call, "set_up.html", "", 200)


async def set_up_owner(call: Call) -> Response:
    """Make the owner and log in, or show the form again with what is wrong."""
    form = call.form
    if not same_secret(form.get("code", "").strip(), call.parts.settings.setup_code):
        return _again(call, "set_up.html", call.text(_WRONG_CODE), 400)
    if form.get("password", "") != form.get("repeated", ""):
        return _again(call, "set_up.html", call.text(_UNEQUAL), 400)
    make = partial(
        set_up,
        call.parts.db,
        email=form.get("email", ""),
        password=form.get("password", ""),
        tenant=form.get("company", ""),
        language=_stored_language(call.language.tag),
        now=call.parts.clock(),
    )
    try:
        _, user = await to_thread.run_sync(make)
    except InvalidInput as error:
        return _refused(call, "set_up.html", error)
    return await to_thread.run_sync(_log_in, call, user, "/sites")


async def log_in_form(call: Call) -> Response:
    """The log-in, or the way on for who has a session already."""
    target = _local(call.request.query_params.get("next", ""))
    if call.caller.user:
        return RedirectResponse(target, status_code=303)
    if not await to_thread.run_sync(has_owner, call.parts.db):
        return RedirectResponse("/setup", status_code=303)
    unsaved = bool(call.request.query_params.get("unsaved"))
    return call.pages.render(
        call, "log_in.html", problem="", form={"next": target}, unsaved=unsaved
    )


async def log_in(call: Call) -> Response:
    """Check the password, start a session, and go where one wanted to go."""
    form = call.form
    check = partial(
        authenticate,
        call.parts.db,
        form.get("email", ""),
        form.get("password", ""),
        ip=_address(call),
        now=call.parts.clock(),
    )
    try:
        user = await to_thread.run_sync(check)
    except (AccessDenied, RateLimited) as error:
        response = _refused(call, "log_in.html", error)
        if isinstance(error, RateLimited):
            response.headers["Retry-After"] = str(error.retry_after)
        return response
    return await to_thread.run_sync(_log_in, call, user, _local(form.get("next", "")))


async def log_out(call: Call) -> Response:
    """End the session on the server and in the browser."""
    if call.caller.session:
        await to_thread.run_sync(revoke_session, call.parts.db, call.caller.session.id)
    response = RedirectResponse("/login", status_code=303)
    end_session(response, call.request, call.parts)
    return response


async def account(call: Call) -> Response:
    """Who one is, and the form that changes the password."""
    return call.pages.render(call, "account.html", problem="", form=call.form, done=False)


async def change_own_password(call: Call) -> Response:
    """Change the password, which ends every other session of the user."""
    form, user, session = call.form, call.caller.user, call.caller.session
    if user is None or session is None:
        raise AccessDenied("Log in first.", status=401)
    if form.get("password", "") != form.get("repeated", ""):
        return _again(call, "account.html", call.text(_UNEQUAL), 400, done=False)
    check = partial(
        authenticate,
        call.parts.db,
        user.email,
        form.get("present", ""),
        ip=_address(call),
        now=call.parts.clock(),
    )
    change = partial(
        change_password, call.parts.db, user.id, form.get("password", ""), keep_session=session.id
    )
    try:
        await to_thread.run_sync(check)
        await to_thread.run_sync(change)
    except AccessDenied:
        return _again(call, "account.html", call.text(_WRONG_PASSWORD), 400, done=False)
    except (InvalidInput, RateLimited) as error:
        return _refused(call, "account.html", error, done=False)
    return call.pages.render(call, "account.html", problem="", form={}, done=True)


async def set_preferences(call: Call) -> Response:
    """Keep a language or theme, in a cookie and with the user, and go back to the page."""
    form = call.form
    response = RedirectResponse(_local(form.get("next", "")), status_code=303)
    if form.get("language") in LANGUAGES:
        tag = form["language"]
        set_preference(response, call.request, call.parts, language=tag)
        if call.caller.user:
            keep = partial(
                update_user, call.parts.db, call.caller.user.id, language=_stored_language(tag)
            )
            await to_thread.run_sync(keep)
    if form.get("theme") in THEMES:
        set_preference(response, call.request, call.parts, theme=form["theme"])
    return response


def _log_in(call: Call, user: User, target: str) -> Response:
    _, secret = add_session(
        call.parts.db,
        user=user.id,
        ip=_address(call),
        user_agent=call.request.headers.get("User-Agent", ""),
        now=call.parts.clock(),
    )
    response = RedirectResponse(target, status_code=303)
    start_session(response, call.request, call.parts, secret)
    return response


def _again(call: Call, template: str, problem: str, status: int, **context: object) -> Response:
    """The form as it was sent, without its passwords."""
    secrets = ("password", "repeated", "present", "csrf")
    form = {name: value for name, value in call.form.items() if name not in secrets}
    return call.pages.render(
        call,
        template,
        status=status,
        problem=problem,
        form=form,
        is_open=bool(call.parts.settings.setup_code),
        **context,
    )


def _refused(call: Call, template: str, error: TrackerError, **context: object) -> Response:
    message, hint = translated(call.language, error)
    return _again(call, template, f"{message} {hint}".strip(), error.status, **context)


def _stored_language(tag: str) -> str:
    return "zh" if tag.startswith("zh") else "en"


def _address(call: Call) -> str:
    return client_ip(call.request, call.parts.settings.trusted_proxies)


def _local(target: str) -> str:
    return local_path(target, "/sites")
