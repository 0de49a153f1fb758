"""What is to be written of a person, as the API and the command take it."""

from __future__ import annotations

import msgspec


class CardWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fields of a person's card; what is not said (null) stays as it is. Tags replace those that
    stand."""

    name: str | None = None
    company: str | None = None
    owner: str | None = None
    status: str | None = None
    tags: tuple[str, ...] | None = None
