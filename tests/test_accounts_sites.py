"""Sites, their rules, and the cache that ingest reads them through."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from tracker.accounts.database import write
from tracker.accounts.identifiers import is_site_key
from tracker.accounts.sites import (
    Site,
    SiteCache,
    SiteSettings,
    add_site,
    find_site,
    get_site,
    list_sites,
    update_site,
)
from tracker.accounts.tenants import add_tenant, get_tenant, list_tenants
from tracker.errors import InvalidInput, NotFound, Unavailable


def pump_site(db: Engine, **changes: Any) -> Site:
    """A site of a new tenant, with what the test changes."""
    fields: dict[str, Any] = {
        "name": "Pumps",
        "domains": ["pumps.example"],
        "timezone": "Asia/Shanghai",
        "currency": "CNY",
    }
    tenant = changes.pop("tenant", None) or add_tenant(db, name="Pump works").id
    return add_site(db, tenant=tenant, **(fields | changes))


class Watch:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def queries(any_db: Engine) -> Iterator[list[str]]:
    """Every statement that reaches the database during the test."""
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(any_db, "before_cursor_execute", note)
    yield seen
    event.remove(any_db, "before_cursor_execute", note)


def test_a_site_is_read_back_as_it_was_added(any_db: Engine) -> None:
    site = pump_site(
        any_db,
        name="  泵业 ",
        domains=["WWW.Pumps.example.", "询盘.cn", "www.pumps.example", "127.0.0.1"],
        currency="usd",
        margin=Decimal("0.35"),
        visit_timeout=60,
        lookback_days=365,
        brand_terms=["  Acme   Pumps", "acme pumps", "艾克米"],
        settings=SiteSettings(
            cookieless=True,
            allowed_origins=("HTTPS://Shop.example:443/", "http://localhost:8001"),
            excluded_ips=("203.0.113.7", "2001:db8::1/48"),
            bots="flag",
        ),
    )
    assert get_site(any_db, site.key) == find_site(any_db, site.key) == site
    assert is_site_key(site.key)
    assert site.name == "泵业"
    assert site.domains == ("www.pumps.example", "xn--vzyt26b.cn", "127.0.0.1")
    assert site.currency == "USD"
    assert site.margin == Decimal("0.35")
    assert site.brand_terms == ("acme pumps", "艾克米")
    assert site.settings.allowed_origins == ("https://shop.example", "http://localhost:8001")
    assert site.settings.excluded_ips == ("203.0.113.7/32", "2001:db8::/48")


def test_a_site_without_options_has_the_documented_defaults(any_db: Engine) -> None:
    site = pump_site(any_db)
    assert (site.margin, site.visit_timeout, site.lookback_days) == (None, 1800, 90)
    assert site.settings == SiteSettings()


#: Field, a value it refuses, what the message says.
REFUSED: list[tuple[str, Any, str]] = [
    ("timezone", "Asia/Peking", "Unknown time zone 'Asia/Peking'"),
    ("timezone", "localtime", "Unknown time zone 'localtime'"),
    ("timezone", "posix/UTC", "Unknown time zone 'posix/UTC'"),
    ("timezone", "right/UTC", "Unknown time zone 'right/UTC'"),
    ("timezone", "Factory", "Unknown time zone 'Factory'"),
    ("currency", "RMB?", "Unknown currency"),
    ("margin", Decimal(0), "margin is 0"),
    ("margin", Decimal("1.01"), "margin is 1.01"),
    ("margin", Decimal("NaN"), "margin is NaN"),
    ("visit_timeout", 59, "timeout is 59 s; allowed are 60 to 14400"),
    ("visit_timeout", 14401, "timeout is 14401 s"),
    ("lookback_days", 0, "lookback is 0 days; allowed are 1 to 365"),
    ("lookback_days", 366, "lookback is 366 days"),
    ("settings", SiteSettings(half_life_days=0), "half-life is 0 days; allowed are 1 to 90"),
    ("settings", SiteSettings(half_life_days=91), "half-life is 91 days"),
    ("settings", SiteSettings(tax_rate=Decimal(13)), "tax rate is 13; it must be at least 0"),
    ("settings", SiteSettings(tax_rate=Decimal("-0.01")), "tax rate is -0.01"),
    ("settings", SiteSettings(tax_rate=Decimal("0.1234567")), "tax rate is 0.1234567"),
    ("domains", [], "at least one domain"),
    ("domains", ["https://pumps.example"], "Not a domain: 'https://pumps.example'"),
    ("domains", ["pumps.example:8080"], "Not a domain"),
    ("domains", ["-pumps.example"], "Not a domain"),
    ("domains", ["pumps..example"], "Not a domain"),
    ("domains", ["1.2.3"], "Not a domain"),
    ("domains", [""], "Not a domain"),
    ("domains", ["a" * 64 + ".example"], "Not a domain"),
    ("name", " ", "needs a name"),
    ("name", "a\nb", "control characters"),
    ("name", "x" * 201, "at most 200"),
    ("brand_terms", ["  "], "brand term is empty"),
    ("settings", SiteSettings(excluded_ips=("300.1.1.1",)), "Not an address or network"),
    ("settings", SiteSettings(allowed_origins=("pumps.example",)), "Not an origin"),
    ("settings", SiteSettings(allowed_origins=("https://a.example/x",)), "Not an origin"),
]


def test_a_bad_value_is_refused_on_adding_and_on_changing(any_db: Engine) -> None:
    site = pump_site(any_db)
    for field, value, message in REFUSED:
        changes: Any = {field: value}
        with pytest.raises(InvalidInput, match=message):
            pump_site(any_db, **changes)
        with pytest.raises(InvalidInput, match=message):
            update_site(any_db, site.key, **changes)
    assert list_sites(any_db) == [site]


def test_a_change_leaves_the_other_fields(any_db: Engine) -> None:
    site = pump_site(any_db, margin=Decimal("0.35"))
    changed = update_site(any_db, site.key, margin=None, domains=["new.example"])
    assert changed == get_site(any_db, site.key)
    assert (changed.margin, changed.domains) == (None, ("new.example",))
    assert (changed.name, changed.timezone) == (site.name, site.timezone)


def test_what_does_not_exist_is_not_found(any_db: Engine) -> None:
    with pytest.raises(NotFound, match="No site 'nosuchsite'"):
        get_site(any_db, "nosuchsite")
    with pytest.raises(NotFound):
        update_site(any_db, "nosuchsite", name="x")
    with pytest.raises(NotFound, match="No tenant 'nobody'"):
        pump_site(any_db, tenant="nobody")
    with pytest.raises(NotFound, match="No tenant 'nobody'"):
        get_tenant(any_db, "nobody")
    assert find_site(any_db, "nosuchsite") is None


def test_sites_are_listed_by_tenant_oldest_first(any_db: Engine) -> None:
    one, two = add_tenant(any_db, name="One"), add_tenant(any_db, name="Two")
    first = pump_site(any_db, tenant=one.id)
    second = pump_site(any_db, tenant=two.id)
    third = pump_site(any_db, tenant=one.id)
    assert {site.key for site in list_sites(any_db, one.id)} == {first.key, third.key}
    assert list_sites(any_db, two.id) == [second]
    assert len(list_sites(any_db)) == 3
    assert {tenant.name for tenant in list_tenants(any_db)} == {"One", "Two"}
    assert get_tenant(any_db, one.id) == one


def test_a_site_owns_its_hosts_and_their_subdomains_only(any_db: Engine) -> None:
    site = pump_site(any_db, domains=["pumps.example"])
    assert site.owns_host("pumps.example")
    assert site.owns_host("www.pumps.example")
    assert not site.owns_host("badpumps.example")
    assert not site.owns_host("pumps.example.evil.test")


def test_settings_of_a_newer_version_do_not_break_an_older_one(any_db: Engine) -> None:
    site = pump_site(any_db, settings=SiteSettings(cookieless=True))
    with write(any_db) as connection:
        connection.execute(
            text("UPDATE sites SET settings = :s"), {"s": '{"cookieless":true,"from_later":[1]}'}
        )
    assert get_site(any_db, site.key) == site


def test_the_cache_reads_once_within_its_time_and_then_sees_the_change(
    any_db: Engine, queries: list[str]
) -> None:
    site, clock = pump_site(any_db), Watch()
    cache = SiteCache(any_db, clock, ttl=2.0)
    queries.clear()
    assert cache.get(site.key) == cache.get(site.key) == site
    assert len(queries) <= 2, "one read, on SQLite after its BEGIN"

    changed = update_site(any_db, site.key, name="Better pumps")
    clock.move(1.9)
    assert cache.get(site.key) == site
    clock.move(0.1)
    assert cache.get(site.key) == changed


def test_the_cache_remembers_that_a_key_does_not_exist(any_db: Engine, queries: list[str]) -> None:
    clock = Watch()
    cache = SiteCache(any_db, clock, ttl=2.0)
    assert cache.get("aaaaaaaaaa") is None
    queries.clear()
    assert cache.get("aaaaaaaaaa") is None
    assert cache.get("not a key; DROP TABLE sites") is None
    assert cache.get("") is None
    assert queries == []
    clock.move(2)
    assert cache.get("aaaaaaaaaa") is None
    assert queries != []


def test_invented_keys_neither_grow_the_cache_nor_push_sites_out(
    any_db: Engine, queries: list[str]
) -> None:
    site = pump_site(any_db)
    cache = SiteCache(any_db, Watch(), size=10)
    cache.get(site.key)
    invented = [f"{'a' * 8}{a}{b}" for a in "bcdefgh" for b in "bcdefgh"]
    for key in invented:
        assert cache.get(key) is None
    queries.clear()
    assert cache.get(site.key) == site
    assert queries == []
    assert cache.get(invented[0]) is None
    assert queries != [], "the oldest of the invented keys was dropped from memory"


def test_a_clock_that_jumps_back_does_not_freeze_the_cache(any_db: Engine) -> None:
    site, clock = pump_site(any_db), Watch()
    cache = SiteCache(any_db, clock)
    cache.get(site.key)
    changed = update_site(any_db, site.key, name="Better pumps")
    clock.move(-3600)
    assert cache.get(site.key) == changed


def test_a_known_site_is_served_while_the_store_does_not_answer(
    any_db: Engine, take_away: Callable[[Engine], None]
) -> None:
    site, other, clock = pump_site(any_db), pump_site(any_db), Watch()
    cache = SiteCache(any_db, clock)
    cache.get(site.key)
    take_away(any_db)
    clock.move(60)
    assert cache.get(site.key) == site
    with pytest.raises(Unavailable):
        cache.get(other.key)


def test_the_cache_may_be_asked_by_many_threads(any_db: Engine) -> None:
    tenant = add_tenant(any_db, name="One").id
    sites = [pump_site(any_db, tenant=tenant) for _ in range(20)]
    cache = SiteCache(any_db, Watch(), size=10)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: cache.get(sites[n % 20].key), range(400)))
    assert found == [sites[n % 20] for n in range(400)]
