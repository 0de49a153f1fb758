"""E-mail addresses and phone numbers as hashes: the only form in which they are kept.

Both sides that have to meet (``identify`` in the browser, the sales file) go through here, so
that the same person gives the same hash. The hash is SHA-256 of the normalised UTF-8 text, in
lower-case hexadecimal, as the ad platforms define theirs.
"""

from __future__ import annotations

import re
import unicodedata
from hashlib import sha256

from tracker.errors import InvalidInput

_SHA256 = re.compile(r"^[0-9a-fA-F]{64}$")
_EMAIL = re.compile(r"^[^\s@]+@[^\s@]+\.[^\s@]+$")
_PHONE = re.compile(r"^\+?[0-9\s().\-/]+$")
_PHONE_DIGITS = range(5, 16)


def is_hashed(text: str) -> bool:
    """Whether a contact was hashed before it came here: 64 hexadecimal digits."""
    return _SHA256.match(text.strip()) is not None


def hash_email(text: str) -> str:
    """The hash of an address, trimmed and in lower case; a hash stays as it is.

    InvalidInput for anything that is no address.
    """
    if is_hashed(text):
        return text.strip().lower()
    address = unicodedata.normalize("NFKC", text).strip().lower()
    if not _EMAIL.match(address) or len(address) > 254:
        raise InvalidInput(
            f"Not an e-mail address: {text.strip()!r}.", hint="Write it as name@example.com."
        )
    return sha256(address.encode()).hexdigest()


def hash_phone(text: str) -> str:
    """The hash of a number: its digits, with a leading + where a country code is given.

    ``0086 138…`` is ``+86138…``. A number without a country code stays without one, so it only
    meets numbers written the same way. A hash stays as it is. InvalidInput for anything else.
    """
    if is_hashed(text):
        return text.strip().lower()
    number = unicodedata.normalize("NFKC", text).strip().replace("‐", "-").replace("–", "-")
    digits = re.sub(r"[^0-9]", "", number)
    international = number.startswith("+")
    if digits.startswith("00") and not international:
        international, digits = True, digits[2:]
    if not _PHONE.match(number) or len(digits) not in _PHONE_DIGITS:
        raise InvalidInput(
            f"Not a phone number: {text.strip()!r}.", hint="Write it as +86 138 0013 8000."
        )
    return sha256(f"{'+' if international else ''}{digits}".encode()).hexdigest()


def hash_user(text: str) -> str:
    """The hash of a user id as the site's own log-in knows it, trimmed, case kept; a hash stays
    as it is."""
    if is_hashed(text):
        return text.strip().lower()
    return sha256(text.strip().encode()).hexdigest()


def check_person(text: str) -> str:
    """A person as pages and answers name one: 16 hexadecimal digits. InvalidInput otherwise."""
    name = text.strip().lower()
    if not re.fullmatch(r"[0-9a-f]{16}", name):
        raise InvalidInput(
            f"Not a person: {text.strip()!r}.",
            hint="A person has 16 hexadecimal digits, as the page of that person says.",
        )
    return name
