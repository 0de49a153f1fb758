"""360 点睛: keyword reports, a day at a time, page by page, all values as texts.

NOTE: five wrong log-ins lock the account until the next day. A log-in is tried once in a pull and
never repeated; one that is refused is not tried again until the connection is changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import ClassVar, TypeVar

import httpx
import msgspec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tracker.period import Period, local_day, parse_zone
from tracker.spend.connectors.answers import decoded, peeked, reading, said
from tracker.spend.connectors.batches import Sorter
from tracker.spend.connectors.contract import (
    AccountRef,
    Batch,
    Capability,
    Complete,
    Schedule,
    each_day,
)
from tracker.spend.connectors.credentials import ACCESS_TOKEN, Credentials, Grant
from tracker.spend.connectors.failures import Cause, Terminal, Transient, Unauthorised
from tracker.spend.connectors.held import Held, Span
from tracker.spend.connectors.http import Answer, Wire, refuse_passing
from tracker.spend.connectors.tokens import Tokens, gone
from tracker.spend.connectors.values import amount_of, count_of, day_of, device_of, id_of, name_of
from tracker.spend.files.rows import SpendRow

PLATFORM = "360"
#: A report that changes while its pages are read is begun again so often.
READINGS = 3
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Qihoo360Settings:
    """Everything here is from secondary sources.

    ``login_path`` is ``/uc/account/clientLogin`` in a newer one. ``timezone`` is that of report
    days. ``not_ready`` are ``failures[].code`` of a report that is not made yet, asked for again
    after ``not_ready_wait`` seconds; ``token_codes`` those of a token that is not accepted (none
    is known: a new log-in costs an attempt, so an unknown failure never makes one). A token lives
    ten hours and is renewed after ``token_life`` seconds.
    """

    api_url: str = "https://api.e.360.cn"
    login_path: str = "/account/clientLogin"
    timezone: str = "Asia/Shanghai"
    not_ready: frozenset[str] = frozenset({"70109"})
    not_ready_wait: float = 1800.0
    token_codes: frozenset[str] = frozenset()
    token_life: int = 8 * 3600


class _Failure(msgspec.Struct):
    code: int | str = ""
    message: str = ""


class _Failed(msgspec.Struct):
    failures: list[_Failure] | None = None


class _Count(msgspec.Struct, rename="camel"):
    total_number: int | str
    total_page: int | str


class _Row(msgspec.Struct, rename="camel"):
    date: str
    group_id: str | int | None = None
    group_name: str | None = None
    campaign_id: str | int | None = None
    campaign_name: str | None = None
    keyword_id: str | int | None = None
    keyword: str | None = None
    type: str | None = None
    views: str | int | None = None
    clicks: str | int | None = None
    total_cost: str | None = None


class _Page(msgspec.Struct, rename="camel"):
    keyword_list: list[_Row] | None


class _LogIn(msgspec.Struct, rename="camel"):
    access_token: str = ""
    failures: list[_Failure] | None = None


@dataclass(slots=True)
class Qihoo360:
    """One account. The grant has ``api_key``, ``api_secret`` (32 characters or more),
    ``username`` and ``password``."""

    credentials: Credentials
    wire: Wire
    settings: Qihoo360Settings = field(default_factory=Qihoo360Settings)
    _tokens: Tokens = field(init=False)

    platform: ClassVar[str] = "360"
    capabilities: ClassVar[frozenset[Capability]] = frozenset({Capability.KEYWORDS})
    #: The day before is there about 08:30. How long days are kept is not known.
    schedule: ClassVar[Schedule] = Schedule("Asia/Shanghai", time(9), 7, 30, 365)

    def __post_init__(self) -> None:
        self._tokens = Tokens(PLATFORM, self.credentials, self.wire, self._log_in)

    async def fetch(
        self, account: AccountRef, days: Period, want: Capability
    ) -> AsyncGenerator[Batch | Complete, None]:
        """See ``Connector``: a day at a time; the newest is yesterday."""
        if want not in self.capabilities:
            raise Terminal(f"{PLATFORM} has no report of {want}.", cause=Cause.REQUEST)
        self.wire.tally.add(days_asked=days.days)
        for day in each_day(days):
            self._check_over(day)
            portion = Period(day, day)
            sorter = Sorter(PLATFORM, account, portion, self.wire.tally)
            sorter.describe("CNY", self.settings.timezone)
            with Held(self.wire.scratch) as held:
                for line, row in enumerate(_rows(held, await self._pages(held, day)), 1):
                    with reading(PLATFORM):
                        batch = sorter.add(day_of(row.date, "date"), _spend(row, account, line))
                    if batch:
                        yield batch
            for batch in sorter.rest():
                yield batch
            self.wire.tally.add(days=1)
            yield Complete(portion)

    async def accounts(self) -> Sequence[AccountRef]:
        """(): a log-in is one account. Checks that it is accepted, which counts as an attempt."""
        await self._tokens.grant()
        return ()

    async def _pages(self, held: Held, day: date) -> list[Span]:
        for _ in range(READINGS):
            held.clear()
            count = await self._ask("keywordCount", day, 1, _Count)
            with reading(PLATFORM):
                total = count_of(count.total_number, "totalNumber")
                pages = count_of(count.total_page, "totalPage")
            spans: list[Span] = []
            rows = 0
            for number in range(1, pages + 1):
                page = await self._ask("keyword", day, number, _Page)
                rows += len(page.keyword_list or ())
                if rows > total or not page.keyword_list:
                    break
                spans.append(held.append(msgspec.json.encode(page)))
            if rows == total:
                return spans
            await self.wire.wait(self.wire.patience.first_wait)
        raise Transient(f"{PLATFORM}'s report of {day} does not have the rows that it should have.")

    async def _ask(self, report: str, day: date, page: int, kind: type[T]) -> T:
        def request(grant: Grant) -> httpx.Request:
            headers = {
                "apiKey": grant.need("api_key", PLATFORM), "accessToken": grant.get(ACCESS_TOKEN),
            }  # fmt: skip
            form = {
                "startDate": day.isoformat(), "endDate": day.isoformat(), "level": "account",
                "type": "all", "page": str(page),
            }  # fmt: skip
            url = f"{self.settings.api_url}/dianjing/report/{report}"
            return self.wire.client.build_request("POST", url, headers=headers, data=form)

        def judge(answer: Answer) -> None:
            self._judge(answer)
            decoded(PLATFORM, answer.body, kind)

        answer = await self._tokens.call(request, judge)
        return decoded(PLATFORM, answer.body, kind)

    def _judge(self, answer: Answer) -> None:
        refuse_passing(PLATFORM, answer, self.wire.clock())
        failures = (peeked(answer.body, _Failed) or _Failed()).failures or []
        codes = {str(failure.code) for failure in failures}
        if codes & self.settings.not_ready:
            raise Transient(
                f"{PLATFORM} has not made the report of this day yet.",
                delay=self.settings.not_ready_wait,
            )
        if answer.status in (401, 403) or codes & self.settings.token_codes:
            raise Unauthorised(gone(PLATFORM, _words(failures) or f"HTTP {answer.status}"))
        if failures or answer.status != 200:
            raise Terminal(
                f"{PLATFORM} does not make the report: "
                f"{_words(failures) or f'HTTP {answer.status}'}.",
                cause=Cause.REQUEST,
                vendor_code=next(iter(sorted(codes)), ""),
            )

    def _check_over(self, day: date) -> None:
        zone = parse_zone(self.settings.timezone)
        if day >= local_day(self.wire.clock(), zone):
            raise Transient(
                f"{PLATFORM} reports a day when it is over; {day} is not.",
                delay=self.settings.not_ready_wait,
            )

    async def _log_in(self, grant: Grant) -> Grant:
        """One attempt. Transient when the platform could not be asked, which is no attempt."""

        async def request() -> httpx.Request:
            form = {
                "username": grant.need("username", PLATFORM),
                "passwd": encrypted(
                    grant.need("password", PLATFORM), grant.need("api_secret", PLATFORM)
                ),
                "format": "json",
            }
            self.wire.secrets.add(form["passwd"])
            headers = {"apiKey": grant.need("api_key", PLATFORM)}
            url = self.settings.api_url + self.settings.login_path
            return self.wire.client.build_request("POST", url, headers=headers, data=form)

        answer = await self.wire.call(request, self._judge_log_in, once=True)
        token = (peeked(answer.body, _LogIn) or _LogIn()).access_token
        expires = self.wire.clock() + timedelta(seconds=self.settings.token_life)
        return grant.with_token(token, expires)

    def _judge_log_in(self, answer: Answer) -> None:
        refuse_passing(PLATFORM, answer, self.wire.clock())
        found = peeked(answer.body, _LogIn)
        if found is None:
            raise Transient(f"{PLATFORM} gave no answer to the log-in that can be read.")
        if not found.access_token:
            code = next((str(one.code) for one in found.failures or ()), f"HTTP {answer.status}")
            raise Terminal(
                f"{PLATFORM} refused the log-in: {_words(found.failures or []) or code}.",
                cause=Cause.AUTHORISATION,
                vendor_code=code,
                hint="Check user name and password and enter them again. It is not tried again "
                "before that: five wrong log-ins would lock the account until tomorrow.",
            )


def encrypted(password: str, api_secret: str) -> str:
    """The password as the log-in takes it: hex of AES-128-CBC over its MD5, without padding. Key
    and initial vector are halves of the API secret. Terminal for a secret that is too short."""
    secret = api_secret.encode()
    if len(secret) < 32:
        raise Terminal(
            f"{PLATFORM}: the API secret has {len(secret)} characters; it has 32.",
            cause=Cause.SETTING,
            hint="Copy it again from the API page of the account.",
        )
    digest = hashlib.md5(password.encode(), usedforsecurity=False).hexdigest()
    cipher = Cipher(algorithms.AES128(secret[:16]), modes.CBC(secret[16:32])).encryptor()
    return (cipher.update(digest.encode()) + cipher.finalize()).hex()


def _spend(row: _Row, account: AccountRef, line: int) -> SpendRow:
    keyword = name_of(row.keyword)
    return SpendRow(
        line=line,
        day=day_of(row.date, "date"),
        account=account.account,
        campaign=name_of(row.campaign_name),
        campaign_id=id_of(row.campaign_id, "campaignId"),
        ad_group=name_of(row.group_name),
        ad_group_id=id_of(row.group_id, "groupId"),
        keyword=keyword,
        keyword_id=id_of(row.keyword_id, "keywordId"),
        match_type="",
        match_type_text="",
        device=device_of(row.type),
        network="",
        impressions=count_of(row.views, "views"),
        clicks=count_of(row.clicks, "clicks"),
        cost=amount_of(row.total_cost, "totalCost"),
        currency="CNY",
        platform_conversions=None,
        platform_value=None,
        kind="keyword" if keyword else "unallocated",
        reason="" if keyword else "no_keyword",
    )


def _rows(held: Held, spans: Sequence[Span]) -> Iterator[_Row]:
    for span in spans:
        yield from decoded(PLATFORM, held.read(span), _Page).keyword_list or ()


def _words(failures: Sequence[_Failure]) -> str:
    return "; ".join(f"{said(one.message)} ({said(str(one.code))})" for one in failures[:3])
