"""What scheduled sources have brought already."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a restore from backup is the way back."""
    op.create_table(
        "source_items",
        sa.Column("connection", sa.String(length=32), nullable=False),
        sa.Column("item", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("version", sa.String(length=300), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('ok', 'failed', 'held', 'empty')", name=op.f("ck_source_items_outcome")
        ),
        sa.ForeignKeyConstraint(
            ["connection"],
            ["connections.id"],
            name=op.f("fk_source_items_connection"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("connection", "item", name=op.f("pk_source_items")),
    )
