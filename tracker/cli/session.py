"""Where a command runs: in this process, or in the one that serves this data directory.

Each way imports what it needs when it is taken: a command that is sent to a server has no use for
stores and engine, and they are most of what a command costs to start.
"""

from __future__ import annotations

from typing import Any

import msgspec

from tracker.commands.progress import Progress, silent
from tracker.commands.table import COMMANDS
from tracker.config import Settings, load_settings


def run_command(name: str, request: msgspec.Struct, progress: Progress = silent) -> Any:
    """Run a command of the table and return its result as JSON values.

    While a server runs on the same data directory it does the work, since an embedded engine
    belongs to one process; otherwise this process opens the engine and closes it again.
    """
    settings = load_settings()
    if settings.socket.exists():
        from tracker.control.client import is_serving, send

        if is_serving(settings):
            return send(settings, name, request, progress)
    from tracker.parts import open_parts

    set_up_logs(settings)
    with open_parts(settings) as parts:
        return msgspec.to_builtins(COMMANDS[name].run(parts, request, progress))


def settings_now() -> Settings:
    """Settings of this command; sets up the logs as they say."""
    settings = load_settings()
    set_up_logs(settings)
    return settings


def set_up_logs(settings: Settings) -> None:
    """Logs of a command, which speaks by itself: warnings and worse, unless the settings ask for
    other ones."""
    from tracker import logs

    logs.set_up_logs(settings.log_level if settings.log_level != "info" else "warning")
