"""The connector of Baidu 营销 against its simulator, over real HTTP."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.platforms.baidu import QUOTA_CODE, BaiduSimulator, failed
from tests.platforms.checks import LAST, RenewalChecks, error_is_clean
from tests.platforms.pull import Bench, KeptCredentials
from tests.platforms.scenario import FIRST, small, unallocated
from tests.platforms.server import Simulator
from tracker.spend.connectors.baidu import Baidu, BaiduSettings
from tracker.spend.connectors.contract import (
    AccountRef,
    Capability,
    SearchTermRow,
    SpendRow,
    TotalRow,
)
from tracker.spend.connectors.credentials import REFRESH_TOKEN, Credentials, Grant
from tracker.spend.connectors.failures import Cause, Terminal, Transient
from tracker.spend.connectors.http import Wire

GRANT = Grant(
    {
        "app_id": "app-9", "secret_key": "key-secret-55", "refresh_token": "refresh-secret-0000",
        "user_id": "1234",
    }
)  # fmt: skip


def build(credentials: Credentials, wire: Wire, url: str) -> Baidu:
    """The connector, with the simulator in the platform's place."""
    settings = BaiduSettings(
        f"{url}/report", f"{url}/oauth/refreshToken", quota_codes=frozenset({QUOTA_CODE})
    )
    return Baidu(credentials, wire, settings)


class TestBaidu(RenewalChecks):
    """Baidu does everything that a connector does, and what follows."""

    def simulator(self) -> Simulator:
        return BaiduSimulator()

    def bench(self, simulator: Simulator, url: str) -> Bench:
        account = AccountRef(simulator.scenario.account, login=simulator.scenario.login)
        return Bench(build, url, KeptCredentials(GRANT), account)

    @pytest.mark.parametrize("labels", [False, True])
    @pytest.mark.parametrize("as_object", [False, True])
    def test_labels_and_numbers_arrays_and_objects_mean_the_same(
        self, labels: bool, as_object: bool
    ) -> None:
        with self.running() as (simulator, bench):
            assert isinstance(simulator, BaiduSimulator)
            simulator.labels, simulator.as_object, simulator.deleted = labels, as_object, True
            for reason in ("word_package", "auto_expansion"):
                simulator.scenario.ads.append(
                    replace(unallocated(FIRST, reason, 1_230_000), match_type="smart")
                )
            assert bench.pull(FIRST, LAST).spend() == self.expected(simulator)

    def test_pages_are_read_to_the_last_row_and_a_failed_one_is_read_again(self) -> None:
        with self.running() as (simulator, bench):
            simulator.faults = deque(["", "half", "", "limit", "500"])
            assert bench.pull(FIRST, LAST).spend() == self.expected(simulator)
            starts = [
                json.loads(seen.body)["body"]["startRow"]
                for seen in simulator.seen
                if seen.path == "/report"
            ]
            assert starts == [0, 5, 5, 10, 10, 10, 0, 5, 10, 0, 5, 10]

    def test_a_report_that_changes_between_two_pages_is_begun_again(self) -> None:
        with self.running() as (simulator, bench):
            assert isinstance(simulator, BaiduSimulator)
            simulator.shrinks = 1
            assert bench.pull(FIRST, LAST).spend() == self.expected(simulator)
            assert len(self.expected(simulator)) < len(small().ads)

    def test_a_rotated_refresh_token_is_stored_before_the_new_token_is_used(self) -> None:
        with self.running() as (simulator, bench):
            stored_when_asked: list[int] = []
            answer = simulator.answer

            async def watched(*arguments: object) -> object:
                stored_when_asked.append(len(bench.credentials.stored))
                return await answer(*arguments)  # type: ignore[arg-type]

            simulator.answer = watched  # type: ignore[method-assign, assignment]
            bench.pull(FIRST, FIRST)
            bench.time.now += timedelta(days=3)
            bench.pull(FIRST, FIRST)
            assert stored_when_asked[0] == 1
            assert stored_when_asked[-1] == 2
            refresh = [grant.get(REFRESH_TOKEN) for grant in bench.credentials.stored]
            assert refresh == ["refresh-secret-0001", "refresh-secret-0002"]

    def test_a_token_that_was_not_stored_is_never_used(self) -> None:
        with self.running() as (simulator, bench):

            async def full(_: Grant) -> None:
                raise OSError("no space left")

            bench.credentials.store = full  # type: ignore[method-assign, assignment]
            _, error = bench.failing(FIRST, LAST)
            assert isinstance(error, OSError)
            assert [seen.path for seen in simulator.seen] == ["/oauth/refreshToken"]

    def test_a_failure_of_no_known_code_renews_the_token_once_and_then_asks_a_person(self) -> None:
        with self.running() as (simulator, bench):
            assert isinstance(simulator, BaiduSimulator)
            bench.pull(FIRST, FIRST)
            echo = bench.credentials.grant.get("access_token")
            body = json.loads(bytes(failed(2, 4711, f"no permission for {echo}").body))
            simulator.failures = [body, body, body]
            asked, renewed = len(simulator.seen), simulator.renewed
            _, error = bench.failing(FIRST, LAST)
            assert isinstance(error, Terminal)
            assert error.vendor_code == "4711"
            assert "no permission" in error.message
            assert error_is_clean(error, bench)
            assert simulator.renewed == renewed + 1
            assert len(simulator.seen) == asked + 3

    @pytest.mark.parametrize("status", [1, 3])
    def test_a_part_and_a_problem_of_the_platform_are_asked_again(self, status: int) -> None:
        with self.running() as (simulator, bench):
            assert isinstance(simulator, BaiduSimulator)
            simulator.failures = [json.loads(bytes(failed(status, 1, "later").body))]
            assert bench.pull(FIRST, LAST).spend() == self.expected(simulator)

    def test_costs_are_what_the_text_of_the_answer_says_not_a_float(self) -> None:
        with self.running() as (simulator, bench):
            simulator.scenario = small(1, step=1)  # costs such as 0.000888
            assert bench.pull(FIRST, FIRST).spend() == self.expected(simulator)

    def test_search_terms_and_totals_have_their_own_rows(self) -> None:
        with self.running() as (simulator, bench):
            terms = bench.pull(FIRST, LAST, Capability.SEARCH_TERMS).rows
            assert {type(row) for row in terms} == {SearchTermRow}
            totals = bench.pull(FIRST, LAST, Capability.ACCOUNT_TOTALS).rows
            rows = [row for row in totals if isinstance(row, TotalRow)]
            assert len(rows) == 3
            assert sum(row.cost for row in rows) == sum(ad.amount for ad in simulator.scenario.ads)
            assert {row.clicks for row in rows} == {0}, "the largest double is a null"

    def test_an_account_without_a_user_name_is_told_so_before_anything_is_asked(self) -> None:
        with self.running() as (simulator, bench):
            bench.account = AccountRef("1234567890")
            _, error = bench.failing(FIRST, LAST)
            assert isinstance(error, Terminal)
            assert error.cause is Cause.SETTING
            assert simulator.seen == []

    def test_rows_that_stay_away_are_no_complete_day(self) -> None:
        with self.running() as (simulator, bench):
            assert isinstance(simulator, BaiduSimulator)
            simulator.most = 0
            pulled, error = bench.failing(FIRST, LAST)
            assert isinstance(error, Transient)
            assert pulled.completes == []

    @pytest.mark.parametrize(
        ("name", "told"),
        [("report_array", ("", "", 4)), ("report_object", ("mobile", "smart", 0))],
    )
    def test_a_recorded_answer_is_read(self, name: str, told: tuple[str, str, int]) -> None:
        payload = Path(__file__).parent / f"payloads/baidu/{name}.json"
        with self.running() as (simulator, bench):
            assert isinstance(simulator, BaiduSimulator)
            bench.pull(FIRST, FIRST)
            simulator.failures = [json.loads(payload.read_text(encoding="utf-8"))]
            (row,) = bench.pull(FIRST, FIRST).rows
            assert isinstance(row, SpendRow)
            assert (row.campaign, row.keyword, row.keyword_id) == ("计划甲", "周界报警系统", "301")
            assert (row.impressions, row.cost) == (50, Decimal("8.75"))
            assert (row.device, row.match_type, row.clicks) == told
