"""Wire format v1: what a body at ``/e`` may hold, and its bounds.

Refused as malformed: not JSON, a wrong type, no site key, no event id (32 hex digits or a UUID),
another version. Cut to its bound, and the event flagged ``cut``: name, title, URL, referrer, keys
and values of ``props``, language, code. Left out, and flagged: ``props`` beyond the thirtieth
(``cut``), a value out of range or in no known currency (``bad_value``). Unknown fields are ignored.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal

import msgspec

from tracker.errors import InvalidInput
from tracker.money import LIMIT, STEP, currency_codes

#: Largest body, compressed or not, in bytes.
BODY_BYTES = 64 * 1024
#: Most events in one request.
BATCH_EVENTS = 100
NAME_LENGTH = 64
TITLE_LENGTH = 512
PATH_LENGTH = 2_048
QUERY_LENGTH = 2_048
REFERRER_LENGTH = 2_048
#: Of the URL and the referrer before they are taken apart.
URL_LENGTH = 8_192
PROPS_COUNT = 30
PROP_KEY_LENGTH = 64
PROP_VALUE_LENGTH = 512
LANGUAGE_LENGTH = 35
CODE_LENGTH = 12
VISITOR_LENGTH = 64
#: The only version of the wire format.
VERSION = 1

PropValue = str | int | float | bool | None

_HEX32 = re.compile(r"[0-9a-fA-F]{32}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Beacon(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    gc=False,
    rename={
        "version": "v",
        "site": "s",
        "event_id": "i",
        "name": "n",
        "occurred": "o",
        "sent": "t",
        "attempt": "a",
        "visitor": "u",
        "url": "l",
        "referrer": "r",
        "title": "d",
        "sizes": "w",
        "language": "g",
        "props": "p",
        "value": "x",
        "currency": "c",
        "code": "k",
        "automation": "b",
    },
):
    """One event as a client sends it. ``occurred`` and ``sent`` are ms of the client's clock."""

    site: str
    event_id: str
    version: int = VERSION
    name: str = "pageview"
    occurred: int | float | None = None
    sent: int | float | None = None
    attempt: int = 1
    visitor: str | None = None
    url: str = ""
    referrer: str | None = ""
    title: str | None = ""
    sizes: tuple[int | float, ...] | None = None
    language: str | None = ""
    props: dict[str, PropValue] | None = None
    value: Decimal | None = None
    currency: str | None = ""
    code: str | None = ""
    automation: int | bool = 0


_ONE = msgspec.json.Decoder(Beacon)
_MANY = msgspec.json.Decoder(list[Beacon])
_RAW = msgspec.json.Decoder(list[msgspec.Raw])


def parse_body(body: bytes) -> tuple[list[Beacon], list[str]]:
    """The events of a body, and what is wrong with each item that is not an event.

    InvalidInput when there is no event at all: not JSON, more than ``BATCH_EVENTS``, all malformed.
    """
    if body[:1] not in (b"{", b"["):
        body = body.lstrip()
    try:
        if body[:1] != b"[":
            return [checked(_ONE.decode(body))], []
        beacons = _MANY.decode(body)
        if 0 < len(beacons) <= BATCH_EVENTS:
            return [checked(beacon) for beacon in beacons], []
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, InvalidInput) as error:
        if body[:1] != b"[":
            raise malformed(error) from error
    return _parse_items(body)


def _parse_items(body: bytes) -> tuple[list[Beacon], list[str]]:
    try:
        items = _RAW.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise malformed(error) from error
    if not 0 < len(items) <= BATCH_EVENTS:
        raise InvalidInput(
            f"The request has {len(items)} events; 1 to {BATCH_EVENTS} are allowed.",
            hint="Send the others in further requests.",
        )
    beacons, problems = [], []
    for number, item in enumerate(items, start=1):
        try:
            beacons.append(checked(_ONE.decode(item)))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, InvalidInput) as error:
            problems.append(f"event {number}: {malformed(error).message}")
    if not beacons:
        raise InvalidInput(problems[0])
    return beacons, problems


def malformed(error: Exception) -> InvalidInput:
    """The refusal for a decoding error; its text names the field, never the body's content."""
    if isinstance(error, InvalidInput):
        return error
    what = str(error) if isinstance(error, msgspec.ValidationError) else "it is not valid JSON"
    return InvalidInput(f"Not an event: {what}.", hint="See the wire format in snippet/README.md.")


def checked(beacon: Beacon) -> Beacon:
    """The beacon when its version and its event id can be used; InvalidInput otherwise."""
    if beacon.version != VERSION:
        raise InvalidInput(
            f"Wire format version {beacon.version} is not known; this server speaks {VERSION}."
        )
    if not (_HEX32.fullmatch(beacon.event_id) or _UUID.fullmatch(beacon.event_id)):
        raise InvalidInput(
            "The event id `i` is not 32 hexadecimal digits.", hint="Make a random one per event."
        )
    return beacon


def event_uuid(text: str) -> str | None:
    """A UUID with hyphens from 32 hex digits or a UUID; None for anything else."""
    if _HEX32.fullmatch(text):
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}".lower()
    return text.lower() if _UUID.fullmatch(text) else None


def bounded_value(value: Decimal | None, currency: str) -> tuple[Decimal | None, str, bool]:
    """(value, currency, whether both can be used): rounded half-even to a millionth.

    NOTE: browsers send 19.990000000000002 for 19.99; rounding here is what restores it.
    """
    code = currency.strip().upper()
    if value is None:
        return None, code if code in currency_codes() else "", True
    if not value.is_finite() or abs(value) > LIMIT or (code and code not in currency_codes()):
        return None, "", False
    return value.quantize(STEP, rounding=ROUND_HALF_EVEN), code, True


def prop_text(value: PropValue) -> str:
    """A property as stored: strings as they are, true and false in lower case, null empty."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def bounded_props(props: dict[str, PropValue] | None) -> tuple[dict[str, str], bool]:
    """(properties as text, whether something was cut), in the order given."""
    if not props:
        return {}, False
    result = {
        key[:PROP_KEY_LENGTH]: prop_text(value)[:PROP_VALUE_LENGTH]
        for key, value in list(props.items())[:PROPS_COUNT]
    }
    cut = len(props) > PROPS_COUNT or any(
        len(key) > PROP_KEY_LENGTH or (isinstance(value, str) and len(value) > PROP_VALUE_LENGTH)
        for key, value in props.items()
    )
    return result, cut
