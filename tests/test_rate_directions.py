"""Rates of one day from an address and by hand: whose counts, and for how long."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.spend_imports import Desk
from tracker.accounts.ad_accounts import AdAccount, upsert_ad_account
from tracker.period import Period
from tracker.reconcile.marking import mark_money
from tracker.spend.rate_entry import RateSpan, enter_rate
from tracker.spend.rate_source import read_quotations, take_quotations
from tracker.warehouse.client import Warehouse

DAY = date(2026, 9, 1)


@pytest.fixture
def desk(sqlite_db: Engine, warehouse_embedded: Warehouse, tmp_path: Path) -> Desk:
    """A site in CNY with an account in USD."""
    found = Desk.open(sqlite_db, warehouse_embedded, tmp_path)
    whose = (found.site.tenant, "google", "1")
    upsert_ad_account(sqlite_db, AdAccount(*whose, currency="USD", site=found.site.key))
    return found


def told(desk: Desk, text: str, today: date) -> None:
    take_quotations(
        desk.warehouse, desk.db, desk.site.tenant, read_quotations(text.encode()), source="x",
        today=today, mark_money=lambda days: mark_money(desk.db, desk.site.tenant, days),
    )  # fmt: skip


def entered(desk: Desk) -> None:
    """One yuan is 0.125 dollars: a dollar is 8 yuan."""
    enter_rate(
        desk.warehouse, desk.db, desk.site.tenant, RateSpan("CNY", "USD", Period(DAY, DAY)),
        Decimal("0.125"), mark_money=lambda days: mark_money(desk.db, desk.site.tenant, days),
    )  # fmt: skip


def test_a_currency_that_a_day_lacks_keeps_its_newest_rate(desk: Desk) -> None:
    # A holiday in China: the table has the day, and no yuan on it.
    text = "Date,USD,CNY\n2026-09-01,1.25,8\n2026-09-02,1.25,N/A\n2026-09-03,1.25,N/A\n"
    told(desk, text, date(2026, 9, 4))
    rows = desk.warehouse.rows("SELECT day, rate, quoted FROM rates FINAL ORDER BY day")
    assert [(day, Decimal(rate), quoted) for day, rate, quoted in rows] == [
        (date(2026, 9, day), Decimal("6.4"), DAY) for day in (1, 2, 3, 4)
    ]


@pytest.mark.parametrize("first", ["entered", "told"])
def test_what_somebody_enters_the_other_way_round_counts(desk: Desk, first: str) -> None:
    desk.rows(f"{DAY},a,g,pump,1,1,10", platform="google", account="1", currency="USD")
    quotation = f"Date,USD,CNY\n{DAY},1.25,8\n"  # a dollar is 6.4 yuan
    if first == "entered":
        entered(desk)
    told(desk, quotation, DAY)
    if first == "told":
        assert desk.costs()["*"] == "64.00"
        entered(desk)
    assert desk.costs()["*"] == "80.00"
    told(desk, quotation, DAY)
    assert desk.costs()["*"] == "80.00"
