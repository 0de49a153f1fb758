"""What a command costs before it does anything: it imports only what it needs."""

from __future__ import annotations

import inspect
import subprocess
import sys
from typing import get_type_hints

import pytest
from typer.core import TyperGroup

from tracker.cli.groups import GROUPS
from tracker.commands.table import COMMANDS

#: Groups whose commands only ask: a server that runs, or the process that they begin.
ASKING = ("lead", "person", "events", "conversions", "rates", "report", "spool")
#: What opens stores, engine and servers.
HEAVY = (
    "alembic", "apscheduler", "chdb", "clickhouse_connect", "cryptography", "jinja2", "numpy",
    "openpyxl", "scipy", "sqlalchemy", "starlette", "structlog", "uvicorn",
)  # fmt: skip
LOADED = """
import sys
import tracker.cli, tracker.control.client
from tracker.cli.groups import GROUPS
for name in sys.argv[1].split(","):
    GROUPS[name].fill()
print(*sys.modules)
"""


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_function_that_takes_its_request(name: str) -> None:
    command = COMMANDS[name]
    function = command.function()
    parameters = [*inspect.signature(function).parameters]
    assert len(parameters) == 3
    assert get_type_hints(function)[parameters[1]] is command.request


@pytest.mark.parametrize("name", GROUPS)
def test_every_group_is_filled_when_it_is_called(name: str) -> None:
    group = GROUPS[name].fill()
    assert isinstance(group, TyperGroup)
    assert group.commands
    assert all(command.help for command in group.commands.values())


def test_a_command_that_only_asks_imports_neither_stores_nor_servers() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED, ",".join(ASKING)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert loaded & set(HEAVY) == set()
