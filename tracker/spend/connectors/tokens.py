"""Access tokens: taken while they last, renewed once at a time, never asked for in a loop.

A renewed grant is stored before its token is used: a refresh token that rotated and was lost
would end the connection. A platform that refuses the grant is not asked again until a person has
changed it: the refusal is stored with it.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
import msgspec

from tracker.spend.connectors.answers import peeked
from tracker.spend.connectors.credentials import (
    ACCESS_TOKEN,
    REFRESH_TOKEN,
    REFUSED,
    Credentials,
    Grant,
)
from tracker.spend.connectors.failures import Cause, Terminal, Transient, Unauthorised
from tracker.spend.connectors.held import Held
from tracker.spend.connectors.http import Answer, Judge, Wire, refuse_passing

#: A token that says nothing of its life is taken to live so long, in seconds.
SHORT_LIFE = 600
#: Errors of RFC 6749 that concern the connection's settings rather than its authorisation.
CLIENT_ERRORS = frozenset({"invalid_client", "unauthorized_client", "invalid_scope"})
#: Those that say the same as a 5xx.
PASSING_ERRORS = frozenset({"temporarily_unavailable", "server_error", "slow_down"})

Renew = Callable[[Grant], Awaitable[Grant]]


@dataclass(slots=True)
class Tokens:
    """The tokens of one connection. ``renew`` asks the platform for a new grant."""

    platform: str
    credentials: Credentials
    wire: Wire
    renew: Renew

    async def grant(self, rejected: str = "") -> Grant:
        """A grant with a token that is good, and is not the one that was ``rejected``."""
        grant = await self._read()
        if not self._usable(grant, rejected):
            async with self.credentials.lock():
                grant = await self._read()
                if not self._usable(grant, rejected):
                    grant = await self._renewed(grant)
        return grant

    async def call(
        self,
        make: Callable[[Grant], httpx.Request],
        judge: Judge,
        *,
        into: Held | None = None,
    ) -> Answer:
        """A request with a token. One that is refused is renewed once, then it is an error."""
        grant = await self.grant()
        try:
            return await self._call(make, judge, grant, into)
        except Unauthorised:
            grant = await self.grant(rejected=grant.get(ACCESS_TOKEN))
        try:
            return await self._call(make, judge, grant, into)
        except Unauthorised as refused:
            raise refused.failure from None

    async def _call(
        self,
        make: Callable[[Grant], httpx.Request],
        judge: Judge,
        grant: Grant,
        into: Held | None,
    ) -> Answer:
        async def request() -> httpx.Request:
            return make(grant)

        return await self.wire.call(request, judge, into=into)

    def _usable(self, grant: Grant, rejected: str) -> bool:
        if grant.get(REFUSED):
            raise Terminal(
                f"{self.platform} refused this connection's log-in before; it is not tried again "
                "by itself.",
                cause=Cause.AUTHORISATION,
                hint="Connect the account again.",
            )
        token = grant.valid_token(self.wire.clock())
        return bool(token) and token != rejected

    async def _read(self) -> Grant:
        grant = await self.credentials.get()
        self.wire.secrets.update(grant.secrets())
        return grant

    async def _renewed(self, grant: Grant) -> Grant:
        try:
            renewed = await self.renew(grant)
        except Terminal as refused:
            if refused.cause is Cause.AUTHORISATION:
                now = self.wire.clock().isoformat()
                await self.credentials.store(Grant({**grant.values, REFUSED: now}))
            raise
        self.wire.secrets.update(renewed.secrets())
        await self.credentials.store(renewed)
        return renewed


class _Token(msgspec.Struct):
    access_token: str = ""
    refresh_token: str = ""
    expires_in: int | float | str = SHORT_LIFE


class _Refusal(msgspec.Struct):
    error: str = ""


@dataclass(frozen=True, slots=True)
class RefreshForm:
    """Renewal by RFC 6749 with a form; ``more`` are fields that the platform adds."""

    platform: str
    wire: Wire
    url: str
    more: tuple[tuple[str, str], ...] = ()

    async def renew(self, grant: Grant) -> Grant:
        """A new grant, its refresh token the rotated one if the platform sent one.

        Terminal when the authorisation is gone, Transient when the platform is.
        """

        async def request() -> httpx.Request:
            form = {
                "grant_type": "refresh_token",
                "client_id": grant.need("client_id", self.platform),
                "client_secret": grant.need("client_secret", self.platform),
                "refresh_token": grant.need(REFRESH_TOKEN, self.platform),
                **dict(self.more),
            }
            return self.wire.client.build_request("POST", self.url, data=form)

        answer = await self.wire.call(request, self._judge)
        token = _token(answer.body)
        return grant.with_token(
            token.access_token,
            expiry(self.wire.clock(), token.expires_in),
            refresh_token=token.refresh_token,
        )

    def _judge(self, answer: Answer) -> None:
        refuse_passing(self.platform, answer, self.wire.clock())
        if 200 <= answer.status < 300:
            if not _token(answer.body).access_token:
                raise Transient(f"{self.platform} answered without an access token.")
            return
        error = _error(answer.body)
        if not error or error in PASSING_ERRORS:
            raise Transient(f"{self.platform} gave no access token (HTTP {answer.status}).")
        if error in CLIENT_ERRORS:
            raise Terminal(
                f"{self.platform} does not accept the client id, secret or scope ({error}).",
                cause=Cause.SETTING,
                vendor_code=error,
                hint="Check the application's client id and secret in the settings.",
            )
        raise gone(self.platform, error)


def gone(platform: str, code: str) -> Terminal:
    """The authorisation was revoked, has expired or was replaced."""
    return Terminal(
        f"{platform} no longer accepts this connection: its authorisation was revoked or has "
        f"expired ({code}).",
        cause=Cause.AUTHORISATION,
        vendor_code=code,
        hint="Connect the account again.",
    )


def expiry(now: datetime, seconds: int | float | str) -> datetime:
    """When a token of so many seconds expires; at most a year from now."""
    try:
        life = float(seconds)
    except ValueError:
        life = SHORT_LIFE
    # Not below SHORT_LIFE: a token that seems to expire at once would be renewed at each request.
    return now + timedelta(seconds=max(SHORT_LIFE, min(life, 366 * 86_400)))


def _token(body: bytes) -> _Token:
    return peeked(body, _Token) or _Token()


def _error(body: bytes) -> str:
    """The error code of a refusal, "" if it is none; nothing else of the answer is shown."""
    code = (peeked(body, _Refusal) or _Refusal()).error
    return code if re.fullmatch(r"[a-z_]{1,60}", code) else ""
