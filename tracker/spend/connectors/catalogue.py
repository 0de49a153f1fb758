"""The platforms that can be pulled: one row each. A connection names its platform by the key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tracker.spend.connectors.baidu import Baidu, BaiduSettings
from tracker.spend.connectors.contract import Capability, Connector, Schedule
from tracker.spend.connectors.google import GoogleAds, GoogleSettings
from tracker.spend.connectors.microsoft import Microsoft, MicrosoftSettings
from tracker.spend.connectors.qihoo360 import Qihoo360, Qihoo360Settings
from tracker.spend.connectors.yandex import Yandex, YandexSettings


@dataclass(frozen=True, slots=True)
class Offer:
    """A platform's connector. ``open`` makes it, with its default settings or with an instance of
    ``settings``; ``schedule`` is its own. ``secrets`` are what the grant must have, ``optional``
    what it may; ``account`` what ``AccountRef`` must have beside the account's id."""

    name: str
    open: Callable[..., Connector]
    settings: type[Any]
    schedule: Schedule
    secrets: tuple[str, ...]
    optional: tuple[str, ...] = ()
    account: tuple[str, ...] = ()

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What the platform can be asked for."""
        found: frozenset[Capability] = getattr(self.open, "capabilities", frozenset())
        return found


_OAUTH: Final = ("client_id", "client_secret", "refresh_token")

CONNECTORS: Final[dict[str, Offer]] = {
    "google": Offer(
        "Google Ads", GoogleAds, GoogleSettings, GoogleAds.schedule, _OAUTH, ("developer_token",)
    ),
    "microsoft": Offer(
        "Microsoft Advertising", Microsoft, MicrosoftSettings, Microsoft.schedule,
        (*_OAUTH, "developer_token"), account=("manager",),
    ),
    "baidu": Offer(
        "百度营销", Baidu, BaiduSettings, Baidu.schedule,
        ("app_id", "secret_key", "refresh_token", "user_id"), account=("login",),
    ),
    "360": Offer(
        "360点睛", Qihoo360, Qihoo360Settings, Qihoo360.schedule,
        ("api_key", "api_secret", "username", "password"),
    ),
    "yandex": Offer(
        "Yandex Direct", Yandex, YandexSettings, Yandex.schedule,
        ("access_token",), _OAUTH, account=("currency",),
    ),
}  # fmt: skip
