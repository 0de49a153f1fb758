"""Contact keys that a visitor gives by ``identify``: stored as hashes, never as they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tracker.conversions.contact import hash_email, hash_phone, hash_user
from tracker.errors import InvalidInput
from tracker.ingest.columns import IdentityColumns, instant, line

#: Properties of ``identify`` that are contact keys: none of them reaches ``events``.
EMAIL, PHONE, USER = "email", "phone", "user"


def identity_lines(site: str, props: Mapping[str, str], visitor: int, time: int) -> Iterator[bytes]:
    """Lines of ``identities`` for the keys that can be hashed; others are left out."""
    for kind in (EMAIL, PHONE, USER):
        text = props.get(kind, "").strip()
        digest = _hash(kind, text) if text else ""
        if digest:
            yield line(IdentityColumns(site, kind, digest, visitor, instant(time)))


def without_contacts(props: Mapping[str, str]) -> dict[str, str]:
    """The properties without the contact keys."""
    return {key: text for key, text in props.items() if key not in (EMAIL, PHONE, USER)}


def _hash(kind: str, text: str) -> str:
    try:
        if kind == EMAIL:
            return hash_email(text)
        if kind == PHONE:
            return hash_phone(text)
    except InvalidInput:
        return ""
    return hash_user(text)
