"""The one way from a route to its handler: language, identity, access, CSRF, errors, headers."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from tracker.accounts.access import require_site
from tracker.accounts.sites import Site
from tracker.accounts.state import has_owner
from tracker.errors import AccessDenied, NotFound
from tracker.web.auth import (
    FORM,
    caller_by_cookie,
    caller_by_token,
    check_form,
    form_secret,
    form_token,
    is_https,
    set_secret_cookie,
)
from tracker.web.bodies import read_form
from tracker.web.call import Call, Caller
from tracker.web.errors import foreseen, json_error, page_error
from tracker.web.i18n import Language, choose_tag, language
from tracker.web.parts import WebParts
from tracker.web.rendering import Pages, secured
from tracker.web.repeats import Repeats, sent_form
from tracker.web.rules import FORM_LIMIT, Access, Endpoint, Surface

THEMES = ("auto", "light", "dark")


class NeedsSetUp(Exception):
    """Nobody owns this installation yet: pages lead to the set-up."""


class Guarded:
    """An endpoint as an ASGI application that enforces the endpoint's access rule."""

    def __init__(self, endpoint: Endpoint, parts: WebParts, pages: Pages) -> None:
        self.endpoint = endpoint
        self._parts = parts
        self._pages = pages
        self._repeats = Repeats()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever goes wrong becomes an answer too."""
        request = Request(scope, receive)
        secret, is_new = form_secret(request, self._parts)
        call = open_call(request, self._parts, self._pages, secret)
        response = await self._answer(call, secret)
        if is_new and response.media_type == "text/html":
            set_secret_cookie(response, request, self._parts, FORM, secret, age=None)
        await secured(response, https=is_https(request, self._parts))(scope, receive, send)

    async def _answer(self, call: Call, secret: str) -> Response:
        try:
            call = await to_thread.run_sync(self._admit, call)
            reads = call.request.method in ("GET", "HEAD")
            if not reads and not self.endpoint.own_secret:
                call = await self._with_form(call, secret)
                return await self._changed(call, secret)
            return await self.endpoint.handler(call)
        except NeedsSetUp:
            return RedirectResponse("/setup", status_code=303)
        except Exception as error:  # noqa: BLE001 -- the request boundary
            wrong = foreseen(error, call)
            if self.endpoint.surface is Surface.API:
                return json_error(wrong)
            return page_error(call, wrong)
        finally:
            for file in call.files.values():
                await file.close()

    async def _changed(self, call: Call, secret: str) -> Response:
        """The answer to a form; one that is sent again is answered again and done once."""
        # A file is not read for this: what takes files replaces what stands, or previews it. And
        # who logs in a second time wants a session, not the one that he has ended since.
        is_anew = call.files or call.caller.principal is None
        sent = b"" if is_anew else sent_form(secret, call.request.url.path, call.form)
        return await self._repeats.answer(sent, partial(self.endpoint.handler, call))

    def _admit(self, call: Call) -> Call:
        """The call with its caller and site; raises unless the access rule is met."""
        caller = self._caller(call)
        speech = _language(call.request, caller)
        call = replace(call, caller=caller, language=speech)
        access = self.endpoint.access
        if access is Access.PUBLIC:
            return call
        if access is Access.SET_UP:
            return self._set_up(call)
        if caller.principal is None:
            self._refuse_anonymous()
        right = access.right
        if right is None:
            return call
        return replace(call, known_site=self._site(call, caller))

    def _caller(self, call: Call) -> Caller:
        if self.endpoint.surface is Surface.API:
            by_token = caller_by_token(call.request, self._parts)
            if by_token:
                return by_token
        return caller_by_cookie(call.request, self._parts)

    def _site(self, call: Call, caller: Caller) -> Site:
        right = self.endpoint.access.right
        key = call.request.path_params["site"]
        if caller.principal is None or right is None:
            raise LookupError("a site rule was checked before the caller was known")
        return require_site(self._parts.db, caller.principal, key, right)

    def _set_up(self, call: Call) -> Call:
        if has_owner(self._parts.db):
            raise NotFound("This installation is set up already.", hint="Log in instead.")
        return call

    def _refuse_anonymous(self) -> None:
        if self.endpoint.surface is Surface.PAGE and not has_owner(self._parts.db):
            raise NeedsSetUp
        raise AccessDenied(
            "Log in, or send an API token.",
            hint="Send 'Authorization: Bearer trk_…'; make a token with: tracker token add.",
            status=401,
        )

    async def _with_form(self, call: Call, secret: str) -> Call:
        """The call with its form, once it is known to come from our own page or a token."""
        by_token = call.caller.principal is not None and call.caller.principal.token is not None
        if self.endpoint.surface is Surface.API and not by_token:
            # Programs with a session send the token in the header: nothing is read before.
            check_form(call, secret, given="")
        limit = self._parts.settings.upload_limit if self.endpoint.upload else FORM_LIMIT
        body = await read_form(call.request, limit)
        call = replace(call, form=body.fields, files=body.files)
        if not by_token:
            check_form(call, secret, given=body.fields.get("csrf", ""))
        return call


def open_call(request: Request, parts: WebParts, pages: Pages, secret: str) -> Call:
    """A call of which only language and theme are known, from cookies and headers."""
    theme = request.cookies.get("tracker_theme", "auto")
    return Call(
        request=request,
        parts=parts,
        pages=pages,
        language=_language(request, Caller()),
        theme=theme if theme in THEMES else "auto",
        csrf=form_token(secret),
    )


def _language(request: Request, caller: Caller) -> Language:
    explicit = [request.cookies.get("tracker_language", "")]
    if caller.user:
        explicit.append(caller.user.language)
    return language(choose_tag(tuple(explicit), request.headers.get("Accept-Language", "")))
