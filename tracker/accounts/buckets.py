"""Into how many buckets a site's visitors are dealt, from which local day on.

A bucket is hash(visitor) modulo B. B is a power of two, 1 for small sites, and changes only from
a day on, so that a day's slices are always the same for everybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine, select

from tracker.accounts import schema
from tracker.accounts.database import write
from tracker.accounts.upserts import upsert
from tracker.errors import InvalidInput, NotFound

MAX_BUCKETS = 4096


@dataclass(frozen=True, slots=True)
class BucketPlan:
    """``buckets`` from that local day on, until the next plan of the site."""

    from_day: date
    buckets: int


def add_bucket_plan(db: Engine, site: str, from_day: date, buckets: int) -> None:
    """Deal the site's visitors into that many buckets from a local day on.

    InvalidInput for a number that is no power of two up to 4096, NotFound for the site. The day
    must be one that has no facts yet; the caller sees to that.
    """
    if not 1 <= buckets <= MAX_BUCKETS or buckets & (buckets - 1):
        raise InvalidInput(
            f"A site cannot have {buckets} buckets.",
            hint=f"Use a power of two from 1 to {MAX_BUCKETS}.",
        )
    table, sites = schema.bucket_plans, schema.sites
    with write(db) as connection:
        if connection.execute(select(sites.c.key).where(sites.c.key == site)).first() is None:
            raise NotFound(f"No site {site!r}.")
        connection.execute(
            upsert(connection, table)
            .values(site=site, from_day=from_day, buckets=buckets)
            .on_conflict_do_update(index_elements=["site", "from_day"], set_={"buckets": buckets})
        )


def plans_of(db: Engine, sites: Iterable[str]) -> Mapping[str, Sequence[BucketPlan]]:
    """The plans of each site, earliest first; empty for a site that never had any."""
    table = schema.bucket_plans
    plans: dict[str, list[BucketPlan]] = {site: [] for site in sites}
    query = select(table).where(table.c.site.in_(list(plans))).order_by(table.c.from_day)
    with db.connect() as connection:
        for row in connection.execute(query):
            plans[row.site].append(BucketPlan(row.from_day, row.buckets))
    return plans


def buckets_for(plans: Sequence[BucketPlan], day: date) -> int:
    """How many buckets the day has: the last plan that has begun by then, else 1."""
    begun = [plan for plan in plans if plan.from_day <= day]
    return max(begun, key=lambda plan: plan.from_day).buckets if begun else 1
