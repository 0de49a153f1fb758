"""Ad accounts on their page, by API and by command: sites, campaigns, rules of cost."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.web_app import PASSWORD, Browser
from tests.world import NOW, World
from tracker.accounts.ad_accounts import get_ad_account
from tracker.accounts.memberships import set_membership
from tracker.accounts.rights import Role
from tracker.accounts.sessions import add_session
from tracker.accounts.sites import Site, add_site
from tracker.accounts.tokens import add_token
from tracker.accounts.users import add_user
from tracker.app import create_app
from tracker.errors import InvalidInput, NotFound
from tracker.requests.accounts import AddCostRule, PlaceAccount, RemoveCostRule
from tracker.requests.reports import ReportKeywords
from tracker.warehouse.client import Warehouse

SPEND = (
    "日期,推广计划,推广单元,关键词,展现,点击,消费\n"
    "2026-10-28,水泵,离心泵,离心泵厂家,100,9,1000.00\n"
    "2026-10-28,阀门,球阀,球阀价格,100,9,45.50\n"
)


@pytest.fixture
def world(warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path) -> World:
    world = World(warehouse_embedded, sqlite_db, tmp_path)
    world.spend(SPEND, platform="baidu", account="77")
    world.reconcile()
    return world


@pytest.fixture
def other(world: World) -> Site:
    """A second site of the company."""
    return add_site(
        world.db, tenant=world.tenant, name="Valves", domains=["valves.example"],
        timezone="Asia/Shanghai", currency="CNY",
    )  # fmt: skip


def browser(world: World, role: Role = Role.OWNER) -> Browser:
    user = add_user(world.db, email=f"{role}@pump.example", password=PASSWORD, now=NOW)
    set_membership(world.db, user=user.id, tenant=world.tenant, role=role)
    found = Browser(create_app(world.parts, role="web"), "en")
    found.cookies.set("tracker_session", add_session(world.db, user=user.id, now=NOW)[1])
    return found


def totals(world: World, site: str) -> tuple[str | None, str | None]:
    """Cost and adjusted cost of the days."""
    world.reconcile()
    report = world.run(
        "report-keywords", ReportKeywords(site=site, first="2026-10-28", last="2026-10-29")
    )
    return report.totals.cost, report.totals.adjusted_cost


def test_an_account_and_its_campaigns_move_between_sites(world: World, other: Site) -> None:
    owner, home = browser(world), world.site.key
    page = f"/sites/{home}/accounts"
    whose = {"platform": "baidu", "account": "77"}
    assert "水泵" in owner.page(f"{page}?platform=baidu&account=77")
    owner.submit(page, **whose, campaign="阀门", site=other.key)
    assert totals(world, home)[0] == "1000.00"
    assert totals(world, other.key)[0] == "45.50"
    (found,) = owner.get(f"/api/v1{page}").json()["accounts"]
    assert found["given"] == {"阀门": other.key}
    assert {one["campaign"]: one["site"] for one in found["campaigns"]} == {
        "水泵": None, "阀门": other.key
    }  # fmt: skip
    owner.submit(page, **whose, site="")
    assert totals(world, home)[0] is None
    assert totals(world, other.key)[0] == "45.50"
    owner.submit(page, **whose, site=home)
    owner.submit(page, **whose, campaign="阀门", site="")
    assert totals(world, home)[0] == "1045.50"
    assert totals(world, other.key)[0] is None


def test_rules_are_added_and_removed_and_the_report_follows(world: World) -> None:
    owner, home = browser(world), world.site.key
    page = f"/sites/{home}/accounts"
    whose = {"platform": "baidu", "account": "77", "opened": "1"}
    answer = owner.submit(
        f"{page}/rules", **whose, kind="recharge", first="2026-10-01", value="800", credit="1000"
    )
    assert answer.status_code == 303
    assert totals(world, home) == ("1045.50", "836.40")
    text = owner.page(f"{page}?platform=baidu&account=77")
    assert "800 / 1,000" in text
    csv = owner.get(
        f"/api/v1/sites/{home}/reports/keywords?from=2026-10-28&to=2026-10-28&format=csv"
    )
    assert ",836.40," not in csv.text
    assert "adjusted_cost" in csv.text
    (found,) = owner.get(f"/api/v1{page}").json()["accounts"]
    (rule,) = found["rules"]
    owner.submit(f"{page}/rules/remove", **whose, rule=rule["id"])
    assert totals(world, home) == ("1045.50", "1045.50")
    wrong = owner.submit(f"{page}/rules", **whose, kind="recharge", first="2026-10-01", value="8")
    assert wrong.status_code == 400
    assert "needs what was credited" in wrong.text


def test_commands_do_the_same(world: World, other: Site) -> None:
    home = world.site.key
    rule = world.run("cost-rule-add", AddCostRule(home, "baidu", "77", "fee", "2026-10-28", "10"))
    assert totals(world, home) == ("1045.50", "1150.05")
    world.run("cost-rule-remove", RemoveCostRule(home, "baidu", "77", rule.id))
    world.run("account-place", PlaceAccount(other.key, "baidu", "77"))
    assert totals(world, other.key) == ("1045.50", "1045.50")
    assert totals(world, home)[0] is None
    with pytest.raises(NotFound):
        world.run("account-place", PlaceAccount(home, "baidu", "78"))
    with pytest.raises(InvalidInput):
        world.run("cost-rule-add", AddCostRule(home, "baidu", "77", "fee", "yesterday", "10"))


def test_who_may_not_see_a_site_cannot_take_its_accounts(world: World, other: Site) -> None:
    _, secret = add_token(
        world.db, tenant=world.tenant, site=other.key, scope="admin", name="valves", now=NOW
    )
    program = Browser(create_app(world.parts, role="web"), "en")
    page, held = f"/api/v1/sites/{other.key}/accounts", {"Authorization": f"Bearer {secret}"}
    assert program.get(page, **held).json() == {"accounts": []}
    wish = {"platform": "baidu", "account": "77", "site": other.key}
    answer = program.request("POST", page, json=wish, headers=held)
    assert answer.status_code == 404
    assert get_ad_account(world.db, world.tenant, "baidu", "77").site == world.site.key
    browser(world)  # the company needs an owner
    viewer = browser(world, Role.VIEWER)
    home = f"/sites/{world.site.key}/accounts"
    assert "<select" not in viewer.page(home).split("<main")[1]
    assert viewer.submit(home, platform="baidu", account="77", site="").status_code == 403
    assert Decimal(totals(world, world.site.key)[0] or 0) == Decimal("1045.50")
