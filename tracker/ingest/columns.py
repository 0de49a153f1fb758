"""Lines of the spool: exactly the JSONEachRow form of the tables that ingest fills.

The columns of an event come in groups, because most of them repeat: those of the event, what its
page says of itself (title, screen, language), those of its client (address and user agent), and
those of its sighting (the addresses of the page and of the referrer, and the source that they
make). The JSON of the latter three is made once and kept; a line is all of them joined. Fields with
their default are left out; the engine fills in the same default.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

import msgspec


class Table(StrEnum):
    """The kinds of segments, by the suffix of their files."""

    EVENTS = "events"
    IDENTITIES = "identities"
    REJECTED = "rejected_events"


class EventColumns(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The columns of ``events`` that belong to one event; times as ``instant`` writes them."""

    # NOTE: the order is that of the call in ``record``, which is positional: by keyword it takes
    # three times as long.
    site: str
    time: str
    received: str
    event_id: str
    visitor: int
    origin: str
    memory: str
    attempt: int = 1
    value: Decimal | None = None
    currency: str = ""
    props: dict[str, str] = {}
    ip: str = ""
    flags: str = ""


class PageColumns(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The columns of ``events`` in which events of the same kind on a page hardly differ."""

    name: str
    title: str = ""
    code: str = ""
    screen: str = ""
    viewport: str = ""
    language: str = ""


class AddressColumns(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The columns of ``events`` that hold the page and where it was reached from, as stored."""

    host: str = ""
    path: str = ""
    query: str = ""
    referrer: str = ""


class ClientColumns(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The columns of ``events`` that follow from the address and the user agent alone."""

    country: str = ""
    region: str = ""
    city: str = ""
    network: str = ""
    browser: str = ""
    browser_version: str = ""
    os: str = ""
    os_version: str = ""
    device: str = ""
    user_agent: str = ""


class IdentityColumns(msgspec.Struct, frozen=True, gc=False):
    """One line of ``identities``: a hashed contact key of a visitor."""

    site: str
    kind: str
    hash: str
    visitor: int
    time: str


class RejectedColumns(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One line of ``rejected_events``."""

    site: str
    received: str
    reason: str
    name: str = ""
    url: str = ""
    referrer: str = ""
    ip: str = ""
    user_agent: str = ""
    visitor: int = 0


class EventKey(msgspec.Struct, frozen=True, gc=False):
    """What the loader reads of a line of ``events``, or of ``identities``, which lack the rest."""

    site: str
    time: str
    visitor: int
    received: str = ""
    attempt: int = 1


@lru_cache(maxsize=256)
def instant(ms: int) -> str:
    """UTC milliseconds as seconds with three decimals, quoted: what DateTime64 reads exactly.

    NOTE: as a bare JSON number a double would stand between the text and the column. A busy server
    takes many events in one millisecond, and several in one request.
    """
    text = str(ms)
    return f"{text[:-3]}.{text[-3:]}"


_encoder = msgspec.json.Encoder(decimal_format="string")
encode = _encoder.encode


def fragment(columns: msgspec.Struct) -> bytes:
    """The JSON of some columns without its braces, preceded by a comma; empty if all default."""
    inner = encode(columns)[1:-1]
    return b"," + inner if inner else b""


def event_line(event: EventColumns, page: bytes, client: bytes, sighting: bytes) -> bytes:
    """One line of an ``events`` segment from the event and three fragments."""
    return b"".join((encode(event)[:-1], page, client, sighting, b"}\n"))


def line(columns: msgspec.Struct) -> bytes:
    """One line of another segment."""
    return encode(columns) + b"\n"


class Batch:
    """Lines by table, to be made durable together.

    NOTE: plain lists, because an enum as a key costs more than all else that is done here.
    """

    __slots__ = ("events", "identities", "rejected")

    def __init__(self) -> None:
        self.events: list[bytes] = []
        self.identities: list[bytes] = []
        self.rejected: list[bytes] = []

    def __bool__(self) -> bool:
        return bool(self.events or self.identities or self.rejected)

    def tables(self) -> list[tuple[Table, list[bytes]]]:
        """The tables that have lines, with their lines."""
        held = (
            (Table.EVENTS, self.events),
            (Table.IDENTITIES, self.identities),
            (Table.REJECTED, self.rejected),
        )
        return [(table, lines) for table, lines in held if lines]
