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
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Engine

from tracker.accounts.clock import Clock
from tracker.accounts.counters import advance, next_number
from tracker.accounts.database import write
from tracker.accounts.marks import Slice, mark
from tracker.errors import Unavailable
from tracker.spend.lines import tab_escaped
from tracker.spend.plan import Plan, Target
from tracker.spend.staging import TEXT_COLUMNS, Staging
from tracker.spend.standing import Ledger, StandingSlice, Window

COLUMNS = (
    "tenant", "platform", "account", "day", "last_day", "scope", "pull", *TEXT_COLUMNS,
)  # fmt: skip
SLICE_COLUMNS = (
    "tenant", "platform", "account", "day", "last_day", "scope", "pull", "version", "origin",
    "file", "imported",
)  # fmt: skip
#: Rows of one insert, and months in it: each month is a partition, and the engine refuses more
#: than a hundred of them at once.
BATCH = 50_000
MONTHS = 50
#: Characters of one insert, where rows are uncommonly long.
BATCH_TEXT = 32 << 20

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
    staging: Staging,
    pull: int,
    progress: Callable[[int], None] = lambda _: None,
) -> None:
    """Insert the lines of the changed targets under ``pull``; nobody sees them yet."""
    warehouse = publication.ledger.warehouse
    # Unique, so that two batches are never taken for one; a repetition by the driver is.
    token = f"pull-{pull}-{secrets.token_hex(8)}"
    written = 0
    # One insert is on its way while the next block is put together.
    with ThreadPoolExecutor(1, "spend-insert") as inserter:
        inserting: Future[None] | None = None
        for rows, block in _batches(publication, staging, pull):
            if inserting is not None:
                inserting.result()
                progress(written)
            written += rows
            inserting = inserter.submit(
                warehouse.insert_text, "spend", COLUMNS, block, token=f"{token}-{written}"
            )
        if inserting is not None:
            inserting.result()
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


def _batches(publication: Publication, staging: Staging, pull: int) -> Iterator[tuple[int, bytes]]:
    """Blocks of lines, each with their number."""
    texts: list[str] = []
    count = size = 0
    months: set[tuple[int, int]] = set()
    for target in sorted(publication.targets, key=lambda one: one.unit):
        first = target.unit.first_day
        for rows, text in staging.texts(target.unit, _head(publication.ledger, target, pull)):
            full = count + rows > BATCH or size + len(text) > BATCH_TEXT
            if texts and (full or len(months | {(first.year, first.month)}) > MONTHS):
                yield count, "\n".join((*texts, "")).encode()
                texts, count, size = [], 0, 0
                months = set()
            texts.append(text)
            months.add((first.year, first.month))
            count, size = count + rows, size + len(text)
    if texts:
        yield count, "\n".join((*texts, "")).encode()


def _head(ledger: Ledger, target: Target, pull: int) -> str:
    """What the lines of a target share, as tab-separated text."""
    unit = target.unit
    cells = (ledger.tenant, ledger.platform, unit.account, unit.first_day, unit.last_day)
    return "\t".join(tab_escaped(str(cell)) for cell in (*cells, target.scope, pull))
