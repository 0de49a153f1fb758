"""The connector of Google Ads against its simulator, over real HTTP."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.platforms.checks import LAST, RenewalChecks
from tests.platforms.google import GoogleSimulator, error
from tests.platforms.pull import Bench, KeptCredentials
from tests.platforms.scenario import FIRST, total, unallocated
from tests.platforms.server import Simulator
from tracker.spend.connectors.answers import decoded
from tracker.spend.connectors.contract import (
    AccountRef,
    Capability,
    ClickRow,
    SearchTermRow,
    SpendRow,
    TotalRow,
)
from tracker.spend.connectors.credentials import Credentials, Grant
from tracker.spend.connectors.failures import Cause, Terminal, Transient
from tracker.spend.connectors.google import GoogleAds, GoogleSettings
from tracker.spend.connectors.google_rows import (
    Chunk,
    day_of_result,
    reader_of,
    results_of,
)
from tracker.spend.connectors.http import Wire

GRANT = Grant(
    {"client_id": "app", "client_secret": "app-secret-77", "refresh_token": "refresh-secret-0000"}
)


def build(credentials: Credentials, wire: Wire, url: str) -> GoogleAds:
    """The connector, with the simulator in the platform's place."""
    return GoogleAds(credentials, wire, GoogleSettings(url, f"{url}/token", days_per_query=2))


class TestGoogle(RenewalChecks):
    """Google Ads does everything that a connector does, and what follows."""

    def simulator(self) -> Simulator:
        return GoogleSimulator()

    def bench(self, simulator: Simulator, url: str) -> Bench:
        scenario = simulator.scenario
        account = AccountRef(
            scenario.account, scenario.manager, currency="CNY", timezone="Asia/Shanghai"
        )
        return Bench(build, url, KeptCredentials(GRANT), account)

    def test_a_campaign_without_keywords_is_unallocated_with_its_reason(self) -> None:
        with self.running() as (simulator, bench):
            simulator.scenario.ads.append(unallocated(FIRST, "pmax", 123_456_789))
            assert bench.pull(FIRST, LAST).spend() == self.expected(simulator)

    @pytest.mark.parametrize(
        ("kind", "value", "wait"),
        [
            ("quotaError", "EXCESSIVE_SHORT_TERM_QUERY_RESOURCE_CONSUMPTION", 300),
            ("quotaError", "RESOURCE_EXHAUSTED", 10),
        ],
    )
    def test_a_quota_is_waited_for_as_documented(self, kind: str, value: str, wait: int) -> None:
        with self.running() as (simulator, bench):
            assert isinstance(simulator, GoogleSimulator)
            simulator.refusals = [error(429, "RESOURCE_EXHAUSTED", kind, value)]
            assert bench.pull(FIRST, LAST).spend() == self.expected(simulator)
            assert wait <= max(bench.time.waits) <= wait * 1.25

    def test_a_wait_too_long_to_sit_out_is_left_to_the_schedule(self) -> None:
        with self.running() as (simulator, bench):
            assert isinstance(simulator, GoogleSimulator)
            code = "EXCESSIVE_LONG_TERM_QUERY_RESOURCE_CONSUMPTION"
            simulator.refusals = [error(429, "RESOURCE_EXHAUSTED", "quotaError", code)]
            _, failed = bench.failing(FIRST, LAST)
            assert isinstance(failed, Transient)
            assert failed.retry_after == 1800
            assert bench.time.waits == []

    @pytest.mark.parametrize(
        ("refusal", "cause"),
        [
            (error(400, "INVALID_ARGUMENT", "queryError", "UNRECOGNIZED_FIELD"), Cause.REQUEST),
            (
                error(403, "PERMISSION_DENIED", "authorizationError", "USER_PERMISSION_DENIED"),
                Cause.PERMISSION,
            ),
            (
                error(403, "PERMISSION_DENIED", "authorizationError", "CUSTOMER_NOT_ENABLED"),
                Cause.ACCOUNT,
            ),
            (error(403, "PERMISSION_DENIED", "authorizationError", "SOMETHING"), Cause.PERMISSION),
            (error(404, "NOT_FOUND", message="no such version"), Cause.REQUEST),
        ],
    )
    def test_what_a_person_has_to_see_to_stops_at_once(
        self, refusal: dict[str, Any], cause: Cause
    ) -> None:
        with self.running() as (simulator, bench):
            assert isinstance(simulator, GoogleSimulator)
            simulator.refusals = [refusal]
            pulled, failed = bench.failing(FIRST, LAST)
            assert isinstance(failed, Terminal)
            assert failed.cause is cause
            assert pulled.completes == []
            assert bench.time.waits == []

    def test_an_error_after_rows_of_a_stream_keeps_none_of_them(self) -> None:
        with self.running() as (simulator, bench):
            assert isinstance(simulator, GoogleSimulator)
            simulator.late_errors = [error(500, "INTERNAL", "internalError", "INTERNAL_ERROR")]
            assert bench.pull(FIRST, LAST).spend() == self.expected(simulator)
            simulator.late_errors = [
                error(403, "PERMISSION_DENIED", "authorizationError", "USER_PERMISSION_DENIED")
            ]
            pulled, failed = bench.failing(FIRST, LAST)
            assert isinstance(failed, Terminal)
            assert pulled.batches == []

    def test_days_completed_before_a_failure_are_whole_and_the_rest_can_be_asked_for(self) -> None:
        with self.running() as (simulator, bench):
            # Two queries a portion: the second portion fails for good.
            simulator.faults = deque(["", "", *["500"] * 6])
            pulled, failed = bench.failing(FIRST, LAST)
            assert isinstance(failed, Transient)
            done = pulled.completes[-1].last
            assert done == FIRST + timedelta(days=1)
            rest = bench.pull(done + timedelta(days=1), LAST)
            assert {**pulled.spend(), **rest.spend()} == self.expected(simulator)

    def test_a_manager_account_is_refused_in_words_before_and_after_asking(self) -> None:
        with self.running() as (simulator, bench):
            manager = AccountRef(simulator.scenario.manager, simulator.scenario.manager)
            bench.account = replace(manager, is_manager=True)
            _, failed = bench.failing(FIRST, LAST)
            assert simulator.seen == []
            bench.account = manager
            _, asked = bench.failing(FIRST, LAST)
            for one in (failed, asked):
                assert isinstance(one, Terminal)
                assert one.cause is Cause.ACCOUNT
                assert "manager account" in one.message

    def test_the_accounts_below_a_manager_are_listed_and_closed_ones_are_left_out(self) -> None:
        with self.running() as (simulator, bench):
            simulator.faults = deque(["half", "cut", "", "half"])
            found = {account.account: account for account in bench.accounts()}
            assert set(found) == {"1234567890", "9876543210"}
            assert found["9876543210"].is_manager
            client = found["1234567890"]
            assert (client.manager, client.currency) == ("9876543210", "CNY")
            assert client.timezone == "Asia/Shanghai"

    def test_a_click_leads_to_its_keyword_one_day_a_query(self) -> None:
        with self.running() as (simulator, bench):
            pulled = bench.pull(FIRST, LAST, Capability.CLICKS)
            assert len(pulled.completes) == 3
            clicks = {row.click_id: row for row in pulled.rows if isinstance(row, ClickRow)}
            assert len(clicks) == len(simulator.scenario.ads)
            click = clicks["Cj1001-222-333-mobile"]
            assert (click.ad_group_id, click.keyword_id) == ("222", "333")
            assert (click.keyword, click.match_type) == ("perimeter alarm", "exact")

    def test_clicks_of_more_than_ninety_days_ago_are_refused_with_the_first_day(self) -> None:
        with self.running() as (simulator, bench):
            old = FIRST - timedelta(days=80)
            _, failed = bench.failing(old, LAST, Capability.CLICKS)
            assert isinstance(failed, Terminal)
            assert "2026-07-22" in failed.message
            assert simulator.seen == []

    def test_search_terms_and_totals_have_their_own_rows(self) -> None:
        with self.running() as (simulator, bench):
            terms = bench.pull(FIRST, LAST, Capability.SEARCH_TERMS).rows
            assert {type(row) for row in terms} == {SearchTermRow}
            assert sum(
                int(row.cost * 1_000_000) for row in terms if not isinstance(row, ClickRow)
            ) == total(simulator.scenario.ads)
            totals = bench.pull(FIRST, LAST, Capability.ACCOUNT_TOTALS).rows
            assert {type(row) for row in totals} == {TotalRow}

    def test_rows_of_another_account_or_day_are_refused(self) -> None:
        with self.running() as (simulator, bench):
            simulator.scenario.account = "1112223334"
            _, failed = bench.failing(FIRST, LAST)
            assert isinstance(failed, Terminal)
            assert failed.cause is Cause.ANSWER

    @pytest.mark.parametrize("name", ["keyword_view", "negative_cost"])
    def test_a_recorded_answer_is_read(self, name: str) -> None:
        body = (Path(__file__).parent / f"payloads/google/{name}.json").read_bytes()
        assert rows_of(body) == RECORDED[name]


RECORDED = {
    "keyword_view": [("222", "333", "perimeter alarm", "exact", "mobile", "8.750000", "1.500000")],
    "negative_cost": [("222", "333", "perimeter alarm", "broad", "tv", "-0.000001", "None")],
}


def rows_of(body: bytes) -> list[tuple[str, ...]]:
    """The keyword rows of an answer."""
    found: list[tuple[str, ...]] = []
    for chunk in decoded("Google Ads", body, list[Chunk]):
        for result in (one for some in results_of("Google Ads", chunk) for one in some):
            row = reader_of(Capability.KEYWORDS)(result, 1, day_of_result(result))
            assert isinstance(row, SpendRow)
            found.append(
                (row.ad_group_id, row.keyword_id, row.keyword, row.match_type, row.device,
                 str(row.cost), str(row.platform_conversions))
            )  # fmt: skip
    return found
