"""The connector of Microsoft Advertising against its simulator, over real HTTP."""

from __future__ import annotations

import io
import logging
import zipfile
from collections import deque
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from starlette.responses import Response

from tests.platforms.checks import LAST, RenewalChecks, error_is_clean
from tests.platforms.microsoft import SIGNATURE, MicrosoftSimulator, fault
from tests.platforms.pull import Bench, KeptCredentials
from tests.platforms.scenario import FIRST, unallocated
from tests.platforms.server import Simulator
from tracker.spend.connectors.contract import AccountRef, Capability, ClickRow, SearchTermRow
from tracker.spend.connectors.credentials import REFRESH_TOKEN, Credentials, Grant
from tracker.spend.connectors.failures import Cause, Terminal, Transient
from tracker.spend.connectors.http import Wire
from tracker.spend.connectors.microsoft import Microsoft, MicrosoftSettings
from tracker.spend.connectors.microsoft_report import cells, check_zip, row_of
from tracker.spend.files.rows import SpendRow

GRANT = Grant(
    {
        "client_id": "app", "client_secret": "app-secret-77", "developer_token": "developer-secret",
        "refresh_token": "refresh-secret-0000",
    }
)  # fmt: skip


def build(credentials: Credentials, wire: Wire, url: str) -> Microsoft:
    """The connector, with the simulator in the platform's place."""
    settings = MicrosoftSettings(
        url, f"{url}/token", timezone="Asia/Shanghai", days_per_report=2
    )  # fmt: skip
    return Microsoft(credentials, wire, settings)


class TestMicrosoft(RenewalChecks):
    """Microsoft Advertising does everything that a connector does, and what follows."""

    def simulator(self) -> Simulator:
        return MicrosoftSimulator()

    def bench(self, simulator: Simulator, url: str) -> Bench:
        assert isinstance(simulator, MicrosoftSimulator)
        simulator.url = url
        scenario = simulator.scenario
        account = AccountRef(scenario.account, scenario.manager)
        return Bench(build, url, KeptCredentials(GRANT), account)

    def test_a_queued_report_is_polled_until_it_is_made(self) -> None:
        with self.running() as (simulator, bench):
            assert isinstance(simulator, MicrosoftSimulator)
            simulator.pending = 6
            assert bench.pull(FIRST, LAST).spend() == self.expected(simulator)
            assert bench.time.waits[:6] == [5, 10, 20, 40, 80, 120]

    def test_a_report_that_is_never_made_is_left_to_the_schedule(self) -> None:
        with self.running() as (simulator, bench):
            assert isinstance(simulator, MicrosoftSimulator)
            simulator.pending = 10_000
            _, error = bench.failing(FIRST, LAST)
            assert isinstance(error, Transient)
            assert sum(bench.time.waits) <= 3600

    def test_an_address_that_expired_is_asked_for_again(self) -> None:
        with self.running() as (simulator, bench):
            assert isinstance(simulator, MicrosoftSimulator)
            simulator.expiring = 2
            assert bench.pull(FIRST, LAST).spend() == self.expected(simulator)
            assert simulator.signatures == 4
            assert len(simulator.reports) == 2, "a report was ordered twice"

    def test_a_report_that_failed_is_ordered_again_later(self) -> None:
        with self.running() as (simulator, bench):
            assert isinstance(simulator, MicrosoftSimulator)
            simulator.polled = "Error"
            _, error = bench.failing(FIRST, LAST)
            assert isinstance(error, Transient)

    def test_the_signature_of_an_address_is_in_no_log_and_no_error(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO, "httpx")
        with self.running() as (simulator, bench):
            assert isinstance(simulator, MicrosoftSimulator)
            bench.pull(FIRST, LAST)
            simulator.faults = deque(["", "", *["cut"] * 9])
            _, error = bench.failing(FIRST, LAST)
            assert error_is_clean(error, bench)
            assert SIGNATURE not in repr(error)
        shown = [record.getMessage() for record in caplog.records if record.name == "httpx"]
        assert any("/blob/" in message for message in shown)
        assert not any(SIGNATURE in message for message in shown)

    def test_a_rotated_refresh_token_is_stored_each_time(self) -> None:
        with self.running() as (_, bench):
            bench.pull(FIRST, FIRST)
            bench.time.now += timedelta(hours=2)
            bench.pull(FIRST, FIRST)
            stored = [grant.get(REFRESH_TOKEN) for grant in bench.credentials.stored]
            assert stored == ["refresh-secret-0001", "refresh-secret-0002"]

    @pytest.mark.parametrize(
        ("refusal", "wait"),
        [
            (fault(117, "CallRateExceeded"), 60),
            (fault(207, "ConcurrentRequestOverLimit", kind="Ad"), 60),
            (fault(0, "InternalError", kind="Ad"), 2),
        ],
    )
    def test_an_error_is_told_by_its_code_not_its_status(
        self, refusal: Response, wait: int
    ) -> None:
        with self.running() as (simulator, bench):
            assert isinstance(simulator, MicrosoftSimulator)
            simulator.refusals = [refusal]
            assert bench.pull(FIRST, LAST).spend() == self.expected(simulator)
            assert wait <= bench.time.waits[0] <= wait * 1.25

    @pytest.mark.parametrize(
        ("refusal", "cause"),
        [
            (fault(106, "UserIsNotAuthorized", kind="Ad"), Cause.PERMISSION),
            (fault(100, "NullRequest", "The request message is null."), Cause.REQUEST),
        ],
    )
    def test_what_a_person_has_to_see_to_stops_at_once(
        self, refusal: Response, cause: Cause
    ) -> None:
        with self.running() as (simulator, bench):
            assert isinstance(simulator, MicrosoftSimulator)
            simulator.refusals = [refusal]
            _, error = bench.failing(FIRST, LAST)
            assert isinstance(error, Terminal)
            assert error.cause is cause
            assert bench.time.waits == []

    def test_a_row_without_a_keyword_is_unallocated_with_its_reason(self) -> None:
        with self.running() as (simulator, bench):
            simulator.scenario.ads.append(unallocated(FIRST, "pmax", 8_750_001))
            assert bench.pull(FIRST, LAST).spend() == self.expected(simulator)

    def test_clicks_and_search_terms_have_their_own_rows(self) -> None:
        with self.running() as (simulator, bench):
            clicks = bench.pull(FIRST, LAST, Capability.CLICKS).rows
            assert len({row.click_id for row in clicks if isinstance(row, ClickRow)}) == len(
                simulator.scenario.ads
            )
            terms = bench.pull(FIRST, LAST, Capability.SEARCH_TERMS).rows
            assert {type(row) for row in terms} == {SearchTermRow}


def packed(content: bytes) -> io.BytesIO:
    """A ZIP with this report."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("report.csv", content)
    return file


def test_a_recorded_report_is_read() -> None:
    file = packed((Path(__file__).parent / "payloads/microsoft/keyword_report.csv").read_bytes())
    check_zip(file)
    rows = [row_of(row, Capability.KEYWORDS, 1) for row in cells(file, Capability.KEYWORDS)]
    first, second = rows
    assert isinstance(first, SpendRow)
    assert isinstance(second, SpendRow)
    assert (first.day, first.keyword_id, first.cost) == (date(2026, 10, 1), "7001", Decimal("8.75"))
    assert (first.device, first.match_type, first.platform_conversions) == (
        "desktop",
        "exact",
        Decimal(1),
    )
    assert (second.kind, second.reason, second.cost) == ("unallocated", "no_keyword", Decimal(0))


@pytest.mark.parametrize(
    "content", [b"", b"a,b\n1,2\n", b'"TimePeriod","x\n', b"\xff\xfe\x00", b"TimePeriod\n1,2,3\n"]
)
def test_a_report_of_another_form_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(Terminal) as refused:
        list(cells(packed(content), Capability.KEYWORDS))
    assert refused.value.cause is Cause.ANSWER
