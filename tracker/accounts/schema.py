"""Tables of the metadata database. Ids are strings; instants are UTC milliseconds.

``site`` columns without a foreign key are deliberate: work lists and histories outlive a site.
JSON is stored as text, encoded by msgspec, and never queried into.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from tracker.accounts.columns import Amount, Instant

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

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

goals = Table(
    "goals",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("site", ForeignKey("sites.key", ondelete="CASCADE"), nullable=False),
    Column("name", String(100), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("pattern", String(1000), nullable=False),
    Column("value", Amount),
    Column("currency", String(3)),
    Column("use_event_value", Boolean, nullable=False),
    Column("counting", String(10), nullable=False),
    Column("lookback_days", Integer),
    Column("is_stage", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    #: JSON: [property, operator, value] each.
    Column("filters", Text, nullable=False, server_default="[]"),
    #: Of an engagement goal: seconds of attention, and per cent of a page scrolled to.
    Column("seconds", Integer, nullable=False, server_default="0"),
    Column("depth", Integer, nullable=False, server_default="0"),
    UniqueConstraint("site", "name"),
    CheckConstraint(
        "kind IN ('path', 'event', 'form', 'click', 'download', 'engagement')", name="kind"
    ),
    CheckConstraint("counting IN ('every', 'visit', 'person')", name="counting"),
)

pipeline_stages = Table(
    "pipeline_stages",
    metadata,
    Column("site", ForeignKey("sites.key", ondelete="CASCADE"), primary_key=True),
    Column("key", String(60), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("role", String(20), nullable=False),
    Column("name", String(100), nullable=False),
    Column("aliases", Text, nullable=False),
)

#: Addresses at which other systems report conversions. ``hash`` is of the secret in the address.
webhooks = Table(
    "webhooks",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("site", ForeignKey("sites.key", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", String(100), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    Column("signed", Boolean, nullable=False),
    Column("fields", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("used_at", Instant),
    Column("error", Text, nullable=False),
)

#: What people write about a person, known by one of his visitors (16 hexadecimal digits): what
#: stands at any visitor of a person is his, however people are joined later.
person_cards = Table(
    "person_cards",
    metadata,
    Column("site", ForeignKey("sites.key", ondelete="CASCADE"), primary_key=True),
    Column("visitor", String(16), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("company", String(200), nullable=False),
    Column("owner", String(200), nullable=False),
    Column("status", String(40), nullable=False),
    Column("tags", Text, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

person_notes = Table(
    "person_notes",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("site", ForeignKey("sites.key", ondelete="CASCADE"), nullable=False),
    Column("visitor", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("author", String(200), nullable=False),
    Column("created_at", Instant, nullable=False),
    Index("ix_person_notes_person", "site", "visitor"),
)

marks = Table(
    "marks",
    metadata,
    Column("kind", String(10), nullable=False),
    Column("site", String(10), nullable=False),
    Column("day", Date, nullable=False),
    Column("bucket", Integer, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("since", Instant, nullable=False),
    Column("latest", Instant, nullable=False),
    PrimaryKeyConstraint("kind", "site", "day", "bucket"),
    Index("ix_marks_since", "since"),
)

counters = Table(
    "counters",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("holder", String(200), nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("job", String(100), nullable=False),
    Column("site", String(10)),
    Column("trigger", String(20), nullable=False),
    Column("status", String(10), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("done", BigInteger, nullable=False),
    Column("expected", BigInteger),
    Column("rows", BigInteger),
    Column("totals", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("warnings", Text, nullable=False),
    CheckConstraint("status IN ('running', 'ok', 'failed', 'held')", name="status"),
    Index("ix_runs_started", "started_at", "id"),
    Index("ix_runs_job", "job", "started_at"),
    Index("ix_runs_site", "site", "started_at"),
)

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

bucket_plans = Table(
    "bucket_plans",
    metadata,
    Column("site", ForeignKey("sites.key", ondelete="CASCADE"), primary_key=True),
    Column("from_day", Date, primary_key=True),
    Column("buckets", Integer, nullable=False),
)

salts = Table(
    "salts",
    metadata,
    Column("site", ForeignKey("sites.key", ondelete="CASCADE"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("salt", LargeBinary(32), nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
)

source_items = Table(
    "source_items",
    metadata,
    Column("connection", ForeignKey("connections.id", ondelete="CASCADE"), primary_key=True),
    Column("item", String(64), primary_key=True),
    Column("name", String(300), nullable=False),
    Column("version", String(300), nullable=False),
    Column("outcome", String(10), nullable=False),
    Column("seen_at", Instant, nullable=False),
    CheckConstraint("outcome IN ('ok', 'failed', 'held', 'empty')", name="outcome"),
)

spend_mappings = Table(
    "spend_mappings",
    metadata,
    Column("tenant", ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True),
    Column("fingerprint", String(128), primary_key=True),
    Column("mapping", Text, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

suppressed_visitors = Table(
    "suppressed_visitors",
    metadata,
    Column("site", String(10), primary_key=True),
    Column("visitor", String(200), primary_key=True),
    Column("since", Instant, nullable=False),
)

connections = Table(
    "connections",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("tenant", ForeignKey("tenants.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("site", ForeignKey("sites.key", ondelete="SET NULL"), index=True),
    Column("kind", String(40), nullable=False),
    Column("name", String(200), nullable=False),
    Column("state", String(24), nullable=False),
    Column("settings", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("timetable", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("cause", String(20), nullable=False),
    Column("failed_at", Instant),
    Column("created_at", Instant, nullable=False),
    CheckConstraint(
        "state IN ('active', 'needs_authorisation', 'paused', 'disconnected')", name="state"
    ),
)

#: NOTE: account "" is the source as a whole, for kinds that have no ad accounts.
connection_accounts = Table(
    "connection_accounts",
    metadata,
    Column("connection", ForeignKey("connections.id", ondelete="CASCADE"), primary_key=True),
    Column("account", String(200), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("login", String(200), nullable=False),
    Column("manager", String(200), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("is_manager", Boolean, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("due_at", Instant, index=True),
    Column("weekly_at", Instant),
    Column("watermark", Date),
    Column("error", Text, nullable=False),
    Column("cause", String(20), nullable=False),
    Column("found_at", Instant),
)

#: Runs of connections: asked for, running, ended. ``connection`` has no foreign key: the
#: history outlives a tenant's connection.
connection_runs = Table(
    "connection_runs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("tenant", String(32), nullable=False),
    Column("connection", String(32), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("account", String(200), nullable=False),
    Column("trigger", String(20), nullable=False),
    Column("state", String(10), nullable=False),
    Column("first_day", Date),
    Column("last_day", Date),
    Column("queued_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("finished_at", Instant),
    Column("holder", String(200), nullable=False),
    Column("expires_at", Instant),
    Column("fence", BigInteger, nullable=False),
    Column("stop", Boolean, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("days_done", Integer, nullable=False),
    Column("days_asked", Integer, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("requests", BigInteger, nullable=False),
    Column("repeats", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("waited", Integer, nullable=False),
    Column("totals", Text, nullable=False),
    Column("warnings", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("hint", Text, nullable=False),
    Column("cause", String(20), nullable=False),
    CheckConstraint(
        "state IN ('queued', 'running', 'waiting', 'ok', 'failed', 'stopped')", name="state"
    ),
    Index("ix_connection_runs_due", "state", "due_at"),
    Index("ix_connection_runs_tenant", "tenant", "queued_at"),
    Index("ix_connection_runs_account", "connection", "account", "queued_at"),
)

#: Authorisations that are under way: made when somebody goes to the platform's page, used once.
authorisations = Table(
    "authorisations",
    metadata,
    Column("state", String(64), primary_key=True),
    Column("connection", ForeignKey("connections.id", ondelete="CASCADE"), nullable=False),
    Column("user", String(32), nullable=False),
    Column("site", String(10), nullable=False),
    Column("verifier", Text, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
)
