"""The source and the stored addresses of (site, URL, referrer), kept for pages seen again."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from tracker.accounts.sites import Site
from tracker.ingest.classify import (
    ParamRule,
    SiteRules,
    Source,
    classify_address,
    is_internal,
)
from tracker.ingest.columns import AddressColumns, fragment
from tracker.ingest.landing import Address, parse_address, without_param
from tracker.ingest.payload import PATH_LENGTH, QUERY_LENGTH, REFERRER_LENGTH
from tracker.ingest.stripping import stored_form, stripped, without_click_ids

#: Sightings remembered by a process; addresses longer than KEPT_LENGTH are not.
SIZE = 8_192
KEPT_LENGTH = 512


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a URL and a referrer become: the stored parts and the source, both also as JSON.

    ``page`` is the URL as it was given, None where it is none; ``cut``: a part was longer than its
    column.
    """

    page: Address | None
    addresses: AddressColumns
    source: Source
    cut: bool
    json: bytes


def site_rules(site: Site) -> SiteRules:
    """The classification rules that a site's settings make."""
    settings = site.settings
    return SiteRules(
        domains=site.domains,
        params=tuple(ParamRule(param, field) for param, field in settings.param_map.items()),
        returning=settings.excluded_referrers,
        stripped=frozenset(settings.stripped_params),
    )


class Sightings:
    """Classifies, and remembers. A site whose rules change is classified anew."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str, str], tuple[SiteRules, Sighting]] = OrderedDict()
        self._rules: dict[str, tuple[Site, SiteRules]] = {}

    def find(self, site: Site, url: str, referrer: str) -> Sighting:
        """The sighting; both addresses as the client gave them, either may be empty."""
        rules = self._site_rules(site)
        key = (site.key, url, referrer)
        known = self._known.get(key)
        if known is not None and known[0] is rules:
            return known[1]
        found = sight(parse_address(url) if url else None, referrer, rules)
        if len(url) + len(referrer) <= KEPT_LENGTH:
            self._known[key] = (rules, found)
            if len(self._known) > SIZE:
                self._known.popitem(last=False)
        return found

    def _site_rules(self, site: Site) -> SiteRules:
        known = self._rules.get(site.key)
        if known is not None and known[0] is site:
            return known[1]
        rules = site_rules(site)
        if known is not None and known[1] == rules:
            rules = known[1]  # the same site read again: what is remembered stays good
        if len(self._rules) > 50_000:
            self._rules.clear()
        self._rules[site.key] = (site, rules)
        return rules


def sight(given: Address | None, referrer: str, rules: SiteRules) -> Sighting:
    """Strip, classify, and make the stored form: the credited click id leaves the query, and
    click ids leave the referrer where that is a page of the site itself."""
    cut = len(referrer) > REFERRER_LENGTH or (given is not None and _is_long(given))
    from_ = parse_address(referrer) if referrer else None
    page = stripped(given, rules.stripped) if given else None
    from_ = stripped(from_, rules.stripped) if from_ else None
    source = classify_address(page, from_, rules)
    if from_ is not None and is_internal(page, from_, rules):
        from_ = without_click_ids(from_)
    query = page.query if page else ""
    if source.click_id:
        query = without_param(query, source.click_id_kind, source.click_id)
    addresses = AddressColumns(
        host=page.host if page else "",
        path=page.path[:PATH_LENGTH] if page else "",
        query=query[:QUERY_LENGTH],
        referrer=stored_form(from_)[:REFERRER_LENGTH] if from_ else "",
    )
    return Sighting(given, addresses, source, cut, json=fragment(addresses) + fragment(source))


def _is_long(page: Address) -> bool:
    return len(page.path) > PATH_LENGTH or len(page.query) > QUERY_LENGTH
