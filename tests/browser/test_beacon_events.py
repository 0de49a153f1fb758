"""Events that a page sends through the beacon, and those that the beacon notices by itself."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.servers import Collector, CompanySite, settled

pytestmark = pytest.mark.browser


def _open(page: Page, company: CompanySite, collector: Collector, path: str = "/") -> None:
    page.goto(company.url + path)
    collector.wait_for("pageview")
    settled(page, collector)
    # What a click leads to is not what these tests are about.
    page.evaluate("document.addEventListener('click', event => event.preventDefault())")


def test_a_custom_event_carries_its_value_currency_and_props(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    _open(page, company, collector)
    page.evaluate(
        "tracker('order', {value: '1299.90', currency: 'EUR',"
        " props: {sku: 'IS-80', n: 2, b: true}})"
    )
    (event,) = collector.wait_for("order")
    assert (event["x"], event["c"]) == ("1299.90", "EUR")
    assert event["p"] == {"sku": "IS-80", "n": 2, "b": True}
    assert event["l"] == f"{company.url}/"


def test_calls_before_the_script_has_loaded_are_kept(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    page.add_init_script(
        "window.tracker = function () { (tracker.q = tracker.q || []).push(arguments) };"
        "tracker('early', {value: 3}); tracker('identify', {email: 'li@example.com'})"
    )
    page.goto(company.url)
    assert collector.wait_for("early")[0]["x"] == 3
    assert collector.wait_for("identify")[0]["p"] == {"email": "li@example.com"}
    assert len(collector.wait_for("pageview")) == 1


def test_identify_carries_the_contact(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    contact = {"email": "li@example.com", "phone": "+86 21", "name": "李", "company": "恒泰"}
    _open(page, company, collector)
    page.evaluate("contact => tracker.identify(contact)", contact)
    assert collector.wait_for("identify")[0]["p"] == contact


@pytest.mark.parametrize(
    "call",
    [
        "tracker()",
        "tracker('bad', {props: {big: 10n}})",
        "(() => { const o = {}; o.o = o; tracker('bad', {props: o}) })()",
        "tracker('bad', {props: {text: 'x'.repeat(30000)}})",
        "tracker('bad', null); tracker.identify(null); tracker.consent(); tracker(Symbol('bad'))",
    ],
)
def test_a_wrong_call_neither_throws_nor_stops_later_events(
    page: Page, company: CompanySite, collector: Collector, call: str
) -> None:
    _open(page, company, collector)
    page.evaluate(f"{{ {call} }}")
    page.evaluate("tracker('constructor')")
    collector.wait_for("constructor")


def test_a_blocked_storage_and_a_second_tag_do_no_harm(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new Error('closed') }})"
    )
    _open(page, company, collector)
    page.add_script_tag(url=f"{collector.url}/t.js")
    page.evaluate("tracker('after')")
    assert "u" not in collector.wait_for("after")[0]
    assert len(collector.named("pageview")) == 1


@pytest.mark.parametrize(
    ("link", "name", "props"),
    [
        ("#phone", "intent", {"kind": "tel", "url": "tel:+862155550100"}),
        ("#mail", "intent", {"kind": "mailto", "url": "mailto:sales@example.com?subject=Pump"}),
        (
            "#whatsapp span",
            "intent",
            {"kind": "wa.me", "url": "https://wa.me/862155550100?text=Hello"},
        ),
        ("#telegram", "intent", {"kind": "t.me", "url": "https://t.me/hengtai"}),
        ("#qq", "intent", {"kind": "wpa", "url": "https://wpa.qq.com/msgrd?v=3&uin=10001"}),
        ("#wechat", "intent", {"kind": "weixin", "url": "weixin://dl/chat"}),
        ("#catalogue", "download", {"url": "{home}/files/catalogue%20A4.pdf?v=2"}),
        ("#partner", "outbound", {"url": "{partner}/partner.html"}),
    ],
)
def test_a_link_that_leads_elsewhere_is_noticed(
    page: Page,
    company: CompanySite,
    partner: CompanySite,
    collector: Collector,
    link: str,
    name: str,
    props: dict[str, Any],
) -> None:
    _open(page, company, collector)
    page.click(link)
    (event,) = collector.wait_for(name)
    url = props["url"].replace("{home}", company.url).replace("{partner}", partner.url)
    assert event["p"] == props | {"url": url}


def test_links_within_the_site_and_right_clicks_are_no_events(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    _open(page, company, collector)
    page.click("#products")
    page.click("#nothing")
    page.click("#anchor")
    page.click("#partner", button="right")
    page.evaluate("tracker('last')")
    collector.wait_for("last")
    assert [event["n"] for event in collector.events] == ["pageview", "last"]


def test_a_middle_click_on_an_outbound_link_is_noticed(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    _open(page, company, collector)
    page.click("#partner", button="middle")
    collector.wait_for("outbound")


def test_an_outbound_click_arrives_although_the_page_is_left_at_once(
    page: Page, company: CompanySite, partner: CompanySite, collector: Collector
) -> None:
    page.goto(company.url)
    collector.wait_for("pageview")
    collector.delay = 0.3
    page.click("#partner")
    page.wait_for_url(f"{partner.url}/partner.html")
    collector.wait_for("outbound")
    assert len(collector.copies("outbound")) == 1


def test_a_form_is_sent_with_the_names_of_its_fields_and_never_their_values(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    page.goto(f"{company.url}/inquiry.html")
    collector.wait_for("pageview")
    page.click("#send")
    page.fill("[name=company]", "Secret Ltd")
    page.fill("[name=email]", "hidden@example.com")
    page.click("#send")
    page.wait_for_url("**/thanks.html*")
    (event,) = collector.wait_for("form")
    assert event["p"] == {
        "id": "inquiry-form",
        "fields": "id,company,email,message,tracker_ref,tracker_keyword",
    }
    collector.wait_for("pageview", 2)
    assert "Secret" not in str(collector.named("form"))


def test_each_automatic_event_can_be_switched_off(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    company.embedding.options = 'data-off="pageview intent outbound"'
    page.goto(company.url)
    page.evaluate("document.addEventListener('click', event => event.preventDefault())")
    for link in ("#phone", "#partner", "#catalogue"):
        page.click(link)
    page.evaluate("tracker('pageview')")
    collector.wait_for("pageview")
    assert [event["n"] for event in collector.events] == ["download", "pageview"]


def test_engagement_says_how_long_and_how_far_the_page_was_read(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    page.goto(company.url)
    collector.wait_for("pageview")
    page.evaluate("scrollTo(0, 1500)")
    page.wait_for_timeout(1200)
    page.click("#products")
    (event,) = collector.wait_for("engagement")
    assert event["l"] == f"{company.url}/"
    assert 1000 <= event["p"]["ms"] < 10_000
    assert 40 < event["p"]["depth"] < 65


def test_a_visitor_who_opts_out_sends_nothing_until_that_is_taken_back(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    _open(page, company, collector)
    page.evaluate("tracker.optOut(); tracker('never'); tracker.consent(true)")
    page.goto(f"{company.url}/products.html")
    page.evaluate("tracker('never')")
    assert page.evaluate("Object.entries(localStorage)") == [["tracker.id", "-"]]
    page.evaluate("tracker.optOut(false); tracker('again')")
    collector.wait_for("again")
    assert collector.named("never") == []
    assert len(collector.named("pageview")) == 1


def test_an_opt_out_leaves_no_event_behind_that_was_under_way(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    collector.answering.clear()
    page.goto(company.url)
    page.evaluate("tracker('more'); tracker.optOut()")
    page.goto(f"{company.url}/layout.css")
    assert page.evaluate("Object.entries(localStorage)") == [["tracker.id", "-"]]
    collector.answering.set()


def test_nothing_is_stored_before_consent_where_it_is_required(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    company.embedding.options = 'data-consent="required"'
    _open(page, company, collector)
    assert page.evaluate("localStorage.length + document.cookie.length") == 0
    page.evaluate("tracker.consent(true)")
    (consent,) = collector.wait_for("consent")
    page.goto(f"{company.url}/products.html")
    first, second = collector.wait_for("pageview", 2)
    assert "u" not in first
    assert re.fullmatch("[0-9a-f]{16}", second["u"])
    assert consent["u"] == second["u"]
    assert consent["p"] == {"granted": True}


@pytest.mark.parametrize("options", ["", 'data-consent="required"'])
def test_withdrawn_consent_removes_the_ids_and_lasts(
    page: Page, company: CompanySite, collector: Collector, options: str
) -> None:
    company.embedding.options = options
    _open(page, company, collector)
    page.evaluate("tracker.consent(true); tracker('with')")
    page.evaluate("tracker.consent(false); tracker('without')")
    assert "u" in collector.wait_for("with")[0]
    assert "u" not in collector.wait_for("without")[0]
    page.goto(f"{company.url}/products.html")
    assert "u" not in collector.wait_for("pageview", 2)[1]
    assert not re.search("[0-9a-f]{16}", page.evaluate("JSON.stringify(localStorage)"))


@pytest.mark.parametrize(
    ("zone", "stored"),
    [
        ("Europe/Berlin", False),
        ("Europe/London", False),
        ("Atlantic/Reykjavik", False),
        ("Asia/Nicosia", False),
        ("Africa/Ceuta", False),
        # The parts of France overseas that belong to the union.
        ("Indian/Reunion", False),
        ("Indian/Mayotte", False),
        ("America/Martinique", False),
        ("America/Guadeloupe", False),
        ("America/Cayenne", False),
        ("America/Marigot", False),
        # A clock that says nothing, as in the Tor browser.
        ("UTC", False),
        ("Asia/Shanghai", True),
        ("America/New_York", True),
        ("Asia/Singapore", True),
        ("Australia/Sydney", True),
        ("Africa/Cairo", True),
    ],
)
def test_consent_by_region_is_asked_for_in_europe_only(
    browser: Any, company: CompanySite, collector: Collector, zone: str, stored: bool
) -> None:
    company.embedding.options = 'data-consent="region"'
    context = browser.new_context(timezone_id=zone)
    context.new_page().goto(company.url)
    assert ("u" in collector.wait_for("pageview")[0]) is stored
    context.close()


def test_the_cookieless_mode_never_stores(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    company.embedding.options = 'data-consent="never"'
    _open(page, company, collector)
    page.evaluate("tracker.consent(true); tracker('after')")
    assert "u" not in collector.wait_for("after")[0]
    assert page.evaluate("localStorage.length") == 0


@pytest.mark.parametrize(
    ("signal", "value"), [("globalPrivacyControl", "true"), ("doNotTrack", "'1'")]
)
def test_a_privacy_signal_is_honoured_where_the_site_says_so(
    page: Page, company: CompanySite, collector: Collector, signal: str, value: str
) -> None:
    page.add_init_script(f"Object.defineProperty(navigator, '{signal}', {{value: {value}}})")
    company.embedding.options = "data-dnt"
    page.goto(company.url)
    page.evaluate("tracker('never')")
    assert page.evaluate("localStorage.length + document.cookie.length") == 0
    company.embedding.options = ""
    page.goto(f"{company.url}/products.html")
    collector.wait_for("pageview")
    assert len(collector.events) == 1
