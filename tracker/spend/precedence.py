"""Which source of an account's day stands when several tell it: the one that knows most.

A day has one content, whatever it came by: a later import takes the place of an earlier one, so no
cost is counted twice. But a file must not unnoticed take the place of what the platform's own
interface gave, which has ids, restatements and what no keyword has: that asks first, and a
scheduled import that cannot ask is held.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tracker.spend.lines import Unit
from tracker.spend.plan import Plan, Target
from tracker.spend.standing import StandingSlice

#: Rank of an origin: a higher one is not replaced by a lower one without consent. All others have
#: the rank of files, and the later of two of one rank stands.
RANKS: Final = {"api": 2, "push": 1}


def rank(origin: str) -> int:
    """How much a source of that name knows."""
    return RANKS.get(origin, 0)


def outranked(plan: Plan, changed: Iterable[Target], origin: str) -> dict[str, list[Unit]]:
    """The units in which an import of ``origin`` would take the place of a source that knows
    more, by that source, the best first."""
    going: list[tuple[Unit, StandingSlice]] = [
        (target.unit, one) for target in changed for one in target.replaced
    ]
    going += [(one.unit, one) for one in plan.retired]
    found: dict[str, list[Unit]] = {}
    for unit, one in sorted(going, key=lambda pair: (-rank(pair[1].origin), pair[0])):
        if one.lines and rank(one.origin) > rank(origin):
            found.setdefault(one.origin, []).append(unit)
    return found
