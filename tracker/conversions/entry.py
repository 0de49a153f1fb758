"""An offline conversion as programs, other systems and pages give it."""

from __future__ import annotations

from decimal import Decimal

import msgspec

#: How senders and files say that a conversion is withdrawn; any other word says that it is not.
_WITHDRAWN = frozenset({"1", "1.0", "true", "yes", "y", "x", "是", "已作废", "作废", "已取消"})


def is_withdrawn(text: str) -> bool:
    """Whether what stands under *removed* says so."""
    return text.strip().casefold() in _WITHDRAWN


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One stage of one lead, known by ``id``; see ``OfflineRow`` for the fields.

    ``time`` is ISO 8601; without an offset it is the site's clock, a day alone its end, and empty
    the time that stands for the id, else now. ``value`` is decimal, ``currency`` empty for the
    site's. ``tax_rate`` is the tax that the value includes, as a share of its net value (0.13):
    0 for a net value, null for the site's rule. E-mail, phone and user are plain or SHA-256; only
    hashes are kept.
    """

    id: str
    stage: str
    time: str = ""
    value: Decimal | None = None
    currency: str = ""
    tax_rate: Decimal | None = None
    product_group: str = ""
    order_cost: Decimal | None = None
    lead: str = ""
    visitor: str = ""
    person: str = ""
    user: str = ""
    click_id: str = ""
    visit_code: str = ""
    order_id: str = ""
    email: str = ""
    phone: str = ""
    landing_url: str = ""
    platform: str = ""
    campaign: str = ""
    campaign_id: str = ""
    ad_group: str = ""
    ad_group_id: str = ""
    keyword: str = ""
    keyword_id: str = ""
    match_type: str = ""
    reason: str = ""
    removed: bool = False
