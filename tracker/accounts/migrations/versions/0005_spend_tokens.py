"""Tokens that may send spend and nothing else."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_SCOPES = "scope IN ('read', 'write', 'admin', 'spend')"


def upgrade() -> None:
    """Forward only: a restore from backup is the way back."""
    name = op.f("ck_tokens_scope")
    # SQLite has no ALTER for it: there the table is copied.
    with op.batch_alter_table("tokens") as table:
        table.drop_constraint(name, type_="check")
        table.create_check_constraint(name, _SCOPES)
