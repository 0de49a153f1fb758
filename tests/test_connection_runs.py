"""Runs of connections: by the schedule, by hand, in portions, once each, ended as they should."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from time import sleep
from typing import Any

import httpx
import pytest
import structlog
from sqlalchemy import Engine
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response

from tests.connections import SECRETS, Office
from tests.platforms.baidu import BaiduSimulator, failed
from tests.platforms.google import GoogleSimulator, error
from tests.platforms.scenario import FIRST, HIDDEN, small
from tests.platforms.server import Simulator, serve
from tests.spend_imports import Desk
from tracker.accounts import leases
from tracker.accounts.connection_accounts import (
    ConnectionAccount,
    change_account,
    enable_account,
    store_accounts,
)
from tracker.accounts.connection_runs import (
    ConnectionRun,
    Results,
    get_connection_run,
    prune_connection_runs,
    resume_run,
    stop_run,
)
from tracker.accounts.connections import (
    Timetable,
    configure_connection,
    disconnect,
    read_secret,
    set_connection_state,
    store_secret,
)
from tracker.accounts.run_claims import (
    LONGEST,
    TTL,
    claim,
    claimable,
    lease_name,
    note_run,
    recover_runs,
)
from tracker.errors import InvalidInput
from tracker.period import Period
from tracker.reconcile.account_changes import Desk as Moves
from tracker.reconcile.account_changes import place_account
from tracker.spend.connections import execution, worker
from tracker.spend.connections.asking import checked_days
from tracker.spend.connections.catalogue import KINDS
from tracker.spend.connections.execution import Execution, portions_left
from tracker.spend.connections.linking import choose_account, enter_account
from tracker.spend.connections.schedule import (
    JITTER,
    next_run,
    queue_due,
    scheduled,
    watermark_after,
)
from tracker.spend.connections.worker import ATTEMPTS, Worker
from tracker.warehouse.client import Warehouse

NOW = datetime(2026, 10, 20, 4, 0, tzinfo=UTC)
LAST = FIRST + timedelta(days=2)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def own_log() -> None:
    """Whatever a test before has sent the log to may be closed by now."""
    structlog.reset_defaults()


@pytest.fixture
def desk(sqlite_db: Engine, warehouse_embedded: Warehouse, tmp_path: Path) -> Desk:
    found = Desk.open(sqlite_db, warehouse_embedded, tmp_path)
    found.now = NOW
    return found


@contextmanager
def at_work(desk: Desk, simulator: Simulator, kind: str) -> Iterator[Office]:
    with serve(simulator) as url:
        yield Office(desk, simulator, url, kind)


@pytest.fixture
def office(desk: Desk) -> Iterator[Office]:
    with at_work(desk, GoogleSimulator(), "google") as found:
        yield found


@pytest.mark.slow
def test_two_weeks_of_scheduled_runs_end_at_the_truth_whatever_happened_on_the_way(
    office: Office,
) -> None:
    """Every night the schedule pulls the trailing days: with restatements, a dropped row, two days
    of downtime, broken answers, and a token that is revoked until somebody connects again."""
    world, days = office.simulator, small(14)
    assert isinstance(world, GoogleSimulator)
    world.scenario.ads = []
    office.desk.now = datetime.combine(FIRST, time(16), UTC)
    connection = office.connect(watermark=FIRST - DAY)
    often = Timetable("04:00", days=5, weekly_days=9)
    configure_connection(office.desk.db, connection.id, timetable=often)
    for night in range(1, 15):
        today = FIRST + timedelta(days=night)
        world.scenario.ads += days.of(today - DAY, today - DAY)
        world.scenario.restate(today - timedelta(days=3), 2)
        if night == 8:
            world.scenario.drop(today - timedelta(days=5), "333")
        midday = datetime.combine(today, time(4), UTC)
        if night in (5, 6):
            office.desk.now = midday  # nobody ran
            continue
        world.faults = deque(["500", "", "half", "expired", "limit"] if night % 2 else [])
        world.refresh_token = "revoked" if night == 10 else "refresh-secret-0000"
        world.tokens.clear()
        if night == 11:
            assert office.state(connection).state == "needs_authorisation"
            store_secret(office.desk.db, office.sealer, connection.id, SECRETS["google"])
            set_connection_state(office.desk.db, connection.id, "active")
        office.pass_time(midday, step=timedelta(hours=3))

    assert [run.last_day for run in office.runs("failed")] == [FIRST + timedelta(days=9)]
    assert [notice.cause for notice in office.told] == ["authorisation"]
    assert not office.runs("queued", "running", "waiting")
    assert office.stored() == office.truth()
    assert len(office.truth()) == 14
    assert office.account(connection).watermark == FIRST + timedelta(days=13)
    assert office.state(connection).error == ""


def test_a_run_says_what_it_did(office: Office) -> None:
    connection = office.connect()
    run = office.ask(connection, FIRST, LAST)
    assert office.work() == 1
    found = get_connection_run(office.desk.db, run)
    assert (found.state, found.percent, found.counts.days_done) == ("ok", 100, 3)
    assert {one.day: one.cost for one in found.results.days} == {
        day: f"{cost:.2f}" for day, cost in office.truth().items()
    }
    assert found.results.currency == "CNY"
    assert found.results.counts["added"] == 3
    assert found.counts.rows == len(office.scenario.ads)
    assert found.counts.requests == len(office.simulator.seen)
    assert found.counts.received > 0
    assert found.finished_at is not None
    assert office.account(connection).watermark == LAST


def test_what_is_said_of_a_run_meanwhile_is_written_before_its_end(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that says how far it is goes on when the run is over: it would say 0 of 3 days."""
    under_way: list[int] = []
    at_the_end: list[int] = []

    def slow(*said: Any) -> bool | None:
        under_way.append(1)
        sleep(2)
        try:
            return note_run(*said)
        finally:
            under_way.pop()

    def last(*said: Any) -> bool | None:
        at_the_end.append(len(under_way))
        return note_run(*said)

    monkeypatch.setattr(execution, "note_run", slow)
    monkeypatch.setattr(worker, "note_run", last)
    run = office.ask(office.connect(), FIRST, LAST)
    assert office.work() == 1
    assert at_the_end == [0]
    assert get_connection_run(office.desk.db, run).counts.days_done == 3


def test_an_account_that_is_due_once_after_downtime_catches_up_on_every_day(office: Office) -> None:
    connection = office.connect(watermark=NOW.date() - timedelta(days=20))
    change_account(
        office.desk.db, connection.id, office.scenario.account, due_at=NOW - timedelta(days=9),
        weekly_at=NOW + DAY,
    )  # fmt: skip
    assert len(queue_due(office.desk.db, NOW)) == 1
    assert queue_due(office.desk.db, NOW) == []
    (run,) = office.runs()
    assert (run.first_day, run.last_day) == (date(2026, 10, 1), date(2026, 10, 19))
    due = office.account(connection).due_at
    assert due is not None
    # 04:00 in Shanghai, and the account's own share of the jitter.
    assert timedelta() <= due - datetime(2026, 10, 20, 20, tzinfo=UTC) < JITTER


def test_a_new_account_is_pulled_over_the_longer_period_and_then_weekly(office: Office) -> None:
    connection = office.connect()
    asked = []
    for offset in range(9):
        office.desk.now = NOW + timedelta(days=offset)
        change_account(office.desk.db, connection.id, office.scenario.account, due_at=None)
        queue_due(office.desk.db, office.desk.now)
        run = office.runs()[-1]
        assert run.first_day
        assert run.last_day
        asked.append(((run.last_day - run.first_day).days + 1, run.trigger))
        stop_run(office.desk.db, run.id, office.desk.now)
        change_account(
            office.desk.db, connection.id, office.scenario.account, watermark=run.last_day
        )
    assert asked == [(90, "weekly"), *[(7, "schedule")] * 6, (90, "weekly"), (7, "schedule")]


@pytest.mark.parametrize(
    ("zone", "after", "expected"),
    [
        ("Asia/Shanghai", "2026-10-20T00:00", "2026-10-20T00:30"),
        ("Asia/Shanghai", "2026-10-20T00:30", "2026-10-21T00:30"),
        ("America/New_York", "2026-10-31T13:00", "2026-11-01T13:30"),  # the clocks go back
        ("America/New_York", "2026-10-31T12:00", "2026-10-31T12:30"),
    ],
)
def test_the_schedule_is_read_in_the_platforms_zone(
    office: Office, monkeypatch: pytest.MonkeyPatch, zone: str, after: str, expected: str
) -> None:
    monkeypatch.setattr("tracker.spend.connections.schedule.JITTER", timedelta())
    account = office.account(office.connect())
    at = next_run(Timetable("08:30", zone), account, datetime.fromisoformat(after + "+00:00"))
    assert at == datetime.fromisoformat(expected + "+00:00")


def test_what_passes_is_tried_again_ever_later_and_then_given_up(office: Office) -> None:
    connection = office.connect()
    run = office.ask(connection, FIRST, LAST)
    office.simulator.faults = deque(["500"] * 1000)
    waits = []
    for _ in range(ATTEMPTS + 1):
        assert office.work() == 1
        found = get_connection_run(office.desk.db, run)
        if found.state != "waiting":
            break
        waits.append(round((found.due_at - office.desk.now).total_seconds()))
        office.desk.now = found.due_at
    assert found.state == "failed"
    assert found.hint.startswith("Given up after 8 attempts")
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert office.stored() == {}
    # The connection goes on, and says so until a run goes well.
    assert (office.state(connection).state, len(office.told)) == ("active", 1)
    office.simulator.faults.clear()
    assert resume_run(office.desk.db, run, office.desk.now)
    office.work()
    assert office.stored() == office.truth()
    assert office.state(connection).error == ""


def test_a_wait_that_the_platform_asks_for_is_kept(office: Office) -> None:
    connection = office.connect()
    assert isinstance(office.simulator, GoogleSimulator)
    office.simulator.limit_delay = 1800
    office.simulator.faults = deque(["limit"])
    run = office.ask(connection, FIRST, LAST)
    office.work()
    found = get_connection_run(office.desk.db, run)
    assert (found.state, found.due_at - NOW >= timedelta(minutes=30)) == ("waiting", True)
    assert office.work() == 0


def test_a_refused_log_in_stops_the_connection_and_is_not_tried_again(office: Office) -> None:
    connection = office.connect()
    office.simulator.refresh_token = "revoked"
    first, second = office.ask(connection, FIRST, LAST), office.ask(connection, FIRST, FIRST)
    office.work()
    asked = len(office.simulator.seen)
    for _ in range(3):
        office.desk.now += timedelta(hours=1)
        queue_due(office.desk.db, office.desk.now)
        assert office.work() == 0

    assert len(office.simulator.seen) == asked == 1
    states = {run: get_connection_run(office.desk.db, run).state for run in (first, second)}
    assert sorted(states.values()) == ["failed", "queued"]
    found = office.state(connection)
    assert (found.state, found.cause) == ("needs_authorisation", "authorisation")
    assert "Connect the account again." in found.error
    assert len(office.told) == 1
    # What waited goes on once the account is connected again.
    office.simulator.refresh_token = "refresh-secret-0000"
    store_secret(office.desk.db, office.sealer, connection.id, SECRETS["google"])
    set_connection_state(office.desk.db, connection.id, "active")
    assert office.work() == 1


def test_a_rotated_refresh_token_is_kept_sealed_and_used_by_the_next_run(desk: Desk) -> None:
    simulator = BaiduSimulator()
    with at_work(desk, simulator, "baidu") as office:
        connection = office.connect()
        for number in (1, 2):
            office.ask(connection, FIRST, LAST)
            simulator.tokens.clear()
            office.work()
            kept = read_secret(desk.db, office.sealer, connection.id)
            assert kept["refresh_token"] == simulator.refresh_token == f"refresh-secret-{number:04}"
        assert {run.state for run in office.runs()} == {"ok"}
        assert office.stored() == office.truth()


def test_portions_are_newest_first_and_skip_what_is_done(office: Office) -> None:
    connection = office.connect()
    run = get_connection_run(office.desk.db, office.ask(connection, FIRST, FIRST + 16 * DAY))
    done = replace(run, results=Results(done=(FIRST + 10 * DAY, FIRST + 16 * DAY)))
    spans = [
        ((one.first - FIRST).days, (one.last - FIRST).days)
        for one in portions_left(done, KINDS["google"])
        if one
    ]
    assert spans == [(11, 15), (3, 9), (0, 2)]


@dataclass
class Hanging(GoogleSimulator):
    """Calls ``then`` at the first request about a day, and leaves it without an answer."""

    about: str = ""
    then: Callable[[], None] = lambda: None

    async def answer(self, path: str, headers: Headers, body: bytes) -> Response:
        if self.about and self.about.encode() in body:
            self.about = ""
            self.then()
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(60)
        return await super().answer(path, headers, body)


@pytest.fixture
def hanging(desk: Desk) -> Iterator[Office]:
    """Twenty days; the second portion of a run over them hangs."""
    simulator = Hanging(scenario=small(20), about=(FIRST + 6 * DAY).isoformat())
    with at_work(desk, simulator, "google") as found:
        yield found


def test_a_run_that_is_stopped_keeps_its_portions_and_goes_on_with_the_others(
    hanging: Office,
) -> None:
    office, db = hanging, hanging.desk.db
    run = office.ask(office.connect(), FIRST, FIRST + 19 * DAY, trigger="backfill")
    assert isinstance(office.simulator, Hanging)
    office.simulator.then = lambda: stop_run(db, run, NOW)
    office.work()
    found = get_connection_run(db, run)
    assert (found.state, found.percent) == ("stopped", 35)
    assert office.stored() == office.truth(found.results.done)
    assert len(found.results.done) == 7
    assert office.work() == 0

    assert resume_run(db, run, NOW)
    office.work()
    found = get_connection_run(db, run)
    assert (found.state, found.counts.days_done) == ("ok", 20)
    assert office.stored() == office.truth()
    assert found.counts.requests == len(office.simulator.seen)
    assert found.counts.rows == len(office.scenario.ads)


def test_shutting_down_leaves_the_run_to_the_next_process(hanging: Office) -> None:
    office = hanging
    run = office.ask(office.connect(), FIRST, FIRST + 19 * DAY)
    stopping = threading.Event()
    assert isinstance(office.simulator, Hanging)
    office.simulator.then = stopping.set
    Worker(office.shop("old"), stopping).work_off()
    found = get_connection_run(office.desk.db, run)
    assert (found.state, len(found.results.done)) == ("queued", 7)
    assert leases.held(office.desk.db, lease_name(found), NOW) is None
    office.work("new")
    assert office.stored() == office.truth()


def test_a_process_that_died_is_replaced_when_its_lease_ends(office: Office) -> None:
    connection = office.connect()
    run = office.ask(connection, FIRST, LAST)
    assert claim(office.desk.db, claimable(office.desk.db, NOW)[0], "dead", NOW)
    assert office.work() == 0
    office.desk.now += TTL
    assert office.work() == 1
    assert get_connection_run(office.desk.db, run).state == "ok"


def test_a_process_that_died_with_its_clock_far_ahead_is_replaced(office: Office) -> None:
    run = office.ask(office.connect(), FIRST, LAST)
    assert claim(office.desk.db, claimable(office.desk.db, NOW)[0], "dead", NOW + 365 * DAY)
    assert office.work() == 1
    assert get_connection_run(office.desk.db, run).state == "ok"


def test_the_one_process_of_an_embedded_engine_need_not_wait_for_its_predecessor(
    office: Office,
) -> None:
    office.ask(office.connect(), FIRST, LAST)
    assert claim(office.desk.db, claimable(office.desk.db, NOW)[0], "dead", NOW)
    assert recover_runs(office.desk.db, NOW) == 1
    assert office.work() == 1
    assert office.stored() == office.truth()


def test_a_run_that_was_taken_over_publishes_nothing_more(office: Office) -> None:
    """The first holder is paused past its lease; what it read meanwhile must not be published."""
    office.ask(office.connect(), FIRST, LAST)
    run, lease = claim(office.desk.db, claimable(office.desk.db, NOW)[0], "slow", NOW) or fail()
    office.desk.now += TTL
    office.work("quick")
    office.scenario.ads = [replace(ad, cost=1) for ad in office.scenario.ads]

    async def late() -> str:
        async with httpx.AsyncClient() as client:
            shop = office.shop("slow")
            return await Execution(shop, client, run, lease, threading.Event()).work()

    truth = office.stored()
    assert asyncio.run(late()) == "lost"
    assert office.stored() == truth
    assert get_connection_run(office.desk.db, run.id).state == "ok"


def test_two_connections_to_one_account_take_turns(office: Office) -> None:
    one, other = office.connect(), office.connect()
    for connection in (one, other):
        office.ask(connection, FIRST, LAST)
    first, second = claimable(office.desk.db, NOW)
    assert claim(office.desk.db, first, "a", NOW)
    assert claim(office.desk.db, second, "b", NOW) is None


def test_many_processes_work_off_each_run_once(any_db: Engine, tmp_path: Path) -> None:
    desk = Desk.open(any_db, None, tmp_path)  # type: ignore[arg-type]  # nothing is published
    desk.now = NOW
    office = Office(desk, GoogleSimulator(), "http://127.0.0.1:1")
    connection = office.connect()
    for offset in range(6):
        office.ask(connection, FIRST - offset * DAY, LAST, account=f"account {offset}")
    got: list[str] = []

    def work(holder: str) -> None:
        runs = claimable(any_db, NOW)
        got.extend(run.id for run in runs if claim(any_db, run, holder, NOW))

    threads = [threading.Thread(target=work, args=(f"process {n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == sorted(run.id for run in office.runs())
    queued: list[str] = []
    threads = [
        threading.Thread(target=lambda: queued.extend(queue_due(any_db, NOW))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(queued) == 1


def test_an_account_without_permission_is_skipped_and_the_others_go_on(office: Office) -> None:
    connection = office.connect()
    run = office.ask(connection, FIRST, LAST, account=office.scenario.manager)
    assert get_connection_run(office.desk.db, run).state == "queued"
    office.work()
    found = get_connection_run(office.desk.db, run)
    assert found.state == "failed"
    assert "has no account" in found.error


def test_a_disconnected_connection_runs_no_more(office: Office) -> None:
    connection = office.connect()
    office.ask(connection, FIRST, LAST)
    disconnect(office.desk.db, connection.id)
    assert office.work() == 0
    assert queue_due(office.desk.db, NOW + 30 * DAY) == []


def test_runs_are_kept_for_400_days(office: Office) -> None:
    connection = office.connect()
    old = office.ask(connection, FIRST, LAST)
    stop_run(office.desk.db, old, NOW)
    assert prune_connection_runs(office.desk.db, NOW + 400 * DAY) == 0
    assert prune_connection_runs(office.desk.db, NOW + 401 * DAY) == 1
    enable_account(office.desk.db, connection.id, office.scenario.account, False)
    assert queue_due(office.desk.db, NOW) == []


def fail() -> tuple[ConnectionRun, leases.Lease]:
    raise AssertionError("the run was not claimed")


def test_days_before_a_failure_are_told_whole_when_the_run_goes_on(desk: Desk) -> None:
    simulator = BaiduSimulator()
    scenario = simulator.scenario = small(5)
    hidden = [
        replace(ad, reason=HIDDEN, campaign_id="190", keyword="", keyword_id="")
        for ad in scenario.ads[::12]
    ]
    scenario.ads += hidden
    answer, passing = simulator.answer, deque(range(7))

    async def failing(path: str, headers: Headers, body: bytes) -> Response:
        day = (FIRST + 3 * DAY).isoformat().encode()
        if passing and day in body and b'"reportType":2602783' in body:
            passing.popleft()
            return failed(3, 9, "system")
        return await answer(path, headers, body)

    simulator.answer = failing  # type: ignore[method-assign]
    with at_work(desk, simulator, "baidu") as office:
        connection = office.connect()
        choose_account(desk.deps, connection, scenario.account, True)
        office.ask(connection, FIRST, FIRST + 4 * DAY, trigger="backfill")
        office.work()
        assert [run.state for run in office.runs()] == ["waiting"]
        desk.now += timedelta(hours=1)
        office.work()
        (run,) = office.runs()
        # What only the total of an account names counts on each of the days.
        truth = sum(office.truth().values())
        assert Decimal(desk.report("2026-10-01", "2026-10-31").totals.cost or 0) == truth
    assert (run.state, run.counts.days_done, run.counts.rows) == ("ok", 5, 60)
    assert run.results.counts == {
        "added": 5, "replaced": 0, "unchanged": 0, "account_totals": 5, "search_terms": 60,
    }  # fmt: skip


def test_spend_that_stands_for_no_site_is_that_of_the_connection_which_chooses_its_account(
    desk: Desk,
) -> None:
    key = (desk.site.tenant, "google", "1234567890")
    desk.rows("2026-09-01,Brand,Core,pump,10,2,5.00", platform="google", account=key[2])
    assert desk.costs()["*"] == "5.00"
    place_account(Moves(desk.warehouse, desk.db, lambda: desk.now), key, None)
    assert desk.costs()["*"] is None
    with at_work(desk, GoogleSimulator(), "google") as office:
        connection = office.connect(enabled=False)
        choose_account(desk.deps, connection, key[2], True)
    assert desk.costs()["*"] == "5.00"


def test_rows_of_days_that_are_asked_for_again_are_counted_once(desk: Desk) -> None:
    simulator = GoogleSimulator()
    simulator.scenario = small(9)
    answer, passing = simulator.answer, deque(range(7))

    async def failing(path: str, headers: Headers, body: bytes) -> Response:
        if passing and b"search_term_view" in body and FIRST.isoformat().encode() in body:
            passing.popleft()
            return Response(b"", 503)
        return await answer(path, headers, body)

    simulator.answer = failing  # type: ignore[method-assign]
    with at_work(desk, simulator, "google") as office:
        office.ask(office.connect(), FIRST, FIRST + 8 * DAY)
        office.work()
        assert [run.state for run in office.runs()] == ["waiting"]
        desk.now += timedelta(hours=1)
        office.work()
        (run,) = office.runs()
    assert (run.state, run.counts.rows) == ("ok", len(simulator.scenario.ads))
    told = run.results.counts
    assert (told["added"], told["unchanged"], told["account_totals"]) == (9, 0, 9)
    assert told["search_terms"] == told["clicks"] == len(simulator.scenario.ads)


def test_a_clock_that_was_ahead_leaves_no_account_and_no_run_behind(office: Office) -> None:
    connection = office.connect(watermark=NOW.date() + 30 * DAY)
    desk, account = office.desk, office.scenario.account
    desk.now = NOW + 40 * DAY
    assert len(queue_due(desk.db, desk.now)) == 1
    office.work()
    assert office.account(connection).watermark == date(2026, 11, 28)
    waiting = office.ask(connection, FIRST, FIRST, trigger="schedule")
    office.simulator.faults = deque(["503"] * 6)
    office.work()
    assert get_connection_run(desk.db, waiting).state == "waiting"
    desk.now = NOW
    office.work()
    assert get_connection_run(desk.db, waiting).state == "ok"
    (queued,) = queue_due(desk.db, desk.now)
    assert queue_due(desk.db, desk.now) == []
    office.work()
    run = get_connection_run(desk.db, queued)
    # Nobody knows which days were pulled meanwhile: those of the longer period are had again.
    assert (run.state, run.trigger, run.last_day) == ("ok", "weekly", date(2026, 10, 19))
    assert office.account(connection).watermark == date(2026, 10, 19)
    due = office.account(connection).due_at
    assert due is not None
    assert due < NOW + 2 * DAY
    # A next run in some days may be what the timetable says, and is left then.
    rare = Timetable(every_minutes=7 * 1440)
    configure_connection(desk.db, connection.id, timetable=rare)
    change_account(desk.db, connection.id, account, due_at=NOW + 6 * DAY)
    assert queue_due(desk.db, NOW) == []


def test_days_are_those_that_are_over_for_the_account_whatever_zone_its_schedule_is_in(
    desk: Desk,
) -> None:
    simulator = GoogleSimulator()
    simulator.scenario.timezone = "America/Los_Angeles"
    with at_work(desk, simulator, "google") as office:
        connection = office.connect(watermark=date(2026, 10, 17))
        timetable = Timetable("06:00", "Asia/Shanghai", days=1)
        configure_connection(desk.db, connection.id, timetable=timetable)
        # It is the 20th in Shanghai, where the 19th is over, and 21:00 of the 19th over there.
        queue_due(desk.db, NOW)
        (run,) = office.runs()
        assert (run.first_day, run.last_day) == (date(2026, 10, 18), date(2026, 10, 18))
        account = office.account(office.state(connection))
        with pytest.raises(InvalidInput, match="to 2026-10-18"):
            checked_days(connection, account, Period.parse("2026-10-19", "2026-10-19"), lambda: NOW)


def test_a_watermark_moves_on_over_days_that_the_platform_has_no_more(office: Office) -> None:
    connection = office.connect(watermark=date(2023, 1, 1))
    kind, account = KINDS["google"], office.account(connection)
    days = scheduled(kind, kind.timetable, account, NOW).days
    assert days is not None
    assert days.days == kind.kept_days
    assert watermark_after(kind, account, days, NOW) == date(2026, 10, 19)
    # The run may end on the day after.
    assert watermark_after(kind, account, days, NOW + DAY) == date(2026, 10, 19)
    late = Period(days.first + DAY, days.last)
    assert watermark_after(kind, account, late, NOW) == date(2023, 1, 1)


def test_a_wait_is_bounded_whatever_the_platform_asks_for(office: Office) -> None:
    connection = office.connect()
    assert isinstance(office.simulator, GoogleSimulator)
    office.simulator.limit_delay = 900_000
    office.simulator.faults = deque(["limit"])
    run = office.ask(connection, FIRST, LAST)
    office.work()
    waits = get_connection_run(office.desk.db, run).due_at - office.desk.now
    assert waits == LONGEST == timedelta(hours=6)
    assert office.work() == 0
    office.desk.now += waits
    office.work()
    assert office.stored() == office.truth()


def test_what_stands_against_one_account_is_not_over_because_another_is_well(desk: Desk) -> None:
    simulator = GoogleSimulator()
    answer, wrong = simulator.answer, "5550001111"
    refusal = error(400, "INVALID_ARGUMENT", "queryError", "UNRECOGNIZED_FIELD")

    async def refusing(path: str, headers: Headers, body: bytes) -> Response:
        told = await answer(path.replace(wrong, simulator.scenario.account), headers, body)
        refused = wrong in path and told.status_code == 200
        return JSONResponse([refusal], 400) if refused else told

    simulator.answer = refusing  # type: ignore[method-assign]
    with at_work(desk, simulator, "google") as office:
        connection = office.connect()
        store_accounts(
            desk.db,
            [ConnectionAccount(connection.id, wrong, manager=simulator.scenario.manager)],
        )
        enable_account(desk.db, connection.id, wrong, True)
        for _ in range(3):
            for account in (wrong, simulator.scenario.account):
                office.ask(connection, FIRST, LAST, account=account)
                desk.now += timedelta(minutes=1)
                office.work()
            assert "UNRECOGNIZED_FIELD" in office.state(connection).error
        assert [run.state for run in office.runs()] == ["failed", "ok"] * 3
        assert len(office.told) == 1, "people are told once"
        enable_account(desk.db, connection.id, wrong, False)
        office.ask(connection, FIRST, LAST)
        office.work()
        assert office.state(connection).error == ""


def test_accounts_that_fail_in_turns_are_told_once_each_and_again_after_one_was_well(
    desk: Desk,
) -> None:
    simulator = GoogleSimulator()
    answer, ours, other = simulator.answer, simulator.scenario.account, "5550002222"
    codes = {ours: "UNRECOGNIZED_FIELD", other: "BAD_VALUE"}

    async def refusing(path: str, headers: Headers, body: bytes) -> Response:
        for account, code in codes.items():
            if f"/{account}/" in path:
                return JSONResponse([error(400, "INVALID_ARGUMENT", "queryError", code)], 400)
        return await answer(path, headers, body)

    simulator.answer = refusing  # type: ignore[method-assign]
    with at_work(desk, simulator, "google") as office:
        connection = office.connect()
        entered = ConnectionAccount(connection.id, other, manager=simulator.scenario.manager)
        store_accounts(desk.db, [entered])
        enable_account(desk.db, connection.id, other, True)

        def told_after(turns: int) -> list[str]:
            for account in (ours, other) * turns:
                office.ask(connection, FIRST, LAST, account=account)
                desk.now += timedelta(minutes=1)
                office.work()
            return [notice.account for notice in office.told]

        assert told_after(3) == [ours, other]
        del codes[ours]
        assert told_after(1) == [ours, other]
        codes[ours] = "BAD_VALUE"
        assert told_after(2) == [ours, other, ours]


def test_a_number_entered_with_dashes_is_the_account_of_its_digits(desk: Desk) -> None:
    simulator = GoogleSimulator()
    simulator.scenario.ads = simulator.scenario.ads[:1]
    (ad,) = simulator.scenario.ads
    row = f"{ad.day},Brand,Core 222,{ad.keyword},{ad.impressions},{ad.clicks},{ad.amount}"
    desk.rows(row, platform="google", account="123-456-7890")
    with at_work(desk, simulator, "google") as office:
        connection = office.connect(enabled=False)
        entered = ConnectionAccount(
            connection.id, "123-456-7890", manager=simulator.scenario.manager
        )
        assert enter_account(desk.deps, connection, entered).account == simulator.scenario.account
        office.ask(connection, FIRST, FIRST)
        office.work()
        assert [run.state for run in office.runs()] == ["ok"]
    assert desk.costs("2026-10-01", "2026-10-01")["*"] == f"{ad.amount:.2f}"
