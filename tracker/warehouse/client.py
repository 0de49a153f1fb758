"""The one door to ClickHouse: embedded chDB, or a server over HTTP, with the same calls.

Calls are synchronous and thread-safe; asynchronous callers use worker threads (the driver
releases the GIL). Values reach a statement only as typed parameters ``{name:Type}``. Times are
aware UTC datetimes in both directions, and the session's time zone is UTC on every form.

Errors: StatementRefused when the statement or its data is bad, WarehouseError for any other
answer of the engine (memory, disk, a missing table), Unavailable when it cannot be reached.

NOTE: in JSON a DateTime64 is written as text (``2026-01-31T08:00:00.123Z``). A bare number is
read as seconds, whatever the column's precision, so milliseconds land in the far future.

NOTE: processes are spawned, never forked, once an embedded engine is open: a fork hangs.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from clickhouse_connect.driver.exceptions import Error as DriverError
from clickhouse_connect.driver.transform import NativeTransform
from urllib3.exceptions import HTTPError

from tracker.errors import InvalidInput, StatementRefused
from tracker.warehouse.address import EmbeddedAddress, ServerAddress, parse_address
from tracker.warehouse.connection import embedded_client, server_client
from tracker.warehouse.failures import translate
from tracker.warehouse.json_lines import COLUMNS, SETTINGS, insert_statement, readable
from tracker.warehouse.lock import DirectoryLock
from tracker.warehouse.native import Array, read_native
from tracker.warehouse.pool import ClientPool
from tracker.warehouse.remembered import Remembered

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

Parameters = Mapping[str, object]
Settings = Mapping[str, object]

#: Lines of look-ups that are kept in memory, of some 100 to 400 bytes each.
REMEMBERED = 200_000
AT_ONCE = 6
_TOKEN = "insert_deduplication_token"
# A key that the table does not have is an error, not a value that silently goes nowhere.
_JSON_SETTINGS = {"input_format_skip_unknown_fields": 0}
_INSERT_SELECT = re.compile(r"\s*(?:--[^\n]*\n\s*)*INSERT\s+INTO\b.*\bSELECT\b", re.I | re.S)
_HAS_SETTINGS = re.compile(r"\bSETTINGS\b", re.I)
_SETTING_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")


class Warehouse:
    """ClickHouse behind a pool of clients. Made by ``open_warehouse``; usable with ``with``."""

    def __init__(
        self,
        address: EmbeddedAddress | ServerAddress,
        pool: ClientPool,
        lock: DirectoryLock | None = None,
    ) -> None:
        self.address = address
        self.remembered = Remembered(REMEMBERED)
        #: For statements that run at once. Kept, as a statement in a new thread takes longer.
        self.threads = ThreadPoolExecutor(AT_ONCE, "statements")
        self._pool = pool
        self._lock = lock

    @property
    def embedded(self) -> bool:
        """Whether the engine runs in this process."""
        return isinstance(self.address, EmbeddedAddress)

    def rows(
        self, sql: str, params: Parameters | None = None, *, settings: Settings | None = None
    ) -> list[tuple[Any, ...]]:
        """All rows of a query, as tuples in its column order."""
        with self._client() as client:
            result = client.query(sql, parameters=_bind(params), settings=_plain(settings))
            return [tuple(row) for row in result.result_rows]

    def dicts(
        self, sql: str, params: Parameters | None = None, *, settings: Settings | None = None
    ) -> list[dict[str, Any]]:
        """All rows of a query, as dicts by column name."""
        with self._client() as client:
            result = client.query(sql, parameters=_bind(params), settings=_plain(settings))
            return list(result.named_results())

    def columns(
        self, sql: str, params: Parameters | None = None, *, settings: Settings | None = None
    ) -> dict[str, Sequence[Any]]:
        """All columns of a query by name: much less work than rows where there are thousands.

        NOTE: the embedded form does not name the columns of a result without rows, so every
        name of an empty result gives an empty column.
        """
        with self._client() as client:
            result = client.query(sql, parameters=_bind(params), settings=_plain(settings))
            return defaultdict(tuple, zip(result.column_names, result.result_columns, strict=False))

    def arrays(self, sql: str, params: Parameters | None = None) -> dict[str, Array]:
        """All columns of a query by name, as numpy arrays: numbers and days only."""
        with self._client() as client:
            return read_native(client.raw_query(sql, parameters=_bind(params), fmt="Native"))

    def stream(
        self, sql: str, params: Parameters | None = None, *, settings: Settings | None = None
    ) -> Generator[tuple[Any, ...], None, None]:
        """The rows of a query one by one, in memory bounded by a block of the engine.

        The query starts at the first row asked for and holds one client of the pool until the
        iterator ends or is closed. An error of the engine can come after the first rows.
        NOTE: closing it early over HTTP reads the rest of the answer, without keeping it.
        """
        with (
            self._client() as client,
            client.query_rows_stream(
                sql, parameters=_bind(params), settings=_plain(settings)
            ) as stream,
        ):
            for row in stream:
                yield tuple(row)

    def execute(
        self, sql: str, params: Parameters | None = None, *, settings: Settings | None = None
    ) -> None:
        """Run a statement without a result: DDL, INSERT … SELECT, ALTER, TRUNCATE."""
        if self.embedded and settings and _takes_clause(sql):
            sql, settings = f"{sql.rstrip().rstrip(';')}\n{_clause(settings)}", None
        with self._client() as client:
            # NOTE: not ``command``: over HTTP that puts every parameter into the URL, and a list
            # of some hundred slices is longer than servers take there.
            client.raw_query(sql, parameters=_bind(params), settings=_plain(settings))

    def insert(
        self,
        table: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[object]],
        *,
        token: str | None = None,
    ) -> None:
        """Insert rows of Python values; ``token`` makes a repetition of the insert a no-op on
        tables with a deduplication window.

        Over HTTP an insert whose answer is lost is repeated once if it has a token. One without
        raises Unavailable instead, and may have been written.
        """
        if not rows:
            return
        with self._client() as client:
            if self.embedded or token is not None:
                client.insert(table, rows, column_names=list(columns), settings=_token(token))
            else:
                _insert_once(client, table, columns, rows)

    def insert_json(self, table: str, data: bytes | Path, *, token: str | None = None) -> None:
        """Insert one block of JSON lines, or a file of them, by column name.

        A line that does not fit refuses the whole block: nothing of it is inserted. A key that
        is no column of the table is such a misfit; a missing key takes the column's default. A
        file that cannot be opened raises its OSError.
        """
        settings = {**_JSON_SETTINGS, **_token(token)}
        if isinstance(data, bytes):
            if self.embedded and self._insert_lines(table, data, settings):
                return
            # NOTE: the driver repeats an insert of bytes whose answer was lost, not one of a
            # file; only with a token is that free of duplicates.
            self._insert_block(table, data if token is not None else BytesIO(data), settings)
            return
        with data.open("rb") as file:
            self._insert_block(table, file, settings)

    def insert_text(self, table: str, columns: Sequence[str], block: bytes, *, token: str) -> None:
        r"""Insert lines of tab-separated text into these columns: the fastest way for rows that
        are text already. ``\\``, ``\t``, ``\n`` and ``\r`` are escaped, ``\N`` stands for null.

        A line that does not fit refuses the whole block.
        """
        with self._client() as client:
            client.raw_insert(
                table,
                list(columns),
                insert_block=block,
                fmt="TabSeparated",
                settings=_plain(_token(token)),
            )

    def ping(self) -> None:
        """Return if the engine answers a query; raise Unavailable if not."""
        self.rows("SELECT 1")

    def close(self) -> None:
        """Close the clients and, last, give the directory back."""
        self.threads.shutdown()
        self._pool.close()
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Warehouse:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _insert_lines(self, table: str, data: bytes, settings: Settings) -> bool:
        """Insert into the embedded engine the cheaper way; False where that is not possible."""
        columns = self.rows(COLUMNS, {"table": table})
        try:
            with readable(data) as file:
                statement = insert_statement(table, file, columns)
                if statement is not None:
                    self.execute(statement, settings={**SETTINGS, **settings})
        except OSError as error:
            raise translate(error, str(self.address)) from error
        return statement is not None

    def _insert_block(self, table: str, block: bytes | BinaryIO, settings: Settings) -> None:
        with self._client() as client:
            client.raw_insert(
                table, insert_block=block, fmt="JSONEachRow", settings=_plain(settings)
            )

    @contextmanager
    def _client(self) -> Iterator[Client]:
        try:
            with self._pool.client() as client:
                yield client
        except (DriverError, HTTPError, OSError, ValueError, OverflowError, TypeError) as error:
            raise translate(error, str(self.address)) from error


def open_warehouse(url: str, *, pool: int = 8, wait: float = 30.0, timeout: int = 300) -> Warehouse:
    """Open ClickHouse at ``url`` with at most ``pool`` simultaneous calls.

    ``chdb:///absolute/directory`` (on disk), ``chdb://memory``, or
    ``http(s)://[user:password@]host[:port]/[database]``. An embedded engine opens now, after its
    directory is locked (EngineHeld if another process has it); a server is first spoken to by
    the first call, so that a program may start while its server is away. ``wait`` bounds the
    wait for a free client and ``timeout`` the wait for a server's answer, both in seconds.
    """
    address = parse_address(url)
    if isinstance(address, ServerAddress):
        server = address
        make = lambda: server_client(server, timeout=timeout)  # noqa: E731
        return Warehouse(address, ClientPool(make, size=pool, wait=wait))
    return _open_embedded(address, pool=pool, wait=wait)


def _open_embedded(address: EmbeddedAddress, *, pool: int, wait: float) -> Warehouse:
    lock = DirectoryLock(address.directory) if address.directory else None
    if lock is not None:
        lock.acquire()
    clients = ClientPool(lambda: embedded_client(address), size=pool, wait=wait)
    warehouse = Warehouse(address, clients, lock)
    try:
        warehouse.ping()
    except BaseException:
        warehouse.close()
        raise
    return warehouse


def _insert_once(
    client: Client, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]
) -> None:
    """Insert over HTTP without the driver's own repetition when the answer is lost."""
    context = client.create_insert_context(table, list(columns), data=rows)
    body = b"".join(NativeTransform().build_insert(context))
    if context.insert_exception is not None:
        raise context.insert_exception
    _statement, _newline, block = body.partition(b"\n")
    client.raw_insert(table, list(columns), BytesIO(block), fmt="Native")


def _bind(params: Parameters | None) -> dict[str, Any] | None:
    for name, value in (params or {}).items():
        if isinstance(value, datetime) and value.tzinfo is None:
            raise InvalidInput(f"The time parameter {name} has no time zone: {value.isoformat()}.")
    return dict(params) if params else None


def _plain(settings: Settings | None) -> dict[str, Any] | None:
    return cast("dict[str, Any]", dict(settings)) if settings else None


def _token(token: str | None) -> dict[str, Any]:
    return {} if token is None else {_TOKEN: token}


def _takes_clause(sql: str) -> bool:
    return bool(_INSERT_SELECT.match(sql)) and not _HAS_SETTINGS.search(sql)


def _clause(settings: Settings) -> str:
    """Settings as a clause: on the embedded form a setting beside the statement costs several
    statements of its own."""
    parts = []
    for name, value in settings.items():
        if not _SETTING_NAME.match(name):
            raise StatementRefused(f"{name!r} is not the name of a ClickHouse setting.")
        text = str(int(value) if isinstance(value, bool) else value)
        escaped = text.replace("\\", "\\\\").replace("'", "\\'")
        parts.append(f"{name} = '{escaped}'")
    return "SETTINGS " + ", ".join(parts)
