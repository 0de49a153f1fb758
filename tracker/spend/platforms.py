"""The ad platforms by the names that reports, tags and spend share."""

from __future__ import annotations

import re
from typing import Final

from tracker.errors import InvalidInput

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
