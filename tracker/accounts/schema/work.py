"""What is to be done and was done: marks, leases, runs; and what ingest must know."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    false,
)

from tracker.accounts.columns import Instant
from tracker.accounts.schema.base import metadata

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
    # Taking counts the marks of each site, and reads the oldest of one.
    Index("ix_marks_site_since", "site", "since", "day", "kind", "bucket"),
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

bucket_plans = Table(
    "bucket_plans",
    metadata,
    Column("site", ForeignKey("sites.key", ondelete="CASCADE"), primary_key=True),
    Column("from_day", Date, primary_key=True),
    Column("buckets", Integer, nullable=False),
    Column("ranges", Boolean, nullable=False, server_default=false()),
)

salts = Table(
    "salts",
    metadata,
    Column("site", ForeignKey("sites.key", ondelete="CASCADE"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("salt", LargeBinary(32), nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
)

suppressed_visitors = Table(
    "suppressed_visitors",
    metadata,
    Column("site", String(10), primary_key=True),
    Column("visitor", String(200), primary_key=True),
    Column("since", Instant, nullable=False),
)
