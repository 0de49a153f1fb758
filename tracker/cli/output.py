"""How commands print: JSON for scripts, tables and sentences for people, one line for errors."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tracker.errors import InvalidInput, TrackerError

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
SiteKey = Annotated[str, typer.Option("--site", help="Key of the site.")]
First = Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD.")]
Last = Annotated[str, typer.Option("--to", help="Last day, YYYY-MM-DD.")]


#: Control characters but the tab and the end of a line.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def harmless(text: str) -> str:
    """Text from outside as a terminal may have it: a keyword or a page's title of a visitor could
    hold escape sequences, which move the cursor over other figures."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)


def fail(error: TrackerError) -> int:
    """Print an error as one line and return the exit code."""
    line = harmless(" ".join(str(error).split()))
    print(f"tracker: {line}", file=sys.stderr)  # noqa: T201
    wrong = isinstance(error, InvalidInput) or 400 <= error.status < 500 or error.code == "config"
    return 2 if wrong else 1


def refuse(error: Any) -> int:
    """Print what is wrong with the words of a command as one line; without any, its help."""
    context = error.ctx
    if type(error).__name__ == "NoArgsIsHelpError":
        # With rich it prints by itself and returns nothing.
        sys.stdout.write(context.get_help())
        return 2
    line = " ".join(str(error.format_message()).split()).rstrip(".")
    path = context.command_path if context else "tracker"
    print(f"tracker: {line}. See: {path} --help", file=sys.stderr)  # noqa: T201
    return 2


def print_json(result: object) -> None:
    """One JSON value, indented."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(result), indent=2).decode() + "\n")


def say(text: str) -> None:
    """A line for people, on standard output."""
    Console(soft_wrap=True, highlight=False, markup=False).print(harmless(text))


def note(text: str) -> None:
    """A line for people, on standard error, where it does not disturb a pipe."""
    Console(stderr=True, soft_wrap=True, highlight=False, markup=False).print(harmless(text))


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A table; a column whose name begins with ``>`` is aligned right."""
    grid = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
    for column in columns:
        right = column.startswith(">")
        grid.add_column(column.removeprefix(">"), justify="right" if right else "left")
    for row in rows:
        grid.add_row(*("–" if cell is None else harmless(str(cell)) for cell in row))
    wide = None if sys.stdout.isatty() else 180
    Console(highlight=False, markup=False, width=wide).print(grid)


def fields(result: Mapping[str, Any]) -> None:
    """Names and values, one a line; what is empty, and tables within, are left out."""
    for name, value in result.items():
        shown = _shown(value)
        if shown:
            say(f"{name.replace('_', ' ')}: {shown}")


def _shown(value: Any) -> str:
    """A value on one line; empty for nothing, and for a list of records, which JSON has."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {entry}" for name, entry in value.items())
    if isinstance(value, list | tuple):
        records = any(isinstance(entry, Mapping | list | tuple) for entry in value)
        return "" if records else "; ".join(map(str, value))
    if value is None or isinstance(value, bool):
        return "yes" if value else ""
    return str(value)


@contextmanager
def progress_bar(text: str, *, quiet: bool = False) -> Iterator[Callable[[int, int | None], None]]:
    """A progress bar on a terminal, nothing elsewhere; called with (done, expected)."""
    console = Console(stderr=True)
    columns = (TextColumn(text), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    shown = console.is_terminal and not quiet
    with Progress(*columns, console=console, transient=True, disable=not shown) as bar:
        task = bar.add_task(text, total=None)

        def update(done: int, expected: int | None = None) -> None:
            bar.update(task, completed=done, total=expected)

        yield update
