"""The beacon's second file: visit code, contacts, marked elements, chats, sibling domains."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.servers import Collector, CompanySite, settled

pytestmark = pytest.mark.browser

CODE = re.compile("[ABCDEFGHJKLMNPQRSTUVWXYZ34679]{4}")


def _open(page: Page, company: CompanySite, collector: Collector, path: str, extra: str) -> None:
    company.embedding.options = f'data-extra="{extra}"'
    page.goto(company.url + path)
    collector.wait_for("pageview")
    settled(page, collector)


def _stay(page: Page) -> None:
    page.evaluate("document.addEventListener('click', event => event.preventDefault())")


def test_without_a_wish_for_it_the_second_file_is_not_loaded(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.goto(company.url)
    collector.wait_for("pageview")
    assert not any("t-extra" in url for url in requested)
    assert "k" not in collector.events[0]


def test_a_second_file_that_is_missing_costs_no_page_view(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    page.route("**/t-extra.js", lambda route: route.abort())
    company.embedding.options = 'data-extra="code"'
    with page.expect_event("requestfailed"):
        page.goto(company.url)
    collector.wait_for("pageview")


def test_the_visit_code_goes_with_every_event_and_onto_the_page(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    company.pages["ref.html"] = company.read("index.html").replace(
        "<footer>", "<footer>No. <b data-tracker-ref></b> "
    )
    _open(page, company, collector, "/ref.html", "code")
    page.evaluate("tracker('asked')")
    (event,) = collector.wait_for("asked")
    assert CODE.fullmatch(event["k"])
    assert collector.named("pageview")[0]["k"] == event["k"]
    assert page.inner_text("[data-tracker-ref]") == event["k"]
    page.goto(f"{company.url}/products.html")
    assert collector.wait_for("pageview", 2)[1]["k"] == event["k"]


def test_a_visit_code_ends_with_its_visit(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    _open(page, company, collector, "/", "code")
    first = collector.events[0]["k"]
    page.evaluate(
        "localStorage['tracker.code'] = "
        "localStorage['tracker.code'].replace(/[.]\\d+/, time => '.' + (time.slice(1) - 181e4))"
    )
    page.evaluate("tracker('later')")
    assert collector.wait_for("later")[0]["k"] != first
    assert collector.named("later")[0]["u"] == collector.events[0]["u"]


def test_messages_begun_on_the_page_carry_the_visit_code(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    _open(page, company, collector, "/", "code")
    _stay(page)
    code = collector.events[0]["k"]
    for link in ("#whatsapp", "#mail", "#mail", "#phone"):
        page.click(link)
    collector.wait_for("intent", 4)
    whatsapp = urlsplit(page.get_attribute("#whatsapp", "href") or "")
    mail = urlsplit(page.get_attribute("#mail", "href") or "")
    assert parse_qs(whatsapp.query)["text"] == [f"Hello [{code}]"]
    assert parse_qs(mail.query)["subject"] == [f"Pump [{code}]"]
    assert page.get_attribute("#phone", "href") == "tel:+862155550100"


def test_form_fields_get_the_visit_code_and_the_keyword_of_the_landing_page(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    _open(page, company, collector, "/?utm_term=%E6%B0%B4%E6%B3%B5+3.5kW", "code")
    page.click("#inquiry")
    collector.wait_for("pageview", 2)
    page.fill("[name=company]", "Li")
    page.fill("[name=email]", "li@example.com")
    page.click("#send")
    page.wait_for_url("**/thanks.html*")
    sent = parse_qs(urlsplit(page.url).query)
    assert sent["tracker_ref"] == [collector.events[0]["k"]]
    assert sent["tracker_keyword"] == ["水泵 3.5kW"]


def test_without_consent_there_is_no_visit_code(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    company.embedding.options = 'data-extra="code" data-consent="required"'
    page.goto(company.url)
    assert "k" not in collector.wait_for("pageview")[0]
    page.evaluate("tracker.consent(true); tracker('yes')")
    assert CODE.fullmatch(collector.wait_for("yes")[0]["k"])
    page.evaluate("tracker.consent(false); tracker('no')")
    assert "k" not in collector.wait_for("no")[0]
    assert "tracker.code" not in page.evaluate("Object.keys(localStorage)")


def test_mapped_form_fields_become_a_contact(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    company.embedding.options = (
        'data-extra="contact" data-contact="email=email company=company phone=tel"'
    )
    page.goto(f"{company.url}/inquiry.html")
    collector.wait_for("pageview")
    page.fill("[name=company]", " 恒泰 ")
    page.fill("[name=email]", "li@example.com")
    page.click("#send")
    (event,) = collector.wait_for("identify")
    assert event["p"] == {"email": "li@example.com", "company": "恒泰"}


def test_elements_name_their_own_events(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    _open(page, company, collector, "/", "events")
    page.click("#quote b")
    (event,) = collector.wait_for("quote asked")
    assert (event["x"], event["c"]) == ("12.50", "EUR")
    assert event["p"] == {"pump": "IS-80", "stock": True}


def test_a_form_that_names_its_event_sends_it_once(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    _open(page, company, collector, "/inquiry.html", "events misspelt")
    page.click("[name=q]")
    page.click("#find")
    page.evaluate("tracker('last')")
    collector.wait_for("last")
    assert len(collector.wait_for("searched")) == 1


def test_chat_windows_and_copied_wechat_numbers_are_intents(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    company.pages["chat.html"] = (
        '<!doctype html><title>Chat</title><script defer src="{tracker}/t.js" data-site="k-test"'
        ' {options}></script><ins id="nb_icon_wrap"><i id="bridge">在线咨询</i></ins>'
        '<p>微信号：<b id="wechat">hengtai2008</b></p><p>and <b id="other">text</b></p>'
    )
    page.context.route("https://**", lambda route: route.fulfill(body="window"))
    _open(page, company, collector, "/chat.html", "chat")
    page.click("#bridge")
    page.evaluate("window.open('https://tb.53kf.com/code/client/1/1').close()")
    for element in ("#other", "#wechat"):
        page.evaluate(
            "element => { getSelection().selectAllChildren(document.querySelector(element));"
            "document.execCommand('copy') }",
            element,
        )
    events = collector.wait_for("intent", 3)
    assert [event["p"]["kind"] for event in events] == ["chat", "chat", "wechat"]


@pytest.mark.parametrize(
    ("script", "kinds"),
    [
        ("document.querySelector('#nb_invite_ok').click()", ["chat"]),
        ("document.querySelector('#nb_invite_close').click()", []),
        ("document.querySelector('.kuaishang a').click()", ["chat"]),
        ("document.querySelector('#thumb_list').click()", []),
        ("window.open('https://ryak66.kuaishang.cn/bs/im.htm?cas=1').close()", ["chat"]),
        ("window.open('https://partner.example/').close()", []),
    ],
)
def test_what_belongs_to_a_chat_widget_is_known_by_its_marks(
    page: Page, company: CompanySite, collector: Collector, script: str, kinds: list[str]
) -> None:
    company.pages["chat.html"] = (
        '<!doctype html><title>Chat</title><script defer src="{tracker}/t.js" data-site="k-test"'
        ' {options}></script><ins id="newBridge"><ins id="nb_invite_wrap"><i id="nb_invite_ok">好'
        '</i><i id="nb_invite_close">关闭</i></ins></ins><div class="kuaishang"><a href="#">咨询'
        '</a></div><ul id="thumb_list"></ul>'
    )
    page.context.route("https://**", lambda route: route.fulfill(body="window"))
    _open(page, company, collector, "/chat.html", "chat")
    page.evaluate(script)
    page.evaluate("tracker('last')")
    collector.wait_for("last")
    assert [event["p"]["kind"] for event in collector.named("intent")] == kinds


def test_a_click_into_the_frame_of_a_chat_is_one_intent(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    company.pages["chat.html"] = (
        '<!doctype html><title>Chat</title><script defer src="{tracker}/t.js" data-site="k-test"'
        ' {options}></script><input id="field"><iframe id="other" src="/thanks.html"></iframe>'
        '<iframe id="chat" src="https://tb.53kf.com/code/client/1/1"></iframe>'
    )
    page.route("https://tb.53kf.com/**", lambda route: route.fulfill(body="<p>您好</p>"))
    _open(page, company, collector, "/chat.html", "chat")
    for _ in range(2):
        for place in ("other", "field", "chat", "field"):
            page.click(f"#{place}")
            # The frame gets the focus in its own time, and the beacon looks a moment later.
            page.wait_for_function("id => document.activeElement.id === id", arg=place)
            page.evaluate("new Promise(done => setTimeout(() => setTimeout(done)))")
    page.evaluate("tracker('last')")
    collector.wait_for("last")
    (event,) = collector.named("intent")
    assert event["p"] == {"kind": "chat", "url": "https://tb.53kf.com/code/client/1/1"}


def test_an_opt_out_takes_the_visit_code_away(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    company.pages["ref.html"] = company.read("index.html").replace(
        "<footer>", "<footer><b data-tracker-ref></b>"
    )
    _open(page, company, collector, "/ref.html", "code")
    assert CODE.fullmatch(page.inner_text("[data-tracker-ref]"))
    page.evaluate("tracker.optOut()")
    assert page.evaluate("Object.keys(localStorage)") == ["tracker.id"]
    assert page.inner_text("[data-tracker-ref]") == ""


@pytest.fixture
def pair(company: CompanySite, partner: CompanySite) -> tuple[CompanySite, CompanySite]:
    """Two sites of one company that hand their visitors over to each other."""
    for site in (company, partner):
        site.embedding.options = 'data-extra="domains" data-domains="127.0.0.1"'
    partner.pages["partner.html"] = partner.read("index.html")
    return company, partner


def test_a_visitor_keeps_the_id_on_a_sibling_domain(
    page: Page, pair: tuple[CompanySite, CompanySite], collector: Collector
) -> None:
    company, partner = pair
    page.goto(company.url)
    collector.wait_for("pageview")
    page.evaluate("document.querySelector('#partner').search = '?q=%B1%C3&x=1'")
    page.click("#partner")
    first, second = collector.wait_for("pageview", 2)
    assert second["u"] == first["u"]
    assert second["l"] == f"{partner.url}/partner.html?q=%B1%C3&x=1"
    assert page.evaluate("location.href") == second["l"]


def test_a_handed_over_id_is_worth_nothing_in_another_browser_or_later(
    browser: Browser,
    page: Page,
    context: BrowserContext,
    pair: tuple[CompanySite, CompanySite],
    collector: Collector,
) -> None:
    page.goto(pair[0].url)
    collector.wait_for("pageview")
    _stay(page)
    page.click("#partner")
    link = page.get_attribute("#partner", "href") or ""
    assert "_tk=" in link
    other = browser.new_context(locale="de-DE")
    other.new_page().goto(link)
    late = context.new_page()
    late.clock.install(time=page.evaluate("Date.now() + 121000") / 1000)
    late.goto(link)
    first, *others = collector.wait_for("pageview", 3)
    assert first["u"] not in {event["u"] for event in others}
    other.close()


def test_an_id_is_taken_over_only_from_a_page_of_a_listed_domain(
    page: Page, pair: tuple[CompanySite, CompanySite], collector: Collector
) -> None:
    company, partner = pair
    page.goto(company.url)
    collector.wait_for("pageview")
    _stay(page)
    page.click("#partner")
    link = page.get_attribute("#partner", "href") or ""
    # The same browser and a good signature, but from a bookmark, a message, or another site.
    for views, referrer in enumerate(("", "https://elsewhere.example/"), start=2):
        page.goto(f"{partner.url}/layout.css")
        page.evaluate("localStorage.clear()")
        page.goto(link, referer=referrer)
        collector.wait_for("pageview", views)
        settled(page, collector)
    others = collector.wait_for("pageview", 3)[1:]
    assert collector.events[0]["u"] not in {event["u"] for event in others}
    assert all("_tk=" not in event["l"] for event in others)


@pytest.mark.parametrize("part", [0, 1, 2])
def test_an_id_that_was_altered_on_the_way_is_refused(
    page: Page, pair: tuple[CompanySite, CompanySite], collector: Collector, part: int
) -> None:
    page.goto(pair[0].url)
    collector.wait_for("pageview")
    _stay(page)
    page.click("#partner")
    link = page.get_attribute("#partner", "href") or ""
    before, _, value = link.partition("_tk=")
    words = value.split(".")
    words[part] = ("0" if words[part][0] != "0" else "1") + words[part][1:]
    page.goto(f"{before}_tk={'.'.join(words)}", referer=f"{pair[0].url}/")
    events = collector.wait_for("pageview", 2)
    assert events[0]["u"] != events[1]["u"]
    assert events[1]["u"] != words[0]
