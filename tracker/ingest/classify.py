"""Where a page view came from: a pure function of (URL, referrer, site rules).

Order of decision, the first that applies:

1. *Site rules*: parameters that the site has mapped to fields win over everything below.
2. *Returning*: a page reached from a payment or log-in provider continues its visit; nothing
   else is read from it, because a return address often repeats the tags of the landing page.
3. *Tags* (``utm_*``, ``hm*``, ``mtm_*``, ``pk_*``, ``hsa_*``) with a source: that source stands.
4. *Click id* of an ad network, or a network's own marks (``gad_source``, ``e_keywordid`` …).
5. *Macro sets* such as planid + unitid without any of the above.
6. *Referrer*: search engine, AI assistant, social network, mail, video, shop, any other host.
7. *Direct*: no referrer, or one of the site's own.

A click id credits only its own network. It is ignored (and stays in the query) when the tags name
another network, or name a source that is no ad network at all without a paid medium (a newsletter
that links to an address copied from an ad), or when the page was reached from a search engine, a
social network or an assistant on which the click id's network sells no ads (a shared link). Of
two networks' click ids the later one in the URL counts, because networks append theirs.

Macros that the platform did not expand (``{keywordid}``, ``%7Bkeywordid%7D``, ``{{term}}``,
``__AID__``) are missing values; ``unexpanded`` says that there was one.

Channel names are those of the default channel group of Google Analytics 4.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec

from tracker.ingest.channels import channel_of, is_display_medium, is_paid_medium
from tracker.ingest.landing import Address, decode, parse_address
from tracker.ingest.sources.lookup import Origin, named_source, origin_of
from tracker.ingest.sources.sites import Kind
from tracker.ingest.sources.tags import (
    AD_MARKS,
    BAIDU_MATCH_TYPES,
    CLICK_IDS,
    MACRO_FIELDS,
    MACRO_SETS,
    MATCH_TYPES,
    TAG_FIELDS,
    ClickId,
)

#: Version of the rules below and of the tables: raised whenever a result can change.
RULES_VERSION = 1
#: Longest value of one field, in characters; longer ones are cut.
FIELD_LENGTH = 256
#: Longest click id; a longer one is not one.
CLICK_ID_LENGTH = 512

_MACRO = re.compile(r"\{\{?[^{}]*\}?\}|^__[A-Z0-9_]+__$|^\[[A-Za-z_]+\]$|^%%[A-Za-z_:]+%%$")
_KEYWORD_TARGET = re.compile(r"(?:^|:)kwd-(\d+)")
_CLICK_BY_PARAM = {row.param: row for row in CLICK_IDS}
_FIELDS = tuple(TAG_FIELDS)


class Source(msgspec.Struct, frozen=True, omit_defaults=True):
    """The outcome: exactly the classification columns of ``events``, in their order."""

    rules_version: int
    entrance: bool = False
    returning: bool = False
    paid: bool = False
    channel: str = ""
    platform: str = ""
    source: str = ""
    medium: str = ""
    campaign: str = ""
    ad_group: str = ""
    keyword: str = ""
    match_type: str = ""
    creative: str = ""
    campaign_id: str = ""
    ad_group_id: str = ""
    keyword_id: str = ""
    creative_id: str = ""
    unexpanded: bool = False
    search_term: str = ""
    click_id_kind: str = ""
    click_id: str = ""


@dataclass(frozen=True, slots=True)
class ParamRule:
    """A query parameter of the site's own and the field of ``Source`` that it fills."""

    param: str
    field: str


@dataclass(frozen=True, slots=True)
class SiteRules:
    """What a site adds: its own domains, its parameters, more hosts that visitors return from."""

    domains: tuple[str, ...] = ()
    params: tuple[ParamRule, ...] = ()
    returning: tuple[str, ...] = ()

    def owns(self, host: str) -> bool:
        """Whether the host is one of the site's domains or below one."""
        return _below(host, self.domains)


@dataclass(frozen=True, slots=True)
class _Tags:
    """What the page's own URL says."""

    fields: dict[str, str]
    names: frozenset[str]
    tagged: bool
    click: tuple[ClickId, str] | None
    marks: str
    unexpanded: bool


_DIRECT = Source(RULES_VERSION, channel="Direct")


def classify(url: str, referrer: str, rules: SiteRules) -> Source:
    """The source of one page view. Never raises: what cannot be read is direct traffic.

    ``url`` may be an offline landing URL with an empty ``referrer``.
    """
    page = parse_address(url)
    from_ = parse_address(referrer) if referrer else None
    return classify_address(page, from_, rules)


def classify_address(page: Address | None, from_: Address | None, rules: SiteRules) -> Source:
    """As ``classify``, for addresses that are already parsed."""
    internal = from_ is None or rules.owns(from_.host) or (page and from_.host == page.host)
    origin = None if internal or from_ is None else origin_of(from_.host)
    outside = None if internal else from_
    if outside is not None and _returns(outside, origin, rules):
        return replace_source(_DIRECT, returning=True)
    if page is not None and page.query:
        tags = _read_tags(page, origin, rules)
        if tags.tagged or tags.click or tags.marks:
            return _from_tags(tags, outside, origin)
        if tags.unexpanded:
            return replace_source(_from_referrer(outside, origin), unexpanded=True)
    return _from_referrer(outside, origin)


def replace_source(source: Source, **changes: object) -> Source:
    """A copy with some fields changed."""
    return msgspec.structs.replace(source, **changes)


def _below(host: str, domains: tuple[str, ...]) -> bool:
    return any(host == domain or host.endswith("." + domain) for domain in domains)


def _returns(from_: Address, origin: Origin | None, rules: SiteRules) -> bool:
    if origin is not None and origin.kind is Kind.RETURNING:
        return True
    return _below(from_.host, rules.returning)


# --- the page's own URL -------------------------------------------------------------------------


def _read_tags(page: Address, origin: Origin | None, rules: SiteRules) -> _Tags:
    chinese = page.chinese or (origin is not None and origin.name in _GBK_ENGINES)
    values: dict[str, str] = {}
    unexpanded = False
    clicks: list[tuple[ClickId, str]] = []
    for name, raw in page.pairs():
        value = decode(raw, chinese=chinese)
        if not value:
            continue
        if _MACRO.search(value):
            unexpanded = True
            continue
        click = _CLICK_BY_PARAM.get(name)
        if click is not None and len(value) <= CLICK_ID_LENGTH:
            clicks.append((click, value))
        else:
            values.setdefault(name, value[:FIELD_LENGTH])
    fields = {field: _first(values, TAG_FIELDS[field]) for field in _FIELDS}
    mapped = {rule.field: values[rule.param] for rule in rules.params if values.get(rule.param)}
    fields.update(mapped)
    tagged = bool(mapped) or any(fields.values())
    marks = _marked_platform(values)
    if tagged or clicks or marks:
        for field, names in MACRO_FIELDS.items():
            fields[field] = fields.get(field) or _first(values, names)
    click_id = _credited(clicks, fields, origin) if clicks else None
    return _Tags(fields, frozenset(values), tagged, click_id, marks, unexpanded)


#: Engines whose result pages and landing URLs are still seen in GBK.
_GBK_ENGINES = frozenset({"baidu", "360", "sogou", "shenma", "toutiao", "youdao", "chinaso"})


def _first(values: dict[str, str], names: tuple[str, ...]) -> str:
    for name in names:
        if values.get(name):
            return values[name]
    return ""


def _marked_platform(values: dict[str, str]) -> str:
    for name, platform in AD_MARKS.items():
        if name in values:
            return platform
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
    declared = fields.get("platform") or fields["source"]
    if declared:
        named = named_source(declared)
        if named is not None and named.platform:
            return named.platform == click.platform
        return click.paid and named is None and is_paid_medium(fields["medium"])
    if origin is None or origin.kind in (Kind.OTHER, Kind.MAIL, Kind.SHOPPING):
        return True
    return click.platform in origin.ads


def _from_tags(tags: _Tags, outside: Address | None, origin: Origin | None) -> Source:
    fields = tags.fields
    click = tags.click[0] if tags.click else None
    if not fields["source"] and not fields.get("platform") and click is None and not tags.marks:
        return _half_tagged(tags, outside, origin)
    named = (
        named_source(fields.get("platform") or fields["source"])
        if fields["source"] or (fields.get("platform"))
        else None
    )
    platform, kind = (named.platform, named.kind) if named else ("", Kind.OTHER)
    if not platform and not fields["source"]:
        platform = click.platform if click else tags.marks
        kind = _kind_of(platform, click)
    elif not platform and click is not None:
        platform, kind = click.platform, _kind_of(click.platform, click)
    medium = fields["medium"]
    paid = _is_paid(tags, click, platform, kind)
    if not medium and paid:
        medium = "cpc"
    return _finish(tags, platform, kind, medium, paid, outside, origin)


def _half_tagged(tags: _Tags, outside: Address | None, origin: Origin | None) -> Source:
    """Tags without a source: the referrer gives the source, the tags give the rest."""
    base = _from_referrer(outside, origin)
    fields = tags.fields
    medium = fields["medium"] or base.medium
    paid = is_paid_medium(medium) or is_display_medium(medium)
    kind = origin.kind if origin else Kind.OTHER
    channel = channel_of(kind, base.source, medium, fields["campaign"], paid, "")
    filled = {f: fields.get(f, "") for f in _COPIED}
    return replace_source(
        base,
        entrance=True,
        paid=paid,
        medium=medium,
        channel=channel,
        unexpanded=tags.unexpanded,
        match_type=_match_type(fields["match_type"], base.platform),
        **filled,
    )


_COPIED = (
    "campaign",
    "ad_group",
    "keyword",
    "creative",
    "campaign_id",
    "ad_group_id",
    "keyword_id",
    "creative_id",
)


def _kind_of(platform: str, click: ClickId | None) -> Kind:
    named = named_source(click.source) if click is not None and click.source else None
    named = named or named_source(platform)
    return named.kind if named is not None else Kind.OTHER


def _is_paid(tags: _Tags, click: ClickId | None, platform: str, kind: Kind) -> bool:
    fields = tags.fields
    if fields["medium"]:
        return is_paid_medium(fields["medium"]) or is_display_medium(fields["medium"])
    if (click is not None and click.paid) or (tags.marks and tags.marks == platform):
        return True
    # NOTE: nobody can tag an organic result, so a search network with campaign or keyword but
    # without a medium is an ad whose tag forgot utm_medium.
    return (
        kind is Kind.SEARCH
        and bool(platform)
        and any(fields.get(f) for f in ("campaign", "keyword", "campaign_id", "keyword_id"))
    )


def _finish(
    tags: _Tags,
    platform: str,
    kind: Kind,
    medium: str,
    paid: bool,
    outside: Address | None,
    origin: Origin | None,
) -> Source:
    fields = dict(tags.fields)
    click = tags.click
    source = fields["source"] or (click[0].source if click else "") or platform
    keyword_id, keyword = _keyword(fields, platform)
    term = fields.get("search_term") or ""
    if not term and outside is not None and origin is not None and origin.engine is not None:
        term = _term(outside, origin) if platform in origin.ads or not platform else ""
    return Source(
        rules_version=RULES_VERSION,
        entrance=True,
        paid=paid,
        channel=channel_of(kind, source, medium, fields["campaign"], paid, _network(tags)),
        platform=platform,
        source=source,
        medium=medium,
        campaign=fields["campaign"],
        ad_group=fields["ad_group"],
        keyword=keyword,
        match_type=_match_type(fields["match_type"], platform),
        creative=fields["creative"],
        campaign_id=_id(fields["campaign_id"]),
        ad_group_id=_id(fields["ad_group_id"]),
        keyword_id=keyword_id,
        creative_id=_id(fields["creative_id"]),
        unexpanded=tags.unexpanded,
        search_term=term,
        click_id_kind=click[0].param if click else "",
        click_id=click[1] if click else "",
    )


def _network(tags: _Tags) -> str:
    return "x" if "network" in tags.names and tags.fields.get("network") == "x" else ""


def _id(value: str) -> str:
    """An id as given; ``0`` is what networks write for "none"."""
    return "" if value == "0" else value


def _keyword(fields: dict[str, str], platform: str) -> tuple[str, str]:
    """(keyword id, keyword): ``kwd-333`` within a target id is the id, wherever it was put."""
    keyword, target = fields["keyword"], fields["keyword_id"]
    found = _KEYWORD_TARGET.search(target) or _KEYWORD_TARGET.search(keyword)
    if _KEYWORD_TARGET.search(keyword):
        keyword = ""
    if found:
        return found.group(1), keyword
    if platform in ("google", "microsoft") and not target.isdigit():
        return "", keyword  # an audience, a product group, kwl-…: no keyword row
    return _id(target), keyword


def _match_type(value: str, platform: str) -> str:
    if platform == "baidu" and value in BAIDU_MATCH_TYPES:
        return BAIDU_MATCH_TYPES[value]
    return MATCH_TYPES.get(value.lower(), value)


# --- the referrer -------------------------------------------------------------------------------


_ORGANIC_MEDIUM = {Kind.SEARCH: "organic", Kind.AI: "ai-assistant", Kind.MAIL: "email"}


def _from_referrer(outside: Address | None, origin: Origin | None) -> Source:
    if outside is None:
        return _DIRECT
    if origin is None:
        name = outside.host.removeprefix("www.")
        return Source(RULES_VERSION, channel="Referral", source=name, medium="referral")
    medium = _ORGANIC_MEDIUM.get(origin.kind, "referral")
    search = origin.kind is Kind.SEARCH
    return Source(
        RULES_VERSION,
        entrance=search,
        channel=channel_of(origin.kind, origin.name, medium, "", False, ""),
        platform=origin.platform if search else "",
        source=origin.name,
        medium=medium,
        search_term=_term(outside, origin) if search else "",
    )


def _term(from_: Address, origin: Origin) -> str:
    engine = origin.engine
    if engine is None or not from_.query:
        return ""
    chinese = origin.name in _GBK_ENGINES and "ie=utf" not in from_.query.lower()
    found = {name: raw for name, raw in from_.pairs() if name in engine.params}
    for param in engine.params:
        if found.get(param):
            return decode(found[param], chinese=chinese)[:FIELD_LENGTH]
    return ""
