"""Reading the keyword report from one published state.

Every query of a report is limited to the builds that stood when it began (``published``), so that
a rebuild which publishes meanwhile cannot mix into it. Facts are added up by plain keys
(``keyword_facts``); ``keyword_index`` says to which row each key belongs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from datetime import date

from tracker.accounts.pipeline import Pipeline
from tracker.attribution.journeys import Cell, Scope
from tracker.reports.data_driven_rows import data_driven_credit
from tracker.reports.keyword_facts import Credit, KeywordFacts
from tracker.reports.keyword_index import Name, keyword_index
from tracker.reports.keyword_table import DayTable, KeywordTable, Line
from tracker.reports.names import brand_of, brand_terms, normal_form, one_sigma
from tracker.reports.published import published
from tracker.reports.request import Brand, By, KeywordRequest, Model
from tracker.reports.roi import Economics, Sums
from tracker.warehouse.client import Warehouse

#: Up to so many lines of days, at most, a site is read line by line.
FEW_LINES = 50_000


class Reader:
    """The report's facts over one published state."""

    def __init__(self, warehouse: Warehouse, request: KeywordRequest, pipeline: Pipeline) -> None:
        self._warehouse = warehouse
        self._request = request
        self._stages = {
            "valid_goals": pipeline.goals("valid"),
            "invalid_goals": pipeline.goals("invalid"),
        }
        period = request.period
        self._first_read = period.previous().first if request.compare else period.first
        self.state = published(warehouse, request.site.key, self._first_read, period.last)
        self.asof = self.state.asof
        self._index = keyword_index(warehouse, request.site.key, self.state)
        self.names = self._index.names
        #: Of the markov model: by keyword, the level whose removal effect its credit follows.
        self.levels: Mapping[int, str] = {}
        #: Of the markov model: the credit of the period's days, whatever rows are asked for.
        self.dealt: Sequence[Cell] = ()

    def read(self, threads: Executor) -> tuple[KeywordTable, Mapping[date, Sums]]:
        """Every row's measures, and those of each day, by statements that run at once."""
        facts = self._facts()
        credited = threads.submit(self._credit, facts)
        table, days = KeywordTable(self._index), DayTable(self._request.period)
        if self._most_lines() <= FEW_LINES:
            facts.add_lines(table, days)
        else:
            facts.add_sums(table, days, threads)
        facts.add_credit(credited.result(), table, days)
        return table, days.by_day()

    def chosen(self, table: KeywordTable, economics: Economics) -> list[Line]:
        """The rows that are shown, in order."""
        request = self._request
        rows = table.ordered(request.sort, economics, descending=request.descending)
        end = request.offset + request.limit if request.limit else None
        return table.lines(rows[request.offset : end])

    def _credit(self, facts: KeywordFacts) -> Credit:
        if self._request.model is not Model.MARKOV:
            return facts.credit()
        scope = Scope(
            self._request.site.key,
            self.asof,
            self._request.period.first,
            self._request.period.last,
            self._request.by is By.CLICK,
            self._request.goal,
            **self._stages,
        )
        found = data_driven_credit(
            self._warehouse, scope, facts.sources, compare=self._request.compare
        )
        self.levels, self.dealt = found.levels, found.cells
        return found.credit

    def _most_lines(self) -> int:
        """No more lines than these can be in the days that are read."""
        visits, spend = self.state.of("visits").slices, self.state.of("spend").slices
        return visits * len(self._index.sources.keys) + spend * len(self._index.keywords.keys)

    def _facts(self) -> KeywordFacts:
        """Which facts count, and for which rows."""
        request, index = self._request, self._index
        kept = self._kept()
        rows = None if kept is None else index.kept(kept)
        period = request.period
        params = {
            **self.state.parameters(),
            "site": request.site.key,
            "boundary": period.first,
            "first": self._first_read,
            "last": period.last,
            "model": str(request.model),
            "goal": request.goal,
            "by_click": request.by is By.CLICK,
            "platform": request.platform,
            "kept": kept or [],
            **self._stages,
        }
        return KeywordFacts(
            warehouse=self._warehouse,
            params=params,
            boundary=period.first,
            last=period.last,
            sources=index.sources.only(request.platform, rows),
            keywords=index.keywords.only(request.platform, rows),
            limited=kept is not None,
        )

    def _kept(self) -> list[int] | None:
        """The keywords that search and brand filter leave; None when there is no such filter."""
        request = self._request
        search = normal_form(request.search)
        if not search and request.brand is Brand.ALL:
            return None
        terms = brand_terms(request.site)
        greek = "σ" in one_sigma(search)
        search = one_sigma(search) if greek else search
        return [
            name.keyword_key
            for name in self.names.every()
            if (not search or any(search in text for text in _searched(name, greek=greek)))
            and _of_brand(name, terms, request.brand)
        ]


def _searched(name: Name, *, greek: bool) -> tuple[str, ...]:
    texts = (name.keyword_norm, name.campaign_norm, name.ad_group_norm)
    return tuple(map(one_sigma, texts)) if greek else texts


def _of_brand(name: Name, terms: list[str], brand: Brand) -> bool:
    if brand is Brand.ALL:
        return True
    return name.kind == "keyword" and brand_of(name.keyword_norm, terms) is brand
