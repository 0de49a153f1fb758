"""Where a command runs: in this process, or in the one that serves this data directory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from sqlalchemy import Engine

from tracker import control
from tracker.accounts.database import migrate, open_database
from tracker.commands import COMMANDS
from tracker.config import Settings, load_settings
from tracker.logs import set_up_logs
from tracker.parts import make_data, open_parts

Progress = Callable[[int, int | None], None]


def _silent(_: int, __: int | None = None) -> None:
    """A progress that nobody watches."""


def run_command(name: str, request: msgspec.Struct, progress: Progress = _silent) -> Any:
    """Run a command of the table and return its result as JSON values.

    While a server runs on the same data directory it does the work, since an embedded engine
    belongs to one process; otherwise this process opens the engine and closes it again.
    """
    settings = settings_now()
    if control.is_serving(settings):
        return control.send(settings, name, request, progress)
    with open_parts(settings) as parts:
        return msgspec.to_builtins(COMMANDS[name].run(parts, request, progress))


def settings_now() -> Settings:
    """Settings of this command; sets up the logs as they say."""
    settings = load_settings()
    set_up_logs(settings.log_level if settings.log_level != "info" else "warning")
    return settings


@contextmanager
def metadata() -> Iterator[Engine]:
    """The metadata store alone, migrated: for commands that need no engine."""
    settings = settings_now()
    make_data(settings)
    db = open_database(settings.metadata_url)
    try:
        migrate(db)
        yield db
    finally:
        db.dispose()
