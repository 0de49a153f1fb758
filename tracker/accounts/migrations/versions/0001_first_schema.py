"""The first schema: accounts, sites, goals, work lists and histories."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a restore from backup is the way back."""
    op.create_table(
        "counters",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("holder", sa.String(length=200), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "login_failures",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("locked_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_login_failures")),
    )
    op.create_index(op.f("ix_login_failures_last_at"), "login_failures", ["last_at"], unique=False)
    op.create_table(
        "marks",
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("site", sa.String(length=10), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("bucket", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("latest", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "site", "day", "bucket", name=op.f("pk_marks")),
    )
    op.create_index("ix_marks_since", "marks", ["since"], unique=False)
    op.create_table(
        "runs",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("job", sa.String(length=100), nullable=False),
        sa.Column("site", sa.String(length=10), nullable=True),
        sa.Column("trigger", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("expected", sa.BigInteger(), nullable=True),
        sa.Column("rows", sa.BigInteger(), nullable=True),
        sa.Column("totals", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("warnings", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "status IN ('running', 'ok', 'failed', 'held')", name=op.f("ck_runs_status")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
    )
    op.create_index("ix_runs_job", "runs", ["job", "started_at"], unique=False)
    op.create_index("ix_runs_site", "runs", ["site", "started_at"], unique=False)
    op.create_index("ix_runs_started", "runs", ["started_at", "id"], unique=False)
    op.create_table(
        "suppressed_visitors",
        sa.Column("site", sa.String(length=10), nullable=False),
        sa.Column("visitor", sa.String(length=200), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("site", "visitor", name=op.f("pk_suppressed_visitors")),
    )
    op.create_table(
        "tenants",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenants")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("password", sa.String(length=200), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
    )
    op.create_table(
        "memberships",
        sa.Column("user", sa.String(length=32), nullable=False),
        sa.Column("tenant", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("restricted", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "role IN ('owner', 'editor', 'viewer')", name=op.f("ck_memberships_role")
        ),
        sa.ForeignKeyConstraint(
            ["tenant"], ["tenants.id"], name=op.f("fk_memberships_tenant"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user"], ["users.id"], name=op.f("fk_memberships_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user", "tenant", name=op.f("pk_memberships")),
    )
    op.create_index(op.f("ix_memberships_tenant"), "memberships", ["tenant"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("user", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("ip", sa.String(length=64), nullable=False),
        sa.Column("user_agent", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["user"], ["users.id"], name=op.f("fk_sessions_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_expires_at"), "sessions", ["expires_at"], unique=False)
    op.create_index(op.f("ix_sessions_user"), "sessions", ["user"], unique=False)
    op.create_table(
        "sites",
        sa.Column("key", sa.String(length=10), nullable=False),
        sa.Column("tenant", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("domains", sa.Text(), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("margin", sa.String(length=40), nullable=True),
        sa.Column("visit_timeout", sa.Integer(), nullable=False),
        sa.Column("lookback_days", sa.Integer(), nullable=False),
        sa.Column("brand_terms", sa.Text(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.id"], name=op.f("fk_sites_tenant")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sites")),
    )
    op.create_index(op.f("ix_sites_tenant"), "sites", ["tenant"], unique=False)
    op.create_table(
        "spend_mappings",
        sa.Column("tenant", sa.String(length=32), nullable=False),
        sa.Column("fingerprint", sa.String(length=128), nullable=False),
        sa.Column("mapping", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant"], ["tenants.id"], name=op.f("fk_spend_mappings_tenant"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant", "fingerprint", name=op.f("pk_spend_mappings")),
    )
    op.create_table(
        "ad_accounts",
        sa.Column("tenant", sa.String(length=32), nullable=False),
        sa.Column("platform", sa.String(length=40), nullable=False),
        sa.Column("account", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("timezone", sa.String(length=64), nullable=True),
        sa.Column("site", sa.String(length=10), nullable=True),
        sa.ForeignKeyConstraint(
            ["site"], ["sites.key"], name=op.f("fk_ad_accounts_site"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["tenant"], ["tenants.id"], name=op.f("fk_ad_accounts_tenant"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant", "platform", "account", name=op.f("pk_ad_accounts")),
    )
    op.create_index(op.f("ix_ad_accounts_site"), "ad_accounts", ["site"], unique=False)
    op.create_table(
        "bucket_plans",
        sa.Column("site", sa.String(length=10), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("buckets", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["site"], ["sites.key"], name=op.f("fk_bucket_plans_site"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("site", "from_day", name=op.f("pk_bucket_plans")),
    )
    op.create_table(
        "goals",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("site", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("pattern", sa.String(length=1000), nullable=False),
        sa.Column("value", sa.String(length=40), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("use_event_value", sa.Boolean(), nullable=False),
        sa.Column("counting", sa.String(length=10), nullable=False),
        sa.Column("lookback_days", sa.Integer(), nullable=True),
        sa.Column("is_stage", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "counting IN ('every', 'visit', 'person')", name=op.f("ck_goals_counting")
        ),
        sa.CheckConstraint("kind IN ('path', 'event')", name=op.f("ck_goals_kind")),
        sa.ForeignKeyConstraint(
            ["site"], ["sites.key"], name=op.f("fk_goals_site"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_goals")),
        sa.UniqueConstraint("site", "name", name=op.f("uq_goals_site")),
    )
    op.create_table(
        "membership_sites",
        sa.Column("user", sa.String(length=32), nullable=False),
        sa.Column("tenant", sa.String(length=32), nullable=False),
        sa.Column("site", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["site"], ["sites.key"], name=op.f("fk_membership_sites_site"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user", "tenant"],
            ["memberships.user", "memberships.tenant"],
            name=op.f("fk_membership_sites_user"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user", "tenant", "site", name=op.f("pk_membership_sites")),
    )
    op.create_table(
        "salts",
        sa.Column("site", sa.String(length=10), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("salt", sa.LargeBinary(length=32), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["site"], ["sites.key"], name=op.f("fk_salts_site"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("site", "day", name=op.f("pk_salts")),
    )
    op.create_index(op.f("ix_salts_expires_at"), "salts", ["expires_at"], unique=False)
    op.create_table(
        "tokens",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("hint", sa.String(length=16), nullable=False),
        sa.Column("tenant", sa.String(length=32), nullable=False),
        sa.Column("site", sa.String(length=10), nullable=True),
        sa.Column("scope", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("scope IN ('read', 'write', 'admin')", name=op.f("ck_tokens_scope")),
        sa.ForeignKeyConstraint(
            ["site"], ["sites.key"], name=op.f("fk_tokens_site"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tenant"], ["tenants.id"], name=op.f("fk_tokens_tenant"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("hash", name=op.f("uq_tokens_hash")),
    )
    op.create_index(op.f("ix_tokens_site"), "tokens", ["site"], unique=False)
    op.create_index(op.f("ix_tokens_tenant"), "tokens", ["tenant"], unique=False)
    op.create_table(
        "campaign_sites",
        sa.Column("tenant", sa.String(length=32), nullable=False),
        sa.Column("platform", sa.String(length=40), nullable=False),
        sa.Column("account", sa.String(length=200), nullable=False),
        sa.Column("campaign", sa.String(length=500), nullable=False),
        sa.Column("site", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["site"], ["sites.key"], name=op.f("fk_campaign_sites_site"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tenant", "platform", "account"],
            ["ad_accounts.tenant", "ad_accounts.platform", "ad_accounts.account"],
            name=op.f("fk_campaign_sites_tenant"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "tenant", "platform", "account", "campaign", name=op.f("pk_campaign_sites")
        ),
    )
    op.create_index(op.f("ix_campaign_sites_site"), "campaign_sites", ["site"], unique=False)
