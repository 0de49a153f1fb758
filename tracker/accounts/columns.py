"""Column types that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, Dialect, String
from sqlalchemy.types import TypeDecorator

from tracker.accounts.clock import from_ms, to_ms


class Instant(TypeDecorator[datetime]):
    """An aware instant, stored as UTC milliseconds in a BIGINT."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Instant to milliseconds."""
        return None if value is None else to_ms(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Milliseconds to an instant in UTC."""
        return None if value is None else from_ms(value)


class Amount(TypeDecorator[Decimal]):
    """An exact decimal, stored as its text: SQLite has no exact number with a fraction."""

    impl = String(40)
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Decimal to plain digits, never an exponent."""
        return None if value is None else f"{value:f}"

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:  # noqa: ARG002
        """Digits to the decimal that was stored."""
        return None if value is None else Decimal(value)
