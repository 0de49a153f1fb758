"""User agents: browser, system, device, and whether the agent says that it is a robot."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from crawleruseragents import is_crawler  # type: ignore[import-untyped]

#: Longest user agent that is parsed and stored.
LENGTH = 512


@dataclass(frozen=True, slots=True)
class Agent:
    """What a User-Agent header says. ``device`` is desktop, mobile, tablet, bot or other."""

    browser: str
    browser_version: str
    os: str
    os_version: str
    device: str
    robot: bool


@lru_cache(maxsize=8_192)
def parse_agent(text: str) -> Agent:
    """Parse a header of at most ``LENGTH`` characters; an empty one says nothing."""
    if not text:
        return Agent("", "", "", "", "other", False)
    # Here, because its tables take long to load, and commands that read no events need none.
    import user_agents  # type: ignore[import-untyped]

    agent = user_agents.parse(text)
    robot = bool(agent.is_bot) or is_crawler(text)
    return Agent(
        browser=_known(agent.browser.family),
        browser_version=_major(agent.browser.version_string),
        os=_known(agent.os.family),
        os_version=agent.os.version_string,
        device="bot" if robot else _device(agent),
        robot=robot,
    )


def _device(agent: Any) -> str:
    if agent.is_tablet:
        return "tablet"
    if agent.is_mobile:
        return "mobile"
    return "desktop" if agent.is_pc else "other"


def _known(family: str) -> str:
    return "" if family == "Other" else family


def _major(version: str) -> str:
    return version.partition(".")[0]
