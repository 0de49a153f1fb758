"""What a report declares in the lines above its header, in its columns, and in its name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from tracker.errors import InvalidInput
from tracker.spend.files.rows import Scope
from tracker.spend.files.values import canonical_currency, canonical_device
from tracker.tables.columns import squeeze
from tracker.tables.currency_marks import bracketed
from tracker.tables.dates import AmbiguousDay, Order, days_in, text_without_days
from tracker.tables.problem import CellError
from tracker.tables.table import NumberedRow


@dataclass(frozen=True, slots=True)
class Declared:
    """``period`` is the inclusive range of days, None if the file names none (所有时间); ``mark``
    is a code or sign beside its costs, which may leave the currency open (``$``)."""

    account: str = ""
    currency: str = ""
    mark: str = ""
    timezone: str = ""
    period: tuple[date, date] | None = None
    #: The text of a period whose day and month cannot be told apart.
    ambiguous_period: str = ""
    scope: Scope = field(default_factory=Scope)


_PAIR = re.compile(r"^\s*(?:[0-9]+\s*[.、．)]\s*)?(?P<key>[^:：]{1,40}?)\s*[:：]\s*(?P<value>.*)$")
_PERIOD_KEY = re.compile(
    r"时间范围|日期范围|统计时间|统计日期|时间段|^report time$|^date range$|^период"
)
_ACCOUNT_KEY = re.compile(r"^(推广)?[账帐][户号](名称?)?$|^account( name)?$|^customer$")
_DEVICE_KEY = re.compile(r"设备|^device")
_NETWORK_KEY = re.compile(r"投放网络|^网络|^network|^ad distribution")
_FILTER_KEY = re.compile(r"投放物料|筛选|过滤|^report filter$|^filters?$")
_ZONE_KEY = re.compile(r"^时区|^time ?zone")
_CURRENCY_KEY = re.compile(r"^货币|^币种|^currency")
_ONLY_RANGE = re.compile(r"^[\s,，\-–—~～至到|\"'“”]*$")
_EVERYTHING: Final = frozenset(
    {"", "全部", "所有", "不限", "全部设备", "所有设备", "全部网络", "all", "none", "无", "-", "--"}
)
#: A time of day other than a day's ends tells when a report was made, not what it covers.
_CLOCK = re.compile(r"[0-9]:[0-9]{2}")
_DAY_ENDS = re.compile(r"\b(?:0?0:00(?::00)?|23:59(?::59)?)\b")
_SEPARATORS = re.compile(r"[，,、;；/+]")
_NAMED = re.compile(
    r"^(?P<account>.+?)_(?P<first>20[0-9]{2}-[0-9]{2}-[0-9]{2})"
    r"(?:至(?P<last>20[0-9]{2}-[0-9]{2}-[0-9]{2}))?_[^_]*报[告表]"
)


def line_text(cells: Sequence[str]) -> str:
    """A line above the header as it was before it was split into cells."""
    return ",".join(cells).rstrip(", \t").strip()


def read_preamble(rows: Sequence[NumberedRow], order: Order | None) -> Declared:
    """What the lines above the header declare; unknown lines are passed over."""
    declared = Declared()
    for _, cells in rows:
        text = line_text(cells)
        if not text:
            continue
        pair = _PAIR.match(text)
        if pair and text_without_days(pair["key"]) == pair["key"]:
            declared = _with_pair(declared, pair["key"].casefold(), pair["value"].strip(), order)
        elif declared.period is None and _ONLY_RANGE.match(text_without_days(text)):
            declared = _with_period(declared, text, order)
    return declared


def declared_by_name(name: str) -> Declared:
    """What a 360 file name declares: ``<account>_2026-04-28至2026-07-27_关键词报告 (1).csv``."""
    match = _NAMED.match(name)
    if match is None:
        return Declared()
    try:
        first, *rest = days_in(f"{match['first']} {match['last'] or ''}")
    except CellError:
        return Declared()
    return Declared(account=match["account"], period=(first, rest[0] if rest else first))


def device_of_columns(platform: str, titles: Sequence[str]) -> tuple[str, ...]:
    """The device of a 360 file, told by its rank columns: computer and mobile are separate files.

    ``平均排名（移动端）`` stands only in the mobile file, ``平均排名（计算机）`` only in the other.
    """
    squeezed = {squeeze(title) for title in titles}
    if platform != "360":
        return ()
    if "平均排名(移动端)" in squeezed:
        return () if "平均排名(计算机)" in squeezed else ("mobile",)
    return ("desktop",) if "平均排名(计算机)" in squeezed else ()


def currency_of_title(title: str) -> str:
    """The currency in a cost column's own name: ``Cost (USD)``, ``消费（元）``; "" if none.

    A bare ``$`` or ``¥`` is shared by several currencies, so it says nothing.
    """
    try:
        return canonical_currency(bracketed(title))
    except InvalidInput:
        return ""


def _with_pair(declared: Declared, key: str, value: str, order: Order | None) -> Declared:
    scope = declared.scope
    if _PERIOD_KEY.search(key) and not _CLOCK.search(_DAY_ENDS.sub("", value)):
        declared = _with_period(declared, value, order)
        if "设备" in key:  # 显示以下时间范围内的全部设备:2017/10/22 - 2017/10/22
            devices = _devices(key.rpartition("的")[2])
            return replace(declared, scope=replace(scope, devices=devices))
        return declared
    if _ACCOUNT_KEY.search(key):
        return replace(declared, account=declared.account or value)
    if _ZONE_KEY.search(key):
        return replace(declared, timezone=value)
    if _CURRENCY_KEY.search(key):
        return replace(declared, currency=canonical_currency(value))
    if _DEVICE_KEY.search(key):
        return replace(declared, scope=replace(scope, devices=_devices(value)))
    if _NETWORK_KEY.search(key):
        return replace(declared, scope=replace(scope, networks=_parts(value)))
    if _FILTER_KEY.search(key):
        return replace(declared, scope=replace(scope, filters=_parts(value)))
    return declared


def _with_period(declared: Declared, text: str, order: Order | None) -> Declared:
    try:
        days = days_in(text, order)
    except AmbiguousDay:
        return replace(declared, ambiguous_period=text)
    except CellError as error:
        raise InvalidInput(f"The file's period cannot be read. {error}") from error
    if not days:
        return declared
    if len(days) > 2 or days[0] > days[-1]:
        raise InvalidInput(f"The file's period is not a range of days: {text!r}.")
    return replace(declared, period=(days[0], days[-1]))


def _parts(value: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in _SEPARATORS.split(value) if part.strip())
    return () if any(part.casefold() in _EVERYTHING for part in parts) else parts


def _devices(value: str) -> tuple[str, ...]:
    """Canonical devices; computer and mobile together are everything."""
    devices = tuple(sorted({canonical_device(part) for part in _parts(value)}))
    return () if {"desktop", "mobile"} <= set(devices) else devices
