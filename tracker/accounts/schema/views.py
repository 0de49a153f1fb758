"""What people keep of reports."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, String, Table, Text

from tracker.accounts.columns import Instant
from tracker.accounts.schema.base import metadata

#: ``query`` is the explorer's query string; without a user the view is for all of the site.
saved_views = Table(
    "saved_views",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("site", ForeignKey("sites.key", ondelete="CASCADE"), nullable=False, index=True),
    Column("user", ForeignKey("users.id", ondelete="CASCADE")),
    Column("name", String(100), nullable=False),
    Column("query", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
)
