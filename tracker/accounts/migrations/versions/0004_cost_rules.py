"""Dated rules of what an ad account's cost really is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a restore from backup is the way back."""
    op.create_table(
        "cost_rules",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("tenant", sa.String(length=32), nullable=False),
        sa.Column("platform", sa.String(length=40), nullable=False),
        sa.Column("account", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=True),
        sa.Column("value", sa.String(length=40), nullable=False),
        sa.Column("credit", sa.String(length=40), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('fee', 'vat', 'recharge', 'monthly')", name=op.f("ck_cost_rules_kind")
        ),
        sa.ForeignKeyConstraint(
            ["tenant", "platform", "account"],
            ["ad_accounts.tenant", "ad_accounts.platform", "ad_accounts.account"],
            name=op.f("fk_cost_rules_tenant"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cost_rules")),
    )
    op.create_index(
        "ix_cost_rules_account", "cost_rules", ["tenant", "platform", "account"], unique=False
    )
