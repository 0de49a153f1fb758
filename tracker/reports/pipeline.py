"""The pipeline report: what each stage brought and cost, and what open leads may still bring.

Values are those of the stage's own date, in the site's currency; cost is the whole of the
period's, of which CPA and ROI leave out what was spent without tracking, as in every report
(``roi.py``). Stages are figures of their own and are never added to each other: an order and its
payment are the same money.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

import msgspec
from sqlalchemy import Engine

from tracker.accounts.clock import Clock
from tracker.accounts.pipeline import CLOSED, Pipeline, pipeline_of
from tracker.accounts.sites import Site
from tracker.money import cent_of, decimal_text
from tracker.period import Period, day_start, parse_zone
from tracker.reports.completeness import missing_rate, missing_rates
from tracker.reports.expected import Track, expected_value, open_leads
from tracker.reports.keywords import keyword_report
from tracker.reports.leads import turn_parameters
from tracker.reports.published import newest_build
from tracker.reports.request import By, KeywordRequest
from tracker.reports.result import Incomplete, Metrics
from tracker.reports.roi import Economics, answering, gain_of, return_on
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

PACKAGE = "tracker.reports"
#: Leads that the estimate looks at, the newest first.
MOST_LEADS = 100_000


class StageLine(msgspec.Struct, frozen=True):
    """One stage in the period. ``value`` is null where none was recorded or a rate is missing.
    Of the tracked cost, ``cost_per`` is cost / conversions, ``revenue_roi`` (value - cost) / cost,
    and ``roi`` (contribution - cost) / cost, by the margins of the values; null when undefined,
    ``roi`` also where none is known. ``repeat_…``: of repeat orders, which stand apart."""

    stage: str
    role: str
    conversions: int
    value: str | None
    cost_per: str | None
    revenue_roi: str | None
    roi: str | None
    repeat_conversions: int
    repeat_value: str | None
    incomplete: bool


class OpenStage(msgspec.Struct, frozen=True):
    """Open leads in a stage, and the revenue expected of them (null without any order value)."""

    stage: str
    leads: int
    expected: str | None


class ReasonLine(msgspec.Struct, frozen=True):
    """Why leads were invalid or lost in the period."""

    stage: str
    reason: str
    leads: int


class PipelineReport(msgspec.Struct, frozen=True):
    """``margin`` is the site's, ``own_margins`` as in the keyword report. ``untracked_cost`` is the
    part of the cost without tracking. ``valid_rate`` is valid / (valid + invalid) in the period;
    ``mean_order`` the mean value of all orders so far, null, as ``expected`` is, while an order
    lacks its rate. ``expected`` is a figure of its own, never part of a stage's value."""

    site: str
    first: str
    last: str
    currency: str
    margin: str | None
    own_margins: bool
    cost: str | None
    untracked_cost: str | None
    stages: list[StageLine]
    valid_rate: str | None
    open: list[OpenStage]
    expected: str | None
    mean_order: str | None
    reasons: list[ReasonLine]
    incomplete: list[Incomplete]


@dataclass(frozen=True, slots=True)
class _Sums:
    conversions: int = 0
    value: Decimal | None = None
    unpriced: bool = False
    own_value: Decimal = Decimal(0)
    own_gain: Decimal = Decimal(0)


def pipeline_report(
    warehouse: Warehouse, db: Engine, site: Site, period: Period, *, clock: Clock
) -> PipelineReport:
    """The report of a site and period; the errors are those of the warehouse."""
    pipeline = pipeline_of(db, site.key)
    request = KeywordRequest(site=site, period=period, by=By.CONVERSION, limit=1)
    keywords = keyword_report(warehouse, db, request, clock=clock)
    cost, cent = _tracked(keywords.totals), cent_of(site.currency)
    sums = _stage_sums(warehouse, site, period)
    keys = [stage.key for stage in pipeline.stages]
    keys += sorted({goal.partition(":")[2] for goal in sums} - set(keys))
    has_own = keywords.own_margins or any(one.own_value or one.own_gain for one in sums.values())
    economics = Economics(site.margin, has_revenue=True, has_own=has_own)
    mean, lacking = mean_order(warehouse, site, pipeline)
    waiting = _open(warehouse, site, pipeline, mean, clock())
    total = [Decimal(line.expected) for line in waiting if line.expected is not None]
    return PipelineReport(
        site=site.key,
        first=period.first.isoformat(),
        last=period.last.isoformat(),
        currency=site.currency,
        margin=keywords.margin,
        own_margins=has_own,
        cost=keywords.totals.cost,
        untracked_cost=keywords.totals.untracked_cost,
        stages=[_line(pipeline, key, sums, cost, economics, cent) for key in keys],
        valid_rate=_valid_rate(pipeline, sums),
        open=waiting,
        expected=decimal_text(sum(total, Decimal(0))) if mean is not None else None,
        mean_order=decimal_text(mean),
        reasons=_reasons(warehouse, site, period, pipeline),
        incomplete=_incomplete(
            [*_stage_rates(warehouse, site, period, sums), *lacking], keywords.incomplete
        ),
    )


def _tracked(totals: Metrics) -> Decimal | None:
    """What answers for the stages."""
    if totals.cost is None or totals.untracked_cost is None:
        return None
    return answering(Decimal(totals.cost), Decimal(totals.untracked_cost))


def _stage_rates(
    warehouse: Warehouse, site: Site, period: Period, sums: Mapping[str, _Sums]
) -> list[Incomplete]:
    """The rates that stages lack, also those that totals do without."""
    if not any(one.unpriced for one in sums.values()):
        return []
    earned = [(period.first, period.last)]
    return missing_rates(warehouse, site, newest_build(warehouse, site.key), earned=earned)


def _incomplete(rates: list[Incomplete], found: list[Incomplete]) -> list[Incomplete]:
    """What the keyword report lacks, and before it the rates that it does not name, each once."""
    named = {(one.source, one.first, one.last) for one in found if one.kind == "missing_rate"}
    others = {(one.source, one.first, one.last): one for one in rates}
    return [*(one for key, one in others.items() if key not in named), *found]


def _stage_sums(warehouse: Warehouse, site: Site, period: Period) -> Mapping[str, _Sums]:
    rows = warehouse.dicts(
        load_sql(PACKAGE, "stage_sums.sql"),
        {"site": site.key, "first": period.first, "last": period.last},
    )
    return {
        str(row["goal"]): _Sums(
            int(row["conversions"]),
            row["total"] if row["valued"] and not row["unpriced"] else None,
            bool(row["unpriced"]),
            row["own_value"] or Decimal(0),
            row["own_gain"] or Decimal(0),
        )
        for row in rows
    }


def _line(
    pipeline: Pipeline,
    key: str,
    sums: Mapping[str, _Sums],
    cost: Decimal | None,
    economics: Economics,
    cent: Decimal,
) -> StageLine:
    own = sums.get(f"stage:{key}", _Sums())
    repeat = sums.get(f"repeat:{key}", _Sums())
    known = pipeline.find(key)
    return StageLine(
        stage=key,
        role=known.role if known else "other",
        conversions=own.conversions,
        value=decimal_text(own.value),
        cost_per=_ratio(cost, own.conversions, cent),
        revenue_roi=_share(return_on(own.value, cost)),
        roi=_share(return_on(_gain(own, economics), cost)),
        repeat_conversions=repeat.conversions,
        repeat_value=decimal_text(repeat.value),
        incomplete=own.unpriced or repeat.unpriced,
    )


def _gain(sums: _Sums, economics: Economics) -> Decimal | None:
    if sums.value is None or not economics.has_margin:
        return None
    return gain_of(sums.value, sums.own_value, sums.own_gain, economics.margin)


def _ratio(cost: Decimal | None, count: int, cent: Decimal) -> str | None:
    if cost is None or not count:
        return None
    return f"{(cost / count).quantize(cent, ROUND_HALF_UP):f}"


def _share(ratio: float | None) -> str | None:
    """All its digits: whoever shows it rounds it, once."""
    return None if ratio is None else decimal_text(Decimal(str(ratio)), places=4)


def _valid_rate(pipeline: Pipeline, sums: Mapping[str, _Sums]) -> str | None:
    def count(keys: tuple[str, ...]) -> int:
        return sum(sums.get(f"stage:{key}", _Sums()).conversions for key in keys)

    valid, invalid = count(pipeline.keys("valid")), count(pipeline.keys("invalid"))
    if not valid + invalid:
        return None
    return _share(valid / (valid + invalid))


class MeanOrder(NamedTuple):
    """``value`` is None without any order with a value, and while rates are ``lacking``."""

    value: Decimal | None
    lacking: list[Incomplete]


def mean_order(warehouse: Warehouse, site: Site, pipeline: Pipeline) -> MeanOrder:
    """What an order of the whole history is worth on average."""
    goals = [f"{kind}:{key}" for key in pipeline.keys("order") for kind in ("stage", "repeat")]
    params = {"site": site.key, "goals": goals}
    ((orders, value, unpriced),) = warehouse.rows(load_sql(PACKAGE, "order_values.sql"), params)
    if unpriced:
        rates = warehouse.rows(load_sql(PACKAGE, "order_rates.sql"), params)
        return MeanOrder(None, [missing_rate(site, "orders", *row) for row in rates])
    if not orders:
        return MeanOrder(None, [])
    mean = Decimal(value) / int(orders)
    return MeanOrder(mean.quantize(cent_of(site.currency), ROUND_HALF_UP), [])


def read_tracks(warehouse: Warehouse, site: Site, pipeline: Pipeline) -> list[Track]:
    """How the leads of a site moved, the last moved first."""
    params = {"site": site.key, "most": MOST_LEADS, **turn_parameters(pipeline)}
    rows = warehouse.rows(load_sql(PACKAGE, "lead_tracks.sql"), params)
    return [Track(str(lead), [(time, str(stage)) for time, stage in steps]) for lead, steps in rows]


def _open(
    warehouse: Warehouse, site: Site, pipeline: Pipeline, mean: Decimal | None, now: datetime
) -> list[OpenStage]:
    counts: Counter[str] = Counter()
    expected: dict[str, Decimal] = defaultdict(Decimal)
    for lead in open_leads(read_tracks(warehouse, site, pipeline), pipeline, now):
        counts[lead.stage] += 1
        if mean is not None:
            expected[lead.stage] += expected_value(lead.chance, mean, cent_of(site.currency))
    return [
        OpenStage(stage, counts[stage], None if mean is None else decimal_text(expected[stage]))
        for stage in sorted(counts, key=lambda key: (pipeline.place(key), key))
    ]


def _reasons(
    warehouse: Warehouse, site: Site, period: Period, pipeline: Pipeline
) -> list[ReasonLine]:
    zone = parse_zone(site.timezone)
    rows = warehouse.rows(
        load_sql(PACKAGE, "stage_reasons.sql"),
        {
            "site": site.key,
            "stages": list(pipeline.keys(*CLOSED)),
            "since": day_start(period.first, zone),
            "until": day_start(period.last + timedelta(days=1), zone),
        },
    )
    return [ReasonLine(str(stage), str(reason), int(count)) for stage, reason, count in rows]
