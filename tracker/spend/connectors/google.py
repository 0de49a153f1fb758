"""Google Ads: reports by searchStream, one GAQL query for each portion of days.

An answer is an array of chunks; it is held until its end was seen, then read chunk by chunk.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import time, timedelta
from typing import ClassVar

import httpx
import msgspec

from tracker.period import Period, local_day, parse_zone
from tracker.spend.connectors.answers import decoded, peeked, reading, unreadable
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
from tracker.spend.connectors.failures import Cause, Terminal
from tracker.spend.connectors.google_failures import PLATFORM, Envelope, error_in, failure
from tracker.spend.connectors.google_queries import ACCOUNTS, queries
from tracker.spend.connectors.google_rows import (
    Chunk,
    Client,
    Reader,
    Result,
    day_of_result,
    reader_of,
    results_of,
)
from tracker.spend.connectors.held import Held, Span
from tracker.spend.connectors.http import Answer, Wire
from tracker.spend.connectors.stream import keyed_spans, spans
from tracker.spend.connectors.tokens import RefreshForm, Tokens

#: Errors are small: an element larger than this holds rows, and is not looked through for one.
ERROR_SIZE = 64 << 10


@dataclass(frozen=True, slots=True)
class GoogleSettings:
    """``version`` lives about twelve months. ``days_per_query`` bounds an answer. click_view goes
    back ``click_days``. ``invalid_clicks`` asks for that metric beside the totals; leave it out
    if the platform refuses it."""

    api_url: str = "https://googleads.googleapis.com"
    token_url: str = "https://oauth2.googleapis.com/token"
    version: str = "v25"
    days_per_query: int = 7
    click_days: int = 90
    invalid_clicks: bool = True


class _Accessible(msgspec.Struct, rename="camel"):
    resource_names: list[str] = []


@dataclass(slots=True)
class GoogleAds:
    """One log-in at Google Ads. The grant has ``client_id``, ``client_secret``,
    ``refresh_token``, and may have ``developer_token`` (no longer needed since September 2026)."""

    credentials: Credentials
    wire: Wire
    settings: GoogleSettings = field(default_factory=GoogleSettings)
    _tokens: Tokens = field(init=False)

    platform: ClassVar[str] = "google"
    capabilities: ClassVar[frozenset[Capability]] = frozenset(Capability)
    #: The previous day is final about 03:00 in the account's zone; conversions are booked on the
    #: day of the click for 90 days; daily data is kept 37 months.
    schedule: ClassVar[Schedule] = Schedule("", time(4), 7, 90, 1125, 90)

    def __post_init__(self) -> None:
        form = RefreshForm(PLATFORM, self.wire, self.settings.token_url)
        self._tokens = Tokens(PLATFORM, self.credentials, self.wire, form.renew)

    async def fetch(
        self, account: AccountRef, days: Period, want: Capability
    ) -> AsyncGenerator[Batch | Complete, None]:
        """See ``Connector``. Clicks go back 90 days at most, one day a query."""
        self._check(account, days, want)
        size = 1 if want is Capability.CLICKS else self.settings.days_per_query
        self.wire.tally.add(days_asked=days.days)
        for portion in portions(days, size):
            sorter = Sorter(PLATFORM, account, portion, self.wire.tally)
            if want is Capability.CLICKS:  # other rows describe the account themselves
                sorter.describe(account.currency, account.timezone)
            line, reader = 0, reader_of(want)
            with reading(PLATFORM):
                for query in queries(want, portion, invalid=self.settings.invalid_clicks):
                    async for results in self._chunks(account.account, account.manager, query):
                        for batch in _sorted(sorter, results, reader, line):
                            yield batch
                        line += len(results)
            for batch in sorter.rest():
                yield batch
            self.wire.tally.add(days=portion.days)
            yield Complete(portion)

    async def accounts(self) -> Sequence[AccountRef]:
        """The accounts of the log-in and those below its managers, each once."""
        answer = await self._tokens.call(
            lambda grant: self.wire.client.build_request(
                "GET", self._url("customers:listAccessibleCustomers"), headers=_headers(grant)
            ),
            self._judge_list,
        )
        found: dict[str, AccountRef] = {}
        for name in decoded(PLATFORM, answer.body, _Accessible).resource_names:
            root = name.rpartition("/")[2]
            for client in await self._below(root):
                found.setdefault(client.id, _account(client, root))
        return list(found.values())

    async def _below(self, root: str) -> list[Client]:
        try:
            chunks = self._chunks(root, root, ACCOUNTS)
            return [one.customer_client async for results in chunks for one in results]
        except Terminal as error:
            if error.cause in (Cause.ACCOUNT, Cause.PERMISSION):
                return []  # closed, or not for this log-in: the others are still listed
            raise

    async def _chunks(self, customer: str, manager: str, query: str) -> AsyncIterator[list[Result]]:
        url = self._url(f"customers/{_digits(customer)}/googleAds:searchStream")
        found: list[Span] = []

        def request(grant: Grant) -> httpx.Request:
            headers = _headers(grant, manager)
            return self.wire.client.build_request(
                "POST", url, headers=headers, json={"query": query}
            )

        with Held(self.wire.scratch) as held:

            def judge(answer: Answer) -> None:
                self._judge(answer)
                found[:] = _whole(held)

            await self._tokens.call(request, judge, into=held)
            for span in found:
                chunk = decoded(PLATFORM, held.read(span), Chunk)
                for results in results_of(PLATFORM, chunk):
                    yield results

    def _check(self, account: AccountRef, days: Period, want: Capability) -> None:
        if account.is_manager:
            raise Terminal(
                f"{PLATFORM}: {account.account} is a manager account, which spends nothing itself.",
                cause=Cause.ACCOUNT,
                hint="Choose the accounts below it instead.",
            )
        if want is not Capability.CLICKS:
            return
        zone = parse_zone(account.timezone or "UTC")
        oldest = local_day(self.wire.clock(), zone) - timedelta(days=self.settings.click_days)
        if days.first < oldest:
            raise Terminal(
                f"{PLATFORM} tells the keyword of a click for {self.settings.click_days} days; "
                f"{days.first} is before {oldest}.",
                cause=Cause.REQUEST,
                hint="Ask for later days.",
            )

    def _judge(self, answer: Answer) -> None:
        if not 200 <= answer.status < 300:
            raise failure(answer.status, error_in(answer.body))

    def _judge_list(self, answer: Answer) -> None:
        self._judge(answer)
        decoded(PLATFORM, answer.body, _Accessible)  # a torn answer is had again

    def _url(self, path: str) -> str:
        return f"{self.settings.api_url}/{self.settings.version}/{path}"


def _sorted(sorter: Sorter, results: list[Result], reader: Reader, line: int) -> Iterator[Batch]:
    """The batches that the rows of a chunk fill; ``line`` rows were before them."""
    ours = {"", sorter.account.account, _digits(sorter.account.account)}
    for number, result in enumerate(results, line + 1):
        customer = result.customer
        if customer.id not in ours:
            raise unreadable(PLATFORM, "it has rows of another account")
        sorter.describe(customer.currency_code, customer.time_zone)
        day = day_of_result(result)
        if batch := sorter.add(day, reader(result, number, day)):
            yield batch


def _whole(held: Held) -> list[Span]:
    """Where the chunks lie. Raises what an error among them amounts to, Transient if torn."""
    quick = keyed_spans(held.rewound(), "results")
    if quick is not None and all(_clean(held, span) for span in quick):
        return quick
    found = spans(held.rewound(), PLATFORM)
    for span in found:
        if span[1] <= ERROR_SIZE and (error := error_in(held.read(span))):
            raise failure(error.code or 500, error)
    return found


def _clean(held: Held, span: Span) -> bool:
    """Whether that is one whole object, and no error."""
    one = peeked(held.read(span), Envelope)
    return one is not None and one.error is None


def _headers(grant: Grant, manager: str = "") -> dict[str, str]:
    headers = {"Authorization": f"Bearer {grant.get(ACCESS_TOKEN)}"}
    if manager:
        headers["login-customer-id"] = _digits(manager)
    if developer := grant.get("developer_token"):
        headers["developer-token"] = developer
    return headers


def _digits(customer: str) -> str:
    """``123-456-7890`` to ``1234567890``; Terminal for what is no account number."""
    digits = customer.replace("-", "").strip()
    if not (digits.isascii() and digits.isdigit()):
        raise Terminal(
            f"{PLATFORM}: {customer!r} is no account number.",
            cause=Cause.SETTING,
            hint="It has ten digits, such as 123-456-7890.",
        )
    return digits


def _account(client: Client, root: str) -> AccountRef:
    return AccountRef(
        account=client.id,
        manager=root,
        name=client.descriptive_name,
        currency=client.currency_code,
        timezone=client.time_zone,
        is_manager=client.manager,
    )
