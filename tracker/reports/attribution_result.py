"""What the reports on attribution answer, in the shape that JSON has.

Credit and money are decimal strings, money in the site's currency; undefined is null.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

import msgspec

from tracker.attribution.grouping import Group
from tracker.money import decimal_text
from tracker.reports.result import Incomplete

_UNIT, _MICRO = Decimal("1e-9"), Decimal("1e-6")


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A row, or a step of a path: a group of sources. Without a keyword of the spend it has the
    channel, and the reason where a paid click could not be given to a keyword."""

    level: str
    platform: str | None
    account: str | None
    campaign: str | None
    ad_group: str | None
    keyword: str | None
    match_type: str | None
    channel: str | None
    reason: str | None

    @property
    def name(self) -> str:
        """The finest name there is."""
        names = (self.keyword, self.ad_group, self.campaign, self.channel, self.platform)
        return next((name for name in names if name), self.reason or "")


class Earned(msgspec.Struct, frozen=True):
    """Credit under one model; ``revenue`` is null where an exchange rate is missing, and of
    an opened conversion that has no value."""

    conversions: str
    revenue: str | None


class ModelRow(msgspec.Struct, frozen=True):
    """One row of the comparison: credit by model. ``markov`` follows the same grain, except at
    keyword level, where small keywords share the effect of a larger group."""

    source: Step
    models: dict[str, Earned]


class ModelComparison(msgspec.Struct, frozen=True, kw_only=True):
    """Every model beside the others; by conversion date and without a brand filter the totals of
    all are the same."""

    site: str
    first: str = msgspec.field(name="from")
    last: str = msgspec.field(name="to")
    by: str
    level: str
    order: int
    currency: str
    probability: float | None
    row_count: int
    rows: list[ModelRow]
    totals: dict[str, Earned]
    incomplete: list[Incomplete]
    brand: str = "all"


class PathRow(msgspec.Struct, frozen=True):
    """A path, how many conversions had it with what value (null where an exchange rate is missing),
    and how many people had it without converting."""

    steps: list[Step]
    conversions: int
    revenue: str | None
    lost: int


class Bucket(msgspec.Struct, frozen=True):
    """A count of conversions at a number: touches in the path, or whole days."""

    at: int
    conversions: int


class Assist(msgspec.Struct, frozen=True):
    """Conversions whose path has the group, once each: at its end, and anywhere before it."""

    source: Step
    assisted: int
    last: int
    first: int


class PathReport(msgspec.Struct, frozen=True, kw_only=True):
    """Paths to conversion. ``lengths`` by touches; ``first_lag`` and ``last_lag`` by whole days
    [n, n+1) from the first and from the last non-direct touch to the conversion.
    ``brand_after_non_brand``: conversions that a brand term is credited with, which another keyword
    came before; null without brand terms. ``path_count`` and ``assist_count`` are those of all, of
    which ``limit`` are given."""

    site: str
    first: str = msgspec.field(name="from")
    last: str = msgspec.field(name="to")
    by: str
    level: str
    currency: str
    conversions: int
    without_touch: int
    path_count: int
    paths: list[PathRow]
    lengths: list[Bucket]
    first_lag: list[Bucket]
    last_lag: list[Bucket]
    assists: list[Assist]
    incomplete: list[Incomplete]
    assist_count: int = 0
    brand: str = "all"
    brand_after_non_brand: int | None = None


def platforms_of_several(steps: Iterable[Step]) -> frozenset[str]:
    """The platforms of which these steps are of several accounts: a name may be one of each."""
    accounts = {(step.platform, step.account) for step in steps if step.platform and step.account}
    counts = Counter(platform for platform, _ in accounts)
    return frozenset(platform for platform, count in counts.items() if count > 1)


def step_of(group: Group) -> Step:
    """A group of sources in JSON."""
    names = (*group.names, "", "", "", "")
    account, campaign, ad_group, keyword = (name or None for name in names[:4])
    return Step(
        level=str(group.level),
        platform=group.platform or None,
        account=account,
        campaign=campaign,
        ad_group=ad_group,
        keyword=keyword,
        match_type=group.match_type or None,
        channel=group.channel or None,
        reason=group.reason or None,
    )


def earned(weight: int, amount: int, unpriced: int) -> Earned:
    """Credit in JSON from integers of 1e-9 and 1e-6."""
    return Earned(
        decimal_text(_UNIT * weight, places=0) or "0",
        None if unpriced else decimal_text(_MICRO * amount),
    )
