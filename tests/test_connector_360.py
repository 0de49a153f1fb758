"""The connector of 360 点睛 against its simulator, over real HTTP."""

from __future__ import annotations

from collections import deque
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

import pytest
from starlette.responses import Response

from tests.platforms.checks import LAST, ConnectorChecks, error_is_clean
from tests.platforms.pull import Bench, KeptCredentials
from tests.platforms.qihoo360 import API_SECRET, NOT_READY, TOKEN_CODE, Qihoo360Simulator, failures
from tests.platforms.scenario import FIRST
from tests.platforms.server import Simulator
from tracker.spend.connectors.contract import AccountRef, Capability, SpendRow
from tracker.spend.connectors.credentials import REFUSED, Credentials, Grant
from tracker.spend.connectors.failures import Cause, Terminal, Transient
from tracker.spend.connectors.http import Wire
from tracker.spend.connectors.qihoo360 import Qihoo360, Qihoo360Settings, encrypted

GRANT = Grant(
    {
        "api_key": "api-key-secret", "api_secret": API_SECRET, "username": "pump",
        "password": "password-secret",
    }
)  # fmt: skip


def build(credentials: Credentials, wire: Wire, url: str) -> Qihoo360:
    """The connector, with the simulator in the platform's place."""
    settings = Qihoo360Settings(url, token_codes=frozenset({str(TOKEN_CODE)}))
    return Qihoo360(credentials, wire, settings)


class Test360(ConnectorChecks):
    """360 does everything that a connector does, and what follows."""

    fixed: ClassVar[dict[str, str]] = {"match_type": ""}

    def simulator(self) -> Simulator:
        return Qihoo360Simulator()

    def bench(self, simulator: Simulator, url: str) -> Bench:
        return Bench(build, url, KeptCredentials(GRANT), AccountRef(simulator.scenario.account))

    def test_a_wrong_password_is_tried_once_and_never_again_by_itself(self) -> None:
        with self.running() as (simulator, bench):
            assert isinstance(simulator, Qihoo360Simulator)
            simulator.password = "another"
            for _ in range(7):
                _, error = bench.failing(FIRST, LAST)
                assert isinstance(error, Terminal)
                assert error.cause is Cause.AUTHORISATION
                assert error_is_clean(error, bench)
            assert simulator.wrong == 1
            assert bench.credentials.grant.get(REFUSED)
            # Somebody enters the right one, which replaces the whole grant.
            bench.credentials.grant = Grant({**GRANT.values, "password": "another"})
            assert bench.pull(FIRST, LAST).spend() == self.expected(simulator)

    @pytest.mark.parametrize("fault", ["500", "nothing", "html", "empty", "half"])
    def test_a_log_in_without_an_answer_is_left_to_the_schedule(self, fault: str) -> None:
        with self.running() as (simulator, bench):
            simulator.token_faults = deque([fault])
            _, error = bench.failing(FIRST, LAST)
            assert isinstance(error, Transient)
            assert len(simulator.seen) == 1
            assert bench.pull(FIRST, LAST).spend() == self.expected(simulator)

    def test_a_token_is_renewed_after_eight_hours(self) -> None:
        with self.running() as (simulator, bench):
            bench.pull(FIRST, FIRST)
            bench.time.now += timedelta(hours=7)
            bench.pull(FIRST, FIRST)
            assert simulator.renewed == 1
            bench.time.now += timedelta(hours=1)
            bench.pull(FIRST, FIRST)
            assert simulator.renewed == 2

    def test_an_unknown_failure_costs_no_log_in(self) -> None:
        with self.running() as (simulator, bench):
            assert isinstance(simulator, Qihoo360Simulator)
            simulator.refusals = [failures(42, "no")]
            _, error = bench.failing(FIRST, LAST)
            assert isinstance(error, Terminal)
            assert (error.cause, error.vendor_code) == (Cause.REQUEST, "42")
            assert simulator.renewed == 1

    def test_a_report_that_is_not_made_yet_is_left_to_the_schedule(self) -> None:
        with self.running() as (simulator, bench):
            assert isinstance(simulator, Qihoo360Simulator)
            simulator.refusals = [failures(NOT_READY, "not generated")]
            _, error = bench.failing(FIRST, LAST)
            assert isinstance(error, Transient)
            assert error.retry_after == 1800
            assert bench.time.waits == []

    def test_today_is_not_asked_for_and_the_days_before_it_are_complete(self) -> None:
        with self.running() as (_, bench):
            bench.time.now = datetime(2026, 10, 2, 17, 0, tzinfo=UTC)  # the 3rd in Shanghai
            pulled, error = bench.failing(FIRST, LAST)
            assert isinstance(error, Transient)
            assert [period.first for period in pulled.completes] == [FIRST, date(2026, 10, 2)]

    def test_a_report_that_changes_between_two_pages_is_begun_again(self) -> None:
        with self.running() as (simulator, bench):
            assert isinstance(simulator, Qihoo360Simulator)
            simulator.shrinks = 0
            assert bench.pull(FIRST, LAST).spend() == self.expected(simulator)

    def test_what_360_does_not_report_is_refused_before_asking(self) -> None:
        with self.running() as (simulator, bench):
            _, error = bench.failing(FIRST, LAST, Capability.SEARCH_TERMS)
            assert isinstance(error, Terminal)
            assert simulator.seen == []

    def test_a_recorded_answer_is_read(self) -> None:
        page = (Path(__file__).parent / "payloads/360/keyword.json").read_bytes()
        count = b'{"totalNumber":"1","totalPage":"1"}'
        with self.running() as (simulator, bench):
            assert isinstance(simulator, Qihoo360Simulator)
            simulator.refusals = [Response(count), Response(page)]
            day = date(2019, 7, 6)
            (row,) = bench.pull(day, day).rows
            assert isinstance(row, SpendRow)
            assert (row.keyword, row.keyword_id, row.ad_group_id) == ("周界报警系统", "301", "201")
            assert (row.device, row.impressions, row.clicks) == ("desktop", 31, 2)
            assert row.cost == Decimal("4.11")


def test_the_password_is_encrypted_as_the_log_in_takes_it() -> None:
    # AES-128-CBC of "5f4dcc3b5aa765d61d8327deb882cf99", by another implementation (openssl enc).
    expected = "18f7d80974244139a8eb6eb5032bc6495014d9d1866b703e503e2fd6851be205"
    assert encrypted("password", API_SECRET) == expected


def test_an_api_secret_that_is_too_short_is_named() -> None:
    with pytest.raises(Terminal, match="15 characters"):
        encrypted("password", "0123456789abcde")
