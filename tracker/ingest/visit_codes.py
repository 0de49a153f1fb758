"""Whose visit a code such as K3F7 is: how a server's event without a visitor finds its visit.

The visitor is looked up when the event comes and is the event's from then on, so that it stands in
the same visit as the pages before it. A code of which no page has been loaded is nobody's: pages
come before orders, and are loaded within a second.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Protocol

from tracker.accounts.clock import from_ms
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

#: For how long before an event its code is looked for. Codes have four characters: a large site
#: gives one again after some months.
REACH = timedelta(days=30)


class CodeLookUp(Protocol):
    """Visitors by the place in ``asked`` of (code in upper case, time of the event in UTC ms)."""

    def __call__(self, site: str, asked: Sequence[tuple[str, int]]) -> Mapping[int, int]: ...


def visitors_of_codes(
    warehouse: Warehouse, site: str, asked: Sequence[tuple[str, int]]
) -> dict[int, int]:
    """A ``CodeLookUp`` once it has its engine; Unavailable when that is away."""
    times = [time for _, time in asked]
    found = warehouse.rows(
        load_sql("tracker.ingest", "visitors_of_codes.sql"),
        {
            "site": site,
            "asked": [(number, code, time) for number, (code, time) in enumerate(asked)],
            "codes": sorted({code for code, _ in asked}),
            "since": from_ms(min(times)) - REACH,
            "until": from_ms(max(times)),
        },
    )
    return {int(number): int(visitor) for number, visitor in found}
