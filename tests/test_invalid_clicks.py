"""Clicks that platforms took back as invalid: their reports, beside what totals say."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.web_app import PASSWORD, Browser
from tests.world import NOW, World
from tracker.accounts.memberships import set_membership
from tracker.accounts.rights import Role
from tracker.accounts.sessions import add_session
from tracker.accounts.users import add_user
from tracker.app import create_app
from tracker.errors import InvalidInput
from tracker.reconcile.account_changes import Desk, place_account
from tracker.requests.spend import ImportInvalid, ListInvalid
from tracker.warehouse.client import Warehouse

DAY = (NOW - timedelta(days=3)).date()
HEADER = "日期,推广计划,点击量,过滤点击量,过滤金额\n"
REPORT = (
    f'{HEADER}="{DAY}",水泵,90,4,12.50\n="{DAY}",阀门,20,1,3.25\n'
    f'="{DAY + timedelta(days=1)}",水泵,50,0,0.00\n合计,--,160,5,15.75\n'
)


@pytest.fixture
def world(warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path) -> World:
    return World(warehouse_embedded, sqlite_db, tmp_path)


def take(world: World, text: str, **options: object) -> object:
    request = ImportInvalid(
        world.file("无效点击报告.csv", text.encode("gb18030")), world.site.key, "360", "pump",
        **options,  # type: ignore[arg-type]
    )  # fmt: skip
    return world.run("invalid-import", request)


def sums(world: World) -> list[tuple[str, str, int, int, str | None]]:
    days = (str(DAY - timedelta(days=9)), str(DAY + timedelta(days=9)))
    found = world.run("invalid-list", ListInvalid(world.site.key, *days))["accounts"]
    return [(one.platform, one.account, one.days, one.clicks, one.amount) for one in found]


def test_a_report_is_summed_by_day_and_its_total_row_is_passed_over(world: World) -> None:
    report = world.run(
        "invalid-import",
        ImportInvalid(world.file("r.csv", REPORT), world.site.key, "360", "pump", dry_run=True),
    )
    assert (report.days, report.clicks, report.amount, report.currency) == (2, 5, "15.75", "CNY")
    assert sums(world) == []
    take(world, REPORT)
    take(world, REPORT)  # again: nothing is counted twice
    assert sums(world) == [("360", "pump", 2, 5, "15.75")]
    take(world, f"{HEADER}{DAY},水泵,90,9,20.00\n")
    assert sums(world) == [("360", "pump", 2, 9, "20.00")]


def test_the_count_beside_a_total_stands_where_there_is_no_report(world: World) -> None:
    columns = ("tenant", "platform", "account", "day", "pull", "impressions", "clicks", "cost",
               "currency", "platform_conversions", "platform_value", "invalid_clicks")  # fmt: skip
    world.warehouse.insert(
        "account_totals",
        columns,
        [
            (world.tenant, "360", "pump", day, 7, 1, 1, 1, "CNY", None, None, 3)
            for day in (DAY, DAY - timedelta(days=1))
        ],
    )
    world.warehouse.insert(
        "fact_slices",
        ("tenant", "platform", "account", "day", "fact", "pull", "version", "rows", "imported"),
        [
            (world.tenant, "360", "pump", day, "account_totals", 7, 7, 1, NOW)
            for day in (DAY, DAY - timedelta(days=1))
        ],
    )
    take(world, REPORT)
    assert sums(world) == [("360", "pump", 3, 8, None)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("日期,点击量\n2026-10-01,3\n", "no column for day and invalid clicks"),
        (f"{HEADER}2026-10-01,a,1,x,1\n", "line 2, column 过滤点击量"),
        (f"{HEADER}2026-10-01,a,1,-2,1\n", "no number of clicks"),
        (f"{HEADER}2026-10-01,a,1,1.5,1\n", "no number of clicks"),
        (f"{HEADER}2026-10-01,a,1,1,-3\n", "no amount from 0 on"),
        (f"{HEADER}someday,a,1,1,3\n", "line 2, column 日期"),
        (f"{HEADER}合计,a,1,1,3\n", "No row of the file can be read"),
    ],
)
def test_a_report_that_cannot_be_read_is_refused_whole(
    world: World, text: str, message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        take(world, f"{text}")
    assert world.rows("SELECT count() FROM invalid_clicks") == [(0,)]


def test_amounts_in_ten_thousands_are_refused_and_not_passed_over(world: World) -> None:
    text = f"日期,过滤点击量,过滤金额（万元）\n{DAY},4,0.12\n"
    with pytest.raises(InvalidInput, match=r"The column '过滤金额（万元）' is in 万元"):
        take(world, text)
    assert sums(world) == []


def test_bad_rows_can_be_left_out(world: World) -> None:
    report = take(world, f"{REPORT}someday,a,1,1,3\n", skip_bad_rows=True)
    assert (report.skipped, report.clicks) == (1, 5)  # type: ignore[attr-defined]


def test_amounts_of_accounts_in_two_currencies_have_no_sum(world: World) -> None:
    header = "Date,Campaign,Ad group,Keyword,Impressions,Clicks,Cost\n"
    for account, currency in (("a", "CNY"), ("b", "USD")):
        spend = f"{header}{DAY},c,g,pump,10,1,10.00\n"
        world.spend(spend, platform="360", account=account, currency=currency)
    text = f"日期,账户,过滤点击量,过滤金额\n{DAY},a,1,10.00\n{DAY},b,2,5.00\n"
    path = world.file("r.csv", text)
    report = world.run("invalid-import", ImportInvalid(path, world.site.key, "360"))
    assert (report.clicks, report.amount, report.currency) == (3, None, "")
    assert sums(world) == [("360", "a", 1, 1, "10.00"), ("360", "b", 1, 2, "5.00")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f'日期,过滤点击量,过滤金额\n{DAY},3,"$1,234.50"\n', r"marked \$, but the currency"),
        (f"日期,过滤点击量,过滤金额(美元)\n{DAY},3,12\n", "kept in CNY, the file is in USD"),
        ("日期,过滤点击量\n" + f"{DAY},9000000000000000000\n" * 3, "add up to more than is kept"),
        (
            "日期,过滤点击量,过滤金额\n" + f"{DAY},1,999999999999.99\n" * 2,
            "add up to more than is kept",
        ),
    ],
)
def test_amounts_that_are_none_of_the_account_are_refused(
    world: World, text: str, message: str
) -> None:
    take(world, REPORT)
    with pytest.raises(InvalidInput, match=message):
        take(world, text, dry_run=True)
    with pytest.raises(InvalidInput, match=message):
        take(world, text)
    assert sums(world) == [("360", "pump", 2, 5, "15.75")]


def test_an_account_that_had_no_site_brings_its_older_spend_with_it(world: World) -> None:
    header = "Date,Campaign,Ad group,Keyword,Impressions,Clicks,Cost\n"
    world.spend(f"{header}{DAY},a,g,pump,10,1,10.00\n", platform="360", account="pump")
    desk = Desk(world.warehouse, world.db, world.clock)
    place_account(desk, (world.tenant, "360", "pump"), None)
    world.reconcile()
    assert world.report(str(DAY), str(DAY)).totals.cost is None
    take(world, REPORT)
    world.reconcile()
    # The account is this site's now, and so is what it cost.
    assert world.report(str(DAY), str(DAY)).totals.cost == "10.00"


def test_the_page_and_the_api_show_and_take_them(world: World) -> None:
    user = add_user(world.db, email="owner@pump.example", password=PASSWORD, now=NOW)
    set_membership(world.db, user=user.id, tenant=world.tenant, role=Role.OWNER)
    browser = Browser(create_app(world.parts, role="web"), "zh-CN")
    browser.cookies.set("tracker_session", add_session(world.db, user=user.id, now=NOW)[1])
    take(world, f"{HEADER}{DAY},水泵,90,1,1.00\n")
    page, path = f"/sites/{world.site.key}/accounts", f"/api/v1/sites/{world.site.key}"
    fields = {"platform": "360", "account": "pump"}
    done = browser.upload(f"{page}/invalid", "报告.csv", REPORT.encode(), **fields)
    assert "5 次无效点击" in done.text
    assert "¥15.75" in browser.page(page)
    (account,) = browser.get(f"{path}/accounts").json()["accounts"]
    assert account["invalid"]["clicks"] == 5
    # The last 30 days end yesterday, as elsewhere: neither today nor the day before them.
    today = NOW.date()
    take(world, "日期,过滤点击量\n" + f"{today},100\n{today - timedelta(days=31)},10\n")
    take(world, f"日期,过滤点击量\n{today - timedelta(days=30)},1\n")
    (account,) = browser.get(f"{path}/accounts").json()["accounts"]
    assert (account["invalid"]["days"], account["invalid"]["clicks"]) == (3, 6)
    refused = browser.upload(f"{page}/invalid", "报告.csv", b"a,b\n1,2\n", **fields)
    assert refused.status_code == 400
    assert "没有日期和无效点击列" in refused.text
    api = browser.request(
        "POST",
        f"{path}/spend/invalid-clicks",
        data=fields,
        files={"file": ("r.csv", REPORT.encode())},
        headers={"X-CSRF-Token": browser.csrf},
    )
    assert api.json()["amount"] == "15.75"
