"""Exchange rates by hand: the same by page, API and command."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.web_app import PASSWORD, Browser
from tests.world import NOW, World
from tracker.accounts.memberships import set_membership
from tracker.accounts.rights import Role
from tracker.accounts.sessions import add_session
from tracker.accounts.sites import add_site
from tracker.accounts.tokens import add_token
from tracker.accounts.users import add_user
from tracker.app import create_app
from tracker.errors import InvalidInput, NotFound
from tracker.requests.spend import ListRates, RemoveRate, SetRate
from tracker.warehouse.client import Warehouse

SPEND = "Date,Campaign,Ad group,Keyword,Impressions,Clicks,Cost\n{day},A,g,pump,1,1,10\n"
DAYS = ("2026-10-28", "2026-10-29", "2026-10-31")


@pytest.fixture
def bare(warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path) -> World:
    """A site in CNY without anything."""
    return World(warehouse_embedded, sqlite_db, tmp_path)


@pytest.fixture
def world(bare: World) -> World:
    """The same with three days of cost in USD, and no rate."""
    for day in DAYS:
        text = SPEND.format(day=day)
        bare.spend(text, platform="google", account="77", currency="USD")
    bare.reconcile()
    return bare


def browser_of(world: World, role: Role, language: str = "en") -> Browser:
    """Somebody with that role."""
    user = add_user(world.db, email=f"{role}{language}@pump.example", password=PASSWORD, now=NOW)
    set_membership(world.db, user=user.id, tenant=world.tenant, role=role)
    browser = Browser(create_app(world.parts, role="web"), language)
    browser.cookies.set("tracker_session", add_session(world.db, user=user.id, now=NOW)[1])
    return browser


def needs(world: World) -> list[tuple[str, int, list[tuple[str, str]]]]:
    found = world.run("rates-list", ListRates(world.site.key))["needs"]
    return [
        (one.base, one.missing, [(str(s.first), str(s.last)) for s in one.lacking]) for one in found
    ]


def test_the_page_says_what_is_missing_and_takes_it(world: World) -> None:
    page, browser = f"/sites/{world.site.key}/rates", browser_of(world, Role.OWNER)
    keywords = browser.page(f"/sites/{world.site.key}/keywords?from=2026-10-28&to=2026-10-31")
    assert "rates?base=USD&amp;first=2026-10-28&amp;last=2026-10-31#enter" in keywords
    assert needs(world) == [
        ("USD", 3, [("2026-10-28", "2026-10-29"), ("2026-10-31", "2026-10-31")])
    ]
    shown = browser.page(page)
    assert "?base=USD&amp;first=2026-10-28&amp;last=2026-10-29#enter" in shown
    filled = browser.page(f"{page}?base=USD&first=2026-10-28&last=2026-10-29")
    assert 'name="first" type="date" value="2026-10-28"' in filled
    answer = browser.submit(page, base="usd", rate="7.1042", first="2026-10-28", last="2026-10-30")
    assert answer.status_code == 303
    assert needs(world) == [("USD", 1, [("2026-10-31", "2026-10-31")])]
    world.reconcile()
    assert world.report("2026-10-28", "2026-10-29").totals.cost == "142.084"
    row = re.search(r'<th scope="row">USD/CNY</th>\s*<td class="num">7.1042', browser.page(page))
    assert row, "three days with one rate are one line"


def test_a_correction_and_a_removal_are_computed_again(world: World) -> None:
    set_rate = SetRate(world.site.key, "USD", "7", DAYS[0], DAYS[-1])
    assert world.run("rates-set", set_rate).added == 4
    corrected = world.run("rates-set", SetRate(world.site.key, "USD", "7.5", DAYS[0]))
    assert (corrected.replaced, corrected.added) == (1, 0)
    world.reconcile()
    assert world.report(DAYS[0], DAYS[-1]).totals.cost == "215.00"
    spans = world.run("rates-list", ListRates(world.site.key, "USD", "CNY"))["rates"]
    assert [(one.rate, str(one.first), str(one.last)) for one in spans] == [
        ("7.00", "2026-10-29", "2026-10-31"),
        ("7.50", "2026-10-28", "2026-10-28"),
    ]
    removed = world.run("rates-remove", RemoveRate(world.site.key, "USD", DAYS[1], DAYS[-1]))
    assert removed.removed == 3
    world.reconcile()
    assert world.report(DAYS[0], DAYS[0]).totals.cost == "75.00"
    assert world.report(DAYS[0], DAYS[-1]).totals.cost is None
    with pytest.raises(NotFound, match="No rate USD/CNY from 2026-10-29"):
        world.run("rates-remove", RemoveRate(world.site.key, "USD", DAYS[1], DAYS[-1]))
    # What was removed can be entered again.
    assert world.run("rates-set", SetRate(world.site.key, "USD", "7", DAYS[1])).added == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"rate": "0"}, "'0' is not a rate"),
        ({"rate": "1e400"}, "is not a rate"),
        ({"rate": "sNaN"}, "is not a rate"),
        ({"rate": "1.0000000001"}, "is not a rate"),
        ({"base": "CNY"}, "Base and quote are both CNY"),
        ({"base": "XQZ"}, "Unknown currency"),
        ({"first": "2026-13-01"}, "Not a day"),
        ({"last": "2026-10-01"}, "ends before it begins"),
        ({"last": "2199-10-01"}, "at most 3700"),
    ],
)
def test_a_rate_that_is_none_is_refused(bare: World, given: dict[str, str], message: str) -> None:
    fields = {"base": "USD", "rate": "7", "first": DAYS[0]} | given
    with pytest.raises(InvalidInput, match=message):
        bare.run("rates-set", SetRate(bare.site.key, **fields))


def test_the_api_and_a_file_do_the_same(world: World) -> None:
    browser = browser_of(world, Role.OWNER, "zh-CN")
    path, page = f"/api/v1/sites/{world.site.key}/rates", f"/sites/{world.site.key}/rates"
    headers = {"X-CSRF-Token": browser.csrf}
    body = {"base": "USD", "rate": "7", "from": DAYS[0]}
    entered = browser.request("POST", path, json=body, headers=headers).json()
    assert (entered["added"], entered["from"], entered["rate"]) == (1, DAYS[0], "7.00")
    found = browser.get(path).json()
    assert found["needs"][0]["lacking"][0] == {"from": "2026-10-29", "to": "2026-10-29"}
    assert found["rates"][0]["source"] == "file"
    table = f"日期,源货币,汇率\n{DAYS[1]},USD,7.2\n{DAYS[2]},USD,kaputt\n".encode()
    refused = browser.upload(f"{page}/files", "汇率.csv", table)
    assert refused.status_code == 400
    assert "kaputt" in refused.text
    taken = browser.upload(f"{page}/files", "汇率.csv", table, skip_bad_rows="1")
    assert "1 条新汇率" in taken.text
    assert needs(world) == [("USD", 1, [(DAYS[2], DAYS[2])])]
    body = {"base": "USD", "from": DAYS[0], "to": DAYS[2]}
    removed = browser.request("POST", f"{path}/remove", json=body, headers=headers)
    assert removed.json()["removed"] == 2
    assert browser.get(f"{path}?limit=x").status_code == 400


def test_who_does_not_administer_every_site_may_not_change_rates(world: World) -> None:
    page, path = f"/sites/{world.site.key}/rates", f"/api/v1/sites/{world.site.key}/rates"
    browser_of(world, Role.OWNER)
    viewer = browser_of(world, Role.VIEWER)
    assert "USD/CNY" in viewer.page(page)
    assert "Enter a rate" not in viewer.page(page)
    assert viewer.submit(page, base="USD", rate="7", first=DAYS[0]).status_code == 403
    _, secret = add_token(
        world.db, tenant=world.tenant, site=world.site.key, scope="admin", name="t", now=NOW
    )
    body = {"base": "USD", "rate": "7", "from": DAYS[0]}
    headers = {"Authorization": f"Bearer {secret}"}
    browser = Browser(create_app(world.parts, role="web"), "en")
    assert browser.request("POST", path, json=body, headers=headers).status_code == 200
    add_site(
        world.db, tenant=world.tenant, name="Valves", domains=["valve.example"], timezone="UTC",
        currency="CNY",
    )  # fmt: skip
    answer = browser.request("POST", path, json=body, headers=headers)
    assert answer.status_code == 403
    assert "every site of the company" in answer.json()["error"]["message"]
