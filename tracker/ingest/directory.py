"""Sites, goals and tokens as the compatible entrances ask for them, kept for some seconds.

The other entrances know a site by its key. Plausible's clients name a domain and Matomo's a
number, which this product does not have, and the page's address. A domain is looked up in an index
of all sites' domains: of several sites with one domain the oldest has it, so that nobody takes
another's visitors by claiming his domain.

Every function may read the metadata store and is called in a worker thread. While the store does
not answer, what was known serves on.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

import msgspec
from sqlalchemy import Engine, select

from tracker.accounts import schema
from tracker.accounts.access import Principal, Right
from tracker.accounts.clock import Clock
from tracker.accounts.domains import parse_domain
from tracker.accounts.goals import Goal, list_goals
from tracker.accounts.sites import Site
from tracker.accounts.tokens import PREFIX, Token, resolve_token
from tracker.errors import InvalidInput, Unavailable
from tracker.ingest.draft import SiteSource

#: How long what was read is good: a new domain, a new goal or a revoked token is seen after it.
TTL = timedelta(seconds=5)
#: Goals and tokens of this many sites and secrets are kept.
SIZE = 10_000
#: Longest secret of a token that is looked up.
SECRET_LENGTH = 200
#: Longest host name that is looked up.
HOST_LENGTH = 255

T = TypeVar("T")


class _Kept(Generic[T]):
    """Values by key, each good for ``TTL``; a value outlives it while it cannot be read again."""

    def __init__(self, read: Callable[[str], T], clock: Clock) -> None:
        self._read = read
        self._clock = clock
        self._lock = threading.Lock()
        self._values: OrderedDict[str, tuple[datetime, T]] = OrderedDict()

    def get(self, key: str) -> T:
        """The value, read again where it is too old."""
        now = self._clock()
        known = self._values.get(key)
        # A clock that jumped back must not keep a value for ever.
        if known is not None and abs(now - known[0]) < TTL:
            return known[1]
        try:
            value = self._read(key)
        except Unavailable:
            if known is None:
                raise
            return known[1]
        with self._lock:
            self._values[key] = (now, value)
            self._values.move_to_end(key)
            if len(self._values) > SIZE:
                self._values.popitem(last=False)
        return value


@dataclass(slots=True)
class Directory:
    """Finds sites, goals and rights. Safe from any thread."""

    db: Engine
    sites: SiteSource
    clock: Clock
    _hosts: _Kept[dict[str, str]] = field(init=False)
    _goals: _Kept[list[Goal]] = field(init=False)
    _tokens: _Kept[Token | None] = field(init=False)

    def __post_init__(self) -> None:
        self._hosts = _Kept(lambda _: _domains(self.db), self.clock)
        self._goals = _Kept(lambda site: list_goals(self.db, site), self.clock)
        self._tokens = _Kept(
            lambda secret: resolve_token(self.db, secret, now=self.clock()), self.clock
        )

    def by_name(self, name: str) -> Site | None:
        """The site whose key that is, or which has the domain or a domain above it."""
        return self.sites.get(name) or self.by_host(name)

    def by_host(self, host: str) -> Site | None:
        """The site that has the host: the most specific domain counts, then the oldest site."""
        if len(host) > HOST_LENGTH:
            return None
        try:
            name = parse_domain(host)
        except InvalidInput:
            return None
        known = self._hosts.get("")
        while name not in known:
            _, dot, name = name.partition(".")
            if not dot:
                return None
        return self.sites.get(known[name])

    def goal(self, site: str, wanted: str) -> Goal | None:
        """The goal of that id or, if there is none, of that name."""
        goals = self._goals.get(site)
        by_id = next((goal for goal in goals if goal.id == wanted), None)
        return by_id or next((goal for goal in goals if goal.name == wanted), None)

    def may_write(self, secret: str, site: Site) -> bool:
        """Whether the secret is that of a token with the right to write to the site."""
        token = self._token(secret)
        held = Principal.of_token(token).right_on(site) if token else None
        return held is not None and held.covers(Right.WRITE)

    def _token(self, secret: str) -> Token | None:
        if not secret.startswith(PREFIX) or len(secret) > SECRET_LENGTH or "\0" in secret:
            return None
        return self._tokens.get(secret)


def _domains(db: Engine) -> dict[str, str]:
    """Domain → key of the oldest site that has it."""
    table = schema.sites
    query = select(table.c.key, table.c.domains).order_by(table.c.created_at, table.c.key)
    found: dict[str, str] = {}
    with db.connect() as connection:
        for key, domains in connection.execute(query):
            for domain in msgspec.json.decode(domains, type=tuple[str, ...]):
                found.setdefault(domain, key)
    return found
