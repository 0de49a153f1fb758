"""What ``test_ingest_disk`` runs in a mount namespace of its own: ``disk_program.py TEST FOLDER``.

It mounts a small tmpfs at FOLDER/disk, does the test there and prints what it saw as JSON. An
assertion that fails ends it with its traceback. ``probe`` only mounts.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from tests.ingest import CHROME, Ingest
from tests.installation import PATIENCE, Installation
from tracker.accounts.database import migrate as migrate_metadata
from tracker.accounts.database import open_database
from tracker.ingest.segments import FAILED, OPEN, READY, segments
from tracker.ingest.spool import SpoolLimits
from tracker.warehouse.client import open_warehouse
from tracker.warehouse.migrate import migrate


def mount(folder: Path, size: str) -> Path:
    """A disk of that size, new and empty."""
    disk = folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(disk)], check=True)
    return disk


def until(seen: Callable[[], object], what: str) -> None:
    """Wait until the condition holds."""
    end = time.monotonic() + PATIENCE
    while not seen():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def refused(answer: httpx.Response) -> bool:
    """Whether it is the 503 that says when to come again; anything else but a 202 is wrong."""
    if answer.status_code == 202:
        return False
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json()["error"]["code"] == "unavailable"
    return True


def spool(folder: Path) -> dict[str, Any]:
    """The spool's disk is full to the last byte, later read-only, and each time heals by itself."""
    disk = mount(folder, "1m")
    db = open_database(f"sqlite:///{folder / 'tracker.db'}")
    migrate_metadata(db)
    limits = SpoolLimits(segment_age=0.05, reserve_bytes=0)
    with open_warehouse("chdb://memory") as warehouse:
        migrate(warehouse)
        with Ingest(db, disk / "spool", warehouse, limits=limits) as ingest:
            full = _until_full(ingest)
            read_only = _read_only(ingest, disk)
            rows = warehouse.rows("SELECT hex(event_id), count() FROM events GROUP BY ALL")
    db.dispose()
    return {"full": full, "read_only": read_only, "stored": dict(rows)}


def _until_full(ingest: Ingest) -> dict[str, Any]:
    acknowledged = []
    refusals: list[str] = []
    while len(refusals) < 30:
        event = ingest.event(d="x" * 500)
        answer = ingest.post(event)
        if refused(answer):
            refusals.append(answer.json()["error"]["message"])
        else:
            acknowledged.append(event["i"])
    ingest.drain()
    # Nobody has done anything but the loader.
    event = ingest.event()
    assert not refused(ingest.post(event))
    ingest.drain()
    return {"acknowledged": [*acknowledged, event["i"]], "refusals": sorted(set(refusals))}


def _read_only(ingest: Ingest, disk: Path) -> dict[str, Any]:
    root = ingest.root
    until(lambda: not any((root / OPEN).iterdir()), "the last segment is closed")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    answer = ingest.post(ingest.event())
    assert refused(answer)
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    event = ingest.event()
    assert not refused(ingest.post(event))
    ingest.drain()
    return {"acknowledged": [event["i"]], "refusals": [answer.json()["error"]["message"]]}


def server(folder: Path) -> dict[str, Any]:
    """The disk of the whole server, engine and metadata too, is full for a while."""
    disk = mount(folder, "600m")
    place = Installation(disk)
    place.begin(timezone="UTC")
    ballast = disk / "ballast"
    with place.serving() as running, httpx.Client(base_url=running.url, timeout=30) as client:
        acknowledged = _post(client, place.site, 1)
        with ballast.open("wb") as file:
            try:
                while True:
                    file.write(bytes(1 << 20))
                    file.flush()
            except OSError as error:
                reason = error.strerror
        _keep_posting_until_refused(client, place.site, acknowledged)
        time.sleep(3)  # the loader and the jobs meet the full disk
        assert _post(client, place.site, 900) == []
        ballast.unlink()

        def taken_again() -> bool:
            acknowledged.extend(_post(client, place.site, 901))
            return 901 in acknowledged

        until(taken_again, "events are taken again")
        today = datetime.now(UTC).date().isoformat()

        def visits() -> int:
            place.run("reconcile")
            return int(place.report(today, today)["totals"]["visits"])

        until(lambda: visits() == len(acknowledged), f"{len(acknowledged)} visits are reported")
        failed = len(segments(place.data / "spool" / FAILED))
        waiting = len(segments(place.data / "spool" / READY))
    return {"reason": reason, "acknowledged": len(acknowledged), "failed": failed,
            "waiting": waiting}  # fmt: skip


def _keep_posting_until_refused(client: httpx.Client, site: str, acknowledged: list[int]) -> None:
    for number in range(2, 900):
        taken = _post(client, site, number)
        if not taken:
            return
        acknowledged += taken
        time.sleep(0.05)
    raise AssertionError("a full disk refused nothing")


def _post(client: httpx.Client, site: str, number: int) -> list[int]:
    event = {"s": site, "i": f"{number:032x}", "u": f"{number:016x}", "l": "https://pump.example/"}
    answer = client.post("/e", json=event, headers={"user-agent": CHROME})
    return [] if refused(answer) else [number]


def probe(folder: Path) -> dict[str, Any]:
    """Whether a disk can be mounted at all."""
    mount(folder, "1m")
    return {}


if __name__ == "__main__":
    found = {"probe": probe, "spool": spool, "server": server}[sys.argv[1]](Path(sys.argv[2]))
    print(json.dumps(found))  # noqa: T201
