"""Money, credit and ratios as commands print them, rounded as on pages; None stays None."""

from __future__ import annotations

from babel.numbers import get_currency_precision

from tracker.money import rounded


def money(text: str | None, currency: str) -> str | None:
    """With the currency's decimals."""
    return None if text is None else f"{rounded(text, get_currency_precision(currency)):,f}"


def credit(text: str | None) -> str | None:
    """Conversions: at most two decimals."""
    return None if text is None else f"{rounded(text, 2):,f}".rstrip("0").rstrip(".")


def ratio(value: float | None) -> str | None:
    """A plain number with two decimals."""
    return None if value is None else f"{rounded(value, 2):,f}"


def percent(value: float | str | None, places: int = 0) -> str | None:
    """A ratio as per cent."""
    return None if value is None else f"{rounded(value, places + 2).scaleb(2):,.{places}f}%"
