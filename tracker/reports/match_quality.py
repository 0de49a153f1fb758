"""How well visits and cost find each other: the share that was resolved, by method and reason."""

from __future__ import annotations

import msgspec

from tracker.accounts.sites import Site
from tracker.money import decimal_text
from tracker.period import Period
from tracker.reports.roi import MICRO
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

PACKAGE = "tracker.reports"
#: How a visit may find its keyword, in the order in which they are tried.
METHODS = ("id", "click", "tags")


class VisitMatch(msgspec.Struct, frozen=True):
    """Paid visits of a platform with one outcome: ``method`` id, click or tags, else the
    ``reason``."""

    platform: str
    method: str | None
    reason: str | None
    visits: int


class CostMatch(msgspec.Struct, frozen=True):
    """Cost of keywords whose visits were found by ``method`` (null: no visit was found), or cost
    that the platform gave to no keyword, with its ``reason``."""

    method: str | None
    reason: str | None
    cost: str | None


class MatchQuality(msgspec.Struct, frozen=True, kw_only=True):
    """Shares are null where there is nothing to resolve, or where a rate is missing.

    ``by_click``: by the platform's look-up of the click id. ``shared_links``: paid visits that were
    no clicks of their own (reason ``shared_link``)."""

    site: str
    first: str = msgspec.field(name="from")
    last: str = msgspec.field(name="to")
    currency: str
    paid_visits: float | None
    by_id: float | None
    by_click: float | None
    by_tags: float | None
    shared_links: int
    cost: float | None
    visits: list[VisitMatch]
    costs: list[CostMatch]


def match_quality(warehouse: Warehouse, site: Site, period: Period) -> MatchQuality:
    """The match quality of a site's period, in the state that is published now."""
    asof = warehouse.rows(load_sql(PACKAGE, "asof.sql"), {"site": site.key})[0][0]
    params = {"site": site.key, "asof": asof, "first": period.first, "last": period.last}
    visits = warehouse.rows(load_sql(PACKAGE, "match_quality.sql"), params)
    costs = warehouse.rows(load_sql(PACKAGE, "matched_cost.sql"), params)
    total = sum(row[3] for row in visits)
    found = dict.fromkeys(METHODS, 0)
    for _, method, _, count in visits:
        if method:
            found[method] += count
    whole = sum(row[2] for row in costs)
    priced = not any(row[3] for row in costs)
    return MatchQuality(
        site=site.key,
        first=period.first.isoformat(),
        last=period.last.isoformat(),
        currency=site.currency,
        paid_visits=sum(found.values()) / total if total else None,
        by_id=found["id"] / total if total else None,
        by_click=found["click"] / total if total else None,
        by_tags=found["tags"] / total if total else None,
        shared_links=sum(count for *_, reason, count in visits if reason == "shared_link"),
        cost=sum(row[2] for row in costs if row[0]) / whole if whole and priced else None,
        visits=[
            VisitMatch(platform, method or None, reason or None, count)
            for platform, method, reason, count in visits
        ],
        costs=[
            CostMatch(method or None, reason or None, None if lacks else decimal_text(MICRO * cost))
            for method, reason, cost, lacks in costs
        ],
    )
