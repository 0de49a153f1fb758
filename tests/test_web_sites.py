"""The list of sites with this month's figures, on the whole application."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from tests.web_app import PASSWORD, enter
from tests.world import NOW, World, ad, at
from tracker.accounts.memberships import set_membership
from tracker.accounts.rights import Role
from tracker.accounts.sites import add_site
from tracker.accounts.users import add_user
from tracker.errors import Unavailable
from tracker.warehouse.client import Warehouse
from tracker.web import pages_sites

SPEND = (
    "日期,推广计划,推广单元,关键词,展现,点击,消费\n"
    "2026-10-31,水泵,离心泵,离心泵厂家,100,9,1000.00\n"
    "2026-11-01,水泵,离心泵,离心泵厂家,100,9,45.50\n"
)
ORDERS = (
    "ID,Time,Stage,Value,Platform,Campaign,Ad group,Keyword\n"
    "1,2026-11-01 00:00,order,182.00,baidu,水泵,离心泵,离心泵厂家\n"
)


@pytest.fixture(scope="module")
def world(
    shared_warehouse: Warehouse, shared_db: Engine, tmp_path_factory: pytest.TempPathFactory
) -> World:
    """A site with spend and an order in this month, and spend in the one before."""
    folder = tmp_path_factory.mktemp("world")
    world = World(shared_warehouse, shared_db, folder, margin=Decimal("0.5"))
    # Tracked from October on: cost of days without tracking has no ROI.
    world.events([at("10-01 08:00"), at("11-01 00:00", "v2", ad("离心泵厂家"))])
    world.spend(SPEND, platform="baidu")
    world.offline(ORDERS)
    world.reconcile()
    user = add_user(world.db, email="owner@pump.example", password=PASSWORD, now=NOW)
    set_membership(world.db, user=user.id, tenant=world.tenant, role=Role.OWNER)
    return world


def cells(world: World, site: str) -> list[str]:
    """The texts of a site's row in the list."""
    browser = enter(world, Role.VIEWER)
    rows = re.findall(r"<tr>(.*?)</tr>", browser.page("/sites"), re.DOTALL)
    (row,) = (row for row in rows if f"/sites/{site}/" in row)
    found = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
    return [re.sub(r"<[^>]+>", "", cell).strip() for cell in found]


def test_a_site_is_listed_with_cost_conversions_and_roi_of_this_month(world: World) -> None:
    # 182.00 × 0.5 − 45.50 is as much as was spent.
    assert cells(world, world.site.key)[:4] == ["Pumps", "CN¥45.50", "1", "100%"]


def test_many_sites_are_listed_without_figures(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages_sites, "_MOST_FIGURES", 1)
    add_site(
        world.db,
        tenant=world.tenant,
        name="Second",
        domains=["second.example"],
        timezone="UTC",
        currency="CNY",
    )
    assert cells(world, world.site.key)[:2] == ["Pumps", "pump.example"]


def test_sites_are_listed_without_figures_while_the_warehouse_is_away(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise Unavailable("ClickHouse at nowhere cannot be reached.")

    monkeypatch.setattr(pages_sites, "keyword_report", away)
    assert cells(world, world.site.key)[:2] == ["Pumps", "pump.example"]
