"""One build: the derived rows of some slices, made from facts and published at once.

A build writes its rows under its own number, where no reader looks, and then publishes all its
slices with one insert into ``slices``. A build that dies before that leaves rows that nobody
reads; ``sweep`` deletes them. Builds are numbered in the order in which they are published,
because one lease lets one process build at a time.

What is built lies beside: ``visit_build``, ``conversion_build``, ``credit_build``, ``spend_build``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cached_property
from typing import ParamSpec, TypeVar

from sqlalchemy import Engine

from tracker.accounts.goals import Goal, goals_of
from tracker.accounts.sites import Site
from tracker.reconcile.calendar import Frame, together
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

_P = ParamSpec("_P")
_T = TypeVar("_T")
_H = TypeVar("_H", bound=Hashable)

#: The keywords of a site are one slice, whatever the day.
NO_DAY = date(1970, 1, 1)
#: Sums that are derived with visits and with spend, each from the rows of the build.
SUMS = ("daily.sql", "keyword_days.sql")

#: An insert of one part: what several threads write appears one after another.
AT_ONCE = {"max_threads": 1, "max_insert_threads": 1}
#: Of fewer events a statement takes longer to plan for several threads than these spare.
ONE_THREAD = 10_000

#: Slices of a kind that a build has made: kind, sites, buckets, first day, number of days.
BuiltRun = tuple[str, list[str], list[int], date, int]


@dataclass(frozen=True)
class BuildContext:
    """Where a build reads and writes; ``memory`` bounds each of its statements, in bytes, and
    ``threads`` says how many each uses, 0 for as many as there are."""

    warehouse: Warehouse
    db: Engine
    frames: Mapping[str, Frame]
    number: int
    memory: int
    threads: int = 0

    def of_events(self, events: int) -> BuildContext:
        """The same for statements over so many events."""
        return replace(self, threads=int(events < ONE_THREAD))

    @contextmanager
    def beside(
        self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> Iterator[Future[_T]]:
        """Do ``work`` while the block runs. It has ended when the block is left, which raises what
        it has raised.

        NOTE: works that wait for others are fewer than there are threads: the beginning of the next
        build, and of this one visits (for a sum) and credit (for visits).
        """
        running = self.warehouse.threads.submit(work, *args, **kwargs)
        try:
            yield running
        finally:
            wait([running])
        running.result()

    @cached_property
    def goals(self) -> Mapping[str, Sequence[Goal]]:
        """The goals of each site."""
        return goals_of(self.db, list(self.frames))

    @cached_property
    def forgetting(self) -> frozenset[str]:
        """The sites that do not keep all of their visits."""
        frames = self.frames.items()
        return frozenset(site for site, frame in frames if frame.site.settings.keep_days)

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
        settings = {
            "max_memory_usage": self.memory,
            "query_plan_join_swap_table": "false",
            **({"max_threads": self.threads} if self.threads else {}),
        }
        self.warehouse.execute(sql, params, settings=settings)

    def any(self, package: str, name: str, params: Mapping[str, object]) -> bool:
        """Whether a query has a row."""
        return bool(self.warehouse.rows(load_sql(package, name), params))

    def alike(
        self, sites: Iterable[str], about: Callable[[Site], _H]
    ) -> list[tuple[_H, list[str]]]:
        """What ``about`` says of these sites, each with those of which it says it."""
        return together((one, about(self.frames[one].site)) for one in sites)

    def money(self, sites: Iterable[str]) -> list[tuple[list[str], str, str]]:
        """(sites, tenant, currency) of those of these sites that have both in common."""
        said = self.alike(sites, lambda site: (site.tenant, site.currency))
        return [(of, tenant, currency) for (tenant, currency), of in said]

    def zones(self, sites: Iterable[str]) -> list[tuple[list[str], str]]:
        """(sites, time zone) of those of these sites that have it in common."""
        return [(of, zone) for zone, of in self.alike(sites, lambda site: site.timezone)]

    def tenants(self, sites: Iterable[str]) -> list[str]:
        """The tenants of these sites, in order."""
        return sorted({self.frames[site].site.tenant for site in sites})


def publish(context: BuildContext, runs: Sequence[BuiltRun]) -> None:
    """Let readers see every slice of this build from one instant on."""
    about = {"build": context.number, "published": datetime.now(UTC), "runs": runs}
    sql = load_sql("tracker.reconcile", "publish.sql")
    context.warehouse.execute(sql, about, settings=AT_ONCE)
