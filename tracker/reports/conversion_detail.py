"""A conversion opened: its touches, each model's weights, and why other visits did not count."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Engine

from tracker.accounts.clock import Clock, to_ms
from tracker.accounts.goals import list_goals
from tracker.accounts.sites import Site
from tracker.attribution.grouping import Level, group_of
from tracker.attribution.journeys import SourceName, source_names
from tracker.errors import InvalidInput, NotFound
from tracker.money import decimal_text
from tracker.period import Period
from tracker.reports.attribution_result import Earned, Step, earned, step_of
from tracker.reports.matching import way_matched
from tracker.reports.published import newest_build
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

PACKAGE = "tracker.reports"
_EVER = (date(1970, 1, 2), date(2149, 6, 5))


class Conversion(msgspec.Struct, frozen=True, kw_only=True):
    """A conversion. ``value`` is as it was given, with the tax that it includes (``tax_rate``, a
    share of the net value); ``revenue`` what counts of it: its net value in the site's currency,
    null where there is none or the exchange rate is missing. ``gain`` is what is left of it before
    ads, in the site's currency, by ``order_cost`` (in ``currency``) or the margin of
    ``product_group``; null where the margin of the site decides. ``path_end`` is where its path
    ends: its own time, or that of the first stage of its lead. ``matched`` says how it was given to
    a visitor: ``none`` while nobody is found, ``expired`` when it is no longer tried."""

    conversion: str
    goal: str
    time: datetime
    path_end: datetime
    visitor: str | None
    person: str | None
    matched: str
    lead: str | None
    value: str | None
    currency: str | None
    tax_rate: str | None
    revenue: str | None
    product_group: str | None
    order_cost: str | None
    gain: str | None
    rate_missing: bool


class Touch(msgspec.Struct, frozen=True, kw_only=True):
    """A visit of the person. ``position`` in the path, null with the reason where the visit is not
    in it: after_conversion, after_path_end (of a later stage of a lead, and of a repeat order that
    has the path of the first one), before_lookback, before_previous_conversion (of a goal whose
    paths begin after it), continues_visit (it goes on across midnight), or not_rebuilt."""

    visit: str | None
    time: datetime
    source: Step
    page: str | None
    referrer: str | None
    device: str | None
    position: int | None
    reason: str | None
    models: dict[str, Earned]


class ConversionDetail(msgspec.Struct, frozen=True, kw_only=True):
    """The conversion, its path, and the visits that are not in it, each in order of time. Revenue
    that is credited is null where the conversion has no value."""

    site: str
    currency: str
    lookback_days: int
    conversion: Conversion
    path: list[Touch]
    others: list[Touch]
    without_touch: dict[str, Earned]


def list_conversions(
    warehouse: Warehouse,
    db: Engine,
    site: Site,
    period: Period,
    *,
    clock: Clock,
    goal: str = "",
    limit: int = 100,
    offset: int = 0,
) -> list[Conversion]:
    """Conversions of the period by their own day, newest first."""
    rows = _rows(warehouse, site, (period.first, period.last), goal, 0, limit, offset)
    names = _goal_names(db, site)
    now = clock()
    return [_conversion(row, names, now) for row in rows]


def conversion_detail(
    warehouse: Warehouse, db: Engine, site: Site, conversion: str, *, clock: Clock
) -> ConversionDetail:
    """The conversion of that id (16 hex digits); NotFound, InvalidInput for another form."""
    rows = _rows(warehouse, site, _EVER, "", _number(conversion), 1, 0)
    if not rows:
        raise NotFound(f"No conversion {conversion!r}.", hint="A rebuild may have removed it.")
    row = rows[0]
    asof = newest_build(warehouse, site.key)
    names = source_names(warehouse, site.key, asof)
    credits = warehouse.dicts(
        load_sql(PACKAGE, "conversion_credit.sql"),
        {"site": site.key, "asof": asof, "day": row["day"], "conversion": row["conversion_id"]},
    )
    goal = next((goal for goal in list_goals(db, site.key) if goal.id == row["goal"]), None)
    lookback = (goal.lookback_days if goal else None) or site.lookback_days
    since = _previous_end(warehouse, site, asof, row) if goal and goal.reset_path else None
    path = _path(credits, names)
    visits = _visits(warehouse, site, asof, row)
    known = {touch.visit for touch in path}
    pages = {_hex(visit["visit_id"]): visit for visit in visits}
    return ConversionDetail(
        site=site.key,
        currency=site.currency,
        lookback_days=lookback,
        conversion=_conversion(row, _goal_names(db, site), clock()),
        path=[_with_page(touch, pages.get(touch.visit or "")) for touch in path],
        others=[
            _other(visit, _why_not(visit, row, timedelta(days=lookback), since), names)
            for visit in visits
            if _hex(visit["visit_id"]) not in known or not visit["touch"]
        ],
        without_touch=_without_touch(credits),
    )


def _rows(
    warehouse: Warehouse,
    site: Site,
    days: tuple[date, date],
    goal: str,
    wanted: int,
    limit: int,
    offset: int,
) -> list[dict[str, Any]]:
    return warehouse.dicts(
        load_sql(PACKAGE, "conversion_list.sql"),
        {
            "site": site.key,
            "asof": newest_build(warehouse, site.key),
            "first": days[0],
            "last": days[1],
            "goal": goal,
            "wanted": wanted,
            "rows": limit,
            "skip": offset,
        },
    )


def _number(text: str) -> int:
    try:
        found = int(text, 16)
    except ValueError:
        found = 0
    if len(text) != 16 or not found:
        raise InvalidInput(f"Not the id of a conversion: {text!r}.", hint="It has 16 hex digits.")
    return found


def _goal_names(db: Engine, site: Site) -> dict[str, str]:
    return {goal.id: goal.name for goal in list_goals(db, site.key)}


def _conversion(row: Mapping[str, Any], goals: Mapping[str, str], now: datetime) -> Conversion:
    return Conversion(
        conversion=_hex(row["conversion_id"]),
        goal=goals.get(row["goal"], row["goal"]),
        time=_utc(row["time"]),
        path_end=_utc(row["path_time"]),
        visitor=_hex(row["visitor"]) if row["visitor"] else None,
        person=_hex(row["person"]) if row["person"] else None,
        matched=way_matched(row, now),
        lead=row["lead"] or None,
        value=decimal_text(row["value"]),
        currency=row["currency"] if row["value"] is not None else None,
        tax_rate=decimal_text(row["tax_rate"], 0) if row["value"] is not None else None,
        revenue=decimal_text(row["value_site"]),
        product_group=row["product_group"] or None,
        order_cost=decimal_text(row["order_cost"]),
        gain=decimal_text(row["gain_site"]),
        rate_missing=bool(row["rate_missing"]),
    )


def _path(credits: list[dict[str, Any]], names: Mapping[int, SourceName]) -> list[Touch]:
    models: dict[int, dict[str, Earned]] = defaultdict(dict)
    touches: dict[int, dict[str, Any]] = {}
    for row in credits:
        if row["position"]:
            touches[row["position"]] = row
            models[row["position"]][row["model"]] = _earned(row)
    return [
        Touch(
            visit=_hex(row["visit_id"]) if row["visit_id"] else None,
            time=_utc(row["touch_time"]),
            source=step_of(group_of(names.get(row["source_key"]), Level.KEYWORD)),
            page=None,
            referrer=None,
            device=None,
            position=position,
            reason=None,
            models=models[position],
        )
        for position, row in sorted(touches.items())
    ]


def _without_touch(credits: list[dict[str, Any]]) -> dict[str, Earned]:
    return {row["model"]: _earned(row) for row in credits if not row["position"]}


def _earned(row: Mapping[str, Any]) -> Earned:
    return earned(row["weight"], row["amount"], row["rate_missing"] or not row["has_value"])


def _visits(
    warehouse: Warehouse, site: Site, asof: int, row: Mapping[str, Any]
) -> list[dict[str, Any]]:
    if not row["visitor"]:
        return []
    found = warehouse.dicts(
        load_sql(PACKAGE, "conversion_visits.sql"),
        {"site": site.key, "asof": asof, "visitor": row["visitor"], "person": row["person"]},
    )
    return found[::-1]


def _previous_end(
    warehouse: Warehouse, site: Site, asof: int, row: Mapping[str, Any]
) -> datetime | None:
    """Where the path of the person's previous conversion of the goal ended."""
    params = {
        "site": site.key,
        "goal": row["goal"],
        "asof": asof,
        "person": row["person"],
        "until": to_ms(_utc(row["path_time"])),
    }
    since: datetime | None
    ((since,),) = warehouse.rows(load_sql(PACKAGE, "conversion_before.sql"), params)
    return since


def _with_page(touch: Touch, visit: Mapping[str, Any] | None) -> Touch:
    if visit is None:
        return touch
    return msgspec.structs.replace(touch, **_place(visit))


def _place(visit: Mapping[str, Any]) -> dict[str, str | None]:
    return {
        "page": f"{visit['entry_host']}{visit['entry_path']}",
        "referrer": visit["referrer"] or None,
        "device": visit["device"] or None,
    }


def _why_not(
    visit: Mapping[str, Any],
    conversion: Mapping[str, Any],
    lookback: timedelta,
    since: datetime | None,
) -> str:
    """Why a visit is not in the path of the conversion, which begins after ``since``."""
    if not visit["touch"]:
        return "continues_visit"
    if visit["start"] > conversion["time"]:
        return "after_conversion"
    if visit["start"] > conversion["path_time"]:
        return "after_path_end"
    if conversion["path_time"] - visit["start"] > lookback:
        return "before_lookback"
    if since is not None and visit["start"] <= since:
        return "before_previous_conversion"
    return "not_rebuilt"


def _other(visit: Mapping[str, Any], reason: str, names: Mapping[int, SourceName]) -> Touch:
    return Touch(
        visit=_hex(visit["visit_id"]),
        time=_utc(visit["start"]),
        source=step_of(group_of(names.get(visit["source_key"]), Level.KEYWORD)),
        position=None,
        reason=reason,
        models={},
        **_place(visit),
    )


def _hex(number: int) -> str:
    return f"{number:016x}"


def _utc(instant: datetime) -> datetime:
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
