"""One process at a time in an engine directory, and a message that names the other."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tracker.errors import EngineHeld, Unavailable
from tracker.warehouse.client import open_warehouse
from tracker.warehouse.lock import LOCK_FILE, DirectoryLock

ROOT = Path(__file__).resolve().parent.parent
WAIT = 30
HOLD = """
import sys
from pathlib import Path
from tracker.warehouse.lock import DirectoryLock
with DirectoryLock(Path(sys.argv[1]), argv=["tracker", "serve", "--port", "8000"]):
    print("held", flush=True)
    sys.stdin.read()
"""
WRITE = """
import sys
from tracker.warehouse.client import open_warehouse
from tracker.warehouse.migrate import migrate
warehouse = open_warehouse(sys.argv[1])
print(migrate(warehouse), flush=True)
warehouse.insert_json("identities", b'{"site":"s"}\\n', token="a")
print(warehouse.rows("SELECT site FROM identities"), flush=True)
sys.stdin.read()
"""


def python(source: str, *arguments: str) -> subprocess.Popen[str]:
    """A process that runs ``source`` until its input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", source, *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def line(process: subprocess.Popen[str]) -> str:
    """Its next line of output."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def end(process: subprocess.Popen[str], *, kill: bool = False) -> None:
    """Let it end by itself, or end it as ``kill -9`` does."""
    if kill:
        process.kill()
    process.communicate(timeout=WAIT)


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds ``tmp_path``."""
    process = python(HOLD, str(tmp_path))
    assert line(process) == "held"
    yield process
    if process.returncode is None:
        end(process, kill=True)


def test_a_second_process_is_told_who_holds_the_directory(
    holder: subprocess.Popen[str], tmp_path: Path
) -> None:
    with pytest.raises(EngineHeld) as caught:
        open_warehouse(f"chdb://{tmp_path}")
    text = str(caught.value)
    assert f"Process {holder.pid} (tracker serve --port 8000)" in text
    assert str(tmp_path) in text
    since = re.search(r"since (\S+)\.", text)
    assert since
    assert datetime.fromisoformat(since[1]) <= datetime.now(UTC)
    assert caught.value.pid == holder.pid


def test_another_spelling_of_the_directory_is_the_same_directory(
    holder: subprocess.Popen[str], tmp_path: Path
) -> None:
    link = tmp_path.parent / f"{tmp_path.name}-link"
    link.symlink_to(tmp_path)
    with pytest.raises(EngineHeld, match=str(holder.pid)):
        DirectoryLock(link / "." / "").acquire()


def test_the_lock_is_free_after_its_holder_ends(
    holder: subprocess.Popen[str], tmp_path: Path
) -> None:
    end(holder)
    with DirectoryLock(tmp_path):
        pass


def test_the_lock_is_free_after_its_holder_is_killed(
    holder: subprocess.Popen[str], tmp_path: Path
) -> None:
    end(holder, kill=True)
    assert str(holder.pid) in (tmp_path / LOCK_FILE).read_text()
    with DirectoryLock(tmp_path):
        assert str(os.getpid()) in (tmp_path / LOCK_FILE).read_text()


def test_the_same_process_cannot_hold_a_directory_twice(tmp_path: Path) -> None:
    with (
        DirectoryLock(tmp_path),
        pytest.raises(EngineHeld, match=rf"This process \(pid {os.getpid()}\) already"),
    ):
        DirectoryLock(tmp_path).acquire()
    lock = DirectoryLock(tmp_path)
    lock.acquire()
    lock.release()
    lock.release()


def test_a_password_in_the_command_is_not_written_down(tmp_path: Path) -> None:
    argv = ["tracker", "serve", "--database", "postgresql://roi:s3cret@db/roi"]
    with DirectoryLock(tmp_path, argv=argv):
        text = (tmp_path / LOCK_FILE).read_text()
    assert "postgresql://***@db/roi" in text
    assert "s3cret" not in text


def test_a_holder_that_wrote_nothing_readable_is_still_reported(tmp_path: Path) -> None:
    with DirectoryLock(tmp_path):
        (tmp_path / LOCK_FILE).write_text("{torn")
        with pytest.raises(EngineHeld, match="Another process holds"):
            DirectoryLock(tmp_path).acquire()


def test_a_path_that_is_no_directory_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(Unavailable, match="file cannot be used"):
        DirectoryLock(file).acquire()


def test_an_engine_on_disk_keeps_its_rows_when_its_process_is_killed(tmp_path: Path) -> None:
    """Also: the directory is held while the engine is open, and the next process can open it."""
    url = f"chdb://{tmp_path}/engine"
    first = python(WRITE, url)
    assert "0001_facts" in line(first)
    assert line(first) == "[('s',)]"
    with pytest.raises(EngineHeld, match=rf"Process {first.pid} \(-c chdb://"):
        open_warehouse(url)
    end(first, kill=True)
    second = python(WRITE, url)
    assert line(second) == "[]"
    assert line(second) == "[('s',)]"
    end(second)
    assert second.returncode == 0
