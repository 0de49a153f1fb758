"""A goal as commands, the API and pages ask for it: plain values, each way to reach it a field."""

from __future__ import annotations

import msgspec


class GoalFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of path, event, form, click, download, or seconds and depth of engagement; texts are
    empty and numbers 0 where nothing is asked.

    ``where`` has filters as ``read_filter`` reads them, ``value`` is decimal text, ``lookback``
    is in days, ``count`` is every, visit or person. ``primary``: counts in totals of all goals,
    null for what is usual for its kind; ``reset``: a path begins after the person's previous
    conversion.
    """

    name: str
    path: str = ""
    event: str = ""
    value: str = ""
    event_value: bool = False
    count: str = "every"
    form: str = ""
    click: str = ""
    download: str = ""
    seconds: int = 0
    depth: int = 0
    where: tuple[str, ...] = ()
    lookback: int = 0
    primary: bool | None = None
    reset: bool = False


class GoalWish(GoalFields, frozen=True, kw_only=True):
    """A goal of a site; ``site`` is its key."""

    site: str
