"""The beacon's page views, in real Chromium on the pages of a test company site."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Page

from tests.browser.servers import Collector, CompanySite, settled

pytestmark = pytest.mark.browser


def test_a_page_view_carries_every_field_of_the_wire_format(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    before = time.time() * 1000
    page.goto(f"{company.url}/?utm_source=baidu&utm_term=%E6%B3%B5#top", referer="https://b.test/")
    (event,) = collector.wait_for("pageview")
    assert re.fullmatch("[0-9a-f]{32}", event.pop("i"))
    assert re.fullmatch("[0-9a-f]{16}", event.pop("u"))
    assert before <= event.pop("o") <= event.pop("t") <= time.time() * 1000
    assert event == {
        "v": 1,
        "s": "k-test",
        "n": "pageview",
        "a": 1,
        "l": f"{company.url}/?utm_source=baidu&utm_term=%E6%B3%B5",
        "r": "https://b.test/",
        "d": "Hengtai Pumps · 恒泰泵业",
        "w": [1280, 800, 1280, 800],
        "g": "en-GB",
        "b": 1,
    }


def test_another_origin_is_posted_to_without_a_preflight(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    page.goto(company.url)
    collector.wait_for("pageview")
    (post,) = collector.posts
    assert post.method == "POST"
    assert post.headers["Content-Type"].startswith("text/plain")
    assert post.headers["Origin"] == company.url


def test_the_visitor_id_is_kept_from_page_to_page_and_event_ids_never_repeat(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    page.goto(company.url)
    collector.wait_for("pageview")
    page.click("#products")
    events = collector.wait_for("pageview", 2)
    assert events[0]["u"] == events[1]["u"]
    assert events[0]["i"] != events[1]["i"]
    assert events[1]["r"] == f"{company.url}/"


def test_navigation_within_a_single_page_app_is_one_view_each(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    page.goto(f"{company.url}/app/start?gclid=G1")
    collector.wait_for("pageview")
    page.click("#step")
    collector.wait_for("pageview", 2)
    page.click("#step")
    collector.wait_for("pageview", 3)
    page.go_back()
    events = collector.wait_for("pageview", 4)
    app = f"{company.url}/app"
    assert [(e["l"], e["r"], e["d"]) for e in events] == [
        (f"{app}/start?gclid=G1", "", "Configurator"),
        (f"{app}/step-1?lang=en", f"{app}/start?gclid=G1", "Step 1"),
        (f"{app}/step-2?lang=en", f"{app}/step-1?lang=en", "Step 2"),
        (f"{app}/step-1?lang=en", f"{app}/step-2?lang=en", "Step 2"),
    ]


def test_a_replaced_query_is_the_same_page_and_a_replaced_path_another(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    page.goto(f"{company.url}/app/start?gclid=G1")
    collector.wait_for("pageview")
    page.evaluate("history.replaceState({}, '', '/app/start')")
    page.wait_for_timeout(100)
    page.evaluate("history.replaceState({}, '', '/app/other')")
    events = collector.wait_for("pageview", 2)
    assert [e["l"] for e in events] == [
        f"{company.url}/app/start?gclid=G1",
        f"{company.url}/app/other",
    ]


def test_a_fragment_is_no_page_unless_the_site_routes_by_it(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    page.goto(f"{company.url}/app/start")
    collector.wait_for("pageview")
    page.evaluate("location.hash = 'one'")
    page.wait_for_timeout(100)
    company.embedding.options = "data-hash"
    page.goto(f"{company.url}/app/again#/two")
    page.wait_for_load_state()
    page.evaluate("location.hash = '/three'")
    events = collector.wait_for("pageview", 3)
    app = f"{company.url}/app"
    assert [e["l"] for e in events] == [f"{app}/start", f"{app}/again#/two", f"{app}/again#/three"]


def test_a_page_restored_from_the_back_forward_cache_is_a_view_without_its_old_referrer(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    # A page with a request under way may not enter the cache.
    company.embedding.options = 'data-off="engagement"'
    page.goto(f"{company.url}/?gclid=G1", referer="https://search.test/")
    collector.wait_for("pageview")
    settled(page, collector)
    page.evaluate("addEventListener('pageshow', event => { window.restored = event.persisted })")
    page.click("#products")
    collector.wait_for("pageview", 2)
    settled(page, collector)
    # NOTE: go_back would wait for a load event, which a restored page does not have.
    page.evaluate("setTimeout(() => history.back())")
    events = collector.wait_for("pageview", 3)
    # Waits through the navigation, which may still be under way here.
    page.wait_for_function("window.restored === true")
    assert events[2]["r"] == events[2]["l"] == f"{company.url}/?gclid=G1"


def test_a_hidden_page_is_counted_when_it_is_first_seen(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    _hide(page)
    page.goto(company.url)
    page.wait_for_timeout(200)
    assert collector.events == []
    page.evaluate(
        "window.visibility = 'visible'; document.dispatchEvent(new Event('visibilitychange'))"
    )
    collector.wait_for("pageview")


def test_a_page_prepared_by_speculation_rules_is_counted_when_it_is_opened(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    company.pages["rules.html"] = (
        '<!doctype html><title>Rules</title><script type="speculationrules">'
        '{"prerender":[{"urls":["/products.html"],"eagerness":"immediate"}]}</script>'
        '<a id="go" href="/products.html">Go</a>'
    )
    with page.expect_event("request", lambda request: "products" in request.url):
        page.goto(f"{company.url}/rules.html")
    page.wait_for_timeout(500)
    assert collector.events == []
    page.click("#go")
    (event,) = collector.wait_for("pageview")
    assert event["l"] == f"{company.url}/products.html"


def _hide(page: Page) -> None:
    """Let the page believe that its tab is in the background until `visibility` is changed."""
    page.add_init_script(
        "window.visibility = 'hidden';"
        "Object.defineProperty(document, 'visibilityState', {get: () => window.visibility});"
        "Object.defineProperty(document, 'hidden', {get: () => window.visibility == 'hidden'})"
    )
