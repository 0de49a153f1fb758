"""Microsoft Advertising (REST v13): a report is submitted, polled until it is made, downloaded.

The address of a report is signed and lives five minutes, so it is asked for again before each
attempt to download; it is never part of a message. The refresh token changes at each renewal.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from datetime import time, timedelta
from typing import Any, ClassVar, TypeVar

import httpx
import msgspec

from tracker.period import Period
from tracker.spend.connectors.answers import decoded, peeked, reading, said, unreadable
from tracker.spend.connectors.batches import Sorter
from tracker.spend.connectors.contract import (
    AccountRef,
    Batch,
    Capability,
    Complete,
    Schedule,
    portions,
)
from tracker.spend.connectors.credentials import ACCESS_TOKEN, Credentials, Grant
from tracker.spend.connectors.failures import Cause, Terminal, Transient, Unauthorised
from tracker.spend.connectors.held import Held
from tracker.spend.connectors.http import Answer, Wire, refuse_passing
from tracker.spend.connectors.microsoft_report import (
    PLATFORM,
    cells,
    check_zip,
    day_of_row,
    request_of,
    row_of,
)
from tracker.spend.connectors.tokens import RefreshForm, Tokens, gone

T = TypeVar("T")
SCOPE = "https://ads.microsoft.com/msads.manage offline_access"
#: Error codes, which say more than the HTTP status: those of a token, those to wait for (with the
#: seconds), and those of the platform itself. From the documentation.
TOKEN_CODES = frozenset({105, 109})
WAIT_CODES = {117: 60.0, 207: 60.0}
INTERNAL = 0
NO_PERMISSION = 106


@dataclass(frozen=True, slots=True)
class MicrosoftSettings:
    """``timezone`` is the zone of report days: documents of 2021 say that data is by UTC and that
    ``report_time_zone`` only tells what *today* is; neither was seen to be so. Reports are polled
    every ``poll_every`` seconds."""

    reporting_url: str = "https://reporting.api.bingads.microsoft.com/Reporting/v13"
    token_url: str = "https://login.microsoftonline.com/common/oauth2/v2.0/token"
    timezone: str = "UTC"
    report_time_zone: str = "GreenwichMeanTimeDublinEdinburghLisbonLondon"
    days_per_report: int = 31
    poll_every: float = 120.0
    first_poll: float = 5.0


class _Submitted(msgspec.Struct, rename="pascal"):
    report_request_id: str


class _Status(msgspec.Struct, rename="pascal"):
    status: str
    report_download_url: str | None = None


class _Polled(msgspec.Struct, rename="pascal"):
    report_request_status: _Status


class _Fault(msgspec.Struct, rename="pascal"):
    code: int = -1
    error_code: str | None = None
    message: str | None = None


class _Faults(msgspec.Struct, rename="pascal"):
    operation_errors: list[_Fault] | None = None
    errors: list[_Fault] | None = None
    batch_errors: list[_Fault] | None = None


@dataclass(slots=True)
class Microsoft:
    """One log-in. The grant has ``client_id``, ``client_secret``, ``refresh_token``,
    ``developer_token``. ``AccountRef.manager`` is the customer id."""

    credentials: Credentials
    wire: Wire
    settings: MicrosoftSettings = field(default_factory=MicrosoftSettings)
    _tokens: Tokens = field(init=False)

    platform: ClassVar[str] = "microsoft"
    capabilities: ClassVar[frozenset[Capability]] = frozenset(Capability)
    #: Books close about three hours after the day; invalid clicks are taken back for a week or
    #: more, conversions come for 30 days; daily data is kept 36 months.
    schedule: ClassVar[Schedule] = Schedule("UTC", time(4), 10, 30, 1095, 90)

    def __post_init__(self) -> None:
        form = RefreshForm(PLATFORM, self.wire, self.settings.token_url, (("scope", SCOPE),))
        self._tokens = Tokens(PLATFORM, self.credentials, self.wire, form.renew)

    async def fetch(
        self, account: AccountRef, days: Period, want: Capability
    ) -> AsyncGenerator[Batch | Complete, None]:
        """See ``Connector``: a report for each portion of days."""
        if account.is_manager:
            raise Terminal(
                f"{PLATFORM}: {account.account} is a manager account, which spends nothing itself.",
                cause=Cause.ACCOUNT,
                hint="Choose the accounts below it instead.",
            )
        self.wire.tally.add(days_asked=days.days)
        for portion in portions(days, self.settings.days_per_report):
            sorter = Sorter(PLATFORM, account, portion, self.wire.tally)
            sorter.describe("", self.settings.timezone)
            with Held(self.wire.scratch) as held:
                if await self._report(held, account, portion, want):
                    for line, row in enumerate(cells(held.rewound(), want), 1):
                        if row["AccountId"].strip("[]") != account.account:
                            raise unreadable(PLATFORM, "it has rows of another account")
                        sorter.describe(row.get("CurrencyCode", ""), "")
                        with reading(PLATFORM):
                            batch = sorter.add(day_of_row(row), row_of(row, want, line))
                        if batch:
                            yield batch
            for batch in sorter.rest():
                yield batch
            self.wire.tally.add(days=portion.days)
            yield Complete(portion)

    async def accounts(self) -> Sequence[AccountRef]:
        """(): accounts are entered by number. Checks that the authorisation is good."""
        await self._tokens.grant()
        return ()

    async def _report(
        self, held: Held, account: AccountRef, days: Period, want: Capability
    ) -> bool:
        """A whole report in ``held``; False if there is none because there is no data."""
        wanted = request_of(account.account, days, want, self.settings.report_time_zone)
        submitted = await self._post(account, "GenerateReport/Submit", wanted, _Submitted)
        report = submitted.report_request_id
        attempts = self.wire.patience.attempts
        for attempt in range(1, attempts + 1):
            url = await self._made(account, report)
            if not url:
                return False
            try:
                await self._download(held, url)
                return True
            except _Expired:
                if attempt < attempts:
                    await self.wire.wait(self.wire.patience.first_wait)
        raise Transient(f"{PLATFORM}'s report could not be downloaded before its address expired.")

    async def _made(self, account: AccountRef, report: str) -> str:
        """The address of the report when it is made, "" if there is no data."""
        until = self.wire.clock() + timedelta(seconds=self.wire.patience.report)
        pause = self.settings.first_poll
        while True:
            body = {"ReportRequestId": report}
            polled = await self._post(account, "GenerateReport/Poll", body, _Polled)
            status = polled.report_request_status
            if status.status == "Success":
                return status.report_download_url or ""
            if status.status == "Error":
                raise Transient(f"{PLATFORM} could not make the report.")
            if status.status not in ("Pending", "InProgress"):
                raise unreadable(PLATFORM, f"unknown status {said(status.status)}")
            if self.wire.clock() + timedelta(seconds=pause) > until:
                raise Transient(f"{PLATFORM} has not made the report in time; asked again later.")
            await self.wire.wait(pause)
            pause = min(pause * 2, self.settings.poll_every)

    async def _download(self, held: Held, url: str) -> None:
        async def request() -> httpx.Request:
            # NOTE: without the token: the address is a storage service's, signed.
            return self.wire.client.build_request("GET", url)

        def judge(answer: Answer) -> None:
            refuse_passing(PLATFORM, answer, self.wire.clock())
            if answer.status in (401, 403, 404, 410):
                raise _Expired
            if answer.status != 200:
                raise Transient(f"{PLATFORM} gave no report (HTTP {answer.status}).")
            check_zip(held.rewound())

        try:
            await self.wire.call(request, judge, into=held)
        except (httpx.InvalidURL, ValueError):
            raise unreadable(PLATFORM, "its report has no usable address") from None

    async def _post(self, account: AccountRef, path: str, body: dict[str, Any], kind: type[T]) -> T:
        def request(grant: Grant) -> httpx.Request:
            headers = {
                "Authorization": f"Bearer {grant.get(ACCESS_TOKEN)}",
                "DeveloperToken": grant.need("developer_token", PLATFORM),
                "CustomerAccountId": account.account,
            }
            if account.manager:
                headers["CustomerId"] = account.manager
            url = f"{self.settings.reporting_url}/{path}"
            return self.wire.client.build_request("POST", url, headers=headers, json=body)

        def judge(answer: Answer) -> None:
            self._judge(answer)
            decoded(PLATFORM, answer.body, kind)  # a torn answer is had again

        answer = await self._tokens.call(request, judge)
        return decoded(PLATFORM, answer.body, kind)

    def _judge(self, answer: Answer) -> None:
        if answer.status == 200:
            return
        faults = _faults(answer.body)
        if not faults:
            refuse_passing(PLATFORM, answer, self.wire.clock())
            if answer.status == 401:
                raise Unauthorised(gone(PLATFORM, "HTTP 401"))
            raise Transient(f"{PLATFORM} gave an unexpected answer (HTTP {answer.status}).")
        raise _failure(faults)


class _Expired(Exception):
    """The signed address of a report is good no more."""


def _faults(body: bytes) -> list[_Fault]:
    found = peeked(body, _Faults) or _Faults()
    lists = (found.operation_errors, found.errors, found.batch_errors)
    return [fault for faults in lists for fault in faults or ()]


def _failure(faults: list[_Fault]) -> Exception:
    codes = {fault.code for fault in faults}
    words = said("; ".join(f"{fault.message} ({fault.code})" for fault in faults[:3]))
    first = str(faults[0].code)
    if codes & TOKEN_CODES:
        return Unauthorised(gone(PLATFORM, words))
    if waits := [wait for code, wait in WAIT_CODES.items() if code in codes]:
        return Transient(f"{PLATFORM} asks for fewer requests: {words}.", delay=max(waits))
    if INTERNAL in codes:
        return Transient(f"{PLATFORM} has a problem of its own: {words}.")
    if NO_PERMISSION in codes:
        return Terminal(
            f"{PLATFORM}: the log-in may not see this account: {words}.",
            cause=Cause.PERMISSION,
            vendor_code=first,
            hint="Give it access in Microsoft Advertising, and check account and customer id.",
        )
    return Terminal(
        f"{PLATFORM} does not take the request: {words}.", cause=Cause.REQUEST, vendor_code=first
    )
