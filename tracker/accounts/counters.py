"""Named counters: numbers that only grow and are never given twice."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, select

from tracker.accounts import schema
from tracker.accounts.database import write
from tracker.accounts.upserts import upsert


def next_number(db: Engine, name: str, count: int = 1) -> int:
    """The first of ``count`` consecutive numbers that now belong to the caller; counting from 1.

    A number whose caller dies is lost, never given again.
    """
    with write(db) as connection:
        return advance(connection, name, count)


def advance(connection: Connection, name: str, count: int = 1) -> int:
    """The same inside a transaction of the caller's, which holds the counter until it ends."""
    if count < 1:
        raise ValueError(f"count is {count}; at least one number must be taken")
    table = schema.counters
    statement = upsert(connection, table).values(name=name, value=count)
    last: int = connection.execute(
        statement.on_conflict_do_update(
            index_elements=["name"], set_={"value": table.c.value + count}
        ).returning(table.c.value)
    ).scalar_one()
    return last - count + 1


def counters(db: Engine) -> dict[str, int]:
    """The last number given of each counter."""
    table = schema.counters
    with db.connect() as connection:
        return {row.name: row.value for row in connection.execute(select(table))}


def raise_counter(db: Engine, name: str, least: int) -> None:
    """Let the next number be above ``least``; a counter that is beyond it stays."""
    table = schema.counters
    with write(db) as connection:
        statement = upsert(connection, table).values(name=name, value=least)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["name"], set_={"value": least}, where=table.c.value < least
            )
        )
