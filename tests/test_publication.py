"""Publication: a reader sees the state before a rebuild or the one after, never a mixture."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.world import World, ad, at
from tracker.reports import keyword_reader
from tracker.reports.result import KeywordReport
from tracker.requests.reports import ReportKeywords
from tracker.warehouse.client import Warehouse

DAYS = ("09-01", "09-02", "09-03")


def batch(number: int) -> list[dict[str, object]]:
    """On each of three days, ten paid visits of new people, each of whom orders."""
    return [
        event
        for day in DAYS
        for person in range(10)
        for event in (
            at(f"{day} 10:{person:02}", f"{number}-{day}-{person}", ad("water pump")),
            at(f"{day} 10:{person:02}:30", f"{number}-{day}-{person}", name="order"),
        )
    ]


@pytest.mark.slow
@pytest.mark.parametrize("few_lines", [keyword_reader.FEW_LINES, -1])
def test_two_readers_never_see_a_mixture_while_slices_are_rebuilt(
    warehouse_embedded: Warehouse,
    sqlite_db: Engine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    few_lines: int,
) -> None:
    monkeypatch.setattr(keyword_reader, "FEW_LINES", few_lines)
    world = World(warehouse_embedded, sqlite_db, tmp_path)
    world.goal("order", kind="event", pattern="order")
    world.events(batch(0))
    world.reconcile()
    wanted = ReportKeywords(site=world.site.key, first="2026-09-01", last="2026-09-03")
    seen: list[tuple[int, str]] = []
    failures: list[BaseException] = []
    stop = threading.Event()

    def read() -> None:
        try:
            while not stop.is_set():
                report = world.run("report-keywords", wanted)
                assert isinstance(report, KeywordReport)
                seen.append((report.totals.visits, report.totals.conversions))
        except BaseException as error:  # noqa: BLE001  (handed to the test's own thread)
            failures.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(1, 6):
        world.events(batch(number))
        world.reconcile()
    stop.set()
    for reader in readers:
        reader.join()
    assert not failures
    states = {(30 * (number + 1), str(30 * (number + 1))) for number in range(6)}
    assert set(seen) <= states
    assert len(set(seen)) > 1
    assert world.report("2026-09-01", "2026-09-03").totals.visits == 180
