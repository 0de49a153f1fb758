"""Spend files that wait for a person: importing them would remove something, and nobody was asked.

A row says what was held and why. The content is a file elsewhere (``spend/holding.py``), under the
row's id.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, delete, insert, select

from tracker.accounts import schema
from tracker.accounts.database import write
from tracker.errors import NotFound


@dataclass(frozen=True, slots=True)
class HeldFile:
    """``options`` are those of the import, as JSON. ``connection`` and ``item`` say what brought
    it, "" for a watch folder; ``size`` is in bytes."""

    id: str
    site: str
    connection: str
    item: str
    name: str
    options: str
    reason: str
    hint: str
    size: int
    held_at: datetime


def hold(db: Engine, held: HeldFile) -> None:
    """Keep it."""
    values = {name: getattr(held, name) for name in HeldFile.__dataclass_fields__}
    for name in ("name", "reason", "hint"):
        values[name] = values[name].replace("\0", "\ufffd")
    with write(db) as writer:
        writer.execute(insert(schema.held_files).values(values))


def held_files(db: Engine, site: str, *, limit: int = 200) -> list[HeldFile]:
    """What waits at a site, newest first."""
    table = schema.held_files
    query = select(table).where(table.c.site == site)
    with db.connect() as reader:
        rows = reader.execute(query.order_by(table.c.held_at.desc(), table.c.id).limit(limit))
        return [_held(row) for row in rows]


def held_file(db: Engine, site: str, held: str) -> HeldFile:
    """The one of that id at that site, or NotFound."""
    table = schema.held_files
    with db.connect() as reader:
        row = reader.execute(
            select(table).where(table.c.id == held, table.c.site == site)
        ).one_or_none()
    if row is None:
        raise NotFound(
            f"No file {held!r} waits for a decision.", hint="List them: tracker spend held list."
        )
    return _held(row)


def release(db: Engine, held: str) -> bool:
    """Let it wait no more; whether it did."""
    table = schema.held_files
    with write(db) as writer:
        return writer.execute(delete(table).where(table.c.id == held)).rowcount > 0


def held_before(db: Engine, moment: datetime) -> list[str]:
    """Ids of what has waited since before that moment."""
    table = schema.held_files
    with db.connect() as reader:
        return list(reader.execute(select(table.c.id).where(table.c.held_at < moment)).scalars())


def held_ids(db: Engine) -> set[str]:
    """Ids of everything that waits."""
    with db.connect() as reader:
        return set(reader.execute(select(schema.held_files.c.id)).scalars())


def _held(row: Row[Any]) -> HeldFile:
    return HeldFile(**row._mapping)
