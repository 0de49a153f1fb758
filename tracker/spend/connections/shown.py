"""Connections, accounts and runs in JSON, as commands print them and the API answers.

Never a secret: a connection says only whether it has one.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import msgspec

from tracker.accounts.connection_accounts import ConnectionAccount
from tracker.accounts.connection_runs import ConnectionRun
from tracker.accounts.connections import Connection
from tracker.spend.connections.schedule import timetable_of


def connection_fields(connection: Connection) -> dict[str, Any]:
    """A connection."""
    timetable = timetable_of(connection)
    return {
        "id": connection.id,
        "kind": connection.kind,
        "name": connection.name,
        "site": connection.site,
        "state": connection.state,
        "settings": dict(connection.settings),
        "has_secret": connection.has_secret,
        "schedule": {name: getattr(timetable, name) for name in timetable.__struct_fields__},
        "error": connection.error,
        "cause": connection.cause,
        "failed_at": _time(connection.failed_at),
        "created_at": _time(connection.created_at),
    }


def account_fields(account: ConnectionAccount) -> dict[str, Any]:
    """An account under a connection."""
    return {
        "account": account.account,
        "name": account.name,
        "login": account.login,
        "manager": account.manager,
        "currency": account.currency,
        "timezone": account.timezone,
        "is_manager": account.is_manager,
        "enabled": account.enabled,
        "next_run": _time(account.due_at),
        "complete_until": _day(account.watermark),
        "error": account.error,
        "cause": account.cause,
    }


def run_fields(run: ConnectionRun) -> dict[str, Any]:
    """A run with its counts, its days and what came of it."""
    return {
        "id": run.id,
        "connection": run.connection,
        "kind": run.kind,
        "account": run.account,
        "trigger": run.trigger,
        "state": run.state,
        "first_day": _day(run.first_day),
        "last_day": _day(run.last_day),
        "percent": run.percent,
        **msgspec.structs.asdict(run.counts),
        "currency": run.results.currency,
        "days": [{"day": str(one.day), "cost": one.cost} for one in run.results.days],
        "counts": run.results.counts,
        "attempts": run.attempts,
        "queued_at": _time(run.queued_at),
        "due_at": _time(run.due_at),
        "started_at": _time(run.started_at),
        "finished_at": _time(run.finished_at),
        "warnings": list(run.warnings),
        "error": run.error,
        "hint": run.hint,
        "cause": run.cause,
    }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _time(instant: datetime | None) -> str | None:
    """RFC 3339 in UTC with milliseconds."""
    if instant is None:
        return None
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
