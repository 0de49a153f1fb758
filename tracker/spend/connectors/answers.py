"""Answers as typed values: what is no JSON may pass by itself, JSON of another form will not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import msgspec

from tracker.spend.connectors.failures import Cause, Terminal, Transient

T = TypeVar("T")
#: So much of a platform's own words is repeated in a message.
QUOTED = 300
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
#: Long runs without a space are more likely a token than a word.
_TOKEN = re.compile(r"[^\s\"'<>]{40,}")


def decoded(platform: str, body: bytes | memoryview, kind: type[T]) -> T:
    """A JSON answer. Transient if it is none (a proxy's page, a torn answer), Terminal if it has
    another form than the platform documents."""
    with _decoding(platform):
        return msgspec.json.decode(body, type=kind)


def decoded_each(
    platform: str, parts: Iterable[msgspec.Raw], decoder: msgspec.json.Decoder[T]
) -> list[T]:
    """Parts of a JSON answer, with the errors of ``decoded``."""
    with _decoding(platform):
        return [decoder.decode(part) for part in parts]


@contextmanager
def _decoding(platform: str) -> Iterator[None]:
    try:
        yield
    except msgspec.ValidationError as error:
        raise unreadable(platform, str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        raise Transient(f"{platform} sent something that is no JSON, or only a part.") from None


def peeked(body: bytes, kind: type[T]) -> T | None:
    """A JSON answer of that form, None for anything else."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        return None


def unreadable(platform: str, what: str) -> Terminal:
    """An answer whose form this version does not know; ``what`` names the place, no value."""
    return Terminal(
        f"{platform} sent an answer that cannot be read: {what[:QUOTED]}.",
        cause=Cause.ANSWER,
        hint="Nothing was imported. The platform has probably changed its interface; update "
        "this program, or import a report file meanwhile.",
    )


@contextmanager
def reading(platform: str) -> Iterator[None]:
    """Terminal for a value within that cannot be read (``ValueError`` naming the field)."""
    try:
        yield
    except ValueError as error:
        raise unreadable(platform, str(error)) from None


def said(text: str) -> str:
    """A platform's own words for a message: one line, short, without anything like a token. The
    wire takes out the secrets that it knows."""
    return _TOKEN.sub("…", _CONTROL.sub(" ", text)).strip()[:QUOTED]
