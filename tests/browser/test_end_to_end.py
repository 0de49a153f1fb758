"""The product's main job in a real browser: from a visit and a spend file to a keyword's ROI."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.servers import CompanySite
from tests.installation import Installation, Server
from tests.world import CHROME

pytestmark = pytest.mark.browser

KEYWORD = "多级离心泵"
CAMPAIGN = "水泵"
PASSWORD = "long-enough-1"
#: Longest time until something that happens by itself is seen, ms; it takes a few seconds.
SOON = 30_000


@pytest.fixture
def place(tmp_path: Path, assets: Path) -> Installation:
    """An installation for a company site on loopback, with an inquiry form that is a goal."""
    assert (assets / "t.js").is_file()
    made = Installation(tmp_path)
    made.begin(domain="127.0.0.1", timezone="UTC", margin="0.35")
    made.for_site("goal", "add", "--name", "inquiry", "--path", "/thanks.html", "--value", "1000")
    return made


@pytest.fixture
def server(place: Installation) -> Iterator[Server]:
    with place.serving() as server:
        yield server


@pytest.fixture
def company(place: Installation, server: Server) -> Iterator[CompanySite]:
    """The company's site with the snippet that the running server gives."""
    site = CompanySite(server.url)
    site.embedding.site = place.site
    site.link(home=site.url, partner=site.url)
    site.start()
    yield site
    site.stop()


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Page]:
    """The browser of a person: by default an automated browser says so and is not counted."""
    context = browser.new_context(user_agent=CHROME, locale="zh-CN")
    context.add_init_script("Object.defineProperty(navigator, 'webdriver', {get: () => false})")
    context.set_default_timeout(SOON)
    yield context.new_page()
    context.close()


@pytest.fixture
def owner(context: BrowserContext) -> Page:
    """The browser of the site's owner."""
    context.set_default_timeout(SOON)
    return context.new_page()


def log_in(owner: Page, address: str, email: str, password: str) -> None:
    """Ask for a page, be asked for the password, and arrive there."""
    owner.goto(address)
    owner.get_by_label("E-mail").fill(email)
    owner.get_by_label("Password").fill(password)
    owner.get_by_role("button", name="Log in").click()
    owner.wait_for_url(address)


def cell(owner: Page, row: str, column: str) -> str:
    """The figure of a row under a column's head, without the change beside it."""
    table = owner.locator("table.report")
    heads = [text.strip(" ▲▼\n") for text in table.locator("thead th").all_inner_texts()]
    line = table.locator("tbody tr").filter(has=owner.locator("th", has_text=row))
    return line.locator("th, td").nth(heads.index(column)).inner_text().split("\n")[0].strip()


def test_a_visit_an_inquiry_and_a_spend_file_become_the_roi_of_a_keyword(
    place: Installation, server: Server, company: CompanySite, visitor: Page, owner: Page
) -> None:
    tags = f"utm_source=baidu&utm_medium=cpc&utm_campaign={quote(CAMPAIGN)}"
    visitor.goto(f"{company.url}/?{tags}&utm_term={quote(KEYWORD)}")
    visitor.click("#products")
    visitor.click("#inquiry")

    live = f"{server.url}/sites/{place.site}/live"
    log_in(owner, live, "owner@pump.example", PASSWORD)
    expect(owner.locator(".visitors h2")).to_contain_text(KEYWORD)
    expect(owner.locator(".visitors")).to_contain_text("Inquiry")

    visitor.get_by_label("Company").fill("Mine No. 7")
    visitor.get_by_label("E-mail").fill("li@mine.example")
    visitor.click("#send")
    expect(visitor.get_by_role("heading")).to_have_text("We answer within a day")
    # The page asks for the list by itself.
    expect(owner.locator(".visitors")).to_contain_text("Thank you")

    today = datetime.now(UTC).date()
    header = "日期,账户,推广计划,推广单元,匹配模式,关键词ID,关键词,展现,点击,消费"
    row = f"{today},pumps,{CAMPAIGN},多级泵,精确匹配,301,{KEYWORD},40,2,125.00"
    file = place.file("spend.csv", f"{header}\n{row}\n")
    assert place.for_site("spend", "import", file, "--currency", "CNY")["changed"] is True
    assert place.run("reconcile")["left"] == 0

    days = f"from={today - timedelta(days=1)}&to={today}"
    owner.goto(f"{server.url}/sites/{place.site}/keywords?{days}")
    assert cell(owner, KEYWORD, "Cost") == "125.00"
    assert cell(owner, KEYWORD, "Impressions") == "40"
    assert cell(owner, KEYWORD, "Clicks") == "2"
    assert cell(owner, KEYWORD, "Visits") == "1"
    assert cell(owner, KEYWORD, "Arrival rate") == "50%"
    assert cell(owner, KEYWORD, "Conversions") == "1"
    assert cell(owner, KEYWORD, "CPA") == "125.00"
    assert cell(owner, KEYWORD, "Revenue") == "1,000.00"
    assert cell(owner, KEYWORD, "ROAS") == "8.00"
    # (0.35 × 1000 − 125) / 125
    assert cell(owner, KEYWORD, "Margin ROI") == "180%"
    assert cell(owner, "Total", "Cost") == "125.00"

    # The command says the same.
    report = place.report(str(today - timedelta(days=1)), str(today))
    (found,) = report["rows"]
    assert (found["keyword"], found["cost"], found["visits"]) == (KEYWORD, "125.00", 1)
    assert (found["conversions"], found["roi"]) == ("1", pytest.approx(1.8))


def test_the_demo_shows_whoever_clicks_around_its_company_page(
    tmp_path: Path, assets: Path, visitor: Page, owner: Page
) -> None:
    assert (assets / "t.js").is_file()
    place = Installation(tmp_path)
    with place.serving(command=("demo", "--days", "7")) as server:
        state = place.run("site", "list")
        site = state[0]["site"]
        visitor.goto(f"{server.url}/demo/?utm_source=baidu&utm_medium=cpc&utm_term=made+up+word")
        visitor.get_by_role("link", name="Products 产品").click()
        visitor.get_by_role("link", name="Contact 联系").click()
        visitor.locator("input[name=email]").fill("li@mine.example")
        visitor.get_by_role("button").click()
        expect(visitor).to_have_url(f"{server.url}/demo/thanks?name=&email=li%40mine.example&need=")

        live = f"{server.url}/sites/{site}/live"
        log_in(owner, live, "demo@hydra-pumps.example", "pumps-and-keywords")
        mine = owner.locator(".visitors > li", has_text="made up word")
        expect(mine.locator("h2")).to_contain_text("Baidu")
        expect(mine).to_contain_text("inquiry")
        owner.goto(f"{server.url}/sites/{site}/keywords")
        assert owner.locator("table.report tbody tr").count() > 10

        # Two simulated platforms are connected, and their imports have really run.
        for name in ("Google Ads (demo)", "百度营销 (demo)"):
            owner.goto(f"{server.url}/sites/{site}/connections")
            owner.get_by_role("link", name=name).first.click()
            expect(owner.locator("main")).to_contain_text("Done")
        runs = place.run("connection", "runs")
        assert {run["state"] for run in runs} <= {"ok", "running", "queued"}
        assert sum(run["rows"] for run in runs) > 0
