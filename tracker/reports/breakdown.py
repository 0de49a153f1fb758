"""A breakdown: any metrics by any chain of dimensions. The API, the command and the page call it.

Each fact is one statement over one published state (``statement.py``); their rows are merged by the
values of the dimensions. What a fact cannot say by a dimension stands in rows that name it as
``unallocated``, so that the rows of every breakdown add up to the same totals. Distinct counts
(arrived clicks, assisted conversions) are counted once in each row and once in the totals. Rows of
goals and stages have all of each, totals what counts in totals; the report says where they differ.
"""

from __future__ import annotations

from dataclasses import replace

import msgspec
from sqlalchemy import Engine

from tracker.accounts.clock import Clock, utc_now
from tracker.accounts.goals import list_goals
from tracker.money import decimal_text
from tracker.period import Period
from tracker.reports.breakdown_reader import BreakdownReader, Read, check_patterns
from tracker.reports.breakdown_request import BreakdownRequest
from tracker.reports.breakdown_writer import BreakdownRow, BreakdownWriter
from tracker.reports.completeness import incomplete, maturity, not_there_yet
from tracker.reports.goal_names import by_id
from tracker.reports.keyword_table import Joined, KeywordSums
from tracker.reports.measures import STAGES, Value
from tracker.reports.plan import SOURCES
from tracker.reports.request import KeywordRequest
from tracker.reports.result import Coverage, Incomplete
from tracker.reports.roi import Economics, Sums
from tracker.warehouse.client import Warehouse


class Compared(msgspec.Struct, frozen=True):
    """The period beside it, and its totals."""

    kind: str
    first: str = msgspec.field(name="from")
    last: str = msgspec.field(name="to")
    totals: dict[str, Value]


class Breakdown(msgspec.Struct, frozen=True, kw_only=True):
    """The report. ``coverage`` has the shares of the site's conversions and their value in the
    period that could be joined to a source, where conversions are asked for; ``read_from`` names
    the table that answered for each fact. ``target_cpa`` and ``target_roi`` are those of
    ``max_cpc``."""

    site: str
    first: str = msgspec.field(name="from")
    last: str = msgspec.field(name="to")
    model: str
    by: str
    goal: str
    currency: str
    group: tuple[str, ...]
    filter: str
    sort: str
    order: str
    row_count: int
    rows: list[BreakdownRow]
    totals: dict[str, Value]
    previous: Compared | None
    coverage: Coverage | None
    read_from: dict[str, str]
    incomplete: list[Incomplete]
    target_cpa: str | None = None
    target_roi: str | None = None


def breakdown(
    warehouse: Warehouse, db: Engine, request: BreakdownRequest, *, clock: Clock = utc_now
) -> Breakdown:
    """The report that ``request`` asks for; synchronous, so call it in a worker thread.

    InvalidInput for what cannot be computed, Unavailable while the warehouse is away.
    """
    check_patterns(warehouse, request)
    names = {goal.id: goal.name for goal in list_goals(db, request.site.key)}
    if request.condition:
        request = replace(request, condition=by_id(request.condition, names))
    threads, instant = warehouse.threads, clock()
    usual = _keyword_request(request)
    beside = request.compare.period(request.period)
    lacking = threads.submit(not_there_yet, warehouse, db, usual, beside, instant)
    reader = BreakdownReader(warehouse, db, request, instant)
    growing = threads.submit(maturity, warehouse, usual, reader.state)
    joined = threads.submit(reader.coverage, usual)
    now = reader.read(request.period, threads)
    before = reader.read(beside, threads) if beside else None
    known = growing.result()
    covered = joined.result()
    has_own = bool(request.site.settings.group_margins) or _has_own(now, before)
    economics = Economics(request.site.margin, known.valued > 0, reader.valued_roles, has_own)
    writer = BreakdownWriter(request, reader, economics, names)
    keys = writer.ordered(now, before)
    end = request.offset + request.limit if request.limit else None
    sums = _completeness_sums(now, before)
    return Breakdown(
        site=request.site.key,
        first=request.period.first.isoformat(),
        last=request.period.last.isoformat(),
        model=request.model,
        by=request.by,
        goal=request.goal,
        currency=request.site.currency,
        group=request.group,
        filter=request.filter,
        sort=request.sort,
        order="desc" if request.descending else "asc",
        row_count=len(keys),
        rows=[writer.row(key, now, before) for key in keys[request.offset : end]],
        totals=writer.metrics(now.totals),
        previous=_compared(request, beside, writer, before),
        coverage=covered,
        read_from={str(one.fact): SOURCES[one.fact] for one in reader.readings},
        incomplete=[
            *incomplete(
                *(warehouse, usual, beside, reader.state, sums, known, lacking.result(), instant)
            ),
            *reader.unknown(),
            *reader.overlaps(now),
        ],
        target_cpa=decimal_text(request.target.cpa),
        target_roi=decimal_text(request.target.roi, places=0),
    )


def _has_own(*reads: Read | None) -> bool:
    """Whether anything that was read has a gain of its own."""
    found = (row for read in reads if read for row in (read.totals, *read.rows.values()))
    return any(row.get("own_amount") or row.get("own_gain") for row in found)


def _compared(
    request: BreakdownRequest, period: Period | None, writer: BreakdownWriter, before: Read | None
) -> Compared | None:
    if period is None or before is None:
        return None
    days = (period.first.isoformat(), period.last.isoformat())
    return Compared(str(request.compare), *days, writer.metrics(before.totals))


def _keyword_request(request: BreakdownRequest) -> KeywordRequest:
    """What completeness asks of a report."""
    return KeywordRequest(
        site=request.site,
        period=request.period,
        model=request.model,
        by=request.by,
        goal=request.goal,
    )


def _completeness_sums(now: Read, before: Read | None) -> KeywordSums:
    names = Sums.__dataclass_fields__

    def sums(read: Read) -> Sums:
        known = {name: value for name, value in read.totals.items() if name in names}
        # Rows of goals, stages and platforms may have a value that is not in the totals.
        stages = (f"{role}_unpriced" for role in STAGES)
        lacking = ("unpriced_value", "platform_unpriced", *stages)
        found = (*read.rows.values(), read.totals)
        unpriced = any(row.get(name) for row in found for name in lacking)
        return Sums(**known | {"unpriced_value": int(unpriced)})

    return KeywordSums(
        lines=[],
        count=0,
        now=sums(now),
        before=sums(before) if before else Sums(),
        joined=Joined(0, 0, 0, 0),
        days={},
    )
