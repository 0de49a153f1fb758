"""Names that several pages show: platforms, channels, devices, sections of a site."""

from __future__ import annotations

from collections.abc import Mapping

from tracker.web.i18n import Language, msgid

#: Advertising platforms by the name that the reports use.
PLATFORMS = {
    "baidu": msgid("Baidu"),
    "google": msgid("Google"),
    "microsoft": msgid("Microsoft"),
    "360": msgid("360 Search"),
    "sogou": msgid("Sogou"),
    "shenma": msgid("Shenma"),
    "yandex": msgid("Yandex"),
    "alibaba": msgid("Alibaba.com P4P"),
}
_CHANNELS = {
    "Direct": msgid("Direct"),
    "Organic Search": msgid("Organic search"),
    "Paid Search": msgid("Paid search"),
    "Referral": msgid("Referral"),
    "Organic Social": msgid("Organic social"),
    "Paid Social": msgid("Paid social"),
    "Email": msgid("E-mail"),
    "Display": msgid("Display ads"),
    "Video": msgid("Video"),
    "Organic Video": msgid("Organic video"),
    "Paid Video": msgid("Paid video"),
    "Organic Shopping": msgid("Organic shopping"),
    "Paid Shopping": msgid("Paid shopping"),
    "Paid Other": msgid("Other paid"),
    "Cross-network": msgid("Cross-network"),
    "Affiliates": msgid("Affiliates"),
    "AI Assistant": msgid("AI assistant"),
    "AI Assistants": msgid("AI assistant"),
    "SMS": msgid("SMS"),
    "Audio": msgid("Audio"),
    "Mobile Push Notifications": msgid("Push notifications"),
    "Unassigned": msgid("Unassigned"),
}
_DEVICES = {
    "desktop": msgid("Desktop"),
    "mobile": msgid("Mobile"),
    "tablet": msgid("Tablet"),
    "bot": msgid("Robot"),
    "other": msgid("Other device"),
}
#: What the snippet notices by itself, and what it tells of consent and contacts; other names are
#: those of the site.
_EVENTS = {
    "engagement": msgid("Stayed on the page"),
    "outbound": msgid("Link to another site"),
    "download": msgid("Download"),
    "intent": msgid("Tap to talk"),
    "form": msgid("Form sent"),
    "identify": msgid("Contact given"),
    "consent": msgid("Consent decided"),
}
#: Sections of a site: path below the site, title, the right that one needs to see it.
_SECTIONS = (
    ("keywords", msgid("Keywords"), "read"),
    ("explore", msgid("Explorer"), "read"),
    ("attribution", msgid("Attribution"), "read"),
    ("live", msgid("Live visitors"), "read"),
    ("people", msgid("People"), "read"),
    ("leads", msgid("Leads"), "read"),
    ("pipeline", msgid("Pipeline"), "read"),
    ("goals", msgid("Goals"), "read"),
    ("connections", msgid("Connections"), "write"),
    ("imports", msgid("Imports"), "write"),
    ("health", msgid("Data health"), "read"),
    ("accounts", msgid("Ad accounts"), "read"),
    ("rates", msgid("Exchange rates"), "read"),
    ("runs", msgid("Runs"), "read"),
    ("install", msgid("Installation"), "read"),
    ("settings", msgid("Settings"), "admin"),
    ("tokens", msgid("API tokens"), "admin"),
)


def platform_name(speech: Language, platform: str | None) -> str:
    """The platform's own name in the language; an unknown one as it stands."""
    return speech.gettext(PLATFORMS[platform]) if platform in PLATFORMS else platform or ""


def channel_name(speech: Language, channel: str) -> str:
    """A channel of GA4's default groups in the language; an unknown one as it stands."""
    return speech.gettext(_CHANNELS[channel]) if channel in _CHANNELS else channel


def device_name(speech: Language, device: str) -> str:
    """Desktop, mobile …"""
    return speech.gettext(_DEVICES[device]) if device in _DEVICES else device


def event_name(speech: Language, name: str) -> str:
    """What happened, in the language; an event of the site's own by its name."""
    return speech.gettext(_EVENTS[name]) if name in _EVENTS else name


def site_sections(speech: Language, site: str, rights: Mapping[str, bool]) -> list[tuple[str, str]]:
    """Address and title of every section that the caller may see."""
    return [
        (f"/sites/{site}/{path}", speech.gettext(title))
        for path, title, right in _SECTIONS
        if rights[right]
    ]
