"""The secrets of one connection: where they come from, and where rotated ones go.

A *grant* is a set of named secrets. Keys used by all platforms: ``access_token`` and
``access_expires`` (ISO 8601, UTC) are the token in use; ``refresh_token`` gets a new one;
``refused`` is when the platform refused the grant, and stops further attempts with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from tracker.spend.connectors.failures import Cause, Terminal

ACCESS_TOKEN = "access_token"
ACCESS_EXPIRES = "access_expires"
REFRESH_TOKEN = "refresh_token"
REFUSED = "refused"
#: Names whose values are no secrets: messages may show them.
OPEN = frozenset({ACCESS_EXPIRES, REFUSED, "client_id", "app_id", "user_id", "username"})
#: A token is renewed so long before it expires.
MARGIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, repr=False)
class Grant:
    """Secrets by name. Shows their names only, wherever it is printed."""

    values: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Grant({', '.join(sorted(self.values))})"

    def need(self, name: str, platform: str) -> str:
        """A secret; Terminal naming it if the connection has none."""
        value = self.values.get(name, "")
        if not value:
            raise Terminal(
                f"The connection to {platform} has no {name.replace('_', ' ')}.",
                cause=Cause.SETTING,
                hint="Enter it in the settings of the connection.",
            )
        return value

    def get(self, name: str) -> str:
        """A secret, "" if there is none."""
        return self.values.get(name, "")

    def valid_token(self, now: datetime) -> str:
        """The access token while it is good for a while yet, else "". One that does not say when
        it expires is good until it is refused."""
        expires = self.get(ACCESS_EXPIRES)
        try:
            good = not expires or datetime.fromisoformat(expires) - now > MARGIN
        except (ValueError, TypeError):
            good = False
        return self.get(ACCESS_TOKEN) if good else ""

    def with_token(self, token: str, expires: datetime, **more: str) -> Grant:
        """The same grant with a new access token and what came with it."""
        new = {ACCESS_TOKEN: token, ACCESS_EXPIRES: expires.isoformat()}
        kept = {name: value for name, value in self.values.items() if name != REFUSED}
        return Grant({**kept, **new, **{name: value for name, value in more.items() if value}})

    def secrets(self) -> list[str]:
        """The values that must not be shown."""
        return [value for name, value in self.values.items() if name not in OPEN and value]


class Credentials(Protocol):
    """The stored grant of one connection.

    ``lock`` keeps every process but one from renewing the grant; within it the grant is read
    again, since another holder may have renewed it.
    """

    async def get(self) -> Grant:
        """The newest grant."""
        ...

    async def store(self, grant: Grant) -> None:
        """Keep a renewed grant. Returns when it is safe from a crash: only then is it used."""
        ...

    def lock(self) -> AbstractAsyncContextManager[None]:
        """The right to renew the grant, for as long as the block lasts."""
        ...
