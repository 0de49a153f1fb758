"""An offline conversion as the warehouse keeps it, made from a row of a file."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from tracker.conversions.offline_file import OfflineRow
from tracker.ingest.sources.tags import BAIDU_MATCH_TYPES, MATCH_TYPES
from tracker.money import STEP
from tracker.tables.match_types import canonical_match_type


class SuppliedSource(Protocol):
    """What a landing URL tells of where its visitor came from; as ingest classifies it."""

    @property
    def channel(self) -> str: ...
    @property
    def platform(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def medium(self) -> str: ...
    @property
    def campaign(self) -> str: ...
    @property
    def ad_group(self) -> str: ...
    @property
    def keyword(self) -> str: ...
    @property
    def match_type(self) -> str: ...
    @property
    def campaign_id(self) -> str: ...
    @property
    def ad_group_id(self) -> str: ...
    @property
    def keyword_id(self) -> str: ...
    @property
    def click_id(self) -> str: ...


_FULL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_HOST = re.compile(r"[^\s/?#.]+(\.[^\s/?#.]+)+([:/?#]|$)")
#: The source of a landing URL, under the rules of the site.
Classify = Callable[[str], SuppliedSource]
#: The visitor of an id as the site's pages or an import give it; never 0.
VisitorNumber = Callable[[str], int]


class Fact(NamedTuple):
    """The columns of ``offline_conversions`` between id and version, in the order of
    ``offline_standing.sql``. Two facts that are equal say the same."""

    stage: str
    time: datetime
    value: Decimal | None
    currency: str
    tax_rate: Decimal | None
    product_group: str
    order_cost: Decimal | None
    lead: str
    visitor: int
    click_id: str
    code: str
    email_hash: str
    phone_hash: str
    user_hash: str
    order_id: str
    reason: str
    landing_url: str
    channel: str
    platform: str
    source: str
    medium: str
    campaign: str
    ad_group: str
    keyword: str
    match_type: str
    campaign_id: str
    ad_group_id: str
    keyword_id: str
    removed: bool


COLUMNS = ("site", "external_id", *Fact._fields, "version", "received")
#: What a row can say of its source itself; it goes before what its landing URL says.
_SOURCE = (
    "platform",
    "campaign",
    "ad_group",
    "keyword",
    "match_type",
    "campaign_id",
    "ad_group_id",
    "keyword_id",
)


def fact_of(
    row: OfflineRow,
    *,
    currency: str,
    platform: str,
    classify: Classify,
    visitor_number: VisitorNumber,
    stage_of: Callable[[str], str],
) -> Fact:
    """The fact of a row. ``currency`` is the site's, for a value that names none; ``platform``
    that of a row which names a campaign or keyword but not whose, if its landing URL does not say
    it either; ``stage_of`` gives the key of the stage that its text names."""
    page = _page(row.landing_url, classify)
    source = _source(row, platform, page)
    return Fact(
        stage=stage_of(row.stage),
        time=row.time,
        value=_amount(row.value),
        currency="" if row.value is None else row.currency or currency,
        tax_rate=None if row.value is None else row.tax_rate,
        product_group=row.product_group,
        order_cost=_amount(None if row.value is None else row.order_cost),
        lead=row.lead,
        visitor=_visitor(row, visitor_number),
        click_id=row.click_id or source.pop("click_id", ""),
        code=row.visit_code,
        email_hash=row.email_hash,
        phone_hash=row.phone_hash,
        user_hash=row.user_hash,
        order_id=row.order_id,
        reason=row.reason,
        landing_url=row.landing_url if page else "",
        removed=row.removed,
        **{name: source.get(name, "") for name in ("channel", "source", "medium", *_SOURCE)},
    )


def _amount(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else amount.quantize(STEP)


def _visitor(row: OfflineRow, visitor_number: VisitorNumber) -> int:
    """The visitor that a row names; a person is named by one of his visitors."""
    name = row.visitor or row.person
    return visitor_number(name) if name else 0


def names_source(row: OfflineRow) -> bool:
    """Whether a row names a campaign, ad group or keyword itself."""
    return any(getattr(row, name) for name in _SOURCE if name not in ("platform", "match_type"))


def fact_from(stored: Any) -> Fact:
    """A fact as the warehouse returns it."""
    fact = Fact(*stored)
    return fact._replace(visitor=int(fact.visitor), removed=bool(fact.removed))


def _page(landing: str, classify: Classify) -> SuppliedSource | None:
    """Where a landing page says that the visitor came from, None if it says nothing: forms and CRMs
    keep a path with its tags, or *unknown* where there was no address."""
    if not landing:
        return None
    if _FULL.match(landing):
        return classify(landing)
    if _HOST.match(landing):
        return classify("https://" + landing)
    # A path or tags alone, of a page of the site's own, whatever its host.
    at = landing if landing.startswith("/") else "/" + landing
    found = classify("https://site.invalid" + at) if "?" in landing else None
    return found if found is not None and found.channel != "Direct" else None


def _source(row: OfflineRow, platform: str, page: SuppliedSource | None) -> dict[str, str]:
    """The platform-supplied touch of a row, {} if it brings none."""
    given = {name: text for name in _SOURCE if (text := getattr(row, name))}
    if names_source(row) and platform and not (page and page.platform):
        given.setdefault("platform", platform)
    if "match_type" in given:
        given["match_type"] = _match_type(given["match_type"], given.get("platform", ""))
    known: dict[str, str] = {}
    if page is not None:
        names = ("channel", "source", "medium", "click_id", *_SOURCE)
        known = {name: str(getattr(page, name)) for name in names}
    if given.get("platform") and given["platform"] != known.get("platform"):
        # Who names an ad platform means its ads; what the URL says is of another visit.
        known = {
            "channel": "Paid Search",
            "source": given["platform"],
            "medium": "cpc",
            "click_id": known.get("click_id", ""),
        }
    return known | given


def _match_type(text: str, platform: str) -> str:
    """As in spend and in visits: by the words of reports, or the codes of landing URLs, which forms
    hand on as they came. Anything else stays as it is."""
    codes = MATCH_TYPES | (BAIDU_MATCH_TYPES if platform == "baidu" else {})
    return canonical_match_type(text) or codes.get(text.casefold(), text)
