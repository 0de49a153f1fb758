"""Search terms, stored as a pull stores them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from tests.world import World
from tracker.accounts.marks import Slice, mark
from tracker.spend.connectors.contract import Batch, Capability, SearchTermRow
from tracker.spend.facts import Whose, publish_facts, rows_of, write_facts
from tracker.spend.publication import next_pull

DAY = date(2026, 9, 1)


def whose(world: World) -> Whose:
    return Whose(world.tenant, "google", "7")


def term(words: str, cost: str, clicks: int = 1, **more: Any) -> SearchTermRow:
    """A row of the platform's report, of the keyword "water pump" by its id."""
    given: dict[str, Any] = {
        "term": words,
        "campaign": "pumps",
        "campaign_id": "11",
        "ad_group": "water",
        "ad_group_id": "21",
        "keyword": "water pump",
        "keyword_id": "31",
        "match_type": "exact",
        "device": "mobile",
        "impressions": 5,
        "clicks": clicks,
        "cost": Decimal(cost),
        "platform_conversions": None,
        "platform_value": None,
    }
    return SearchTermRow(**given | more)


def tell(world: World, *told: SearchTermRow, day: date = DAY, currency: str = "CNY") -> None:
    """The platform tells the search terms of a day, whole."""
    pull = next_pull(world.db)
    found = rows_of(whose(world), Batch("7", day, "UTC", currency, told), pull)
    write_facts(world.warehouse, Capability.SEARCH_TERMS, found, f"terms{world.site.key}{pull}")
    counts = {day: len(found)}
    publish_facts(world.warehouse, whose(world), Capability.SEARCH_TERMS, counts, pull, world.now)
    mark(world.db, [Slice("spend", world.site.key, day)])
