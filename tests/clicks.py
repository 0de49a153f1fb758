"""Click look-ups, stored as a pull stores them."""

from __future__ import annotations

from datetime import date

from tests.world import World
from tracker.accounts.marks import Slice, mark
from tracker.spend.connectors.contract import Batch, Capability, ClickRow
from tracker.spend.facts import Whose, rows_of, write_facts
from tracker.spend.publication import next_pull

DAY = date(2026, 9, 1)


def tell(
    world: World,
    click: str,
    *,
    day: date = DAY,
    campaign_id: str = "11",
    ad_group_id: str = "",
    keyword_id: str = "",
    keyword: str = "",
    match_type: str = "",
    platform: str = "google",
) -> None:
    """The platform says to which keyword a click belongs."""
    if keyword_id:
        ad_group_id = ad_group_id or "21"
    row = ClickRow(click, campaign_id, ad_group_id, keyword_id, keyword, match_type)
    pull = next_pull(world.db)
    whose = Whose(world.tenant, platform, "1-1")
    rows = rows_of(whose, Batch("1-1", day, "UTC", "", (row,)), pull)
    write_facts(world.warehouse, Capability.CLICKS, rows, f"told-{pull}")
    mark(world.db, [Slice("clicks", world.site.key, day)])
