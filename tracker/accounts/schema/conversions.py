"""What counts as a conversion, the stages of leads, and what is written about people."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    true,
)

from tracker.accounts.columns import Amount, Instant
from tracker.accounts.schema.base import metadata

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
    Column("is_primary", Boolean, nullable=False, server_default=true()),
    Column("reset_path", Boolean, nullable=False, server_default=false()),
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
