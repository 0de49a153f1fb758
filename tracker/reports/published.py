"""The published state that a report reads, as the builds whose rows count.

A row counts when its build is one that stands (``builds``) and no later one has taken its slice
over (``older``). Both are read once and handed to every statement of the report: that is one state
for all of them, and less work than for each to ask ``slices`` by itself. A build that died has
published nothing, so it is not among those that stand.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from tracker.period import Period
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

PACKAGE = "tracker.reports"
Older = list[tuple[date, int, int]]


@dataclass(frozen=True, slots=True)
class Standing:
    """Of one kind of slice: the newest build, those that stand in the period and at any time, and
    (day, bucket, build) of superseded ones that are not swept away yet."""

    newest: int = 0
    builds: list[int] = field(default_factory=list)
    every: list[int] = field(default_factory=list)
    older: Older = field(default_factory=list)


NOTHING = Standing()


@dataclass(frozen=True, slots=True)
class Published:
    """What stands, by kind of slice; ``asof`` is the site's highest build."""

    asof: int
    kinds: dict[str, Standing]

    def of(self, kind: str) -> Standing:
        """What stands of a kind."""
        return self.kinds.get(kind, NOTHING)

    def parameters(self) -> dict[str, object]:
        """The state as parameters of the keyword report's statements."""
        visits, spend, earned = self.of("visits"), self.of("spend"), self.of("credits")
        return {
            "asof": self.asof,
            "keywords": self.of("keywords").newest,
            "resolution": self.of("resolution").newest,
            "visit_builds": visits.builds,
            "older_visits": visits.older,
            "spend_builds": spend.builds,
            "older_spend": spend.older,
            "day_builds": [*visits.builds, *spend.builds],
            "older_days": [*visits.older, *spend.older],
            "credit_builds": earned.every,
            "older_credits": earned.older,
        }


def published(warehouse: Warehouse, site: str, days: Period) -> Published:
    """The state of a site that is published now."""
    found = warehouse.rows(
        load_sql(PACKAGE, "published.sql"), {"site": site, "first": days.first, "last": days.last}
    )
    kinds = {
        str(kind): Standing(int(newest), list(builds), list(every), [tuple(row) for row in older])
        for kind, newest, builds, every, older in found
    }
    return Published(max((one.newest for one in kinds.values()), default=0), kinds)
