"""Kinds of connections: one row each says what to ask for and how to run it.

Adding a kind is one row in ``catalogue.py``. ``run`` imports one account's days, or once what a
source has; ``test`` asks the other side something that needs the secret. Both raise Transient
(comes back by itself) or Terminal (a person has to act), with messages for marketers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Engine

from tracker.accounts.connection_accounts import ConnectionAccount
from tracker.accounts.connections import Connection, Timetable
from tracker.accounts.sealing import Sealer
from tracker.period import Period
from tracker.spend.connectors.contract import AccountRef
from tracker.spend.connectors.credentials import Credentials
from tracker.spend.connectors.failures import Terminal, Transient
from tracker.spend.connectors.http import Patience, Wire
from tracker.spend.connectors.progress import Tally
from tracker.spend.importer import SpendDeps


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to enter. ``secret`` ones are sealed and never shown again; others are settings
    of the connection; ``lines`` says that it has several. The label stands in
    ``web/connection_view.py`` under this name."""

    name: str
    secret: bool = False
    required: bool = True
    lines: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """One run. ``days`` is None for sources whose files say their days.

    ``wire`` counts into ``tally``, which is what progress shows: add rows and days to it.
    ``check`` raises when the run was stopped or taken over: call it before anything is published.
    ``deployment`` are the installation's values for this kind (addresses, versions), from the
    file that TRACKER_PLATFORMS names.
    """

    connection: Connection
    account: ConnectionAccount
    days: Period | None
    credentials: Credentials
    wire: Wire
    spend: SpendDeps
    check: Callable[[], None] = lambda: None
    deployment: Mapping[str, Any] = field(default_factory=dict)

    @property
    def tally(self) -> Tally:
        """The counts of this run."""
        return self.wire.tally


@dataclass(slots=True)
class Outcome:
    """What a run did. ``done`` days are not asked for again when the run goes on; ``cost`` is by
    day, in millionths of ``currency``. ``counts`` are numbers by name, added up over the portions
    of a run. ``failure`` is why it ended before its time."""

    currency: str = ""
    rows: int = 0
    done: set[date] = field(default_factory=set)
    cost: dict[date, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    failure: Transient | Terminal | None = None


@dataclass(frozen=True, slots=True)
class OAuth:
    """Where a person lets us in. ``style`` names the dialect: ``standard`` is RFC 6749 with PKCE
    where ``pkce``, ``baidu`` its own pages. Addresses can be set per installation."""

    authorise_url: str
    token_url: str
    scope: str = ""
    style: str = "standard"
    pkce: bool = True
    more: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kind:
    """A row of the catalogue.

    ``has_accounts``: runs are by ad account and day, ``test`` lists the accounts; else the source
    runs as a whole. ``account_fields`` are what a person enters where accounts are not listed.
    ``chunk_days`` bounds one portion of a long run: it can be stopped, and goes on, between them.
    """

    name: str
    title: str
    fields: tuple[Field, ...]
    run: Callable[[Task], Awaitable[Outcome]]
    test: Callable[[Task], Awaitable[Sequence[AccountRef]]]
    timetable: Timetable
    has_accounts: bool = False
    account_fields: tuple[str, ...] = ()
    oauth: OAuth | None = None
    kept_days: int = 400
    chunk_days: int = 7
    passes: int = 1


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a person has to see to: a connection that stopped, or gave up."""

    tenant: str
    site: str | None
    connection: str
    name: str
    kind: str
    account: str
    cause: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Workshop:
    """What every run needs of the process it runs in. ``holder`` names the process; ``client``
    makes the HTTP client of a run, ``sleep`` waits for a platform, ``notify`` tells people."""

    spend: SpendDeps
    sealer: Callable[[], Sealer]
    holder: str
    deployment: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    client: Callable[[], httpx.AsyncClient] = httpx.AsyncClient
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    patience: Patience = field(default_factory=Patience)
    notify: Callable[[Notice], None] = lambda _: None
    scratch: Path | None = None

    @property
    def db(self) -> Engine:
        """The metadata store."""
        return self.spend.db

    def now(self) -> datetime:
        """The present."""
        return self.spend.clock()
