"""The connector of Yandex Direct against its simulator, over real HTTP."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

import pytest
from starlette.responses import Response

from tests.platforms.checks import LAST, RenewalChecks
from tests.platforms.pull import Bench, KeptCredentials
from tests.platforms.scenario import FIRST, small, unallocated
from tests.platforms.server import Simulator
from tests.platforms.yandex import YandexSimulator, error
from tracker.spend.connectors.contract import (
    AccountRef,
    Capability,
    SearchTermRow,
    SpendRow,
    TotalRow,
)
from tracker.spend.connectors.credentials import Credentials, Grant
from tracker.spend.connectors.failures import Cause, Terminal, Transient
from tracker.spend.connectors.http import Wire
from tracker.spend.connectors.yandex import Yandex, YandexSettings

GRANT = Grant(
    {"client_id": "app", "client_secret": "app-secret-77", "refresh_token": "refresh-secret-0000"}
)


def build(credentials: Credentials, wire: Wire, url: str) -> Yandex:
    """The connector, with the simulator in the platform's place."""
    settings = YandexSettings(
        f"{url}/reports", f"{url}/token", timezone="Asia/Shanghai", days_per_report=2
    )  # fmt: skip
    return Yandex(credentials, wire, settings)


class TestYandex(RenewalChecks):
    """Yandex Direct does everything that a connector does, and what follows."""

    fixed: ClassVar[dict[str, str]] = {"match_type": ""}

    def simulator(self) -> Simulator:
        scenario = small()
        # The platform's texts hold no tabs.
        scenario.ads = [replace(ad, keyword=ad.keyword.replace("\t", " ")) for ad in scenario.ads]
        return YandexSimulator(scenario)

    def bench(self, simulator: Simulator, url: str) -> Bench:
        scenario = simulator.scenario
        account = AccountRef(scenario.account, login=scenario.login, currency="CNY")
        return Bench(build, url, KeptCredentials(GRANT), account)

    def test_a_queued_report_is_asked_for_again_with_the_same_request(self) -> None:
        with self.running() as (simulator, bench):
            assert isinstance(simulator, YandexSimulator)
            simulator.queue = [201, 202, 202]
            assert bench.pull(FIRST, LAST).spend() == self.expected(simulator)
            assert len(set(simulator.bodies[:4])) == 1
            assert [wait for wait in bench.time.waits if wait > 1] == [9, 9, 9]

    def test_a_report_that_stays_queued_is_left_to_the_schedule(self) -> None:
        with self.running() as (simulator, bench):
            assert isinstance(simulator, YandexSimulator)
            simulator.queue = [202] * 10_000
            bench.patience = replace(bench.patience, report=100.0)
            _, failed = bench.failing(FIRST, LAST)
            assert isinstance(failed, Transient)
            assert len(simulator.bodies) < 15

    def test_a_report_that_is_too_big_is_split_by_days(self) -> None:
        with self.running() as (simulator, bench):
            assert isinstance(simulator, YandexSimulator)
            simulator.most_days = 1
            pulled = bench.pull(FIRST, LAST)
            assert pulled.spend() == self.expected(simulator)
            assert [period.days for period in pulled.completes] == [1, 1, 1]

    def test_another_pull_has_another_report_name_so_that_nothing_old_is_given(self) -> None:
        with self.running() as (simulator, bench):
            assert isinstance(simulator, YandexSimulator)
            bench.pull(FIRST, FIRST)
            bench.time.now += timedelta(hours=1)
            simulator.scenario.restate(FIRST, 2)
            assert bench.pull(FIRST, FIRST).spend() == self.expected(simulator, FIRST, FIRST)
            names = {json.loads(body)["params"]["ReportName"] for body in simulator.bodies}
            assert len(names) == 2

    def test_a_report_that_was_cut_at_the_end_of_a_line_is_not_taken_for_a_whole(self) -> None:
        with self.running() as (simulator, bench):
            assert isinstance(simulator, YandexSimulator)
            bench.pull(FIRST, FIRST)
            whole = bytes(next(iter(simulator.made.values())).body)
            simulator.refusals = [Response(b"\n".join(whole.split(b"\n")[:4]) + b"\n")]
            bench.time.now += timedelta(minutes=1)
            assert bench.pull(FIRST, FIRST).spend() == self.expected(simulator, FIRST, FIRST)

    def test_a_token_without_a_refresh_token_ends_in_a_request_to_connect_again(self) -> None:
        with self.running() as (simulator, bench):
            bench.credentials.grant = Grant({"access_token": "access-secret-old"})
            _, failed = bench.failing(FIRST, LAST)
            assert isinstance(failed, Terminal)
            assert failed.cause is Cause.AUTHORISATION
            assert len(simulator.seen) == 1
            token = simulator.new_token()
            bench.credentials.grant = Grant({"access_token": token})
            assert bench.pull(FIRST, LAST).spend() == self.expected(simulator)

    @pytest.mark.parametrize("code", [52, 56, 506, 1000, 1002, 9000])
    def test_limits_and_problems_of_the_platform_are_sat_out(self, code: int) -> None:
        with self.running() as (simulator, bench):
            assert isinstance(simulator, YandexSimulator)
            simulator.refusals = [error(code)]
            assert bench.pull(FIRST, LAST).spend() == self.expected(simulator)

    def test_units_come_back_by_the_hour_and_are_left_to_the_schedule(self) -> None:
        with self.running() as (simulator, bench):
            assert isinstance(simulator, YandexSimulator)
            simulator.refusals = [error(152)]
            _, failed = bench.failing(FIRST, LAST)
            assert isinstance(failed, Transient)
            assert failed.retry_after == 3600

    @pytest.mark.parametrize(
        ("code", "cause"), [(54, Cause.PERMISSION), (8000, Cause.REQUEST), (4001, Cause.REQUEST)]
    )
    def test_what_a_person_has_to_see_to_stops_at_once(self, code: int, cause: Cause) -> None:
        with self.running() as (simulator, bench):
            assert isinstance(simulator, YandexSimulator)
            simulator.refusals = [error(code)]
            _, failed = bench.failing(FIRST, LAST)
            assert isinstance(failed, Terminal)
            assert (failed.cause, failed.vendor_code) == (cause, str(code))

    def test_autotargeting_is_unallocated(self) -> None:
        with self.running() as (simulator, bench):
            simulator.scenario.ads.append(unallocated(FIRST, "autotargeting", 1_000_001))
            assert bench.pull(FIRST, LAST).spend() == self.expected(simulator)

    def test_an_account_without_a_currency_is_told_so_before_anything_is_asked(self) -> None:
        with self.running() as (simulator, bench):
            bench.account = replace(bench.account, currency="")
            _, failed = bench.failing(FIRST, LAST)
            assert isinstance(failed, Terminal)
            assert failed.cause is Cause.SETTING
            assert simulator.seen == []

    def test_search_terms_and_totals_have_their_own_rows(self) -> None:
        with self.running() as (_, bench):
            terms = bench.pull(FIRST, LAST, Capability.SEARCH_TERMS).rows
            assert {type(row) for row in terms} == {SearchTermRow}
            totals = bench.pull(FIRST, LAST, Capability.ACCOUNT_TOTALS).rows
            assert {type(row) for row in totals} == {TotalRow}

    def test_a_recorded_report_is_read(self) -> None:
        body = (Path(__file__).parent / "payloads/yandex/criteria_report.tsv").read_bytes()
        with self.running() as (simulator, bench):
            assert isinstance(simulator, YandexSimulator)
            simulator.refusals = [Response(body)]
            first, second = bench.pull(FIRST, FIRST).rows
            assert isinstance(first, SpendRow)
            assert isinstance(second, SpendRow)
            assert (first.keyword, first.keyword_id) == ("купить насос", "301")
            assert (first.cost, first.platform_conversions) == (Decimal("8.75"), None)
            assert (second.kind, second.reason) == ("unallocated", "autotargeting")
            assert (second.keyword_id, second.device) == ("", "tablet")
