"""Sites: what is tracked, in which zone and currency, under which rules."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any, Literal, TypedDict, Unpack

import msgspec
from sqlalchemy import Engine, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from tracker.accounts import schema
from tracker.accounts.clock import Clock, utc_now
from tracker.accounts.database import write
from tracker.accounts.domains import covers_host, parse_domain
from tracker.accounts.identifiers import SITE_KEY_LENGTH, is_site_key, random_text
from tracker.accounts.names import checked_name
from tracker.accounts.site_rules import (
    checked_excluded_ips,
    checked_group_margins,
    checked_half_life,
    checked_keep_days,
    checked_lookback,
    checked_margin,
    checked_origins,
    checked_param_map,
    checked_params,
    checked_paths,
    checked_rate,
    checked_tax_rate,
    checked_terms,
    checked_timeout,
)
from tracker.errors import InvalidInput, NotFound, Unavailable, of_field
from tracker.money import parse_currency
from tracker.period import checked_zone

DEFAULT_VISIT_TIMEOUT = 30 * 60
DEFAULT_LOOKBACK_DAYS = 90


class SiteSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """Rules of ingest for one site; a key unknown to this version is ignored when read."""

    #: Never store anything in the browser; visitors are known for a day only.
    cookieless: bool = False
    #: Keep the full address of paid visits for 60 days, as evidence of suspect clicks.
    keep_full_ip: bool = False
    #: Honour Global Privacy Control and Do-Not-Track.
    honour_dnt: bool = True
    #: Origins (scheme://host[:port]) whose pages may report; empty means the site's domains.
    allowed_origins: tuple[str, ...] = ()
    #: Addresses and networks whose events are dropped, such as the office.
    excluded_ips: tuple[str, ...] = ()
    #: What becomes of self-declared robots, of browsers under automation, and of addresses above
    #: their rate (``flag`` counts these; ``drop`` asks them to come later).
    bots: Literal["drop", "flag"] = "drop"
    #: What becomes of visitors from networks of hosting providers; many are customers in a VPN.
    hosting: Literal["drop", "flag"] = "flag"
    #: Pages that are not counted, as path patterns (``*`` within a segment, ``**`` across).
    excluded_paths: tuple[str, ...] = ()
    #: Query parameters taken out of URL and referrer, beside the personal ones that always are.
    stripped_params: tuple[str, ...] = ()
    #: Query parameters with names of the site's own → the field of the source that each fills.
    param_map: dict[str, str] = {}
    #: Most events a minute that one process takes, 0 for no limit: of the site, of one address.
    rate_limit: int = 6_000_000
    address_rate_limit: int = 30_000
    #: Keep the visitor id in an HTTP cookie too, where the server runs below the site's domain.
    http_cookie: bool = False
    #: Orders of a person who has ordered before: a path of their own, or that of the first order.
    repeat_orders: Literal["open", "inherit"] = "open"
    #: Half-life of the time-decay model, in days.
    half_life_days: int = 7
    #: Tax that recorded values include, as a share of the net value; 0: they are net.
    tax_rate: Decimal = Decimal(0)
    #: Margins of product groups, in the place of the site's where a conversion names its group.
    group_margins: dict[str, Decimal] = {}
    #: Days for which events and visits are kept, 0 for ever; conversions and sums of days stay.
    keep_days: int = 0
    #: Hosts a visitor returns from within his visit, beside the built-in payment providers.
    excluded_referrers: tuple[str, ...] = ()

    @property
    def of_credit(self) -> tuple[object, ...]:
        """Those that credit depends on: a change of one is a change of history."""
        groups = frozenset(self.group_margins.items())
        return self.repeat_orders, self.half_life_days, self.tax_rate, groups


@dataclass(frozen=True, slots=True)
class Site:
    """A tracked site. ``margin`` is a share of revenue, ``visit_timeout`` is in seconds."""

    key: str
    tenant: str
    name: str
    domains: tuple[str, ...]
    timezone: str
    currency: str
    margin: Decimal | None
    visit_timeout: int
    lookback_days: int
    brand_terms: tuple[str, ...]
    settings: SiteSettings
    created_at: datetime

    def owns_host(self, host: str) -> bool:
        """Whether the host (lower case, no port) is one of the site's or a subdomain of one."""
        return covers_host(self.domains, host)


class SiteChanges(TypedDict, total=False):
    """What ``update_site`` can change; a key that is absent stays as it is."""

    name: str
    domains: Iterable[str]
    timezone: str
    currency: str
    margin: Decimal | None
    visit_timeout: int
    lookback_days: int
    brand_terms: Iterable[str]
    settings: SiteSettings


def add_site(
    db: Engine,
    *,
    tenant: str,
    name: str,
    domains: Iterable[str],
    timezone: str,
    currency: str,
    margin: Decimal | None = None,
    visit_timeout: int = DEFAULT_VISIT_TIMEOUT,
    lookback_days: int = DEFAULT_LOOKBACK_DAYS,
    brand_terms: Iterable[str] = (),
    settings: SiteSettings | None = None,
    now: datetime | None = None,
) -> Site:
    """A new site with a random key. InvalidInput for a bad value, NotFound for the tenant."""
    site = _checked(
        Site(
            key=random_text(SITE_KEY_LENGTH),
            tenant=tenant,
            name=name,
            domains=tuple(domains),
            timezone=timezone,
            currency=currency,
            margin=margin,
            visit_timeout=visit_timeout,
            lookback_days=lookback_days,
            brand_terms=tuple(brand_terms),
            settings=settings or SiteSettings(),
            created_at=now or utc_now(),
        )
    )
    try:
        with write(db) as connection:
            connection.execute(insert(schema.sites).values(**_values(site)))
    except IntegrityError as error:
        raise NotFound(f"No tenant {tenant!r}.") from error
    return site


def find_site(db: Engine, key: str) -> Site | None:
    """The site of that key, or None."""
    with db.connect() as connection:
        row = connection.execute(
            select(schema.sites).where(schema.sites.c.key == key)
        ).one_or_none()
    return None if row is None else _site(row)


def find_sites(db: Engine, keys: Iterable[str]) -> dict[str, Site]:
    """The sites of these keys, by key; those that do not exist are left out."""
    query = select(schema.sites).where(schema.sites.c.key.in_(list(keys)))
    with db.connect() as connection:
        return {row.key: _site(row) for row in connection.execute(query)}


def get_site(db: Engine, key: str) -> Site:
    """The site of that key, or NotFound."""
    site = find_site(db, key)
    if site is None:
        raise NotFound(f"No site {key!r}.", hint="List them with: tracker site list.")
    return site


def list_sites(db: Engine, tenant: str | None = None) -> list[Site]:
    """Sites of a tenant, or of all, oldest first."""
    table = schema.sites
    query = select(table).order_by(table.c.created_at, table.c.key)
    if tenant is not None:
        query = query.where(table.c.tenant == tenant)
    with db.connect() as connection:
        return [_site(row) for row in connection.execute(query)]


def site_keys(db: Engine) -> list[str]:
    """The keys of all sites: much less work than the sites where there are thousands."""
    with db.connect() as connection:
        return list(connection.scalars(select(schema.sites.c.key)))


def update_site(db: Engine, key: str, **changes: Unpack[SiteChanges]) -> Site:
    """Change some fields and return the site as it is now; NotFound, InvalidInput.

    The caller marks slices dirty when the zone, the timeout, the lookback or a rule ``of_credit``
    has changed.
    """
    table = schema.sites
    with write(db) as connection:
        row = connection.execute(select(table).where(table.c.key == key).with_for_update()).first()
        if row is None:
            raise NotFound(f"No site {key!r}.", hint="List them with: tracker site list.")
        fields: dict[str, Any] = dict(changes)
        for name in ("domains", "brand_terms"):
            if name in fields:
                fields[name] = tuple(fields[name])
        goals = schema.goals
        longest = select(func.max(goals.c.lookback_days)).where(goals.c.site == key)
        lookback = connection.execute(longest).scalar() or 0
        site = _checked(replace(_site(row), **fields), lookback=lookback)
        connection.execute(update(table).where(table.c.key == key).values(**_values(site)))
    return site


def _checked_domains(given: Iterable[str]) -> tuple[str, ...]:
    domains = tuple(dict.fromkeys(parse_domain(domain) for domain in given))
    if not domains:
        raise InvalidInput("A site needs at least one domain.", hint="Give it with --domain.")
    return domains


def _checked(site: Site, *, lookback: int = 0) -> Site:
    """``lookback``: the longest that a goal of the site has of its own, in days."""
    of_field("timezone", checked_zone, site.timezone)
    return replace(
        site,
        name=of_field("name", partial(checked_name, what="site"), site.name),
        domains=of_field("domains", _checked_domains, site.domains),
        currency=of_field("currency", parse_currency, site.currency),
        margin=of_field("margin", checked_margin, site.margin),
        visit_timeout=of_field("visit_timeout", checked_timeout, site.visit_timeout),
        lookback_days=of_field("lookback_days", checked_lookback, site.lookback_days),
        brand_terms=of_field("brand_terms", checked_terms, site.brand_terms),
        settings=msgspec.structs.replace(
            site.settings,
            allowed_origins=checked_origins(site.settings.allowed_origins),
            excluded_ips=checked_excluded_ips(site.settings.excluded_ips),
            excluded_referrers=tuple(map(parse_domain, site.settings.excluded_referrers)),
            excluded_paths=checked_paths(site.settings.excluded_paths),
            stripped_params=checked_params(site.settings.stripped_params),
            param_map=checked_param_map(site.settings.param_map),
            half_life_days=of_field(
                "half_life_days", checked_half_life, site.settings.half_life_days
            ),
            group_margins=of_field(
                "group_margins", checked_group_margins, site.settings.group_margins
            ),
            tax_rate=of_field("tax_rate", checked_tax_rate, site.settings.tax_rate),
            keep_days=checked_keep_days(site.settings.keep_days, max(site.lookback_days, lookback)),
            rate_limit=checked_rate(site.settings.rate_limit, "rate_limit"),
            address_rate_limit=checked_rate(site.settings.address_rate_limit, "address_rate_limit"),
        ),
    )


def _values(site: Site) -> dict[str, Any]:
    values = {name: getattr(site, name) for name in Site.__dataclass_fields__}
    for name in ("domains", "brand_terms", "settings"):
        values[name] = msgspec.json.encode(values[name]).decode()
    return values


def _site(row: Row[Any]) -> Site:
    values = dict(row._mapping)
    values["domains"] = msgspec.json.decode(row.domains, type=tuple[str, ...])
    values["brand_terms"] = msgspec.json.decode(row.brand_terms, type=tuple[str, ...])
    values["settings"] = _settings(row.settings)
    return Site(**values)


@lru_cache(maxsize=1_000)
def _settings(text: str) -> SiteSettings:
    """Most sites have the same ones, and reconciling reads thousands of sites at a time."""
    return msgspec.json.decode(text, type=SiteSettings)


class SiteCache:
    """Thread-safe ``get(key)``; a change of a site is seen within ``ttl`` seconds.

    Keys that do not exist are remembered too, apart from the sites, so that a flood of invented
    keys neither reaches the store each time nor pushes a site out. While the store does not
    answer, what was known of a site is served on.
    """

    def __init__(self, db: Engine, clock: Clock, ttl: float = 2.0, size: int = 20_000) -> None:
        self._db = db
        self._clock = clock
        self._ttl = timedelta(seconds=ttl)
        self._size = size
        self._lock = threading.Lock()
        self._sites: OrderedDict[str, tuple[datetime, Site]] = OrderedDict()
        self._missing: OrderedDict[str, datetime] = OrderedDict()

    def get(self, key: str) -> Site | None:
        """The site, or None when there is none of that key."""
        if not is_site_key(key):
            return None
        now = self._clock()
        with self._lock:
            known = self._sites.get(key)
            missing = self._missing.get(key)
        if known and self._fresh(known[0], now):
            return known[1]
        if missing and self._fresh(missing, now):
            return None
        try:
            site = find_site(self._db, key)
        except Unavailable:
            if known is None:
                raise
            site = known[1]
        self._keep(key, site, now)
        return site

    def _fresh(self, read: datetime, now: datetime) -> bool:
        # A clock that jumped back must not keep an entry for ever.
        return abs(now - read) < self._ttl

    def _keep(self, key: str, site: Site | None, now: datetime) -> None:
        with self._lock:
            self._sites.pop(key, None)
            self._missing.pop(key, None)
            if site is None:
                self._missing[key] = now
                if len(self._missing) > self._size:
                    self._missing.popitem(last=False)
            else:
                self._sites[key] = (now, site)
                if len(self._sites) > self._size:
                    self._sites.popitem(last=False)
