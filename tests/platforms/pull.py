"""A connector at work on a simulator: with a clock of its own, and credentials that are kept."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import httpx

from tests.platforms.scenario import Ad, Scenario
from tracker.period import Period
from tracker.spend.connectors.contract import (
    AccountRef,
    Batch,
    Capability,
    Complete,
    Connector,
    Row,
    SpendRow,
)
from tracker.spend.connectors.credentials import Credentials, Grant
from tracker.spend.connectors.http import Limits, Patience, Wire

Key = tuple[str, ...]
Build = Callable[[Credentials, Wire, str], Connector]


@dataclass
class Time:
    """A clock that only waits move."""

    now: datetime = datetime(2026, 10, 20, 4, 0, tzinfo=UTC)
    waits: list[float] = field(default_factory=list)

    def clock(self) -> datetime:
        """The present."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Wait without waiting."""
        self.waits.append(seconds)
        self.now += timedelta(seconds=seconds)
        await asyncio.sleep(0)


@dataclass
class KeptCredentials:
    """Credentials in memory; ``stored`` has every version, ``locks`` counts the renewals."""

    grant: Grant
    stored: list[Grant] = field(default_factory=list)
    held: bool = False

    async def get(self) -> Grant:
        """The newest."""
        return self.grant

    async def store(self, grant: Grant) -> None:
        """Only within the lock."""
        assert self.held, "a grant was stored without the lock"
        self.grant = grant
        self.stored.append(grant)

    @asynccontextmanager
    async def lock(self) -> AsyncIterator[None]:
        """One holder at a time; a second one in the same pull would wait for ever."""
        assert not self.held
        self.held = True
        try:
            yield
        finally:
            self.held = False


@dataclass
class Pulled:
    """What a pull gave."""

    batches: list[Batch] = field(default_factory=list)
    completes: list[Period] = field(default_factory=list)

    @property
    def rows(self) -> list[Row]:
        """All rows."""
        return [row for batch in self.batches for row in batch.rows]

    def spend(self) -> dict[Key, tuple[int, int, Decimal]]:
        """The spend rows by what tells them apart; a key that came twice fails."""
        found: dict[Key, tuple[int, int, Decimal]] = {}
        for batch in self.batches:
            for row in batch.rows:
                assert isinstance(row, SpendRow)
                assert row.day == batch.day
                assert row.kind == ("unallocated" if row.reason else "keyword")
                key = (
                    batch.day.isoformat(), batch.currency, row.campaign_id, row.campaign,
                    row.ad_group_id, row.ad_group, row.keyword_id, row.keyword, row.match_type,
                    row.device, row.reason,
                )  # fmt: skip
                assert key not in found, f"{key} came twice"
                found[key] = (row.impressions, row.clicks, row.cost)
        return found


def truth(
    scenario: Scenario, first: date, last: date, **fixed: str
) -> dict[Key, tuple[int, int, Decimal]]:
    """What ``Pulled.spend`` has to be; ``fixed`` names what the platform does not tell."""

    def key(ad: Ad) -> Key:
        parts = {
            "campaign_id": ad.campaign_id, "campaign": ad.campaign, "ad_group_id": ad.ad_group_id,
            "ad_group": ad.ad_group, "keyword_id": ad.keyword_id, "keyword": ad.keyword,
            "match_type": ad.match_type, "device": ad.device, "reason": ad.reason,
        } | fixed  # fmt: skip
        return (ad.day.isoformat(), scenario.currency, *parts.values())

    return {key(ad): (ad.impressions, ad.clicks, ad.amount) for ad in scenario.of(first, last)}


@dataclass
class Bench:
    """Everything that a pull needs; ``url`` is the simulator's."""

    build: Build
    url: str
    credentials: KeptCredentials
    account: AccountRef
    time: Time = field(default_factory=Time)
    patience: Patience = field(default_factory=lambda: Patience(silence=0.3, answer=5.0))
    limits: Limits = field(default_factory=lambda: Limits(answer=2 << 20, held=2 << 20))

    def wire(self, client: httpx.AsyncClient) -> Wire:
        """The wire of one pull."""
        return Wire(
            "", client, self.time.clock, self.time.sleep, random.Random(1).random,
            self.patience, self.limits,
        )  # fmt: skip

    def pull(self, first: date, last: date, want: Capability = Capability.KEYWORDS) -> Pulled:
        """A pull to its end."""
        pulled = Pulled()
        asyncio.run(self._pull(pulled, Period(first, last), want))
        return pulled

    def failing(
        self, first: date, last: date, want: Capability = Capability.KEYWORDS
    ) -> tuple[Pulled, Exception]:
        """A pull that fails: what it gave before, and how it failed."""
        pulled, error = self.ending(first, last, want)
        assert error is not None, "the pull succeeded"
        return pulled, error

    def ending(
        self, first: date, last: date, want: Capability = Capability.KEYWORDS
    ) -> tuple[Pulled, Exception | None]:
        """A pull that may fail: what it gave, and how it failed, None if it did not."""
        pulled = Pulled()
        try:
            asyncio.run(self._pull(pulled, Period(first, last), want))
        except Exception as error:  # noqa: BLE001 - the caller looks at what it is
            return pulled, error
        return pulled, None

    def accounts(self) -> list[AccountRef]:
        """The accounts of the log-in."""

        async def ask() -> list[AccountRef]:
            async with httpx.AsyncClient() as client:
                connector = self.build(self.credentials, self.wire(client), self.url)
                return list(await connector.accounts())

        return asyncio.run(ask())

    async def _pull(self, pulled: Pulled, days: Period, want: Capability) -> None:
        async with httpx.AsyncClient() as client:
            connector = self.build(self.credentials, self.wire(client), self.url)
            async for one in connector.fetch(self.account, days, want):
                if isinstance(one, Complete):
                    pulled.completes.append(one.days)
                else:
                    pulled.batches.append(one)
