"""Companies and their users, sites, log-ins and tokens."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    String,
    Table,
    Text,
)

from tracker.accounts.columns import Amount, Instant
from tracker.accounts.schema.base import metadata

tenants = Table(
    "tenants",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("created_at", Instant, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("email", String(254), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("language", String(10), nullable=False),
    Column("password", String(200), nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
)

#: NOTE: ``restricted`` says whether membership_sites limits the member; "no rows" must never
#: mean "every site", or removing someone's last site would open all of them.
memberships = Table(
    "memberships",
    metadata,
    Column("user", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("tenant", ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("role", String(10), nullable=False),
    Column("restricted", Boolean, nullable=False),
    CheckConstraint("role IN ('owner', 'editor', 'viewer')", name="role"),
)

sites = Table(
    "sites",
    metadata,
    Column("key", String(10), primary_key=True),
    Column("tenant", ForeignKey("tenants.id"), nullable=False, index=True),
    Column("name", String(200), nullable=False),
    Column("domains", Text, nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("margin", Amount),
    Column("visit_timeout", Integer, nullable=False),
    Column("lookback_days", Integer, nullable=False),
    Column("brand_terms", Text, nullable=False),
    Column("settings", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
)

membership_sites = Table(
    "membership_sites",
    metadata,
    Column("user", String(32), primary_key=True),
    Column("tenant", String(32), primary_key=True),
    Column("site", ForeignKey("sites.key", ondelete="CASCADE"), primary_key=True),
    ForeignKeyConstraint(
        ["user", "tenant"], ["memberships.user", "memberships.tenant"], ondelete="CASCADE"
    ),
)

login_failures = Table(
    "login_failures",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", Instant, nullable=False, index=True),
    Column("locked_until", Instant, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("user", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("ip", String(64), nullable=False),
    Column("user_agent", String(200), nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("hint", String(16), nullable=False),
    Column("tenant", ForeignKey("tenants.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("site", ForeignKey("sites.key", ondelete="CASCADE"), index=True),
    Column("scope", String(10), nullable=False),
    Column("name", String(200), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("last_used_at", Instant),
    Column("revoked_at", Instant),
    CheckConstraint("scope IN ('read', 'write', 'admin', 'spend')", name="scope"),
)
