"""From which table each measure of a breakdown is read: the one place where that is decided.

Sums by day (``daily``) answer when every dimension and filter is the day's, the platform's or the
channel's and they have every measure; else visits and spend do; a page or an event of a visit is
known to ``hits`` alone. Credit is read with the touches' visits only where an attribute of the
visit is asked for. Reports never read ``events``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tracker.errors import InvalidInput
from tracker.reports.dimensions import DIMENSIONS, Fact
from tracker.reports.measures import MEASURES

#: Facts that only hits know something of.
_OF_HITS = ("page", "event")


@dataclass(frozen=True, slots=True)
class Reading:
    """One statement: measures of one fact."""

    fact: Fact
    measures: tuple[str, ...]


def readings(measures: Iterable[str], dimensions: Iterable[str]) -> list[Reading]:
    """The statements that give these measures where these dimensions are grouped or filtered by.

    InvalidInput when no table knows all of the dimensions.
    """
    wanted, asked = list(dict.fromkeys(measures)), tuple(dict.fromkeys(dimensions))
    groups = (
        _visits(wanted, asked),
        Fact.CREDIT,
        Fact.ASSISTS,
        _spend(wanted, asked),
    )
    found = ((fact, tuple(one for one in wanted if one in MEASURES[fact])) for fact in groups)
    return [Reading(fact, names) for fact, names in found if names]


def lacking(fact: Fact, dimensions: Iterable[str]) -> list[str]:
    """The dimensions that the fact does not have."""
    return [name for name in dimensions if fact not in DIMENSIONS[name].fragments]


def _visits(measures: list[str], asked: tuple[str, ...]) -> Fact:
    of_visits = [one for one in measures if one in MEASURES[Fact.VISITS]]
    if any(name in _OF_HITS for name in asked):
        if "landing_page" in asked:
            raise InvalidInput(
                "A page of a visit and its landing page are not known together.",
                hint="Leave out one of: landing_page, page, event.",
            )
        return Fact.HITS
    if _knows(Fact.DAYS, asked) and all(one in MEASURES[Fact.DAYS] for one in of_visits):
        return Fact.DAYS
    return Fact.VISITS


def _spend(measures: list[str], asked: tuple[str, ...]) -> Fact:
    if "search_term" in asked:
        return Fact.TERMS
    of_spend = [one for one in measures if one in MEASURES[Fact.SPEND]]
    if _knows(Fact.SPEND_DAYS, asked) and all(one in MEASURES[Fact.SPEND_DAYS] for one in of_spend):
        return Fact.SPEND_DAYS
    return Fact.SPEND


def _knows(fact: Fact, asked: tuple[str, ...]) -> bool:
    return not lacking(fact, asked)


SOURCES: Mapping[Fact, str] = {
    Fact.VISITS: "visits",
    Fact.HITS: "hits",
    Fact.DAYS: "daily",
    Fact.CREDIT: "credits",
    Fact.ASSISTS: "credits",
    Fact.SPEND: "site_spend",
    Fact.TERMS: "term_spend",
    Fact.SPEND_DAYS: "daily",
}
