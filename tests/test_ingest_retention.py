"""Whole addresses do not outlive their time, in both forms of the engine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tracker.ingest.retention import KEPT, cut_addresses
from tracker.warehouse.client import Warehouse

NOW = datetime(2026, 9, 15, tzinfo=UTC)


def test_whole_addresses_are_truncated_after_60_days(warehouse: Warehouse) -> None:
    old, young = NOW - KEPT - timedelta(hours=1), NOW - KEPT + timedelta(hours=1)
    cases = [
        (old, "91.10.20.30", "91.10.20.0"),
        (old, "91.10.20.0", "91.10.20.0"),
        (old, "2001:db8:1:2::3", "2001:db8:1::"),
        (old, "2001:db8:1::", "2001:db8:1::"),
        (old, "", ""),
        (young, "91.10.20.30", "91.10.20.30"),
        (young, "2001:db8:1:2::3", "2001:db8:1:2::3"),
    ]
    for number, (time, address, _) in enumerate(cases, start=1):
        warehouse.execute(
            "INSERT INTO events (site, time, visitor, ip) VALUES "
            "({site:String}, {time:DateTime64(3, 'UTC')}, {visitor:UInt64}, {ip:String})",
            {"site": "s", "time": time, "visitor": number, "ip": address},
        )
    assert cut_addresses(warehouse, NOW) == 2
    rows = warehouse.rows("SELECT ip FROM events ORDER BY visitor")
    assert [ip for (ip,) in rows] == [expected for _, _, expected in cases]
    assert cut_addresses(warehouse, NOW) == 0
