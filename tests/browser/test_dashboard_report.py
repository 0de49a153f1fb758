"""The dashboard in real Chromium: charts, parts, themes, languages, phones, and no script."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route, expect
from sqlalchemy import Engine

from tests.world import World, ad, at
from tracker.accounts.memberships import set_membership
from tracker.accounts.rights import Role
from tracker.accounts.sessions import add_session
from tracker.accounts.users import add_user, find_user
from tracker.app import create_app
from tracker.warehouse.client import Warehouse

pytestmark = pytest.mark.browser

EMAIL, PASSWORD = "owner@pump.example", "correct horse battery"
SPEND = """Date,Campaign,Ad group,Keyword,Impressions,Clicks,Cost
2026-09-01,Pumps,Steel,steel pump,100,4,20.00
2026-09-02,Pumps,Steel,steel pump,120,4,60.00
2026-09-02,Pumps,Mud,mud pump,50,2,15.50
2026-09-03,Pumps,Price,不锈钢离心泵价格,50,2,99.50
"""
DAYS = "?from=2026-09-01&to=2026-09-03"
SECTIONS = (
    *("keywords", "explore", "attribution", "live", "people", "leads", "pipeline", "goals"),
    *("imports", "runs", "install", "settings", "tokens"),
)
#: WCAG 2.2 AA: the contrast of every visible text against what is behind it, and the largest
#: text size in px at bold from which 3:1 is enough.
CONTRAST = """() => {
  const parse = (text) => {
    const parts = text.match(/[\\d.]+/g).map(Number);
    return { rgb: parts.slice(0, 3), alpha: parts.length > 3 ? parts[3] : 1 };
  };
  const light = ([r, g, b]) => {
    const channel = (value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    };
    return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const ground = parse(getComputedStyle(at).backgroundColor);
      if (ground.alpha === 1) return ground.rgb;
    }
    return [255, 255, 255];
  };
  const poor = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let count = 0;
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(parse(style.color).rgb), light(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const big = parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700;
    count += 1;
    if (ratio < (big ? 3 : 4.5))
      poor.push(`${texts.currentNode.data.trim().slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return { count, poor };
}"""


@pytest.fixture
def world(warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path) -> World:
    """Three days of a keyword that earns, and two that do not."""
    world = World(warehouse_embedded, sqlite_db, tmp_path)
    world.goal("Order", kind="event", pattern="order", use_event_value=True)
    world.events(
        [
            at("09-02 02:00", "anna", ad("steel pump", campaign="Pumps")),
            at("09-02 02:05", "anna", name="order", value="300", currency="CNY"),
        ]
    )
    world.spend(SPEND, platform="baidu", account="a1", currency="CNY")
    world.reconcile()
    user = add_user(world.db, email=EMAIL, password=PASSWORD)
    set_membership(world.db, user=user.id, tenant=world.tenant, role=Role.OWNER)
    return world


@pytest.fixture
def address(world: World) -> Iterator[str]:
    """The whole application, served on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(create_app(world.parts, role="web"), log_level="warning")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(timeout=20)
        assert not thread.is_alive()


def logged_in(context: BrowserContext, world: World, address: str, language: str = "en") -> None:
    """A session and a language in the browser's cookies."""
    user = find_user(world.db, EMAIL)
    assert user is not None
    _, secret = add_session(world.db, user=user.id, now=world.now)
    context.add_cookies(
        [
            {"name": "tracker_session", "value": secret, "url": address},
            {"name": "tracker_language", "value": language, "url": address},
        ]
    )


def watched(page: Page) -> list[str]:
    """What the browser complains about: scripts, styles or requests that the policy refuses."""
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    page.on("console", note)
    return complaints


def settled_width(page: Page) -> int:
    """The width of the page's content after two frames: what follows the layout has followed."""
    return int(
        page.evaluate(
            "new Promise(done => requestAnimationFrame(() => requestAnimationFrame("
            "() => done(document.documentElement.scrollWidth))))"
        )
    )


def test_log_in_leads_to_the_report_with_its_chart(page: Page, world: World, address: str) -> None:
    complaints = watched(page)
    page.goto(f"{address}/sites/{world.site.key}/keywords{DAYS}")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Keywords")).to_be_visible()
    assert page.url.endswith(DAYS)
    expect(page.locator(".plot canvas")).to_be_visible()
    # A chart that follows the layout is drawn again: there has to be something on its canvas.
    page.wait_for_function(
        """() => {
          const canvas = document.querySelector('.plot canvas');
          const all = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
          return all.some((value) => value !== 0);
        }"""
    )
    expect(page.locator(".u-legend")).to_contain_text("Revenue")
    assert complaints == []


def test_sorting_changes_the_table_and_the_address_without_a_new_page(
    page: Page, context: BrowserContext, world: World, address: str
) -> None:
    logged_in(context, world, address)
    complaints = watched(page)
    page.goto(f"{address}/sites/{world.site.key}/keywords{DAYS}")
    page.evaluate("window.stays = true")
    rows = page.locator("table.report tbody tr:not(.total) th")
    expect(rows.first).to_contain_text("不锈钢离心泵价格")
    page.get_by_role("link", name="Impressions").click()
    expect(rows.first).to_contain_text("steel pump")
    page.wait_for_url("**sort=impressions**")
    assert page.evaluate("window.stays"), "the page was loaded anew"
    expect(page.locator(".plot canvas")).to_be_visible()
    page.get_by_role("searchbox").fill("mud")
    page.get_by_role("searchbox").press("Enter")
    expect(rows).to_have_count(1)
    page.wait_for_url("**search=mud**")
    page.reload()
    expect(rows).to_have_count(1)
    expect(page.get_by_role("searchbox")).to_have_value("mud")
    page.go_back()
    expect(rows.first).to_contain_text("steel pump")
    assert complaints == []


def test_without_javascript_filters_sorting_and_forms_work(
    browser: Browser, world: World, address: str
) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    logged_in(context, world, address)
    page = context.new_page()
    page.goto(f"{address}/sites/{world.site.key}/keywords{DAYS}")
    rows = page.locator("table.report tbody tr:not(.total) th")
    page.get_by_role("link", name="Impressions").click()
    expect(rows.first).to_contain_text("steel pump")
    page.get_by_role("searchbox").fill("mud")
    page.get_by_role("button", name="Apply").click()
    expect(rows).to_have_count(1)
    assert "search=mud" in page.url
    expect(page.locator(".plot")).to_be_hidden()
    page.get_by_text("As a table").click()
    expect(page.get_by_role("region", name="Trend by day")).to_contain_text("15.50")
    page.get_by_role("button", name="简体中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    assert "search=mud" in page.url, "the switch comes back to the same page"
    context.close()


def test_the_explorer_is_asked_narrowed_sorted_and_sent_to_somebody(
    page: Page, context: BrowserContext, browser: Browser, world: World, address: str
) -> None:
    logged_in(context, world, address)
    complaints = watched(page)
    page.goto(f"{address}/sites/{world.site.key}/explore{DAYS}")
    page.evaluate("window.stays = true")
    table = page.get_by_role("region", name="Breakdown")
    page.get_by_label("Group by").select_option("keyword")
    page.get_by_text("Figures (7)").click()
    page.get_by_label("ROAS", exact=True).uncheck()
    page.get_by_role("button", name="Show").click()
    rows = table.locator("tbody tr:not(.total)")
    expect(rows.first).to_contain_text("不锈钢离心泵价格")
    expect(table.get_by_role("columnheader")).to_have_text(
        [re.compile(one) for one in ("Keyword", "Cost", "Clicks", "Visits", "Conv", "CPA", "Rev")]
    )
    table.get_by_role("link", name="Clicks").click()
    expect(rows.first).to_contain_text("steel pump")
    table.get_by_role("link", name="steel pump").click()
    expect(rows).to_have_count(1)
    expect(table.locator(".total")).to_contain_text("80.00")
    page.wait_for_url("**filter=keyword+is+%22steel+pump%22**")
    assert page.evaluate("window.stays"), "the page was loaded anew"
    # The address is all that somebody else needs, without scripts too.
    plain = browser.new_context(java_script_enabled=False, locale="en-GB")
    logged_in(plain, world, address)
    other = plain.new_page()
    other.goto(page.url)
    seen = other.get_by_role("region", name="Breakdown")
    expect(seen.locator(".total")).to_contain_text("80.00")
    other.get_by_label("Values, between commas").first.fill("mud pump")
    other.get_by_role("button", name="Show").click()
    expect(seen.locator(".total")).to_contain_text("15.50")
    assert "sort=clicks" in other.url
    with other.expect_download() as download:
        other.get_by_role("link", name="CSV").click()
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert lines[1].startswith("mud pump,,15.50")
    plain.close()
    assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "zh-Hans"])
def test_every_page_is_legible_and_fits_a_phone_and_a_desk(
    browser: Browser, world: World, address: str, scheme: str, language: str
) -> None:
    context = browser.new_context(color_scheme="dark" if scheme == "dark" else "light")
    logged_in(context, world, address, language)
    page = context.new_page()
    complaints = watched(page)
    paths = [f"/sites/{world.site.key}/{section}" for section in SECTIONS]
    paths[0] += DAYS
    paths[1] += f"{DAYS}&group=landing_page,device&filter=country+is+DE&compare=year"
    for path in (*paths, "/sites", "/sites/new", "/account"):
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(address + path)
        contrast = page.evaluate(CONTRAST)
        assert contrast["count"] > 10
        assert contrast["poor"] == [], path
        page.set_viewport_size({"width": 390, "height": 844})
        width = settled_width(page)
        assert width <= 390, f"{path} is {width} px wide"
        small = page.evaluate(
            """() => [...document.querySelectorAll('main a, main button, main input, main select')]
              .filter((one) => one.checkVisibility() && one.type !== 'hidden' && !one.closest('p'))
              .filter((one) => one.getBoundingClientRect().height < 16)
              .map((one) => one.outerHTML.slice(0, 80))"""
        )
        assert small == [], path
        unnamed = page.evaluate(
            """() => [...document.querySelectorAll('input, select, textarea')]
              .filter((one) => one.type !== 'hidden' && one.labels.length === 0)
              .map((one) => one.outerHTML.slice(0, 80))"""
        )
        assert unnamed == [], path
    assert complaints == []
    context.close()


def test_the_theme_switch_overrides_the_system(
    page: Page, context: BrowserContext, world: World, address: str
) -> None:
    logged_in(context, world, address)
    page.goto(f"{address}/sites")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name=re.compile("switch to dark")).click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate(ground) != light
    page.get_by_role("button", name=re.compile("switch to light")).click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    assert page.evaluate(ground) == light


def test_a_visitor_who_arrives_appears_without_a_reload(
    page: Page, context: BrowserContext, world: World, address: str
) -> None:
    logged_in(context, world, address)
    complaints = watched(page)
    page.goto(f"{address}/sites/{world.site.key}/live")
    expect(page.get_by_text("Nobody is on the site right now.")).to_be_visible()
    world.events([at("10-31 23:59:30", "anna", ad("mud pump", campaign="Pumps"))])
    expect(page.get_by_role("heading", name="mud pump")).to_be_visible()
    assert complaints == []


def test_an_upload_is_previewed_confirmed_and_in_the_report(
    page: Page, context: BrowserContext, world: World, address: str
) -> None:
    logged_in(context, world, address)
    page.goto(f"{address}/sites/{world.site.key}/imports")
    rows = "Date,Campaign,Ad group,Keyword,Impressions,Clicks,Cost\n"
    rows += "2026-09-04,Slurry,All,slurry pump,10,1,77.70\n"
    page.get_by_label("File", exact=True).set_input_files(
        {"name": "spend.csv", "mimeType": "text/csv", "buffer": rows.encode()}
    )
    page.get_by_text("Options").click()
    page.get_by_label("Platform", exact=True).select_option("sogou")
    page.get_by_label("Account", exact=True).fill("s1")
    page.get_by_label("Currency").fill("CNY")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("Nothing is imported yet.")).to_be_visible()
    expect(page.locator(".facts")).to_contain_text("77.70")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("spend.csv is imported.")).to_be_visible()
    world.reconcile()
    page.goto(f"{address}/sites/{world.site.key}/keywords?from=2026-09-04&to=2026-09-04")
    expect(page.locator("table.report")).to_contain_text("slurry pump")
    expect(page.locator("table.report")).to_contain_text("77.70")


def test_the_keyboard_reaches_the_content_first(
    page: Page, context: BrowserContext, world: World, address: str
) -> None:
    logged_in(context, world, address)
    page.goto(f"{address}/sites/{world.site.key}/keywords{DAYS}")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_a_date_is_typed_and_a_choice_made_without_losing_ones_place(
    page: Page, context: BrowserContext, world: World, address: str
) -> None:
    logged_in(context, world, address)
    page.goto(f"{address}/sites/{world.site.key}/keywords?from=2026-09-01&to=2026-09-12")
    page.get_by_label("From").focus()
    # The order of day and month in the field is that of the browser, not of the page.
    page.keyboard.type("09092026", delay=30)
    page.keyboard.press("Enter")
    page.wait_for_url("**from=2026-09-09&to=2026-09-12")
    expect(page.get_by_label("From")).to_have_value("2026-09-09")
    page.get_by_label("Platform").focus()
    page.get_by_label("Platform").select_option("baidu")
    page.wait_for_url("**platform=baidu**")
    expect(page.get_by_label("Platform")).to_be_focused()


def test_a_refused_filter_is_said_and_no_old_figures_stand_under_it(
    page: Page, context: BrowserContext, world: World, address: str
) -> None:
    logged_in(context, world, address)
    page.goto(f"{address}/sites/{world.site.key}/keywords{DAYS}")
    page.get_by_label("From").fill("2026-09-04")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("The period ends before it begins")).to_be_visible()
    page.go_back()
    expect(page.locator("table.report")).to_be_visible()


def test_a_server_that_is_not_reached_is_said_until_it_is(
    page: Page, context: BrowserContext, world: World, address: str
) -> None:
    logged_in(context, world, address)
    page.goto(f"{address}/sites/{world.site.key}/keywords{DAYS}")
    context.set_offline(True)
    page.get_by_role("link", name="Impressions").click()
    expect(page.get_by_role("alert")).to_contain_text("The server was not reached")
    context.set_offline(False)
    page.get_by_role("link", name="Impressions").click()
    page.wait_for_url("**sort=impressions**")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_form_is_sent_once_however_often_its_button_is_pressed(
    page: Page, context: BrowserContext, world: World, address: str
) -> None:
    logged_in(context, world, address)
    posts: list[str] = []

    def hold(route: Route) -> None:
        if route.request.method == "POST":
            posts.append(route.request.url)
            page.wait_for_timeout(400)
        route.continue_()

    page.goto(f"{address}/sites/{world.site.key}/leads")
    page.get_by_label("E-mail").fill("li@example.com")
    context.route("**/leads", hold)
    page.evaluate(
        """() => {
          const button = [...document.querySelectorAll('button.primary')].at(-1);
          button.click();
          setTimeout(() => button.click(), 200);
        }"""
    )
    page.wait_for_url("**/lead?lead=*")
    assert len(posts) == 1


def test_a_day_of_refunds_is_drawn_below_zero(
    page: Page, context: BrowserContext, world: World, address: str
) -> None:
    world.events(
        [
            at("09-03 02:00", "bob", ad("steel pump", campaign="Pumps")),
            at("09-03 02:05", "bob", name="order", value="-250", currency="CNY"),
        ]
    )
    world.reconcile()
    logged_in(context, world, address)
    page.goto(f"{address}/sites/{world.site.key}/keywords{DAYS}")
    page.wait_for_selector(".plot canvas")
    page.get_by_text("As a table").click()
    expect(page.get_by_role("region", name="Trend by day")).to_contain_text("-250.00")
    # The lowest pixel of each line: that of revenue is far under that of cost, which is near zero.
    lowest = page.evaluate(
        """() => {
          const canvas = document.querySelector('.plot canvas');
          const { width, height } = canvas;
          const all = canvas.getContext('2d').getImageData(0, 0, width, height).data;
          const found = { revenue: 0, cost: 0 };
          for (let at = 0; at < all.length; at += 4) {
            const colour = [all[at], all[at + 1], all[at + 2]].join();
            const line = { '11,92,138': 'revenue', '180,83,26': 'cost' }[colour];
            if (line && all[at + 3] === 255) found[line] = Math.floor(at / 4 / width);
          }
          return found;
        }"""
    )
    assert lowest["cost"] > 0
    assert lowest["revenue"] > lowest["cost"] + 40


def test_the_field_that_an_error_names_is_marked_described_and_in_focus(
    page: Page, context: BrowserContext, world: World, address: str
) -> None:
    logged_in(context, world, address)
    complaints = watched(page)
    page.goto(f"{address}/sites/{world.site.key}/settings")
    page.get_by_label("Time zone").fill("Mars/Olympus")
    page.get_by_role("button", name="Save").click()
    wrong = page.locator("#field-timezone")
    expect(wrong).to_be_focused()
    expect(wrong).to_have_attribute("aria-invalid", "true")
    expect(wrong).to_have_accessible_description(re.compile("Mars/Olympus.*midnight here"))
    expect(page.locator("[aria-invalid]")).to_have_count(1)
    page.goto(f"{address}/sites/{world.site.key}/goals")
    page.get_by_label("Name", exact=True).fill("stage:order")
    page.get_by_role("button", name="Add the goal").click()
    expect(page.locator("#field-name")).to_be_focused()
    page.get_by_label("Name", exact=True).fill("Large order")
    page.get_by_label("Path, event").fill("/thanks")
    page.get_by_label("Only where the event has").fill("nothing")
    page.get_by_role("button", name="Add the goal").click()
    expect(page.locator("#field-where")).to_be_focused()
    assert [one for one in complaints if "400" not in one] == []


def test_upright_paper_holds_every_column_and_the_whole_chart(
    page: Page, context: BrowserContext, world: World, address: str
) -> None:
    logged_in(context, world, address)
    # A4 between its usual margins, at 96 dots an inch.
    page.set_viewport_size({"width": 718, "height": 1000})
    page.goto(f"{address}/sites/{world.site.key}/keywords{DAYS}")
    page.wait_for_selector(".plot canvas")
    page.emulate_media(media="print")
    assert settled_width(page) <= 718
    last = page.locator("table.report thead th").last
    expect(last).to_contain_text("ROI")
    box = last.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= 718
