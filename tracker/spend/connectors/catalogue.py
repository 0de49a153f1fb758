"""The platforms that can be pulled: one row each. A connection names its platform by the key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tracker.spend.connectors.baidu import Baidu
from tracker.spend.connectors.contract import Connector
from tracker.spend.connectors.credentials import Credentials
from tracker.spend.connectors.google import GoogleAds
from tracker.spend.connectors.http import Wire
from tracker.spend.connectors.microsoft import Microsoft
from tracker.spend.connectors.qihoo360 import Qihoo360
from tracker.spend.connectors.yandex import Yandex


@dataclass(frozen=True, slots=True)
class Offer:
    """A platform's connector. ``open`` makes it with its default settings. ``secrets`` are what
    the grant must have, ``optional`` what it may; ``account`` what ``AccountRef`` must have beside
    the account's id."""

    name: str
    open: Callable[[Credentials, Wire], Connector]
    secrets: tuple[str, ...]
    optional: tuple[str, ...] = ()
    account: tuple[str, ...] = ()


_OAUTH: Final = ("client_id", "client_secret", "refresh_token")

CONNECTORS: Final[dict[str, Offer]] = {
    "google": Offer("Google Ads", GoogleAds, _OAUTH, ("developer_token",)),
    "microsoft": Offer(
        "Microsoft Advertising", Microsoft, (*_OAUTH, "developer_token"), account=("manager",)
    ),
    "baidu": Offer(
        "百度营销", Baidu, ("app_id", "secret_key", "refresh_token", "user_id"), account=("login",)
    ),
    "360": Offer("360点睛", Qihoo360, ("api_key", "api_secret", "username", "password")),
    "yandex": Offer(
        "Yandex Direct", Yandex, ("access_token",), _OAUTH, account=("currency",)
    ),
}  # fmt: skip
