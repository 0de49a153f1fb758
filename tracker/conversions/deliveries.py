"""What a webhook is sent, read as conversions: fields found by path, signatures checked.

A sender's JSON is one object, a list of them, or an object with such a list where the mapping's
``items`` points; a form is one object. A field that the mapping does not name is taken from the
top, if the sender has one of that name. A tax rate is a share or per cent (``0.13``, ``13%``).
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from tracker.conversions.entry import Entry, is_withdrawn
from tracker.errors import AccessDenied, InvalidInput
from tracker.money import parse_amount, parse_share

#: Fields of a mapping: those of an entry, and where the list of entries is.
FIELDS = (*Entry.__struct_fields__, "items")
#: Headers that senders put a signature of the body into, in the order of preference.
SIGNATURES = ("x-tracker-signature", "x-hub-signature-256", "x-signature-256", "x-signature")


def check_fields(fields: Mapping[str, str]) -> dict[str, str]:
    """A mapping as it may be stored; InvalidInput."""
    for name, path in fields.items():
        if name not in FIELDS:
            raise InvalidInput(
                f"A conversion has no field {name!r}.", hint="Allowed: " + ", ".join(FIELDS) + "."
            )
        if not path.strip() or len(path) > 200:
            raise InvalidInput(
                f"The field {name!r} has no path of 1 to 200 characters.",
                hint="Write data.order.id, or =order for a constant.",
            )
    return {name: path.strip() for name, path in fields.items()}


def check_signature(body: bytes, headers: Mapping[str, str], key: str) -> None:
    """AccessDenied (401) unless a header has the HMAC-SHA256 of the body, in hexadecimal."""
    given = next((headers[name] for name in SIGNATURES if headers.get(name)), "")
    wanted = hmac.new(key.encode(), body, sha256).hexdigest()
    text = given.strip().lower().removeprefix("sha256=")
    if not hmac.compare_digest(text.encode(errors="replace"), wanted.encode()):
        raise AccessDenied(
            "The delivery has no valid signature.",
            hint="Send X-Tracker-Signature: sha256=HEX, the HMAC-SHA256 of the body.",
            status=401,
        )


def signing_key(secret_key: str, webhook: str) -> str:
    """The key of a webhook's signatures: it follows from the installation's, and is not stored."""
    return hmac.new(secret_key.encode(), f"webhook {webhook}".encode(), sha256).hexdigest()


def read_delivery(body: bytes, content_type: str, fields: Mapping[str, str]) -> list[Entry]:
    """The conversions that were sent; InvalidInput says what cannot be read."""
    sent = _decoded(body, content_type)
    if "items" in fields:
        sent = _at(sent, fields["items"])
    items = sent if isinstance(sent, list) else [sent]
    return [_entry(number, item, fields) for number, item in enumerate(items, start=1)]


def _decoded(body: bytes, content_type: str) -> Any:
    try:
        if content_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
            return dict(parse_qsl(body.decode(), max_num_fields=200, errors="strict"))
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, ValueError) as error:
        raise InvalidInput(
            f"The delivery cannot be read: {error}.", hint="Send JSON or a form in UTF-8."
        ) from error


def _entry(number: int, item: Any, fields: Mapping[str, str]) -> Entry:
    if not isinstance(item, dict):
        raise InvalidInput(f"Conversion {number} is no object.")
    values: dict[str, Any] = {}
    for name in Entry.__struct_fields__:
        path = fields.get(name, name)
        found = path[1:] if path.startswith("=") else _text(_at(item, path))
        if found:
            values[name] = found
    for name in {"value", "order_cost"} & values.keys():
        values[name] = parse_amount(values[name])
    if "tax_rate" in values:
        values["tax_rate"] = parse_share(values["tax_rate"])
    if "removed" in values:
        values["removed"] = is_withdrawn(values["removed"])
    try:
        return Entry(**values)
    except TypeError:
        missing = [name for name in ("id", "stage") if name not in values]
        raise InvalidInput(
            f"Conversion {number} has nothing where {' and '.join(missing)} should be.",
            hint="Correct the webhook's fields.",
        ) from None


def _at(value: Any, path: str) -> Any:
    """What stands at a dotted path; a number is a place in a list."""
    for step in path.split("."):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def _text(value: Any) -> str:
    if value is None or isinstance(value, dict | list):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
