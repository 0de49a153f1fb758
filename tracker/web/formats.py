"""Numbers, money, ratios, days and instants as a page shows them, in its language.

Everything takes the JSON form of a report (decimal strings, numbers, null) and shows null as
an en dash. Nothing here computes: a rounded text is never read back. Half a unit is rounded up, as
in reports and in the charts' script; left alone, Babel rounds to the even one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from typing import ParamSpec
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError, numbers
from babel.dates import format_date, format_datetime, format_interval, format_time
from babel.numbers import get_currency_precision

NOTHING = "–"
#: Ratios above this are shown without decimals: 1,234% and not 1,234.5%.
_WIDE = 10
#: Amounts from here on are shown without decimals at the head of a page.
_LARGE = 10_000
_HALF_UP = Context(prec=40, rounding=ROUND_HALF_UP)
P = ParamSpec("P")


def _rounding(write: Callable[P, str]) -> Callable[P, str]:
    """The same, half a unit rounded up: Babel rounds as the context says."""

    def written(*args: P.args, **options: P.kwargs) -> str:
        with localcontext(_HALF_UP):
            return write(*args, **options)

    return written


format_currency = _rounding(numbers.format_currency)
format_decimal = _rounding(numbers.format_decimal)
format_percent = _rounding(numbers.format_percent)


@dataclass(frozen=True, slots=True)
class Formats:
    """How one language writes figures. Instants are shown in ``zone``, the site's."""

    locale: Locale
    zone: ZoneInfo

    def count(self, value: int | str | None) -> str:
        """A whole number with its grouping."""
        return NOTHING if value is None else format_decimal(value, locale=self.locale)

    def credit(self, value: str | None) -> str:
        """Conversions: may be fractional, at most two decimals."""
        if value is None:
            return NOTHING
        return format_decimal(Decimal(value), format="#,##0.##", locale=self.locale)

    def amount(self, value: str | None, currency: str) -> str:
        """Money without its sign, with the currency's decimals: for columns that name it."""
        if value is None:
            return NOTHING
        digits = "0" * get_currency_precision(currency)
        pattern = f"#,##0.{digits}" if digits else "#,##0"
        return format_decimal(Decimal(value), format=pattern, locale=self.locale)

    def money(self, value: str | None, currency: str) -> str:
        """Money with its sign."""
        if value is None:
            return NOTHING
        return format_currency(Decimal(value), currency, locale=self.locale)

    def headline(self, value: str | None, currency: str) -> str:
        """Money with its sign, without decimals once they say nothing."""
        if value is None or abs(Decimal(value)) < _LARGE:
            return self.money(value, currency)
        return format_currency(
            Decimal(value), currency, format="¤#,##0", locale=self.locale, currency_digits=False
        )

    def percent(self, value: float | None) -> str:
        """A ratio as per cent, one decimal below 1,000%."""
        if value is None:
            return NOTHING
        pattern = "#,##0%" if abs(value) >= _WIDE else "#,##0.#%"
        return format_percent(value, format=pattern, locale=self.locale)

    def ratio(self, value: float | None) -> str:
        """A ratio as a plain number with two decimals."""
        if value is None:
            return NOTHING
        return format_decimal(value, format="#,##0.00", locale=self.locale)

    def signed(self, value: float, *, points: bool = False) -> str:
        """A change, always with its sign: ``+12%``, or ``+5.2`` in percentage points."""
        shown = value * 100 if points else value
        if points:
            text = format_decimal(abs(shown), format="#,##0.#", locale=self.locale)
        else:
            pattern = "#,##0%" if abs(value) >= 0.1 else "#,##0.#%"
            text = format_percent(abs(value), format=pattern, locale=self.locale)
        sign = "+" if value > 0 else "-" if value < 0 else "±"
        return sign + text

    def day(self, value: date | str) -> str:
        """A day of the site's calendar."""
        when = date.fromisoformat(value) if isinstance(value, str) else value
        return format_date(when, format="medium", locale=self.locale)

    def days(self, first: date | str, last: date | str) -> str:
        """A period of days, both ends included, in the shortest form the language has."""
        begin = date.fromisoformat(first) if isinstance(first, str) else first
        end = date.fromisoformat(last) if isinstance(last, str) else last
        if begin == end:
            return self.day(begin)
        return format_interval(begin, end, skeleton="yMMMd", locale=self.locale)

    def instant(self, value: datetime) -> str:
        """A moment in the site's zone, to the second."""
        return format_datetime(value, format="medium", tzinfo=self.zone, locale=self.locale)

    def clock(self, value: datetime) -> str:
        """The time of day of a moment in the site's zone."""
        return format_time(value, format="HH:mm:ss", tzinfo=self.zone, locale=self.locale)

    def country(self, code: str) -> str:
        """The name of a country by its ISO 3166 code, empty for none."""
        return (self.locale.territories.get(code) or code) if code else ""

    def language(self, tag: str) -> str:
        """The name of a language by the tag that browsers send; an unknown one as it stands."""
        try:
            named = Locale.parse(tag, sep="-").get_display_name(self.locale)
        except (ValueError, UnknownLocaleError):
            return tag
        return named or tag
