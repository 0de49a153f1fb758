"""Authorisation in the browser: to the platform's page and back, once, by the same person.

Going out, a random state and (where the platform has PKCE) a verifier are kept; the state is
stored as its hash, the verifier sealed. Coming back, the state is used up before anything else,
so an answer works once, within half an hour, and only for the user who set out. The code is
exchanged at the platform and the grant stored sealed; nothing of it reaches the browser.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import msgspec
from sqlalchemy import Engine, delete, insert

from tracker.accounts import schema
from tracker.accounts.connections import (
    Connection,
    get_connection,
    read_secret,
    set_connection_state,
    store_secret,
)
from tracker.accounts.database import write
from tracker.accounts.identifiers import fingerprint
from tracker.accounts.sealing import Sealer
from tracker.errors import InvalidInput
from tracker.spend.connections.catalogue import kind_of
from tracker.spend.connections.grants import LENT
from tracker.spend.connections.kinds import OAuth, Workshop
from tracker.spend.connections.platforms import oauth_of
from tracker.spend.connectors.answers import peeked
from tracker.spend.connectors.credentials import REFRESH_TOKEN, REFUSED, Grant
from tracker.spend.connectors.failures import Cause, Terminal, Transient
from tracker.spend.connectors.http import Answer, Wire, refuse_passing
from tracker.spend.connectors.tokens import expiry

#: How long a person may take on the platform's page.
PATIENCE = timedelta(minutes=30)
#: The names of state and code in the address that the platform leads back to.
STATES, CODES = ("state",), ("code", "authCode")


@dataclass(frozen=True, slots=True)
class Journey:
    """Who goes out, from which site's page, and where the platform leads back to."""

    user: str
    site: str
    callback: str


class _Token(msgspec.Struct):
    access_token: str = ""
    refresh_token: str = ""
    expires_in: int | float | str = 600
    error: str = ""


class _BaiduData(msgspec.Struct):
    accessToken: str = ""
    refreshToken: str = ""
    expiresIn: int | float | str = 600
    userId: int | str = ""


class _Baidu(msgspec.Struct):
    code: int | str = -1
    message: str = ""
    data: _BaiduData | None = None


def set_out(shop: Workshop, connection: Connection, journey: Journey) -> str:
    """The address of the platform's page. InvalidInput where there is none, or when the
    application's id is missing."""
    oauth, grant = _oauth(shop, connection), _grant(shop, connection)
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    values = {
        "state": fingerprint(state),
        "connection": connection.id,
        "user": journey.user,
        "site": journey.site,
        "verifier": shop.sealer().seal(fingerprint(state), {"verifier": verifier}),
        "expires_at": shop.now() + PATIENCE,
    }
    table = schema.authorisations
    with write(shop.db) as transaction:
        transaction.execute(delete(table).where(table.c.expires_at <= shop.now()))
        transaction.execute(insert(table).values(**values))
    return _address(oauth, grant, journey.callback, state, verifier)


def _address(oauth: OAuth, grant: Grant, callback: str, state: str, verifier: str) -> str:
    platform = "the platform"
    if oauth.style == "baidu":
        query = {
            "appId": grant.need("app_id", platform),
            "scope": oauth.scope,
            "state": state,
            "callback": callback,
        }
    else:
        query = {
            "response_type": "code",
            "client_id": grant.need("client_id", platform),
            "redirect_uri": callback,
            "scope": oauth.scope,
            "state": state,
        }
    if oauth.pkce:
        digest = hashlib.sha256(verifier.encode()).digest()
        query["code_challenge"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        query["code_challenge_method"] = "S256"
    query = {name: value for name, value in {**query, **oauth.more}.items() if value}
    sign = "&" if "?" in oauth.authorise_url else "?"
    return f"{oauth.authorise_url}{sign}{urlencode(query)}"


@dataclass(frozen=True, slots=True)
class Return:
    """Somebody who came back: from which connection and site, with which verifier."""

    connection: Connection
    site: str
    verifier: str


def come_back(shop: Workshop, params: Mapping[str, str], user: str) -> Return:
    """Use up the state. InvalidInput for one that is unknown, used, too old or another's."""
    state = next((params[name] for name in STATES if params.get(name)), "")
    found = _used(shop.db, fingerprint(state), shop.now())
    if found is None or found["user"] != user:
        raise InvalidInput(
            "This answer of a platform fits no authorisation that you began, or it came too late.",
            hint="Open the connection and authorise it again.",
        )
    verifier = shop.sealer().open(found["state"], found["verifier"])["verifier"]
    return Return(get_connection(shop.db, found["connection"]), found["site"], verifier)


def _used(db: Engine, state: str, now: datetime) -> dict[str, Any] | None:
    table = schema.authorisations
    with write(db) as transaction:
        row = transaction.execute(
            delete(table).where(table.c.state == state).returning(*table.c)
        ).one_or_none()
    if row is None or row.expires_at <= now:
        return None
    return dict(row._mapping)


async def complete(shop: Workshop, back: Return, params: Mapping[str, str], callback: str) -> None:
    """Exchange the code and store the grant; the connection is active again.

    Terminal when the person or the platform refused, Transient when the platform is away.
    """
    kind = kind_of(back.connection.kind)
    oauth, grant = _oauth(shop, back.connection), _grant(shop, back.connection)
    code = next((params[name] for name in CODES if params.get(name)), "")
    if not code:
        raise _refused(kind.title, params.get("error", ""))
    async with shop.client() as client:
        wire = Wire(kind.title, client, shop.spend.clock, shop.sleep, patience=shop.patience)
        wire.secrets.update([*grant.secrets(), code, back.verifier])
        exchange = _Exchange(kind.title, wire, oauth, grant, code, callback, back.verifier, params)
        fresh = await (exchange.baidu() if oauth.style == "baidu" else exchange.standard())
    _store(shop.db, shop.sealer(), back.connection, fresh)


def _store(db: Engine, sealer: Sealer, connection: Connection, fresh: Mapping[str, str]) -> None:
    kept = {
        name: value
        for name, value in read_secret(db, sealer, connection.id).items()
        if name != REFUSED
    }
    store_secret(db, sealer, connection.id, {**kept, **fresh})
    set_connection_state(db, connection.id, "active")


@dataclass(frozen=True, slots=True)
class _Exchange:
    """A code for a grant."""

    platform: str
    wire: Wire
    oauth: OAuth
    grant: Grant
    code: str
    callback: str
    verifier: str
    params: Mapping[str, str]

    async def standard(self) -> dict[str, str]:
        """RFC 6749, 4.1.3, with RFC 7636."""
        form = {
            "grant_type": "authorization_code",
            "code": self.code,
            "redirect_uri": self.callback,
            "client_id": self.grant.need("client_id", self.platform),
            "client_secret": self.grant.need("client_secret", self.platform),
        }
        if self.oauth.pkce:
            form["code_verifier"] = self.verifier

        async def request() -> httpx.Request:
            return self.wire.client.build_request("POST", self.oauth.token_url, data=form)

        answer = await self.wire.call(request, self._judge)
        token = peeked(answer.body, _Token) or _Token()
        if not token.access_token:
            raise _refused(self.platform, token.error)
        if not token.refresh_token:
            raise Terminal(
                f"{self.platform} gave access for a moment only, without a refresh token.",
                cause=Cause.AUTHORISATION,
                hint="Remove this application's access in the platform's security settings, then "
                "authorise again.",
            )
        return self._granted(token.access_token, token.refresh_token, token.expires_in)

    async def baidu(self) -> dict[str, str]:
        """Baidu's own form; the signature of its callback is not documented, the state is ours."""
        content = {
            "appId": self.grant.need("app_id", self.platform),
            "authCode": self.code,
            "secretKey": self.grant.need("secret_key", self.platform),
            "grantType": "auth_code",
            "userId": _number(self.params.get("userId", "")),
        }

        async def request() -> httpx.Request:
            return self.wire.client.build_request("POST", self.oauth.token_url, json=content)

        answer = await self.wire.call(request, self._judge)
        found = peeked(answer.body, _Baidu) or _Baidu()
        data = found.data or _BaiduData()
        if str(found.code) != "0" or not data.accessToken or not data.refreshToken:
            raise _refused(self.platform, str(found.code))
        user = str(data.userId or content["userId"])
        granted = self._granted(data.accessToken, data.refreshToken, data.expiresIn)
        return {**granted, "user_id": user}

    def _granted(self, access: str, refresh: str, expires: int | float | str) -> dict[str, str]:
        until = expiry(self.wire.clock(), expires)
        fresh = Grant({}).with_token(access, until, **{REFRESH_TOKEN: refresh})
        return dict(fresh.values)

    def _judge(self, answer: Answer) -> None:
        # A code works once: what can pass is said, and the person tries again.
        refuse_passing(self.platform, answer, self.wire.clock())
        if answer.status >= 500:
            raise Transient(f"{self.platform} gave no access token (HTTP {answer.status}).")


def _refused(platform: str, code: str) -> Terminal:
    shown = code if code.replace("_", "").isalnum() and len(code) <= 60 else "no reason given"
    return Terminal(
        f"{platform} gave no access: {shown}.",
        cause=Cause.AUTHORISATION,
        vendor_code=shown,
        hint="Authorise again, and agree on the platform's page. If it says so again, compare "
        "the application's id, secret and redirect address with those registered there.",
    )


def _number(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() else text


def _oauth(shop: Workshop, connection: Connection) -> OAuth:
    kind = kind_of(connection.kind)
    oauth = oauth_of(kind, shop.deployment.get(kind.name, {}))
    if oauth is None:
        raise InvalidInput(f"{kind.title} has no page for authorising: enter its secrets instead.")
    return oauth


def _grant(shop: Workshop, connection: Connection) -> Grant:
    lent = shop.deployment.get(connection.kind, {})
    values = {name: str(value) for name, value in lent.items() if name in LENT}
    return Grant({**values, **read_secret(shop.db, shop.sealer(), connection.id)})
