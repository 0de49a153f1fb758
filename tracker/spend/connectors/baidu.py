"""Baidu 营销 (search): reports by getReportData, a day at a time, page by page.

A day's pages are held until all are there and agree on how many rows there are. The token goes in
the body of each request, so no body is ever logged.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from typing import ClassVar

import httpx

from tracker.period import Period
from tracker.spend.connectors.answers import decoded, peeked, reading, said, unreadable
from tracker.spend.connectors.baidu_answers import (
    PLATFORM,
    Head,
    Header,
    NewToken,
    Renewal,
    cells,
    report_of,
)
from tracker.spend.connectors.baidu_rows import Cells, Reader
from tracker.spend.connectors.batches import Sorter
from tracker.spend.connectors.contract import (
    AccountRef,
    Batch,
    Capability,
    Complete,
    Schedule,
    each_day,
)
from tracker.spend.connectors.credentials import (
    ACCESS_TOKEN,
    REFRESH_TOKEN,
    Credentials,
    Grant,
)
from tracker.spend.connectors.failures import Cause, Terminal, Transient, Unauthorised
from tracker.spend.connectors.held import Held, Span
from tracker.spend.connectors.http import Answer, Wire, refuse_passing
from tracker.spend.connectors.tokens import Tokens, expiry, gone

#: Answers of ``header.status``.
DONE, PARTIAL, FAILED, SYSTEM = 0, 1, 2, 3
#: A report that changes while its pages are read is begun again so often.
READINGS = 3

_NAMES = (
    "date", "userName", "userId", "campaignId", "campaignNameStatus", "adGroupId",
    "adGroupNameStatus",
)  # fmt: skip
_FIGURES = ("impression", "click", "cost")


@dataclass(frozen=True, slots=True)
class BaiduSettings:
    """Everything that is not certain about the platform, from secondary sources.

    ``timezone`` is that of report days. ``cost_unit`` is what a cost of 1 is, in yuan.
    ``keyword_extras`` are further columns; leave them out if the platform refuses them.
    ``search_terms`` has another number in one source (1900005), and ``search_term_column`` is a
    guess. ``token_codes`` and ``quota_codes`` are ``failures[].code`` of an expired token and of
    an exhausted quota: none is known, so any failure renews the token once. ``rows`` is the size
    of a page. ``spacing`` keeps to 50 requests a second.
    """

    api_url: str = "https://api.baidu.com/json/sms/service/OpenApiReportService/getReportData"
    token_url: str = "https://u.baidu.com/oauth/refreshToken"
    timezone: str = "Asia/Shanghai"
    cost_unit: Decimal = Decimal(1)
    keywords: int = 2602783
    keyword_extras: tuple[str, ...] = ("device", "mixWmatchEnum")
    search_terms: int = 2307838
    search_term_column: str = "queryWord"
    account_totals: int = 2208157
    rows: int = 1000
    token_codes: frozenset[int] = frozenset()
    quota_codes: frozenset[int] = frozenset()
    quota_wait: float = 60.0
    spacing: float = 0.02

    def report(self, want: Capability) -> tuple[int, tuple[str, ...]]:
        """Number and columns of a report."""
        if want is Capability.ACCOUNT_TOTALS:
            return self.account_totals, ("date", "userName", "userId", *_FIGURES)
        word = ("wInfoId", "wInfoNameStatus")
        if want is Capability.SEARCH_TERMS:
            return self.search_terms, (*_NAMES, *word, self.search_term_column, *_FIGURES)
        extras = self.keyword_extras
        return self.keywords, (*_NAMES, "winfoIdTypeEnum", *word, *extras, *_FIGURES)


@dataclass(slots=True)
class Baidu:
    """One authorisation. The grant has ``app_id``, ``secret_key``, ``refresh_token``, ``user_id``.

    Accounts are addressed by ``AccountRef.login``, the userName."""

    credentials: Credentials
    wire: Wire
    settings: BaiduSettings = field(default_factory=BaiduSettings)
    _tokens: Tokens = field(init=False)

    platform: ClassVar[str] = "baidu"
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {Capability.KEYWORDS, Capability.SEARCH_TERMS, Capability.ACCOUNT_TOTALS}
    )
    #: The day before is there after 08:00; ranges go back 731 days.
    schedule: ClassVar[Schedule] = Schedule("Asia/Shanghai", time(8, 30), 7, 30, 731)

    def __post_init__(self) -> None:
        self._tokens = Tokens(PLATFORM, self.credentials, self.wire, self._renew)
        self.wire.spacing = self.settings.spacing

    async def fetch(
        self, account: AccountRef, days: Period, want: Capability
    ) -> AsyncGenerator[Batch | Complete, None]:
        """See ``Connector``: a day at a time."""
        self._check(account, want)
        self.wire.tally.add(days_asked=days.days)
        reader = Reader(self.settings.cost_unit, self.settings.search_term_column)
        for day in each_day(days):
            portion = Period(day, day)
            sorter = Sorter(PLATFORM, account, portion, self.wire.tally)
            sorter.describe("CNY", self.settings.timezone)
            with Held(self.wire.scratch) as held:
                spans = await self._pages(held, account, day, want)
                for line, row in enumerate(cells(held, spans), 1):
                    _check_owner(row, account)
                    with reading(PLATFORM):
                        batch = sorter.add(reader.day(row), reader.row(row, want, line))
                    if batch:
                        yield batch
            for batch in sorter.rest():
                yield batch
            self.wire.tally.add(days=1)
            yield Complete(portion)

    async def accounts(self) -> Sequence[AccountRef]:
        """(): the accounts are entered by name. Checks that the authorisation is good."""
        await self._tokens.grant()
        return ()

    async def _pages(
        self, held: Held, account: AccountRef, day: date, want: Capability
    ) -> list[Span]:
        for _ in range(READINGS):
            held.clear()
            spans = await self._reading(held, account, day, want)
            if spans is not None:
                return spans
            await self.wire.wait(self.wire.patience.first_wait)
        raise Transient(f"{PLATFORM}'s report of {day} changed while it was read, every time.")

    async def _reading(
        self, held: Held, account: AccountRef, day: date, want: Capability
    ) -> list[Span] | None:
        """The pages of a day, None if its number of rows changed between two of them."""
        spans: list[Span] = []
        start, total = 0, None
        while total is None or start < total:
            body = await self._page(account, day, want, start)
            data = report_of(body).data
            count = sum(len(one.rows or ()) for one in data)
            now = sum(one.total_row_count or 0 for one in data)
            if (total is not None and now != total) or now < start + count:
                return None
            if not count and start < now:
                return None
            spans.append(held.append(body))
            start, total = start + count, now
        return spans

    async def _page(self, account: AccountRef, day: date, want: Capability, start: int) -> bytes:
        number, columns = self.settings.report(want)
        body = {
            "reportType": number, "timeUnit": "DAY", "startDate": day.isoformat(),
            "endDate": day.isoformat(), "columns": columns, "sorts": [], "filters": [],
            "startRow": start, "rowCount": self.settings.rows, "needSum": False,
        }  # fmt: skip

        def request(grant: Grant) -> httpx.Request:
            header = {"userName": account.login, "accessToken": grant.get(ACCESS_TOKEN)}
            return self.wire.client.build_request(
                "POST", self.settings.api_url, json={"header": header, "body": body}
            )

        return (await self._tokens.call(request, self._judge)).body

    def _judge(self, answer: Answer) -> None:
        refuse_passing(PLATFORM, answer, self.wire.clock())
        if answer.status in (401, 403):
            raise Unauthorised(gone(PLATFORM, f"HTTP {answer.status}"))
        if answer.status != 200:
            raise Terminal(
                f"{PLATFORM} does not take the request (HTTP {answer.status}).", cause=Cause.REQUEST
            )
        header = decoded(PLATFORM, answer.body, Head).header
        if header.status != DONE:
            raise self._failure(header)

    def _failure(self, header: Header) -> Exception:
        failures = header.failures or []
        codes = {str(one.code) for one in failures}
        words = "; ".join(f"{said(one.message)} ({said(str(one.code))})" for one in failures[:3])
        words = words or said(header.desc) or f"status {header.status}"
        if codes & {str(code) for code in self.settings.quota_codes}:
            return Transient(
                f"{PLATFORM} asks for fewer requests: {words}.", delay=self.settings.quota_wait
            )
        if header.status in (PARTIAL, SYSTEM):
            return Transient(f"{PLATFORM} could not make the report: {words}.")
        known = codes & {str(code) for code in self.settings.token_codes}
        what = "does not take the token" if known else "refused, even with a new token"
        return Unauthorised(
            Terminal(
                f"{PLATFORM} {what}: {words}.",
                cause=Cause.AUTHORISATION,
                vendor_code=next(iter(sorted(codes)), ""),
                hint="Connect the account again, and see that the application may read reports.",
            )
        )

    async def _renew(self, grant: Grant) -> Grant:
        async def request() -> httpx.Request:
            user = grant.need("user_id", PLATFORM)
            content = {
                "appId": grant.need("app_id", PLATFORM),
                "refreshToken": grant.need(REFRESH_TOKEN, PLATFORM),
                "secretKey": grant.need("secret_key", PLATFORM),
                "userId": int(user) if user.isdecimal() else user,
            }
            return self.wire.client.build_request("POST", self.settings.token_url, json=content)

        answer = await self.wire.call(request, self._judge_renewal)
        token = (peeked(answer.body, Renewal) or Renewal()).data or NewToken()
        return grant.with_token(
            token.access_token,
            expiry(self.wire.clock(), token.expires_in),
            refresh_token=token.refresh_token,
        )

    def _judge_renewal(self, answer: Answer) -> None:
        refuse_passing(PLATFORM, answer, self.wire.clock())
        renewal = peeked(answer.body, Renewal)
        if renewal is None or renewal.code == -1:
            raise Transient(f"{PLATFORM} gave no access token (HTTP {answer.status}).")
        if str(renewal.code) != "0":
            raise gone(PLATFORM, f"{said(str(renewal.code))} {said(renewal.message)}".strip())
        if not (renewal.data and renewal.data.access_token):
            raise Transient(f"{PLATFORM} answered without an access token.")

    def _check(self, account: AccountRef, want: Capability) -> None:
        if want not in self.capabilities:
            raise Terminal(f"{PLATFORM} has no report of {want}.", cause=Cause.REQUEST)
        if not account.login:
            raise Terminal(
                f"{PLATFORM} addresses accounts by user name, and {account.account} has none.",
                cause=Cause.SETTING,
                hint="Enter the user name (账户名) in the settings of the account.",
            )


def _check_owner(row: Cells, account: AccountRef) -> None:
    owner = row.get("userId")
    if account.account.isdecimal() and owner is not None and str(owner) != account.account:
        raise unreadable(PLATFORM, "it has rows of another account")
