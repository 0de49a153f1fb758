"""What a table says of the currency of its numbers, beside them and in the titles of columns.

A number that is marked with another currency than the row is taken for is no amount of that one.
"""

from __future__ import annotations

import re

from tracker.errors import InvalidInput
from tracker.money import currency_codes, parse_currency
from tracker.tables.columns import Header
from tracker.tables.numbers import dress_of

_BRACKETS = re.compile(r"[(（]\s*([^()（）]+?)\s*[)）]\s*$")
#: Amounts of these are not of a currency's unit: 金额（万元） has ten thousands of it, 金额（分）
#: hundredths.
_MULTIPLE = re.compile(r"[十百千万亿]+(?:元|人民币元?|美元|美金|欧元)?|分|角")


def mark_of(cell: str, title: str) -> str:
    """The code or sign beside the number of a cell, else in brackets at the end of its column's
    title (``Amount (USD)``, ``金额（美元）``); empty for one that says nothing of a currency."""
    mark = dress_of(cell) or bracketed(title)
    return mark if currencies_of(mark) or _MULTIPLE.fullmatch(mark) else ""


def bracketed(title: str) -> str:
    """What stands in brackets at the end of a title."""
    found = _BRACKETS.search(title)
    return found[1] if found else ""


def mark_of_column(header: Header, index: int) -> str:
    """The first mark in a sample of a column."""
    title = header.cells[index]
    cells = (row[index] for _, row in header.sample() if index < len(row))
    return next(filter(None, (mark_of(cell, title) for cell in cells)), "")


def mark_of_amounts(header: Header, index: int) -> str:
    """The same of a column of amounts; InvalidInput where they are multiples of a unit."""
    mark = mark_of_column(header, index)
    if mark and not currencies_of(mark):
        raise InvalidInput(
            f"The column {header.cells[index]!r} is in {mark}.",
            hint="Give it in the currency's own unit, such as 元.",
        )
    return mark


def currency_of_mark(mark: str) -> str:
    """The code of a mark that means one currency alone, else empty."""
    meant = currencies_of(mark)
    return next(iter(meant)) if len(meant) == 1 else ""


def currencies_of(mark: str) -> frozenset[str]:
    """What a code, sign or Chinese name beside a number may mean: ``US$`` one currency, a bare
    ``$`` or ``¥`` several; empty for a mark that says nothing."""
    code = mark.rstrip("¥￥$").upper()
    if code in currency_codes():
        return frozenset({code})
    # An unknown dollar is a dollar; 加元 is no 元.
    return _SIGNS.get(mark.upper()) or _SIGNS.get(mark[-1:] if mark[:-1].isascii() else "", _NONE)


def named_currency(text: str) -> str:
    """The ISO 4217 code of a code, or of a sign or Chinese name that means one currency alone
    (``US$``, ``RMB``, 人民币); InvalidInput otherwise."""
    return currency_of_mark(text.strip()) or parse_currency(text)


_NONE: frozenset[str] = frozenset()
_SIGNS = {
    sign: frozenset(codes.split())
    for sign, codes in {
        "$": "USD AUD CAD HKD NZD SGD TWD MOP BND BBD BSD BZD FJD GYD JMD LRD NAD SBD SRD TTD XCD "
        "KYD BMD MXN ARS CLP COP CUP DOP UYU BRL",
        "US$": "USD",
        "A$": "AUD",
        "AU$": "AUD",
        "C$": "CAD",
        "CA$": "CAD",
        "HK$": "HKD",
        "NZ$": "NZD",
        "S$": "SGD",
        "NT$": "TWD",
        "R$": "BRL",
        "MX$": "MXN",
        "¥": "CNY JPY",
        "￥": "CNY JPY",
        "CN¥": "CNY",
        "CN￥": "CNY",
        "JP¥": "JPY",
        "JP￥": "JPY",
        "RMB": "CNY",
        "人民币": "CNY",
        "人民币元": "CNY",
        "美元": "USD",
        "美金": "USD",
        "欧元": "EUR",
        "日元": "JPY",
        "英镑": "GBP",
        "港币": "HKD",
        "港元": "HKD",
        "卢布": "RUB",
        "加元": "CAD",
        "澳元": "AUD",
        "韩元": "KRW",
        "元": "CNY TWD HKD MOP",
        "€": "EUR",
        "£": "GBP EGP GIP FKP SHP SDG SSP SYP LBP",
        "₽": "RUB",
        "₩": "KRW KPW",
        "₹": "INR",
    }.items()
}
