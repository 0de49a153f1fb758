"""Whose spend a file is: platform, ad account, currency and site."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.spend_imports import HEADER, Desk, new_site
from tests.spend_reports import PAYLOADS
from tracker.accounts.ad_accounts import AdAccount, assign_campaign, get_ad_account
from tracker.accounts.ad_accounts import upsert_ad_account as upsert
from tracker.errors import InvalidInput
from tracker.warehouse.client import Warehouse

ROW = "2026-09-01,Pumps,g,pump,1,1,5"


@pytest.fixture
def desk(sqlite_db: Engine, warehouse_embedded: Warehouse, tmp_path: Path) -> Desk:
    return Desk.open(sqlite_db, warehouse_embedded, tmp_path)


def test_a_table_that_does_not_tell_its_platform_is_refused_naming_them(desk: Desk) -> None:
    with pytest.raises(InvalidInput, match="--platform, one of: google, microsoft, baidu"):
        desk.run(desk.file([ROW]))


def test_a_platform_that_visits_do_not_know_is_imported_with_a_warning(desk: Desk) -> None:
    report = desk.rows(ROW, platform="gogle", currency="USD")
    assert "'gogle' is no platform" in report.warnings[0]
    with pytest.raises(InvalidInput, match="not the name of a platform"):
        desk.rows(ROW, platform="some words")


def test_the_account_in_the_file_is_stored_with_site_and_currency(desk: Desk) -> None:
    report = desk.run(PAYLOADS / "baidu" / "keywords.csv")
    assert report.account == "baidu-泵业"
    stored = get_ad_account(desk.db, desk.site.tenant, "baidu", "baidu-泵业")
    assert (stored.site, stored.currency) == (desk.site.key, "CNY")


def test_the_first_file_without_account_gets_the_default_one_and_so_do_the_next(desk: Desk) -> None:
    assert desk.rows(ROW).account == "default"
    assert desk.rows("2026-09-02,Pumps,g,pump,1,1,5").account == "default"
    assert desk.rows(ROW, platform="sogou").account == "default"


def test_a_file_without_account_is_refused_once_the_platform_has_a_named_one(desk: Desk) -> None:
    desk.rows(ROW, account="acme-1")
    with pytest.raises(InvalidInput, match=r"at baidu already: acme-1.*--account 'acme-1'"):
        desk.rows(ROW)
    assert not desk.rows(ROW, account="acme-1").changed


def test_a_refusal_names_no_account_of_another_site(desk: Desk) -> None:
    other = new_site(desk.db, desk.site.tenant, "valve.example")
    desk.rows(ROW, account="secret-1")
    with pytest.raises(InvalidInput, match="does not name its ad account") as refused:
        desk.run(desk.file([ROW]), other, platform="baidu")
    assert "secret-1" not in f"{refused.value} {refused.value.hint}"
    desk.run(desk.file([ROW]), other, platform="baidu", account="valves")
    with pytest.raises(InvalidInput, match=r"at baidu already: valves\.") as refused:
        desk.run(desk.file([ROW]), other, platform="baidu")
    assert "secret-1" not in f"{refused.value} {refused.value.hint}"


def test_rows_of_several_accounts_go_to_each(desk: Desk) -> None:
    path = desk.file([f"{ROW},north", f"{ROW},south"], f"{HEADER},Account")
    report = desk.run(path, platform="baidu")
    assert (report.account, report.days) == ("north, south", 2)
    assert desk.costs()["*"] == "10.00"
    with pytest.raises(InvalidInput, match=r"several ad accounts \(north, south\)"):
        desk.run(path, platform="baidu", account="west")


def test_an_account_named_by_hand_goes_before_the_file_and_says_so(desk: Desk) -> None:
    path = desk.file([f"{ROW},Acme Pumps"], f"{HEADER},Account")
    report = desk.run(path, platform="baidu", account="F119")
    assert report.account == "F119"
    assert "'Acme Pumps'" in report.warnings[0]


def test_an_account_of_another_site_is_refused_unless_it_has_a_campaign_here(desk: Desk) -> None:
    other = new_site(desk.db, desk.site.tenant, "valve.example")
    desk.rows(ROW, account="acme")
    path = desk.file(["2026-09-02,Pumps,g,pump,1,1,5"])
    with pytest.raises(InvalidInput, match="belongs to another site") as refused:
        desk.run(path, other, platform="baidu", account="acme")
    # Who sends spend for one site may not know of the others.
    assert desk.site.name not in str(refused.value)
    assert desk.site.key not in str(refused.value)
    assign_campaign(
        desk.db,
        tenant=desk.site.tenant,
        platform="baidu",
        account="acme",
        campaign="77",
        site=other.key,
    )
    desk.reconcile()
    desk.run(path, other, platform="baidu", account="acme")
    assert get_ad_account(desk.db, desk.site.tenant, "baidu", "acme").site == desk.site.key
    assert desk.dirty() == {("spend", date(2026, 9, 2))}


def test_an_account_that_had_no_site_brings_its_older_spend_with_it(desk: Desk) -> None:
    upsert(desk.db, AdAccount(desk.site.tenant, "baidu", "acme"))
    desk.rows(ROW, account="acme")
    desk.reconcile()
    with desk.db.begin() as connection:
        connection.exec_driver_sql("UPDATE ad_accounts SET site = NULL")
    assert not desk.rows(ROW, account="acme").changed
    assert desk.dirty() == {("spend", date(2026, 9, 1))}


def test_the_currency_is_the_files_then_the_flags_then_the_accounts(desk: Desk) -> None:
    path = desk.file([f"{ROW},EUR"], f"{HEADER},Currency", "eur.csv")
    assert desk.run(path, platform="google", account="a").currency == "EUR"
    assert desk.rows(ROW, platform="google", account="b", currency="usd").currency == "USD"
    assert desk.rows(ROW, platform="google", account="b").currency == "USD"
    with pytest.raises(InvalidInput, match="in EUR, not in USD"):
        desk.run(path, platform="google", account="c", currency="USD")
    with pytest.raises(InvalidInput, match="kept in USD, the file is in EUR"):
        desk.run(path, platform="google", account="b")


def test_a_platform_at_home_in_one_currency_is_taken_at_it(desk: Desk) -> None:
    shop = new_site(desk.db, desk.site.tenant, "shop.example", currency="USD")
    report = desk.run(desk.file([ROW]), shop, platform="baidu")
    assert (report.currency, report.warnings) == ("CNY", [])


def test_a_currency_that_only_the_site_tells_is_a_warning_and_is_not_kept(desk: Desk) -> None:
    report = desk.rows(ROW, platform="google")
    assert report.currency == "CNY"
    assert "--currency" in report.warnings[0]
    assert get_ad_account(desk.db, desk.site.tenant, "google", "default").currency is None
    assert desk.rows(ROW, platform="google", currency="USD").changed


def test_rows_of_one_account_in_two_currencies_are_refused(desk: Desk) -> None:
    path = desk.file([f"{ROW},EUR", f"{ROW},USD"], f"{HEADER},Currency")
    with pytest.raises(InvalidInput, match="rows in EUR and in USD"):
        desk.run(path, platform="google")


def test_two_companies_never_see_each_others_accounts(desk: Desk, tmp_path: Path) -> None:
    desk.rows(ROW, account="acme")
    other = Desk.open(desk.db, desk.warehouse, tmp_path)
    assert other.rows("2026-09-01,Pumps,g,pump,1,1,2").account == "default"
    assert other.rows("2026-09-01,Pumps,g,pump,1,1,2", account="acme").added == 1
    assert desk.costs()["*"] == "5.00"
    assert other.costs()["*"] == "4.00"


def test_a_google_account_is_the_same_however_its_number_is_written(desk: Desk) -> None:
    for written, changed in (("123-456-7890", True), ("1234567890", False)):
        report = desk.rows(ROW, platform="google", account=written, currency="USD")
        assert (report.account, report.changed) == ("1234567890", changed)
    path = desk.file([f"{ROW},123-456-7890"], f"{HEADER},Account")
    report = desk.run(path, platform="google", currency="USD")
    assert (report.account, report.warnings) == ("1234567890", [])
    assert desk.rows(ROW, account="123-456-7890").account == "123-456-7890"  # at Baidu, a name


def test_an_account_that_stands_under_the_written_number_keeps_it(desk: Desk) -> None:
    upsert(desk.db, AdAccount(desk.site.tenant, "google", "123-456-7890", site=desk.site.key))
    report = desk.rows(ROW, platform="google", account="123-456-7890", currency="USD")
    assert report.account == "123-456-7890"


def test_reports_of_a_platform_without_a_layout_come_by_the_mapping_of_the_first(
    desk: Desk,
) -> None:
    header = "统计日,推广产品组,推广词,曝光量,点击量,推广花费(USD)"
    mapping = {
        "day": "统计日", "campaign": "推广产品组", "keyword": "推广词", "impressions": "曝光量",
        "clicks": "点击量", "cost": "推广花费(USD)",
    }  # fmt: skip
    first = desk.file(["2026-09-01,Pump group,multistage pump,50,4,8.75"], header, "p4p.csv")
    done = desk.run(first, platform="alibaba", account="shop-1", currency="USD", mapping=mapping)
    assert (done.platform, done.currency, done.warnings) == ("alibaba", "USD", [])
    second = desk.file(["2026-09-02,Pump group,slurry pump,1200,12,100.50"], header, "p4p-2.csv")
    again = desk.run(second, account="shop-1")
    assert (again.platform, again.account, again.cost) == ("alibaba", "shop-1", "100.50")
    assert again.warnings == ["The columns are those that were chosen for this layout before."]


@pytest.mark.parametrize(
    ("cost", "option", "currency"),
    [
        ("US$5", "", "USD"),
        ("5 EUR", "", "EUR"),
        ("HK$5", "", "HKD"),
        ("¥5", "CNY", "CNY"),
        ("5元", "CNY", "CNY"),
        ("$5", "SGD", "SGD"),
    ],
)
def test_a_mark_beside_the_costs_names_their_currency_or_fits_it(
    desk: Desk, cost: str, option: str, currency: str
) -> None:
    row = f"2026-09-01,Pumps,g,pump,1,1,{cost}"
    report = desk.rows(row, platform="bing", account="one", currency=option)
    assert not any("names no currency" in warning for warning in report.warnings)
    stored = get_ad_account(desk.db, desk.site.tenant, "bing", "one")
    assert stored.currency == currency


@pytest.mark.parametrize("cost", ["$5", "£5", "US$5"])
def test_a_mark_of_another_currency_is_refused(desk: Desk, cost: str) -> None:
    desk.rows(ROW, account="one", platform="bing", currency="CNY")
    row = f"2026-09-02,Pumps,g,pump,1,1,{cost}"
    with pytest.raises(InvalidInput, match="CNY"):
        desk.rows(row, account="one", platform="bing")


@pytest.mark.parametrize("title", ["花费(万元)", "消费（千元）", "消费(分)"])
def test_costs_in_multiples_of_a_unit_are_refused(title: str, desk: Desk) -> None:
    path = desk.file([ROW], HEADER.replace("Cost", title))
    for mapping in ({}, {"cost": title}):
        with pytest.raises(InvalidInput, match=r"The column '.*' is in (万元|千元|分)"):
            desk.run(path, platform="baidu", mapping=mapping)


def test_values_in_multiples_of_a_unit_are_refused_too(desk: Desk) -> None:
    path = desk.file([f"{ROW},7"], f"{HEADER},转化价值（万元）")
    with pytest.raises(InvalidInput, match=r"The column '转化价值（万元）' is in 万元"):
        desk.run(path, platform="baidu")
