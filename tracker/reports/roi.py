"""Sums of a report row and the ratios that follow from them.

Sum first, then divide; a zero denominator gives None, never 0 or infinity. Cost before the
site's first visit or on days without tracking is shown and left out of CPA, ROAS, ROI and profit.
The contribution is what is left of revenue before ads: of conversions with a gain of their own (by
the cost of their order, or the margin of their product group) that gain, of others the margin of
the site. Where no value was ever recorded, what needs revenue is None: "no revenue recorded", not
a loss.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from decimal import ROUND_HALF_UP, Decimal

from tracker.money import STEP, decimal_text
from tracker.reports.result import Metrics

MICRO = Decimal("0.000001")
NANO = Decimal("0.000000001")


@dataclass(frozen=True, slots=True)
class Sums:
    """Additive measures. Amounts are integers of 1e-6 of the site's currency, weights of 1e-9.

    ``unpriced_cost`` and ``unpriced_value`` count parts whose exchange rate is missing: their
    amounts, and every total over them, are unknown. ``own_amount`` is the part of ``amount`` that
    has a gain of its own, ``own_gain`` that gain. ``valid_weight`` and ``invalid_weight`` are of
    leads that came to a stage of that role. ``spend_rows`` 0 means that the platforms
    reported nothing here, which is not the same as a cost of zero. Distinct clicks
    (``arrived``) are counted per row, so a click counts once per row that it reached.
    """

    visits: int = 0
    arrived: int = 0
    weight: int = 0
    amount: int = 0
    own_amount: int = 0
    own_gain: int = 0
    unpriced_value: int = 0
    valid_weight: int = 0
    invalid_weight: int = 0
    impressions: int = 0
    clicks: int = 0
    cost: int = 0
    untracked_cost: int = 0
    adjusted: int = 0
    unpriced_cost: int = 0
    paid_visits: int = 0
    spend_rows: int = 0

    @classmethod
    def total(cls, parts: Iterable[Sums]) -> Sums:
        """The sum of each measure."""
        names = [field.name for field in fields(cls)]
        sums = dict.fromkeys(names, 0)
        for part in parts:
            for name in names:
                sums[name] += getattr(part, name)
        return cls(**sums)


@dataclass(frozen=True, slots=True)
class Economics:
    """What turns sums into returns: the margin of the site (share of revenue) and whether values
    exist, of all that counts in totals and of each role of stages. ``has_own``: the site has
    margins of product groups, or what is reported has gains of its own."""

    margin: Decimal | None
    has_revenue: bool
    valued_roles: frozenset[str] = frozenset()
    has_own: bool = False

    @property
    def has_margin(self) -> bool:
        """Whether margin ROI leads; without any margin nothing is said of contribution."""
        return self.margin is not None or self.has_own

    def break_even(self, sums: Sums) -> float | None:
        """The ROAS at which profit is zero: 1 / margin, or what the revenue of ``sums`` is of its
        contribution where parts of it have gains of their own; None while that is unknown or not
        above 0."""
        if not (sums.own_amount or sums.own_gain):
            return float(1 / self.margin) if self.margin else None
        gain = contribution(sums, self)
        if gain is None or gain <= 0 or sums.amount <= 0:
            return None
        return float(MICRO * sums.amount / gain)


def contribution(sums: Sums, economics: Economics) -> Decimal | None:
    """What is left of the revenue before ads, in the site's currency; None without any margin,
    while revenue is unknown, and where the site has no margin for a part of it."""
    if sums.unpriced_value or not economics.has_margin:
        return None
    return gain_of(
        MICRO * sums.amount, MICRO * sums.own_amount, MICRO * sums.own_gain, economics.margin
    )


def gain_of(
    revenue: Decimal, own_revenue: Decimal, own_gain: Decimal, margin: Decimal | None
) -> Decimal | None:
    """Own gain + margin × the revenue without one; None where there is such and no margin."""
    rest = revenue - own_revenue
    if margin is None:
        return None if rest else own_gain
    return own_gain + margin * rest


def metrics(sums: Sums, economics: Economics) -> Metrics:
    """Every metric of a row."""
    spent = sums.spend_rows > 0 and not sums.unpriced_cost
    adjusted = spent or (sums.adjusted != 0 and not sums.unpriced_cost)
    cost = MICRO * sums.cost if spent else None
    base = MICRO * (sums.cost - sums.untracked_cost) if spent else None
    revenue = None if sums.unpriced_value else MICRO * sums.amount
    earned = revenue if economics.has_revenue else None
    conversions = NANO * sums.weight
    clicks = sums.clicks if sums.spend_rows else None
    answers = answering(cost, MICRO * sums.untracked_cost)
    gain = contribution(sums, economics)
    kept = gain if economics.has_revenue else None
    return Metrics(
        impressions=sums.impressions if sums.spend_rows else None,
        clicks=clicks,
        cost=decimal_text(cost),
        untracked_cost=decimal_text(MICRO * sums.untracked_cost) if spent else None,
        adjusted_cost=decimal_text(MICRO * sums.adjusted) if adjusted else None,
        cpc=_money(cost, clicks),
        ctr=_ratio(clicks, sums.impressions),
        visits=sums.visits,
        arrived_clicks=sums.arrived,
        arrival_rate=_ratio(sums.arrived, clicks),
        conversions=decimal_text(conversions, places=0) or "0",
        cvr=_ratio(conversions, clicks),
        cpa=_money(answers, conversions),
        valid_inquiries=decimal_text(NANO * sums.valid_weight, places=0) or "0",
        cost_per_valid_inquiry=_money(answers, NANO * sums.valid_weight),
        valid_rate=_ratio(sums.valid_weight, sums.valid_weight + sums.invalid_weight),
        revenue=decimal_text(revenue),
        contribution=_shown(gain),
        profit=None if kept is None or base is None else _shown(kept - base),
        roas=_ratio(earned, base),
        revenue_roi=return_on(earned, base),
        roi=return_on(kept, base),
    )


def answering(cost: Decimal | None, untracked: Decimal) -> Decimal | None:
    """The cost that conversions answer for: without what was untracked; unknown, and not nothing,
    where all of it was."""
    if cost is None or (untracked and cost == untracked):
        return None
    return cost - untracked


def return_on(earned: Decimal | None, cost: Decimal | None) -> float | None:
    """(earned − cost) / cost, of revenue or of contribution; None where one is unknown or nothing
    was spent."""
    if earned is None or not cost:
        return None
    return float((earned - cost) / cost)


def _shown(amount: Decimal | None) -> str | None:
    return None if amount is None else decimal_text(amount.quantize(STEP, ROUND_HALF_UP))


def _ratio(above: Decimal | int | None, below: Decimal | int | None) -> float | None:
    if above is None or not below:
        return None
    return float(Decimal(above) / Decimal(below))


def _money(amount: Decimal | None, units: Decimal | int | None) -> str | None:
    if amount is None or not units:
        return None
    return decimal_text((amount / Decimal(units)).quantize(STEP, ROUND_HALF_UP))
