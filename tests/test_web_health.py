"""The page of data health, and the same by API and command."""

from __future__ import annotations

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
from tracker.requests.upkeep import CheckHealth
from tracker.warehouse.client import Warehouse

SPEND = (
    "日期,推广计划,推广单元,关键词,展现,点击,消费\n"
    "2026-10-28,水泵,离心泵,离心泵厂家,100,9,1000.00\n"
    "2026-10-30,水泵,离心泵,离心泵厂家,100,9,45.50\n"
)


@pytest.fixture
def world(warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path) -> World:
    """A site with a day missing in its cost."""
    world = World(warehouse_embedded, sqlite_db, tmp_path)
    first, second = SPEND.splitlines()[1:]
    for line in (first, second):
        world.spend("\n".join([SPEND.splitlines()[0], line, ""]), platform="baidu", account="77")
    world.reconcile()
    return world


@pytest.fixture
def secret(world: World) -> str:
    """The session of an owner."""
    user = add_user(world.db, email="owner@pump.example", password=PASSWORD, now=NOW)
    set_membership(world.db, user=user.id, tenant=world.tenant, role=Role.OWNER)
    return add_session(world.db, user=user.id, now=NOW)[1]


def test_findings_are_shown_in_both_languages_and_are_the_same_everywhere(
    world: World, secret: str
) -> None:
    page = f"/sites/{world.site.key}/health"
    texts = {}
    for language in ("en", "zh-CN"):
        browser = Browser(create_app(world.parts, role="web"), language)
        browser.cookies.set("tracker_session", secret)
        texts[language] = browser.page(page)
        found = browser.get(f"/api/v1/sites/{world.site.key}/health").json()
    assert "No cost was imported for" in texts["en"]
    assert "没有导入消费" in texts["zh-CN"]
    assert [one["kind"] for one in found["findings"]] == ["days_missing"]
    assert found["findings"][0]["detail"] == "No cost was imported for 2026-10-29 (days: 1)."
    told = world.run("health", CheckHealth(world.site.key))
    assert [one.kind for one in told.findings] == ["days_missing"]
