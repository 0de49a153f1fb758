"""Writing the slices of an import, and letting readers see all of them at one instant.

Rows are written first, under a new pull number, where no reader looks. One insert into
``spend_slices`` then publishes every target and withdraws what it takes the place of. An import
that dies before that insert has changed nothing; its rows are swept with superseded pulls.

The days are marked dirty before the publication and again after it: a reconcile that took the
first mark may have read the old slices, and an import that dies right after publishing has no
second chance to mark.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Engine

from tracker.accounts.clock import Clock
from tracker.accounts.counters import advance, next_number
from tracker.accounts.database import write
from tracker.accounts.marks import Slice, mark
from tracker.errors import Unavailable
from tracker.spend.lines import BY_ID, SEPARATOR, Line, Unit, amount
from tracker.spend.plan import Plan, Target
from tracker.spend.standing import Ledger, StandingSlice, Window

COLUMNS = (
    "tenant", "platform", "account", "day", "last_day", "scope", "pull", "kind", "reason",
    "campaign_id", "campaign", "ad_group_id", "ad_group", "keyword_id", "keyword", "match_type",
    "device", "network", "impressions", "clicks", "cost", "currency", "platform_conversions",
    "platform_value",
)  # fmt: skip
SLICE_COLUMNS = (
    "tenant", "platform", "account", "day", "last_day", "scope", "pull", "version", "origin",
    "file", "imported",
)  # fmt: skip
#: Rows of one insert, and months in it: each month is a partition, and the engine refuses more
#: than a hundred of them at once.
BATCH = 50_000
MONTHS = 50

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Basis:
    """What a plan was made from: the slices that stood in a window."""

    window: Window
    standing: Sequence[StandingSlice]


@dataclass(frozen=True, slots=True)
class Publication:
    """What is published: the changed targets of a plan, and where it came from.

    If other slices stand when it is to be published than in ``basis``, another import came
    between, and nothing is.
    """

    ledger: Ledger
    basis: Basis
    plan: Plan
    targets: Sequence[Target]
    origin: str
    file: str

    def days(self) -> set[date]:
        """The days whose derived spend follows: a period total belongs to its first."""
        units = [target.unit for target in self.targets]
        units += [one.unit for one in self.plan.retired]
        return {unit.first_day for unit in units}


def write_rows(
    publication: Publication,
    lines: Iterable[Line],
    pull: int,
    progress: Callable[[int], None] = lambda _: None,
) -> None:
    """Insert the lines of the changed targets under ``pull``; nobody sees them yet."""
    ledger = publication.ledger
    scopes = {target.unit: target.scope for target in publication.targets}
    # Unique, so that two batches are never taken for one; a repetition by the driver is.
    token = f"pull-{pull}-{secrets.token_hex(8)}"
    written = 0
    for batch in _batches(lines, scopes):
        rows = [_row(ledger, line, scopes[line.unit], pull) for line in batch]
        ledger.warehouse.insert("spend", COLUMNS, rows, token=f"{token}-{written}")
        written += len(rows)
        progress(written)


def publish(
    publication: Publication, pull: int, db: Engine, sites: Iterable[str], clock: Clock
) -> None:
    """Let readers see the pull, and mark its days on these sites dirty.

    Unavailable, with nothing changed, when another import published the same days meanwhile.
    """
    days = publication.days()
    dirty = [Slice("spend", site, day) for site in sites for day in days]
    mark(db, dirty, now=clock())
    try:
        # The counter's row is locked until the end of the block, so imports publish one by one.
        with write(db) as connection:
            advance(connection, "spend publications")
            _refuse_race(publication)
            rows = list(_slice_rows(publication, pull, clock()))
            publication.ledger.warehouse.insert("spend_slices", SLICE_COLUMNS, rows)
    finally:
        mark(db, dirty, now=clock())


def next_pull(db: Engine) -> int:
    """A number for the rows of one import; a later import has a higher one."""
    return next_number(db, "pull")


def _refuse_race(publication: Publication) -> None:
    basis = publication.basis
    now = publication.ledger.slices(basis.window)
    if {(one.key, one.pull) for one in now} != {(one.key, one.pull) for one in basis.standing}:
        raise Unavailable(
            "Another import changed the same days meanwhile; nothing of this one was imported.",
            hint="Import the file again.",
        )


def _slice_rows(publication: Publication, pull: int, now: datetime) -> Iterator[Row]:
    published = {(target.unit, target.scope): pull for target in publication.targets}
    for one in publication.plan.removed():
        published.setdefault(one.key, 0)
    for (unit, scope), number in published.items():
        yield (
            publication.ledger.tenant,
            publication.ledger.platform,
            unit.account,
            unit.first_day,
            unit.last_day,
            scope,
            number,
            pull,
            publication.origin,
            publication.file,
            now,
        )


def _batches(lines: Iterable[Line], scopes: dict[Unit, str]) -> Iterator[list[Line]]:
    batch: list[Line] = []
    months: set[tuple[int, int]] = set()
    day = 0
    wanted = False
    unit: tuple[object, ...] = ()
    for line in lines:
        if line[:3] != unit:
            unit = line[:3]
            wanted = unit in scopes
            if wanted and line.day != day:
                day = line.day
                first = date.fromordinal(day)
                months.add((first.year, first.month))
        if not wanted:
            continue
        if len(batch) >= BATCH or len(months) > MONTHS:
            yield batch
            first = date.fromordinal(line.day)
            batch, months = [], {(first.year, first.month)}
        batch.append(line)
    if batch:
        yield batch


def _row(ledger: Ledger, line: Line, scope: str, pull: int) -> Row:
    (
        campaign, ad_group, word, match_type, campaign_id, ad_group_id, keyword_id, device,
        network, kind, reason, currency,
    ) = line.key.split(SEPARATOR)  # fmt: skip
    return (
        ledger.tenant,
        ledger.platform,
        line.account,
        date.fromordinal(line.day),
        date.fromordinal(line.last),
        scope,
        pull,
        kind,
        reason,
        campaign_id,
        campaign,
        ad_group_id,
        ad_group,
        keyword_id,
        "" if word.startswith(BY_ID) else word,
        match_type,
        device,
        network,
        line.impressions,
        line.clicks,
        amount(line.cost),
        currency,
        None if line.conversions is None else amount(line.conversions),
        None if line.value is None else amount(line.value),
    )
