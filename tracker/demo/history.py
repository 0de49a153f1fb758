"""Ninety days of the demo company: visits and inquiries.

Deterministic for a seed. Everything is written as files that people would have: past events as
JSON lines, spend as the platforms' downloads (``files.py``), and the table of the sales desk, which
works on the inquiries (``desk.py``).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from tracker.demo.catalogue import ACCOUNTS, HOST, PAGES, Account, Campaign, Keyword

AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/141.0.0.0 Mobile Safari/537.36",
)
#: Addresses of several countries, so that the map of visitors is not empty.
ADDRESSES = ("202.96.128.0", "114.114.114.0", "8.8.8.0", "81.2.69.0", "196.25.1.0", "200.160.2.0")
FREE_REFERRERS = ("", "", "https://www.google.com/", "https://www.baidu.com/link?url=x")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a keyword cost on a day, as the platform reports it."""

    day: date
    account: Account
    campaign: Campaign
    keyword: Keyword
    impressions: int
    clicks: int
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Inquiry:
    """Somebody asked by the form of the site, in UTC, and left his address."""

    time: datetime
    email: str
    campaign: Campaign
    keyword: Keyword


@dataclass(slots=True)
class History:
    """Everything that happened, in the order of days."""

    events: list[dict[str, Any]] = field(default_factory=list)
    costs: list[Cost] = field(default_factory=list)
    inquiries: list[Inquiry] = field(default_factory=list)


def keyword_id(account: Account, campaign: Campaign, keyword: Keyword) -> str:
    """The platform's id of a keyword."""
    place = account.campaigns.index(campaign) * 100 + campaign.keywords.index(keyword)
    return str(ACCOUNTS.index(account) * 10_000_000 + 36_500_000_000 + place)


def make_history(seed: int, days: int, last: date, zone: ZoneInfo, now: datetime) -> History:
    """The history of ``days`` days up to ``last``; nothing in it is later than ``now``."""
    chance = random.Random(seed)
    history = History()
    for offset in range(days):
        day = last - timedelta(days=days - 1 - offset)
        for account in ACCOUNTS:
            for campaign in account.campaigns:
                for keyword in campaign.keywords:
                    _keyword_day(history, chance, day, zone, account, campaign, keyword)
        for number in range(_about(chance, 9 if day.weekday() < 5 else 4)):
            _free_visit(history, chance, day, zone, number)
    history.events = [event for event in history.events if event["time"] <= now.isoformat()]
    history.inquiries = [inquiry for inquiry in history.inquiries if inquiry.time <= now]
    return history


def _keyword_day(
    history: History,
    chance: random.Random,
    day: date,
    zone: ZoneInfo,
    account: Account,
    campaign: Campaign,
    keyword: Keyword,
) -> None:
    busy = 1.0 if day.weekday() < 5 else 0.45
    clicks = _about(chance, keyword.clicks * busy)
    impressions = int(clicks * chance.uniform(14, 30)) + _about(chance, 6)
    price = Decimal(keyword.cpc)
    cost = sum(
        (price * Decimal(chance.randrange(80, 121)) / 100 for _ in range(clicks)), Decimal(0)
    )
    if campaign.in_spend and impressions:
        history.costs.append(
            Cost(
                day, account, campaign, keyword, impressions, clicks, cost.quantize(Decimal("0.01"))
            )
        )
    for _ in range(clicks):
        if chance.random() < campaign.arrival:
            _paid_visit(history, chance, day, zone, account, campaign, keyword)


def _paid_visit(
    history: History,
    chance: random.Random,
    day: date,
    zone: ZoneInfo,
    account: Account,
    campaign: Campaign,
    keyword: Keyword,
) -> None:
    visitor = f"{chance.getrandbits(64):016x}"
    start = _moment(chance, day, zone)
    person = {
        "visitor": visitor,
        "user_agent": chance.choice(AGENTS),
        "ip": chance.choice(ADDRESSES),
    }
    tags = {
        "utm_source": account.source,
        "utm_medium": "cpc",
        "utm_campaign": campaign.name,
        "utm_term": campaign.typo or keyword.text,
    }
    if account.platform == "baidu":
        tags["keywordid"] = keyword_id(account, campaign, keyword)
    tags[account.click_id] = f"{chance.getrandbits(96):024x}"
    landing = f"https://{HOST}/?{urlencode(tags)}"
    history.events += _visit(chance, start, landing, "", person)
    if chance.random() < 0.25:
        later = start + timedelta(days=chance.randrange(1, 6), minutes=chance.randrange(500))
        history.events += _visit(chance, later, f"https://{HOST}/products", "", person)
        start = later
    if chance.random() < keyword.inquiry:
        _inquiry(history, chance, start + timedelta(minutes=6), person, campaign, keyword)


def _inquiry(
    history: History,
    chance: random.Random,
    moment: datetime,
    person: dict[str, str],
    campaign: Campaign,
    keyword: Keyword,
) -> None:
    email = f"buyer{chance.randrange(10**8)}@customer.example"
    contact = f"https://{HOST}/contact"
    history.events += [
        _event(moment, "pageview", contact, person),
        _event(moment + timedelta(seconds=70), "identify", contact, person, props={"email": email}),
        _event(moment + timedelta(seconds=71), "inquiry", contact, person),
        _event(moment + timedelta(seconds=73), "pageview", f"https://{HOST}/thanks", person),
    ]
    history.inquiries.append(Inquiry(moment + timedelta(seconds=72), email, campaign, keyword))


def _free_visit(
    history: History, chance: random.Random, day: date, zone: ZoneInfo, number: int
) -> None:
    person = {
        "visitor": f"{chance.getrandbits(64):016x}",
        "user_agent": AGENTS[number % len(AGENTS)],
        "ip": chance.choice(ADDRESSES),
    }
    page = f"https://{HOST}{chance.choice(('/', *PAGES))}"
    history.events += _visit(
        chance, _moment(chance, day, zone), page, chance.choice(FREE_REFERRERS), person
    )


def _visit(
    chance: random.Random, start: datetime, landing: str, referrer: str, person: dict[str, str]
) -> Iterator[dict[str, Any]]:
    yield _event(start, "pageview", landing, person, referrer=referrer)
    moment, before = start, landing
    for page in PAGES[: chance.choice((0, 0, 1, 1, 2, 3))]:
        moment += timedelta(seconds=chance.randrange(15, 120))
        url = f"https://{HOST}{page}"
        yield _event(moment, "pageview", url, person, referrer=before)
        before = url


def _event(
    moment: datetime, name: str, url: str, person: dict[str, str], **more: Any
) -> dict[str, Any]:
    return {"time": moment.isoformat(), "name": name, "url": url, **person, **more}


def _moment(chance: random.Random, day: date, zone: ZoneInfo) -> datetime:
    seconds = int(chance.triangular(8 * 3600, 22 * 3600, 14 * 3600))
    local = datetime.combine(day, time(), tzinfo=zone) + timedelta(seconds=seconds)
    return local.astimezone(ZoneInfo("UTC"))


def _about(chance: random.Random, mean: float) -> int:
    """A count around a mean, never negative."""
    number = chance.gauss(mean, mean**0.5)
    return max(0, int(number) + (chance.random() < number % 1))
