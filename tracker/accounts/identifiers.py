"""Random identifiers and secrets, and the form in which secrets are stored."""

from __future__ import annotations

import hashlib
import secrets

#: Lower-case letters and digits that people do not confuse (no 0 o 1 l i).
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
SITE_KEY_LENGTH = 10
ID_LENGTH = 16


def random_text(length: int) -> str:
    """That many random characters of the unambiguous alphabet (4.95 bits each)."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def new_id() -> str:
    """An identifier for a row: 16 characters, 79 bits."""
    return random_text(ID_LENGTH)


def is_site_key(text: str) -> bool:
    """Whether the text has the form of a site key; says nothing about whether the site exists."""
    return len(text) == SITE_KEY_LENGTH and all(character in ALPHABET for character in text)


def new_secret(prefix: str = "") -> str:
    """A bearer secret with 256 bits of randomness, URL-safe, after the prefix."""
    return prefix + secrets.token_urlsafe(32)


def fingerprint(secret: str) -> str:
    """What is stored of a random secret: its SHA-256 in hex.

    A plain hash is enough because the secret has 256 random bits; passwords use argon2.
    """
    return hashlib.sha256(secret.encode()).hexdigest()
