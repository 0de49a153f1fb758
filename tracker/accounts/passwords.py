"""Passwords: what is accepted, and their argon2id hashes."""

from __future__ import annotations

from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from tracker.errors import InvalidInput

#: Length bounds of NIST SP 800-63B; no rules about kinds of characters.
SHORTEST, LONGEST = 8, 256


def hash_password(password: str) -> str:
    """The argon2id hash with its salt and parameters; InvalidInput for a length not allowed."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidInput(
            f"The password has {len(password)} characters; {SHORTEST} to {LONGEST} are allowed."
        )
    return _hasher().hash(password)


def password_matches(stored: str | None, password: str) -> bool:
    """Whether the password fits; with no stored hash it takes as long and says no."""
    try:
        return _hasher().verify(stored or _decoy(), password[: LONGEST + 1]) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def needs_rehash(stored: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _hasher().check_needs_rehash(stored)


@lru_cache(maxsize=1)
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@lru_cache(maxsize=1)
def _decoy() -> str:
    return _hasher().hash("nobody has this password")
