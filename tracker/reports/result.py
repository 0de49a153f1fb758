"""What the keyword report answers, in the shape that JSON has.

Money and credit are decimal strings, ratios numbers, undefined is null, days ``YYYY-MM-DD``.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """Sums and the ratios of these sums; formulas and units in ``tracker/reports/roi.py``."""

    impressions: int | None
    clicks: int | None
    cost: str | None
    untracked_cost: str | None
    adjusted_cost: str | None
    cpc: str | None
    ctr: float | None
    visits: int
    arrived_clicks: int
    arrival_rate: float | None
    conversions: str
    cvr: float | None
    cpa: str | None
    valid_inquiries: str
    cost_per_valid_inquiry: str | None
    valid_rate: float | None
    revenue: str | None
    contribution: str | None
    profit: str | None
    roas: float | None
    revenue_roi: float | None
    roi: float | None


class Row(Metrics, frozen=True, kw_only=True):
    """One keyword, or what could not be given to one (``kind`` and ``reason`` say why).

    ``credit_level`` of the markov model: keyword, or the level whose removal effect it shares
    because it has too few paths of its own (ad_group, campaign, platform); else null.
    """

    key: str
    kind: str
    reason: str | None
    platform: str | None
    account: str | None
    campaign: str | None
    ad_group: str | None
    keyword: str | None
    keyword_id: str | None
    match_type: str | None
    brand: bool
    credit_level: str | None = None
    previous: Metrics | None = None


class Incomplete(msgspec.Struct, frozen=True):
    """Why a number may still change: kind (missing_rate, too_early, untracked_spend …)."""

    kind: str
    source: str
    first: str = msgspec.field(name="from")
    last: str = msgspec.field(name="to")
    detail: str


class Coverage(msgspec.Struct, frozen=True):
    """How much could be joined: conversions and their value with a touch, paid visits and cost
    that a keyword was found for. Null where there is nothing to join."""

    conversions: float | None
    value: float | None
    paid_visits: float | None
    cost: float | None


class Point(msgspec.Struct, frozen=True):
    """One day of the trend."""

    day: str
    cost: str | None
    visits: int
    clicks: int | None
    conversions: str
    revenue: str | None


class Previous(msgspec.Struct, frozen=True):
    """The period before, of the same length."""

    first: str = msgspec.field(name="from")
    last: str = msgspec.field(name="to")
    totals: Metrics


class KeywordReport(msgspec.Struct, frozen=True, kw_only=True):
    """The keyword report. ``totals`` cover every row, on other pages of the list too. ``margin`` is
    the site's; ``own_margins``: parts of the revenue have one of their own, by product group or the
    cost of their order."""

    site: str
    first: str = msgspec.field(name="from")
    last: str = msgspec.field(name="to")
    model: str
    by: str
    currency: str
    margin: str | None
    own_margins: bool
    break_even_roas: float | None
    row_count: int
    rows: list[Row]
    totals: Metrics
    previous: Previous | None
    trend: list[Point]
    coverage: Coverage
    incomplete: list[Incomplete]


def exact(value: Decimal | int | None, scale: int = 6) -> Decimal | None:
    """An integer of 10^-scale as an exact decimal."""
    return None if value is None else Decimal(value).scaleb(-scale)
