"""Filters by goal: people write its name, facts have its id."""

from __future__ import annotations

from collections.abc import Mapping

from tracker.reports.conditions import Condition, Join, Test

#: Goals that have no row and no id: the stages of the pipeline are called by their keys.
_STAGES = Test("goal", "matches", ("^(stage|repeat):",))


def by_id(condition: Condition, names: Mapping[str, str]) -> Condition:
    """The condition with goals by id; ``names`` has the name of each id.

    ``is`` takes ids too; ``matches`` is left to the ids and the keys of stages.
    """
    if isinstance(condition, Join):
        return Join(condition.word, tuple(by_id(part, names) for part in condition.parts))
    if condition.dimension != "goal":
        return condition
    if condition.operator == "is":
        wanted = set(condition.values)
        ids = tuple(id for id, name in names.items() if name in wanted)
        return Test("goal", "is", tuple(dict.fromkeys((*condition.values, *ids))))
    if condition.operator == "contains":
        parts = [value.casefold() for value in condition.values]
        ids = tuple(
            id for id, name in names.items() if any(part in name.casefold() for part in parts)
        )
        return Join("or", (Test("goal", "is", ids), Join("and", (_STAGES, condition))))
    return condition
