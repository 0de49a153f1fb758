"""Buckets of neighbouring visitors; plans of before deal by remainder, as they did."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a restore from backup is the way back."""
    op.add_column(
        "bucket_plans",
        sa.Column("ranges", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
