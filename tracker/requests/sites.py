"""Requests about the rules of a site."""

from __future__ import annotations

import msgspec


class ProposeParams(msgspec.Struct, frozen=True):
    """``tracker site params``: a map of freely named query parameters; ``apply`` stores it."""

    site: str
    days: int = 30
    apply: bool = False
