"""Granting the goals that are asked for, and showing goals in JSON."""

from __future__ import annotations

from datetime import datetime
from typing import get_args

from sqlalchemy import Engine

from tracker.accounts.goal_filters import filter_text, read_filter
from tracker.accounts.goal_wish import GoalWish
from tracker.accounts.goals import Counting, Goal, GoalKind, add_goal
from tracker.errors import InvalidInput, of_field
from tracker.money import decimal_text, parse_amount

_KINDS: tuple[GoalKind, ...] = ("path", "event", "form", "click", "download")


def grant_goal(db: Engine, wish: GoalWish, *, now: datetime | None = None) -> Goal:
    """Add the goal that is asked for. InvalidInput for what contradicts itself; else as
    ``add_goal``. The caller marks the site's slices dirty."""
    kind, pattern = _kind(wish)
    if wish.value and wish.event_value:
        raise InvalidInput("Give --value or --event-value, not both.")
    return add_goal(
        db,
        site=wish.site,
        name=wish.name,
        kind=kind,
        pattern=pattern,
        value=of_field("value", parse_amount, wish.value) if wish.value else None,
        use_event_value=wish.event_value,
        counting=_counting(wish.count),
        lookback_days=wish.lookback or None,
        filters=[of_field("where", read_filter, text) for text in wish.where],
        seconds=wish.seconds,
        depth=wish.depth,
        is_primary=wish.primary,
        reset_path=wish.reset,
        now=now,
    )


def goal_fields(goal: Goal) -> dict[str, object]:
    """A goal in JSON."""
    return {
        "goal": goal.id,
        "site": goal.site,
        "name": goal.name,
        "kind": goal.kind,
        "pattern": goal.pattern,
        "value": None if goal.value is None else f"{goal.value:f}",
        "currency": goal.currency,
        "event_value": goal.use_event_value,
        "count": goal.counting,
        "where": [filter_text(one) for one in goal.filters],
        "seconds": goal.seconds,
        "depth": goal.depth,
        "lookback": goal.lookback_days,
        "primary": goal.is_primary,
        "reset": goal.reset_path,
    }


def api_fields(goal: Goal) -> dict[str, object]:
    """A goal as the API lists it."""
    fields = goal_fields(goal) | {"value": decimal_text(goal.value)}
    return {"id": fields.pop("goal")} | {name: fields[name] for name in fields if name != "site"}


def _kind(wish: GoalWish) -> tuple[GoalKind, str]:
    given: list[tuple[GoalKind, str]] = [
        (kind, getattr(wish, kind)) for kind in _KINDS if getattr(wish, kind)
    ]
    if wish.seconds or wish.depth:
        given.append(("engagement", ""))
    if len(given) != 1:
        raise InvalidInput(
            "A goal needs a page or an event.",
            hint="Give one of --path, --event, --form, --click, --download, or --seconds and "
            "--depth.",
        )
    return given[0]


def _counting(text: str) -> Counting:
    counts: tuple[Counting, ...] = get_args(Counting)
    for counting in counts:
        if text == counting:
            return counting
    raise InvalidInput(f"Unknown count {text!r}.", hint=f"Allowed: {', '.join(counts)}.")
