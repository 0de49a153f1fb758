"""Offline conversions one by one or a few at a time: from programs, other systems and pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from tracker.accounts.ad_accounts import accounts_of_site
from tracker.accounts.pipeline import pipeline_of
from tracker.accounts.platforms import is_known, named_platform, parse_platform
from tracker.accounts.site_rules import checked_group, checked_tax_rate
from tracker.accounts.sites import Site
from tracker.conversions.contact import check_person, hash_email, hash_phone, hash_user
from tracker.conversions.entry import Entry
from tracker.conversions.offline_cells import checked_order_cost
from tracker.conversions.offline_fact import Fact, fact_of
from tracker.conversions.offline_file import NO_VALUE, OfflineRow
from tracker.conversions.offline_store import OfflineDeps, OfflineStore
from tracker.errors import InvalidInput
from tracker.money import checked_amount
from tracker.period import parse_zone
from tracker.tables.currency_marks import named_currency
from tracker.tables.instants import parse_instant
from tracker.tables.problem import CellError

#: Conversions in one request.
MAX_ENTRIES = 1_000
MAX_ID, MAX_TEXT, MAX_URL = 200, 500, 4_000
#: What an entry says of the stage itself, not of where it came from.
_SAID = (
    "stage",
    "time",
    "value",
    "currency",
    "tax_rate",
    "product_group",
    "order_cost",
    "reason",
    "removed",
)


class Taken(msgspec.Struct, frozen=True):
    """What became of entries; ``version`` is null where nothing was written. ``warnings`` are of
    what was taken as it is, though it may not be meant so."""

    accepted: int
    added: int
    replaced: int
    removed: int
    unchanged: int
    version: int | None
    warnings: list[str] = []


def read_entries(body: bytes) -> list[Entry]:
    """JSON of one conversion, a list of them, or ``{"conversions": […]}``; InvalidInput."""
    try:
        value = msgspec.json.decode(body, type=Entry | list[Entry])
    except (msgspec.MsgspecError, UnicodeDecodeError) as first:
        try:
            value = msgspec.json.decode(body, type=_Wrapped).conversions
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise InvalidInput(
                f"The conversions cannot be read: {first}.",
                hint='Send {"id": …, "stage": …, "time": …}, or a list of such objects.',
            ) from first
    return value if isinstance(value, list) else [value]


class _Wrapped(msgspec.Struct, forbid_unknown_fields=True):
    conversions: list[Entry]


def take_entries(
    deps: OfflineDeps,
    site: Site,
    entries: Sequence[Entry],
    *,
    origins: Mapping[str, Fact] | None = None,
) -> Taken:
    """Store conversions; all of them or, when one is wrong, none.

    Of entries with the same id the last stands. ``origins``: facts by id whose lead, contacts and
    source are kept, whatever the entry says. InvalidInput names the entry and the field,
    Unavailable while the warehouse is away.
    """
    if not 0 < len(entries) <= MAX_ENTRIES:
        raise InvalidInput(
            f"{len(entries)} conversions; 1 to {MAX_ENTRIES} are allowed in one request.",
            hint="Send them in portions; each is known by its id.",
        )
    reader = _Reader(deps, site, entries)
    facts = {entry.id.strip(): reader.fact(n, entry) for n, entry in enumerate(entries, start=1)}
    for key, origin in (origins or {}).items():
        kept = {name: getattr(facts[key], name) for name in _SAID}
        facts[key] = origin._replace(**kept)
    store = OfflineStore(deps, site)
    store.take(facts)
    counts = store.counts
    return Taken(
        accepted=len(facts),
        added=counts.added,
        replaced=counts.replaced,
        removed=counts.removed,
        unchanged=counts.unchanged,
        version=store.version,
        warnings=[*reader.warnings, *store.warnings],
    )


class _Reader:
    """Reads entries as facts of one site."""

    def __init__(self, deps: OfflineDeps, site: Site, entries: Sequence[Entry]) -> None:
        self._deps = deps
        self._site = site
        self._zone = parse_zone(site.timezone)
        self._stage_of = pipeline_of(deps.db, site.key).key_of
        self._platforms = {account.platform for account in accounts_of_site(deps.db, site.key)}
        self._platform = min(self._platforms) if len(self._platforms) == 1 else ""
        self.warnings: list[str] = []
        timeless = {entry.id.strip() for entry in entries if not entry.time.strip()}
        self._known = OfflineStore(deps, site).known(timeless, ()) if timeless else {}

    def fact(self, number: int, entry: Entry) -> Fact:
        """The fact of an entry; InvalidInput with its number and id."""
        try:
            row = _row(number, entry, self._when(entry))
        except (CellError, InvalidInput) as error:
            said = error.message if isinstance(error, InvalidInput) else str(error)
            hint = error.hint if isinstance(error, InvalidInput) else ""
            place = f"Conversion {number} ({entry.id[:50]!r})"
            raise InvalidInput(f"{place}: {said}", hint=hint) from error
        self._warn_of(row.platform)
        return fact_of(
            row,
            currency=self._site.currency,
            platform=self._platform,
            classify=self._deps.classify,
            visitor_number=self._deps.visitor_number,
            stage_of=self._stage_of,
        )

    def _warn_of(self, platform: str) -> None:
        """Tell once that a platform is none from which visits or spend of the site could come."""
        if not platform or is_known(platform) or platform in self._platforms:
            return
        told = f"{platform!r} is no platform from which visits are recognised; check the platform."
        if told not in self.warnings:
            self.warnings.append(told)

    def _when(self, entry: Entry) -> tuple[datetime, bool]:
        if entry.time.strip():
            return parse_instant(entry.time.strip(), self._zone, None)
        found = self._known.get(entry.id.strip())
        now = self._deps.clock()
        whole = now.replace(microsecond=now.microsecond // 1000 * 1000)
        return (found.time if found else whole), False


def _row(number: int, entry: Entry, when: tuple[datetime, bool]) -> OfflineRow:
    for name, most in (("id", MAX_ID), ("stage", 60), ("lead", MAX_ID), ("reason", 200)):
        _check_length(name, getattr(entry, name), most)
    for name in ("id", "stage"):
        if not getattr(entry, name).strip():
            raise CellError(f"The {name} is missing.")
    texts = {name: getattr(entry, name).strip() for name in _PLAIN}
    for name, text in texts.items():
        _check_length(name, text, MAX_URL if name == "landing_url" else MAX_TEXT)
    return OfflineRow(
        line=number,
        time=when[0],
        day_only=when[1],
        stage=entry.stage,
        value=None if entry.value is None else checked_amount(entry.value),
        currency=_given(entry.currency, named_currency),
        tax_rate=None if entry.tax_rate is None else checked_tax_rate(entry.tax_rate),
        product_group=checked_group(entry.product_group),
        order_cost=_order_cost(entry),
        id=entry.id.strip(),
        visit_code=entry.visit_code.strip().upper(),
        platform=_given(entry.platform, lambda text: parse_platform(named_platform(text))),
        person=_given(entry.person, check_person),
        email_hash=_given(entry.email, hash_email),
        phone_hash=_given(entry.phone, hash_phone),
        user_hash=_given(entry.user, hash_user),
        reason=" ".join(entry.reason.split()),
        removed=entry.removed,
        **texts,
    )


def _order_cost(entry: Entry) -> Decimal | None:
    if entry.order_cost is None:
        return None
    if entry.order_cost and entry.value is None:
        raise CellError(NO_VALUE)
    return checked_order_cost(checked_amount(entry.order_cost))


#: Fields that are kept as they come.
_PLAIN = (
    *("lead", "visitor", "click_id", "order_id", "landing_url", "campaign", "campaign_id"),
    *("ad_group", "ad_group_id", "keyword", "keyword_id", "match_type"),
)


def _given(text: str, read: Callable[[str], str]) -> str:
    return read(text) if text.strip() else ""


def _check_length(name: str, text: str, most: int) -> None:
    if len(text) > most or "\0" in text:
        raise CellError(f"The {name} is longer than {most} characters, or holds a NUL.")
