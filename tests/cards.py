"""Cards of people, written whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Engine

from tracker.accounts.card_wish import CardWish
from tracker.accounts.person_cards import Card, amend_card


def write_card(
    db: Engine, site: str, person: str, visitors: Sequence[str], card: Card, *, now: datetime
) -> None:
    """Put a card in the place of all that stand at the person's visitors."""
    names = [person, *(one for one in visitors if one != person)]
    amend_card(db, site, names, CardWish(**asdict(card)), now=now)
