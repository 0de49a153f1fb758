"""Every click id and tag that an ad platform writes into an address arrives, at the real server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext
from sqlalchemy import Engine

from tests.browser.servers import Collector, CompanySite
from tests.ingest import CHROME, Ingest
from tracker.warehouse.client import Warehouse

pytestmark = pytest.mark.browser

#: What each platform appends to a landing address, and the click id that is read from it.
LANDINGS = {
    "google": (
        "campaignid=1001&adgroupid=2002&creative=3003&targetid=aud-7:kwd-4004&keyword=slurry%20pump"
        "&matchtype=e&device=c&network=g&loc_physical_ms=1003334&gad_source=1&gad_campaignid=1001"
        "&gclid=Cj0KCQ-a_b",
        ("gclid", "Cj0KCQ-a_b"),
    ),
    "google app": ("gad_source=1&gbraid=0AAAA_x-1", ("gbraid", "0AAAA_x-1")),
    "google web to app": ("gad_source=1&wbraid=CkAK_x-2", ("wbraid", "CkAK_x-2")),
    "microsoft": (
        "CampaignId=11&AdGroupId=12&AdId=13&OrderItemId=14&TargetId=kwd-15:aud-16&keyword=pump"
        "&QueryString=best+pump&MatchType=e&BidMatchType=bp&msclkid=ff00aa11",
        ("msclkid", "ff00aa11"),
    ),
    "baidu": (
        "planid=21&unitid=22&creative=23&keywordid=24&e_keywordid=24&e_creative=23&matchtype=1"
        "&hmsr=baidu&hmkw=%E6%B0%B4%E6%B3%B5&bd_vid=11258393461",
        ("bd_vid", "11258393461"),
    ),
    "baidu in GBK": ("e_keywordid=24&hmkw=%CB%AE%B1%C3&bd_vid=77", ("bd_vid", "77")),
    "360": (
        "qh_planid=31&qh_unitid=32&qh_keywordid=33&planid=31&groupid=32&creativeid=34&keywordid=33"
        "&device=pc&qhclickid=2529269fd62eef52",
        ("qhclickid", "2529269fd62eef52"),
    ),
    "yandex": (
        "campaign_id=41&gbid=42&ad_id=43&phrase_id=44&keyword=nasos&match_type=rm&yclid=9876543210",
        ("yclid", "9876543210"),
    ),
}


@pytest.fixture
def ingest(
    sqlite_db: Engine, tmp_path: Path, warehouse_embedded: Warehouse, company: CompanySite
) -> Iterator[Ingest]:
    """The real endpoint, spool and loader, with one site."""
    settings = {"allowed_origins": (company.url,)}
    with Ingest(sqlite_db, tmp_path / "spool", warehouse_embedded, settings=settings) as opened:
        yield opened


def visitor(browser: Browser, *, script: bool = True) -> BrowserContext:
    """A browser that does not say that it is driven by a test."""
    context = browser.new_context(user_agent=CHROME, java_script_enabled=script)
    if script:
        context.add_init_script("Object.defineProperty(navigator, 'webdriver', {value: false})")
    return context


def _embed(company: CompanySite, ingest: Ingest) -> None:
    company.embedding.site = ingest.site.key
    company.embedding.options = f'data-api="{ingest.url}/e"'


def _views(ingest: Ingest) -> list[dict[str, Any]]:
    """The stored page views. A page that took its time has told of its engagement, too."""
    ingest.drain()
    return [row for row in ingest.rows() if row["name"] == "pageview"]


def test_every_click_id_and_tag_reaches_the_server_as_it_was_written(
    browser: Browser, company: CompanySite, ingest: Ingest
) -> None:
    _embed(company, ingest)
    context = visitor(browser)
    for query, _ in LANDINGS.values():
        page = context.new_page()
        with page.expect_response(f"{ingest.url}/e") as answered:
            page.goto(f"{company.url}/products.html?{query}")
        assert answered.value.status == 202
        assert "x-tracker-dropped" not in answered.value.headers
        sent = (answered.value.request.post_data_json or [{}])[0]
        assert sent["l"] == f"{company.url}/products.html?{query}"
        page.close()
    context.close()
    rows = _views(ingest)
    assert len(rows) == len(LANDINGS)
    found = {(row["click_id_kind"], row["click_id"]) for row in rows}
    assert found == {click_id for _, click_id in LANDINGS.values()}
    keywords = {row["keyword_id"] for row in rows} - {""}
    assert keywords >= {"4004", "15", "24", "33", "44"}


def test_a_page_whose_policy_allows_only_images_reaches_the_server(
    browser: Browser, company: CompanySite, collector: Collector, ingest: Ingest
) -> None:
    _embed(company, ingest)
    company.embedding.headers["Content_Security_Policy"] = (
        f"default-src 'none'; script-src {collector.url}; img-src {ingest.url}"
    )
    context = visitor(browser)
    page = context.new_page()
    with page.expect_response(lambda answer: answer.url.startswith(f"{ingest.url}/e?d=")) as seen:
        page.goto(f"{company.url}/products.html?gclid=G1")
    assert seen.value.status == 200
    context.close()
    assert [row["click_id"] for row in _views(ingest)] == ["G1"]


def test_a_visitor_without_script_is_counted_by_the_image(
    browser: Browser, company: CompanySite, ingest: Ingest
) -> None:
    guide = (Path(__file__).parents[2] / "snippet" / "EMBEDDING.md").read_text(encoding="utf-8")
    image = re.search(r"<noscript>.*?</noscript>", guide)
    assert image
    pasted = image[0].replace("https://HOST", ingest.url).replace("KEY", ingest.site.key)
    company.pages["plain.html"] = f"<!doctype html><title>Plain</title><p>Pumps</p>{pasted}"
    context = visitor(browser, script=False)
    context.new_page().goto(f"{company.url}/plain.html?gclid=G2")
    context.close()
    assert ingest.drain().events == 1
    (row,) = ingest.rows()
    assert (row["name"], row["path"], row["click_id"]) == ("pageview", "/plain.html", "G2")
