"""The spool: durable before acknowledged, whole lines only, within its budget, self-healing."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import time
from typing import Any

import pytest

from tracker.errors import Unavailable
from tracker.ingest import segments as segments_module
from tracker.ingest import spool as spool_module
from tracker.ingest.columns import Batch, Table
from tracker.ingest.reasons import Counters
from tracker.ingest.segments import Names, adopt, segments
from tracker.ingest.spool import Spool, SpoolLimits

NOW = datetime(2026, 9, 15, tzinfo=UTC)
KEEP_OPEN = SpoolLimits(segment_age=3600, measure_every=0)


def batch(*numbers: int) -> Batch:
    found = Batch()
    found.events += [b'{"n":%d}\n' % number for number in numbers]
    return found


def with_spool(
    root: Path,
    work: Callable[[Spool], Coroutine[Any, Any, None]],
    limits: SpoolLimits = KEEP_OPEN,
    counters: Counters | None = None,
    clock: Callable[[], datetime] = lambda: NOW,
) -> None:
    async def main() -> None:
        spool = Spool(root, clock, limits=limits, counters=counters)
        try:
            await work(spool)
        finally:
            await spool.close()

    asyncio.run(main())


def text(root: Path, pattern: str = "ready/*.ndjson") -> bytes:
    return b"".join(path.read_bytes() for path in sorted(root.glob(pattern)))


def test_what_is_acknowledged_is_in_the_file_already(tmp_path: Path) -> None:
    async def work(spool: Spool) -> None:
        await spool.append(batch(1, 2))
        assert text(tmp_path, "open/*.events.open") == b'{"n":1}\n{"n":2}\n'

    with_spool(tmp_path, work)
    assert text(tmp_path) == b'{"n":1}\n{"n":2}\n'


def test_requests_that_wait_together_share_one_sync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    syncs = []
    real = os.fdatasync

    def counted(descriptor: int) -> None:
        syncs.append(descriptor)
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", counted)

    async def work(spool: Spool) -> None:
        await asyncio.gather(*(spool.append(batch(n)) for n in range(200)))

    with_spool(tmp_path, work)
    assert sorted(text(tmp_path).splitlines()) == sorted(b'{"n":%d}' % n for n in range(200))
    assert len(syncs) == 1  # of all that had arrived when the commit began


def test_the_directory_is_synced_when_a_segment_is_made_and_when_it_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    real = segments_module.sync_directory

    def seen(directory: Path) -> None:
        synced.append(directory.name)
        real(directory)

    monkeypatch.setattr(spool_module, "sync_directory", seen)

    async def work(spool: Spool) -> None:
        await spool.append(batch(1))
        assert synced == ["open"]

    with_spool(tmp_path, work)
    assert synced == ["open", "ready", "open"]


def test_a_segment_is_closed_by_size_and_by_age(tmp_path: Path) -> None:
    async def by_size(spool: Spool) -> None:
        for number in range(5):
            await spool.append(batch(number))
        assert len(segments(tmp_path / "size" / "ready")) == 5

    with_spool(tmp_path / "size", by_size, SpoolLimits(segment_bytes=1, segment_age=3600))

    async def by_age(spool: Spool) -> None:
        await spool.append(batch(1))
        for _ in range(200):
            if segments(tmp_path / "age" / "ready"):
                return
            await asyncio.sleep(0.01)
        pytest.fail("an idle segment stayed open")

    with_spool(tmp_path / "age", by_age, SpoolLimits(segment_age=0.02))


def test_names_sort_in_order_of_creation_when_the_clock_jumps_back(tmp_path: Path) -> None:
    clock = iter([NOW, NOW - timedelta(hours=1), NOW - timedelta(days=3), NOW])

    async def work(spool: Spool) -> None:
        for number in range(4):
            await spool.append(batch(number))

    limits = SpoolLimits(segment_bytes=1, segment_age=3600)
    with_spool(tmp_path, work, limits, clock=lambda: next(clock))
    assert text(tmp_path) == b"".join(b'{"n":%d}\n' % n for n in range(4))


def test_two_writers_share_a_root_without_touching_each_other(tmp_path: Path) -> None:
    async def main() -> None:
        first, second = Spool(tmp_path, lambda: NOW), Spool(tmp_path, lambda: NOW)
        await asyncio.gather(
            *(s.append(batch(n)) for n, s in enumerate([first, second] * 50)),
        )
        assert adopt(tmp_path, time()) == (0, 0)
        await first.close()
        await second.close()

    asyncio.run(main())
    assert sorted(text(tmp_path).splitlines()) == sorted(b'{"n":%d}' % n for n in range(100))


# --- after a crash ------------------------------------------------------------------------------


def leave_open(root: Path, data: bytes, table: Table = Table.EVENTS) -> Path:
    """What a writer that died leaves: a file of open/ that nobody has locked."""
    segments_module.make_root(root)
    path = root / "open" / f"{Names().next(1)}.{table}.open"
    path.write_bytes(data)
    return path


def test_a_torn_tail_is_cut_to_the_last_whole_line_and_counted(tmp_path: Path) -> None:
    leave_open(tmp_path, b'{"n":1}\n{"n":2}\n{"n":3')
    assert adopt(tmp_path, time()) == (1, 1)
    assert text(tmp_path) == b'{"n":1}\n{"n":2}\n'
    assert list((tmp_path / "open").iterdir()) == []


def test_a_torn_tail_longer_than_a_block_is_cut_too(tmp_path: Path) -> None:
    leave_open(tmp_path, b'{"n":1}\n' + b"x" * 300_000)
    assert adopt(tmp_path, time()) == (1, 1)
    assert text(tmp_path) == b'{"n":1}\n'


def test_an_open_segment_without_a_whole_line_is_removed(tmp_path: Path) -> None:
    leave_open(tmp_path, b"")
    leave_open(tmp_path, b'{"n":')
    assert adopt(tmp_path, time()) == (2, 1)
    assert text(tmp_path) == b""
    assert list((tmp_path / "open").iterdir()) == []


def test_a_segment_of_a_living_writer_is_left_alone(tmp_path: Path) -> None:
    async def work(spool: Spool) -> None:
        await spool.append(batch(1))
        assert adopt(tmp_path, time()) == (0, 0)
        await spool.append(batch(2))

    with_spool(tmp_path, work)
    assert text(tmp_path) == b'{"n":1}\n{"n":2}\n'


WRITER = """
import asyncio, os, sys
from datetime import UTC, datetime
from pathlib import Path
from tracker.ingest.columns import Batch, Table
from tracker.ingest.spool import Spool, SpoolLimits
async def main():
    spool = Spool(Path(sys.argv[1]), lambda: datetime.now(UTC), limits=SpoolLimits(segment_age=99))
    batch = Batch()
    batch.events.append(b'{"n":1}\\n')
    await spool.append(batch)
    os.kill(os.getpid(), 9)
asyncio.run(main())
"""


def test_what_a_killed_process_acknowledged_is_adopted(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", WRITER, str(tmp_path)], check=False)
    assert done.returncode == -9
    assert adopt(tmp_path, time()) == (1, 0)
    assert text(tmp_path) == b'{"n":1}\n'


# --- when the disk says no ----------------------------------------------------------------------


def test_above_the_budget_events_are_refused_until_there_is_room(tmp_path: Path) -> None:
    counters = Counters()
    limits = SpoolLimits(segment_bytes=1, budget_bytes=20, measure_every=0, reserve_bytes=0)

    async def work(spool: Spool) -> None:
        await spool.append(batch(1))
        await spool.append(batch(2))
        await spool.append(batch(3))
        with pytest.raises(Unavailable, match="full") as caught:
            await spool.append(batch(4))
        assert caught.value.retry_after > 0
        for path in (tmp_path / "ready").iterdir():
            path.unlink()
        await spool.append(batch(5))

    with_spool(tmp_path, work, limits, counters)
    assert text(tmp_path) == b'{"n":5}\n'
    assert counters.snapshot()["spool.refused"] == 1


def test_imports_do_not_use_up_the_budget(tmp_path: Path) -> None:
    segments_module.make_root(tmp_path)
    (tmp_path / "imports" / "big.ndjson").write_bytes(b"x" * 1000)

    async def work(spool: Spool) -> None:
        await spool.append(batch(1))

    with_spool(tmp_path, work, SpoolLimits(budget_bytes=500, measure_every=0))


def test_the_last_of_the_disk_is_kept_free(tmp_path: Path) -> None:
    async def work(spool: Spool) -> None:
        with pytest.raises(Unavailable, match="kept free"):
            await spool.append(batch(1))

    with_spool(tmp_path, work, SpoolLimits(reserve_bytes=1 << 62))


@pytest.mark.parametrize("failing", ["write", "fdatasync"])
def test_a_failed_write_refuses_its_requests_and_heals_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    counters = Counters()
    real = getattr(os, failing)
    broken = False

    def faulty(descriptor: int, *rest: Any) -> Any:
        if not broken:
            return real(descriptor, *rest)
        if failing == "write":
            real(descriptor, bytes(rest[0])[:4])  # a full disk takes a part
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, failing, faulty)

    async def work(spool: Spool) -> None:
        nonlocal broken
        await spool.append(batch(1))
        broken = True
        with pytest.raises(Unavailable, match="No space left"):
            await spool.append(batch(2))
        broken = False
        await spool.append(batch(3))

    with_spool(tmp_path, work, counters=counters)
    adopt(tmp_path, time())
    assert text(tmp_path) == b'{"n":1}\n{"n":3}\n'
    assert counters.snapshot()["spool.write_errors"] == 1


def test_a_disk_that_takes_no_new_file_refuses_and_heals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open
    broken = True

    def faulty(path: Any, flags: int, *rest: Any, **words: Any) -> int:
        if broken and str(path).endswith(".new"):
            raise OSError(30, "Read-only file system")
        return real(path, flags, *rest, **words)

    monkeypatch.setattr(os, "open", faulty)

    async def work(spool: Spool) -> None:
        nonlocal broken
        with pytest.raises(Unavailable, match="Read-only"):
            await spool.append(batch(1))
        broken = False
        await spool.append(batch(2))

    with_spool(tmp_path, work)
    assert text(tmp_path) == b'{"n":2}\n'


def test_a_cancelled_request_does_not_disturb_the_others(tmp_path: Path) -> None:
    async def work(spool: Spool) -> None:
        first = asyncio.create_task(spool.append(batch(1)))
        second = asyncio.create_task(spool.append(batch(2)))
        third = asyncio.create_task(spool.append(batch(3)))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.gather(first, third)

    with_spool(tmp_path, work)
    assert b'{"n":1}' in text(tmp_path)
    assert b'{"n":3}' in text(tmp_path)
