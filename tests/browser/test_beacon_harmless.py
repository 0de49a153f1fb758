"""Whatever the page has done to its own world, the beacon neither throws into it nor changes it.

The fixture `page` fails a test in which any script leaves an error uncaught.
"""

from __future__ import annotations

from itertools import pairwise

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.servers import Answer, Collector, CompanySite

pytestmark = pytest.mark.browser

#: What is broken on the page, and whether events still arrive.
WORLDS = {
    "a stored queue that is no JSON": ("localStorage['tracker.q'] = '[{'", True),
    "a stored queue that is no array": ("localStorage['tracker.q'] = '{\"a\":1}'", True),
    "a stored queue of nothing": ("localStorage['tracker.q'] = '[null]'", True),
    "an id that is no id": ("localStorage['tracker.id'] = '{}'", True),
    "a full storage": (
        "Storage.prototype.setItem = () => { throw new Error('full') };"
        "Object.defineProperty(window, 'localStorage', {value: new Proxy({}, {"
        "set() { throw new Error('full') }, get() { return undefined }})})",
        True,
    ),
    "a fetch that throws": ("window.fetch = () => { throw new Error('fetch') }", False),
    "a fetch that answers nonsense": ("window.fetch = () => Promise.resolve()", True),
    "no fetch": ("delete window.fetch; window.fetch = undefined", False),
    "no random numbers": ("crypto.getRandomValues = () => { throw new Error('no') }", False),
    "arrays with a toJSON of their own": (
        "Array.prototype.toJSON = function () { return {} }",
        False,
    ),
    "enumerable additions to every object": (
        "Object.prototype.extra = function () {}; Array.prototype.each = function () {}",
        True,
    ),
    "an element called tracker": (
        "document.addEventListener('readystatechange', () =>"
        " document.body?.insertAdjacentHTML('beforeend', '<i id=tracker></i>'))",
        True,
    ),
    "a history that throws": (
        "history.pushState = () => { throw new Error('theirs') }",
        True,
    ),
}


@pytest.mark.parametrize("extra", ["", 'data-extra="code contact events chat domains"'])
@pytest.mark.parametrize("world", WORLDS)
def test_a_broken_world_gets_no_error_of_ours(
    page: Page, company: CompanySite, collector: Collector, world: str, extra: str
) -> None:
    script, counted = WORLDS[world]
    page.add_init_script(
        "window.rejected = []; addEventListener('unhandledrejection', event =>"
        f" rejected.push(`${{event.reason}}`)); {script}"
    )
    company.embedding.options = extra
    page.goto(f"{company.url}/inquiry.html?gclid=G1")
    if counted:
        collector.wait_for("pageview")
    page.evaluate(
        """() => {
            const call = (...given) => { try { tracker(...given) } catch (error) { return error } };
            call('plain'); call('order', {value: 5}); tracker.identify?.({email: 'a@b.example'});
            tracker.consent?.(false); tracker.consent?.(true);
            dispatchEvent(new Event('online')); dispatchEvent(new Event('blur'));
            history.replaceState({}, '', '/app/other');
            dispatchEvent(new PageTransitionEvent('pagehide'));
        }"""
    )
    page.fill("[name=company]", "Li")
    page.click("#find")
    page.wait_for_timeout(150)
    assert page.evaluate("window.rejected") == []


def test_a_click_id_that_the_app_takes_out_of_the_address_at_once_is_not_lost(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    company.embedding.options = 'data-extra="code"'
    company.pages["app.html"] = (
        '<!doctype html><title>App</title><script src="{tracker}/t.js" data-site="k-test"'
        " {options}></script><script>history.replaceState({}, '', '/app.html')</script>"
    )
    page.goto(f"{company.url}/app.html?gclid=G1")
    (event,) = collector.wait_for("pageview")
    assert event["l"] == f"{company.url}/app.html?gclid=G1"


def test_no_cookie_and_no_global_but_one_come_with_the_beacon(
    context: BrowserContext, page: Page, company: CompanySite, collector: Collector
) -> None:
    names = "Object.getOwnPropertyNames(window)"
    company.embedding.options = 'data-extra="code contact events chat domains"'
    page.add_init_script(f"window.before = [...{names}, 'before']")
    page.goto(f"{company.url}/products.html")
    collector.wait_for("pageview")
    own = page.evaluate(f"{names}.filter(name => !before.includes(name))")
    assert own == ["tracker"]
    assert context.cookies() == []


def test_a_hit_does_not_hold_navigation_up(
    page: Page, company: CompanySite, partner: CompanySite, collector: Collector
) -> None:
    page.goto(company.url)
    collector.wait_for("pageview")
    collector.answering.clear()
    page.click("#partner")
    # The server has answered nothing.
    page.wait_for_url(f"{partner.url}/partner.html")
    assert collector.named("outbound") == []
    collector.answering.set()
    collector.wait_for("outbound")


def test_a_server_that_never_answers_well_costs_one_request_at_a_time(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    collector.always = Answer(503)
    page.goto(company.url)
    page.evaluate("for (let i = 0; i < 100; i++) tracker('tick')")
    collector.wait(lambda: len(collector.posts) > 2, "three attempts")
    sent = [post.events[0]["t"] for post in collector.posts]
    assert min(after - before for before, after in pairwise(sent)) >= 2000
