"""``kill -9`` of whatever takes and loads events, again and again: each event counts exactly once.

A server with the embedded engine (it takes events, loads and reconciles) and an ingest process on
the same spool are under load and are killed: at points of their code (``dying.py``: half a line
written, before and after a sync, in the middle of a rotation, between insert, marks and removal),
or at a random moment. The full form has 200 rounds of it, the short one six. ``pytest -s`` prints
the figures.
"""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.crash.dying import LOADING, TAKING
from tests.crash.test_kill_server import around_today
from tests.installation import PATIENCE, Installation
from tests.world import CHROME

pytestmark = pytest.mark.crash

ROUNDS = 200 if os.environ.get("TEST_LENGTH") == "full" else 6
CLIENTS = 4
DYING = Path(__file__).with_name("dying.py")
#: Prints, of the events of a data directory: rows, different ids, and the ids themselves.
STORED = """
import json, sys
from tracker.warehouse.client import open_warehouse
with open_warehouse(sys.argv[1]) as warehouse:
    rows = warehouse.rows("SELECT lower(hex(event_id)), count() FROM events GROUP BY ALL")
print(json.dumps({name: count for name, count in rows}))
"""


class Senders:
    """Clients that post events, one visitor each, and send again what was not acknowledged."""

    def __init__(self, site: str) -> None:
        self.site = site
        self.acknowledged: set[int] = set()
        self.waiting: list[int] = []
        self.last = 0
        self.attempts: Counter[int] = Counter()
        self._lock = threading.Lock()

    def run(self, urls: list[str], stop: threading.Event, *, new: bool = True) -> None:
        """Post to the servers in turn until ``stop``, or until nothing waits."""
        threads = [
            threading.Thread(target=self._client, args=(urls, stop, new)) for _ in range(CLIENTS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _client(self, urls: list[str], stop: threading.Event, new: bool) -> None:
        with httpx.Client(timeout=30, headers={"user-agent": CHROME}) as client:
            turn = 0
            while not stop.is_set() and (batch := self._take(new)):
                turn += 1
                try:
                    answer = client.post(
                        f"{urls[turn % len(urls)]}/e", json=[self._event(n) for n in batch]
                    )
                    answer.raise_for_status()
                except httpx.HTTPError:
                    with self._lock:
                        self.waiting += batch
                    stop.wait(0.02)
                    continue
                assert (answer.status_code, answer.headers.get("x-tracker-dropped")) == (202, None)
                with self._lock:
                    self.acknowledged.update(batch)

    def _take(self, new: bool) -> list[int]:
        with self._lock:
            batch, self.waiting = self.waiting[:3], self.waiting[3:]
            if new and not batch:
                batch = [self.last + 1, self.last + 2]
                self.last += 2
            self.attempts.update(batch)
            return batch

    def _event(self, number: int) -> dict[str, Any]:
        return {
            "v": 1,
            "s": self.site,
            "i": f"{number:032x}",
            "n": "pageview",
            "a": self.attempts[number],
            "u": f"{number:016x}",
            "l": "https://pump.example/?utm_source=baidu&utm_medium=cpc&keywordid=301",
        }


class Victim:
    """A process that is started whenever it is dead, each time with another fate."""

    def __init__(
        self, place: Installation, chance: random.Random, points: tuple[str, ...], *words: str
    ) -> None:
        self.deaths: Counter[str] = Counter()
        self.url = ""
        self._place = place
        self._chance = chance
        self._points = points
        self._words = words
        self._process: subprocess.Popen[str] | None = None
        self._point = ""

    def start(self) -> None:
        """Start it unless it lives, and wait until it answers or has met its fate."""
        if self.lives():
            return
        # Every third time nothing is prepared: then it is killed at some moment.
        armed = self._chance.random() < 0.67
        self._point = self._chance.choice(self._points) if armed else "none"
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [sys.executable, str(DYING), self._point, str(self._chance.randint(1, 4))]
        with (self._place.folder / "serve.log").open("a", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                [*command, "serve", *self._words, "--port", str(port)],
                cwd=self._place.folder,
                env=self._place.environment(),
                stdout=log,
                stderr=log,
                text=True,
            )
        end = time.monotonic() + PATIENCE
        while self.lives() and not answers(self.url):
            assert time.monotonic() < end, "the server did not start"
            time.sleep(0.05)

    def lives(self) -> bool:
        """Whether it runs; a death that nobody caused from here is counted."""
        if self._process is None:
            return False
        code = self._process.poll()
        if code is None:
            return True
        log = (self._place.folder / "serve.log").read_text()
        assert code == -9, f"ended by itself with {code}: {log[-2000:]}"
        self.deaths[self._point] += 1
        self._process = None
        return False

    def kill(self) -> None:
        """End it now."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
            self._point = "any moment"
        assert not self.lives()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def answers(url: str) -> bool:
    """Whether a server is there."""
    try:
        return httpx.get(f"{url}/health", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def one_round(victims: list[Victim], senders: Senders, chance: random.Random) -> None:
    """Load until one of them dies by its fate, or is killed after a while."""
    for victim in victims:
        victim.start()
    stop = threading.Event()
    urls = [victim.url for victim in victims]
    posting = threading.Thread(target=senders.run, args=(urls, stop))
    posting.start()
    end = time.monotonic() + chance.uniform(0.1, 2.5)
    dead: list[Victim] = []
    while time.monotonic() < end and not (dead := [v for v in victims if not v.lives()]):
        time.sleep(0.005)
    if not dead:
        for victim in chance.choice([victims, victims[:1], victims[1:]]):
            victim.kill()
    stop.set()
    posting.join()


def stored(place: Installation) -> dict[str, int]:
    """How often each event id is in the facts."""
    done = subprocess.run(
        [sys.executable, "-c", STORED, f"chdb://{place.data / 'clickhouse'}"],
        env=place.environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    found: dict[str, int] = json.loads(done.stdout)
    return found


def visits(place: Installation) -> int:
    """The visits of the report: as many as there are visitors, who send one event each."""
    place.run("reconcile")
    return int(place.report(*around_today())["totals"]["visits"])


def test_every_acknowledged_event_counts_once_whatever_is_killed_when(tmp_path: Path) -> None:
    place = Installation(tmp_path)
    place.begin(timezone="UTC")
    chance = random.Random(20)
    senders = Senders(place.site)
    server = Victim(place, chance, (*TAKING, *LOADING * 2))
    ingest = Victim(place, chance, TAKING, "--role", "ingest")
    for _ in range(ROUNDS):
        one_round([server, ingest], senders, chance)
    for victim in (server, ingest):
        victim.kill()
    known = len(senders.acknowledged)
    assert known > ROUNDS
    assert known <= visits(place) <= senders.last
    facts = stored(place)
    assert {f"{number:032x}" for number in senders.acknowledged} <= facts.keys()
    with place.serving() as living:
        senders.run([living.url], threading.Event(), new=False)
    assert senders.acknowledged == set(range(1, senders.last + 1))
    assert visits(place) == senders.last
    assert list((place.data / "spool" / "failed").iterdir()) == []
    again = sum(count - 1 for count in stored(place).values())
    print(  # noqa: T201 - the figures are what this test is for
        f"\n{ROUNDS} rounds, {(server.deaths + ingest.deaths).total()} deaths; {known} events were"
        f" acknowledged, {senders.last} in all, {again} of them stored twice and counted once"
        f"\nserver: {dict(server.deaths)}\ningest: {dict(ingest.deaths)}"
    )
