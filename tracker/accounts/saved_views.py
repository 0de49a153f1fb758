"""Views of the explorer that people keep: a name and a query string, for one user or the site."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, delete, func, insert, or_, select

from tracker.accounts import schema
from tracker.accounts.database import write
from tracker.accounts.identifiers import new_id
from tracker.accounts.names import checked_name
from tracker.errors import InvalidInput, NotFound

#: Views of one site, and characters of a query string.
MOST_VIEWS, LONGEST = 200, 8_000


@dataclass(frozen=True, slots=True)
class SavedView:
    """``user`` "" means: for everybody who reads the site."""

    id: str
    user: str
    name: str
    query: str


def views_of(db: Engine, site: str, user: str) -> list[SavedView]:
    """What a user sees: his own views and the site's, by name."""
    table = schema.saved_views
    query = (
        select(table)
        .where(table.c.site == site, or_(table.c.user == user, table.c.user.is_(None)))
        .order_by(table.c.name, table.c.id)
    )
    with db.connect() as connection:
        rows = connection.execute(query)
        return [SavedView(row.id, row.user or "", row.name, row.query) for row in rows]


def keep_view(
    db: Engine, site: str, *, user: str, name: str, query: str, now: datetime
) -> SavedView:
    """Keep a view; one of the same name and owner is replaced. InvalidInput."""
    named = checked_name(name, "view", longest=100)
    if len(query) > LONGEST:
        raise InvalidInput(
            f"The view's address has {len(query)} characters; at most {LONGEST} are kept.",
            hint="Shorten its filter.",
        )
    table, view = schema.saved_views, SavedView(new_id(), user, named, query)
    own = table.c.user == user if user else table.c.user.is_(None)
    with write(db) as connection:
        connection.execute(delete(table).where(table.c.site == site, own, table.c.name == named))
        count = select(func.count()).select_from(table).where(table.c.site == site)
        if connection.execute(count).scalar_one() >= MOST_VIEWS:
            raise InvalidInput(
                f"The site has {MOST_VIEWS} views; no more are kept.", hint="Remove one first."
            )
        row = {"id": view.id, "site": site, "user": user or None, "name": named, "query": query}
        connection.execute(insert(table).values(**row, created_at=now))
    return view


def drop_view(db: Engine, site: str, view: str, *, user: str) -> None:
    """Remove a view of one's own or of the site; NotFound."""
    table = schema.saved_views
    mine = or_(table.c.user == user, table.c.user.is_(None))
    with write(db) as connection:
        gone = delete(table).where(table.c.site == site, table.c.id == view, mine)
        if not connection.execute(gone).rowcount:
            raise NotFound(f"No view {view!r}.", hint="Load the page again.")
