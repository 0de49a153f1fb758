"""What holds for every connector, whatever platform it speaks to. A platform's tests inherit it."""

from __future__ import annotations

import logging
import traceback
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import ClassVar

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.platforms.pull import Bench, Key, Pulled, truth
from tests.platforms.scenario import FIRST, HIDDEN, total, unallocated
from tests.platforms.server import PASSING, WRONG, Simulator, serve
from tracker.period import Period
from tracker.spend.connectors.contract import Capability, ClickRow
from tracker.spend.connectors.credentials import ACCESS_TOKEN, REFUSED, Grant
from tracker.spend.connectors.failures import Cause, Terminal, Transient
from tracker.spend.connectors.http import Limits

LAST = FIRST + timedelta(days=2)
#: More than any pull asks.
ALWAYS = 300


class ConnectorChecks:
    """Inherit, give the first three, and all the others are tests."""

    def simulator(self) -> Simulator:
        """A platform with the small scenario."""
        raise NotImplementedError

    def bench(self, simulator: Simulator, url: str) -> Bench:
        """A connector for it."""
        raise NotImplementedError

    #: What the platform's rows do not tell, as arguments of ``truth``.
    fixed: ClassVar[dict[str, str]] = {}
    #: The requests of one pull of three days at most, when all is well.
    quick = 30

    def expected(
        self, simulator: Simulator, first: date = FIRST, last: date = LAST
    ) -> dict[Key, tuple[int, int, Decimal]]:
        """The truth, as far as the platform tells it."""
        return truth(simulator.scenario, first, last, **self.fixed)

    @contextmanager
    def running(self) -> Iterator[tuple[Simulator, Bench]]:
        """A simulator and a connector for it."""
        simulator = self.simulator()
        with serve(simulator) as url:
            yield simulator, self.bench(simulator, url)

    def test_a_pull_gives_the_platforms_rows_to_the_micro(self) -> None:
        with self.running() as (simulator, bench):
            pulled = bench.pull(FIRST, LAST)
            assert pulled.spend() == self.expected(simulator)
            assert days_of(pulled) == {FIRST, FIRST + timedelta(days=1), LAST}
            for batch in pulled.batches:
                assert (batch.account, batch.currency) == (bench.account.account, "CNY")
                assert batch.timezone == simulator.scenario.timezone
            assert len(simulator.seen) <= self.quick

    def test_a_day_without_spend_is_complete_and_has_no_batch(self) -> None:
        with self.running() as (_, bench):
            later = LAST + timedelta(days=10)
            pulled = bench.pull(later, later)
            assert pulled.batches == []
            assert pulled.completes == [Period(later, later)]

    def test_a_restated_day_has_its_new_cost_and_a_dropped_row_is_gone(self) -> None:
        with self.running() as (simulator, bench):
            before = bench.pull(FIRST, LAST).spend()
            simulator.scenario.restate(FIRST, 3)
            simulator.scenario.drop(LAST, "334")
            after = bench.pull(FIRST, LAST).spend()
            assert after == self.expected(simulator) != before
            assert len(after) < len(before)

    @pytest.mark.parametrize("fault", PASSING)
    @pytest.mark.parametrize("after", [0, 1])
    def test_what_passes_by_itself_is_sat_out(self, fault: str, after: int) -> None:
        with self.running() as (simulator, bench):
            simulator.faults = deque([""] * after + [fault])
            assert bench.pull(FIRST, LAST).spend() == self.expected(simulator)
            assert not simulator.faults

    def test_whatever_else_the_platform_tells_comes_whole_in_spite_of_faults(self) -> None:
        with self.running() as (simulator, bench):
            account = replace(bench.account, currency=bench.account.currency or "CNY")
            bench.account = account
            ads = simulator.scenario.ads
            for want in sorted(self.capabilities(bench) - {Capability.KEYWORDS}):
                simulator.scenario.ads = [*ads, unallocated(LAST, HIDDEN, 7_000_000)]
                simulator.faults = deque(["500", "", "half", "limit"])
                pulled = bench.pull(FIRST, LAST, want)
                assert days_of(pulled) == {FIRST, FIRST + timedelta(days=1), LAST}
                cost = sum(row.cost for row in pulled.rows if not isinstance(row, ClickRow))
                whole = Decimal(total(simulator.scenario.ads)).scaleb(-6)
                told = whole - (0 if want is Capability.ACCOUNT_TOTALS else 7)
                clicks = [row.click_id for row in pulled.rows if isinstance(row, ClickRow)]
                assert (cost, len(clicks)) in ((told, 0), (0, len(ads))), want

    def capabilities(self, bench: Bench) -> frozenset[Capability]:
        """What the connector says that it can be asked for."""
        return bench.build(bench.credentials, bench.wire(httpx.AsyncClient()), "").capabilities

    def test_the_delay_that_the_platform_asks_for_is_kept(self) -> None:
        with self.running() as (simulator, bench):
            simulator.faults = deque(["limit"])
            bench.pull(FIRST, LAST)
            assert max(bench.time.waits) >= simulator.limit_delay

    @pytest.mark.parametrize("fault", [*PASSING, *WRONG, "huge"])
    def test_an_answer_that_stays_bad_ends_in_one_of_two_errors(self, fault: str) -> None:
        with self.running() as (simulator, bench):
            simulator.faults = deque([fault] * ALWAYS)
            bench.patience = replace(bench.patience, silence=0.05, report=600.0)
            bench.limits = Limits(answer=1 << 20, held=1 << 20)
            pulled, error = bench.failing(FIRST, LAST)
            assert type(error) in (Transient, Terminal), traceback.format_exception(error)
            assert pulled.completes == []
            assert len(simulator.seen) <= 40, "asked too often"
            assert error_is_clean(error, bench)

    def test_a_token_that_is_refused_is_renewed_once_and_then_a_person_is_asked(self) -> None:
        with self.running() as (simulator, bench):
            simulator.faults = deque(["expired"] * ALWAYS)
            _, error = bench.failing(FIRST, LAST)
            assert isinstance(error, Terminal)
            assert error.cause is Cause.AUTHORISATION
            assert len(simulator.seen) <= 4

    def test_no_secret_is_in_any_error_or_log(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        with self.running() as (simulator, bench):
            simulator.faults = deque(["expired", "limit", "half", "500"])
            bench.pull(FIRST, LAST)
            simulator.faults = deque(["wrong"] * ALWAYS)
            bench.failing(FIRST, LAST)
            # What else is logged here is the test's own server's.
            ours = [r for r in caplog.records if r.name.split(".")[0] in ("httpx", "tracker")]
            text = "\n".join(record.getMessage() for record in ours)
            assert "HTTP Request" in text
            for secret in secrets(bench):
                assert secret not in text

    # NOTE: each platform's class runs this inherited test; their examples do not mix, since every
    # run makes a simulator of its own.
    @settings(
        max_examples=12,
        deadline=None,
        suppress_health_check=[HealthCheck.differing_executors],
    )
    @given(st.lists(st.sampled_from(["", "", *(f for f in PASSING if f != "stall")]), max_size=14))
    def test_under_any_schedule_of_faults_completed_days_are_the_truth(
        self, schedule: list[str]
    ) -> None:
        with self.running() as (simulator, bench):
            simulator.faults = deque(schedule)
            pulled, error = bench.ending(FIRST, LAST)
            for period in pulled.completes:
                got = {k: v for k, v in pulled.spend().items() if within(k, period)}
                assert got == self.expected(simulator, period.first, period.last)
            if isinstance(error, Terminal):
                # Refused, renewed and refused again at once is for a person.
                assert error.cause is Cause.AUTHORISATION
                assert schedule.count("expired") > 1
            elif error is None:
                assert pulled.spend() == self.expected(simulator)
            else:
                assert isinstance(error, Transient)


class RenewalChecks(ConnectorChecks):
    """For platforms whose tokens are renewed with a refresh token."""

    #: The status and body with which a dead refresh token is answered come from the simulator.

    def test_a_revoked_authorisation_stops_everything_until_it_is_renewed(self) -> None:
        with self.running() as (simulator, bench):
            simulator.refresh_token = "another one"
            _, error = bench.failing(FIRST, LAST)
            assert isinstance(error, Terminal)
            assert error.cause is Cause.AUTHORISATION
            assert error_is_clean(error, bench)
            asked = len(simulator.seen)
            assert asked == 1
            assert bench.credentials.grant.get(REFUSED)
            _, again = bench.failing(FIRST, LAST)
            assert isinstance(again, Terminal)
            assert len(simulator.seen) == asked, "a refused grant was tried again"

    def test_a_token_lasts_from_one_pull_to_the_next(self) -> None:
        with self.running() as (simulator, bench):
            bench.pull(FIRST, FIRST)
            bench.pull(FIRST, FIRST)
            assert simulator.renewed == 1
            bench.time.now += timedelta(days=2)
            bench.pull(FIRST, FIRST)
            assert simulator.renewed == 2

    def test_a_token_that_another_process_renewed_is_used(self) -> None:
        with self.running() as (simulator, bench):
            expires = bench.time.now + timedelta(hours=1)
            fresh = bench.credentials.grant.with_token(simulator.new_token(), expires)
            old = bench.credentials.grant.with_token("access-secret-old", expires)
            bench.credentials.grant = old
            original = bench.credentials.lock

            def lock() -> object:
                bench.credentials.grant = fresh  # while this process waited for the lock
                return original()

            bench.credentials.lock = lock  # type: ignore[method-assign, assignment]
            assert bench.pull(FIRST, LAST).spend() == self.expected(simulator)
            assert bench.credentials.grant.get(ACCESS_TOKEN) == fresh.get(ACCESS_TOKEN)
            assert simulator.renewed == 1

    @pytest.mark.parametrize("fault", ["500", "503", "nothing", "html", "empty", "half"])
    def test_a_token_endpoint_that_fails_is_asked_again(self, fault: str) -> None:
        with self.running() as (simulator, bench):
            simulator.token_faults = deque([fault])
            assert bench.pull(FIRST, LAST).spend() == self.expected(simulator)


def days_of(pulled: Pulled) -> set[date]:
    """The days that were completed."""
    return {
        period.first + timedelta(days=n) for period in pulled.completes for n in range(period.days)
    }


def within(key: Key, period: Period) -> bool:
    """Whether a row is of these days."""
    return period.first.isoformat() <= key[0] <= period.last.isoformat()


def secrets(bench: Bench) -> set[str]:
    """Everything secret that the connector ever had."""
    grants: list[Grant] = [bench.credentials.grant, *bench.credentials.stored]
    return {secret for grant in grants for secret in grant.secrets()}


def error_is_clean(error: BaseException, bench: Bench) -> bool:
    """Whether an error, its causes and its trace are free of secrets, and say something."""
    text = "".join(traceback.format_exception(error)) + repr(error)
    assert len(str(error)) > 20
    for secret in secrets(bench):
        assert secret not in text
    return True
