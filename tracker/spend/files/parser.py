"""Rows of cells turned into spend rows, with every cell that cannot be read as a problem."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from tracker.spend.files.cells import (
    Cells,
    parse_cost,
    parse_currency_cell,
    parse_metric,
    parse_report_day,
    parse_report_period,
)
from tracker.spend.files.dating import Dating
from tracker.spend.files.rows import SpendRow, Total
from tracker.spend.files.values import (
    bare_keyword,
    canonical_device,
    clean_id,
    clean_text,
    is_total,
    total_covers,
    unallocated_reason,
)
from tracker.tables.match_types import canonical_match_type
from tracker.tables.numbers import NOTHING, Style, parse_count, parse_number, unwrap
from tracker.tables.problem import CellError, Problems, quoted

#: The dimensions of which a total row names none.
_DIMENSIONS = ("campaign", "ad_group", "keyword")


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is known about a file before its rows are read.

    ``columns`` gives each field's index; ``titles`` are the header's cells. ``account``,
    ``currency`` and ``device`` hold for rows that do not say their own. ``decorated``: the platform
    repeats the match type in the keyword, as ``[pump]``.
    """

    columns: Mapping[str, int]
    titles: Sequence[str]
    dating: Dating
    style: Style
    account: str
    currency: str
    device: str
    decorated: bool


class RowParser:
    """Parses the rows of one file; holds the caches, so one is made for each reading."""

    def __init__(self, plan: Plan, problems: Problems) -> None:
        self.plan = plan
        self.problems = problems
        style, dating = plan.style, plan.dating
        self._cells: dict[str, Cells[Any]] = {}
        self._add(clean_text, "account", "campaign", "ad_group", "keyword", "match_type", "network")
        self._add(clean_id, "campaign_id", "ad_group_id", "keyword_id")
        self._add(lambda cell: canonical_device(clean_text(cell)), "device")
        self._add(partial(parse_count, style=style), "impressions", "clicks")
        self._add(partial(parse_cost, style=style), "cost")
        self._add(partial(parse_metric, style=style), "conversions", "value")
        self._add(parse_currency_cell, "currency")
        self._add(_day_parser(dating), "day")
        self.parse = self._compile()

    def _add(self, parse: Callable[[str], Any], *fields: str) -> None:
        for field in fields:
            self._cells[field] = Cells(parse)

    def _compile(self) -> Callable[[int, list[str]], SpendRow]:
        """The function that makes a row of cells a SpendRow; raises CellError.

        Each name is a local variable and each absent column the empty cell -1: this runs once a
        row, and the speed of an import hangs on it.
        """
        at = {field: self.plan.columns.get(field, -1) for field in self._cells}
        (day, account, campaign, campaign_id, group, group_id, keyword, keyword_id) = self._lookups(
            "day", "account", "campaign", "campaign_id"
        ) + self._lookups("ad_group", "ad_group_id", "keyword", "keyword_id")
        (match, device, network, currency) = self._lookups(
            "match_type", "device", "network", "currency"
        )
        (impressions, clicks, cost, conversions, value) = self._lookups(
            "impressions", "clicks", "cost", "conversions", "value"
        )
        (i_day, i_account, i_campaign, i_campaign_id) = (
            at["day"], at["account"], at["campaign"], at["campaign_id"],
        )  # fmt: skip
        (i_group, i_group_id, i_keyword, i_keyword_id) = (
            at["ad_group"], at["ad_group_id"], at["keyword"], at["keyword_id"],
        )  # fmt: skip
        (i_match, i_device, i_network, i_currency) = (
            at["match_type"], at["device"], at["network"], at["currency"],
        )  # fmt: skip
        (i_impressions, i_clicks, i_cost, i_conversions, i_value) = (
            at["impressions"], at["clicks"], at["cost"], at["conversions"], at["value"],
        )  # fmt: skip
        plan = self.plan
        fixed, file_account, file_currency = plan.dating.fixed, plan.account, plan.currency
        file_device, decorated = plan.device, plan.decorated
        canonical = Cells(canonical_match_type)
        without = Cells(lambda text: unallocated_reason(text, "-"))
        has_keywords = i_keyword >= 0 or i_keyword_id >= 0

        def parse(line: int, c: list[str]) -> SpendRow:
            c.append("")
            match_text = match[c[i_match]]
            match_type = canonical[match_text]
            word = keyword[c[i_keyword]]
            word_id = keyword_id[c[i_keyword_id]]
            if word_id and not word:
                reason = ""
            elif not word:
                reason = unallocated_reason("", match_text) if has_keywords else "campaign"
            else:
                reason = without[word]
                if decorated:
                    word = bare_keyword(word, match_type)
            row_clicks = clicks[c[i_clicks]]
            row_cost = cost[c[i_cost]]
            if row_clicks and not row_cost and unwrap(c[i_cost]) in NOTHING:
                raise CellError("cost")
            return SpendRow(
                line,
                day[c[i_day]] or fixed,
                account[c[i_account]] or file_account,
                campaign[c[i_campaign]],
                campaign_id[c[i_campaign_id]],
                group[c[i_group]],
                group_id[c[i_group_id]],
                "" if reason else word,
                word_id,
                match_type,
                match_text,
                device[c[i_device]] or file_device,
                network[c[i_network]],
                impressions[c[i_impressions]],
                row_clicks,
                row_cost,
                currency[c[i_currency]] or file_currency,
                conversions[c[i_conversions]],
                value[c[i_value]],
                "unallocated" if reason else "keyword",
                reason,
            )

        return parse

    def _lookups(self, *fields: str) -> tuple[Cells[Any], ...]:
        return tuple(self._cells[field] for field in fields)

    def explain(self, line: int, cells: Sequence[str]) -> None:
        """Add a problem for each cell of a row that could not be parsed."""
        before = self.problems.total
        for field, index in sorted(self.plan.columns.items(), key=lambda item: item[1]):
            cell = cells[index] if index < len(cells) else ""
            try:
                self._cells[field][cell]
            except CellError as error:
                self.problems.add(line, self.plan.titles[index], cell, str(error))
        if self.problems.total == before:
            index = self.plan.columns["cost"]
            message = f"The row has clicks, but its cost is {quoted(cells[index])}."
            self.problems.add(line, self.plan.titles[index], cells[index], message)

    def total(self, line: int, cells: Sequence[str]) -> Total | None:
        """The row as the file's own total, None if it is an ordinary row.

        NOTE: a keyword may read ``total station``, a campaign ``总计``: a total row is one with a
        total's label that names no other campaign, ad group or keyword.
        """
        labels = {index: cell for index, cell in enumerate(cells) if is_total(cell)}
        if not labels:
            return None
        columns = self.plan.columns
        others = [columns[f] for f in _DIMENSIONS if f in columns and columns[f] not in labels]
        if any(clean_text(cells[index]) for index in others):
            return None
        impressions, clicks = self._amount(cells, "impressions"), self._amount(cells, "clicks")
        label = unwrap(next(iter(labels.values())))
        return Total(
            line,
            label,
            total_covers(label),
            None if impressions is None else int(impressions),
            None if clicks is None else int(clicks),
            self._amount(cells, "cost"),
        )

    def _amount(self, cells: Sequence[str], field: str) -> Decimal | None:
        index = self.plan.columns.get(field, -1)
        try:
            return parse_number(cells[index], self.plan.style) if index >= 0 else None
        except CellError:
            return None


def _day_parser(dating: Dating) -> Callable[[str], date | None]:
    if dating.column < 0:
        return lambda _: None
    if dating.undated and dating.first and dating.last:
        return partial(parse_report_period, order=dating.order, period=(dating.first, dating.last))
    return partial(parse_report_day, order=dating.order, within=dating.within)
