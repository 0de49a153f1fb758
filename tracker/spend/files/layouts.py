"""The report layouts that are recognised, by their column names and never by their file names.

Header rows were collected from public code and fixtures of 2016 to 2026. The first layout of the
table that fits is the one; ``table`` is a header whose columns are clear but whose platform is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tracker.spend.files.fields import NAMES, SEARCH_TERM
from tracker.tables.columns import base_title, known_titles, squeeze


@dataclass(frozen=True, slots=True)
class Layout:
    """``needs``: of each group at least one column; ``above``: words above the header instead."""

    name: str
    platform: str
    needs: tuple[tuple[str, ...], ...] = ()
    above: tuple[str, ...] = ()
    example: str = ""


LAYOUTS: Final = (
    Layout(
        "microsoft",
        "microsoft",
        above=("Report Name:", "Report Time:"),
        example="Account name, Campaign name, Ad group, Keyword, Impressions, Clicks, Spend",
    ),
    Layout("microsoft", "microsoft", needs=(("Spend",), ("Impressions",), ("Campaign name",))),
    Layout(
        "google-zh",
        "google",
        needs=(("关键字", "搜索关键字", "广告系列"), ("费用", "花费")),
        example="关键字, 匹配类型, 广告系列, 广告组, 展示次数, 点击次数, 费用",
    ),
    Layout(
        "google-en",
        "google",
        needs=(("Impr.",), ("Cost",), ("Keyword", "Search keyword", "Campaign", "Ad group")),
        example="Day, Keyword, Match type, Campaign, Ad group, Clicks, Impr., Cost",
    ),
    Layout(
        "baidu-grid",
        "baidu",
        needs=(("推广计划名称",), ("推广单元名称", "关键词名称"), ("消费",)),
        example="推广计划名称, 推广单元名称, 关键词名称, 消费, 点击, 展现",
    ),
    Layout(
        "sogou",
        "sogou",
        needs=(("消耗",), ("点击数",), ("展示数",)),
        example="账号, 推广计划, 推广组, 关键词, 消耗, 点击数, 展示数",
    ),
    Layout(
        "360",
        "360",
        needs=(("推广组", "推广计划"), ("总费用",), ("展示次数",)),
        example="时间, 推广计划, 推广组, 关键词, 展示次数, 点击次数, 总费用",
    ),
    Layout(
        "360-grid",
        "360",
        needs=(("推广组",), ("展示",), ("消费",)),
        example="关键词ID, 推广计划, 推广组, 关键词, 点击, 展示, 消费",
    ),
    Layout(
        "shenma",
        "shenma",
        needs=(("推广单元", "推广计划"), ("展示",), ("消费",)),
        example="日期, 关键词, 推广单元, 推广计划, 消费, 点击, 展示",
    ),
    Layout(
        "baidu",
        "baidu",
        needs=(("推广单元", "推广计划"), ("展现",), ("消费",)),
        example="日期, 账户, 推广计划, 推广单元, 关键词, 展现, 点击, 消费",
    ),
    Layout(
        "yandex",
        "yandex",
        needs=(("Criterion", "Criteria", "Условие показа"),),
        example="Date, CampaignName, AdGroupName, Criterion, Impressions, Clicks, Cost",
    ),
)
TABLE: Final = Layout("table", "")

_KNOWN: Final = known_titles({**NAMES, "search_term": (SEARCH_TERM,)})
_METRICS: Final = frozenset({"impressions", "clicks", "cost", "conversions"})


def known_fields(titles: Sequence[str]) -> list[str]:
    """The fields that a row's cells name, repeats included; a header names several."""
    found = (_KNOWN.get(squeeze(t)) or _KNOWN.get(base_title(t)) for t in titles if t)
    return [field for field in found if field]


def is_header(titles: tuple[str, ...]) -> bool:
    """Whether a row is a report's header: at least three known columns, one of them a metric."""
    fields = set(known_fields(titles))
    return len(fields) >= 3 and bool(fields & _METRICS) and bool(fields - _METRICS)


def recognise_layout(titles: Sequence[str], preamble: str) -> Layout:
    """The layout of a header under the text above it."""
    squeezed = {squeeze(title) for title in titles} | {base_title(title) for title in titles}
    for layout in LAYOUTS:
        if layout.above and not all(words in preamble for words in layout.above):
            continue
        if all(any(squeeze(name) in squeezed for name in group) for group in layout.needs):
            return layout
    return TABLE


def known_layouts() -> str:
    """The headers that are recognised, for the message about one that is not."""
    return "\n".join(f"  {one.name}: {one.example}" for one in LAYOUTS if one.example)
