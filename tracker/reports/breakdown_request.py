"""What a breakdown is asked for, read from texts that are the same in API, command and page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from tracker.accounts.sites import Site
from tracker.errors import InvalidInput
from tracker.money import parse_amount
from tracker.period import Period
from tracker.reports.conditions import Condition, read_filter
from tracker.reports.dimensions import DIMENSIONS, dimension
from tracker.reports.measures import METRICS, NO_TARGET, Target, metric
from tracker.reports.request import By, Model, choice

MOST_DIMENSIONS = 5
DEFAULT_GROUP = "campaign"
DEFAULT_METRICS = "cost,clicks,visits,conversions,cpa,revenue,roas"


class Compare(StrEnum):
    """The period beside the period."""

    NONE = "none"
    PREVIOUS = "previous"
    WEEKDAY = "weekday"
    YEAR = "year"

    def period(self, period: Period) -> Period | None:
        """The days before, those before of the same weekdays, or those of a year ago."""
        match self:
            case Compare.PREVIOUS:
                return period.previous()
            case Compare.WEEKDAY:
                back = timedelta(days=-(-period.days // 7) * 7)
                return Period(period.first - back, period.last - back)
            case Compare.YEAR:
                last = _last_year_ago if period.first.day == 1 else _year_ago
                return Period(_year_ago(period.first), last(period.last))
        return None

    def later(self, period: Period, earlier: Period) -> Later:
        """What moves the days of ``earlier`` beside those of ``period``."""
        if self is Compare.YEAR and earlier != period:
            return Later(years=1, days=0)
        return Later(years=0, days=(period.first - earlier.first).days)


class Later(NamedTuple):
    """Calendar years or days; of 29 February, years lead to 28 February."""

    years: int
    days: int


def _year_ago(day: date) -> date:
    """The same date a year before; 28 February for the 29th."""
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)


def _last_year_ago(day: date) -> date:
    """The same for the last day of whole months: 28 February has a 29th of the year before with
    it, so that the Februaries of two years are whole beside each other."""
    found = _year_ago(day)
    following = found + timedelta(days=1)
    return following if (following.month, following.day) == (2, 29) else found


@dataclass(frozen=True, slots=True)
class BreakdownRequest:
    """``limit`` 0 gives every row; totals cover all rows that the filter leaves. ``sort`` is a
    metric or a dimension of the chain; empty means the first metric, or a leading day's order."""

    site: Site
    period: Period
    group: tuple[str, ...]
    metrics: tuple[str, ...]
    condition: Condition | None = None
    filter: str = ""
    compare: Compare = Compare.NONE
    model: Model = Model.LAST_NON_DIRECT
    by: By = By.CLICK
    goal: str = ""
    sort: str = ""
    descending: bool = True
    limit: int = 100
    offset: int = 0
    target: Target = NO_TARGET

    def __post_init__(self) -> None:
        if self.model is Model.MARKOV:
            raise InvalidInput(
                "The markov model is not available in breakdowns.",
                hint="Use one of: " + ", ".join(m for m in Model if m is not Model.MARKOV) + ".",
            )

    def by_default(self, order: str) -> BreakdownRequest:
        """With its order written out; ``order`` is what was told of it, and may be empty."""
        if self.sort:
            return self
        if self.group and DIMENSIONS[self.group[0]].is_time:
            return replace(self, sort=self.group[0], descending=order == "desc")
        return replace(self, sort=self.metrics[0])


def read_breakdown(given: Mapping[str, str], site: Site, period: Period) -> BreakdownRequest:
    """The request of these texts; InvalidInput names what is not allowed."""
    group = _names(given.get("group", DEFAULT_GROUP))
    metrics = _names(given.get("metrics") or DEFAULT_METRICS)
    if len(group) > MOST_DIMENSIONS:
        raise InvalidInput(f"At most {MOST_DIMENSIONS} dimensions can be chained.")
    if not metrics:
        raise InvalidInput("No metric is named.", hint=f"Allowed: {', '.join(METRICS)}.")
    for name in group:
        dimension(name)
    for name in metrics:
        metric(name)
    order = given.get("order", "")
    if order not in ("", "asc", "desc"):
        raise InvalidInput(f"Unknown order {order!r}.", hint="Allowed: asc, desc.")
    sort = given.get("sort", "")
    if sort and sort not in (*group, *metrics):
        raise InvalidInput(
            f"The report cannot be sorted by {sort!r}.",
            hint=f"Allowed: {', '.join((*group, *metrics))}.",
        )
    return BreakdownRequest(
        site=site,
        period=period,
        group=group,
        metrics=metrics,
        condition=read_filter(given.get("filter", "")),
        filter=given.get("filter", "").strip(),
        compare=choice(Compare, "compare", given.get("compare") or Compare.NONE),
        model=choice(Model, "model", given.get("model") or Model.LAST_NON_DIRECT),
        by=choice(By, "by", given.get("by") or By.CLICK),
        goal=given.get("goal", ""),
        sort=sort,
        descending=order != "asc",
        target=_target(given.get("target_cpa", ""), given.get("target_roi", "")),
    ).by_default(order)


def _target(cpa: str, roi: str) -> Target:
    """A target CPA in the site's currency, or a target ROI as a ratio; empty for none."""
    wanted = Target(*(parse_amount(text) if text.strip() else None for text in (cpa, roi)))
    if wanted.cpa is not None and wanted.roi is not None:
        raise InvalidInput(
            "A target CPA and a target ROI are given.", hint="Leave out one of them."
        )
    if wanted.cpa is not None and wanted.cpa <= 0:
        raise InvalidInput(f"The target CPA is {wanted.cpa}; it must be above 0.")
    if wanted.roi is not None and wanted.roi <= -1:
        raise InvalidInput(
            f"The target ROI is {wanted.roi}; it must be above -1.",
            hint="Write 50 per cent as 0.5.",
        )
    return wanted


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
