"""Lines of an import on their way to the warehouse: on disk, so that a million fit in no memory.

A temporary SQLite file takes the lines in the order in which they come; ``seal`` sums those with
equal keys and sorts them. A small import never leaves SQLite's page cache. From there they go to
the warehouse as text that SQLite has put together: no line is a Python object again on its way.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Set
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from tracker.errors import InvalidInput, Unavailable
from tracker.spend.lines import Line, Unit, text_of_key

#: SQLite's page cache, KiB: what sorting may hold in memory.
CACHE_KIB = 32 * 1024
BATCH = 10_000
_COLUMNS = "account, day, last, key, impressions, clicks, cost, conversions, value"
#: The columns of ``spend`` that a line's text holds, in its order. The first is the key's.
TEXT_COLUMNS = (
    "campaign", "ad_group", "keyword", "match_type", "campaign_id", "ad_group_id", "keyword_id",
    "device", "network", "kind", "reason", "currency",
    "impressions", "clicks", "cost", "platform_conversions", "platform_value",
)  # fmt: skip
# A key with a sign that has a meaning in such text is rare, and put right in Python. Amounts are
# millionths: 1500000e-6. NOTE: five searches for one sign take half of what GLOB takes for a set.
_TEXTS = r"""SELECT count(*), max(key), group_concat(line, char(10)) FROM (
  SELECT key, printf('%s	%s	%d	%d	%de-6	%s	%s', ?, CASE
      WHEN instr(key, char(9)) + instr(key, char(10)) + instr(key, char(13))
        + instr(key, char(30)) + instr(key, '\') THEN text_of_key(key)
      ELSE replace(key, char(31), char(9)) END, impressions, clicks, cost,
    coalesce(conversions || 'e-6', '\N'), coalesce(value || 'e-6', '\N')) AS line
  FROM sealed WHERE account = ? AND day = ? AND last = ? AND key > ? ORDER BY key LIMIT ?)
"""


class UnitSums(NamedTuple):
    """How many lines a unit has, and their sums; ``cost`` in millionths."""

    unit: Unit
    lines: int
    impressions: int
    clicks: int
    cost: int


class Staging:
    """Use with ``with``: the file is gone at the end, whatever happens."""

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="spend-", dir=directory)
        self._db = sqlite3.connect(
            Path(self._directory.name) / "lines.db", isolation_level=None, check_same_thread=False
        )
        # Nothing here outlives the process, so nothing needs to survive a crash.
        # Large pages: fewer of them to find and to split while a million lines are sorted.
        for setting in (
            "page_size = 16384",
            "journal_mode = OFF",
            "synchronous = OFF",
            "temp_store = FILE",
        ):
            self._db.execute(f"PRAGMA {setting}")
        self._db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        self._db.create_function("text_of_key", 1, text_of_key, deterministic=True)
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
                f"CREATE TABLE sealed ({_COLUMNS}, PRIMARY KEY (account, day, last, key))"
                " WITHOUT ROWID"
            )
            self._db.execute(
                "INSERT INTO sealed SELECT account, day, last, key, sum(impressions), sum(clicks),"
                " sum(cost), sum(conversions), sum(value) FROM lines"
                " GROUP BY account, day, last, key ORDER BY account, day, last, key"
            )
            self._db.execute("DROP TABLE lines")
        except sqlite3.OperationalError as error:
            if "overflow" in str(error):
                raise InvalidInput("The sum of equal rows is larger than can be stored.") from error
            raise _full(error) from error

    def units(self) -> list[UnitSums]:
        """The units that have lines, in order; after ``seal``."""
        rows = self._db.execute(
            "SELECT account, day, last, count(*), sum(impressions), sum(clicks), sum(cost)"
            " FROM sealed GROUP BY account, day, last ORDER BY account, day, last"
        )
        return [UnitSums(Unit(*row[:3]), *row[3:]) for row in rows]

    def lines(self, units: Set[Unit] | None = None) -> Iterator[Line]:
        """The lines of these units, all if None, by account, day, last day and key (order of
        UTF-8 bytes); after ``seal``."""
        for one in self.units():
            if units is None or one.unit in units:
                yield from self._lines(one.unit)

    def texts(self, unit: Unit, head: str) -> Iterator[tuple[int, str]]:
        """The lines of a unit as tab-separated text, some at a time: (how many, lines).

        Each begins with ``head``, which is text of that kind itself; then ``TEXT_COLUMNS``.
        """
        key = ""
        while True:
            cursor = self._db.execute(_TEXTS, (head, *unit, key, BATCH))
            count, last, text = cursor.fetchone()
            if count:
                yield count, text
            if count < BATCH:
                return
            key = last

    def _lines(self, unit: Unit) -> Iterator[Line]:
        cursor = self._db.execute(
            f"SELECT {_COLUMNS} FROM sealed WHERE account = ? AND day = ? AND last = ?"
            " ORDER BY key",
            unit,
        )
        while rows := cursor.fetchmany(BATCH):
            yield from map(Line._make, rows)


def _full(error: sqlite3.OperationalError) -> Unavailable:
    return Unavailable(
        f"The temporary file of the import cannot be written ({error}).",
        hint="Free space in the directory for temporary files, then import again.",
    )
