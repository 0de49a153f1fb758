"""Reading the keyword report from one published state.

Every query of a report is limited to the builds that stood when it began (``published``), so that
a rebuild which publishes meanwhile cannot mix into it. Each fact is one small statement over sums
of days, and they run at once; ``keyword_table`` merges them. (One statement for all of it took
three times as long for a small site: planning it was most of the time.)
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tracker.period import Period
from tracker.reports.data_driven_rows import data_driven_credit
from tracker.reports.keyword_table import Columns, Credited, KeywordTable, Line
from tracker.reports.published import published
from tracker.reports.request import Brand, By, KeywordRequest, Model, Sort
from tracker.reports.roi import Economics, Sums
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

PACKAGE = "tracker.reports"
DAY_MEASURES = tuple(name for name in Sums.__dataclass_fields__ if name != "arrived")


@dataclass(frozen=True, slots=True)
class Days:
    """Visits and spend by day, and what was tracked: ``untracked`` days have spend but no visit,
    ``tracked_from`` is the first day with one (the day after the period without any)."""

    lines: Sequence[Mapping[str, Any]]
    untracked: list[date]
    tracked_from: date


class Reader:
    """The report's queries over one published state."""

    def __init__(self, warehouse: Warehouse, request: KeywordRequest) -> None:
        self._warehouse = warehouse
        self._request = request
        period = request.period
        first = period.previous().first if request.compare else period.first
        self._days_read = Period(first, period.last)
        self.state = published(warehouse, request.site.key, self._days_read)
        self.asof = self.state.asof
        self._names: dict[int, dict[str, Any]] | None = None
        #: Of the markov model: by keyword, the level whose removal effect its credit follows.
        self.levels: Mapping[int, str] = {}

    def read(self, threads: Executor) -> tuple[KeywordTable, Mapping[date, Sums]]:
        """Every row's measures, and those of each day, by statements that run at once."""
        kept = self._kept()
        facts = self._facts() | {"limited": kept is not None, "kept": kept or []}
        visited = threads.submit(self._columns, "keyword_visits.sql", facts)
        credited = threads.submit(self._credit, facts)
        days = self._days(facts, kept)
        spent = self._columns(
            "keyword_spend.sql",
            facts | {"untracked": days.untracked, "tracked_from": days.tracked_from},
        )
        first = self._request.period.first
        earned = Credited(credited.result(), first)
        table = KeywordTable(visited.result(), earned.by_key(), spent)
        return table, by_day([*days.lines, *earned.by_day()], first)

    def _credit(self, facts: Mapping[str, object]) -> Columns:
        columns = self._columns("keyword_credits.sql", facts)
        if self._request.model is not Model.MARKOV:
            return columns
        found = data_driven_credit(self._warehouse, self._request, self.asof, columns)
        self.levels = found.levels
        return found.columns

    def chosen(self, table: KeywordTable, economics: Economics) -> list[Line]:
        """The rows that are shown, in order."""
        request = self._request
        keys = table.ordered(
            request.sort, economics, descending=request.descending, titles=self._titles()
        )
        end = request.offset + request.limit if request.limit else None
        return table.lines(keys[request.offset : end])

    def _titles(self) -> dict[int, str]:
        """The text of every keyword, where rows are sorted by it."""
        if self._request.sort is not Sort.KEYWORD:
            return {}
        if self._names is None:
            self._names = self._load_names(every=True)
        return {
            key: name["keyword"] for key, name in self._names.items() if name["kind"] == "keyword"
        }

    def _columns(self, name: str, params: Mapping[str, object]) -> Columns:
        sql = load_sql(PACKAGE, name)
        return self._warehouse.columns(sql, used_by(sql, params))

    def _lines(self, name: str, params: Mapping[str, object]) -> list[dict[str, Any]]:
        sql = load_sql(PACKAGE, name)
        return self._warehouse.dicts(sql, used_by(sql, params))

    def names(self, keys: Iterable[int]) -> Mapping[int, Mapping[str, Any]]:
        """What these keywords are called, by canonical key."""
        if self._names is not None:
            return self._names
        return self._load_names(wanted=[key for key in keys if key])

    def _days(self, facts: Mapping[str, object], kept: list[int] | None) -> Days:
        """Days from their own sums, or from visits and spend where keywords are chosen."""
        lines = self._lines("keyword_days.sql", facts)
        visited = {line["day"] for line in lines if line["all_visits"]}
        spent = {line["day"] for line in lines if line["spend_rows"]}
        return Days(
            lines=lines if kept is None else self._lines("keyword_days_of.sql", facts),
            untracked=sorted(spent - visited),
            tracked_from=min(visited, default=self._request.period.last + timedelta(days=1)),
        )

    def _facts(self) -> dict[str, object]:
        """Which facts count."""
        request = self._request
        period = request.period
        return {
            **self.state.parameters(),
            "site": request.site.key,
            "boundary": period.first,
            "first": self._days_read.first,
            "last": period.last,
            "model": str(Model.LINEAR if request.model is Model.MARKOV else request.model),
            "goal": request.goal,
            "by_click": request.by is By.CLICK,
            "platform": request.platform,
        }

    def _kept(self) -> list[int] | None:
        """The keywords that search and brand filter leave; None when there is no such filter."""
        request = self._request
        search = normal_form(request.search)
        if not search and request.brand is Brand.ALL:
            return None
        terms = brand_terms(request)
        self._names = self._load_names(every=True)
        return [
            key
            for key, name in self._names.items()
            if (not search or any(search in name[column] for column in SEARCHED))
            and _of_brand(name, terms, request.brand)
        ]

    def _load_names(
        self, *, every: bool = False, wanted: list[int] | None = None
    ) -> dict[int, dict[str, Any]]:
        lines = self._warehouse.dicts(
            load_sql(PACKAGE, "keyword_names.sql"),
            {
                "site": self._request.site.key,
                "keywords": self.state.of("keywords").newest,
                "every": every,
                "wanted": wanted or [],
            },
        )
        return {int(line["keyword_key"]): line for line in lines}


SEARCHED = ("keyword_norm", "campaign_norm", "ad_group_norm")


def by_day(lines: Iterable[Mapping[str, Any]], first: date) -> dict[date, Sums]:
    """Sums of each day of the period. A period row of spend stands on its first day; one that
    began before the period belongs to neither."""
    days: dict[date, Sums] = {}
    for line in lines:
        if line["day"] < first:
            continue
        known = {name: line[name] for name in DAY_MEASURES if name in line}
        days[line["day"]] = Sums.total([days.get(line["day"], Sums()), Sums(**known)])
    return days


def used_by(sql: str, params: Mapping[str, object]) -> dict[str, object]:
    """The parameters that the statement names."""
    return {name: value for name, value in params.items() if f"{{{name}:" in sql}


def _of_brand(name: Mapping[str, Any], terms: list[str], brand: Brand) -> bool:
    if brand is Brand.ALL:
        return True
    if name["kind"] != "keyword":
        return False
    return any(term in name["keyword_norm"] for term in terms) is (brand is Brand.BRAND)


def normal_form(text: str) -> str:
    """The form in which names are compared: width folded, lower case, single spaces, trimmed."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text).lower()).strip()


def brand_terms(request: KeywordRequest) -> list[str]:
    """The site's brand terms in normal form."""
    return [term for term in map(normal_form, request.site.brand_terms) if term]
