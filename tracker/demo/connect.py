"""The demo's connections: made as a person makes them, and run against the simulated platforms."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from typing import Any

import msgspec

from tracker.accounts.connection_accounts import ConnectionAccount
from tracker.accounts.connections import Connection, NewConnection
from tracker.accounts.sites import Site
from tracker.commands.progress import Progress
from tracker.commands.table import COMMANDS
from tracker.demo.catalogue import BAIDU
from tracker.parts import Parts
from tracker.requests.connections import RunConnection
from tracker.spend.connections.linking import check_connection, connect, enter_account

_SECRETS = {
    "google": {"client_id": "demo", "client_secret": "demo", "refresh_token": "demo"},
    "baidu": {"app_id": "demo", "secret_key": "demo", "refresh_token": "demo", "user_id": "1"},
}
_NAMES = {"google": "Google Ads (demo)", "baidu": "百度营销 (demo)"}

Bar = Callable[[str], AbstractContextManager[Progress]]


def connect_platforms(parts: Parts, site: Site, first: date, last: date, bar: Bar) -> list[str]:
    """Connect both platforms and import these days; a line for each that says what came."""
    return [_run(parts, _connect(parts, site, kind), first, last, bar) for kind in _SECRETS]


def _connect(parts: Parts, site: Site, kind: str) -> Connection:
    new = NewConnection(site.tenant, kind, _NAMES[kind], site.key, secret=_SECRETS[kind])
    made = connect(parts.db, parts.sealer, new)
    if kind == "baidu":  # it lists no accounts: they are entered by name
        account = ConnectionAccount(
            made.id,
            BAIDU.account,
            name=BAIDU.account,
            login=BAIDU.account,
            currency=BAIDU.currency,
            timezone="Asia/Shanghai",
        )
        enter_account(parts.spend_deps(), made, account)
    else:
        asyncio.run(check_connection(parts.workshop(), made))
    return made


def _run(parts: Parts, made: Connection, first: date, last: date, bar: Bar) -> str:
    request = RunConnection(made.id, "", first.isoformat(), last.isoformat())
    with bar(f"connection run {made.name}") as progress:
        result: Any = COMMANDS["connection-run"].run(parts, request, progress)
    run = msgspec.to_builtins(result)["runs"][0]
    return f"connection run {made.name}: {run['state']}, {run['rows']} rows"
