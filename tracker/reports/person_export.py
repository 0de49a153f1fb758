"""Everything that is stored about a person, as JSON values: what he may ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import msgspec
from sqlalchemy import Engine

from tracker.accounts.person_cards import Card, card_of, notes_of
from tracker.accounts.sites import Site
from tracker.conversions.people import offline_of
from tracker.errors import NotFound
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

#: Tables with a column ``visitor`` whose rows are given as they are.
TABLES = ("events", "identities", "person_links", "rejected_events")
#: Rows of one table that an export holds at most.
MOST = 200_000


def export_person(
    warehouse: Warehouse, db: Engine, site: Site, visitors: Sequence[int]
) -> dict[str, Any]:
    """Rows by table, with the person's card and notes. Contacts are hashes: nothing else of them
    is stored. Derived tables hold nothing that does not follow from these. ``truncated`` names the
    tables that hold more rows of the person than are given. NotFound where nothing is stored."""
    names = [f"{visitor:016x}" for visitor in visitors]
    template = load_sql("tracker.reports", "person_rows.sql")
    params = {"site": site.key, "visitors": list(visitors), "most": MOST + 1}
    result: dict[str, Any] = {"site": site.key, "person": names[0], "visitors": names}
    for table in TABLES:
        found = warehouse.dicts(template.replace("FROM events", f"FROM {table}"), params)
        result[table] = [_readable(row) for row in found]
    offline = offline_of(warehouse, site.key, site.timezone, visitors)
    ids = sorted({external_id for external_id, _ in offline})
    result["offline_conversions"] = warehouse.dicts(
        load_sql("tracker.reports", "person_orders.sql"),
        {"site": site.key, "ids": ids, "most": MOST + 1},
    )
    tables = (*TABLES, "offline_conversions")
    result["truncated"] = [table for table in tables if len(result[table]) > MOST]
    for table in tables:
        result[table] = msgspec.to_builtins(result[table][:MOST])
    result["card"] = asdict(card_of(db, site.key, names))
    notes = [asdict(note) for note in notes_of(db, site.key, names)]
    result["notes"] = msgspec.to_builtins(notes)
    if not any(result[name] for name in (*tables, "truncated", "notes")) and result[
        "card"
    ] == asdict(Card()):
        raise NotFound(f"No person {names[0]!r}.", hint="Look at the list of people.")
    return result


def _readable(row: dict[str, Any]) -> dict[str, Any]:
    """A row whose texts of fixed length, which the driver gives as bytes, are texts too."""
    return {
        name: value.decode(errors="replace") if isinstance(value, bytes) else value
        for name, value in row.items()
    }
