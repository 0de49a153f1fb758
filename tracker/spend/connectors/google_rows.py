"""Rows of Google Ads answers: int64 are texts, doubles numbers, absent fields left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal

import msgspec

from tracker.spend.connectors.answers import decoded_each
from tracker.spend.connectors.contract import Capability, ClickRow, Row, SearchTermRow, TotalRow
from tracker.spend.connectors.google_queries import KEYWORDLESS
from tracker.spend.connectors.values import (
    count_of,
    day_of,
    device_of,
    id_of,
    match_type_of,
    micros_amount,
    name_of,
    number_or_none,
)
from tracker.spend.files.rows import SpendRow

#: Makes ours of a row, its number and its day.
Reader = Callable[["Result", int, date], Row]


class _Part(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Base of the parts of a row."""


class Customer(_Part, frozen=True, gc=False):
    """The account of a row."""

    id: str = ""
    currency_code: str = ""
    time_zone: str = ""


class Named(_Part, frozen=True, gc=False):
    """A campaign or an ad group."""

    id: str = ""
    name: str = ""
    advertising_channel_type: str = ""


class Keyword(_Part, frozen=True, gc=False):
    """Text and match type."""

    text: str = ""
    match_type: str = ""


class Criterion(_Part, frozen=True, gc=False):
    """What an ad group bids on."""

    criterion_id: str = ""
    keyword: Keyword = Keyword()


class TermKeyword(_Part, frozen=True, gc=False):
    """The keyword that a search term came by."""

    ad_group_criterion: str = ""
    info: Keyword = Keyword()


class Segments(_Part, frozen=True, gc=False):
    """What parts the rows."""

    date: str = ""
    device: str = ""
    keyword: TermKeyword = TermKeyword()


class Metrics(_Part, frozen=True, gc=False):
    """The figures of a row; cost is in millionths."""

    impressions: str | int = "0"
    clicks: str | int = "0"
    cost_micros: str | int = "0"
    conversions: Decimal | None = None
    conversions_value: Decimal | None = None
    invalid_clicks: str | int | None = None


class Term(_Part, frozen=True, gc=False):
    """What was typed."""

    search_term: str = ""


class Click(_Part, frozen=True, gc=False):
    """A click and its keyword."""

    gclid: str = ""
    keyword: str = ""
    keyword_info: Keyword = Keyword()


class Client(_Part, frozen=True, gc=False):
    """An account below a manager."""

    id: str = ""
    descriptive_name: str = ""
    currency_code: str = ""
    time_zone: str = ""
    manager: bool = False


class Result(_Part, frozen=True, gc=False):
    """One row, whatever was asked."""

    customer: Customer = Customer()
    campaign: Named = Named()
    ad_group: Named = Named()
    ad_group_criterion: Criterion = Criterion()
    search_term_view: Term = Term()
    click_view: Click = Click()
    customer_client: Client = Client()
    segments: Segments = Segments()
    metrics: Metrics = Metrics()


class Chunk(msgspec.Struct, frozen=True):
    """An element of the streamed array. Its rows are decoded a few at a time, when they are read:
    ten thousand at once leave the processor's cache before anybody looks at them."""

    results: list[msgspec.Raw] = []


_RESULT = msgspec.json.Decoder(Result)
#: Rows that are decoded together.
AT_ONCE = 100


def results_of(platform: str, chunk: Chunk) -> Iterator[list[Result]]:
    """The rows of a chunk, some at a time. Errors: those of ``decoded``."""
    for first in range(0, len(chunk.results), AT_ONCE):
        yield decoded_each(platform, chunk.results[first : first + AT_ONCE], _RESULT)


def day_of_result(result: Result) -> date:
    """The row's day, in the account's time zone."""
    return day_of(result.segments.date, "segments.date")


def reader_of(want: Capability) -> Reader:
    """What makes ours of a row, its number and its day; ValueError names the field that cannot be
    read. Asked once for many rows: looking at ``want`` takes as long as reading one."""
    readers: dict[Capability, Reader] = {
        Capability.KEYWORDS: _keyword,
        Capability.SEARCH_TERMS: _search_term,
        Capability.CLICKS: _click,
        Capability.ACCOUNT_TOTALS: _total,
    }
    return readers[want]


def _total(result: Result, _: int, __: date) -> TotalRow:
    metrics = result.metrics
    return TotalRow(
        count_of(metrics.impressions, "impressions"),
        count_of(metrics.clicks, "clicks"),
        micros_amount(metrics.cost_micros, "costMicros"),
        number_or_none(metrics.conversions, "conversions"),
        number_or_none(metrics.conversions_value, "conversionsValue"),
        None
        if metrics.invalid_clicks is None
        else count_of(metrics.invalid_clicks, "invalidClicks"),
    )


def _keyword(result: Result, line: int, day: date) -> SpendRow:
    metrics, keyword = result.metrics, result.ad_group_criterion.keyword
    reason = _reason(result)
    # NOTE: by position, in the order of SpendRow: by name takes three times as long, once a row.
    return SpendRow(
        line,
        day,
        id_of(result.customer.id, "customer.id"),
        name_of(result.campaign.name),
        id_of(result.campaign.id, "campaign.id"),
        name_of(result.ad_group.name),
        id_of(result.ad_group.id, "adGroup.id"),
        keyword.text,
        id_of(result.ad_group_criterion.criterion_id, "criterionId"),
        match_type_of(keyword.match_type),
        keyword.match_type,
        device_of(result.segments.device),
        "",  # the network is not asked for
        count_of(metrics.impressions, "impressions"),
        count_of(metrics.clicks, "clicks"),
        micros_amount(metrics.cost_micros, "costMicros"),
        result.customer.currency_code,
        number_or_none(metrics.conversions, "conversions"),
        number_or_none(metrics.conversions_value, "conversionsValue"),
        "unallocated" if reason else "keyword",
        reason,
    )


def _reason(result: Result) -> str:
    """Why a row has no keyword, "" if it has one. AI Max shows keywords without a text (?)."""
    channel = result.campaign.advertising_channel_type
    if channel:
        return KEYWORDLESS.get(channel, channel.casefold())
    keyword = result.ad_group_criterion.keyword
    if keyword.text:
        return ""
    return "ai_max" if keyword.match_type in ("AI_MAX", "KEYWORDLESS") else "no_keyword"


def _search_term(result: Result, _: int, __: date) -> SearchTermRow:
    metrics, keyword = result.metrics, result.segments.keyword
    return SearchTermRow(
        term=result.search_term_view.search_term,
        campaign=name_of(result.campaign.name),
        campaign_id=id_of(result.campaign.id, "campaign.id"),
        ad_group=name_of(result.ad_group.name),
        ad_group_id=id_of(result.ad_group.id, "adGroup.id"),
        keyword=keyword.info.text,
        keyword_id=_criterion_id(keyword.ad_group_criterion),
        match_type=match_type_of(keyword.info.match_type),
        device=device_of(result.segments.device),
        impressions=count_of(metrics.impressions, "impressions"),
        clicks=count_of(metrics.clicks, "clicks"),
        cost=micros_amount(metrics.cost_micros, "costMicros"),
        platform_conversions=number_or_none(metrics.conversions, "conversions"),
        platform_value=number_or_none(metrics.conversions_value, "conversionsValue"),
    )


def _click(result: Result, _: int, __: date) -> ClickRow:
    click = result.click_view
    return ClickRow(
        click_id=click.gclid,
        campaign_id=id_of(result.campaign.id, "campaign.id"),
        ad_group_id=id_of(result.ad_group.id, "adGroup.id"),
        keyword_id=_criterion_id(click.keyword),
        keyword=click.keyword_info.text,
        match_type=match_type_of(click.keyword_info.match_type),
    )


def _criterion_id(resource: str) -> str:
    """``customers/1/adGroupCriteria/222~333`` to ``333``."""
    return id_of(resource.rpartition("~")[2] if "~" in resource else "", "adGroupCriterion")
