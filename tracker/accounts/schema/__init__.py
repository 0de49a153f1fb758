"""Tables of the metadata database. Ids are strings; instants are UTC milliseconds.

``site`` columns without a foreign key are deliberate: work lists and histories outlive a site.
JSON is stored as text, encoded by msgspec, and never queried into.
"""

from __future__ import annotations

from tracker.accounts.schema.access import (
    login_failures,
    membership_sites,
    memberships,
    sessions,
    sites,
    tenants,
    tokens,
    users,
)
from tracker.accounts.schema.base import metadata
from tracker.accounts.schema.connections import (
    authorisations,
    connection_accounts,
    connection_runs,
    connections,
    source_items,
)
from tracker.accounts.schema.conversions import (
    goals,
    person_cards,
    person_notes,
    pipeline_stages,
    webhooks,
)
from tracker.accounts.schema.spend import (
    ad_accounts,
    campaign_sites,
    cost_rules,
    held_files,
    spend_mappings,
)
from tracker.accounts.schema.views import saved_views
from tracker.accounts.schema.work import (
    bucket_plans,
    counters,
    leases,
    marks,
    runs,
    salts,
    suppressed_visitors,
)

__all__ = [
    "ad_accounts",
    "authorisations",
    "bucket_plans",
    "campaign_sites",
    "connection_accounts",
    "connection_runs",
    "connections",
    "cost_rules",
    "counters",
    "goals",
    "held_files",
    "leases",
    "login_failures",
    "marks",
    "membership_sites",
    "memberships",
    "metadata",
    "person_cards",
    "person_notes",
    "pipeline_stages",
    "runs",
    "salts",
    "saved_views",
    "sessions",
    "sites",
    "source_items",
    "spend_mappings",
    "suppressed_visitors",
    "tenants",
    "tokens",
    "users",
    "webhooks",
]
