"""The published state that a report reads, as the builds whose rows count.

A row counts when its build is one that stands (``builds``) and no later one has taken its slice
over (``older``). Both are read once and handed to every statement of the report: that is one state
for all of them, and less work than for each to ask ``slices`` by itself. A build that died has
published nothing, so it is not among those that stand.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from tracker.warehouse.client import Warehouse
from tracker.warehouse.native import Array
from tracker.warehouse.sql import load_sql

PACKAGE = "tracker.reports"
KINDS = ["visits", "spend", "credits", "keywords", "resolution"]
Older = list[tuple[date, int, int]]
_OLDER = re.compile(r"\s+AND \([\w., ]+\) NOT IN \{(older_\w+):[^}]*\}")


@dataclass(frozen=True, slots=True)
class Standing:
    """Of one kind of slice: the newest build, those that stand in the period and at any time,
    (day, bucket, build) of superseded ones that are not swept away yet, and how many slices the
    period has."""

    newest: int = 0
    builds: list[int] = field(default_factory=list)
    every: list[int] = field(default_factory=list)
    older: Older = field(default_factory=list)
    slices: int = 0


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


def newest_build(warehouse: Warehouse, site: str) -> int:
    """The build up to which a site is published now, for reports that ask no more than that."""
    return int(warehouse.rows(load_sql(PACKAGE, "asof.sql"), {"site": site})[0][0])


def published(warehouse: Warehouse, site: str, first: date, last: date) -> Published:
    """The state of a site that is published now, for a report of these days and what it compares
    them with: no ``Period``, as both together may be longer than one report's."""
    found = warehouse.arrays(load_sql(PACKAGE, "published.sql"), {"site": site, "kinds": KINDS})
    day = found["day"].astype("datetime64[D]")
    inside = (day >= np.datetime64(first)) & (day <= np.datetime64(last))
    kinds = {}
    for place, kind in enumerate(KINDS, 1):
        of_kind = found["kind"] == place
        if of_kind.any():
            rows = (found["bucket"][of_kind], found["build"][of_kind])
            kinds[kind] = _standing(day[of_kind], *rows, inside[of_kind])
    return Published(max((one.newest for one in kinds.values()), default=0), kinds)


def _standing(day: Array, bucket: Array, build: Array, inside: Array) -> Standing:
    """What stands of slices of one kind, of which there is at least one."""
    order = np.lexsort((build, bucket, day))
    day, bucket, build, inside = day[order], bucket[order], build[order], inside[order]
    # The last row of each slice is the one that stands.
    lasts = np.append((day[1:] != day[:-1]) | (bucket[1:] != bucket[:-1]), True)
    ends = np.flatnonzero(lasts)
    standing = build[ends]
    older = build != np.repeat(standing, np.diff(ends, prepend=-1))
    return Standing(
        newest=int(standing.max()),
        builds=np.unique(standing[inside[ends]]).tolist(),
        every=np.unique(standing).tolist(),
        older=list(zip(*(column[older].tolist() for column in (day, bucket, build)), strict=True)),
        slices=int(inside[ends].sum()),
    )


def lean(sql: str, params: Mapping[str, object]) -> tuple[str, dict[str, object]]:
    """The statement without its conditions on superseded builds where there are none, as planning
    them takes a small report as long as reading its rows; and the parameters that it names."""
    kept = _OLDER.sub(lambda found: found[0] if params[found[1]] else "", sql)
    return kept, {name: value for name, value in params.items() if f"{{{name}:" in kept}
