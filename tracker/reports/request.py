"""What a report is asked for: one request type for the CLI, the API and the pages."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from tracker.errors import InvalidInput

if TYPE_CHECKING:
    from tracker.accounts.sites import Site
    from tracker.period import Period

Choice = TypeVar("Choice", bound=StrEnum)


class Model(StrEnum):
    """Attribution models; formulas in ``tracker/attribution``."""

    FIRST = "first"
    LAST = "last"
    LAST_NON_DIRECT = "last_non_direct"
    LAST_PAID = "last_paid"
    LINEAR = "linear"
    POSITION = "position"
    TIME_DECAY = "time_decay"
    MARKOV = "markov"


class By(StrEnum):
    """The day on which credit lands: the touch's or the conversion's."""

    CLICK = "click"
    CONVERSION = "conversion"


class Brand(StrEnum):
    """Which keywords: all, those with a brand term of the site, or the others."""

    ALL = "all"
    BRAND = "brand"
    NON_BRAND = "non_brand"


class Sort(StrEnum):
    """Columns that the keyword report can be sorted by."""

    COST = "cost"
    ADJUSTED_COST = "adjusted_cost"
    IMPRESSIONS = "impressions"
    CLICKS = "clicks"
    VISITS = "visits"
    ARRIVAL_RATE = "arrival_rate"
    CONVERSIONS = "conversions"
    CPA = "cpa"
    COST_PER_VALID_INQUIRY = "cost_per_valid_inquiry"
    VALID_RATE = "valid_rate"
    REVENUE = "revenue"
    ROAS = "roas"
    REVENUE_ROI = "revenue_roi"
    ROI = "roi"
    KEYWORD = "keyword"


def choice(kind: type[Choice], name: str, value: str) -> Choice:
    """The member of ``kind`` that ``value`` names; InvalidInput lists what is allowed."""
    try:
        return kind(value)
    except ValueError as error:
        allowed = ", ".join(kind)
        raise InvalidInput(f"Unknown {name} {value!r}.", hint=f"Allowed: {allowed}.") from error


@dataclass(frozen=True, slots=True)
class KeywordRequest:
    """A keyword report: ``limit`` 0 gives every row; totals always cover all rows that match."""

    site: Site
    period: Period
    model: Model = Model.LAST_NON_DIRECT
    by: By = By.CLICK
    compare: bool = False
    goal: str = ""
    platform: str = ""
    search: str = ""
    brand: Brand = Brand.ALL
    sort: Sort = Sort.COST
    descending: bool = True
    limit: int = 0
    offset: int = 0

    @property
    def filtered(self) -> bool:
        """Whether some rows of the site are left out."""
        return bool(self.platform or self.search.strip()) or self.brand is not Brand.ALL
