"""Plausible's own tracker in real Chromium, reporting to us after a change of one address."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import Engine

from tests.browser.conftest import ROOT
from tests.browser.servers import PATIENCE, CompanySite
from tests.ingest import CHROME
from tests.serving import serving
from tests.world import World
from tracker.app import create_app
from tracker.warehouse.client import Warehouse

pytestmark = pytest.mark.browser

#: The script of a company's page: the npm package, as its documents say to use it.
SCRIPT = """
import { init, track } from "@plausible-analytics/tracker";
window.__plausible = true;  // their switch for tests: browsers under automation are not counted
init({
  domain: "127.0.0.1",
  endpoint: "ENDPOINT",
  captureOnLocalhost: true,
  outboundLinks: true,
  customProperties: { author: "Li" },
});
window.track = track;
"""
HTML = """<!doctype html><meta charset="utf-8"><title>Pumps</title>
<body style="height: 4000px"><a id="out" href="{partner}/">Partner</a>
<script>SCRIPT</script></body>"""
SPEND = "Day,Campaign,Ad group,Keyword,Impressions,Clicks,Cost\n2026-11-01,c,g,pump,90,3,100.50\n"
LANDING = "/shop?utm_source=baidu&utm_medium=cpc&utm_campaign=c&utm_term=pump"


@dataclass
class Shop:
    """A company's site whose pages report to a server of ours, and the world behind that."""

    world: World
    site: CompanySite

    def rows(self, seen: Callable[[list[dict[str, Any]]], object]) -> list[dict[str, Any]]:
        """The stored events by name, once the condition holds."""
        until = monotonic() + PATIENCE / 1000
        while True:
            self.world.loader.drain()
            found = self.world.warehouse.dicts("SELECT * FROM events ORDER BY received, name")
            if seen(found):
                return found
            assert monotonic() < until, [(row["name"], row["path"]) for row in found]
            sleep(0.1)

    def names(self, *names: str) -> list[dict[str, Any]]:
        """The stored events, once there are as many of each name as are given."""
        wanted = sorted(names)
        return self.rows(lambda rows: sorted(row["name"] for row in rows) == wanted)

    def views(self, *paths: str) -> list[dict[str, Any]]:
        """The stored page views, once there are those of these paths."""
        rows = self.rows(lambda rows: sorted(_viewed(rows)) == sorted(paths))
        return [row for row in rows if row["name"] == "pageview"]


def _viewed(rows: list[dict[str, Any]]) -> list[str]:
    return [row["path"] for row in rows if row["name"] == "pageview"]


@pytest.fixture
def shop(
    assets: Path,  # noqa: ARG001 -- it says what is missing where Node or the packages are
    sqlite_db: Engine,
    warehouse_embedded: Warehouse,
    tmp_path: Path,
) -> Iterator[Shop]:
    """Our server as it is wired, and a page with their tracker built into it."""
    world = World(warehouse_embedded, sqlite_db, tmp_path, domains=["127.0.0.1"])
    with serving(create_app(world.parts, role="ingest")) as url:
        script = bundled(SCRIPT.replace("ENDPOINT", f"{url}/api/event"), tmp_path)
        site = CompanySite(url)
        site.link(home=site.url, partner=f"{url}/health?")
        page = HTML.replace("SCRIPT", script)
        site.pages |= {"shop": page, "shop/pumps": page}
        site.start()
        yield Shop(world, site)
        site.stop()


def bundled(source: str, folder: Path) -> str:
    """What esbuild makes of a script and the packages it imports."""
    entry = folder / "page.mjs"
    entry.write_text(source, encoding="utf-8")
    esbuild = shutil.which("esbuild", path=str(ROOT / "node_modules" / ".bin"))
    assert esbuild, "esbuild is missing: run `npm ci`"
    command = [esbuild, str(entry), "--bundle", "--minify", "--format=iife"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"NODE_PATH": str(ROOT / "node_modules"), "PATH": "/usr/bin:/bin:/usr/local/bin"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a browser that does not say that it has no window."""
    context = browser.new_context(user_agent=CHROME, viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE)
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    assert errors == []


def test_page_views_and_events_reach_the_events_table(page: Page, shop: Shop) -> None:
    page.goto(shop.site.url + LANDING, referer="https://www.baidu.com/")
    shop.names("pageview")
    page.evaluate("track('Signup', {props: {tier: 'startup'}})")
    page.evaluate("track('Purchase', {revenue: {amount: 15.99, currency: 'USD'}})")
    page.evaluate("track('autoplay', {interactive: false})")
    rows = {row["name"]: row for row in shop.names("pageview", "Signup", "Purchase", "autoplay")}
    view = rows["pageview"]
    assert (view["site"], view["origin"]) == (shop.world.site.key, "plausible")
    assert (view["platform"], view["keyword"], view["channel"]) == ("baidu", "pump", "Paid Search")
    assert (view["browser"], view["memory"]) == ("Chrome", "daily")
    assert rows["Signup"]["props"] == {"author": "Li", "tier": "startup"}
    assert (str(rows["Purchase"]["value"]), rows["Purchase"]["currency"]) == ("15.990000", "USD")
    assert rows["autoplay"]["props"] == {"author": "Li", "interactive": "false"}
    assert len({row["visitor"] for row in rows.values()}) == 1


def test_the_tracker_is_told_that_its_event_was_taken(page: Page, shop: Shop) -> None:
    page.goto(shop.site.url + "/shop")
    status = page.evaluate("new Promise(callback => track('Signup', {callback}))")
    assert status == {"status": 202}


def test_a_single_page_app_is_followed(page: Page, shop: Shop) -> None:
    page.goto(shop.site.url + "/shop")
    shop.views("/shop")
    page.evaluate("history.pushState({}, '', '/shop/pumps')")
    shop.views("/shop", "/shop/pumps")
    shop.world.now += timedelta(seconds=5)
    page.evaluate("history.back()")
    rows = shop.views("/shop", "/shop/pumps", "/shop")
    assert len({row["event_id"] for row in rows}) == 3


def test_engagement_is_kept_with_time_and_depth(page: Page, shop: Shop) -> None:
    page.goto(shop.site.url + "/shop")
    shop.names("pageview")
    page.mouse.wheel(0, 1600)
    page.wait_for_function("window.scrollY > 1000")
    page.evaluate("history.pushState({}, '', '/shop/pumps')")
    rows = {row["name"]: row for row in shop.names("pageview", "pageview", "engagement")}
    props = rows["engagement"]["props"]
    assert 50 <= int(props["depth"]) <= 100
    assert int(props["ms"]) >= 0
    assert rows["engagement"]["path"] == "/shop"


def test_an_outbound_link_is_noticed(page: Page, shop: Shop) -> None:
    page.goto(shop.site.url + "/shop")
    shop.names("pageview")
    page.click("#out", modifiers=["Control"])
    rows = shop.rows(lambda found: any(row["name"] == "Outbound Link: Click" for row in found))
    (row,) = [row for row in rows if row["name"] == "Outbound Link: Click"]
    assert row["props"]["url"].endswith("/health?/")


def test_what_the_tracker_reports_is_in_the_keyword_report(page: Page, shop: Shop) -> None:
    world = shop.world
    world.goal("Purchase", kind="event", pattern="Purchase", use_event_value=True)
    world.spend(SPEND, platform="baidu", currency="CNY")
    page.goto(shop.site.url + LANDING)
    shop.names("pageview")
    page.evaluate("track('Purchase', {revenue: {amount: '402', currency: 'CNY'}})")
    shop.names("pageview", "Purchase")
    world.reconcile()
    (row,) = world.report("2026-11-01", "2026-11-01").rows
    assert (row.keyword, row.platform, row.visits) == ("pump", "baidu", 1)
    assert Decimal(str(row.conversions)) == 1
    assert Decimal(str(row.revenue)) == 402
    assert row.roi is not None or row.revenue_roi is not None
