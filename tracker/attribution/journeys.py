"""Journeys: the paths of sources by which people came, with what became of them.

All of it is of one published state of one site: builds up to ``asof``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

PACKAGE = "tracker.attribution"


@dataclass(frozen=True, slots=True)
class Scope:
    """Which conversions count: of a site as built up to ``asof``, on local days ``first`` to
    ``last`` (of the touch if ``by_click``, else of the conversion), of a goal (empty: of all); and
    which stages say of a lead that it was valid, or that it was not."""

    site: str
    asof: int
    first: date
    last: date
    by_click: bool
    goal: str = ""
    valid_goals: Sequence[str] = ()
    invalid_goals: Sequence[str] = ()

    def params(self) -> dict[str, object]:
        """As the queries take them."""
        return {
            "site": self.site,
            "asof": self.asof,
            "first": self.first,
            "last": self.last,
            "by_click": self.by_click,
            "goal": self.goal,
            "valid_goals": list(self.valid_goals),
            "invalid_goals": list(self.invalid_goals),
        }


@dataclass(frozen=True, slots=True)
class SourceName:
    """What a source is called. ``keyword_key`` 0: no keyword of the spend, ``reason`` says why;
    campaign, ad group and keyword are then the tags as they came; ``match_type`` is that of the
    keyword."""

    keyword_key: int
    reason: str
    method: str
    channel: str
    platform: str
    source: str
    account: str
    campaign: str
    ad_group: str
    keyword: str
    match_type: str


@dataclass(frozen=True, slots=True)
class Journey:
    """A path of source keys: conversions that had it, their value (1e-6 of the site's currency),
    and people who had it without converting; ``unpriced`` counts credit whose amount is unknown,
    ``earning`` conversions whose value is revenue, whether they count or not."""

    path: tuple[int, ...]
    conversions: int
    value: int
    nulls: int
    unpriced: int = 0
    earning: int = 0


@dataclass(frozen=True, slots=True)
class Cell:
    """Credit of one source on one day; ``unpriced`` counts credit whose amount is unknown,
    ``own_amount`` is the part of the amount that has a gain of its own, ``own_gain`` that gain,
    ``valid_weight`` and ``invalid_weight`` are of leads that came to such a stage."""

    source_key: int
    day: date
    weight: int
    amount: int
    unpriced: int
    own_amount: int = 0
    own_gain: int = 0
    valid_weight: int = 0
    invalid_weight: int = 0


def source_names(warehouse: Warehouse, site: str, asof: int) -> dict[int, SourceName]:
    """The sources of a site by their key."""
    rows = warehouse.rows(load_sql(PACKAGE, "source_names.sql"), {"site": site, "asof": asof})
    return {int(key): SourceName(int(keyword), *rest) for key, keyword, *rest in rows}


def keywords_of(names: Mapping[int, SourceName]) -> dict[int, int]:
    """The keyword of each source, 0 for none."""
    return {key: name.keyword_key for key, name in names.items()}


def read_journeys(warehouse: Warehouse, scope: Scope) -> list[Journey]:
    """Every path that led to a conversion or to none; a path that did both has two entries."""
    params = scope.params()
    won = warehouse.rows(load_sql(PACKAGE, "journeys.sql"), params)
    lost = warehouse.rows(load_sql(PACKAGE, "lost_journeys.sql"), _without(params, "by_click"))
    return [
        *(
            Journey(tuple(path), int(count), int(value), 0, int(un), int(earning))
            for path, count, value, un, earning in won
        ),
        *(Journey(tuple(path), 0, 0, int(persons)) for path, persons in lost),
    ]


def linear_cells(warehouse: Warehouse, scope: Scope) -> list[Cell]:
    """Linear credit of the same conversions by source and day, days outside the period too."""
    rows = warehouse.rows(load_sql(PACKAGE, "linear_cells.sql"), scope.params())
    return [Cell(int(key), day, *map(int, measures)) for key, day, *measures in rows]


def _without(params: Mapping[str, object], name: str) -> dict[str, object]:
    return {key: value for key, value in params.items() if key != name}
