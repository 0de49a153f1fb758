"""The loader: each line once, marks before removal, bad lines set aside, one loader a root."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine

from tests.chserver_process import ChServer
from tests.ingest import NOW, Ingest, new_site
from tests.world import World
from tracker.accounts import marks
from tracker.accounts.buckets import add_bucket_plan
from tracker.accounts.clock import to_ms
from tracker.accounts.marks import Slice
from tracker.accounts.sites import Site
from tracker.accounts.suppression import suppress_visitors
from tracker.errors import Unavailable
from tracker.ingest.columns import EventColumns, IdentityColumns, Table, event_line, instant, line
from tracker.ingest.loader import Loader, LoaderHeld, LoadReport
from tracker.ingest.refusals import failed_segments, requeue
from tracker.ingest.segments import Names, make_root, segments
from tracker.ingest.spool import OpenSegment, SpoolLimits
from tracker.ingest.suppressed import visitor_text
from tracker.requests.upkeep import Reconcile
from tracker.warehouse.client import Warehouse


class Root:
    """A spool root with a loader's means, and a site."""

    def __init__(self, path: Path, warehouse: Warehouse, db: Engine) -> None:
        self.path = path
        self.warehouse: Any = warehouse
        self.db = db
        self.site: Site = new_site(db)
        self.names = Names()
        self.count = 0
        make_root(path)

    def event(self, time: datetime = NOW, **fields: Any) -> bytes:
        """A line of ``events`` received ten seconds after its time."""
        self.count += 1
        values: dict[str, Any] = {
            "site": self.site.key,
            "time": instant(to_ms(time)),
            "received": instant(to_ms(time) + 10_000),
            "event_id": str(UUID(int=self.count)),
            "visitor": 7,
            "origin": "beacon",
            "memory": "stored",
        }
        event = EventColumns(**{**values, **fields})
        return event_line(event, b',"name":"pageview"', b"", b',"rules_version":1')

    def segment(self, *lines: bytes, table: Table = Table.EVENTS, where: str = "ready") -> Path:
        """A closed segment, there at once and whole, as a loader may be at work."""
        path = self.path / where / f"{self.names.next(1)}.{table}.ndjson"
        unfinished = self.path / f"{path.name}.part"
        unfinished.write_bytes(b"".join(lines))
        return unfinished.rename(path)

    def drain(self) -> LoadReport:
        """One pass of a loader."""
        with Loader(self.path, self.warehouse, self.db, lambda: NOW) as loader:
            return loader.drain()

    def stored(self) -> int:
        """Rows of ``events``."""
        return int(self.real().rows("SELECT count() FROM events")[0][0])

    def real(self) -> Warehouse:
        """The warehouse itself."""
        found = getattr(self.warehouse, "inner", self.warehouse)
        assert isinstance(found, Warehouse)
        return found

    def marked(self) -> set[Slice]:
        """The slices that are dirty."""
        return {mark.slice for mark in marks.take(self.db, 1000, 1000)}


@pytest.fixture
def root(sqlite_db: Engine, tmp_path: Path, warehouse_embedded: Warehouse) -> Root:
    """A root of its own."""
    return Root(tmp_path / "spool", warehouse_embedded, sqlite_db)


class Failing:
    """A warehouse whose inserts fail as told, before or after they are done."""

    def __init__(self, inner: Warehouse, *, before: int = 0, after: int = 0) -> None:
        self.inner = inner
        self.before = before
        self.after = after

    def insert_json(self, table: str, data: bytes, *, token: str | None = None) -> None:
        """Insert, or not, or insert and lose the answer."""
        if self.before > 0:
            self.before -= 1
            raise Unavailable("ClickHouse cannot be reached.")
        self.inner.insert_json(table, data, token=token)
        if self.after > 0:
            self.after -= 1
            raise Unavailable("The answer was lost.")


def test_segments_become_rows_in_order_and_are_removed(root: Root) -> None:
    root.segment(root.event(), root.event())
    root.segment(root.event())
    contact = IdentityColumns(root.site.key, "email", "a" * 64, 7, instant(to_ms(NOW)))
    root.segment(line(contact), table=Table.IDENTITIES)
    report = root.drain()
    assert (report.segments, report.events, report.rows["identities"]) == (3, 3, 1)
    assert root.stored() == 3
    assert segments(root.path / "ready") == []


def test_one_segment_that_has_to_wait_does_not_keep_the_others(root: Root) -> None:
    for _ in range(4):
        root.segment(root.event())
    root.warehouse = Failing(root.warehouse, before=1)
    report = root.drain()
    assert report.waiting
    assert report.events == root.stored() == 3
    assert root.drain().events == 1


def test_live_segments_go_before_bulk_imports(root: Root, monkeypatch: pytest.MonkeyPatch) -> None:
    # One at a time: of two that are loaded at once, either may come first.
    monkeypatch.setattr("tracker.ingest.loader.WORKERS", 1)
    order: list[str] = []

    class Watching:
        inner = root.warehouse

        def insert_json(self, table: str, data: bytes, *, token: str | None = None) -> None:
            order.append("import" if b'"origin":"import"' in data else "live")
            self.inner.insert_json(table, data, token=token)

    root.segment(root.event(origin="import"), where="imports")
    root.segment(root.event())
    root.warehouse = Watching()
    root.drain()
    assert order == ["live", "import"]


def test_an_engine_that_is_away_leaves_the_segments_and_says_so(root: Root) -> None:
    root.segment(root.event())
    root.segment(root.event())
    root.warehouse = Failing(root.warehouse, before=2)
    report = root.drain()
    assert "cannot be reached" in report.waiting
    assert (report.events, root.stored()) == (0, 0)
    assert len(segments(root.path / "ready")) == 2
    assert root.marked() == set()
    assert root.drain().events == 2


def test_an_insert_whose_answer_was_lost_is_not_counted_twice(root: Root) -> None:
    root.segment(root.event(), root.event())
    root.warehouse = Failing(root.warehouse, after=1)
    assert root.drain().waiting
    assert root.stored() == 2
    assert root.drain().events == 2
    assert root.stored() == 2


def test_marks_that_cannot_be_set_keep_the_segment(
    root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = root.segment(root.event())

    def away(*_: object, **__: object) -> None:
        raise Unavailable("The metadata store is away.")

    with monkeypatch.context() as patch:
        patch.setattr(marks, "mark", away)
        assert root.drain().waiting
    assert path.exists()
    assert root.stored() == 1
    root.drain()
    assert root.stored() == 1
    assert root.marked()
    assert not path.exists()


# --- bad lines ----------------------------------------------------------------------------------


def test_a_poison_line_is_set_aside_with_its_error_and_the_rest_is_loaded(root: Root) -> None:
    good = [root.event() for _ in range(20)]
    poison = root.event(event_id="not-a-uuid")
    root.segment(*good[:13], poison, *good[13:])
    report = root.drain()
    assert (report.events, report.failed_lines) == (20, 1)
    assert root.stored() == 20
    ((segment, error),) = failed_segments(root.path)
    assert segment.path.read_bytes() == poison
    assert "1 line(s)" in error
    assert "UUID" in error
    assert segments(root.path / "ready") == []


def test_lines_that_are_not_events_are_set_aside(root: Root) -> None:
    root.segment(b'{"site":1}\n', root.event(), b"\x00\x00garbage\n", b'{"time":\n')
    report = root.drain()
    assert (report.events, report.failed_lines) == (1, 3)
    assert root.stored() == 1


def test_a_segment_bad_from_end_to_end_is_given_up_after_a_bounded_number_of_tries(
    root: Root,
) -> None:
    lines = [root.event(event_id="no") for _ in range(500)]
    tries = 0

    class Counting:
        inner = root.warehouse

        def insert_json(self, table: str, data: bytes, *, token: str | None = None) -> None:
            nonlocal tries
            tries += 1
            self.inner.insert_json(table, data, token=token)

    root.segment(*lines)
    root.warehouse = Counting()
    report = root.drain()
    assert (report.events, report.failed_lines) == (0, 500)
    assert tries < 200


def test_failed_lines_are_queued_again_by_command(root: Root) -> None:
    poison = root.event(event_id="no")
    root.segment(root.event(), poison)
    root.drain()
    ((segment, _),) = failed_segments(root.path)
    segment.path.write_bytes(root.event())  # somebody has repaired it
    assert requeue(root.path, lambda: NOW) == 1
    assert failed_segments(root.path) == []
    assert root.drain().events == 1
    assert root.stored() == 2


# --- marks --------------------------------------------------------------------------------------


def shanghai(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 9, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


def days(root: Root, *events: bytes) -> list[int]:
    root.segment(*events)
    root.drain()
    return sorted(item.day.day for item in root.marked())


def test_an_event_marks_its_local_day_and_the_next(root: Root) -> None:
    assert days(root, root.event(shanghai(10, 1))) == [10, 11]


def test_the_next_day_is_not_marked_while_it_lies_in_the_future(root: Root) -> None:
    assert days(root, root.event(shanghai(15, 12))) == [15]


def test_an_event_of_tomorrow_marks_its_own_day(root: Root) -> None:
    assert days(root, root.event(shanghai(16, 12))) == [16]


def test_a_repeated_event_marks_the_day_before_too(root: Root) -> None:
    assert days(root, root.event(shanghai(10, 12), attempt=2)) == [9, 10, 11]


def test_an_event_older_than_thirty_seconds_marks_the_day_before_too(root: Root) -> None:
    time = shanghai(10, 12)
    late = instant(to_ms(time) + 31_000)
    assert days(root, root.event(time, received=late)) == [9, 10, 11]


@pytest.mark.parametrize(("hour", "minute"), [(0, 4), (23, 56)])
def test_an_event_near_local_midnight_marks_the_day_before_too(
    root: Root, hour: int, minute: int
) -> None:
    assert days(root, root.event(shanghai(10, hour, minute))) == [9, 10, 11]


def test_a_large_site_marks_only_the_buckets_of_its_visitors(root: Root) -> None:
    add_bucket_plan(root.db, root.site.key, date(2026, 9, 1), 8)
    first, sixth = 1 << 60, (5 << 61) + 1
    root.segment(
        root.event(shanghai(10, 12), visitor=first), root.event(shanghai(10, 12), visitor=sixth)
    )
    root.drain()
    assert {item.bucket for item in root.marked()} == {0, 5}


def test_events_of_a_site_that_is_gone_are_stored_and_mark_nothing(root: Root) -> None:
    root.segment(root.event(site="gone"))
    assert root.drain().events == 1
    assert root.marked() == set()


# --- forgotten visitors, crashes, other loaders -------------------------------------------------


def test_lines_of_forgotten_visitors_are_left_out(root: Root) -> None:
    suppress_visitors(root.db, root.site.key, [visitor_text(7)])
    root.segment(root.event(visitor=7), root.event(visitor=8))
    report = root.drain()
    assert (report.events, report.suppressed) == (1, 1)
    assert root.real().rows("SELECT visitor FROM events") == [(8,)]


def test_what_a_dead_writer_left_open_is_loaded_to_its_last_whole_line(root: Root) -> None:
    path = root.path / "open" / f"{Names().next(1)}.events.open"
    path.write_bytes(root.event() + root.event() + b'{"site":"torn')
    report = root.drain()
    assert (report.adopted, report.torn, report.events) == (1, 1, 2)


def test_a_second_loader_of_a_root_is_refused_by_name(root: Root) -> None:
    program = (
        "import sys;from pathlib import Path;from tracker.ingest.loader import _take_lock;"
        "_take_lock(Path(sys.argv[1]));print('held',flush=True);sys.stdin.read()"
    )
    held = subprocess.Popen(
        [sys.executable, "-c", program, str(root.path / "loader.lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert held.stdout is not None
    assert held.stdin is not None
    assert held.stdout.readline() == b"held\n"
    try:
        with pytest.raises(LoaderHeld, match=f"process {held.pid}"):
            root.drain()
    finally:
        held.stdin.close()
        held.wait()
        held.stdout.close()
    assert root.drain().waiting == ""


def test_run_loads_what_comes_until_it_is_stopped(root: Root) -> None:
    stop = threading.Event()
    loaded = threading.Event()
    loader = Loader(
        root.path,
        Failing(root.warehouse, before=1),
        root.db,
        lambda: NOW,
        on_loaded=lambda report: loaded.set() if report.events else None,
    )
    with loader:
        thread = threading.Thread(target=loader.run, args=(stop,))
        thread.start()
        root.segment(root.event())
        assert loaded.wait(20)
        stop.set()
        thread.join(20)
    assert not thread.is_alive()
    assert root.stored() == 1


class Hour(threading.Event):
    """A stop whose waits take no time: they move the clock, and after an hour call ``end``."""

    def __init__(self, end: Callable[[], None]) -> None:
        super().__init__()
        self.seconds = 0.0
        self.longest = 0.0
        self._end = end

    def wait(self, timeout: float | None = None) -> bool:
        """Let the time pass."""
        assert timeout is not None
        self.longest = max(self.longest, timeout)
        if self.seconds < 3600 <= self.seconds + timeout:
            self._end()
        self.seconds += timeout
        if self.seconds > 3700:
            self.set()
        return self.is_set()


def test_an_engine_that_is_away_for_an_hour_and_back_loads_everything_by_itself(
    sqlite_db: Engine, tmp_path: Path, warehouse_http: Warehouse, chserver: ChServer
) -> None:
    limits = SpoolLimits(segment_bytes=2_000, budget_bytes=10_000, measure_every=0)
    with Ingest(sqlite_db, tmp_path / "spool", warehouse_http, limits=limits) as ingest:
        chserver.fault("unavailable", times=1_000_000)
        sent = [ingest.event(d="x" * 200) for _ in range(60)]
        answers = [ingest.post(event) for event in sent]
        assert {answer.status_code for answer in answers} == {202, 503}
        assert all(
            "retry-after" in answer.headers for answer in answers if answer.status_code > 202
        )
        hour = Hour(chserver.heal)
        with ingest.loader() as loader:
            loader.run(hour)
        # The beacon sends again what was refused.
        refused = [e for e, a in zip(sent, answers, strict=True) if a.status_code == 503]
        assert [ingest.post(event).status_code for event in refused[:10]] == [202] * 10
        assert 20 < hour.longest <= 30
        ingest.drain()
        taken = [e["i"] for e, a in zip(sent, answers, strict=True) if a.status_code == 202]
        taken += [event["i"] for event in refused[:10]]
        stored = [row["event_id"].hex for row in ingest.rows()]
        assert sorted(stored) == sorted(taken)


def test_a_loader_that_fails_for_a_reason_nobody_foresaw_goes_on(
    sqlite_db: Engine,
    tmp_path: Path,
    warehouse_embedded: Warehouse,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(warehouse_embedded, sqlite_db, tmp_path)
    stop = threading.Event()
    passes: list[str] = []

    def drain(_: Loader) -> LoadReport:
        passes.append("pass")
        if len(passes) == 1:
            raise RuntimeError("nobody foresaw this")
        stop.set()
        return LoadReport()

    monkeypatch.setattr(Loader, "drain", drain)
    world.parts.load_until(stop)
    assert len(passes) == 2


def test_a_command_loads_what_a_writer_has_not_closed_yet(
    sqlite_db: Engine, tmp_path: Path, warehouse_embedded: Warehouse
) -> None:
    world = World(warehouse_embedded, sqlite_db, tmp_path)
    lines = Root(world.parts.settings.spool, warehouse_embedded, sqlite_db)
    open_segment = OpenSegment(lines.path, lines.names.next(1), Table.EVENTS)
    open_segment.append(lines.event())
    closing = threading.Timer(0.3, open_segment.close)
    closing.start()
    try:
        assert world.run("reconcile", Reconcile()).events == 1
    finally:
        closing.join()
        world.loader.close()


def test_a_writer_that_closes_nothing_makes_the_command_fail(
    sqlite_db: Engine,
    tmp_path: Path,
    warehouse_embedded: Warehouse,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tracker.parts.CLOSED_WITHIN", 0.2)
    world = World(warehouse_embedded, sqlite_db, tmp_path)
    lines = Root(world.parts.settings.spool, warehouse_embedded, sqlite_db)
    open_segment = OpenSegment(lines.path, lines.names.next(1), Table.EVENTS)
    open_segment.append(lines.event())
    try:
        with pytest.raises(Unavailable, match=f"open/{open_segment.path.name} is not closed"):
            world.run("reconcile", Reconcile())
        open_segment.close()
        assert world.run("reconcile", Reconcile()).events == 1
    finally:
        world.loader.close()


def test_a_pass_ends_though_events_keep_coming(root: Root) -> None:
    class Busy:
        inner = root.warehouse

        def insert_json(self, table: str, data: bytes, *, token: str | None = None) -> None:
            self.inner.insert_json(table, data, token=token)
            root.segment(root.event())  # another arrives for each that is loaded

    root.segment(root.event())
    root.warehouse = Busy()
    assert root.drain().events == 1
    assert len(segments(root.path / "ready")) == 1
