"""What a simulated account spent: the truth that a pull has to arrive at, to the micro."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

FIRST = date(2026, 10, 1)
#: A reason of spend that only the total of the account has.
HIDDEN = "hidden"


@dataclass(frozen=True, slots=True)
class Ad:
    """One keyword on one device on one day; ``cost`` in millionths. ``reason`` is why a row has no
    keyword: then it is what a platform spends by itself."""

    day: date
    campaign_id: str
    campaign: str
    ad_group_id: str
    ad_group: str
    keyword_id: str
    keyword: str
    match_type: str
    device: str
    impressions: int
    clicks: int
    cost: int
    conversions: Decimal = Decimal(0)
    value: Decimal = Decimal(0)
    reason: str = ""
    invalid: int = 0

    @property
    def amount(self) -> Decimal:
        """The cost in units of the currency."""
        return Decimal(self.cost).scaleb(-6)


@dataclass
class Scenario:
    """An account and its rows; tests change them as platforms do: restate, drop, add."""

    account: str = "1234567890"
    manager: str = "9876543210"
    login: str = "pump-works"
    currency: str = "CNY"
    timezone: str = "Asia/Shanghai"
    ads: list[Ad] = field(default_factory=list)

    def of(self, first: date, last: date) -> list[Ad]:
        """The rows of these days, in no order that a pull could rely on."""
        ads = [ad for ad in self.ads if first <= ad.day <= last]
        random.Random(7).shuffle(ads)
        return ads

    def restate(self, day: date, factor: int) -> None:
        """The platform corrects the cost of a day."""
        self.ads = [replace(ad, cost=ad.cost * factor) if ad.day == day else ad for ad in self.ads]

    def drop(self, day: date, keyword_id: str) -> None:
        """A row that was reported is reported no more."""
        self.ads = [ad for ad in self.ads if (ad.day, ad.keyword_id) != (day, keyword_id)]


KEYWORDS = (
    ("333", "perimeter alarm", "exact"),
    ("334", "周界报警系统", "phrase"),
    ("335", 'pump "20mm", {best}\tprice', "broad"),
)


def small(days: int = 3, step: int = 10_000) -> Scenario:
    """Three keywords in two ad groups (one keyword id in both: it is unique per group only), two
    devices, and spend without a keyword. Costs are multiples of ``step`` micros."""
    scenario = Scenario()
    number = 0
    for offset in range(days):
        for group in ("222", "223"):
            for keyword_id, keyword, match_type in KEYWORDS:
                for device in ("desktop", "mobile"):
                    number += 1
                    scenario.ads.append(
                        Ad(
                            FIRST + timedelta(days=offset), "111", "Brand", group, f"Core {group}",
                            keyword_id, keyword, match_type, device, 50 + number, number,
                            (875 + 13 * number) * step, Decimal(number) / 4, Decimal(number * 100),
                        )
                    )  # fmt: skip
    return scenario


def unallocated(day: date, reason: str, cost: int) -> Ad:
    """Spend of a campaign that has no keywords."""
    return Ad(
        day, "190", "Everywhere", "", "", "", "", "", "mobile", 900, 9, cost, reason=reason
    )  # fmt: skip


def total(ads: Iterable[Ad]) -> int:
    """The cost of these rows, in millionths."""
    return sum(ad.cost for ad in ads)
