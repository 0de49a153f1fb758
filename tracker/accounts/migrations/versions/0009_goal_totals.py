"""Goals that count in totals or only for themselves, and paths that begin anew."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a restore from backup is the way back. Goals of before count as they did."""
    op.add_column(
        "goals", sa.Column("is_primary", sa.Boolean(), nullable=False, server_default=sa.true())
    )
    op.add_column(
        "goals", sa.Column("reset_path", sa.Boolean(), nullable=False, server_default=sa.false())
    )
