"""The account that bench/reports.py measures: derived rows of one big site among many small ones.

Rows are made by the engine from numbers and hashes, so the same scale gives the same rows, and in
the state that a reconcile leaves: every slice published by one build. Density: a visit has 1 to 9
events (mean 5), six visits in ten are paid clicks of a keyword (few keywords have most of them),
a keyword has a spend row on three days in ten, one visit in a hundred converts, and half of the
paths have a touch before the last. All sites have 365 days; the big site's have 128 buckets.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Engine

from tracker.accounts.buckets import add_bucket_plan, shift_of
from tracker.accounts.goals import add_goal
from tracker.accounts.sites import Site, add_site
from tracker.accounts.tenants import add_tenant
from tracker.warehouse.client import Warehouse

FIRST = date(2025, 1, 1)
DAYS = 365
BUILD = 1
#: Visits of one statement: bounds its memory.
CHUNK = 600_000
#: Tables that reports read.
SETTLED = (
    *("hits", "visits", "daily", "keyword_days", "credits", "credit_days", "conversions"),
    *("site_spend", "keywords", "resolution", "sources", "slices"),
)


@dataclass(frozen=True, slots=True)
class Scale:
    """How large the account is; ``full`` is that of the issue: 25 million events in all."""

    big_visits: int
    big_keywords: int
    big_buckets: int
    small_sites: int
    small_visits: int
    small_keywords: int

    @property
    def events(self) -> int:
        """About how many events there are in all."""
        return 5 * (self.big_visits + self.small_sites * self.small_visits)


FULL = Scale(2_000_000, 10_000, 128, 2_000, 1_500, 20)
QUICK = Scale(100_000, 10_000, 4, 50, 1_500, 20)


@dataclass(frozen=True, slots=True)
class Account:
    """The tenant, its big site (None: more small ones only) and its small ones."""

    tenant: str
    big: Site | None
    small: tuple[Site, ...]


def add_account(db: Engine, scale: Scale) -> Account:
    """The metadata of the account."""
    tenant = add_tenant(db, name="Bench").id
    big = _site(db, tenant, "big")
    add_bucket_plan(db, big.key, FIRST, scale.big_buckets)
    add_goal(db, site=big.key, name="order", kind="event", pattern="order")
    return Account(tenant, big, add_small(db, tenant, scale))


def add_small(db: Engine, tenant: str, scale: Scale) -> tuple[Site, ...]:
    """The metadata of the small sites."""
    return tuple(_site(db, tenant, f"small{number}") for number in range(scale.small_sites))


def _site(db: Engine, tenant: str, name: str) -> Site:
    return add_site(
        db,
        tenant=tenant,
        name=name,
        domains=[f"{name}.example"],
        timezone="UTC",
        currency="CNY",
        brand_terms=["brand"],
    )


def fill(warehouse: Warehouse, account: Account, scale: Scale) -> None:
    """Every derived row of the account."""
    if account.big is not None:
        big = [account.big]
        fill_sites(warehouse, big, scale.big_visits, scale.big_keywords, scale.big_buckets)
    fill_sites(warehouse, account.small, scale.small_visits, scale.small_keywords, 1)


def settle(warehouse: Warehouse) -> None:
    """Merge the parts that were just made, as a server does while it is at rest."""
    for table in SETTLED:
        # What is one part already is left alone.
        warehouse.execute(
            f"OPTIMIZE TABLE {table} FINAL SETTINGS optimize_skip_merged_partitions = 1"
        )


def fill_sites(
    warehouse: Warehouse, sites: Sequence[Site], visits: int, keywords: int, buckets: int
) -> None:
    """Derived rows of these sites, each with so many visits and keywords."""
    for group in _groups(sites, visits):
        params = {
            "sites": [site.key for site in group],
            "visits": visits,
            "keywords": keywords,
            "shift": shift_of(buckets),
            "first": FIRST,
            "days": DAYS,
            "build": BUILD,
        }
        for low, high in _spans(visits * len(group)):
            warehouse.execute(VISITS, params | {"low": low, "count": high - low})
        for low in range(0, DAYS, max(1, DAYS * CHUNK // (visits * len(group)))):
            days = max(1, DAYS * CHUNK // (visits * len(group)))
            since = FIRST + timedelta(days=low)
            until = min(since + timedelta(days=days), FIRST + timedelta(days=DAYS))
            warehouse.execute(HITS, params | {"since": since, "until": until})
        for statement in (CONVERSIONS, CREDITS, KEYWORDS, RESOLUTION, SOURCES, SPEND):
            warehouse.execute(statement, params)
        warehouse.insert(
            "slices",
            ("kind", "site", "day", "bucket", "build", "published"),
            list(_slices(group, buckets)),
        )


def _groups(sites: Sequence[Site], visits: int) -> Iterator[Sequence[Site]]:
    size = max(1, CHUNK // visits)
    for start in range(0, len(sites), size):
        yield sites[start : start + size]


def _spans(count: int) -> Iterator[tuple[int, int]]:
    for low in range(0, count, CHUNK):
        yield low, min(low + CHUNK, count)


def _slices(sites: Sequence[Site], buckets: int) -> Iterator[tuple[object, ...]]:
    now = datetime(2026, 1, 2, tzinfo=UTC)
    for site in sites:
        for kind in ("keywords", "resolution"):
            yield kind, site.key, date(1970, 1, 1), 0, BUILD, now
        for number in range(DAYS):
            day = FIRST + timedelta(days=number)
            yield "credits", site.key, day, 0, BUILD, now
            yield "spend", site.key, day, 0, BUILD, now
            for bucket in range(buckets):
                yield "visits", site.key, day, bucket, BUILD, now


_LIST = "{sites:Array(String)}"
VISITS = f"""
INSERT INTO visits (site, day, bucket, build, visitor, visit_id, start, finish, touch, pageviews,
    events, memory, source_key, channel, platform, paid, search_term, click_id_kind, click_id,
    referrer, entry_host, entry_path, exit_path, country, region, browser, os, device, language,
    screen)
WITH
    {{low:UInt64}} + number AS serial, intDiv(serial, {{visits:UInt64}}) AS place,
    serial % {{visits:UInt64}} AS n, cityHash64('visit', place, n) AS h,
    (h % 10) < 6 AS is_paid,
    if(is_paid, toUInt64({{keywords:UInt64}} * pow(((intDiv(h, 256)) % 1000003) / 1000003, 2.2)),
        1000000 + (intDiv(h, 256)) % 40) AS pick,
    cityHash64('visitor', place, (intDiv(h, 65536)) % intDiv({{visits:UInt64}} * 7, 10)) AS person,
    {{first:Date}} + intDiv(n * {{days:UInt64}}, {{visits:UInt64}}) AS at,
    toDateTime64(at, 3, 'UTC') + toIntervalMillisecond((intDiv(h, 16)) % 82800000) AS began,
    1 + (intDiv(h, 1048576)) % 9 AS size
SELECT
    {_LIST}[place + 1] AS site, at, bitShiftRight(person, {{shift:UInt8}}), {{build:UInt64}},
    person, h, began, began + toIntervalSecond(30 * (size - 1)), true, size, size, 'stored',
    cityHash64('source', place, pick), if(is_paid, 'Paid Search', ['Direct', 'Organic Search',
        'Referral', 'Organic Social'][1 + pick % 4]),
    if(is_paid, ['baidu', 'google', 'microsoft'][1 + pick % 3], ''), is_paid,
    if(is_paid, concat('term ', toString(pick % 3000)), ''), if(is_paid, 'gclid', ''),
    if(is_paid AND h % 7 != 0, hex(cityHash64('click', h)), ''), if(is_paid, '', 'ref.example'),
    'www.big.example', concat('/products/', toString((intDiv(h, 16777216)) % 300)),
    concat('/contact/', toString((intDiv(h, 268435456)) % 30)),
    ['CN', 'US', 'DE', 'IN', 'BR', 'RU', 'VN', 'GB', 'TR', ''][1 + (intDiv(h, 4294967296)) % 10],
    concat('region ', toString((intDiv(h, 4294967296)) % 60)),
    ['Chrome', 'Edge', 'Safari'][1 + (intDiv(h, 68719476736)) % 3],
    ['Windows', 'Android', 'iOS'][1 + (intDiv(h, 1099511627776)) % 3],
    ['desktop', 'mobile', 'tablet'][1 + (intDiv(h, 1099511627776)) % 3],
    ['zh-CN', 'en-US'][1 + (intDiv(h, 17592186044416)) % 2],
    '1920x1080'
FROM numbers({{count:UInt64}})
"""
HITS = f"""
INSERT INTO hits (site, day, bucket, build, visitor, visit_id, time, event_id, touch, source_key,
    channel, platform, paid, visit_click_id, name, host, path, title, referrer, search_term,
    click_id_kind, click_id, memory, country, region, browser, os, device, language, screen)
SELECT
    site, day, bucket, build, visitor, visit_id, start + toIntervalSecond(30 * place),
    reinterpretAsUUID(sipHash128(visit_id, place)), touch, source_key, channel, platform, paid,
    click_id,
    if(place > 0 AND cityHash64(visit_id, place) % 10 = 0, 'scroll', 'pageview'), entry_host,
    if(place = 0, entry_path, concat('/products/', toString(cityHash64(visit_id, place) % 300))),
    concat('Page ', toString(cityHash64(visit_id, place) % 300)), referrer, search_term,
    click_id_kind, if(place = 0, click_id, ''), memory, country, region, browser, os, device,
    language, screen
FROM visits
ARRAY JOIN range(toUInt64(events)) AS place
WHERE site IN {_LIST} AND day >= {{since:Date}} AND day < {{until:Date}}
"""
CONVERSIONS = f"""
INSERT INTO conversions (site, day, build, conversion_id, goal, origin, time, path_time, visitor,
    person, visit_id, matched, value, currency, value_site)
SELECT
    site, day, build, cityHash64('conversion', visit_id), if(visit_id % 3 = 0, 'order', 'inquiry'),
    'goal', finish, finish, visitor, visitor, visit_id, 'visit',
    if(visit_id % 3 = 0, toDecimal64(100 + visit_id % 900, 6), NULL) AS worth, 'CNY', worth
FROM visits
WHERE site IN {_LIST} AND cityHash64('converts', visit_id) % 100 = 0
"""
CREDITS = f"""
INSERT INTO credits (site, model, day, build, conversion_id, goal, touch_day, touch_time, visit_id,
    source_key, position, length, lag, weight, amount, has_value, rate_missing)
WITH
    toInt64(1000000000) AS unit,
    seen AS
    (
        SELECT site, day, visit_id, finish,
            (day, start, visit_id, source_key) AS touch_of,
            lagInFrame(touch_of) OVER (PARTITION BY site, visitor ORDER BY start, visit_id)
                AS earlier
        FROM visits
        WHERE site IN {_LIST}
    ),
    paths AS
    (
        SELECT site, day, cityHash64('conversion', visit_id) AS conversion_id,
            visit_id % 3 = 0 AS is_order, finish AS ended,
            if(earlier.3 = 0 OR earlier.2 < finish - toIntervalDay(90), [touch_of],
                [earlier, touch_of]) AS path,
            if(is_order, toInt64(100 + visit_id % 900) * 1000000, 0) AS micros
        FROM seen
        WHERE cityHash64('converts', visit_id) % 100 = 0
    ),
    weighed AS
    (
        SELECT *, length(path) AS n,
            arrayJoin([('first', if(n = 1, [unit], [unit, 0])),
                ('last', if(n = 1, [unit], [0, unit])),
                ('last_non_direct', if(n = 1, [unit], [0, unit])),
                ('last_paid', if(n = 1, [unit], [0, unit])),
                ('linear', if(n = 1, [unit], [intDiv(unit, 2), intDiv(unit, 2)])),
                ('position', if(n = 1, [unit], [intDiv(unit, 2), intDiv(unit, 2)])),
                ('time_decay', if(n = 1, [unit], [intDiv(unit, 4), intDiv(unit * 3, 4)]))]) AS m
        FROM paths
    )
SELECT
    site, m.1 AS model, day, {{build:UInt64}} AS build, conversion_id,
    if(is_order, 'order', 'inquiry') AS goal, touch.1 AS touch_day, touch.2 AS touch_time,
    touch.3 AS visit_id, touch.4 AS source_key, place AS position, n AS length,
    dateDiff('millisecond', touch.2, ended) AS lag, weight, intDiv(micros * weight, unit) AS amount,
    is_order AS has_value, false AS rate_missing
FROM weighed
ARRAY JOIN path AS touch, m.2 AS weight, range(1, n + 1) AS place
WHERE weight > 0
"""
_KEYWORD = "cityHash64('keyword', place, k)"
KEYWORDS = f"""
INSERT INTO keywords (site, build, keyword_key, canonical_key, kind, reason, platform, account,
    campaign_id, campaign, ad_group_id, ad_group, keyword_id, keyword, match_type, campaign_norm,
    ad_group_norm, keyword_norm, first_day, last_day)
WITH number % {{keywords:UInt64}} AS k, intDiv(number, {{keywords:UInt64}}) AS place,
    concat('Campaign ', toString(k % 50)) AS campaign_of,
    concat('Group ', toString(k % 500)) AS group_of,
    concat(if(k % 40 = 0, 'Brand', 'Pump'), ' keyword ', toString(k)) AS text
SELECT
    {_LIST}[place + 1], {{build:UInt64}}, {_KEYWORD}, {_KEYWORD},
    if(k % 100 = 99, 'unallocated', 'keyword'), if(k % 100 = 99, 'pmax', ''),
    ['baidu', 'google', 'microsoft'][1 + k % 3], 'account', toString(k % 50), campaign_of,
    toString(k % 500), group_of, toString(k), text, ['exact', 'phrase', 'broad'][1 + k % 3],
    lower(campaign_of), lower(group_of), lower(text), {{first:Date}},
    {{first:Date}} + {{days:UInt64}} - 1
FROM numbers({{keywords:UInt64}} * length({_LIST}))
"""
RESOLUTION = f"""
INSERT INTO resolution
WITH {{keywords:UInt64}} + 40 AS each, number % each AS j, intDiv(number, each) AS place,
    j < {{keywords:UInt64}} AS is_paid, j AS k,
    toUInt64(if(is_paid, j, 1000000 + j - {{keywords:UInt64}})) AS pick,
    is_paid AND k % 20 != 7 AND k % 100 != 99 AS found
SELECT
    {_LIST}[place + 1], {{build:UInt64}}, cityHash64('source', place, pick),
    if(found, {_KEYWORD}, 0), multiIf(found, '', is_paid, 'unknown_keyword', 'not_paid'),
    if(found, 'tags', ''), if(is_paid, ['baidu', 'google', 'microsoft'][1 + k % 3], ''), is_paid
FROM numbers(each * length({_LIST}))
"""
SOURCES = f"""
INSERT INTO sources (site, source_key, channel, platform, paid, source, medium, campaign, keyword)
WITH {{keywords:UInt64}} + 40 AS each, number % each AS j, intDiv(number, each) AS place,
    j < {{keywords:UInt64}} AS is_paid,
    toUInt64(if(is_paid, j, 1000000 + j - {{keywords:UInt64}})) AS pick
SELECT
    {_LIST}[place + 1], cityHash64('source', place, pick), if(is_paid, 'Paid Search',
        ['Direct', 'Organic Search', 'Referral', 'Organic Social'][1 + pick % 4]),
    if(is_paid, ['baidu', 'google', 'microsoft'][1 + pick % 3], ''), is_paid,
    if(is_paid, ['baidu', 'google', 'bing'][1 + pick % 3], ['', 'baidu', 'ref.example',
        'weibo'][1 + pick % 4]), if(is_paid, 'cpc', ''),
    if(is_paid, concat('Campaign ', toString(j % 50)), ''),
    if(is_paid, concat('keyword ', toString(j)), '')
FROM numbers(each * length({_LIST}))
"""
SPEND = f"""
INSERT INTO site_spend (site, day, last_day, build, keyword_key, platform, account, device,
    impressions, clicks, cost, currency, cost_site)
WITH number % {{keywords:UInt64}} AS k,
    intDiv(number, {{keywords:UInt64}}) % {{days:UInt64}} AS d,
    intDiv(number, {{keywords:UInt64}} * {{days:UInt64}}) AS place,
    cityHash64('spend', number) AS h, {{first:Date}} + d AS at,
    toDecimal64(h % 5000, 6) / 100 AS paid
SELECT
    {_LIST}[place + 1], at, at, {{build:UInt64}}, {_KEYWORD},
    ['baidu', 'google', 'microsoft'][1 + k % 3], 'account', '', 10 + h % 500, h % 12, paid, 'CNY',
    paid
FROM numbers({{keywords:UInt64}} * {{days:UInt64}} * length({_LIST}))
WHERE h % 10 < 3
"""
