"""Stages of the pipeline, webhooks, what people write about people, and more kinds of goals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_KINDS = "kind IN ('path', 'event', 'form', 'click', 'download', 'engagement')"


def upgrade() -> None:
    """Forward only: a restore from backup is the way back."""
    with op.batch_alter_table("goals") as goals:
        goals.add_column(sa.Column("filters", sa.Text(), nullable=False, server_default="[]"))
        goals.add_column(sa.Column("seconds", sa.Integer(), nullable=False, server_default="0"))
        goals.add_column(sa.Column("depth", sa.Integer(), nullable=False, server_default="0"))
        goals.drop_constraint(op.f("ck_goals_kind"), type_="check")
        goals.create_check_constraint(op.f("ck_goals_kind"), _KINDS)
    op.create_table(
        "pipeline_stages",
        sa.Column("site", sa.String(length=10), nullable=False),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("aliases", sa.Text(), nullable=False),
        _site("pipeline_stages"),
        sa.PrimaryKeyConstraint("site", "key", name=op.f("pk_pipeline_stages")),
    )
    op.create_table(
        "webhooks",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("site", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("signed", sa.Boolean(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        _site("webhooks"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
        sa.UniqueConstraint("hash", name=op.f("uq_webhooks_hash")),
    )
    op.create_index(op.f("ix_webhooks_site"), "webhooks", ["site"], unique=False)
    op.create_table(
        "person_cards",
        sa.Column("site", sa.String(length=10), nullable=False),
        sa.Column("visitor", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("company", sa.String(length=200), nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        _site("person_cards"),
        sa.PrimaryKeyConstraint("site", "visitor", name=op.f("pk_person_cards")),
    )
    op.create_table(
        "person_notes",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("site", sa.String(length=10), nullable=False),
        sa.Column("visitor", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        _site("person_notes"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_notes")),
    )
    op.create_index("ix_person_notes_person", "person_notes", ["site", "visitor"], unique=False)


def _site(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["site"], ["sites.key"], name=op.f(f"fk_{table}_site"), ondelete="CASCADE"
    )
