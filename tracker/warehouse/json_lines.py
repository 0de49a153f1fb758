"""JSON lines into a table of the embedded engine, with texts converted by the column.

A text parsed straight into a dictionary column (``LowCardinality``) is hashed and looked up value
by value: with forty such columns that was two thirds of all that an event's insert cost. Parsed
as plain strings and converted a block at a time, the same rows take half the processor time.
What is stored, what is refused, and deduplication by token stay as they are for a plain insert.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

#: (name, type, kind of default, its expression) of a table's columns, in order.
COLUMNS = """
SELECT name, type, default_kind, default_expression FROM system.columns
WHERE database = currentDatabase() AND table = {table:String} ORDER BY position
"""
Columns = Sequence[tuple[str, str, str, str]]
#: One thread, so that a repeated insert makes the same blocks.
SETTINGS = {"max_threads": 1, "max_insert_threads": 1}
_DICTIONARY, _TEXT = "LowCardinality(String)", "String"


@contextmanager
def readable(data: bytes) -> Iterator[Path]:
    """The data under a name that the engine in this process can open, while the block lasts.

    In memory where the system has that; a temporary file elsewhere. OSError when there is no room.
    """
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("tracker-lines", os.MFD_CLOEXEC)
        name = f"/proc/self/fd/{descriptor}"
    else:
        descriptor, name = tempfile.mkstemp(suffix=".ndjson")
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(data)
        yield Path(name)
    finally:
        os.close(descriptor)
        if not name.startswith("/proc/"):
            Path(name).unlink()


def insert_statement(table: str, file: Path, columns: Columns) -> str | None:
    """The insert of a file's lines; None where only a plain insert will do.

    That is for a table that is not there: the plain insert gives its error.
    """
    plain = [column for column in columns if column[2] in ("", "DEFAULT")]
    if not plain:
        return None
    names = ", ".join(f"`{name}`" for name, *_ in plain)
    structure = ", ".join(
        f"`{name}` {_TEXT if kind == _DICTIONARY else kind}"
        + (f" DEFAULT {expression}" if default else "")
        for name, kind, default, expression in plain
    )
    source = f"file({_quoted(str(file))}, 'JSONEachRow', {_quoted(structure)})"
    return f"INSERT INTO {table} ({names}) SELECT {names} FROM {source}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
