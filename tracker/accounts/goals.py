"""Goals: which pages and events of a site count as conversions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, get_args

import msgspec
from sqlalchemy import Engine, Row, delete, insert, select
from sqlalchemy.exc import IntegrityError

from tracker.accounts import schema
from tracker.accounts.clock import utc_now
from tracker.accounts.database import write
from tracker.accounts.goal_filters import GoalFilter, checked_filters
from tracker.accounts.identifiers import new_id
from tracker.accounts.names import checked_name
from tracker.accounts.path_patterns import check_path
from tracker.accounts.site_rules import checked_keep_days, checked_lookback
from tracker.accounts.sites import get_site
from tracker.errors import InvalidInput, NotFound, of_field
from tracker.money import LIMIT, parse_currency

GoalKind = Literal["path", "event", "form", "click", "download", "engagement"]
Counting = Literal["every", "visit", "person"]

#: What a click goal may look for.
TALK = ("any", "call", "mail", "wechat", "whatsapp", "telegram", "qq", "chat")
#: How goals that are stages of the pipeline begin: reports know both by name.
STAGES = ("stage:", "repeat:")
#: Longest attention that a goal may ask for, in seconds.
MAX_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal of one site; conversions are counted per ``id``.

    ``pattern`` is a path pattern (``path_patterns``), an exact event name, the id of a form, a way
    to talk (``TALK``) or the path of a file, by ``kind``; empty for engagement, which needs
    ``seconds`` of attention in one visit, ``depth`` per cent of a page, or both. All ``filters``
    must hold. Counted ``every`` time, once per ``visit`` or once per ``person``. ``value`` with
    ``currency`` is a fixed value; ``use_event_value`` takes the event's own and falls back on the
    fixed one. ``lookback_days`` None means the site's. ``is_stage``: reached by people in the
    sales pipeline rather than by a page or an event alone. ``is_primary``: counts in totals of all
    goals, not only for itself. ``reset_path``: of a person's touches only those after his previous
    conversion of this goal.
    """

    id: str
    site: str
    name: str
    kind: GoalKind
    pattern: str
    value: Decimal | None
    currency: str | None
    use_event_value: bool
    counting: Counting
    lookback_days: int | None
    is_stage: bool
    created_at: datetime
    filters: tuple[GoalFilter, ...] = ()
    seconds: int = 0
    depth: int = 0
    is_primary: bool = True
    reset_path: bool = False


#: Kinds that are what people do on the way: unless the site says so, they count for themselves.
ON_THE_WAY: tuple[GoalKind, ...] = ("click", "download", "engagement")


def add_goal(
    db: Engine,
    *,
    site: str,
    name: str,
    kind: GoalKind,
    pattern: str,
    value: Decimal | None = None,
    currency: str | None = None,
    use_event_value: bool = False,
    counting: Counting = "every",
    lookback_days: int | None = None,
    is_stage: bool = False,
    filters: Iterable[GoalFilter] = (),
    seconds: int = 0,
    depth: int = 0,
    is_primary: bool | None = None,
    reset_path: bool = False,
    now: datetime | None = None,
) -> Goal:
    """A new goal; a fixed value without a currency has the site's. ``is_primary`` None means by
    its kind (``ON_THE_WAY``).

    NotFound for the site, InvalidInput for a name in use or a bad value. The caller marks the
    site's slices dirty.
    """
    owner = get_site(db, site)
    fixed = currency or (owner.currency if value is not None or use_event_value else None)
    goal = _checked(
        Goal(
            id=new_id(),
            site=owner.key,
            name=name,
            kind=kind,
            pattern=pattern,
            value=value,
            currency=fixed,
            use_event_value=use_event_value,
            counting=counting,
            lookback_days=lookback_days,
            is_stage=is_stage,
            created_at=now or utc_now(),
            filters=tuple(filters),
            seconds=seconds,
            depth=depth,
            is_primary=kind not in ON_THE_WAY if is_primary is None else is_primary,
            reset_path=reset_path,
        ),
        owner.settings.keep_days,
    )
    try:
        with write(db) as connection:
            connection.execute(insert(schema.goals).values(**_stored(goal)))
    except IntegrityError as error:
        raise InvalidInput(
            f"The site {site!r} has a goal named {goal.name!r} already.",
            hint="Choose another name, or remove that goal first.",
        ) from error
    return goal


def list_goals(db: Engine, site: str) -> list[Goal]:
    """The goals of a site, oldest first."""
    table = schema.goals
    query = select(table).where(table.c.site == site).order_by(table.c.created_at, table.c.id)
    with db.connect() as connection:
        return [_goal(row) for row in connection.execute(query)]


def goals_of(db: Engine, sites: list[str]) -> dict[str, list[Goal]]:
    """The goals of many sites at once, each site's oldest first; a site without has none."""
    table = schema.goals
    found: dict[str, list[Goal]] = {site: [] for site in sites}
    query = select(table).where(table.c.site.in_(sites)).order_by(table.c.created_at, table.c.id)
    with db.connect() as connection:
        for row in connection.execute(query):
            found[row.site].append(_goal(row))
    return found


def find_goal(db: Engine, site: str, name: str) -> Goal | None:
    """The goal of that name, or None."""
    table = schema.goals
    with db.connect() as connection:
        row = connection.execute(
            select(table).where(table.c.site == site, table.c.name == name.strip())
        ).one_or_none()
    return None if row is None else _goal(row)


def get_goal(db: Engine, site: str, name: str) -> Goal:
    """The goal of that name or, if none is called so, of that id, as results name it; NotFound,
    which lists the names there are."""
    goals = list_goals(db, site)
    goal = find_goal(db, site, name) or next((one for one in goals if one.id == name), None)
    if goal is None:
        names = ", ".join(repr(goal.name) for goal in goals) or "none"
        raise NotFound(f"The site {site!r} has no goal {name!r}.", hint=f"There are: {names}.")
    return goal


def remove_goal(db: Engine, site: str, name: str) -> Goal:
    """Remove the goal of that name and return it; NotFound. The caller marks slices dirty."""
    goal = get_goal(db, site, name)
    with write(db) as connection:
        connection.execute(delete(schema.goals).where(schema.goals.c.id == goal.id))
    return goal


def _checked(goal: Goal, keep_days: int) -> Goal:
    """``keep_days``: for how long the site keeps visits."""
    if goal.kind not in get_args(GoalKind):
        raise InvalidInput(
            f"Unknown kind of goal {goal.kind!r}.",
            hint="Use " + ", ".join(get_args(GoalKind)) + ".",
        )
    if goal.counting not in get_args(Counting):
        raise InvalidInput(
            f"Unknown counting {goal.counting!r}.", hint="Use every, visit or person."
        )
    if goal.lookback_days is not None:
        of_field("lookback", checked_lookback, goal.lookback_days)
        checked_keep_days(keep_days, goal.lookback_days)
    if goal.value is not None and not (goal.value.is_finite() and 0 <= goal.value <= LIMIT):
        raise InvalidInput(f"The goal's value is {goal.value}; allowed are 0 to {LIMIT}.")
    values = _values(goal) | {"name": of_field("name", _checked_goal_name, goal.name)}
    values["pattern"] = of_field("pattern", _checked_pattern, goal)
    values["filters"] = of_field("where", checked_filters, goal.filters)
    _check_engagement(goal)
    values["currency"] = parse_currency(goal.currency) if goal.currency else None
    return Goal(**values)


def _checked_goal_name(text: str) -> str:
    name = checked_name(text, "goal", longest=100)
    if name.startswith(STAGES):
        raise InvalidInput(
            f"The goal's name is {name!r}; names that begin with stage: or repeat: are those of "
            "stages of the pipeline.",
            hint="Choose another name.",
        )
    return name


def _checked_pattern(goal: Goal) -> str:
    pattern = goal.pattern.strip()
    if goal.kind == "engagement":
        return ""
    if goal.kind in ("form", "click", "download"):
        pattern = pattern or ("any" if goal.kind == "click" else "*")
    if not pattern or len(pattern) > 1000 or "\0" in pattern:
        raise InvalidInput(
            f"The goal's pattern has {len(pattern)} characters; 1 to 1000 are allowed."
        )
    if goal.kind == "path" or (goal.kind == "download" and pattern != "*"):
        check_path(pattern)
    if goal.kind == "click" and pattern not in TALK:
        raise InvalidInput(f"Unknown way to talk {pattern!r}.", hint="Use " + ", ".join(TALK) + ".")
    return pattern


def _check_engagement(goal: Goal) -> None:
    if not 0 <= goal.seconds <= MAX_SECONDS or not 0 <= goal.depth <= 100:
        raise InvalidInput(
            f"The goal asks for {goal.seconds} s and {goal.depth} per cent; allowed are 0 to "
            f"{MAX_SECONDS} s and 0 to 100 per cent."
        )
    wanted = goal.seconds or goal.depth
    if goal.kind == "engagement" and not wanted:
        raise InvalidInput(
            "A goal of engagement needs seconds or depth.", hint="Such as 60 s, or 75 per cent."
        )
    if goal.kind != "engagement" and wanted:
        raise InvalidInput("Seconds and depth belong to goals of engagement.")
    if goal.kind == "engagement" and goal.use_event_value:
        raise InvalidInput("A goal of engagement has no event whose value it could take.")


def _values(goal: Goal) -> dict[str, Any]:
    return {name: getattr(goal, name) for name in Goal.__dataclass_fields__}


def _stored(goal: Goal) -> dict[str, Any]:
    return _values(goal) | {"filters": msgspec.json.encode(goal.filters).decode()}


def _goal(row: Row[Any]) -> Goal:
    filters = msgspec.json.decode(row.filters, type=tuple[GoalFilter, ...])
    return Goal(**(dict(row._mapping) | {"filters": filters}))
