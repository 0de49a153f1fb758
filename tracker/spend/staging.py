"""Lines of an import on their way to the warehouse: on disk, so that a million fit in no memory.

A temporary SQLite file takes the lines in the order in which they come; ``seal`` sums those with
equal keys and sorts them. A small import never leaves SQLite's page cache.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType

from tracker.errors import InvalidInput, Unavailable
from tracker.spend.lines import Line

#: SQLite's page cache, KiB: what sorting may hold in memory.
CACHE_KIB = 48 * 1024
BATCH = 10_000
_COLUMNS = "account, day, last, key, impressions, clicks, cost, conversions, value"


class Staging:
    """Use with ``with``: the file is gone at the end, whatever happens."""

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="spend-", dir=directory)
        self._db = sqlite3.connect(
            Path(self._directory.name) / "lines.db", isolation_level=None, check_same_thread=False
        )
        # Nothing here outlives the process, so nothing needs to survive a crash.
        for setting in ("journal_mode = OFF", "synchronous = OFF", "temp_store = FILE"):
            self._db.execute(f"PRAGMA {setting}")
        self._db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        self._db.execute(f"CREATE TABLE lines ({_COLUMNS})")

    def __enter__(self) -> Staging:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._db.close()
        self._directory.cleanup()

    def add(self, lines: Iterable[Line]) -> None:
        """Take lines, in any order. InvalidInput for a count that no column holds."""
        try:
            self._db.execute("BEGIN")
            self._db.executemany("INSERT INTO lines VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", lines)
            self._db.execute("COMMIT")
        except OverflowError as error:
            raise InvalidInput(
                "A row has more impressions, clicks or cost than can be stored."
            ) from error
        except sqlite3.OperationalError as error:
            raise _full(error) from error

    def seal(self) -> None:
        """Sum equal keys and sort; called once, after the last ``add``."""
        try:
            self._db.execute(
                "CREATE TABLE sealed AS SELECT account, day, last, key, sum(impressions) AS"
                " impressions, sum(clicks) AS clicks, sum(cost) AS cost, sum(conversions) AS"
                " conversions, sum(value) AS value FROM lines GROUP BY account, day, last, key"
                " ORDER BY account, day, last, key"
            )
            self._db.execute("DROP TABLE lines")
        except sqlite3.OperationalError as error:
            if "overflow" in str(error):
                raise InvalidInput("The sum of equal rows is larger than can be stored.") from error
            raise _full(error) from error

    def lines(self) -> Iterator[Line]:
        """All lines by account, day, last day and key (order of UTF-8 bytes); after ``seal``."""
        cursor = self._db.execute(f"SELECT {_COLUMNS} FROM sealed ORDER BY rowid")
        while rows := cursor.fetchmany(BATCH):
            yield from map(Line._make, rows)


def _full(error: sqlite3.OperationalError) -> Unavailable:
    return Unavailable(
        f"The temporary file of the import cannot be written ({error}).",
        hint="Free space in the directory for temporary files, then import again.",
    )
