"""Request bodies: forms and files, bounded in size and number."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message, Receive

from tracker.errors import InvalidInput, TooLarge, Unavailable

#: A file comes with a few options, never with hundreds.
MAX_FIELDS = 100


@dataclass(frozen=True, slots=True)
class Body:
    """The fields of a form by name, the last of equal names, and its files."""

    fields: dict[str, str]
    files: dict[str, UploadFile]


async def read_form(request: Request, limit: int) -> Body:
    """The form in a request of at most ``limit`` bytes; TooLarge, InvalidInput.

    Any other content type is an empty form: a missing field is reported by who needs it.
    """
    _check_length(request, limit)
    bounded = Request(request.scope, _bounded(request.receive, limit))
    try:
        data: FormData = await bounded.form(
            max_files=1, max_fields=MAX_FIELDS, max_part_size=limit if limit < 2**20 else 2**16
        )
    except HTTPException as error:
        raise InvalidInput(f"The form cannot be read: {error.detail}.") from error
    except UnicodeDecodeError as error:
        raise InvalidInput("The form is not UTF-8 text.") from error
    except OSError as error:
        raise not_stored(error) from error
    fields = {name: value for name, value in data.multi_items() if isinstance(value, str)}
    files = {name: value for name, value in data.multi_items() if isinstance(value, UploadFile)}
    if any("\0" in value for value in fields.values()):
        raise InvalidInput("The form holds a NUL character.")
    return Body(fields, files)


def not_stored(error: OSError) -> Unavailable:
    """The answer to a file for which our disk has no room."""
    return Unavailable(
        f"The file could not be stored: {error.strerror}.",
        hint="Free disk space on the server, then choose the file again.",
    )


def _check_length(request: Request, limit: int) -> None:
    given = request.headers.get("Content-Length", "")
    if given.isdecimal() and int(given) > limit:
        raise _too_large(limit)


def _bounded(receive: Receive, limit: int) -> Receive:
    received = 0

    async def bounded() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise _too_large(limit)
        return message

    return bounded


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"The request is larger than {limit} bytes.", hint="Split the file.")
