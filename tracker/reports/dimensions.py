"""The dimensions that a breakdown can be grouped and filtered by: a table of closed SQL fragments.

A dimension says for each fact what it is there. A fragment stands in one of three places: ``inner``
is over the rows of the fact itself; ``word`` is an attribute of the keyword that the row's source
or spend belongs to; ``tag`` one of the source's own tags. A fact without a fragment lacks the
dimension: what it measures then stands on the *unallocated* row, and no filter on it can be known
to hold. All days are the site's, hours are of its time zone: where clocks change, a day has 23 or
25 of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

from tracker.errors import InvalidInput


class Fact(StrEnum):
    """What is measured, each from a table of its own."""

    VISITS = "visits"
    HITS = "hits"
    DAYS = "days"
    CREDIT = "credit"
    ASSISTS = "assists"
    SPEND = "spend"
    SPEND_DAYS = "spend_days"
    TERMS = "search_terms"


Place = Literal["inner", "word", "tag"]


class Fragment(NamedTuple):
    """SQL of a dimension within one fact, and where it may stand."""

    place: Place
    sql: str


@dataclass(frozen=True, slots=True)
class Dimension:
    """``is_time`` values are shifted in a comparison, so that its days lie beside the period's;
    ``is_list`` values are several between commas, of which a filter may mean one; ``is_normal``
    ones are in the form in which names are compared, and so is what a filter looks for."""

    name: str
    fragments: Mapping[Fact, Fragment]
    is_time: bool = False
    is_list: bool = False
    is_normal: bool = False


_VISITED = (Fact.VISITS, Fact.HITS)
_CREDITED = (Fact.CREDIT, Fact.ASSISTS)
#: Spend, and the same spend with the part of each search term apart.
_SPENT = (Fact.SPEND, Fact.TERMS)


def _inner(sql: str, *facts: Fact) -> dict[Fact, Fragment]:
    return dict.fromkeys(facts, Fragment("inner", sql))


def _word(name: str) -> dict[Fact, Fragment]:
    return dict.fromkeys((*_VISITED, *_CREDITED, *_SPENT), Fragment("word", name))


def _tag(name: str) -> dict[Fact, Fragment]:
    return dict.fromkeys((*_VISITED, *_CREDITED), Fragment("tag", name))


def _visit(column: str) -> dict[Fact, Fragment]:
    """An attribute of the visit, for credit that of the touch; of what a visit looked at it is that
    of the event itself, as joining every hit to its visit takes longer than reading them: an event
    of a server may have none."""
    return _inner(column, *_VISITED) | _inner(f"v.{column}", *_CREDITED)


def _calendar(function: str, *, recurs: bool = False) -> dict[Fact, Fragment]:
    """A function of the day; spend of several days has one only where all of them share it. Where
    values recur, as weekdays do, no two days that follow each other share one."""
    first, last = (function.format(day=name) for name in ("day", "last_day"))
    is_shared = "day = last_day" if recurs else f"{first} = {last}"
    spread = f"if({is_shared}, {first}, NULL)"
    return (
        _inner(first, *_VISITED, Fact.DAYS)
        | _inner(function.format(day="at"), *_CREDITED)
        | _inner(spread, *_SPENT, Fact.SPEND_DAYS)
    )


def _hour(of_instant: str) -> str:
    return f"toHour(toTimeZone({of_instant}, {{zone:String}}))"


#: A day of a comparison lies beside the same day of the period, and never before the period: of one
#: that begins with 29 February, 28 February of the year before does. (Adding years to every row
#: takes longer than the rest of a sum by day, so nothing is added where there are none.)
_SHIFTED = (
    "if({{years:Int32}} = 0, {day} + {{days:Int32}}, "
    "greatest(addYears({day}, {{years:Int32}}), {{start:Date}}))"
)
#: When credit lands: at the touch, or at the conversion (``m`` is joined for that).
_MOMENT = "if({by_click:Bool}, c.touch_time, m.converted)"

#: The form in which names are compared, as in ``spend/keywords.sql``.
_NORMAL = r"trimBoth(replaceRegexpAll(lowerUTF8(normalizeUTF8NFKC({})), '\\s+', ' '))"

#: The tags of a person, by any of his visitors; a person is named by one of them.
_TAGS = "transform({who}, {{tagged:Array(UInt64)}}, {{tag_lists:Array(String)}}, '')"

#: The stage of a lead; of a repeat order, which is shown apart, `repeat:STAGE`.
_STAGE = (
    "multiIf(startsWith(c.goal, 'stage:'), substring(c.goal, 7), "
    "startsWith(c.goal, 'repeat:'), c.goal, '')"
)


def _all() -> tuple[Dimension, ...]:
    return (
        Dimension("day", _calendar(_SHIFTED), is_time=True),
        Dimension("week", _calendar(f"toMonday({_SHIFTED})"), is_time=True),
        Dimension("month", _calendar(f"toStartOfMonth({_SHIFTED})"), is_time=True),
        Dimension("weekday", _calendar("toDayOfWeek({day})", recurs=True)),
        Dimension(
            "hour",
            _inner(_hour("start"), Fact.VISITS)
            | _inner(_hour("time"), Fact.HITS)
            | _inner(_hour(_MOMENT), *_CREDITED),
        ),
        Dimension(
            "platform",
            _inner("platform", *_VISITED, Fact.DAYS, *_SPENT, Fact.SPEND_DAYS)
            | dict.fromkeys(_CREDITED, Fragment("word", "platform")),
        ),
        *(Dimension(name, _word(name)) for name in ("account", "campaign", "ad_group", "keyword")),
        *(Dimension(name, _word(name)) for name in ("match_type", "kind", "reason", "brand")),
        Dimension(
            "channel",
            _inner("channel", *_VISITED, Fact.DAYS)
            | dict.fromkeys(_CREDITED, Fragment("tag", "channel"))
            | dict.fromkeys(_SPENT, Fragment("word", "spend_channel")),
        ),
        Dimension("source", _tag("source")),
        Dimension("medium", _tag("medium")),
        Dimension(
            "search_term",
            _inner(_NORMAL.format("search_term"), Fact.VISITS)
            | _inner(_NORMAL.format("v.search_term"), Fact.HITS, *_CREDITED)
            | _inner("term", Fact.TERMS),
            is_normal=True,
        ),
        Dimension(
            "landing_page",
            _inner("entry_path", Fact.VISITS) | _inner("v.entry_path", *_CREDITED),
        ),
        *(Dimension(name, _visit(name)) for name in ("country", "region", "city")),
        Dimension("device", _visit("device") | _inner("nullIf(device, '')", *_SPENT)),
        *(Dimension(name, _visit(name)) for name in ("browser", "os", "language")),
        Dimension(
            "person_tag",
            _inner(_TAGS.format(who="x.visitor"), *_VISITED)
            | _inner(_TAGS.format(who="if(m.person = 0, m.visitor, m.person)"), *_CREDITED),
            is_list=True,
        ),
        Dimension("page", _inner("path", Fact.HITS)),
        Dimension("event", _inner("name", Fact.HITS)),
        Dimension("goal", _inner("c.goal", *_CREDITED)),
        Dimension(
            "stage",
            _inner(_STAGE, *_CREDITED),
        ),
    )


#: Dimensions whose values are goals, which need not count in totals.
OF_GOALS = ("goal", "stage")
DIMENSIONS: Mapping[str, Dimension] = {one.name: one for one in _all()}


def dimension(name: str) -> Dimension:
    """The dimension of that name; InvalidInput lists what there is."""
    if name not in DIMENSIONS:
        raise InvalidInput(
            f"Unknown dimension {name!r}.", hint=f"Allowed: {', '.join(DIMENSIONS)}."
        )
    return DIMENSIONS[name]
