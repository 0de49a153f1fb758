"""Connecting: what was entered is kept, tried, and the accounts behind it are listed.

A test asks the platform something that needs the authorisation. It clears what stood against the
connection, or says what is wrong in words that a marketer understands; it never asks a platform
again that has refused the log-in (``tokens.py``), so pressing the button locks nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from sqlalchemy import Engine

from tracker.accounts.ad_accounts import (
    AdAccount,
    find_ad_account,
    standing_name,
    upsert_ad_account,
)
from tracker.accounts.connection_accounts import (
    WHOLE,
    ConnectionAccount,
    change_account,
    enable_account,
    list_accounts,
    store_accounts,
)
from tracker.accounts.connections import (
    Connection,
    NewConnection,
    add_connection,
    configure_connection,
    get_connection,
    read_secret,
    set_connection_state,
    store_secret,
)
from tracker.accounts.sealing import Sealer
from tracker.accounts.source_items import forget_failed
from tracker.errors import InvalidInput, TrackerError
from tracker.spend.connections.catalogue import kind_of
from tracker.spend.connections.execution import task_for
from tracker.spend.connections.kinds import Field, Kind, Workshop
from tracker.spend.connections.worker import OF_CONNECTION
from tracker.spend.connectors.contract import AccountRef
from tracker.spend.connectors.credentials import ACCESS_EXPIRES, ACCESS_TOKEN, REFUSED
from tracker.spend.connectors.failures import Terminal
from tracker.spend.connectors.progress import Tally
from tracker.spend.importer import SpendDeps
from tracker.spend.owners import mark_older
from tracker.spend.standing import Ledger

#: What a person never enters: it comes from the platform.
_GIVEN = frozenset({ACCESS_TOKEN, ACCESS_EXPIRES, REFUSED})


class Tested(NamedTuple):
    """The outcome of a test; ``accounts`` that the log-in reaches."""

    ok: bool
    accounts: int = 0
    error: str = ""
    hint: str = ""
    cause: str = ""


def connect(
    db: Engine, sealer: Sealer, new: NewConnection, lent: Mapping[str, object] | None = None
) -> Connection:
    """Store a new connection. One that lacks what only an authorisation gives waits for it.

    InvalidInput names the first field that is missing; ``lent`` are the installation's values.
    """
    kind = kind_of(new.kind)
    given = {**new.settings, **new.secret}
    missing = missing_field(kind, {**(lent or {}), **given})
    if missing is not None and kind.oauth is None:
        raise InvalidInput(
            f"{kind.title} needs the field {missing.name!r}.", hint="Fill in every required field."
        )
    secret = {name: value for name, value in given.items() if name in _secret_names(kind)}
    settings = {name: value for name, value in given.items() if name not in secret}
    made = add_connection(
        db,
        sealer,
        NewConnection(
            new.tenant,
            new.kind,
            new.name,
            new.site,
            settings,
            secret,
            new.timetable,
            state="active" if missing is None else "needs_authorisation",
        ),
    )
    if not kind.has_accounts:
        store_accounts(db, [ConnectionAccount(made.id, WHOLE, enabled=True)])
    return made


def missing_field(kind: Kind, given: Mapping[str, object]) -> Field | None:
    """The first required field that is not there."""
    return next((one for one in kind.fields if one.required and not given.get(one.name)), None)


def _secret_names(kind: Kind) -> frozenset[str]:
    # The whole grant of a platform is sealed: what is no secret in it is of no use elsewhere.
    return frozenset(one.name for one in kind.fields if one.secret or kind.has_accounts)


def change_secret(
    db: Engine, sealer: Sealer, connection: Connection, given: Mapping[str, str]
) -> None:
    """Put these in the place of what was entered before; an empty one clears an optional setting
    and leaves a secret as it is. What the platform refused may be tried again, and files that a
    source could not import."""
    kind = kind_of(connection.kind)
    allowed = _secret_names(kind)
    before = get_connection(db, connection.id).settings
    settings = {**before, **_settings(kind, given)}
    if settings != before:
        configure_connection(db, connection.id, settings=settings)
        forget_failed(db, connection.id)
    fresh = {name: value for name, value in given.items() if value and name in allowed}
    kept = read_secret(db, sealer, connection.id)
    if fresh:
        kept = {name: value for name, value in kept.items() if name not in _GIVEN}
        store_secret(db, sealer, connection.id, {**kept, **fresh})


def _settings(kind: Kind, given: Mapping[str, str]) -> dict[str, str]:
    required = {
        one.name: one.required for one in kind.fields if one.name not in _secret_names(kind)
    }
    return {
        name: value for name, value in given.items() if name in required
        and (value or not required[name])
    }  # fmt: skip


async def check_connection(shop: Workshop, connection: Connection) -> Tested:
    """Test a connection and store the accounts that it reaches."""
    kind = kind_of(connection.kind)
    try:
        async with shop.client() as client:
            account = ConnectionAccount(connection.id, WHOLE)
            task = await asyncio.to_thread(task_for, shop, client, connection, account, Tally())
            found = await kind.test(task)
    except TrackerError as failure:
        return await asyncio.to_thread(_failed, shop, connection, failure)
    await asyncio.to_thread(_works, shop, connection, found)
    return Tested(True, len(await asyncio.to_thread(list_accounts, shop.db, connection.id)))


def _failed(shop: Workshop, connection: Connection, failure: TrackerError) -> Tested:
    cause = failure.cause if isinstance(failure, Terminal) else None
    if cause in OF_CONNECTION:
        set_connection_state(
            shop.db,
            connection.id,
            "needs_authorisation",
            error=str(failure),
            cause=str(cause),
            now=shop.now(),
        )
    return Tested(False, 0, failure.message, failure.hint, str(cause or failure.code))


def _works(shop: Workshop, connection: Connection, found: Sequence[AccountRef]) -> None:
    db = shop.db
    if connection.state in ("active", "needs_authorisation"):
        set_connection_state(db, connection.id, "active")
    store_accounts(
        db,
        [
            ConnectionAccount(
                connection.id,
                one.account,
                name=one.name,
                login=one.login,
                manager=one.manager,
                currency=one.currency,
                timezone=one.timezone,
                is_manager=one.is_manager,
            )
            for one in found
        ],
        now=shop.now(),
    )
    ours = [one for one in list_accounts(db, connection.id) if not one.is_manager]
    if len(ours) == 1 and not ours[0].enabled:
        choose_account(shop.spend, connection, ours[0].account, True)
    for one in ours:
        if one.error:  # the log-in was put right: what stood against an account may be over
            change_account(db, connection.id, one.account, error="", cause="")


def choose_account(deps: SpendDeps, connection: Connection, account: str, enabled: bool) -> None:
    """Let an account run by the schedule, or no more. Its spend, also what stands already, belongs
    to the connection's site unless it belongs to one already."""
    db = deps.db
    enable_account(db, connection.id, account, enabled)
    if not enabled or account == WHOLE or connection.site is None:
        return
    key = (connection.tenant, connection.kind, account)
    known = find_ad_account(db, *key)
    if known is None or known.site is None:
        upsert_ad_account(db, AdAccount(*key, site=connection.site))
    if known is not None and known.site is None:
        ledger = Ledger(deps.warehouse, connection.tenant, connection.kind)
        mark_older(db, ledger, frozenset({account}), {connection.site}, deps.clock)


def enter_account(
    deps: SpendDeps, connection: Connection, account: ConnectionAccount
) -> ConnectionAccount:
    """An account that the platform does not list, under the name that its spend has, however it was
    written; InvalidInput for a field that it needs."""
    kind = kind_of(connection.kind)
    for name in kind.account_fields:
        if not getattr(account, name):
            raise InvalidInput(
                f"An account of {kind.title} needs the field {name!r}.",
                hint="It stands in the platform's own pages.",
            )
    name = standing_name(deps.db, connection.tenant, connection.kind, account.account)
    account = replace(account, account=name)
    store_accounts(deps.db, [account])
    choose_account(deps, connection, account.account, True)
    return account


def current(db: Engine, connection: Connection) -> Connection:
    """The connection as it is now."""
    return get_connection(db, connection.id)
