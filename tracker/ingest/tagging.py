"""What a landing page's own URL says: tags, macros, click ids, and which click id counts."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tracker.ingest.channels import is_paid_medium
from tracker.ingest.landing import Address, decode
from tracker.ingest.sources.lookup import Origin, named_source
from tracker.ingest.sources.sites import Kind
from tracker.ingest.sources.tags import (
    AD_MARKS,
    CLICK_IDS,
    MACRO_FIELDS,
    MACRO_SETS,
    TAG_FIELDS,
    ClickId,
)

#: Longest value of one field, in characters; longer ones are cut.
FIELD_LENGTH = 256
#: Longest click id; a longer one is not one.
CLICK_ID_LENGTH = 512
#: Engines whose result pages and landing URLs are still seen in GBK.
GBK_ENGINES = frozenset({"baidu", "360", "sogou", "shenma", "toutiao", "youdao", "chinaso"})

_MACRO = re.compile(r"\{\{?[^{}]*\}?\}|^__[A-Z0-9_]+__$|^\[[A-Za-z_]+\]$|^%%[A-Za-z_:]+%%$")
_MACRO_SIGNS = frozenset("{[%_")
_CLICKS = {row.param: row for row in CLICK_IDS}
FIELDS = tuple(dict.fromkeys((*TAG_FIELDS, *MACRO_FIELDS, "platform")))
_EMPTY = dict.fromkeys(FIELDS, "")

#: Parameter → (rank within its field, field). Tags rank before macros.
_RANKED: dict[str, tuple[int, str]] = {}
for _base, _table in ((100, MACRO_FIELDS), (0, TAG_FIELDS)):
    for _field, _params in _table.items():
        _RANKED.update({_param: (_base + i, _field) for i, _param in enumerate(_params)})


@dataclass(frozen=True, slots=True)
class ParamRule:
    """A query parameter of the site's own and the field of ``Source`` that it fills."""

    param: str
    field: str


@dataclass(frozen=True, slots=True)
class Tags:
    """What a URL says. ``marks``: the network that its ad marks or macros belong to.

    ``tagged``: a tag has a value; ``network``: the value of a ``network`` macro.
    """

    fields: dict[str, str]
    tagged: bool = False
    click: tuple[ClickId, str] | None = None
    marks: str = ""
    network: str = ""
    unexpanded: bool = False


def read_tags(page: Address, origin: Origin | None, rules: tuple[ParamRule, ...]) -> Tags:
    """The tags of a page that was reached from ``origin``; site rules win over all tables."""
    values, clicks, unexpanded = _values(page, origin)
    if not values and not clicks:
        return Tags(_EMPTY, unexpanded=unexpanded)
    tag_fields, macro_fields = _by_field(values)
    mapped = {rule.field: values[rule.param] for rule in rules if values.get(rule.param)}
    tagged = bool(mapped or tag_fields)
    marks = _marks(values)
    if not (tagged or clicks or marks):
        return Tags(_EMPTY, unexpanded=unexpanded)
    fields = {**_EMPTY, **macro_fields, **tag_fields, **mapped}
    click = _credited(clicks, fields, origin) if clicks else None
    if marks and not _agrees(ClickId("", marks), fields, origin):
        marks = ""
    return Tags(fields, tagged, click, marks, values.get("network", ""), unexpanded)


def _values(
    page: Address, origin: Origin | None
) -> tuple[dict[str, str], list[tuple[ClickId, str]], bool]:
    """(parameters that have a value, click ids in order, whether a macro was not expanded)."""
    chinese: bool | None = None
    values: dict[str, str] = {}
    clicks: list[tuple[ClickId, str]] = []
    unexpanded = False
    for name, raw in page.pairs():
        if "%" in raw and chinese is None:
            chinese = page.chinese or (origin is not None and origin.name in GBK_ENGINES)
        value = decode(raw, chinese=bool(chinese))
        if not value:
            continue
        if not _MACRO_SIGNS.isdisjoint(value) and _MACRO.search(value):
            unexpanded = unexpanded or name in _RANKED or name in _CLICKS or name in AD_MARKS
            continue
        click = _CLICKS.get(name)
        if click is not None and len(value) <= CLICK_ID_LENGTH:
            clicks.append((click, value))
        else:
            values.setdefault(name, value[:FIELD_LENGTH])
    return values, clicks, unexpanded


def _by_field(values: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """(fields that tags fill, fields that macros fill), the parameter of the lowest rank first."""
    found = sorted((*_RANKED[name], value) for name, value in values.items() if name in _RANKED)
    tags: dict[str, str] = {}
    macros: dict[str, str] = {}
    for rank, field, value in found:
        (tags if rank < 100 else macros).setdefault(field, value)
    return tags, macros


def _marks(values: dict[str, str]) -> str:
    """The network whose ad marks the URL has, the last mark first; else by a set of macros."""
    for name in reversed(values):
        if name in AD_MARKS:
            return AD_MARKS[name]
    names = values.keys()
    for needed, platform in MACRO_SETS:
        if needed <= names:
            return platform
    return ""


def _credited(
    clicks: list[tuple[ClickId, str]], fields: dict[str, str], origin: Origin | None
) -> tuple[ClickId, str] | None:
    """The click id that counts, or None when each belongs to a network this visit is not from."""
    allowed = [click for click in clicks if _agrees(click[0], fields, origin)]
    if not allowed:
        return None
    network = allowed[-1][0].platform
    return min((c for c in allowed if c[0].platform == network), key=lambda c: c[0].rank)


def _agrees(click: ClickId, fields: dict[str, str], origin: Origin | None) -> bool:
    declared = fields["platform"] or fields["source"]
    if declared:
        named = named_source(declared)
        if named is not None and named.platform:
            return named.platform == click.platform
        return click.paid and named is None and is_paid_medium(fields["medium"])
    if origin is None or origin.kind in (Kind.OTHER, Kind.MAIL, Kind.SHOPPING):
        return True
    return click.platform in origin.ads
