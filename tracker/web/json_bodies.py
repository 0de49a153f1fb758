"""JSON that programs send: read within a limit, and decoded with what is wrong said by place."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from tracker.errors import InvalidInput
from tracker.ingest.endpoint import Gone, pick_headers, read_body
from tracker.web.call import Call

T = TypeVar("T")
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
#: Largest body of JSON, in bytes.
BODY_BYTES = 2 * 2**20


class GoalName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The goal that is meant."""

    name: str


async def read_json(call: Call, limit: int = BODY_BYTES) -> bytes:
    """The body of a request that brings JSON, gzip allowed. InvalidInput for a form, TooLarge."""
    kind = call.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind in _FORMS:
        raise InvalidInput(
            f"The body is sent as {kind}.", hint="Send JSON as Content-Type: application/json."
        )
    try:
        return await read_body(pick_headers(call.request.scope), call.request.receive, limit)
    except Gone as error:
        raise InvalidInput("The request ended before its body did.") from error


def decode(body: bytes, kind: type[T]) -> T:
    """JSON as a struct; InvalidInput says where it does not fit."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as error:
        raise InvalidInput(f"The JSON cannot be used: {error}.") from error
    except UnicodeDecodeError as error:
        raise InvalidInput("The JSON is not UTF-8 text.") from error
