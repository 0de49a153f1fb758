"""``kill -9`` in the middle of a load: every acknowledged event is stored once.

The server runs in a process of its own; the loader of this process loads while it lives and after
it is dead. ``crash/test_kill_ingest.py`` kills loaders, too, and many times.
"""

from __future__ import annotations

import random
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine

from tests.ingest import CHROME, new_site
from tracker.accounts.clock import utc_now
from tracker.ingest.loader import Loader
from tracker.warehouse.client import Warehouse

SERVER = """
import sys
from pathlib import Path
from tests.ingest import crash_server
crash_server(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
"""


class Clients:
    """Threads that post, and remember what was acknowledged."""

    def __init__(self, site: str) -> None:
        self.site = site
        self.acknowledged: set[str] = set()
        self.sent = 0
        self.stop = threading.Event()
        self.goal = 0
        #: Set when the goal is reached: the loader alone might never catch up with the posts.
        self.reached = threading.Event()
        self._lock = threading.Lock()

    def run(self, port: int) -> None:
        """Post until told to stop or the server is gone."""
        rng = random.Random(port)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            while not self.stop.is_set():
                with self._lock:
                    first, self.sent = self.sent, self.sent + 3
                ids = [f"{number:032x}" for number in range(first, first + rng.randint(1, 3))]
                events = [
                    {"s": self.site, "i": one, "l": "https://pump.example/", "u": f"{7:016x}"}
                    for one in ids
                ]
                try:
                    answer = client.post("/e", json=events, headers={"user-agent": CHROME})
                except httpx.TransportError:
                    return
                assert answer.status_code == 202
                with self._lock:
                    self.acknowledged.update(ids)
                    if len(self.acknowledged) >= self.goal:
                        self.reached.set()


def rounds(count: int, db: Engine, root: Path, warehouse: Warehouse) -> None:
    """Kill the server ``count`` times under load, load all, compare."""
    rng = random.Random(7)
    clients = Clients(new_site(db).key)
    with Loader(root, warehouse, db, utc_now) as loader:
        for _ in range(count):
            one_round(clients, str(db.url), root, loader, rng.randint(1, 200))
        while (report := loader.drain()).segments:
            assert report.waiting == ""
            assert report.failed_lines == 0
    rows = warehouse.rows("SELECT hex(event_id), count() FROM events GROUP BY ALL")
    stored = {name.lower().zfill(32): times for name, times in rows}
    assert clients.acknowledged
    assert clients.acknowledged <= stored.keys()
    assert {one for one, times in stored.items() if times != 1} == set()


def one_round(clients: Clients, url: str, root: Path, loader: Loader, events: int) -> None:
    """Start a server, post to it, kill it when it has acknowledged that many events more."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-c", SERVER, str(port), url, str(root)])
    threads = [threading.Thread(target=clients.run, args=(port,)) for _ in range(4)]
    try:
        wait_for(port)
        clients.reached.clear()
        clients.goal = len(clients.acknowledged) + events
        for thread in threads:
            thread.start()
        end = time.monotonic() + 60
        while not clients.reached.wait(0.002) and time.monotonic() < end:
            loader.drain(stop=clients.reached)
    finally:
        server.send_signal(signal.SIGKILL)
        server.wait()
        for thread in threads:
            if thread.ident is not None:
                thread.join()


def wait_for(port: int) -> None:
    """Until the port is open."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("the server did not start")


def test_a_killed_server_loses_nothing_it_acknowledged(
    sqlite_db: Engine, tmp_path: Path, warehouse_embedded: Warehouse
) -> None:
    rounds(1, sqlite_db, tmp_path / "spool", warehouse_embedded)
