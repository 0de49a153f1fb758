"""Numbers as reports write them: ``1,234.56``, ``1.234,56``, ``¥12.50``, ``--``, ``< 10%``.

A file writes all its numbers one way. Which way is learnt from cells that can be read only so
(``9,38%`` has a decimal comma, ``12.50`` a decimal point); a cell that fits neither is an error,
never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from enum import Enum
from typing import Final

from tracker.tables.problem import CellError, quoted

#: What reports write where there is no value.
NOTHING: Final = frozenset({"", "-", "--", "---", "—", "–", "n/a", "N/A", "NA", "null", "NULL"})


class Style(Enum):
    """How a file separates thousands and decimals; UNKNOWN files may use neither."""

    POINT = "1,234.56"
    COMMA = "1.234,56"
    UNKNOWN = "1234"


_FORMULA = re.compile(r'^="(.*)"$', re.DOTALL)
_DRESS = re.compile(
    r"^(?P<sign>[-+−]?)\s*(?:(?P<before>[A-Z]{3}|[A-Z]{0,3}[¥￥$€£₽₩₹])\s?)?(?P<sign2>[-+−]?)"
    r"(?P<number>[0-9][0-9.,'\s  ]*)\s*(?P<after>[A-Z]{3}|[¥￥$€£₽₩₹元%])?$"
)
_PLAIN = re.compile(r"^-?[0-9]+(\.[0-9]+)?$")
_POINT = re.compile(r"^([0-9]{1,3}(,[0-9]{3})+|[0-9]+)(\.[0-9]+)?$")
_COMMA = re.compile(r"^([0-9]{1,3}(\.[0-9]{3})+|[0-9]+)(,[0-9]+)?$")
_SCIENTIFIC = re.compile(r"^-?[0-9](\.[0-9]+)?[eE][-+]?[0-9]{1,2}$")
#: ``5e12`` may be an id of hexadecimal digits.
_LOST_DIGITS = re.compile(r"^[0-9](?:[.,][0-9]+[eE]\+?|[eE]\+)[0-9]+$")
_EVIDENCE_POINT = re.compile(r"^([0-9]*,[0-9]{3})*[0-9]*\.([0-9]{1,2}|[0-9]{4,})$|,.*\.|,.*,")
_EVIDENCE_COMMA = re.compile(r"^([0-9]*\.[0-9]{3})*[0-9]*,([0-9]{1,2}|[0-9]{4,})$|\..*,|\..*\.")


def unwrap(cell: str) -> str:
    """A cell without surrounding space and without the ``="…"`` that keeps Excel from guessing."""
    text = cell.strip()
    if text.startswith('="'):
        match = _FORMULA.match(text)
        return match.group(1).strip() if match else text
    return text


def refuse_lost_digits(text: str) -> None:
    """CellError for an id in scientific notation, which Excel makes of a long number."""
    if _LOST_DIGITS.match(text):
        raise CellError(
            f"The id {text} has lost its last digits: the file was saved again by Excel. "
            "Import the file as it was downloaded."
        )


def parse_number(cell: str, style: Style = Style.POINT) -> Decimal | None:
    """The exact value of a cell, None where it says that there is none; CellError otherwise.

    Currency signs and codes around the number are dropped, a per cent sign too (9.38% gives 9.38).
    """
    text = unwrap(cell)
    if text in NOTHING:
        return None
    if style is Style.POINT and _PLAIN.match(text):
        return _bounded(text, cell)
    if _SCIENTIFIC.match(text):
        return _bounded(text.replace(",", "."), cell)
    match = _DRESS.match(text)
    if match is None:
        raise CellError(f"{quoted(cell)} is not a number.")
    negative = (match["sign"] + match["sign2"]) in {"-", "−"}
    number = re.sub(r"['\s  ]", "", match["number"])
    value = _bounded(_canonical(number, style, cell), cell)
    return -value if negative else value


def dress_of(cell: str) -> str:
    """The code or sign of a currency beside the number of a cell, which ``parse_number`` drops."""
    match = _DRESS.match(unwrap(cell))
    return (match["before"] or match["after"] or "") if match else ""


def parse_count(cell: str, style: Style = Style.POINT) -> int:
    """A whole number of at least 0; nothing counts as 0. CellError otherwise."""
    value = parse_number(cell, style)
    if value is None:
        return 0
    if value < 0 or value != value.to_integral_value() or value >= 2**63:
        raise CellError(f"{quoted(cell)} is not a whole number of at least 0.")
    return int(value)


def learn_style(cells: Iterable[str]) -> Style | None:
    """How a file writes its numbers, from cells of its number columns; None without evidence.

    CellError naming the two cells when some can only be one way and some only the other.
    """
    point = comma = ""
    for cell in cells:
        match = _DRESS.match(unwrap(cell))
        number = match["number"].strip() if match else ""
        if "," not in number and "." not in number:
            continue
        if not point and _EVIDENCE_POINT.search(number) and _POINT.match(number):
            point = number
        if not comma and _EVIDENCE_COMMA.search(number) and _COMMA.match(number):
            comma = number
    if point and comma:
        raise CellError(
            f"The file mixes decimal points and decimal commas ({point!r} and {comma!r})."
        )
    if point:
        return Style.POINT
    return Style.COMMA if comma else None


def default_style(delimiter: str) -> Style:
    """The style of a file without evidence: the decimal point.

    Semicolons are what csv files have where the comma is a decimal sign; nothing is assumed there.
    """
    return Style.UNKNOWN if delimiter == ";" else Style.POINT


def _canonical(number: str, style: Style, cell: str) -> str:
    if style is Style.POINT and _POINT.match(number):
        return number.replace(",", "")
    if style is Style.COMMA and _COMMA.match(number):
        return number.replace(".", "").replace(",", ".")
    if number.isdigit():
        return number
    if style is Style.UNKNOWN:
        raise CellError(
            f"{quoted(cell)} could be thousands or decimals; nothing in the file tells which."
        )
    raise CellError(f"{quoted(cell)} is not written like the file's other numbers {style.value}.")


def _bounded(text: str, cell: str) -> Decimal:
    value = Decimal(text)
    if abs(value) >= Decimal(10) ** 24:
        raise CellError(f"{quoted(cell)} is too large a number.")
    return value
