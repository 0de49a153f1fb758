"""What the reports on attribution are asked for: comparison of models, and paths."""

from __future__ import annotations

from dataclasses import dataclass

from tracker.accounts.sites import Site
from tracker.attribution.grouping import Level
from tracker.attribution.journeys import Scope
from tracker.attribution.markov import ORDERS
from tracker.errors import InvalidInput
from tracker.period import Period
from tracker.reports.completeness import credited_days, missing_rates
from tracker.reports.published import newest_build
from tracker.reports.request import Brand, By
from tracker.reports.result import Incomplete
from tracker.warehouse.client import Warehouse


@dataclass(frozen=True, slots=True)
class AttributionRequest:
    """``level`` is the grain of rows and path steps, ``order`` that of the Markov chain, ``limit``
    the number of rows (0: all). ``brand`` leaves credit of keywords with a brand term, or of the
    others; paths by their last non-direct touch (``brand.py``)."""

    site: Site
    period: Period
    level: Level = Level.CAMPAIGN
    by: By = By.CONVERSION
    goal: str = ""
    order: int = 1
    limit: int = 50
    brand: Brand = Brand.ALL

    def __post_init__(self) -> None:
        if self.order not in ORDERS:
            raise InvalidInput(
                f"There is no Markov chain of order {self.order}.", hint="Use 1, 2, 3 or 4."
            )

    def scope(self, warehouse: Warehouse) -> Scope:
        """The conversions that count, in the state that is published now."""
        return Scope(
            self.site.key,
            newest_build(warehouse, self.site.key),
            self.period.first,
            self.period.last,
            self.by is By.CLICK,
            self.goal,
        )


def lacking_rates(warehouse: Warehouse, request: AttributionRequest, asof: int) -> list[Incomplete]:
    """The rates that conversions which may count lack; ask where an amount is unknown."""
    days = credited_days([request.period], request.by)
    return missing_rates(warehouse, request.site, asof, **days)
