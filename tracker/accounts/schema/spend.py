"""Ad accounts, their sites and rules of cost, and how spend files are read."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Table,
    Text,
)

from tracker.accounts.columns import Amount, Instant
from tracker.accounts.schema.base import metadata

ad_accounts = Table(
    "ad_accounts",
    metadata,
    Column("tenant", ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True),
    Column("platform", String(40), primary_key=True),
    Column("account", String(200), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("currency", String(3)),
    Column("timezone", String(64)),
    Column("site", ForeignKey("sites.key", ondelete="SET NULL"), index=True),
)

campaign_sites = Table(
    "campaign_sites",
    metadata,
    Column("tenant", String(32), primary_key=True),
    Column("platform", String(40), primary_key=True),
    Column("account", String(200), primary_key=True),
    Column("campaign", String(500), primary_key=True),
    Column("site", ForeignKey("sites.key", ondelete="CASCADE"), nullable=False, index=True),
    ForeignKeyConstraint(
        ["tenant", "platform", "account"],
        ["ad_accounts.tenant", "ad_accounts.platform", "ad_accounts.account"],
        ondelete="CASCADE",
    ),
)

cost_rules = Table(
    "cost_rules",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("tenant", String(32), nullable=False),
    Column("platform", String(40), nullable=False),
    Column("account", String(200), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("first", Date, nullable=False),
    Column("last", Date),
    Column("value", Amount, nullable=False),
    Column("credit", Amount),
    Column("currency", String(3)),
    Column("note", String(200), nullable=False),
    Column("created_at", Instant, nullable=False),
    ForeignKeyConstraint(
        ["tenant", "platform", "account"],
        ["ad_accounts.tenant", "ad_accounts.platform", "ad_accounts.account"],
        ondelete="CASCADE",
    ),
    CheckConstraint("kind IN ('fee', 'vat', 'recharge', 'monthly')", name="kind"),
    Index("ix_cost_rules_account", "tenant", "platform", "account"),
)

spend_mappings = Table(
    "spend_mappings",
    metadata,
    Column("tenant", ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True),
    Column("fingerprint", String(128), primary_key=True),
    Column("mapping", Text, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

held_files = Table(
    "held_files",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("site", ForeignKey("sites.key", ondelete="CASCADE"), nullable=False, index=True),
    Column("connection", String(32), nullable=False),
    Column("item", String(64), nullable=False),
    Column("name", String(300), nullable=False),
    Column("options", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("hint", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("held_at", Instant, nullable=False),
)
