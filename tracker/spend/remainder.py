"""Lines of the slices that an import replaces which stay, because the file does not speak of them:
those of other devices and, in a partial import, those of campaigns that the file does not have."""

from __future__ import annotations

from collections.abc import Iterator, Set

from tracker.spend.guard import same_campaign
from tracker.spend.lines import KEY_PARTS, SEPARATOR, Campaign, Line, campaign_of
from tracker.spend.plan import Plan
from tracker.spend.standing import Ledger

_DEVICE = KEY_PARTS.index("device")


def remainder(ledger: Ledger, plan: Plan, present: Set[Campaign] | None) -> Iterator[Line]:
    """The lines that stay. ``present`` are the campaigns of the file where the import is partial,
    None where it speaks for all campaigns."""
    partial = present is not None
    targets = {t.unit: t for t in plan.targets if t.replaced and (partial or t.into_devices)}
    sources = [
        one
        for target in targets.values()
        for one in target.replaced
        if partial or one is target.exact
    ]
    spoken_of: dict[Campaign, bool] = {}
    for line in ledger.lines(sources):
        devices = targets[line.unit].into_devices
        if devices and line.key.split(SEPARATOR)[_DEVICE] not in devices:
            yield line
        elif present is not None:
            campaign = campaign_of(line.key)
            if campaign not in spoken_of:
                spoken_of[campaign] = same_campaign(campaign, present)
            if not spoken_of[campaign]:
                yield line
