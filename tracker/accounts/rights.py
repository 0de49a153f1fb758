"""Rights and the roles that hold them."""

from __future__ import annotations

import enum

from tracker.errors import InvalidInput


class Right(enum.StrEnum):
    """What one may do with a site; read, write and admin include those before."""

    #: To send spend and nothing else: for a token that lies open in an ad account's script.
    SPEND = "spend"
    READ = "read"
    WRITE = "write"
    ADMIN = "admin"

    def covers(self, other: Right) -> bool:
        """Whether one who holds this right may do what asks for the other."""
        if Right.SPEND in (self, other):
            return self is other or self in (Right.WRITE, Right.ADMIN)
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
    """``read``, ``write``, ``admin`` or ``spend``, or InvalidInput."""
    try:
        return Right(text)
    except ValueError as error:
        raise InvalidInput(
            f"Unknown scope {text!r}.", hint="Use read, write, admin or spend."
        ) from error


def parse_role(text: str) -> Role:
    """``owner``, ``editor`` or ``viewer``, or InvalidInput."""
    try:
        return Role(text)
    except ValueError as error:
        raise InvalidInput(
            f"Unknown role {text!r}.", hint="Use owner, editor or viewer."
        ) from error
