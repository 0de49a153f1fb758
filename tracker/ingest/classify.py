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

A click id that only ads carry says that the click was paid, whatever word the medium is, unless it
is one for links that nobody pays for (organic, referral, email …). It credits only its own network.
It is ignored (and stays in the query) when the tags name another network, or name a source that is
no ad network at all without a paid medium (a newsletter that links to an address copied from an
ad), or when the page was reached from a search engine, a social network or an assistant on which
the click id's network sells no ads (a shared link). Of two networks' click ids the later one in the
URL counts, because networks append theirs.

Tags of a search ad on a page that was reached from such a place are *shared*: somebody copied the
address of an ad into a post, a mail or an answer, or a search engine found it there. They stand,
but the visit is no click, and no keyword is credited with it. Other referrers prove nothing: search
partners and sites with ads of a network have any host.

Macros that the platform did not expand (``{keywordid}``, ``%7Bkeywordid%7D``, ``{{term}}``,
``__AID__``) are missing values; ``unexpanded`` says that there was one.

Channel names are those of the default channel group of Google Analytics 4.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec

from tracker.ingest.channels import (
    channel_of,
    is_display_medium,
    is_free_medium,
    is_paid_medium,
)
from tracker.ingest.landing import Address, decode, parse_address
from tracker.ingest.sources.lookup import Origin, named_source, origin_of
from tracker.ingest.sources.sites import Kind
from tracker.ingest.sources.tags import BAIDU_MATCH_TYPES, MATCH_TYPES
from tracker.ingest.tagging import FIELD_LENGTH, GBK_ENGINES, ParamRule, Tags, read_tags

__all__ = ["RULES_VERSION", "ParamRule", "SiteRules", "Source", "classify", "classify_address"]

#: Version of the rules below and of the tables: raised whenever a result can change.
RULES_VERSION = 3

_KEYWORD_TARGET = re.compile(r"(?:^|:)kwd-(\d+)")


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
    shared: bool = False


@dataclass(frozen=True, slots=True)
class SiteRules:
    """What a site adds: its own domains, its parameters, more hosts that visitors return from.

    ``stripped``: parameters that are gone before an address is classified and stored.
    """

    domains: tuple[str, ...] = ()
    params: tuple[ParamRule, ...] = ()
    returning: tuple[str, ...] = ()
    stripped: frozenset[str] = frozenset()

    def owns(self, host: str) -> bool:
        """Whether the host is one of the site's domains or below one."""
        return _below(host, self.domains)


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
    outside = None if from_ is None or is_internal(page, from_, rules) else from_
    origin = None if outside is None else origin_of(outside.host)
    if outside is not None and _returns(outside, origin, rules):
        return replace_source(_DIRECT, returning=True)
    if page is not None and page.query:
        tags = read_tags(page, origin, rules.params)
        if tags.tagged or tags.click or tags.marks:
            return _from_tags(tags, outside, origin)
        if tags.unexpanded:
            return replace_source(_from_referrer(outside, origin), unexpanded=True)
    return _from_referrer(outside, origin)


def is_internal(page: Address | None, from_: Address, rules: SiteRules) -> bool:
    """Whether the referrer is a page of the site itself."""
    return rules.owns(from_.host) or (page is not None and from_.host == page.host)


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


def _from_tags(tags: Tags, outside: Address | None, origin: Origin | None) -> Source:
    fields = tags.fields
    click = tags.click[0] if tags.click else None
    if not (fields["source"] or fields["platform"] or click or tags.marks):
        return _half_tagged(tags, outside, origin)
    platform, kind = _standing(tags)
    source = (fields["source"] or (click.source if click else "") or platform).lower()
    medium = fields["medium"].lower()
    paid = _is_paid(tags, platform, kind)
    if paid and not medium:
        medium = "cpc"
    network = tags.network if platform == "google" else ""
    return _described(
        Source(
            RULES_VERSION,
            entrance=True,
            paid=paid,
            channel=channel_of(kind, source, medium, fields["campaign"], paid, network),
            platform=platform,
            source=source,
            medium=medium,
            search_term=fields["search_term"] or _own_term(outside, origin, platform),
            click_id_kind=click.param if click else "",
            click_id=tags.click[1] if tags.click else "",
            shared=paid and kind is Kind.SEARCH and _is_foreign(platform, origin),
        ),
        tags,
    )


#: Places whose links to a page are known not to be ads of a network that sells none there.
_PLACES = (Kind.SEARCH, Kind.SOCIAL, Kind.AI, Kind.MAIL, Kind.VIDEO)


def _is_foreign(platform: str, origin: Origin | None) -> bool:
    """Whether the network sells no ads on the page that the link stood on."""
    if origin is None or not platform:
        return False
    return origin.kind in _PLACES and platform not in origin.ads


def _half_tagged(tags: Tags, outside: Address | None, origin: Origin | None) -> Source:
    """Tags without a source: the referrer gives the source, the tags give the rest."""
    base = _from_referrer(outside, origin)
    medium = tags.fields["medium"].lower() or base.medium
    paid = is_paid_medium(medium) or is_display_medium(medium)
    kind = origin.kind if origin else Kind.OTHER
    channel = channel_of(kind, base.source, medium, tags.fields["campaign"], paid, "")
    channel = "Unassigned" if channel == "Direct" else channel
    changed = replace_source(base, entrance=True, paid=paid, medium=medium, channel=channel)
    return _described(changed, tags)


def _standing(tags: Tags) -> tuple[str, Kind]:
    """The ad network and the kind of a source that the tags, the click id or the marks name."""
    fields = tags.fields
    click = tags.click[0] if tags.click else None
    declared = fields["platform"] or fields["source"]
    named = named_source(declared) if declared else None
    if named is not None and (named.platform or click is None):
        return named.platform, named.kind
    platform = click.platform if click else tags.marks
    named = named_source((click.source if click else "") or platform) if platform else None
    return platform, named.kind if named else Kind.OTHER


def _is_paid(tags: Tags, platform: str, kind: Kind) -> bool:
    fields = tags.fields
    medium = fields["medium"]
    click = tags.click[0] if tags.click and tags.click[0].paid else None
    if medium:
        # NOTE: many tag their ads with words such as pc or mobile, and only ads carry click ids.
        is_own = click is not None and click.platform == platform and not is_free_medium(medium)
        return is_own or is_paid_medium(medium) or is_display_medium(medium)
    if click or (tags.marks and tags.marks == platform):
        return True
    # NOTE: nobody can tag an organic result, so a search network with campaign or keyword but
    # without a medium is an ad whose tag forgot utm_medium.
    known = fields["campaign"] or fields["keyword"] or fields["campaign_id"] or fields["keyword_id"]
    return kind is Kind.SEARCH and bool(platform and known)


def _described(source: Source, tags: Tags) -> Source:
    """The source with what the tags say of campaign, ad group, keyword and creative."""
    fields = tags.fields
    keyword_id, keyword = _keyword(fields, source.platform)
    campaign, campaign_id = fields["campaign"], _id(fields["campaign_id"])
    return replace_source(
        source,
        # A template that can only give the id gives it as the name too: it is not one.
        campaign="" if campaign == campaign_id else campaign,
        ad_group=fields["ad_group"],
        keyword=keyword,
        match_type=_match_type(fields["match_type"], source.platform),
        creative=fields["creative"],
        campaign_id=campaign_id,
        ad_group_id=_id(fields["ad_group_id"]),
        keyword_id=keyword_id,
        creative_id=_id(fields["creative_id"]),
        unexpanded=tags.unexpanded,
    )


def _id(value: str) -> str:
    """An id as given; ``0`` is what networks write for "none"."""
    return "" if value == "0" else value


def _keyword(fields: dict[str, str], platform: str) -> tuple[str, str]:
    """(keyword id, keyword): ``kwd-333`` within a target id is the id, wherever it was put."""
    keyword, target = fields["keyword"], fields["keyword_id"]
    if "kwd-" in keyword and (found := _KEYWORD_TARGET.search(keyword)):
        return found.group(1), ""
    if "kwd-" in target and (found := _KEYWORD_TARGET.search(target)):
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


def _own_term(outside: Address | None, origin: Origin | None, platform: str) -> str:
    """The search term of a referring engine on which the source's network advertises."""
    if outside is None or origin is None or (platform and platform not in origin.ads):
        return ""
    return _term(outside, origin)


def _term(from_: Address, origin: Origin) -> str:
    engine = origin.engine
    if engine is None or not from_.query:
        return ""
    chinese = origin.name in GBK_ENGINES and "ie=utf" not in from_.query.lower()
    found = {name: raw for name, raw in from_.pairs() if name in engine.params}
    for param in engine.params:
        if found.get(param):
            return decode(found[param], chinese=chinese)[:FIELD_LENGTH]
    return ""
