"""Answers of Baidu's interfaces, as they come over the wire."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from tracker.spend.connectors.answers import unreadable
from tracker.spend.connectors.baidu_rows import Cells
from tracker.spend.connectors.failures import Transient
from tracker.spend.connectors.held import Held, Span

PLATFORM = "Baidu"


class Failure(msgspec.Struct):
    """One reason of a refusal."""

    code: int | str = 0
    message: str = ""


class Header(msgspec.Struct):
    """``status`` is 0 done, 1 partial, 2 failed, 3 a problem of the system."""

    status: int
    desc: str = ""
    failures: list[Failure] | None = None


class Data(msgspec.Struct, rename="camel"):
    """A page of rows."""

    total_row_count: int | None = None
    rows: list[dict[str, Any]] | None = None


class Body(msgspec.Struct):
    """What holds the page."""

    #: An array in the official SDK and in a fixture, an object in another SDK.
    data: list[Data] | Data | None = None


class Report(msgspec.Struct):
    """A whole answer."""

    header: Header
    body: Body | None = None

    @property
    def data(self) -> list[Data]:
        """The pages, whichever way they came."""
        found = self.body.data if self.body else None
        return found if isinstance(found, list) else [found] if found else []


class Head(msgspec.Struct):
    """The beginning of an answer, whatever its body is."""

    header: Header


class NewToken(msgspec.Struct, rename="camel"):
    """What a renewal gives."""

    access_token: str = ""
    refresh_token: str = ""
    expires_in: int | float | str = 86_400


class Renewal(msgspec.Struct):
    """An answer of the token endpoint."""

    code: int | str = -1
    message: str = ""
    data: NewToken | None = None


_REPORT = msgspec.json.Decoder(Report, float_hook=Decimal)


def report_of(body: bytes) -> Report:
    """An answer with its rows, floats as Decimal. Transient if torn, Terminal if of other form."""
    try:
        return _REPORT.decode(body)
    except msgspec.ValidationError as error:
        raise unreadable(PLATFORM, str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError, ArithmeticError):
        raise Transient(f"{PLATFORM} sent something that is no JSON, or only a part.") from None


def cells(held: Held, spans: Sequence[Span]) -> Iterator[Cells]:
    """The rows of held answers, in order."""
    for span in spans:
        for data in report_of(held.read(span)).data:
            yield from data.rows or ()
