"""Amounts: exact decimals that know their currency code, and integers of a millionth.

Amounts are ``Decimal`` everywhere in Python and ``Decimal(18, 6)`` in ClickHouse. No amount ever
goes through a float.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache

from babel.numbers import get_currency_precision, list_currencies

from tracker.errors import InvalidInput

#: Amounts keep six decimal places: a platform's smallest unit (a micro) is exact.
STEP = Decimal("0.000001")
#: The largest amount a ``Decimal(18, 6)`` column holds.
LIMIT = Decimal("999999999999.999999")
CENT = Decimal("0.01")


@lru_cache(maxsize=1)
def currency_codes() -> frozenset[str]:
    """All ISO 4217 codes that are or were in use."""
    return frozenset(list_currencies())


def parse_currency(text: str) -> str:
    """An upper-case ISO 4217 code, or InvalidInput."""
    code = text.strip().upper()
    if code not in currency_codes():
        raise InvalidInput(
            f"Unknown currency {text!r}.", hint="Use a three-letter ISO 4217 code such as CNY, USD."
        )
    return code


def cent_of(currency: str) -> Decimal:
    """What quotients of amounts are rounded to: a cent, or the smallest coin where that is less."""
    return min(CENT, Decimal(1).scaleb(-get_currency_precision(currency)))


def parse_amount(text: str) -> Decimal:
    """A plain decimal such as ``12.50`` to an exact amount; refuses NaN, infinities, overflow.

    More than six decimal places are refused rather than rounded: what is stored is what was given.
    """
    try:
        amount = Decimal(text.strip())
    except InvalidOperation as error:
        raise InvalidInput(f"Not an amount: {text!r}.", hint="Write it as 1234.56.") from error
    return checked_amount(amount)


def checked_amount(amount: Decimal) -> Decimal:
    """A decimal as an exact amount; the errors are those of ``parse_amount``."""
    # NOTE: of 1e1000000 there is no abs(), and its digits would fill the memory.
    if not amount.is_finite() or not -LIMIT <= amount <= LIMIT:
        raise InvalidInput(
            f"Amount out of range: {str(amount)!r}.", hint=f"Allowed: up to {LIMIT}."
        )
    if amount != amount.quantize(STEP):
        raise InvalidInput(f"Amount {str(amount)!r} has more than six decimal places.")
    return amount.quantize(STEP)


def parse_share(text: str) -> Decimal:
    """A share as ``0.13`` or ``13%``; the errors are those of ``parse_amount``."""
    bare = text.strip()
    number = bare.removesuffix("%").removesuffix("％")
    amount = parse_amount(number)
    return amount if number == bare else amount / 100


def rounded(value: Decimal | str | float, places: int) -> Decimal:
    """What people read of a figure: half a unit is rounded up, away from zero.

    A float is taken as its shortest text, so that 1.125 is half of a hundredth.
    """
    return Decimal(str(value)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def decimal_text(amount: Decimal | None, places: int = 2) -> str | None:
    """The JSON form of an amount or a credit: no exponent, at least ``places`` decimals.

    ``Decimal('8.750000')`` gives ``'8.75'``; ``places=0`` gives ``'1'`` for a whole credit.
    """
    if amount is None:
        return None
    text = f"{amount:f}"
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0").ljust(places, "0")
    return f"{whole}.{fraction}" if fraction else whole
