"""What a goal looks for: its kind as an event with a pattern and filters, as the SQL takes it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

from tracker.accounts.goal_filters import GoalFilter
from tracker.accounts.goals import Goal
from tracker.accounts.path_patterns import path_regex
from tracker.money import parse_amount

#: Ways to talk → what the beacon's ``intent`` calls them.
TALKS = {
    "call": "tel",
    "mail": "mailto",
    "wechat": "wechat|weixin|work.weixin",
    "whatsapp": "whatsapp|wa.me",
    "telegram": "tg|t.me",
    "qq": "mqq|wpa",
    "chat": "chat|qiao|53kf",
}

#: A row of the ``goals`` parameter of conversions.sql: goals of sites that look for the same.
GoalRow = tuple[
    list[tuple[str, str]],
    str,
    str,
    str,
    list[tuple[str, str, str]],
    Decimal | None,
    str,
    bool,
    str,
    int,
    int,
    bool,
]


def goal_rows(goals: Iterable[Goal]) -> list[GoalRow]:
    """The goals as conversions.sql takes them: fewer rows are read faster."""
    rows: dict[str, GoalRow] = {}
    for goal in goals:
        row = goal_row(goal)
        held = rows.setdefault(repr(row[1:]), row)
        if held is not row:
            held[0].extend(row[0])
    return list(rows.values())


def goal_row(goal: Goal) -> GoalRow:
    """A goal alone as conversions.sql takes it."""
    event, pattern, subject = _looks_for(goal)
    filters = [(one.name, one.op, _compared(one)) for one in goal.filters]
    if goal.kind == "click" and goal.pattern != "any":
        filters.append(("kind", "in", TALKS[goal.pattern]))
    return (
        [(goal.site, goal.id)],
        event,
        pattern,
        subject,
        filters,
        goal.value,
        goal.currency or "",
        goal.use_event_value,
        goal.counting,
        goal.seconds * 1000,
        goal.depth,
        goal.is_primary,
    )


def sites_of(rows: Iterable[GoalRow]) -> list[str]:
    """The sites whose goals these rows are."""
    return sorted({site for row in rows for site, _ in row[0]})


def kind_of(row: GoalRow) -> Literal["plain", "props", "engaged"]:
    """Which part of conversions.sql finds what this goal looks for."""
    _, _, _, subject, filters, *_, engaged, depth, _ = row
    if engaged or depth:
        return "engaged"
    return "props" if subject or filters else "plain"


def _compared(one: GoalFilter) -> str:
    """What a filter compares with. NOTE: the engine reads ``1_200`` and ``１２００`` as 0."""
    return f"{parse_amount(one.value):f}" if one.op in ("at_least", "at_most") else one.value


def _looks_for(goal: Goal) -> tuple[str, str, str]:
    """(event name, regular expression or empty, the property it is for or empty for the path)."""
    if goal.kind == "event":
        return goal.pattern, "", ""
    if goal.kind == "path":
        return "pageview", path_regex(_at_any_depth(goal.pattern)), ""
    if goal.kind == "form":
        return "form", *_unless_any(goal.pattern, _name_regex(goal.pattern), "id")
    if goal.kind == "download":
        return "download", *_unless_any(goal.pattern, _address_regex(goal.pattern), "url")
    return ("intent" if goal.kind == "click" else "engagement"), "", ""


def _unless_any(pattern: str, regex: str, subject: str) -> tuple[str, str]:
    return ("", "") if pattern in ("*", "**") else (regex, subject)


def _name_regex(pattern: str) -> str:
    """A name in which ``*`` stands for anything."""
    return path_regex(pattern.replace("**", "*").replace("*", "**")).replace("/?(", "(")


def _address_regex(pattern: str) -> str:
    """A path pattern, for the whole address of a file."""
    return "^(?:[A-Za-z]+://[^/?#]*)?" + path_regex(_at_any_depth(pattern)).removeprefix("^")


def _at_any_depth(pattern: str) -> str:
    """A path begins with a slash: one that a star begins (``*.pdf``) would fit hardly any."""
    return "**" + pattern.lstrip("*") if pattern.startswith("*") else pattern
