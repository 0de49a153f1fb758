"""The cells of a spend report as canonical values: texts, ids, devices, totals."""

from __future__ import annotations

import re
from typing import Final, Literal

from tracker.money import parse_currency
from tracker.tables.numbers import NOTHING, refuse_lost_digits, unwrap
from tracker.tables.problem import CellError, quoted

_ID = re.compile(r"^[\w.~\-]{1,64}$")
_DECIMAL_ID = re.compile(r"^[0-9]+\.0+$")

_DEVICES: Final = (
    ("tablet", ("tablet", "平板")),
    ("tv", ("tv screen", "电视")),
    ("mobile", ("mobile", "phone", "移动", "手机", "无线")),
    ("desktop", ("desktop", "computer", "计算机", "电脑", "pc", "桌面")),
)
_YUAN: Final = frozenset({"元", "人民币", "人民币元", "RMB"})
#: What stands in place of a keyword where a platform spends without one. Baidu's words for its
#: two kinds are those of its report interface; that its files write them so is unverified.
_NO_KEYWORD: Final = (
    ("word_package", ("词包",)),
    ("auto_expansion", ("自动扩量", "智能扩量", "自动扩展")),
    ("pmax", ("performance max", "效果最大化")),
    ("ai_max", ("ai max", "ai_max")),
    ("dynamic", ("dynamic ad target", "动态广告")),
)
_TOTAL = re.compile(
    r"^(?:grand\s+)?totals?\s*(?:$|[:：])"
    r"|^итого\b"
    r"|^(?:总\s*计(?!划)|合\s*计|总\s*和|汇\s*总|全部总计)",
    re.IGNORECASE,
)
_FILTERED_TOTAL = re.compile(r"filter|过滤|筛选|but removed|除.*移除|未移除", re.IGNORECASE)
_FOOTER = re.compile(
    r"^\s*(?:©|\(c\)|copyright|版权所有|all rights reserved|(?:total )?rows\s*:)", re.IGNORECASE
)
_DELETED = "[已删除]"


def clean_text(cell: str) -> str:
    """A name as it is stored: no surrounding space, ``--`` is nothing, no 已删除 mark."""
    text = unwrap(cell)
    if text in NOTHING:
        return ""
    return text.removesuffix(_DELETED).rstrip()


def clean_id(cell: str) -> str:
    """An id as a string; ``[82945799304067]`` loses its brackets. CellError if digits are lost."""
    text = unwrap(cell)
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1].strip()
    if text in NOTHING or text == "0":
        return ""
    refuse_lost_digits(text)
    if _DECIMAL_ID.match(text):
        return text.partition(".")[0]
    if not _ID.match(text):
        raise CellError(f"{quoted(text)} is not an id.")
    return text


def canonical_device(text: str) -> str:
    """desktop, mobile, tablet or tv; else the report's own word in lower case."""
    word = text.strip().casefold()
    return _first_with(_DEVICES, word) or word


def canonical_currency(text: str) -> str:
    """The ISO 4217 code of a code or of a Chinese name of the yuan; InvalidInput otherwise."""
    word = text.strip()
    return "CNY" if word.upper() in _YUAN else parse_currency(word)


def bare_keyword(keyword: str, match_type: str) -> str:
    """A keyword without the marks that repeat its match type: ``[pump]`` exact, ``"pump"``."""
    if match_type == "exact" and keyword.startswith("[") and keyword.endswith("]"):
        return keyword[1:-1].strip()
    if match_type == "phrase" and len(keyword) > 2 and keyword[0] == keyword[-1] == '"':
        return keyword[1:-1].strip()
    return keyword


def unallocated_reason(keyword: str, match_type_text: str) -> str:
    """Why a row has no keyword of its own; "" if it has one."""
    if not keyword:
        return _first_with(_NO_KEYWORD, match_type_text.casefold()) or "no_keyword"
    word = keyword.casefold().strip("[]()（）<> ")
    for reason, names in _NO_KEYWORD:
        if word in names:
            return reason
    return ""


def is_total(text: str) -> bool:
    """Whether a cell is the label of a total row: ``Total: All keywords``, ``总计``."""
    return _TOTAL.match(unwrap(text)) is not None


def total_covers(label: str) -> Literal["all", "filtered", "other"]:
    """Of what a labelled total row is the total (Google writes several)."""
    if _FILTERED_TOTAL.search(label):
        return "filtered"
    rest = _TOTAL.sub("", label, count=1).strip(" :：-–—").casefold()
    return "all" if not rest or "keyword" in rest or "关键" in rest else "other"


def is_footer(text: str) -> bool:
    """Whether a line below the table is the platform's imprint."""
    return _FOOTER.match(text) is not None


def _first_with(table: tuple[tuple[str, tuple[str, ...]], ...], text: str) -> str:
    for value, words in table:
        if any(word in text for word in words):
            return value
    return ""
