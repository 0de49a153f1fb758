"""The demo company's keywords. Each campaign says why it exists."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

COMPANY = "Hydra Pumps"
HOST = "www.hydra-pumps.example"
#: What a click's landing page leads on to, in order of interest.
PAGES = ("/products", "/products/multistage", "/products/slurry", "/about", "/contact")


@dataclass(frozen=True, slots=True)
class Keyword:
    """``clicks`` a day at ``cpc`` in the account's currency; of the visits that arrive,
    ``inquiry`` ask; of these ``order`` buy, for about ``value`` in the site's currency."""

    text: str
    clicks: float
    cpc: str
    inquiry: float
    order: float
    value: int
    match: str = "phrase"


@dataclass(frozen=True, slots=True)
class Campaign:
    """``arrival``: share of clicks whose visit is seen; ``tagged``: what the landing page says the
    keyword is, where that differs from the platform (the typo); ``in_spend``: whether the
    platform reports it; ``lag``: typical days from inquiry to order."""

    reason: str
    name: str
    ad_group: str
    keywords: tuple[Keyword, ...]
    arrival: float = 0.88
    typo: str = ""
    in_spend: bool = True
    lag: int = 12


@dataclass(frozen=True, slots=True)
class Account:
    """An ad account; ``click_id`` is the parameter that the platform adds to landing pages."""

    platform: str
    account: str
    currency: str
    click_id: str
    source: str
    campaigns: tuple[Campaign, ...]


BAIDU = Account(
    "baidu",
    "hydra-bj",
    "CNY",
    "bd_vid",
    "baidu",
    (
        Campaign(
            "a winner: dear clicks that earn far more than they cost",
            "工业水泵",
            "多级离心泵",
            (
                Keyword("多级离心泵厂家", 6.0, "9.80", 0.075, 0.30, 26000),
                Keyword("卧式多级泵", 3.5, "8.10", 0.060, 0.28, 22000),
                Keyword("高压离心泵", 2.5, "10.40", 0.055, 0.25, 31000),
            ),
        ),
        Campaign(
            "a money-loser: many cheap clicks of people who want one pump for the garden",
            "低价水泵",
            "家用",
            (
                Keyword("水泵多少钱一台", 14.0, "3.20", 0.006, 0.02, 600, "broad"),
                Keyword("小型水泵批发", 9.0, "2.90", 0.008, 0.03, 900, "broad"),
                Keyword("抽水泵", 11.0, "2.40", 0.004, 0.02, 500, "broad"),
            ),
        ),
        Campaign(
            "a brand term: people who were coming anyway",
            "品牌",
            "品牌词",
            (Keyword("海德拉泵业", 5.0, "0.90", 0.11, 0.35, 18000, "exact"),),
        ),
        Campaign(
            "spend without visits: the landing page of the campaign has no snippet on it",
            "展会推广",
            "广交会",
            (Keyword("广交会 水泵 展位", 3.0, "5.60", 0.0, 0.0, 0),),
            arrival=0.0,
        ),
    ),
)

GOOGLE = Account(
    "google",
    "1234567890",
    "USD",
    "gclid",
    "google",
    (
        Campaign(
            "foreign currency, and an order that comes two months after its inquiry",
            "Slurry Pumps - EN",
            "Mining",
            (
                Keyword("slurry pump manufacturer", 4.0, "2.35", 0.060, 0.32, 88000),
                Keyword("mining dewatering pump", 2.5, "2.80", 0.050, 0.26, 64000),
                Keyword("heavy duty slurry pump price", 2.0, "1.95", 0.045, 0.24, 52000),
            ),
            lag=58,
        ),
        Campaign(
            "a typo in utm_term: the visits cannot be given to the keyword that paid for them",
            "Borehole Pumps - EN",
            "Solar",
            (Keyword("solar borehole pump", 5.0, "1.40", 0.030, 0.15, 9000),),
            typo="solar boerhole pump",
        ),
        Campaign(
            "few clicks and no order yet: too little data for a verdict",
            "Spare Parts - EN",
            "Seals",
            (
                Keyword("mechanical seal for slurry pump", 0.5, "1.10", 0.020, 0.10, 2500),
                Keyword("pump impeller replacement", 0.4, "1.25", 0.020, 0.10, 2500),
            ),
        ),
    ),
)

MICROSOFT = Account(
    "microsoft",
    "B012XYZ7",
    "USD",
    "msclkid",
    "bing",
    (
        Campaign(
            "a quiet winner: few clicks, good ones",
            "Industrial Pumps US",
            "Centrifugal",
            (
                Keyword("industrial centrifugal pump supplier", 2.0, "1.60", 0.065, 0.30, 47000),
                Keyword("api 610 pump", 1.0, "2.10", 0.050, 0.25, 76000),
            ),
            lag=30,
        ),
        Campaign(
            "visits without spend: tagged links of a newsletter that say they are paid clicks",
            "Newsletter links",
            "Autumn",
            (Keyword("pump selection guide", 1.5, "0", 0.030, 0.10, 12000),),
            in_spend=False,
        ),
    ),
)

ACCOUNTS = (BAIDU, GOOGLE, MICROSOFT)
#: USD to CNY, around which the daily rate moves.
USD_CNY = Decimal("7.10")
