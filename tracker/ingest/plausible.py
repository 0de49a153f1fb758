"""The payload of the Plausible Events API, in the words of the beacon's wire format.

Both spellings are read: ``name url domain referrer props revenue interactive`` of the documents and
``n u d r p $ i`` of their tracker, with its ``h`` (the fragment is the route) and, of engagement,
``sd`` (scrolled to, per cent) and ``e`` (ms visible). Properties and revenue may be JSON within a
string. Unknown fields are ignored, and so are properties that are no text, number or boolean.

Refused: what is no JSON object; no event name; no URL, or a ``data:`` one; no domain, or more than
``DOMAINS``. Their apps name a screen as ``app://localhost/screen``: it stands as that path of the
site.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from tracker.errors import InvalidInput
from tracker.ingest.payload import URL_LENGTH, Beacon, PropValue

#: Most sites that one request may name.
DOMAINS = 20
#: Longest amount of money, in characters, before it is read as a number.
AMOUNT_LENGTH = 40
_DECODER = msgspec.json.Decoder(dict[str, Any])


class BadField(InvalidInput):
    """A field that cannot be used; its clients read ``{"errors": {field: [message]}}``."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}.", hint="See the Plausible Events API.")
        self.field = field
        self.text = message


@dataclass(frozen=True, slots=True)
class PlausibleEvent:
    """One event for each of ``domains``, which are site keys or host names."""

    domains: tuple[str, ...]
    name: str
    url: str
    referrer: str
    props: dict[str, PropValue]
    value: Decimal | None
    currency: str
    language: str = ""

    def beacon(self, site: str, home: str, event_id: str) -> Beacon:
        """The event of one site; ``home`` is its first domain."""
        return Beacon(
            site=site,
            event_id=event_id,
            name=self.name,
            url=_page(self.url, home),
            referrer=self.referrer,
            props=self.props,
            value=self.value,
            currency=self.currency,
        )


def parse_event(body: bytes) -> PlausibleEvent:
    """The event of a body; BadField says which field is wrong."""
    try:
        fields = _DECODER.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadField("request", "Unable to parse request body as json") from error
    name = _first(fields, "n", "name")
    if not isinstance(name, str) or not name.strip():
        raise BadField("event_name", "can't be blank")
    url = _url(fields)
    amount, currency = _revenue(_first(fields, "$", "revenue"))
    referrer = _first(fields, "r", "referrer")
    return PlausibleEvent(
        domains=_domains(_first(fields, "d", "domain"), url),
        name=name,
        url=_routed(url) if _first(fields, "h", "hashMode") in (1, True, "1") else url,
        referrer=referrer if isinstance(referrer, str) else "",
        props=_props(fields, name),
        value=amount,
        currency=currency,
    )


def _first(fields: Mapping[str, Any], *names: str) -> Any:
    return next((fields[name] for name in names if fields.get(name) is not None), None)


def _url(fields: Mapping[str, Any]) -> str:
    url = _first(fields, "u", "url")
    if url is None:
        raise BadField("url", "is required")
    if not isinstance(url, str):
        raise BadField("url", "must be a string")
    if url.lstrip()[:5].lower() == "data:":
        raise BadField("url", "scheme is not allowed")
    return url[: URL_LENGTH + 1].strip()


def _domains(given: Any, url: str) -> tuple[str, ...]:
    """The names given, without repetitions; the page's host where none is."""
    if given is None:
        given = _authority(url)
    if not isinstance(given, str) or not given.strip(", "):
        raise BadField("domain", "can't be blank")
    names = tuple(dict.fromkeys(name.strip() for name in given.split(",") if name.strip()))
    if len(names) > DOMAINS:
        raise BadField("domain", f"names {len(names)} sites, at most {DOMAINS} are allowed")
    return names


def _authority(url: str) -> str:
    rest = url.partition("://")[2]
    host = rest.replace("?", "/").replace("#", "/").partition("/")[0].rpartition("@")[2]
    return host if host.endswith("]") else host.partition(":")[0]


def _routed(url: str) -> str:
    """The URL with its fragment as a route, which is what begins with a slash or a ``!``."""
    address, mark, fragment = url.partition("#")
    if not fragment or fragment[0] in "/!":
        return url
    return f"{address}{mark}/{fragment}"


def _page(url: str, home: str) -> str:
    scheme, mark, rest = url.partition("://")
    if not mark or scheme.lower() != "app":
        return url
    return f"https://{home}/{rest.partition('/')[2]}"


def _props(fields: Mapping[str, Any], name: str) -> dict[str, PropValue]:
    """The properties; those that their tracker sends beside them come first."""
    given = _object(_first(fields, "p", "props", "m", "meta"))
    found: dict[str, PropValue] = {}
    if name == "engagement":
        found |= _numbers(fields, ms="e", depth="sd")
    if _first(fields, "i", "interactive") is False:
        found["interactive"] = False
    for key, value in given.items():
        if isinstance(value, str | int | float | bool) and value != "":
            found.setdefault(key, value)
    return found


def _numbers(fields: Mapping[str, Any], **names: str) -> dict[str, PropValue]:
    given = {name: fields.get(field) for name, field in names.items()}
    return {
        name: value
        for name, value in given.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def _object(given: Any) -> dict[str, Any]:
    if isinstance(given, str):
        try:
            return _DECODER.decode(given)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return {}
    return given if isinstance(given, dict) else {}


def _revenue(given: Any) -> tuple[Decimal | None, str]:
    """(amount, currency); not a number where there is no amount that can be read."""
    fields = _object(given)
    currency = fields.get("currency")
    if not fields:
        return None, ""
    return amount(fields.get("amount")), currency if isinstance(currency, str) else "?"


def amount(given: Any) -> Decimal | None:
    """An amount as number or text; NaN, which no step takes, for one that cannot be read."""
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        return Decimal("nan")
    text = str(given).strip() if not isinstance(given, int) or abs(given) < 10**20 else "nan"
    try:
        return Decimal(text) if 0 < len(text) <= AMOUNT_LENGTH else Decimal("nan")
    except InvalidOperation:
        return Decimal("nan")
