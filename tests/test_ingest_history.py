"""``events import``: past events of any age, all or nothing, twice the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.ingest import CHROME, NOW, new_site
from tracker.accounts import marks
from tracker.accounts.salts import salt_of
from tracker.accounts.sites import SiteCache
from tracker.errors import InvalidInput, Unavailable
from tracker.ingest import staging as staging_module
from tracker.ingest.draft import Environment
from tracker.ingest.enrich import Enricher
from tracker.ingest.geography import Geography
from tracker.ingest.history import BadLines, HistoryReport, import_history
from tracker.ingest.identity import Visitors, visitor_number
from tracker.ingest.loader import Loader
from tracker.ingest.reasons import Counters
from tracker.ingest.repeats import Repeats
from tracker.ingest.segments import segments
from tracker.ingest.sightings import Sightings
from tracker.warehouse.client import Warehouse


class History:
    """Imports files into a spool and loads them."""

    def __init__(self, directory: Path, db: Engine, warehouse: Warehouse) -> None:
        self.directory = directory
        self.root = directory / "spool"
        self.db = db
        self.warehouse = warehouse
        self.site = new_site(db)
        self.env = Environment(
            sites=SiteCache(db, self.clock),
            enricher=Enricher(Geography(country=None)),
            visitors=Visitors(lambda site, day: salt_of(db, site, day, now=NOW), self.clock),
            sightings=Sightings(),
            counters=Counters(),
        )

    def clock(self) -> datetime:
        """The present."""
        return NOW

    def file(self, *lines: dict[str, Any] | str | bytes) -> Path:
        """A file of those lines."""
        path = self.directory / "events.ndjson"
        path.write_bytes(
            b"".join(
                (line if isinstance(line, bytes) else _text(line).encode()) + b"\n"
                for line in lines
            )
        )
        return path

    def run(self, path: Path, **options: Any) -> HistoryReport:
        """Import without loading."""
        return import_history(path, self.site, self.root, self.env, self.clock, **options)

    def load(self) -> int:
        """Load what was queued; how many rows of ``events`` there are then."""
        with Loader(self.root, self.warehouse, self.db, self.clock) as loader:
            report = loader.drain()
        assert (report.waiting, report.failed_lines) == ("", 0)
        return len(self.rows())

    def rows(self) -> list[dict[str, Any]]:
        """All rows of ``events`` by time."""
        return self.warehouse.dicts("SELECT * FROM events ORDER BY time, event_id")


def _text(line: dict[str, Any] | str) -> str:
    return line if isinstance(line, str) else json.dumps(line, ensure_ascii=False)


@pytest.fixture
def history(sqlite_db: Engine, tmp_path: Path, warehouse_embedded: Warehouse) -> History:
    """A site and its history."""
    return History(tmp_path, sqlite_db, warehouse_embedded)


EVENT = {
    "time": "2024-03-01T23:30:00.250+08:00",
    "visitor": "customer-7",
    "name": "inquiry",
    "url": "https://www.pump.example/p?utm_source=baidu&utm_medium=cpc&utm_term=%B1%C3",
    "referrer": "https://www.baidu.com/s?wd=x",
    "title": "泵",
    "value": "12.50",
    "currency": "cny",
    "props": {"form": "contact"},
    "ip": "203.0.113.9",
    "user_agent": CHROME,
    "code": "K3F7",
}


def test_a_past_event_keeps_its_time_and_goes_through_the_same_steps(history: History) -> None:
    report = history.run(history.file(EVENT))
    assert (report.lines, report.imported, report.dropped) == (1, 1, {})
    assert report.first == report.last == datetime(2024, 3, 1, 15, 30, 0, 250_000, UTC)
    assert history.load() == 1
    (row,) = history.rows()
    assert row["time"] == report.first
    assert (row["received"], row["origin"]) == (NOW, "import")
    assert (row["visitor"], row["memory"]) == (visitor_number("customer-7"), "stored")
    assert (row["platform"], row["keyword"], row["paid"]) == ("baidu", "泵", True)
    assert (str(row["value"]), row["currency"], row["code"]) == ("12.500000", "CNY", "K3F7")
    assert (row["ip"], row["browser"]) == ("203.0.113.0", "Chrome")
    assert row["props"] == {"form": "contact"}
    days = {mark.slice.day.isoformat() for mark in marks.take(history.db, 10, 10)}
    assert days == {"2024-02-29", "2024-03-01", "2024-03-02"}


def test_only_the_time_is_needed(history: History) -> None:
    assert history.run(history.file({"time": "2026-09-01T00:00:00Z"})).imported == 1
    assert history.load() == 1


def test_importing_a_file_twice_gives_every_event_the_same_id(history: History) -> None:
    lines = [EVENT, EVENT, {**EVENT, "id": "order-1"}, {**EVENT, "id": "0" * 31 + "A"}]
    path = history.file(*lines, {**EVENT, "name": "x"}, EVENT)
    history.run(path)
    history.load()
    first = {(row["event_id"], row["time"]) for row in history.rows()}
    history.run(path)
    assert history.load() == 12
    assert {(row["event_id"], row["time"]) for row in history.rows()} == first
    assert len(first) == 6


def test_a_longer_export_of_the_same_log_adds_only_what_is_new(history: History) -> None:
    history.run(history.file(EVENT, EVENT))
    history.load()
    first = {row["event_id"] for row in history.rows()}
    history.run(history.file(EVENT, {**EVENT, "name": "other"}, EVENT, EVENT))
    history.load()
    both = {row["event_id"] for row in history.rows()}
    assert first < both
    assert len(both) == 4


def test_the_order_of_keys_and_spaces_around_a_line_do_not_matter_to_what_repeats() -> None:
    lines = [b"a", b"b", b"a", b"a", b"c"]
    repeats = Repeats(lines)
    assert [repeats.ordinal(line) for line in lines] == [0, 0, 1, 2, 0]


def test_every_bad_line_is_named_and_nothing_is_imported(history: History) -> None:
    lines: list[dict[str, Any] | str | bytes] = [
        EVENT,
        "{",
        {**EVENT, "time": "2024-03-01T10:00:00"},
        {**EVENT, "time": "yesterday"},
        {**EVENT, "time": "2031-01-01T00:00:00Z"},
        {**EVENT, "time": "1970-01-01T00:00:00Z"},
        {"name": "no time"},
        {**EVENT, "value": "many"},
        {**EVENT, "currency": "YEN"},
        {**EVENT, "url": "ftp://x"},
        {**EVENT, "props": [1]},
        {**EVENT, "name": ""},
        {**EVENT, "visitor": "v" * 65},
        b'{"time":"2024-03-01T10:00:00Z","name":"\xff"}',
        "[]",
    ]
    with pytest.raises(BadLines, match="nothing was imported") as caught:
        history.run(history.file(*lines))
    assert [problem.line for problem in caught.value.problems] == list(range(2, 16))
    assert "line 10" in caught.value.message
    assert "ftp://x" in caught.value.message
    assert segments(history.root / "imports") == []
    assert list((history.root / "staging").iterdir()) == []


def test_bad_lines_can_be_left_out_and_are_reported(history: History) -> None:
    report = history.run(history.file(EVENT, "{", "", {**EVENT, "name": "b"}), skip_bad_rows=True)
    assert (report.lines, report.imported, report.skipped) == (3, 2, 1)
    assert [problem.line for problem in report.problems] == [2]
    assert history.load() == 2


def test_a_dry_run_reports_and_changes_nothing(history: History) -> None:
    report = history.run(history.file(EVENT, {**EVENT, "name": "b"}), dry_run=True)
    assert (report.imported, report.dry_run) == (2, True)
    assert segments(history.root / "imports") == []
    assert history.load() == 0


def test_drops_are_counted_by_reason(history: History) -> None:
    report = history.run(history.file(EVENT, {**EVENT, "user_agent": "Googlebot/2.1"}))
    assert (report.imported, report.dropped) == (1, {"bot": 1})
    assert history.load() == 1


def test_identify_in_a_file_becomes_contact_keys(history: History) -> None:
    props = {"email": "a@b.example", "phone": "+1 202 555 0100"}
    history.run(history.file({**EVENT, "name": "identify", "props": props}))
    history.load()
    assert len(history.warehouse.rows("SELECT * FROM identities")) == 2
    assert history.rows()[0]["props"] == {}


def test_a_file_of_many_months_is_cut_so_that_the_engine_takes_it(history: History) -> None:
    """The engine takes 100 daily partitions at once: a segment has one month."""
    start = datetime(2020, 1, 1, tzinfo=UTC)
    lines = [{"time": (start + timedelta(days=n)).isoformat(), "visitor": "v"} for n in range(260)]
    history.run(history.file(*lines[::2], *lines[1::2]))
    assert len(segments(history.root / "imports")) == 9
    assert history.load() == 260


def test_memory_is_bounded_by_writing_segments_early(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging_module, "HELD_BYTES", 5_000)
    monkeypatch.setattr(staging_module, "SEGMENT_BYTES", 2_000)
    start = datetime(2025, 1, 1, tzinfo=UTC)
    lines = [{"time": (start + timedelta(hours=9 * n)).isoformat()} for n in range(400)]
    history.run(history.file(*lines))
    assert len(segments(history.root / "imports")) > 10
    assert history.load() == 400


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf\n"])
def test_an_empty_file_is_refused(history: History, content: bytes) -> None:
    path = history.directory / "empty"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match="no lines"):
        history.run(path)


def test_a_byte_order_mark_and_windows_line_ends_are_read(history: History) -> None:
    path = history.directory / "bom"
    line = json.dumps(EVENT).encode()
    path.write_bytes(b"\xef\xbb\xbf" + line + b"\r\n" + line + b"\r\n")
    assert history.run(path).imported == 2


def test_an_overlong_line_is_a_problem_and_the_next_line_is_read(history: History) -> None:
    long = {**EVENT, "title": "x" * 900_000}
    report = history.run(history.file(long, EVENT), skip_bad_rows=True)
    assert (report.lines, report.imported) == (2, 1)
    assert "longer than" in report.problems[0].text


def test_a_file_that_is_not_there_is_named(history: History) -> None:
    with pytest.raises(InvalidInput, match="nowhere"):
        history.run(history.directory / "nowhere")


def test_a_full_disk_imports_nothing(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(staging_module, "write_file", full)
    with pytest.raises(Unavailable, match="No space left"):
        history.run(history.file(EVENT))
    assert segments(history.root / "imports") == []


def test_progress_goes_to_the_size_of_the_file(history: History) -> None:
    seen: list[tuple[int, int]] = []
    path = history.file(*[{**EVENT, "name": f"n{n}"} for n in range(2500)])
    report: Callable[[int, int], None] = lambda done, total: seen.append((done, total))  # noqa: E731
    history.run(path, progress=report)
    size = path.stat().st_size
    assert seen[-1] == (size, size)
    assert len(seen) == 2
    assert 0 < seen[0][0] < size
