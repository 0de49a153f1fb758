"""The cells of a file of offline conversions: what each field may hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial

from tracker.accounts.platforms import named_platform
from tracker.accounts.site_rules import checked_group, checked_tax_rate
from tracker.conversions.contact import check_person, hash_email, hash_phone, hash_user
from tracker.conversions.entry import is_withdrawn
from tracker.errors import InvalidInput
from tracker.money import parse_amount
from tracker.tables.currency_marks import named_currency
from tracker.tables.numbers import NOTHING, Style, parse_number, refuse_lost_digits, unwrap
from tracker.tables.problem import CellError

#: Ids beside that of the row, of which long numbers are usual.
_IDS = ("lead", "visitor", "click_id", "order_id", "campaign_id", "ad_group_id", "keyword_id")


def cell_parsers(style: Style) -> Mapping[str, Callable[[str], object]]:
    """How the cells of a field are read, in a file that writes numbers in this style; those of
    others are text. Errors: CellError, InvalidInput."""
    return {
        "value": partial(_value, style=style),
        "currency": _currency,
        "tax_rate": partial(_tax_rate, style=style),
        "product_group": lambda cell: checked_group(text_of(cell)),
        "order_cost": partial(_order_cost, style=style),
        "id": _id,
        **dict.fromkeys(_IDS, _whole),
        "email": _hashed(hash_email),
        "phone": _hashed(hash_phone),
        "user": _hashed(lambda text: hash_user(_whole(text))),
        "person": _person,
        "reason": _reason,
        "visit_code": lambda cell: text_of(cell).upper(),
        "platform": lambda cell: named_platform(text_of(cell)),
        "removed": lambda cell: is_withdrawn(text_of(cell)),
    }


def text_of(cell: str) -> str:
    """The text of a cell; empty for what stands for nothing."""
    text = unwrap(cell)
    return "" if text in NOTHING else text


def _whole(cell: str) -> str:
    """An id that has all its digits: what Excel has shortened is the same for many rows."""
    text = text_of(cell)
    refuse_lost_digits(text)
    return text


def _id(cell: str) -> str:
    text = _whole(cell)
    if len(text) > 200:
        raise CellError("The id is longer than 200 characters.")
    return text


def _person(cell: str) -> str:
    text = text_of(cell)
    return check_person(text) if text else ""


def _reason(cell: str) -> str:
    text = " ".join(text_of(cell).split())
    if len(text) > 200:
        raise CellError("The reason is longer than 200 characters.")
    return text


def _value(cell: str, style: Style) -> Decimal | None:
    number = parse_number(cell, style)
    return None if number is None else parse_amount(f"{number:f}")


def _tax_rate(cell: str, style: Style) -> Decimal | None:
    number = parse_number(cell, style)
    if number is None:
        return None
    return checked_tax_rate(number / 100 if cell.rstrip(' "').endswith("%") else number)


def _order_cost(cell: str, style: Style) -> Decimal | None:
    cost = _value(cell, style)
    return None if cost is None else checked_order_cost(cost)


def checked_order_cost(cost: Decimal) -> Decimal:
    """What goods cost: at least 0, of a refund too."""
    if cost < 0:
        raise InvalidInput(
            f"The order cost is {cost:f}; it must be at least 0.",
            hint="Of a refund give what the goods cost that came back.",
        )
    return cost


def _currency(cell: str) -> str:
    text = text_of(cell)
    return named_currency(text) if text else ""


def _hashed(digest: Callable[[str], str]) -> Callable[[str], str]:
    return lambda cell: digest(text_of(cell)) if text_of(cell) else ""
