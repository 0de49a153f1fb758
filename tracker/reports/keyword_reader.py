"""Reading the keyword report from one published state.

Every query of a report is limited to the builds up to ``asof``, the highest one when the report
began, so that a rebuild which publishes meanwhile cannot mix into it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tracker.reports.request import Brand, By, KeywordRequest
from tracker.reports.roi import Sums
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

PACKAGE = "tracker.reports"
MEASURES = tuple(Sums.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class RowKey:
    """A keyword, or (0, platform, reason) of what could not be given to one."""

    keyword_key: int
    platform: str
    reason: str

    @property
    def text(self) -> str:
        """The row's ``key`` in JSON: stable between reports."""
        if self.keyword_key:
            return f"k{self.keyword_key:016x}"
        return f"u:{self.platform}:{self.reason}"


@dataclass(frozen=True, slots=True)
class KeywordSums:
    """Measures by row of the period and of the one before, and by day of the period."""

    now: dict[RowKey, Sums] = field(default_factory=dict)
    before: dict[RowKey, Sums] = field(default_factory=dict)
    days: dict[date, Sums] = field(default_factory=dict)


class Reader:
    """The report's queries over one published state."""

    def __init__(self, warehouse: Warehouse, request: KeywordRequest) -> None:
        self._warehouse = warehouse
        self._request = request
        found = warehouse.rows(load_sql(PACKAGE, "asof.sql"), {"site": request.site.key})
        self.asof = int(found[0][0])
        self._names: dict[int, dict[str, Any]] | None = None

    def read(self) -> KeywordSums:
        """Measures of every row and day that the request's filters leave."""
        sums = KeywordSums()
        for line in self._warehouse.dicts(load_sql(PACKAGE, "keyword_sums.sql"), self._params()):
            measures = Sums(**{name: line[name] for name in MEASURES})
            if line["by_day"]:
                if not line["period"]:
                    sums.days[line["at_day"]] = measures
                continue
            key = RowKey(line["keyword_key"], line["platform_of"], line["reason_of"])
            (sums.before if line["period"] else sums.now)[key] = measures
        return sums

    def names(self) -> dict[int, dict[str, Any]]:
        """What each keyword is called, by canonical key."""
        if self._names is None:
            lines = self._warehouse.dicts(
                load_sql(PACKAGE, "keyword_names.sql"),
                {"site": self._request.site.key, "asof": self.asof},
            )
            self._names = {int(line["keyword_key"]): line for line in lines}
        return self._names

    def _params(self) -> Mapping[str, object]:
        request = self._request
        period = request.period
        kept = self._kept()
        return {
            "site": request.site.key,
            "asof": self.asof,
            "first": period.previous().first if request.compare else period.first,
            "boundary": period.first,
            "last": period.last,
            "model": str(request.model),
            "goal": request.goal,
            "by_click": request.by is By.CLICK,
            "platform": request.platform,
            "limited": kept is not None,
            "kept": kept or [],
        }

    def _kept(self) -> list[int] | None:
        """The keywords that search and brand filter leave; None when there is no such filter."""
        request = self._request
        search = normal_form(request.search)
        if not search and request.brand is Brand.ALL:
            return None
        terms = brand_terms(request)
        return [
            key
            for key, name in self.names().items()
            if (not search or any(search in name[column] for column in SEARCHED))
            and _of_brand(name, terms, request.brand)
        ]


SEARCHED = ("keyword_norm", "campaign_norm", "ad_group_norm")


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
