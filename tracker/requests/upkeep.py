"""Requests that keep an installation in order."""

from __future__ import annotations

import msgspec


class Reconcile(msgspec.Struct, frozen=True):
    """``tracker reconcile``: load what is spooled, then rebuild until nothing is dirty."""


class Rebuild(msgspec.Struct, frozen=True):
    """``tracker rebuild``: mark the history of a site dirty, or some days, then reconcile."""

    site: str
    first: str = ""
    last: str = ""


class Requeue(msgspec.Struct, frozen=True):
    """``tracker spool requeue``: try what was refused again."""


class CheckHealth(msgspec.Struct, frozen=True):
    """``tracker health``."""

    site: str


class Diagnose(msgspec.Struct, frozen=True):
    """``tracker doctor``."""
