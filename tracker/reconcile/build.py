"""One build: the derived rows of some slices, made from facts and published at once.

A build writes its rows under its own number, where no reader looks, and then publishes all its
slices with one insert into ``slices``. A build that dies before that leaves rows that nobody
reads; ``sweep`` deletes them. Builds are numbered in the order in which they are published,
because one lease lets one process build at a time.

What is built lies beside: ``visit_build``, ``credit_build``, ``spend_build``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property

from sqlalchemy import Engine

from tracker.accounts.goals import Goal, goals_of
from tracker.reconcile.calendar import Frame, slice_runs
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

#: The keywords of a site are one slice, whatever the day.
NO_DAY = date(1970, 1, 1)
#: Sums that are derived with visits and with spend, each from the rows of the build.
SUMS = ("daily.sql", "keyword_days.sql")

#: An insert of one part: what several threads write appears one after another.
AT_ONCE = {"max_threads": 1, "max_insert_threads": 1}

SliceRow = tuple[str, str, date, int]


@dataclass(frozen=True)
class BuildContext:
    """Where a build reads and writes; ``memory`` bounds each of its statements, in bytes."""

    warehouse: Warehouse
    db: Engine
    frames: Mapping[str, Frame]
    number: int
    memory: int

    @cached_property
    def goals(self) -> Mapping[str, Sequence[Goal]]:
        """The goals of each site."""
        return goals_of(self.db, list(self.frames))

    def run(
        self,
        package: str,
        name: str,
        params: Mapping[str, object],
        parts: Collection[str] = (),
    ) -> None:
        """Run a statement without a result, with these parts of its text (see ``load_sql``)."""
        sql = load_sql(package, name, frozenset(parts))
        # NOTE: the smaller table of a join is written as the right one; an engine that has no
        # estimate of it may hold the larger one in memory instead.
        settings = {"max_memory_usage": self.memory, "query_plan_join_swap_table": "false"}
        self.warehouse.execute(sql, params, settings=settings)

    def any(self, package: str, name: str, params: Mapping[str, object]) -> bool:
        """Whether a query has a row."""
        return bool(self.warehouse.rows(load_sql(package, name), params))

    def money(self, sites: Iterable[str]) -> list[tuple[str, str, str]]:
        """Site, tenant and currency of each."""
        return [
            (site, self.frames[site].site.tenant, self.frames[site].site.currency) for site in sites
        ]

    def tenants(self, sites: Iterable[str]) -> list[str]:
        """The tenants of these sites, in order."""
        return sorted({tenant for _, tenant, _ in self.money(sites)})


def publish(context: BuildContext, rows: Iterable[SliceRow]) -> None:
    """Let readers see every slice of this build from one instant on."""
    by_kind: dict[str, list[tuple[str, date, int]]] = defaultdict(list)
    for kind, site, day, bucket in rows:
        by_kind[kind].append((site, day, bucket))
    about = {
        "build": context.number,
        "published": datetime.now(UTC),
        "runs": [(kind, *run) for kind, pieces in by_kind.items() for run in slice_runs(pieces)],
    }
    sql = load_sql("tracker.reconcile", "publish.sql")
    context.warehouse.execute(sql, about, settings=AT_ONCE)
