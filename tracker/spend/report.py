"""What an import of spend did, or would do: the same for the command, the API and the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from tracker.money import decimal_text
from tracker.spend.comparison import Comparison
from tracker.spend.guard import removed_campaigns
from tracker.spend.lines import amount
from tracker.spend.plan import Plan, Target


class DayReport(msgspec.Struct, frozen=True):
    """One slice; money is decimal text in the account's currency, ``last_day`` is later than
    ``day`` in a period total. ``change`` is added, replaced or unchanged."""

    account: str
    day: str
    last_day: str
    scope: str
    change: str
    rows: int
    impressions: int
    clicks: int
    cost: str
    cost_before: str


class SpendReport(msgspec.Struct, frozen=True):
    """``rows``, ``impressions``, ``clicks`` and ``cost`` are those of the file. ``days`` counts
    slices, of which so many were ``added``, ``replaced`` or stayed ``unchanged``; ``removed`` are
    older ones that these take the place of. ``asks`` is what a run in earnest would ask about
    (only a dry run gets so far). ``pull`` is the number under which the rows stand."""

    site: str
    file: str
    platform: str
    account: str
    currency: str
    layout: str
    scope: str
    first: str
    last: str
    rows: int
    skipped: int
    impressions: int
    clicks: int
    cost: str
    days: int
    added: int
    replaced: int
    unchanged: int
    removed: int
    cost_before: str
    cost_after: str
    removed_campaigns: list[str]
    removed_keywords: int
    removed_keyword_names: list[str]
    problems: list[str]
    warnings: list[str]
    asks: list[str]
    dry_run: bool
    changed: bool
    pull: int | None
    by_day: list[DayReport]


@dataclass(frozen=True, slots=True)
class FileFacts:
    """The part of the report that the file alone decides."""

    site: str
    file: str
    platform: str
    account: str
    currency: str
    layout: str
    scope: str
    rows: int
    skipped: int
    impressions: int
    clicks: int
    cost: str
    problems: list[str]
    warnings: list[str]


def make_report(
    facts: FileFacts,
    plan: Plan,
    comparison: Comparison,
    asks: Sequence[str],
    *,
    dry_run: bool,
    pull: int | None,
) -> SpendReport:
    """The report of an import that wrote under ``pull``, None if it wrote nothing."""
    by_day = [_day(target, comparison) for target in plan.targets]
    changes = [comparison.of(target.unit) for target in plan.targets]
    before = sum(change.before.cost for change in changes)
    kinds = [day.change for day in by_day]
    removed = plan.removed()
    return SpendReport(
        **{name: getattr(facts, name) for name in FileFacts.__dataclass_fields__},
        first=min((day.day for day in by_day), default=""),
        last=max((day.last_day for day in by_day), default=""),
        days=len(by_day),
        added=kinds.count("added"),
        replaced=kinds.count("replaced"),
        unchanged=kinds.count("unchanged"),
        removed=len(removed),
        cost_before=_text(before + sum(int(one.cost * 1_000_000) for one in plan.retired)),
        cost_after=_text(sum(change.after.cost for change in changes)),
        removed_campaigns=[str(one) for one in sorted(removed_campaigns(plan, comparison))],
        removed_keywords=len(comparison.vanished),
        removed_keyword_names=comparison.vanished_keywords(),
        asks=list(asks),
        dry_run=dry_run,
        changed=bool(removed) or any(kind != "unchanged" for kind in kinds),
        pull=pull,
        by_day=by_day,
    )


def change_of(target: Target, comparison: Comparison) -> str:
    """Whether a target is new, takes the place of something else, or stands already as it is."""
    if not target.replaced:
        return "added"
    same = target.alone and comparison.of(target.unit).same
    return "unchanged" if same else "replaced"


def _day(target: Target, comparison: Comparison) -> DayReport:
    change = comparison.of(target.unit)
    return DayReport(
        account=target.unit.account,
        day=target.unit.first_day.isoformat(),
        last_day=target.unit.last_day.isoformat(),
        scope=target.scope,
        change=change_of(target, comparison),
        rows=change.after.lines,
        impressions=change.after.impressions,
        clicks=change.after.clicks,
        cost=_text(change.after.cost),
        cost_before=_text(change.before.cost),
    )


def _text(micros: int) -> str:
    return decimal_text(amount(micros)) or "0.00"
