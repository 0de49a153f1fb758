"""The default channel group of Google Analytics 4, in the order of its rules.

Differences, each because this product knows more: ``paid`` may come from a click id or an ad
network's mark without any medium; media words in Chinese (竞价, 信息流) count; a campaign that runs
across networks is told by the network macro ``x`` as well as by its name.
"""

from __future__ import annotations

import re

from tracker.ingest.sources.sites import Kind
from tracker.ingest.sources.tags import DISPLAY_MEDIUMS, PAID_MEDIUMS

_PAID = re.compile(r"^(.*cp.*|ppc|retargeting|paid.*)$")
_SHOP_CAMPAIGN = re.compile(r"^(.*(([^a-df-z]|^)shop|shopping).*)$")
_SOCIAL_MEDIUMS = frozenset(
    ("social", "social-network", "social-media", "sm", "social network", "social media", "sns")
)
_MAIL = frozenset(("email", "e-mail", "e_mail", "e mail", "edm", "邮件"))
_FREE = frozenset(("organic", "referral", "ai-assistant", "none", "(none)", "自然", "自然搜索"))
_BY_KIND = {
    Kind.SHOPPING: "Shopping",
    Kind.SEARCH: "Search",
    Kind.SOCIAL: "Social",
    Kind.VIDEO: "Video",
}


def is_paid_medium(medium: str) -> bool:
    """Whether a medium says that the click was bought: cpc, ppc, paid…, sem, 竞价 …"""
    plain = medium.lower()
    return plain in PAID_MEDIUMS or _PAID.match(plain) is not None


def is_display_medium(medium: str) -> bool:
    """Whether a medium says display advertising: display, banner, cpm, 信息流 …"""
    return medium.lower() in DISPLAY_MEDIUMS


def is_free_medium(medium: str) -> bool:
    """Whether a medium says that nobody paid for the click: organic, referral, social, email …"""
    plain = medium.lower()
    return plain in _FREE or plain in _MAIL or plain in _SOCIAL_MEDIUMS or "affiliate" in plain


def channel_of(
    kind: Kind, source: str, medium: str, campaign: str, paid: bool, network: str
) -> str:
    """The channel's English name; ``Unassigned`` when no rule applies."""
    medium, campaign = medium.lower(), campaign.lower()
    if not source and not medium:
        return "Direct"
    if network == "x" or "cross-network" in campaign:
        return "Cross-network"
    shop = kind is Kind.SHOPPING or _SHOP_CAMPAIGN.match(campaign) is not None
    if paid:
        return _paid_channel(kind, medium, shop)
    return _free_channel(kind, source.lower(), medium, shop)


def _paid_channel(kind: Kind, medium: str, shop: bool) -> str:
    if medium in ("feed", "信息流", "xinxiliu") or (
        is_display_medium(medium) and not _PAID.match(medium)
    ):
        return "Display"
    if shop:
        return "Paid Shopping"
    if kind in _BY_KIND:
        return f"Paid {_BY_KIND[kind]}"
    return "Display" if is_display_medium(medium) else "Paid Other"


def _free_channel(kind: Kind, source: str, medium: str, shop: bool) -> str:
    if kind is Kind.AI or medium == "ai-assistant":
        return "AI Assistant"
    if medium in _MAIL or source in _MAIL or kind is Kind.MAIL:
        return "Email"
    if shop:
        return "Organic Shopping"
    if kind is Kind.SOCIAL or medium in _SOCIAL_MEDIUMS:
        return "Organic Social"
    if kind is Kind.VIDEO or "video" in medium:
        return "Organic Video"
    if kind is Kind.SEARCH or medium == "organic":
        return "Organic Search"
    return _other_channel(source, medium)


def _other_channel(source: str, medium: str) -> str:
    if medium in ("referral", "app", "link"):
        return "Referral"
    if "affiliate" in medium:
        return "Affiliates"
    if medium == "audio":
        return "Audio"
    if source == "sms" or medium == "sms":
        return "SMS"
    if medium.endswith("push") or "mobile" in medium or "notification" in medium:
        return "Mobile Push Notifications"
    return "Unassigned"
