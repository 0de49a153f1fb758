"""Nothing is lost between the page and the server: failures, retries, closing pages."""

from __future__ import annotations

import json
from itertools import pairwise
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.servers import Answer, Collector, CompanySite, settled
from tracker.ingest.payload import parse_body

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("failure", [Answer(503), Answer(500), Answer(429), Answer(close=True)])
def test_a_failed_event_is_sent_again_with_the_same_id(
    page: Page, company: CompanySite, collector: Collector, failure: Answer
) -> None:
    collector.always = failure
    page.goto(company.url)
    # A closed connection is met by fetch, and then by the image that stands in for it.
    page.wait_for_function("localStorage['tracker.q']")
    collector.always = Answer()
    (event,) = collector.wait_for("pageview")
    first = collector.posts[0].events[0]
    assert event["i"] == first["i"]
    assert event["o"] == first["o"]
    assert event["t"] > first["t"]
    assert first["a"] == 1 < event["a"]


def test_a_refused_event_takes_no_other_with_it(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    page.goto(company.url)
    collector.wait_for("pageview")
    settled(page, collector)
    collector.delay = 0.2
    collector.answers.extend([Answer(202), Answer(400), Answer(400), Answer(202)])
    page.evaluate("['first', 'refused', 'good'].forEach(name => tracker(name))")
    collector.wait_for("good")
    assert [[e["n"] for e in post.events] for post in collector.posts[1:]] == [
        ["first"],
        ["refused", "good"],
        ["refused"],
        ["good"],
    ]


def test_what_was_not_delivered_is_sent_by_the_next_page(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    collector.always = Answer(503)
    page.goto(company.url)
    collector.wait(lambda: collector.posts, "the first attempt")
    page.evaluate("tracker('order', {value: 5})")
    collector.always = Answer()
    page.goto(f"{company.url}/products.html")
    collector.wait_for("order")
    pages = collector.wait_for("pageview", 2)
    assert {e["l"] for e in pages} == {f"{company.url}/", f"{company.url}/products.html"}
    page.wait_for_function("localStorage['tracker.q'] === undefined")
    # Sent as the page was left, and by the next one, because nobody saw the answer: one id.
    assert [event["l"] for event in collector.named("order")] == [f"{company.url}/"]


def test_what_waits_without_consent_waits_in_memory_only(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    company.embedding.options = 'data-consent="required"'
    collector.answers.append(Answer(503))
    page.goto(company.url)
    collector.wait(lambda: collector.posts, "the first attempt")
    page.evaluate("tracker('order')")
    assert page.evaluate("localStorage.length") == 0
    collector.wait_for("pageview")
    collector.wait_for("order")


def test_events_older_than_a_week_are_not_sent_any_more(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    page.goto(f"{company.url}/layout.css")
    page.evaluate(
        """() => {
            const event = days => ({v: 1, s: "k-test", i: "0".repeat(31) + days, n: "kept", a: 1,
                                    o: Date.now() - days * 864e5, l: location.href});
            localStorage["tracker.id"] = "0123456789abcdef." + Date.now();
            localStorage["tracker.q"] = JSON.stringify([event(8), event(6)]);
        }"""
    )
    page.goto(company.url)
    (event,) = collector.wait_for("kept")
    collector.wait_for("pageview")
    assert event["i"].endswith("6")
    assert event["a"] == 2
    assert len(collector.copies("kept")) == 1


def test_a_cut_network_costs_nothing_once_it_is_back(
    context: BrowserContext, page: Page, company: CompanySite, collector: Collector
) -> None:
    page.goto(company.url)
    collector.wait_for("pageview")
    settled(page, collector)
    context.set_offline(True)
    # The last that is tried is the image that stands in for fetch.
    with page.expect_event("requestfailed", lambda request: "/e?d=" in request.url) as failed:
        page.evaluate("for (let i = 0; i < 30; i++) tracker('offline', {props: {i}})")
    assert collector.named("offline") == []
    (lost,) = json.loads(parse_qs(urlsplit(failed.value.url).query)["d"][0])
    context.set_offline(False)
    collector.wait_for("offline", 30)
    events = collector.copies("offline")
    assert sorted(e["p"]["i"] for e in events) == list(range(30))
    assert len({e["i"] for e in events}) == 30
    again = next(e for e in events if e["p"]["i"] == lost["p"]["i"])
    assert (lost["a"], again["i"], again["o"]) == (1, lost["i"], lost["o"])
    assert again["a"] > 1


def test_a_hundred_events_in_a_second_arrive_once_each_in_few_requests(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    page.goto(company.url)
    collector.wait_for("pageview")
    collector.delay = 0.05
    page.evaluate("for (let i = 0; i < 100; i++) setTimeout(tracker, i * 9, 'tick', {props: {i}})")
    collector.wait_for("tick", 100)
    assert sorted(e["p"]["i"] for e in collector.copies("tick")) == list(range(100))
    assert len(collector.posts) < 40


def test_a_page_closed_right_after_the_event_delivers_it(
    context: BrowserContext, company: CompanySite, collector: Collector
) -> None:
    page = context.new_page()
    page.goto(company.url)
    collector.wait_for("pageview")
    collector.delay = 0.2
    page.evaluate("tracker('first'); tracker('last')")
    page.close(run_before_unload=True)
    collector.wait_for("last")
    collector.wait_for("first")
    assert len(collector.copies("first")) == 1


def test_a_page_closed_right_after_the_click_delivers_it(
    context: BrowserContext, company: CompanySite, collector: Collector
) -> None:
    page = context.new_page()
    page.goto(company.url)
    collector.wait_for("pageview")
    collector.delay = 0.2
    page.evaluate("document.addEventListener('click', event => event.preventDefault())")
    page.click("#phone")
    page.close(run_before_unload=True)
    collector.wait_for("intent")
    assert len(collector.copies("intent")) == 1


def test_what_waits_is_bounded_and_the_newest_is_kept(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    collector.always = Answer(503)
    page.goto(company.url)
    page.wait_for_function("localStorage['tracker.q']")
    page.evaluate("for (let i = 0; i < 250; i++) tracker('tick', {props: {i}})")
    page.goto(f"{company.url}/layout.css")
    kept = json.loads(page.evaluate("localStorage['tracker.q']"))
    # At most 200 that wait and the 20 of one request that is under way.
    assert 200 <= len(kept) <= 220
    assert {e["p"]["i"] for e in kept if e["n"] == "tick"} >= set(range(60, 250))


def test_attempts_come_at_growing_intervals_and_never_before_the_server_asks(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    collector.answers.extend([Answer(503)] * 3 + [Answer(429, (("Retry-After", "100"),))])
    page.clock.install()
    page.add_init_script(
        "window.sent = 0; const real = fetch;"
        "window.fetch = (...given) => { window.sent++; return real(...given) }"
    )
    page.goto(company.url)
    for attempts in range(1, 5):
        # The answer has to reach the page before its clock goes on.
        while not page.evaluate(f"(localStorage['tracker.q'] || '').includes('\"a\":{attempts},')"):
            page.wait_for_timeout(20)
        while page.evaluate("sent") == attempts:
            page.clock.fast_forward(1000)
    _wait_for_posts(collector, 5)
    events = [post.events[0] for post in collector.posts]
    assert [event["a"] for event in events] == [1, 2, 3, 4, 5]
    assert len({event["i"] for event in events}) == 1
    gaps = [(after["t"] - before["t"]) / 1000 for before, after in pairwise(events)]
    # 2 to 4 s, then twice as long each time, and what the server asks for on top.
    for gap, least in zip(gaps, (2, 4, 8, 116), strict=True):
        assert least <= gap < (2 * least if least < 100 else 132) + 3, gaps


def test_what_cannot_pass_holds_nothing_else_up(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    company.embedding.headers["Content_Security_Policy"] = (
        f"default-src 'none'; script-src {collector.url}; img-src {collector.url}"
    )
    page.goto(f"{company.url}/products.html")
    collector.wait_for("pageview")
    # A contact does not go into an address; what comes after it does.
    page.evaluate("tracker.identify({email: 'li@example.com'}); tracker('after')")
    collector.wait_for("after")
    assert "li@example.com" not in str(collector.posts)


def test_a_policy_that_allows_only_images_still_lets_events_through_but_no_contacts(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    company.embedding.headers["Content_Security_Policy"] = (
        f"default-src 'none'; script-src {collector.url}; img-src {collector.url}"
    )
    page.goto(f"{company.url}/products.html")
    collector.wait_for("pageview")
    assert collector.posts[0].method == "GET"
    page.evaluate("tracker.identify({email: 'li@example.com'}); tracker('after')")
    collector.wait_for("after")
    assert "li@example.com" not in str(collector.posts)


def test_a_strict_policy_needs_the_trackers_host_and_nothing_else(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    company.embedding.headers["Content_Security_Policy"] = (
        f"default-src 'none'; script-src {collector.url}; connect-src {collector.url};"
        "require-trusted-types-for 'script'"
    )
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.goto(f"{company.url}/products.html")
    collector.wait_for("pageview")
    assert [post.method for post in collector.posts] == ["POST"]
    assert [p for p in problems if "tracker" in p or collector.url in p] == []


def _wait_for_posts(collector: Collector, count: int) -> None:
    collector.wait(lambda: len(collector.posts) >= count, f"{count} requests")


def test_two_tabs_keep_each_others_waiting_events(
    context: BrowserContext, company: CompanySite, collector: Collector
) -> None:
    collector.always = Answer(503)
    for number in (1, 2):
        tab = context.new_page()
        tab.goto(company.url)
        tab.evaluate(f"tracker('tab {number}')")
        _wait_for_posts(collector, number)
    for tab in list(context.pages):
        with tab.expect_event("close"):
            tab.close(run_before_unload=True)
    collector.always = Answer()
    context.new_page().goto(company.url)
    collector.wait_for("tab 1")
    collector.wait_for("tab 2")


def test_browsers_without_keepalive_use_send_beacon(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    page.add_init_script("delete Request.prototype.keepalive")
    page.goto(company.url)
    collector.wait_for("pageview")
    assert page.evaluate("localStorage['tracker.q']") is None
    assert len(collector.posts) == 1


def test_the_server_takes_whatever_the_beacon_sends(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    company.embedding.options = 'data-extra="code"'
    page.goto(company.url)
    collector.wait_for("pageview")
    page.evaluate("tracker('plain'); tracker('order', {value: 19.99, currency: 'EUR'})")
    page.evaluate("tracker.identify({email: 'li@example.com', phone: ''})")
    page.wait_for_timeout(1100)
    page.click("#products")
    collector.wait_for("engagement")
    collector.wait_for("pageview", 2)
    for post in collector.posts:
        beacons, problems = parse_body(post.body.encode())
        assert problems == []
        assert [beacon.name for beacon in beacons] == [event["n"] for event in post.events]
        assert [beacon.code for beacon in beacons] == [event["k"] for event in post.events]
