"""What an import replaces: a target slice for each unit of the file, and what has to go for it.

All slices of a day are added up, so a slice that would be counted beside another of the same
rows is a *conflict*. A wider file takes the place of narrower slices. A file of some devices goes
into a slice of all devices whose lines name theirs. A period total gives way to a file that
covers all of its days. Anything else waits for consent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tracker.spend.files.rows import Scope
from tracker.spend.lines import Unit
from tracker.spend.scope import EVERYTHING, apart, holds, parse_scope, scope_text
from tracker.spend.standing import StandingSlice, devices_of


@dataclass(frozen=True, slots=True)
class Target:
    """A slice that the import writes.

    ``replaced`` are the standing slices of the same unit whose place it takes, its own key's
    among them. With ``into_devices`` the lines of other devices stay, taken over from ``exact``.
    """

    unit: Unit
    scope: str
    exact: StandingSlice | None = None
    replaced: tuple[StandingSlice, ...] = ()
    into_devices: tuple[str, ...] = ()

    @property
    def alone(self) -> bool:
        """Whether nothing but an older version of the same slice stands in its place."""
        return self.exact is not None and self.replaced == (self.exact,)


@dataclass(slots=True)
class Plan:
    """``retired`` are standing slices of other spans that go; ``conflicts`` those that would be
    counted twice, each with the unit of the file that they meet."""

    targets: list[Target] = field(default_factory=list)
    retired: list[StandingSlice] = field(default_factory=list)
    conflicts: list[tuple[Unit, StandingSlice]] = field(default_factory=list)

    def removed(self) -> list[StandingSlice]:
        """Slices that stand no more when the targets do."""
        gone = [
            one for target in self.targets for one in target.replaced if one is not target.exact
        ]
        return gone + self.retired


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds: its scope, the units with lines, and whether every line names a device
    of the scope. ``empty`` are days that it covers and has no line for."""

    scope: Scope
    units: Sequence[Unit]
    devices_told: bool = False
    empty: frozenset[Unit] = frozenset()


def stood(content: Content, standing: Iterable[StandingSlice]) -> set[Unit]:
    """The units in which lines stand that the file would replace, had it any of its own there."""
    return {
        one.unit
        for one in standing
        if one.lines and (holds(content.scope, parse_scope(one.scope)) or _takes_in(content, one))
    }


def make_plan(content: Content, standing: Iterable[StandingSlice], *, consent: bool) -> Plan:
    """The plan of an import; with ``consent`` conflicts give way instead of being reported."""
    plan = Plan()
    beside: dict[Unit, list[StandingSlice]] = defaultdict(list)
    for one in standing:
        beside[one.unit].append(one)
    for unit in sorted({*content.units, *content.empty}):
        plan.targets.append(_target(plan, content, unit, beside.pop(unit, []), consent))
    others = [one for slices in beside.values() for one in slices if one.lines]
    _resolve_spans(plan, content, others, consent)
    return plan


def _target(
    plan: Plan, content: Content, unit: Unit, beside: Sequence[StandingSlice], consent: bool
) -> Target:
    scope = scope_text(content.scope)
    exact = next((one for one in beside if one.scope == scope), None)
    replaced = [exact] if exact else []
    into: StandingSlice | None = None
    for one in beside:
        other = parse_scope(one.scope)
        if one is exact or apart(content.scope, other):
            continue
        if holds(content.scope, other):
            replaced.append(one)
        elif one.lines and _takes_in(content, one):
            into = one
        elif one.lines and unit not in content.empty:
            if consent:
                replaced.append(one)
            else:
                plan.conflicts.append((unit, one))
    if into is not None:
        return Target(unit, into.scope, into, (into, *replaced), content.scope.devices)
    return Target(unit, scope, exact, tuple(replaced))


def _takes_in(content: Content, one: StandingSlice) -> bool:
    """Whether the part that the file replaces can be told within a slice of all devices."""
    devices = devices_of(scope_text(content.scope))
    return bool(devices) and content.devices_told and one.scope == EVERYTHING and not one.bare


def _resolve_spans(
    plan: Plan, content: Content, others: Sequence[StandingSlice], consent: bool
) -> None:
    """Days under a period total, and the other way round."""
    covered = {*content.units, *content.empty}
    for one in others:
        unit = next((unit for unit in content.units if _overlap(unit, one.unit)), None)
        scope = parse_scope(one.scope)
        if unit is None or apart(content.scope, scope):
            continue
        days = (Unit(one.unit.account, d, d) for d in range(one.unit.day, one.unit.last + 1))
        inside = holds(content.scope, scope) and all(day in covered for day in days)
        if inside or consent:
            plan.retired.append(one)
        else:
            plan.conflicts.append((unit, one))


def _overlap(one: Unit, other: Unit) -> bool:
    return one.account == other.account and one.day <= other.last and other.day <= one.last
