"""What stands in the warehouse for an ad account: its published slices and their lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from tracker.spend.lines import Line, Unit
from tracker.spend.scope import parse_scope
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

PACKAGE = "tracker.spend"
#: Slices and lines read by one statement: bounds its text and its memory. A single unit may
#: have more lines; then the statement sorts and groups on disk.
CHUNK = 300
CHUNK_LINES = 200_000
#: From these on it does so, in bytes.
SPILL = {
    "max_bytes_before_external_sort": 128 << 20,
    "max_bytes_before_external_group_by": 128 << 20,
}


@dataclass(frozen=True, slots=True)
class StandingSlice:
    """A published slice. ``bare`` counts its lines without a device, ``origin`` is how it
    came: api, push, file …"""

    unit: Unit
    scope: str
    pull: int
    lines: int
    cost: Decimal
    bare: int
    origin: str = ""

    @property
    def key(self) -> tuple[Unit, str]:
        """What a newer slice has to share to take its place."""
        return self.unit, self.scope


class Window(NamedTuple):
    """The slices of these accounts that share a day with ``first`` to ``last``."""

    accounts: frozenset[str]
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Ledger:
    """The spend of one tenant at one platform."""

    warehouse: Warehouse
    tenant: str
    platform: str

    def slices(self, window: Window) -> list[StandingSlice]:
        """The slices that stand in the window, in order."""
        rows = self.warehouse.rows(
            load_sql(PACKAGE, "standing_slices.sql"),
            {
                "tenant": self.tenant,
                "platform": self.platform,
                "accounts": sorted(window.accounts),
                "first": window.first,
                "last": window.last,
            },
        )
        return [
            StandingSlice(
                Unit(str(account), day.toordinal(), last_day.toordinal()),
                str(scope),
                int(pull),
                int(lines),
                Decimal(cost),
                int(bare),
                str(origin),
            )
            for account, day, last_day, scope, pull, lines, cost, bare, origin in rows
        ]

    def lines(self, slices: Iterable[StandingSlice]) -> Iterator[Line]:
        """The lines of these slices by account, day, last day and key; scopes summed together."""
        ordered = sorted(slices, key=lambda one: one.unit)
        for chunk in _chunks(ordered):
            yield from self._lines(chunk)

    def _lines(self, chunk: Sequence[StandingSlice]) -> Iterator[Line]:
        stream = self.warehouse.stream(
            load_sql(PACKAGE, "standing_lines.sql"),
            {
                "tenant": self.tenant,
                "platform": self.platform,
                "first": min(one.unit.first_day for one in chunk),
                "last": max(one.unit.first_day for one in chunk),
                "slices": [
                    (one.unit.account, one.unit.first_day, one.unit.last_day, one.scope, one.pull)
                    for one in chunk
                ],
            },
            settings=SPILL,
        )
        for account, day, last, key, impressions, clicks, cost, conversions, value in stream:
            yield Line(
                account,
                day.toordinal(),
                last.toordinal(),
                key,
                impressions,
                clicks,
                cost,
                conversions,
                value,
            )


def devices_of(scope: str) -> tuple[str, ...]:
    """The devices of a scope that is restricted by devices alone; () for any other."""
    parsed = parse_scope(scope)
    return () if parsed.networks or parsed.filters else parsed.devices


def _chunks(slices: Sequence[StandingSlice]) -> Iterator[list[StandingSlice]]:
    """Portions that never part the slices of one unit, because their lines are summed."""
    portion: list[StandingSlice] = []
    lines = 0
    for one in slices:
        full = len(portion) >= CHUNK or lines + one.lines > CHUNK_LINES
        if portion and full and one.unit != portion[-1].unit:
            yield portion
            portion, lines = [], 0
        portion.append(one)
        lines += one.lines
    if portion:
        yield portion
