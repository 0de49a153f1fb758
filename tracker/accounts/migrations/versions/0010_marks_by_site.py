"""The marks of a site in the order in which they are taken."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a restore from backup is the way back."""
    op.drop_index("ix_marks_since", table_name="marks")
    op.create_index(
        "ix_marks_site_since", "marks", ["site", "since", "day", "kind", "bucket"], unique=False
    )
