"""Connections: where spend comes from by itself, their runs, and what they brought."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from tracker.accounts.columns import Instant
from tracker.accounts.schema.base import metadata

connections = Table(
    "connections",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("tenant", ForeignKey("tenants.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("site", ForeignKey("sites.key", ondelete="SET NULL"), index=True),
    Column("kind", String(40), nullable=False),
    Column("name", String(200), nullable=False),
    Column("state", String(24), nullable=False),
    Column("settings", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("timetable", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("cause", String(20), nullable=False),
    Column("failed_at", Instant),
    Column("created_at", Instant, nullable=False),
    CheckConstraint(
        "state IN ('active', 'needs_authorisation', 'paused', 'disconnected')", name="state"
    ),
)

#: NOTE: account "" is the source as a whole, for kinds that have no ad accounts.
connection_accounts = Table(
    "connection_accounts",
    metadata,
    Column("connection", ForeignKey("connections.id", ondelete="CASCADE"), primary_key=True),
    Column("account", String(200), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("login", String(200), nullable=False),
    Column("manager", String(200), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("is_manager", Boolean, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("due_at", Instant, index=True),
    Column("weekly_at", Instant),
    Column("watermark", Date),
    Column("error", Text, nullable=False),
    Column("cause", String(20), nullable=False),
    Column("found_at", Instant),
)

#: Runs of connections: asked for, running, ended. ``connection`` has no foreign key: the
#: history outlives a tenant's connection.
connection_runs = Table(
    "connection_runs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("tenant", String(32), nullable=False),
    Column("connection", String(32), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("account", String(200), nullable=False),
    Column("trigger", String(20), nullable=False),
    Column("state", String(10), nullable=False),
    Column("first_day", Date),
    Column("last_day", Date),
    Column("queued_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("finished_at", Instant),
    Column("holder", String(200), nullable=False),
    Column("expires_at", Instant),
    Column("fence", BigInteger, nullable=False),
    Column("stop", Boolean, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("days_done", Integer, nullable=False),
    Column("days_asked", Integer, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("requests", BigInteger, nullable=False),
    Column("repeats", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("waited", Integer, nullable=False),
    Column("totals", Text, nullable=False),
    Column("warnings", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("hint", Text, nullable=False),
    Column("cause", String(20), nullable=False),
    CheckConstraint(
        "state IN ('queued', 'running', 'waiting', 'ok', 'failed', 'stopped')", name="state"
    ),
    Index("ix_connection_runs_due", "state", "due_at"),
    Index("ix_connection_runs_tenant", "tenant", "queued_at"),
    Index("ix_connection_runs_account", "connection", "account", "queued_at"),
)

#: Authorisations that are under way: made when somebody goes to the platform's page, used once.
authorisations = Table(
    "authorisations",
    metadata,
    Column("state", String(64), primary_key=True),
    Column("connection", ForeignKey("connections.id", ondelete="CASCADE"), nullable=False),
    Column("user", String(32), nullable=False),
    Column("site", String(10), nullable=False),
    Column("verifier", Text, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
)

source_items = Table(
    "source_items",
    metadata,
    Column("connection", ForeignKey("connections.id", ondelete="CASCADE"), primary_key=True),
    Column("item", String(64), primary_key=True),
    Column("name", String(300), nullable=False),
    Column("version", String(300), nullable=False),
    Column("outcome", String(10), nullable=False),
    Column("seen_at", Instant, nullable=False),
    CheckConstraint("outcome IN ('ok', 'failed', 'held', 'empty')", name="outcome"),
)
