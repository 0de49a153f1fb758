"""Grants as connections keep them: sealed in the metadata store, renewed under a lease.

The lease lets one process renew at a time. A refresh token that rotated is stored, and the
transaction on disk, before the access token that came with it is used.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine

from tracker.accounts import leases
from tracker.accounts.clock import Clock
from tracker.accounts.connections import read_secret, store_secret
from tracker.accounts.sealing import Sealer
from tracker.spend.connectors.credentials import Grant
from tracker.spend.connectors.failures import Transient

#: A renewal that lasts longer than this without a sign of life has died.
TTL = timedelta(minutes=2)
#: Seconds between two attempts to get the lease, and how many there are: as long as a renewal
#: with all its repeats may last.
AGAIN = 0.2
ATTEMPTS = 3000


@dataclass(frozen=True, slots=True)
class StoredCredentials:
    """The grant of one connection; see ``connectors/credentials.py``.

    ``standing_in`` are values of the installation (its own application's id and secret) for what
    the connection does not have; they are never stored with it.
    """

    db: Engine
    sealer: Sealer
    connection: str
    holder: str
    clock: Clock
    standing_in: Mapping[str, Any] = field(default_factory=dict, repr=False)

    async def get(self) -> Grant:
        """The newest grant."""
        values = await asyncio.to_thread(read_secret, self.db, self.sealer, self.connection)
        lent = {name: str(value) for name, value in self.standing_in.items() if name in LENT}
        return Grant({**lent, **values})

    async def store(self, grant: Grant) -> None:
        """Keep it; on disk when it returns."""
        lent = {name for name in LENT if grant.get(name) == str(self.standing_in.get(name, ""))}
        values = {name: value for name, value in grant.values.items() if name not in lent}
        await asyncio.to_thread(store_secret, self.db, self.sealer, self.connection, values)

    @asynccontextmanager
    async def lock(self) -> AsyncIterator[None]:
        """The lease of this connection's grant. Transient when others hold it for too long."""
        lease = await self._acquire()
        beat = asyncio.create_task(self._keep(lease))
        try:
            yield
        finally:
            beat.cancel()
            await asyncio.to_thread(leases.release, self.db, lease, self.clock())

    async def _acquire(self) -> leases.Lease:
        # Of two runs in one process each is a holder of its own.
        holder = f"{self.holder}:{secrets.token_hex(4)}"
        for _ in range(ATTEMPTS):
            lease = await asyncio.to_thread(
                leases.acquire, self.db, f"grant:{self.connection}", holder, TTL, self.clock()
            )
            if lease is not None:
                return lease
            await asyncio.sleep(AGAIN)
        raise Transient("The connection's log-in is being renewed by another process for long.")

    async def _keep(self, lease: leases.Lease) -> None:
        while True:
            await asyncio.sleep(TTL.total_seconds() / 4)
            await asyncio.to_thread(leases.renew, self.db, lease, TTL, self.clock())


#: What an installation may lend to its connections: the application registered at a platform.
LENT = frozenset({"client_id", "client_secret", "app_id", "secret_key", "developer_token"})
