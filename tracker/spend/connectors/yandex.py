"""Yandex Direct: the Reports service, which queues a report and gives it to the same request again.

201 and 202 mean: ask again after ``retryIn`` seconds. A report too big to make is asked for in
two halves of its days. Reports do not name a currency, so the account has to.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import time, timedelta
from typing import Any, ClassVar

import httpx
import msgspec

from tracker.period import Period
from tracker.spend.connectors.answers import peeked, reading, said
from tracker.spend.connectors.batches import Sorter
from tracker.spend.connectors.contract import (
    AccountRef,
    Batch,
    Capability,
    Complete,
    Schedule,
    portions,
)
from tracker.spend.connectors.credentials import (
    ACCESS_TOKEN,
    REFRESH_TOKEN,
    Credentials,
    Grant,
)
from tracker.spend.connectors.failures import Cause, Terminal, Transient, Unauthorised
from tracker.spend.connectors.held import Held
from tracker.spend.connectors.http import Answer, Wire, refuse_passing, retry_after
from tracker.spend.connectors.tokens import RefreshForm, Tokens, gone
from tracker.spend.connectors.yandex_report import (
    PLATFORM,
    cells,
    check_whole,
    day_of_row,
    request_of,
    row_of,
)

#: Error codes: of a token, of units that come back by the hour, of limits, of the platform.
TOKEN, UNITS = 53, 152
LIMITS = frozenset({56, 506, 9000})
SERVER = frozenset({52, 1000, 1001, 1002})
NO_RIGHTS = 54
UNITS_WAIT = 3600.0
LIMIT_GROWTH = 10.0
#: A queued report that does not say when to ask again is asked for after so many seconds.
USUAL_RETRY = 30.0


@dataclass(frozen=True, slots=True)
class YandexSettings:
    """``timezone`` is that of report days, which is not certain. Costs are with VAT unless
    ``vat`` is off. ``token_url`` and renewing are from the OAuth pages: a token lives about a
    year. ``summary`` asks for the last line that tells how many rows there are, and refuses a
    report without it. ``spacing`` keeps to 20 requests in ten seconds."""

    api_url: str = "https://api.direct.yandex.com/json/v501/reports"
    token_url: str = "https://oauth.yandex.com/token"
    timezone: str = "Europe/Moscow"
    vat: bool = True
    days_per_report: int = 31
    summary: bool = True
    spacing: float = 0.5


class _Error(msgspec.Struct):
    error_code: int | str = 0
    error_string: str = ""
    error_detail: str = ""


class _Envelope(msgspec.Struct):
    error: _Error | None = None


class _TooBig(Exception):
    """The platform cannot make a report of so many days."""


@dataclass(slots=True)
class Yandex:
    """One log-in. The grant has ``access_token`` and, to renew it, ``refresh_token``,
    ``client_id`` and ``client_secret``. ``AccountRef.login`` is the client of an agency."""

    credentials: Credentials
    wire: Wire
    settings: YandexSettings = field(default_factory=YandexSettings)
    _tokens: Tokens = field(init=False)

    platform: ClassVar[str] = "yandex"
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {Capability.KEYWORDS, Capability.SEARCH_TERMS, Capability.ACCOUNT_TOTALS}
    )
    #: Figures are restated for three days. How long days are kept is not known: three years.
    schedule: ClassVar[Schedule] = Schedule("Europe/Moscow", time(6), 3, 30, 1095)

    def __post_init__(self) -> None:
        self._tokens = Tokens(PLATFORM, self.credentials, self.wire, self._renew)
        self.wire.spacing = self.settings.spacing

    async def fetch(
        self, account: AccountRef, days: Period, want: Capability
    ) -> AsyncGenerator[Batch | Complete, None]:
        """See ``Connector``: a report for each portion of days."""
        self._check(account, want)
        self.wire.tally.add(days_asked=days.days)
        stamp = self.wire.clock().isoformat()
        waiting = portions(days, self.settings.days_per_report)
        while waiting:
            portion = waiting.pop(0)
            with Held(self.wire.scratch) as held:
                body = request_of(portion, want, self.settings.vat, stamp)
                try:
                    await self._report(held, account, body, splits=portion.days > 1)
                except _TooBig:
                    waiting[:0] = portions(portion, (portion.days + 1) // 2)
                    continue
                for batch in self._batches(held, account, portion, want):
                    yield batch
            self.wire.tally.add(days=portion.days)
            yield Complete(portion)

    async def accounts(self) -> Sequence[AccountRef]:
        """(): accounts are entered by login. Checks that there is an authorisation."""
        await self._tokens.grant()
        return ()

    def _batches(
        self, held: Held, account: AccountRef, days: Period, want: Capability
    ) -> Iterator[Batch]:
        sorter = Sorter(PLATFORM, account, days, self.wire.tally)
        sorter.describe(account.currency, self.settings.timezone)
        for line, row in enumerate(cells(held.rewound(), want, self.settings.summary), 1):
            with reading(PLATFORM):
                batch = sorter.add(day_of_row(row), row_of(row, account.account, want, line))
            if batch:
                yield batch
        yield from sorter.rest()

    async def _report(
        self, held: Held, account: AccountRef, body: dict[str, Any], *, splits: bool
    ) -> None:
        """A whole report in ``held``."""
        until = self.wire.clock() + timedelta(seconds=self.wire.patience.report)

        def request(grant: Grant) -> httpx.Request:
            headers = {
                "Authorization": f"Bearer {grant.get(ACCESS_TOKEN)}",
                "Accept-Language": "en", "processingMode": "auto", "returnMoneyInMicros": "false",
                "skipReportHeader": "true",
                "skipReportSummary": "false" if self.settings.summary else "true",
            }  # fmt: skip
            if account.login:
                headers["Client-Login"] = account.login
            return self.wire.client.build_request(
                "POST", self.settings.api_url, headers=headers, json=body
            )

        def judge(answer: Answer) -> None:
            if answer.status == 502 and splits:
                raise _TooBig
            self._judge(answer)
            if answer.status == 200:
                check_whole(held.rewound(), self.settings.summary)

        while True:
            answer = await self._tokens.call(request, judge, into=held)
            if answer.status == 200:
                return
            wait = retry_after(answer.headers, self.wire.clock(), "retryIn") or USUAL_RETRY
            if self.wire.clock() + timedelta(seconds=wait) > until:
                raise Transient(f"{PLATFORM} has not made the report in time; asked again later.")
            await self.wire.wait(wait)

    def _judge(self, answer: Answer) -> None:
        if answer.status in (200, 201, 202):
            return
        error = (peeked(answer.body, _Envelope) or _Envelope()).error
        if error is None:
            refuse_passing(PLATFORM, answer, self.wire.clock())
            if answer.status == 401:
                raise Unauthorised(gone(PLATFORM, "HTTP 401"))
            raise Transient(f"{PLATFORM} gave an unexpected answer (HTTP {answer.status}).")
        raise _failure(error, retry_after(answer.headers, self.wire.clock(), "retryIn"))

    async def _renew(self, grant: Grant) -> Grant:
        if not grant.get(REFRESH_TOKEN):
            raise gone(PLATFORM, "the token is not accepted")
        return await RefreshForm(PLATFORM, self.wire, self.settings.token_url).renew(grant)

    def _check(self, account: AccountRef, want: Capability) -> None:
        if want not in self.capabilities:
            raise Terminal(f"{PLATFORM} has no report of {want}.", cause=Cause.REQUEST)
        if not account.currency:
            raise Terminal(
                f"{PLATFORM} reports name no currency, and none is known of {account.account}.",
                cause=Cause.SETTING,
                hint="Enter the currency in the settings of the account.",
            )


def _failure(error: _Error, delay: float | None) -> Exception:
    try:
        code = int(error.error_code)
    except ValueError:
        code = 0
    words = said(f"{error.error_string}: {error.error_detail} ({error.error_code})")
    if code == TOKEN:
        return Unauthorised(gone(PLATFORM, words))
    if code == UNITS:
        return Transient(f"{PLATFORM} has no more units for this hour: {words}.", delay=UNITS_WAIT)
    if code in LIMITS:
        return Transient(
            f"{PLATFORM} asks for fewer requests: {words}.", delay=delay, grow_from=LIMIT_GROWTH
        )
    if code in SERVER:
        return Transient(f"{PLATFORM} has a problem of its own: {words}.", delay=delay)
    cause = Cause.PERMISSION if code == NO_RIGHTS else Cause.REQUEST
    return Terminal(
        f"{PLATFORM} does not take the request: {words}.", cause=cause, vendor_code=str(code)
    )
