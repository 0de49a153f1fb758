"""``kill -9`` of the whole server at bad moments: after a restart the report is right.

The short form kills once under 2,000 events; the full form (``TEST_LENGTH=full``) ten times under
10,000, and the other tests kill at more moments.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.installation import Installation, Server
from tests.world import CHROME
from tracker.config import Settings, load_settings
from tracker.control.client import send
from tracker.errors import Unavailable
from tracker.requests.events import ImportEvents
from tracker.requests.spend import ImportSpend
from tracker.requests.upkeep import Rebuild

pytestmark = pytest.mark.crash

FULL = os.environ.get("TEST_LENGTH") == "full"
EVENTS, KILLS = (10_000, 10) if FULL else (2_000, 1)
MOMENTS = 6 if FULL else 2
CLIENTS, BATCH = 8, 5


@dataclass
class Crowd:
    """Visitors who each see one page; ``acknowledged`` are the numbers of their events.

    What was not acknowledged is sent again with the same ids, as the beacon does.
    """

    site: str
    waiting: list[int]
    acknowledged: set[int] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def post(self, url: str, enough: int) -> None:
        """Post from several clients until the server is gone or ``enough`` are acknowledged."""
        threads = [
            threading.Thread(target=self._client, args=(url, enough)) for _ in range(CLIENTS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _client(self, url: str, enough: int) -> None:
        with httpx.Client(timeout=30, headers={"user-agent": CHROME}) as client:
            while batch := self._take(enough):
                try:
                    answer = client.post(f"{url}/e", json=[self._event(n) for n in batch])
                    answer.raise_for_status()
                except httpx.HTTPError:
                    with self._lock:
                        self.waiting.extend(batch)
                    return
                assert answer.status_code == 202
                with self._lock:
                    self.acknowledged.update(batch)

    def _take(self, enough: int) -> list[int]:
        with self._lock:
            if len(self.acknowledged) >= enough:
                return []
            batch = self.waiting[:BATCH]
            del self.waiting[:BATCH]
            return batch

    def _event(self, number: int) -> dict[str, Any]:
        return {
            "v": 1,
            "s": self.site,
            "i": f"{number:032x}",
            "n": "pageview",
            "u": f"{number:016x}",
            "l": "https://pump.example/?utm_source=baidu&utm_medium=cpc&keywordid=301",
        }


def around_today() -> tuple[str, str]:
    """A period that holds whatever happens during the test."""
    today = datetime.now(UTC).date()
    return str(today - timedelta(days=1)), str(today + timedelta(days=1))


def test_every_acknowledged_event_is_in_the_report_once_after_kills(tmp_path: Path) -> None:
    place = Installation(tmp_path)
    place.begin(timezone="UTC")
    crowd = Crowd(place.site, list(range(1, EVENTS + 1)))
    for kill in range(1, KILLS + 1):
        with place.serving() as server:
            killer = threading.Thread(
                target=kill_at, args=(server, crowd, EVENTS * kill // (KILLS + 1))
            )
            killer.start()
            crowd.post(server.url, EVENTS + 1)
            killer.join()
        assert len(crowd.acknowledged) < EVENTS, "the server was killed too late"
    known = len(crowd.acknowledged)
    place.run("reconcile")
    visits = place.report(*around_today())["totals"]["visits"]
    # What was stored without an answer, or sent again, counts once too.
    assert known <= visits <= EVENTS
    with place.serving() as server:
        crowd.post(server.url, EVENTS)
        place.run("reconcile")
        assert len(crowd.acknowledged) == EVENTS
        report = place.report(*around_today())
    assert report["totals"]["visits"] == EVENTS
    assert [row["reason"] for row in report["rows"]] == ["unknown_keyword"]


def kill_at(server: Server, crowd: Crowd, count: int) -> None:
    """Kill the server as soon as so many events are acknowledged."""
    while len(crowd.acknowledged) < count and server.process.poll() is None:
        time.sleep(0.001)
    server.kill()


def past_events() -> str:
    """Events of ten days: 1,500 clicks on ads, every tenth with an order."""
    chance = random.Random(4)
    lines = []
    for number in range(1_500):
        moment = datetime(2026, 9, 1, tzinfo=UTC) + timedelta(minutes=chance.randrange(14_400))
        base = {"visitor": f"v{number}", "user_agent": CHROME}
        address = f"https://pump.example/?utm_source=baidu&utm_medium=cpc&keywordid={number % 40}"
        lines.append(base | {"time": moment.isoformat(), "name": "pageview", "url": address})
        if number % 10 == 0:
            later = (moment + timedelta(hours=chance.randrange(100))).isoformat()
            order = {"time": later, "name": "order", "value": "99.90", "currency": "CNY"}
            lines.append(base | order | {"url": "https://pump.example/cart"})
    return "".join(json.dumps(line) + "\n" for line in lines)


def spend_file(cents: int) -> str:
    """Ten days of forty keywords; ``cents`` makes files of different cost."""
    header = "日期,账户,推广计划,推广单元,匹配模式,关键词ID,关键词,展现,点击,消费"
    rows = (
        f"2026-09-{day:02},pumps,水泵,泵,精确匹配,{number},泵{number},"
        f"90,5,{number + day}.{cents:02}"
        for day in range(1, 11)
        for number in range(40)
    )
    return "\n".join([header, *rows]) + "\n"


def comparable(report: dict[str, Any]) -> dict[str, Any]:
    """A report without what names the installation."""
    return report | {"site": ""}


def in_full(place: Installation) -> dict[str, Any]:
    """The report of the ten days and of the orders that came later."""
    return comparable(place.report("2026-09-01", "2026-09-20", "--sort", "keyword"))


def company(folder: Path) -> Installation:
    """A company with its files and its goal; nothing is imported."""
    folder.mkdir()
    place = Installation(folder)
    place.begin(timezone="UTC")
    place.for_site("goal", "add", "--name", "order", "--event", "order", "--event-value")
    place.file("events.ndjson", past_events())
    place.file("spend.csv", spend_file(10))
    place.file("restated.csv", spend_file(75))
    return place


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The report of a company whose imports nobody disturbed."""
    place = company(tmp_path_factory.mktemp("undisturbed") / "company")
    with place.serving():
        import_(place, "events", "events.ndjson")
        import_(place, "spend", "spend.csv")
        import_(place, "spend", "restated.csv")
        place.run("reconcile")
        return in_full(place)


def import_(place: Installation, kind: str, name: str) -> Any:
    """Import one of the company's files."""
    more = ("--currency", "CNY") if kind == "spend" else ()
    return place.for_site(kind, "import", str(place.folder / name), *more)


def killed_during(place: Installation, seconds: float, name: str, request: Any) -> None:
    """Give a command to a server and kill the server so long after it began."""
    with place.serving() as server:
        settings = load_settings({}, data=str(place.data))
        command = threading.Thread(target=send_to_the_end, args=(settings, name, request))
        command.start()
        time.sleep(seconds)
        server.kill()
        command.join()


def send_to_the_end(settings: Settings, name: str, request: Any) -> None:
    """Send a command; the server may end before the command does."""
    with contextlib.suppress(Unavailable):
        send(settings, name, request, lambda *_: None)


def moments(longest: float) -> list[float]:
    """Different moments within so many seconds, the same at every run."""
    return [longest * (2 * part + 1) / (2 * MOMENTS) for part in range(MOMENTS)]


def test_killed_during_a_reconcile_the_report_is_that_of_an_undisturbed_run(
    tmp_path: Path, undisturbed: dict[str, Any]
) -> None:
    place = company(tmp_path / "company")
    import_(place, "events", "events.ndjson")
    import_(place, "spend", "spend.csv")
    import_(place, "spend", "restated.csv")
    for seconds in moments(3.0):
        killed_during(place, seconds, "rebuild", Rebuild(place.site))
    place.run("reconcile")
    assert in_full(place) == undisturbed
    place.for_site("rebuild")
    assert in_full(place) == undisturbed


def test_killed_during_imports_the_report_is_that_of_an_undisturbed_run(
    tmp_path: Path, undisturbed: dict[str, Any]
) -> None:
    place = company(tmp_path / "company")
    events = ImportEvents(str(place.folder / "events.ndjson"), place.site)
    spend = ImportSpend(str(place.folder / "spend.csv"), place.site, currency="CNY")
    for seconds in moments(1.0):
        killed_during(place, seconds, "events-import", events)
        killed_during(place, seconds, "spend-import", spend)
    import_(place, "events", "events.ndjson")
    import_(place, "spend", "spend.csv")
    place.run("reconcile")
    restated = ImportSpend(str(place.folder / "restated.csv"), place.site, currency="CNY")
    for seconds in moments(1.0):
        killed_during(place, seconds, "spend-import", restated)
        days = place.report("2026-09-01", "2026-09-10")["trend"]
        # Each day has the old cost or the new one: 40 keywords, 0.65 CNY apart.
        for number, day in enumerate(days, 1):
            base = sum(n + number for n in range(40))
            assert day["cost"] in (f"{base + 4}.00", f"{base + 30}.00")
    import_(place, "spend", "restated.csv")
    place.run("reconcile")
    assert in_full(place) == undisturbed
