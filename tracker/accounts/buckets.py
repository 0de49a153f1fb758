"""Into how many buckets a site's visitors are dealt, from which local day on.

B is a power of two, 1 for small sites, and changes only from a day on, so that a day's slices are
always the same for everybody. A bucket is a range of visitor numbers, which are hashes: facts are
sorted by them, so that a bucket lies together and is read without the others.
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
    """``buckets`` from that local day on, until the next plan of the site. Plans of before revision
    0011 dealt by the remainder of the visitor's number, and their days keep it: not ``ranges``."""

    from_day: date
    buckets: int
    ranges: bool = True


@dataclass(frozen=True, slots=True)
class Dealing:
    """How the visitors of a day are dealt: the number shifted right by ``shift`` bits, modulo
    ``count``."""

    count: int
    shift: int

    @property
    def by_remainder(self) -> bool:
        """Whether the buckets are no ranges."""
        return self.count > 1 and not self.shift

    def bucket(self, visitor: int) -> int:
        """The bucket of the visitor."""
        return (visitor >> self.shift) % self.count


#: One bucket for all.
UNDEALT = Dealing(1, 0)


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
            .values(site=site, from_day=from_day, buckets=buckets, ranges=True)
            .on_conflict_do_update(
                index_elements=["site", "from_day"], set_={"buckets": buckets, "ranges": True}
            )
        )


def plans_of(db: Engine, sites: Iterable[str]) -> Mapping[str, Sequence[BucketPlan]]:
    """The plans of each site, earliest first; empty for a site that never had any."""
    table = schema.bucket_plans
    plans: dict[str, list[BucketPlan]] = {site: [] for site in sites}
    query = select(table).where(table.c.site.in_(list(plans))).order_by(table.c.from_day)
    with db.connect() as connection:
        for row in connection.execute(query):
            plans[row.site].append(BucketPlan(row.from_day, row.buckets, row.ranges))
    return plans


def dealing_for(plans: Sequence[BucketPlan], day: date) -> Dealing:
    """How the day is dealt: by the last plan that has begun by then, else not at all."""
    begun = [plan for plan in plans if plan.from_day <= day]
    if not begun:
        return UNDEALT
    plan = max(begun, key=lambda plan: plan.from_day)
    return Dealing(plan.buckets, shift_of(plan.buckets) if plan.ranges else 0)


def shift_of(buckets: int) -> int:
    """By how many bits a visitor's number of 64 is shifted right to give one of so many buckets."""
    return 65 - buckets.bit_length()
