"""Requests about connections, which bring spend by themselves."""

from __future__ import annotations

import msgspec


class CheckConnection(msgspec.Struct, frozen=True):
    """``tracker connection test``."""

    connection: str


class ChooseAccounts(msgspec.Struct, frozen=True):
    """``tracker connection accounts`` with a choice; ``enter`` is an account that the platform
    does not list, with its ``values`` by field."""

    connection: str
    enable: tuple[str, ...] = ()
    disable: tuple[str, ...] = ()
    enter: str = ""
    values: dict[str, str] = {}


class RunConnection(msgspec.Struct, frozen=True):
    """``tracker connection run|backfill``; days as YYYY-MM-DD, "" for the recent ones; ``account``
    "" is every enabled one."""

    connection: str
    account: str = ""
    first: str = ""
    last: str = ""


class ResumeRun(msgspec.Struct, frozen=True):
    """``tracker connection resume``."""

    run: str
