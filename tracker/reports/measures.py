"""Measures that facts add up, and the metrics that follow from them.

A measure is computed in two steps: over the rows of its fact by source or keyword, then over these.
Amounts are integers of 1e-6 of the site's currency, weights of 1e-9. A metric is a formula of
``definitions``: sum first, then divide; a zero denominator gives None.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tracker.errors import InvalidInput
from tracker.money import STEP, decimal_text
from tracker.reports.dimensions import Fact
from tracker.reports.result import Metrics
from tracker.reports.roi import MICRO, NANO, Economics, Sums, contribution, metrics

if TYPE_CHECKING:
    from tracker.accounts.pipeline import Role

Value = int | float | str | None
DAY_MS = 86_400_000


class Measure(NamedTuple):
    """``inner`` over the rows of the fact, ``outer`` aggregates what it gives."""

    inner: str
    outer: str = "sum"


#: Spend of several days is untracked if none of them has a visit.
_UNTRACKED = (
    "transform(x.day, {untracked:Array(Date)}, {tracked_next:Array(Date)}, x.day) > x.last_day"
)
_MICROS = "toInt64(ifNull(sum({}), 0) * 1000000)"
_SPEND = {
    "impressions": Measure("sum(x.impressions)"),
    "clicks": Measure("sum(x.clicks)"),
    "cost": Measure(_MICROS.format("x.cost_site")),
    "adjusted": Measure(_MICROS.format("x.adjusted_site")),
    "untracked_cost": Measure(f"toInt64(ifNull(sumIf(x.cost_site, {_UNTRACKED}), 0) * 1000000)"),
    "unpriced_cost": Measure("countIf(x.cost_site IS NULL)"),
    "spend_rows": Measure(
        "countIf(x.cost != 0 OR x.impressions != 0 OR x.clicks != 0 OR x.adjusted = 0)"
    ),
    # What the platform counts as conversions, in the millionths in which it reports them.
    "platform_reported": Measure(_MICROS.format("x.platform_conversions")),
    "platform_reports": Measure("countIf(x.platform_conversions IS NOT NULL)"),
    "platform_amount": Measure(_MICROS.format("x.platform_value_site")),
    "platform_valued": Measure("countIf(x.platform_value IS NOT NULL)"),
    "platform_unpriced": Measure(
        "countIf(x.platform_value IS NOT NULL AND x.platform_value_site IS NULL)"
    ),
}
#: Roles of stages whose credit is measured apart, each by the goals in the parameter
#: ``ROLE_goals``.
STAGES: tuple[Role, ...] = ("inquiry", "valid", "invalid", "order", "payment")


def _stage(role: str) -> dict[str, Measure]:
    """Credit of the stages of one role."""
    here = f"has({{{role}_goals:Array(String)}}, c.goal)"
    return {
        f"{role}_weight": Measure(f"sumIf(toInt64(c.weight), {here})"),
        f"{role}_amount": Measure(f"sumIf(c.amount, {here})"),
        f"{role}_unpriced": Measure(f"countIf(c.rate_missing AND {here})"),
    }


#: In the place of this stands which credit is of a goal by itself (statement.py).
APART = "/* apart */"
#: Other credit is of conversions that count in totals, and of values that do (conversions.sql).
_COUNTS, _EARNS = f"({APART} OR c.counts)", f"({APART} OR c.earns)"

#: What each fact can add up.
MEASURES: Mapping[Fact, Mapping[str, Measure]] = {
    Fact.VISITS: {
        "visits": Measure("count()"),
        "pageviews": Measure("sum(x.pageviews)"),
        "events": Measure("sum(x.events)"),
        "bounces": Measure("countIf(x.events <= 1)"),
        "arrived": Measure("countIf(x.arrived)"),
    },
    Fact.HITS: {
        "visits": Measure("uniqExactState(x.visit_id)", "uniqExactMerge"),
        "pageviews": Measure("countIf(x.name = 'pageview')"),
        "events": Measure("count()"),
    },
    Fact.DAYS: {"visits": Measure("sum(x.visits)"), "pageviews": Measure("sum(x.pageviews)")},
    Fact.CREDIT: {
        "weight": Measure(f"sumIf(toInt64(c.weight), {_COUNTS})"),
        "amount": Measure(f"sumIf(c.amount, {_EARNS})"),
        "own_amount": Measure(f"sumIf(c.own_amount, {_EARNS})"),
        "own_gain": Measure(f"sumIf(c.own_gain, {_EARNS})"),
        "unpriced_value": Measure(f"countIf(c.rate_missing AND {_EARNS})"),
        "valued": Measure(f"sumIf(toInt64(c.weight), c.has_value AND {_EARNS})"),
        "touched": Measure(f"sumIf(toInt64(c.weight), c.position > 0 AND {_COUNTS})"),
        "lag": Measure(f"sumIf(toInt128(c.lag) * c.weight, c.position > 0 AND {_COUNTS})"),
        "length": Measure(f"sumIf(toInt64(c.length) * c.weight, c.position > 0 AND {_COUNTS})"),
        "expected": Measure(
            "sum(toInt128(transform(c.conversion_id, {waiting:Array(UInt64)}, "
            "{worth:Array(Int64)}, toInt64(0))) * c.weight)"
        ),
        **{name: one for stage in STAGES for name, one in _stage(stage).items()},
    },
    Fact.ASSISTS: {
        "assisted": Measure(
            "uniqExactStateIf(c.conversion_id, c.position > 0 AND c.position < c.length "
            f"AND c.weight > 0 AND {_COUNTS})",
            "uniqExactMerge",
        )
    },
    Fact.SPEND: _SPEND,
    Fact.TERMS: _SPEND,
    Fact.SPEND_DAYS: {
        name: Measure(f"sum(x.{name})")
        for name in ("impressions", "clicks", "cost", "adjusted", "unpriced_cost", "spend_rows")
    }
    | {"untracked_cost": Measure(f"sumIf(x.cost, {_UNTRACKED})")},
}


@dataclass(frozen=True, slots=True)
class Target:
    """What a row is to reach: a cost per conversion, or a return on cost (0: what it cost)."""

    cpa: Decimal | None = None
    roi: Decimal | None = None


NO_TARGET = Target()


class Figures:
    """The measures of a row with what formulas need beside them."""

    def __init__(
        self, measures: Mapping[str, int], economics: Economics, target: Target = NO_TARGET
    ) -> None:
        self.of = measures
        self.economics = economics
        self.target = target
        names = Sums.__dataclass_fields__
        self.sums = Sums(**{name: value for name, value in measures.items() if name in names})
        self.usual: Metrics = metrics(self.sums, economics)

    def stage(self, role: str) -> Metrics:
        """The usual metrics with the credit of one role of stages alone, against the whole cost;
        without revenue where no value of it was ever recorded."""
        names = ("cost", "untracked_cost", "unpriced_cost", "spend_rows")
        is_valued = role in self.economics.valued_roles
        found = metrics(
            Sums(
                weight=self.of.get(f"{role}_weight", 0),
                amount=self.of.get(f"{role}_amount", 0),
                unpriced_value=self.of.get(f"{role}_unpriced", 0),
                **{name: self.of.get(name, 0) for name in names},
            ),
            replace(self.economics, has_revenue=is_valued),
        )
        return found if is_valued else msgspec.structs.replace(found, revenue=None)

    def ratio(self, above: str, below: str, scale: int = 1) -> float | None:
        """One measure over another."""
        if not self.of.get(below):
            return None
        return float(Decimal(self.of.get(above, 0)) / Decimal(self.of[below] * scale))


@dataclass(frozen=True, slots=True)
class Metric:
    """``measures`` are what its formula takes; ``unit`` says how a page writes it."""

    name: str
    unit: str
    measures: tuple[str, ...]
    formula: Callable[[Figures], Value]


_COST = ("cost", "unpriced_cost", "spend_rows")
_BASE = (*_COST, "untracked_cost")
_REVENUE = ("amount", "unpriced_value")
_GAIN = (*_REVENUE, "own_amount", "own_gain")


def _usual(name: str, unit: str, *measures: str) -> Metric:
    return Metric(name, unit, measures, lambda figures: getattr(figures.usual, name))


def _aov(figures: Figures) -> Value:
    orders = NANO * figures.of.get("valued", 0)
    if figures.of.get("unpriced_value") or not orders:
        return None
    return decimal_text(
        (MICRO * figures.of.get("amount", 0) / orders).quantize(STEP, ROUND_HALF_UP)
    )


def _max_cpc(figures: Figures) -> Value:
    """Clicks may cost this much at the target: target CPA × CVR, or CVR × contribution of a
    conversion ÷ (1 + target ROI), which without a target is 0, where profit is gone."""
    clicks, target = figures.usual.clicks, figures.target
    if not clicks:
        return None
    if target.cpa is not None:
        worth = target.cpa * NANO * figures.of.get("weight", 0)
    else:
        gain = contribution(figures.sums, figures.economics)
        if gain is None or not figures.economics.has_revenue:
            return None
        worth = gain / (1 + (target.roi or 0))
    return decimal_text((worth / clicks).quantize(STEP, ROUND_HALF_UP))


def _break_even(figures: Figures) -> Value:
    return figures.economics.break_even(figures.sums)


def _share(name: str, unit: str, above: str, below: str, scale: int = 1) -> Metric:
    return Metric(name, unit, (above, below), lambda figures: figures.ratio(above, below, scale))


def _count(name: str, measure: str) -> Metric:
    return Metric(name, "count", (measure,), lambda figures: figures.of.get(measure, 0))


def _orders(figures: Figures) -> Value:
    return decimal_text(NANO * figures.of.get("valued", 0), places=0) or "0"


def _visit_rate(figures: Figures) -> Value:
    clicks = figures.usual.clicks
    return figures.of.get("visits", 0) / clicks if clicks else None


def _staged(name: str, unit: str, role: str, field: str, *measures: str) -> Metric:
    """A usual metric of one role of stages."""
    counted = field in ("conversions", "cpa")
    own = (f"{role}_weight",) if counted else (f"{role}_amount", f"{role}_unpriced")
    return Metric(
        name, unit, (*own, *measures), lambda figures: getattr(figures.stage(role), field)
    )


def _platform_conversions(figures: Figures) -> Value:
    """None where no platform of the row said how many."""
    if not figures.of.get("platform_reports"):
        return None
    return decimal_text(MICRO * figures.of.get("platform_reported", 0), places=0) or "0"


def _platform_value(figures: Figures) -> Value:
    if not figures.of.get("platform_valued") or figures.of.get("platform_unpriced"):
        return None
    return decimal_text(MICRO * figures.of.get("platform_amount", 0))


def _expected(figures: Figures) -> Value:
    worth = MICRO * NANO * figures.of.get("expected", 0)
    return decimal_text(worth.quantize(STEP, ROUND_HALF_UP))


METRICS: Mapping[str, Metric] = {
    one.name: one
    for one in (
        _usual("cost", "amount", *_COST),
        _usual("adjusted_cost", "amount", *_COST, "adjusted"),
        _usual("untracked_cost", "amount", *_BASE),
        _usual("impressions", "count", "impressions", "spend_rows"),
        _usual("clicks", "count", "clicks", "spend_rows"),
        _usual("ctr", "percent", "clicks", "impressions", "spend_rows"),
        _usual("cpc", "amount", *_COST, "clicks"),
        Metric(
            "platform_conversions",
            "credit",
            ("platform_reported", "platform_reports"),
            _platform_conversions,
        ),
        Metric(
            "platform_value",
            "amount",
            (*_COST, "platform_amount", "platform_valued", "platform_unpriced"),
            _platform_value,
        ),
        _usual("visits", "count", "visits"),
        _count("pageviews", "pageviews"),
        _count("events", "events"),
        _share("bounce_rate", "percent", "bounces", "visits"),
        _usual("arrived_clicks", "count", "arrived"),
        _usual("arrival_rate", "percent", "arrived", "clicks", "spend_rows"),
        Metric("visit_rate", "percent", ("visits", "clicks", "spend_rows"), _visit_rate),
        _usual("conversions", "credit", "weight"),
        _usual("cvr", "percent", "weight", "clicks", "spend_rows"),
        _share("visit_cvr", "percent", "weight", "visits", 10**9),
        _usual("cpa", "amount", *_BASE, "weight"),
        _usual("revenue", "amount", *_REVENUE),
        _usual("contribution", "amount", *_GAIN),
        Metric("orders", "credit", ("valued",), _orders),
        Metric("aov", "amount", (*_REVENUE, "valued"), _aov),
        _usual("roas", "ratio", *_BASE, *_REVENUE),
        Metric("break_even_roas", "ratio", _GAIN, _break_even),
        _usual("revenue_roi", "percent", *_BASE, *_REVENUE),
        _usual("roi", "percent", *_BASE, *_GAIN),
        _usual("profit", "amount", *_BASE, *_GAIN),
        Metric("max_cpc", "amount", (*_GAIN, "weight", "clicks", "spend_rows"), _max_cpc),
        _count("assisted_conversions", "assisted"),
        _share("conversion_lag", "ratio", "lag", "touched", DAY_MS),
        _share("path_length", "ratio", "length", "touched"),
        _staged("inquiries", "credit", "inquiry", "conversions"),
        _staged("cost_per_inquiry", "amount", "inquiry", "cpa", *_BASE),
        _usual("valid_inquiries", "credit", "valid_weight"),
        _usual("cost_per_valid_inquiry", "amount", *_BASE, "valid_weight"),
        _usual("valid_rate", "percent", "valid_weight", "invalid_weight"),
        _staged("closed_orders", "credit", "order", "conversions"),
        _staged("cost_per_order", "amount", "order", "cpa", *_BASE),
        _staged("order_revenue", "amount", "order", "revenue"),
        _staged("order_roas", "ratio", "order", "roas", *_BASE),
        _staged("payments", "amount", "payment", "revenue"),
        _staged("payment_roas", "ratio", "payment", "roas", *_BASE),
        Metric("expected_revenue", "amount", ("expected",), _expected),
    )
}
#: Metrics that lie in the order of one measure, undefined where the row has no spend.
PLAIN: Mapping[str, tuple[str, bool]] = {
    "visits": ("visits", False),
    "pageviews": ("pageviews", False),
    "events": ("events", False),
    "arrived_clicks": ("arrived", False),
    "conversions": ("weight", False),
    "impressions": ("impressions", True),
    "clicks": ("clicks", True),
}


def metric(name: str) -> Metric:
    """The metric of that name; InvalidInput lists what there is."""
    if name not in METRICS:
        raise InvalidInput(f"Unknown metric {name!r}.", hint=f"Allowed: {', '.join(METRICS)}.")
    return METRICS[name]
