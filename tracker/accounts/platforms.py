"""The ad platforms by the names that reports, tags and spend share."""

from __future__ import annotations

import re
from typing import Final

from tracker.errors import InvalidInput
from tracker.tables.columns import squeeze

#: Platform and the one currency that its accounts are kept in, None where an account chooses.
PLATFORMS: Final[dict[str, str | None]] = {
    "google": None,
    "microsoft": None,
    "baidu": "CNY",
    "360": "CNY",
    "sogou": "CNY",
    "shenma": "CNY",
    "yandex": None,
    # P4P of Alibaba.com: its reports have no layout of ours and come by a column mapping.
    "alibaba": None,
}
#: What pages and people call them besides, in both languages. None of these is a name under which
#: spend can be stored (``parse_platform``): such a name stands for itself.
_CALLED: Final = {
    "google": ("谷歌", "谷歌广告", "Google Ads"),
    "microsoft": ("微软", "微软广告", "必应", "必应广告", "Microsoft Advertising", "Bing Ads"),
    "baidu": ("百度", "百度推广", "百度搜索", "百度搜索推广", "百度竞价", "百度营销"),
    "360": ("360 Search", "360 搜索", "360 推广", "360 点睛", "点睛", "好搜", "奇虎 360"),
    "sogou": ("搜狗", "搜狗搜索", "搜狗推广"),
    "shenma": ("神马", "神马搜索", "神马推广"),
    "yandex": ("Yandex Direct", "Яндекс", "Яндекс Директ"),
    "alibaba": (
        "Alibaba.com P4P",
        "阿里巴巴国际站外贸直通车（P4P）",
        "阿里巴巴国际站",
        "外贸直通车",
    ),
}
_BY_CALL: Final = {squeeze(call): name for name, calls in _CALLED.items() for call in calls}
#: Google's customer number as people write it; the account's name here is its digits.
_GOOGLE = re.compile(r"(\d{3})-(\d{3})-(\d{4})")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


def parse_platform(text: str) -> str:
    """A platform's name in lower case; InvalidInput naming the known ones.

    Any other short name is taken too, so that a platform without a layout of ours can be imported
    by a column mapping; ``is_known`` tells them apart.
    """
    name = text.strip().casefold()
    if not name:
        raise InvalidInput(
            "The file does not say which platform it comes from.",
            hint=f"Name it with --platform, one of: {', '.join(PLATFORMS)}.",
        )
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"{text!r} is not the name of a platform.", hint=f"Known: {', '.join(PLATFORMS)}."
        )
    return name


def named_platform(text: str) -> str:
    """The platform that a text names, also as pages and people call it (百度, Google Ads); a text
    that names none in lower case, as it is."""
    name = text.strip().casefold()
    return name if _NAME.fullmatch(name) else _BY_CALL.get(squeeze(text), name)


def is_known(platform: str) -> bool:
    """Whether visits are recognised under this name."""
    return platform in PLATFORMS


def home_currency(platform: str) -> str | None:
    """The currency of all of the platform's accounts, None if it has no such."""
    return PLATFORMS.get(platform)


def account_name(platform: str, written: str) -> str:
    """The name of an ad account however it is written: 123-456-7890 is 1234567890 at Google."""
    text = written.strip()
    number = _GOOGLE.fullmatch(text) if platform == "google" else None
    return "".join(number.groups()) if number else text
