"""Rights and the roles that hold them."""

from __future__ import annotations

import enum

from tracker.errors import InvalidInput


class Right(enum.StrEnum):
    """What one may do with a site; each right includes those before it."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"

    def covers(self, other: Right) -> bool:
        """Whether one who holds this right may do what asks for the other."""
        order = list(Right)
        return order.index(self) >= order.index(other)


class Role(enum.StrEnum):
    """What a user is in a tenant."""

    OWNER = "owner"
    EDITOR = "editor"
    VIEWER = "viewer"

    @property
    def right(self) -> Right:
        """Viewers read; editors also change goals, imports and conversions; owners do all."""
        return {Role.OWNER: Right.ADMIN, Role.EDITOR: Right.WRITE, Role.VIEWER: Right.READ}[self]


def parse_right(text: str) -> Right:
    """``read``, ``write`` or ``admin``, or InvalidInput."""
    try:
        return Right(text)
    except ValueError as error:
        raise InvalidInput(f"Unknown scope {text!r}.", hint="Use read, write or admin.") from error


def parse_role(text: str) -> Role:
    """``owner``, ``editor`` or ``viewer``, or InvalidInput."""
    try:
        return Role(text)
    except ValueError as error:
        raise InvalidInput(
            f"Unknown role {text!r}.", hint="Use owner, editor or viewer."
        ) from error
