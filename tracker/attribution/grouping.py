"""What counts as one channel of a model: platform, campaign, ad group or keyword.

Sources that belong to no keyword group by their channel, platform and reason. Where a keyword has
too few paths for an effect of its own, it shares that of its ad group, its campaign or its
platform, the first that has enough.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tracker.attribution.journeys import Journey, SourceName

#: Converting paths that a keyword, ad group or campaign needs for an effect of its own.
ENOUGH = 30


class Level(StrEnum):
    """Grain of a comparison; ``channel`` is that of all sources (Paid Search, Direct …)."""

    CHANNEL = "channel"
    PLATFORM = "platform"
    CAMPAIGN = "campaign"
    AD_GROUP = "ad_group"
    KEYWORD = "keyword"


@dataclass(frozen=True, slots=True, order=True)
class Group:
    """One channel of the model; ``names`` from platform down as far as the level goes. A group
    without a keyword of the spend has its channel and the reason in place of a campaign; a keyword
    its match type, as the same words may stand beside themselves."""

    level: Level
    platform: str
    names: tuple[str, ...] = ()
    channel: str = ""
    reason: str = ""
    match_type: str = ""
    keyword_key: int = 0


def group_of(name: SourceName | None, level: Level) -> Group:
    """The group of a source at a level."""
    if name is None:
        return Group(Level.CHANNEL, "", reason="no_touch")
    if level is Level.CHANNEL:
        return Group(level, "", channel=name.channel)
    if not name.keyword_key:
        return Group(Level.CHANNEL, name.platform, channel=name.channel, reason=name.reason)
    depth = _DEPTHS[level]
    names = (name.account, name.campaign, name.ad_group, name.keyword)[:depth]
    if level is not Level.KEYWORD:
        return Group(level, name.platform, names)
    key, match_type = name.keyword_key, name.match_type
    return Group(level, name.platform, names, keyword_key=key, match_type=match_type)


_DEPTHS = {Level.PLATFORM: 0, Level.CAMPAIGN: 2, Level.AD_GROUP: 3, Level.KEYWORD: 4}
#: From the finest level to the one that always has an effect.
_FOLDING = (Level.KEYWORD, Level.AD_GROUP, Level.CAMPAIGN)


def fixed_groups(names: Mapping[int, SourceName], level: Level) -> dict[int, Group]:
    """The group of each source, all at the same level."""
    return {key: group_of(name, level) for key, name in names.items()}


def folded_groups(names: Mapping[int, SourceName], journeys: Iterable[Journey]) -> dict[int, Group]:
    """The group of each source at the finest level that has ``ENOUGH`` converting paths."""
    converting = [journey for journey in journeys if journey.conversions]
    found: dict[int, Group] = {}
    for level in _FOLDING:
        counts: Counter[Group] = Counter()
        for journey in converting:
            groups = {
                group_of(names[key], level)
                for key in set(journey.path)
                if key in names and key not in found
            }
            counts.update(dict.fromkeys(groups, journey.conversions))
        for key, name in names.items():
            group = group_of(name, level)
            if key not in found and (counts[group] >= ENOUGH or not name.keyword_key):
                found[key] = group
    rest = {key: group_of(names[key], Level.PLATFORM) for key in names.keys() - found.keys()}
    return found | rest
