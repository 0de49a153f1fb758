"""Writing offline conversions: what is new is appended, and the days that it concerns are marked.

A conversion is known by its external id. The same content again changes nothing, other content
is a new version, and one marked as removed withdraws it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import Engine

from tracker.accounts.clock import Clock, utc_now
from tracker.accounts.counters import next_number
from tracker.accounts.marks import Slice, mark
from tracker.accounts.sites import Site
from tracker.accounts.suppression import suppressed_among
from tracker.conversions.offline_fact import COLUMNS, Classify, Fact, VisitorNumber, fact_from
from tracker.conversions.offline_report import Counts
from tracker.conversions.people import visitor_name
from tracker.period import local_day, parse_zone
from tracker.tables.intake import FILE_LIMIT
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

__all__ = ["OfflineDeps", "OfflineStore", "StageOf"]

#: For how long after it was entered a conversion that belongs to nobody is tried again.
RETRY = timedelta(days=90)
#: The key of the stage that a text names.
StageOf = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class OfflineDeps:
    """Where conversions are read and written, and what ingest knows: ``classify`` tells the source
    of a landing URL under the rules of the site, ``visitor_number`` the visitor of an id.
    ``file_limit`` is in bytes."""

    warehouse: Warehouse
    db: Engine
    visitor_number: VisitorNumber
    classify: Classify
    clock: Clock = utc_now
    file_limit: int = FILE_LIMIT


@dataclass(slots=True)
class OfflineStore:
    """The offline conversions of one site. ``version`` is that of what this store has written,
    ``erased`` how many facts named a person who was erased."""

    deps: OfflineDeps
    site: Site
    counts: Counts = field(default_factory=Counts)
    version: int | None = None
    erased: int = 0

    def take(self, facts: Mapping[str, Fact], *, dry_run: bool = False) -> None:
        """Compare facts by external id with what stands, and write what differs."""
        facts = self._without_erased(facts)
        standing = self.standing(facts)
        fresh = {
            key: fact for key, fact in facts.items() if self.counts.news(fact, standing.get(key))
        }
        if fresh and not dry_run:
            self._write(fresh, standing)

    @property
    def warnings(self) -> list[str]:
        """Sentences about what was taken otherwise than it was sent."""
        if not self.erased:
            return []
        return [
            f"{self.erased} conversions name a person who was erased; they stand without the "
            "person."
        ]

    def _without_erased(self, facts: Mapping[str, Fact]) -> Mapping[str, Fact]:
        """The facts, of erased people without all that leads to a person: what they were worth to
        the site is no datum of theirs, whose it was is."""
        names = {visitor_name(fact.visitor) for fact in facts.values() if fact.visitor}
        gone = suppressed_among(self.deps.db, self.site.key, names)
        of_them = {
            key: _nobodys(fact)
            for key, fact in facts.items()
            if fact.visitor and visitor_name(fact.visitor) in gone
        }
        self.erased += len(of_them)
        return {**facts, **of_them}

    def standing(self, facts: Mapping[str, Fact]) -> dict[str, Fact]:
        """What stands of these ids and of the other stages of their leads, old leads included."""
        known = self.known(facts, {fact.lead for fact in facts.values()} - {""})
        left = {fact.lead for key, fact in known.items() if key in facts} - {""}
        left -= {fact.lead for fact in facts.values()}
        return known | self.known((), left) if left else known

    def known(self, ids: Iterable[str], leads: Iterable[str]) -> dict[str, Fact]:
        """The latest version of these external ids, and of all stages of these leads."""
        rows = self.deps.warehouse.rows(
            load_sql("tracker.conversions", "offline_standing.sql"),
            {"site": self.site.key, "ids": sorted(ids), "leads": sorted(leads)},
        )
        return {str(key): fact_from(stored) for key, stored in rows}

    def _write(self, fresh: Mapping[str, Fact], standing: Mapping[str, Fact]) -> None:
        """Insert new versions and mark the days of the rows, before and after, and of their leads.

        Marked on both sides of the insert: a reconcile may have taken the first mark before it,
        and who dies right after the insert cannot mark any more.
        """
        if self.version is None:
            self.version = next_number(self.deps.db, "offline")
        days = self._touched(fresh, standing)
        dirty = [Slice("credits", self.site.key, day) for day in days]
        now = self.deps.clock()
        rows = [(self.site.key, key, *fact, self.version, now) for key, fact in fresh.items()]
        mark(self.deps.db, dirty, now=now)
        try:
            self.deps.warehouse.insert("offline_conversions", COLUMNS, rows)
        finally:
            mark(self.deps.db, dirty, now=self.deps.clock())

    def _touched(self, fresh: Mapping[str, Fact], standing: Mapping[str, Fact]) -> set[date]:
        leads = {
            fact.lead or key for key in fresh for fact in (fresh[key], standing.get(key)) if fact
        }
        concerned = [*fresh.values(), *(standing[key] for key in fresh if key in standing)]
        concerned += [fact for key, fact in standing.items() if (fact.lead or key) in leads]
        zone = parse_zone(self.site.timezone)
        return {local_day(fact.time, zone) for fact in concerned}


def _nobodys(fact: Fact) -> Fact:
    return fact._replace(
        visitor=0,
        click_id="",
        code="",
        email_hash="",
        phone_hash="",
        user_hash="",
        order_id="",
    )
