"""Numbered, forward-only migrations of the warehouse: ``schema/NNNN_name.sql``.

Each file runs once, in order, and is recorded with the SHA-256 of its template in
``schema_migrations``. ClickHouse has no transactions over statements, so a file that fails
half-way is not recorded and runs again from its start: every statement must be repeatable
(``IF NOT EXISTS`` and the like), which is checked before anything runs. For the same reason two
processes that migrate one server at once do no harm: the second finds nothing left to do.

Numbers may have gaps, so that changes made side by side need not wait for each other; a file that
comes later with a lower number runs when it comes, and so must not need a higher one to be away.
A file that was changed after it ran is refused, and so is a database that a newer program has
migrated. Nothing is changed in either case.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import pairwise

from tracker.errors import SchemaRefused, WarehouseError
from tracker.warehouse.address import EmbeddedAddress
from tracker.warehouse.client import Warehouse
from tracker.warehouse.template import Layout, statements

_FILE = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql\Z")
_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migrations {on_cluster}
(
    number    UInt32,
    name      String,
    checksum  FixedString(64),
    applied   DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = {engine:MergeTree}
ORDER BY number
SETTINGS {fsync};
"""
_UNREPEATABLE = (
    (
        re.compile(r"CREATE\s+(?!OR\s+REPLACE)(?!.{0,60}?\bIF\s+NOT\s+EXISTS\b)", re.I | re.S),
        "IF NOT EXISTS",
    ),
    (re.compile(r"DROP\s+(?!.{0,60}?\bIF\s+EXISTS\b)", re.I | re.S), "IF EXISTS"),
    (
        re.compile(
            r"ALTER\b.*\bADD\s+(?:COLUMN|INDEX|PROJECTION)\s+(?!IF\s+NOT\s+EXISTS\b)", re.I | re.S
        ),
        "IF NOT EXISTS",
    ),
    (
        re.compile(
            r"ALTER\b.*\b(?:DROP|RENAME)\s+(?:COLUMN|INDEX|PROJECTION)\s+(?!IF\s+EXISTS\b)",
            re.I | re.S,
        ),
        "IF EXISTS",
    ),
    (re.compile(r"INSERT\b", re.I), "a form that can run twice (INSERT cannot)"),
)


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number, its name without suffix, its text and the checksum of that text."""

    number: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the template, not of its expansion: one for all layouts."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def migrate(warehouse: Warehouse, directory: Traversable | None = None) -> list[str]:
    """Apply what is missing, in order; returns the names applied now, empty when up to date.

    Raises SchemaRefused (an edited or unknown migration), or the error of the statement that
    failed, with the file's name; that migration is then not recorded and may be corrected.
    """
    migrations = read_migrations(directory)
    layout = _layout(warehouse)
    plans = {one.number: _plan(one, layout) for one in migrations}
    for statement in statements(_TABLE, layout, "schema_migrations"):
        warehouse.execute(statement)
    done = []
    for migration in _missing(warehouse, migrations):
        if migration.number in _applied(warehouse):
            continue  # another process was faster
        for statement in plans[migration.number]:
            _run(warehouse, migration, statement)
        _record(warehouse, migration)
        done.append(migration.name)
    return done


def pending(warehouse: Warehouse, directory: Traversable | None = None) -> list[str]:
    """The names that ``migrate`` would apply; changes nothing. Raises SchemaRefused like it."""
    migrations = read_migrations(directory)
    exists = warehouse.rows("EXISTS TABLE schema_migrations")[0][0]
    missing = _missing(warehouse, migrations) if exists else migrations
    return [migration.name for migration in missing]


def read_migrations(directory: Traversable | None = None) -> list[Migration]:
    """The migrations of ``directory`` (by default this package's ``schema``) in order."""
    folder = directory if directory is not None else files("tracker.warehouse") / "schema"
    found = []
    for entry in folder.iterdir():
        if not entry.name.endswith(".sql"):
            continue
        match = _FILE.match(entry.name)
        if match is None:
            raise SchemaRefused(f"{entry.name} is not named like 0001_some_words.sql.")
        text = entry.read_text(encoding="utf-8")
        found.append(Migration(int(match[1]), entry.name.removesuffix(".sql"), text))
    found.sort(key=lambda one: one.number)
    for before, one in pairwise(found):
        if one.number == before.number:
            raise SchemaRefused(
                f"{one.name}.sql should have number {found[-1].number + 1:04d}: "
                f"{before.name}.sql has {one.number:04d} already."
            )
    return found


def _plan(migration: Migration, layout: Layout) -> list[str]:
    source = f"{migration.name}.sql"
    plan = statements(migration.text, layout, source)
    for statement in plan:
        for pattern, wanted in _UNREPEATABLE:
            if pattern.match(statement):
                first = statement.splitlines()[0]
                raise SchemaRefused(f"{source}: `{first}` must say {wanted}, to be repeatable.")
    return plan


def _run(warehouse: Warehouse, migration: Migration, statement: str) -> None:
    try:
        warehouse.execute(statement)
    except WarehouseError as error:
        first = statement.splitlines()[0]
        message = f"{migration.name}.sql failed at `{first}`. {error.message}"
        raise type(error)(message, engine_code=error.engine_code) from error


def _missing(warehouse: Warehouse, migrations: Sequence[Migration]) -> list[Migration]:
    applied = _applied(warehouse)
    known = {migration.number: migration for migration in migrations}
    newest = max(known, default=0)
    for number, (name, checksum) in sorted(applied.items()):
        if number not in known:
            raise SchemaRefused(
                f"The warehouse has migration {name}, which this program does not know (it knows "
                f"up to {newest:04d}). Install the newer program, or restore a backup."
            )
        if known[number].checksum != checksum:
            raise SchemaRefused(
                f"{known[number].name}.sql was changed after it ran here (as {name}). Restore its "
                f"text, and put the change into a new migration {newest + 1:04d}_….sql."
            )
    return [migration for migration in migrations if migration.number not in applied]


def _applied(warehouse: Warehouse) -> dict[int, tuple[str, str]]:
    rows = warehouse.rows(
        "SELECT number, argMax(name, applied), toString(argMax(checksum, applied)) "
        "FROM schema_migrations GROUP BY number"
    )
    return {number: (name, checksum) for number, name, checksum in rows}


def _record(warehouse: Warehouse, migration: Migration) -> None:
    row = (migration.number, migration.name, migration.checksum)
    warehouse.insert("schema_migrations", ("number", "name", "checksum"), [row])


def _layout(warehouse: Warehouse) -> Layout:
    address = warehouse.address
    in_memory = isinstance(address, EmbeddedAddress) and address.directory is None
    return Layout(durable=not in_memory)
