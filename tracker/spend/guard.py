"""What an import asks about before it goes on: cost that would fall, campaigns that would go, and
slices that would be counted twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence, Set

from tracker.errors import NeedsConfirmation
from tracker.money import decimal_text
from tracker.spend.comparison import Comparison
from tracker.spend.lines import MICROS, Campaign, Unit, amount
from tracker.spend.plan import Plan
from tracker.spend.precedence import outranked
from tracker.spend.scope import parse_scope
from tracker.spend.standing import StandingSlice

#: A day whose cost falls below this share of what it was is asked about, in per cent.
KEPT_SHARE = 70
#: So many days or names stand in a message.
NAMED = 5


def same_campaign(one: Campaign, others: Set[Campaign]) -> bool:
    """Whether a campaign is among others: by id where both have one, else by name."""
    return one in others or any(
        one.id == other.id if one.id and other.id else one.name == other.name for other in others
    )


def removed_campaigns(plan: Plan, comparison: Comparison) -> dict[Campaign, list[Unit]]:
    """Campaigns that lose their place, with the units they lose it in.

    One with cost counts in each unit that it leaves. One without cost counts when it leaves all:
    platforms drop rows without impressions from one download to the next.
    """
    changes = {target.unit: comparison.of(target.unit) for target in plan.targets}
    remaining = {c for change in changes.values() for c in change.campaigns_after}
    gone: dict[Campaign, list[Unit]] = defaultdict(list)
    for unit, change in changes.items():
        for campaign, cost in change.campaigns_before.items():
            if same_campaign(campaign, change.campaigns_after):
                continue
            if cost or not same_campaign(campaign, remaining):
                gone[campaign].append(unit)
    return dict(gone)


def objections(plan: Plan, comparison: Comparison, currency: str, origin: str = "api") -> list[str]:
    """Everything that the import has to be told to go on with, as sentences; () for nothing."""
    return [
        *_conflicts(plan),
        *_outranked(plan, comparison, origin),
        *_falls(plan, comparison, currency),
        *_removals(removed_campaigns(plan, comparison)),
    ]


def ask(reasons: Sequence[str]) -> None:
    """NeedsConfirmation with these reasons, if there are any."""
    if reasons:
        raise NeedsConfirmation(
            " ".join(reasons) + " Nothing was imported.",
            hint="If that is right, import it with --replace; to leave campaigns that the file "
            "does not have as they are, with --partial.",
        )


def _conflicts(plan: Plan) -> list[str]:
    by_kind: dict[tuple[bool, str], list[tuple[Unit, StandingSlice]]] = defaultdict(list)
    for unit, standing in plan.conflicts:
        by_kind[standing.unit == unit, standing.scope].append((unit, standing))
    return [_conflict(same, pairs) for (same, _), pairs in sorted(by_kind.items())]


def _conflict(same: bool, pairs: Sequence[tuple[Unit, StandingSlice]]) -> str:
    what = str(parse_scope(pairs[0][1].scope))
    part = "all devices, networks and campaigns" if what == "all" else what
    if same:
        days = _some(str(unit) for unit, _ in pairs)
        return (
            f"The file covers only a part of the day, and {days} already holds spend of {part}, "
            "from which that part cannot be told: both together would count it twice. Import a "
            "report of the whole day, or put this file in place of what stands."
        )
    spans = _some(dict.fromkeys(str(one.unit) for _, one in pairs))
    return (
        f"Spend of {spans} ({part}) stands already and shares days with this file: both together "
        "would count it twice."
    )


def _outranked(plan: Plan, comparison: Comparison, origin: str) -> list[str]:
    changed = [
        target for target in plan.targets if not (target.alone and comparison.of(target.unit).same)
    ]
    return [
        f"{_some(dict.fromkeys(map(str, units)))} came from a better source "
        f"({source}): it has ids and corrections that this one lacks."
        for source, units in outranked(plan, changed, origin).items()
    ]


def _falls(plan: Plan, comparison: Comparison, currency: str) -> list[str]:
    falls = []
    for target in plan.targets:
        change = comparison.of(target.unit)
        if _falls_far(change.before.cost, change.after.cost):
            falls.append((target.unit, change.before.cost, change.after.cost))
    falls += _falls_of_periods(plan, comparison)
    if not falls:
        return []
    texts = [f"{unit}: {_money(old)} to {_money(new)}" for unit, old, new in falls]
    return [f"It would lower cost by more than {100 - KEPT_SHARE}% ({currency}): {_some(texts)}."]


def _falls_of_periods(plan: Plan, comparison: Comparison) -> list[tuple[Unit, int, int]]:
    """Period totals (or days) that give way to slices of another span."""
    found = []
    for one in plan.retired:
        after = sum(
            comparison.of(target.unit).after.cost
            for target in plan.targets
            if target.unit.account == one.unit.account
            and target.unit.day <= one.unit.last
            and one.unit.day <= target.unit.last
        )
        before = int(one.cost * MICROS)
        if _falls_far(before, after):
            found.append((one.unit, before, after))
    return found


def _falls_far(before: int, after: int) -> bool:
    return after * 100 < before * KEPT_SHARE


def _removals(gone: dict[Campaign, list[Unit]]) -> list[str]:
    if not gone:
        return []
    texts = [f"{campaign} ({_some(map(str, units))})" for campaign, units in sorted(gone.items())]
    return [f"It would remove {_plural(len(gone), 'campaign')}: {_some(texts)}."]


def _money(micros: int) -> str:
    return decimal_text(amount(micros)) or ""


def _some(texts: Iterable[str]) -> str:
    every = list(texts)
    shown = ", ".join(every[:NAMED])
    return shown if len(every) <= NAMED else f"{shown} and {len(every) - NAMED} more"


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
