"""Findings about the cost of a site: each kind from the facts that it is about, and no other."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert

from tests.spend_imports import Desk
from tests.test_spend_money import total
from tracker.accounts import schema
from tracker.accounts.ad_accounts import AdAccount, upsert_ad_account
from tracker.accounts.connections import disconnect
from tracker.accounts.sites import update_site
from tracker.period import Period
from tracker.spend.findings import Finding
from tracker.spend.health import HealthDeps, missing_days, site_health
from tracker.warehouse.client import Warehouse

NOW = datetime(2026, 9, 20, 4, 0, tzinfo=UTC)
LAST = date(2026, 9, 19)
ACCOUNT = "77"


@pytest.fixture
def desk(sqlite_db: Engine, warehouse_embedded: Warehouse, tmp_path: Path) -> Desk:
    return Desk.open(sqlite_db, warehouse_embedded, tmp_path)


def back(days: int) -> date:
    """A day so long before the last."""
    return LAST - timedelta(days=days)


def spend(desk: Desk, days: int, cost: str = "10.5", account: str = ACCOUNT) -> None:
    """So many days up to the last, each costing that."""
    rows = [f"{back(n)},Brand,Core,alarm,10,1,{cost}" for n in range(days)]
    desk.rows(*rows, account=account)


def findings(desk: Desk) -> dict[str, Finding]:
    found = site_health(HealthDeps(desk.warehouse, desk.db, NOW), desk.site).findings
    return {one.kind: one for one in found}


def test_a_site_whose_cost_is_whole_and_fresh_has_no_finding(desk: Desk) -> None:
    spend(desk, 20)
    health = site_health(HealthDeps(desk.warehouse, desk.db, NOW), desk.site)
    assert health.findings == []
    (state,) = health.accounts
    assert (state.last_day, state.age_days, state.origin) == ("2026-09-19", 1, "file")


@pytest.mark.parametrize(("zone", "age"), [(None, 1), ("UTC", 0)])
def test_the_day_of_an_account_without_a_zone_is_its_sites(
    desk: Desk, zone: str | None, age: int
) -> None:
    """At four in the afternoon of UTC the 20th has begun in Shanghai."""
    desk.site = update_site(desk.db, desk.site.key, timezone="Asia/Shanghai")
    spend(desk, 3)
    if zone is not None:
        known = AdAccount(desk.site.tenant, "baidu", ACCOUNT, currency="CNY", timezone=zone)
        upsert_ad_account(desk.db, known)
    late = datetime(2026, 9, 19, 16, 30, tzinfo=UTC)
    (state,) = site_health(HealthDeps(desk.warehouse, desk.db, late), desk.site).accounts
    assert (state.timezone, state.age_days) == (zone, age)


def test_days_between_are_missing_and_the_newest_day_has_an_age(desk: Desk) -> None:
    for gone in (14, 10):
        desk.rows(f"{back(gone)},Brand,Core,alarm,10,1,10", account=ACCOUNT)
    found = findings(desk)
    assert (found["days_missing"].first, found["days_missing"].last) == ("2026-09-06", "2026-09-08")
    assert found["old_numbers"].values["age"] == "11"
    assert "11 days ago" in found["old_numbers"].detail


def test_days_whose_cost_lacks_an_exchange_rate_are_told(desk: Desk) -> None:
    rows = [f"{back(n)},Brand,Core,alarm,10,1,5" for n in range(4)]
    desk.rows(*rows, account=ACCOUNT, platform="google", currency="USD")
    # A rate the other way round will do; one that was removed stands as 0.
    known = [(back(1), "CNY", "USD", Decimal("0.14")), (back(3), "USD", "CNY", Decimal(0))]
    desk.warehouse.insert(
        "rates",
        ("tenant", "day", "base", "quote", "rate", "version"),
        [(desk.site.tenant, *one, 1) for one in known],
    )
    health = site_health(HealthDeps(desk.warehouse, desk.db, NOW), desk.site)
    found = [one for one in health.findings if one.kind == "rate_missing"]
    assert [(one.first, one.last) for one in found] == [
        ("2026-09-16", "2026-09-17"),
        ("2026-09-19", "2026-09-19"),
    ]
    assert "No exchange rate USD/CNY for 2026-09-16 to 2026-09-17 (days: 2)" in found[0].detail


def test_spend_that_stops_is_told_with_what_it_was(desk: Desk) -> None:
    rows = [f"{back(n)},Brand,Core,alarm,10,1,{10 if n > 2 else 0}" for n in range(20)]
    desk.rows(*rows, account=ACCOUNT)
    found = findings(desk)["spend_stopped"]
    assert (found.first, found.values["amount"]) == ("2026-09-17", "10.00")


def test_a_share_without_keywords_that_jumps_is_told(desk: Desk) -> None:
    spend(desk, 20)
    for n in range(20):
        total(desk, "20" if n < 7 else "10.6", back(n))
    found = findings(desk)["unallocated_jump"]
    assert found.values | {"account": ""} == {
        "account": "", "now": "48%", "before": "1%", "count": "7"
    }  # fmt: skip


def test_two_accounts_with_the_same_cost_are_probably_one(desk: Desk) -> None:
    spend(desk, 3, "10.123456")
    spend(desk, 3, "10.123456", account="pump-works")
    found = findings(desk)["counted_twice"]
    assert (found.severity, found.values["count"]) == ("error", "3")
    assert {found.account, found.values["other"]} == {ACCOUNT, "pump-works"}


def test_days_told_by_several_sources_are_shown_with_the_one_that_counts(desk: Desk) -> None:
    spend(desk, 3)
    rows = [f"{back(1)},Brand,Core,alarm,10,1,11"]
    desk.rows(*rows, account=ACCOUNT, origin="watch")
    found = findings(desk)["overlap"]
    assert (found.first, found.last, found.values["sources"]) == (
        "2026-09-18", "2026-09-18", "file, watch"
    )  # fmt: skip
    assert found.values["source"] == "watch"
    assert found.severity == "information"


def test_a_total_older_than_its_rows_is_told(desk: Desk) -> None:
    total(desk, "12", back(0))
    spend(desk, 2)
    assert findings(desk)["totals_old"].first == "2026-09-19"


def test_currency_and_zone_of_the_account_are_compared(desk: Desk) -> None:
    spend(desk, 3)
    upsert_ad_account(
        desk.db,
        AdAccount(desk.site.tenant, "baidu", ACCOUNT, currency="USD", timezone="Europe/Moscow"),
    )
    found = findings(desk)
    assert found["currency_mismatch"].values["found"] == "CNY"
    assert found["timezone_mismatch"].severity == "information"


@pytest.mark.parametrize("now", [NOW, datetime(2026, 1, 20, tzinfo=UTC)])
@pytest.mark.parametrize(
    ("zone", "is_other"),
    [("Africa/Lagos", True), ("Europe/Berlin", False), ("Europe/Paris", False)],
)
def test_zones_are_compared_over_the_year(
    desk: Desk, now: datetime, zone: str, *, is_other: bool
) -> None:
    """Lagos and Berlin have the same days in winter alone."""
    desk.site = update_site(desk.db, desk.site.key, timezone="Europe/Berlin")
    desk.rows(f"{now.date() - timedelta(days=2)},Brand,Core,alarm,10,1,5", account=ACCOUNT)
    upsert_ad_account(
        desk.db, AdAccount(desk.site.tenant, "baidu", ACCOUNT, currency="CNY", timezone=zone)
    )
    found = site_health(HealthDeps(desk.warehouse, desk.db, now), desk.site).findings
    assert ("timezone_mismatch" in {one.kind for one in found}) is is_other


def test_an_account_of_no_site_is_told_where_somebody_looks(desk: Desk) -> None:
    spend(desk, 3)
    with desk.db.begin() as connection:
        connection.execute(schema.ad_accounts.update().values(site=None))
    found = findings(desk)
    assert set(found) == {"not_linked"}
    assert found["not_linked"].account == ACCOUNT


def connect(desk: Desk, words: str = "") -> None:
    """A stored connection that is to keep the account current."""
    with desk.db.begin() as connection:
        connection.execute(
            insert(schema.connections).values(
                id="c1", tenant=desk.site.tenant, kind="baidu", name="Baidu of Pump Works",
                state="active", settings="{}", secret="", timetable="", error="", cause="",
                created_at=NOW,
            )
        )  # fmt: skip
        connection.execute(
            insert(schema.connection_accounts).values(
                connection="c1", account=ACCOUNT, name="", login="", manager="", currency="",
                timezone="", is_manager=False, enabled=True, error=words, cause="",
            )
        )  # fmt: skip


def test_a_source_that_fails_makes_the_report_incomplete(desk: Desk) -> None:
    spend(desk, 10)
    connect(desk, "The log-in was revoked.")
    found = findings(desk)["source_failed"]
    assert found.detail.endswith("does not deliver: The log-in was revoked.")
    kinds = {item.kind: item for item in desk.report().incomplete}
    assert "revoked" in kinds["failed_source"].detail


def test_days_that_a_connection_should_have_brought_make_the_report_incomplete(desk: Desk) -> None:
    connect(desk)
    desk.rows(f"{back(9)},Brand,Core,alarm,10,1,10", account=ACCOUNT)
    deps = HealthDeps(desk.warehouse, desk.db, NOW)
    (found,) = missing_days(deps, desk.site, Period(date(2026, 9, 1), date(2026, 9, 30)))
    assert (found.kind, found.first, found.last) == ("days_missing", "2026-09-11", "2026-09-18")
    assert missing_days(deps, desk.site, Period(date(2026, 8, 1), date(2026, 9, 10))) == []
    assert Decimal(desk.report().totals.cost or 0) == 10
    assert [i.kind for i in desk.report().incomplete if i.kind == "days_missing"]
    # An account whose connection was disconnected lives from files, which promise nothing.
    disconnect(desk.db, "c1")
    assert missing_days(deps, desk.site, Period(date(2026, 9, 1), date(2026, 9, 30))) == []
