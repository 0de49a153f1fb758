"""API tokens of a site: the list, a new one (its secret is shown once), revocation."""

from __future__ import annotations

from functools import partial

from anyio import to_thread
from starlette.responses import RedirectResponse, Response

from tracker.accounts.rights import Right
from tracker.accounts.tokens import Token, add_token, list_tokens, revoke_token
from tracker.errors import InvalidInput, NotFound
from tracker.web.call import Call
from tracker.web.i18n import msgid
from tracker.web.messages import translated

SCOPES = {
    Right.READ: msgid("Read reports"),
    Right.SPEND: msgid("Send spend, and nothing else"),
    Right.WRITE: msgid("Read reports, import spend and conversions"),
    Right.ADMIN: msgid("Everything on this site"),
}


async def show_tokens(call: Call) -> Response:
    """The site's tokens, without their secrets."""
    return await to_thread.run_sync(partial(_page, call))


async def add_new_token(call: Call) -> Response:
    """Make a token and show its secret, this once."""
    try:
        make = partial(
            add_token,
            call.parts.db,
            tenant=call.site.tenant,
            site=call.site.key,
            scope=call.form.get("scope", ""),
            name=call.form.get("name", ""),
            now=call.parts.clock(),
        )
        _, secret = await to_thread.run_sync(make)
    except InvalidInput as error:
        problem = " ".join(translated(call.language, error)).strip()
        return await to_thread.run_sync(partial(_page, call, problem=problem, status=400))
    return await to_thread.run_sync(partial(_page, call, secret=secret))


async def revoke(call: Call) -> Response:
    """Make a token of this site useless at once."""
    await to_thread.run_sync(_revoke, call, call.form.get("token", ""))
    return RedirectResponse(f"/sites/{call.site.key}/tokens", status_code=303)


def _revoke(call: Call, token: str) -> None:
    # A token of the whole company account is not this site's to revoke.
    if token not in {own.id for own in _tokens(call)}:
        raise NotFound(f"No token {token!r}.")
    revoke_token(call.parts.db, token, tenant=call.site.tenant, now=call.parts.clock())


def _tokens(call: Call) -> list[Token]:
    return list_tokens(call.parts.db, site=call.site.key)


def _page(call: Call, *, secret: str = "", problem: str = "", status: int = 200) -> Response:
    return call.pages.render(
        call,
        "tokens.html",
        status=status,
        tokens=_tokens(call),
        scopes=[(right.value, call.text(title)) for right, title in SCOPES.items()],
        secret=secret,
        problem=problem,
        api=call.public_url() + f"/api/v1/sites/{call.site.key}/reports/keywords",
    )
