"""Leads and the pipeline as pages, as the API and through webhooks, on the whole application."""

from __future__ import annotations

import hmac
import html
import json
import re
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from tests.web_app import PASSWORD, Browser
from tests.world import NOW, World, ad, at
from tracker.accounts.memberships import set_membership
from tracker.accounts.pipeline import DEFAULT_STAGES, pipeline_of
from tracker.accounts.rights import Role
from tracker.accounts.sessions import add_session
from tracker.accounts.sites import get_site
from tracker.accounts.suppression import suppress_visitors
from tracker.accounts.tokens import add_token
from tracker.accounts.users import add_user
from tracker.accounts.webhooks import list_webhooks
from tracker.app import create_app
from tracker.commands.conversions import offline_deps
from tracker.conversions.deliveries import signing_key
from tracker.conversions.entries import take_entries
from tracker.conversions.entry import Entry
from tracker.ingest.identity import visitor_number
from tracker.warehouse.client import Warehouse

CHINESE_TAGS = re.compile(r"<[^>]+>|\s+")


class Desk:
    """A sales desk: somebody in front of the pages, and programs with a token."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.app = create_app(world.parts, role="web")
        user = add_user(world.db, email="owner@pump.example", password=PASSWORD, now=NOW)
        set_membership(world.db, user=user.id, tenant=world.tenant, role=Role.OWNER)
        self.browser = Browser(self.app, "en")
        _, secret = add_session(world.db, user=user.id, now=NOW)
        self.browser.cookies.set("tracker_session", secret)
        _, self.token = add_token(
            world.db, tenant=world.tenant, site=world.site.key, scope="write", now=NOW
        )
        self.site = f"/sites/{world.site.key}"

    def api(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """A request of a program."""
        headers = {"Authorization": f"Bearer {self.token}", **headers}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        if method == "GET":
            content = b""
        address = f"/api/v1{self.site}{path}"
        return Browser(self.app, "en").request(method, address, content=content, headers=headers)


@pytest.fixture
def desk(warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path) -> Desk:
    return Desk(World(warehouse_embedded, sqlite_db, tmp_path))


def text_of(page: str) -> str:
    return CHINESE_TAGS.sub(" ", page)


def test_a_value_is_entered_with_its_tax_and_the_cost_of_its_goods(desk: Desk) -> None:
    """113 at 13% are 100 net, less 60; corrected to 6%, the rest stays as the form has it."""
    browser, world = desk.browser, desk.world
    said = {"tax_rate": "13", "order_cost": "60", "product_group": "Valves"}
    made = browser.submit(
        f"{desk.site}/leads", stage="order", id="O-1", value="113", time="2026-09-01 11:00", **said
    )
    address = made.headers["location"]
    world.reconcile()
    page = browser.page(address)
    assert "incl. 13% tax" in page
    for name, text in said.items():
        assert f'name="{name}" value="{text}' in page
    conversions = "SELECT value, tax_rate, value_site, gain_site FROM conversions ORDER BY build"
    assert [str(one) for one in world.rows(conversions)[-1]] == [
        *("113.000000", "0.130000", "100.000000", "40.000000")
    ]
    form = said | {"tax_rate": "6", "value": "106", "time": "2026-09-01 11:00"}
    browser.submit(f"{desk.site}/leads/correct", lead="O-1", id="O-1", stage="order", **form)
    world.reconcile()
    assert world.rows(conversions)[-1][1:] == (Decimal("0.06"), Decimal(100), Decimal(40))
    assert "incl. 6% tax" in browser.page(address)
    (one,) = desk.api("GET", "/conversions?from=2026-09-01&to=2026-09-01").json()["conversions"]
    assert (one["value"], one["tax_rate"], one["revenue"]) == ("106.00", "0.06", "100.00")
    assert (one["order_cost"], one["product_group"], one["gain"]) == ("60.00", "Valves", "40.00")
    opened = browser.page(f"{desk.site}/attribution/{one['conversion']}")
    for word in ("Entered as CN¥106.00", "incl. 6% tax", "Contribution", "Goods cost CN¥60.00"):
        assert word in opened


def test_a_lead_is_entered_moved_corrected_and_counted_by_hand(desk: Desk) -> None:
    browser, world = desk.browser, desk.world
    code = at("09-01 10:00", url=ad("water pump"), code="K3F7")
    world.events([code])
    made = browser.submit(
        f"{desk.site}/leads",
        stage="inquiry",
        id="Q-7/8",
        visit_code="k3f7",
        time="2026-09-01T11:00",
    )
    assert made.status_code == 303
    address = made.headers["location"]
    assert address == f"{desk.site}/lead?lead=Q-7%2F8"
    assert "Q-7/8" in browser.page(f"{desk.site}/leads?stage=inquiry")
    moved = browser.submit(
        f"{desk.site}/leads/move",
        lead="Q-7/8",
        stage="order",
        time="2026-09-05 10:00",
        value="900.50",
    )
    assert moved.status_code == 303
    world.reconcile()
    page = browser.page(address)
    assert "water pump" in page
    assert "CN¥900.50" in page
    step = re.findall(r'name="id" value="([^"]+)"', page)[-1]
    wrong = browser.submit(
        f"{desk.site}/leads/correct", lead="Q-7/8", id=step, stage="order", value="much"
    )
    assert wrong.status_code == 400
    assert "Not an amount" in wrong.text
    browser.submit(
        f"{desk.site}/leads/correct",
        lead="Q-7/8",
        id=step,
        stage="order",
        time="2026-09-05 10:00",
        value="800",
    )
    world.reconcile()
    report = browser.page(f"{desk.site}/pipeline?from=2026-09-01&to=2026-09-30")
    assert "800.00" in report
    assert "Revenue ROI" in report
    keywords = browser.page(
        f"{desk.site}/keywords?from=2026-09-01&to=2026-09-30&goal=stage%3Aorder"
    )
    assert "Stage: Order" in keywords
    world.spend(
        "day,campaign,keyword,clicks,impressions,cost\n2026-08-31,pumps,water pump,1,9,12.50\n",
        platform="baidu",
    )
    world.reconcile()
    report = text_of(browser.page(f"{desk.site}/pipeline?from=2026-08-01&to=2026-09-30"))
    assert "CN¥12.50 of it on days without tracking" in report
    assert "CN¥12.50 of the cost fell on days without tracking" in report
    browser.submit("/preferences", language="zh-Hans")
    for path in ("/leads", "/lead?lead=Q-7%2F8", "/pipeline", "/pipeline/stages"):
        said = text_of(browser.page(desk.site + path))
        assert "询盘" in said
        assert not re.search(r"\b(Stage|Value|Reason|Cost|Lead)\b", said), path


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"stage": ""}, "The stage is missing"),
        ({"email": "nobody"}, "Not an e-mail address"),
        ({"time": "tomorrow"}, "tomorrow"),
        ({"value": "1,5x"}, "Not an amount"),
        ({"person": "Li"}, "Not a person"),
        ({"id": "x" * 201}, "longer than 200"),
    ],
)
def test_a_wrong_lead_is_refused_and_stays_in_the_form(
    desk: Desk, form: dict[str, str], said: str
) -> None:
    answer = desk.browser.submit(
        f"{desk.site}/leads", **{"stage": "inquiry", "reason": "kept"} | form
    )
    assert answer.status_code == 400
    assert said in answer.text
    assert 'value="kept"' in answer.text
    assert desk.world.rows("SELECT count() FROM offline_conversions") == [(0,)]


def test_a_new_lead_does_not_take_the_place_of_one_that_is_there(desk: Desk) -> None:
    """Its first stage would be said anew, and what it was would be gone without a word."""
    leads = f"{desk.site}/leads"
    taken = [Entry(id="S-1", stage="order", lead="L-1"), Entry(id="C-1", stage="inquiry")]
    take_entries(offline_deps(desk.world.parts, desk.world.site), desk.world.site, taken)
    assert desk.browser.submit(leads, stage="inquiry", id="L-2").status_code == 303
    for number, lead in (("L-1", "L-1"), ("L-2", "L-2"), ("C-1", "C-1"), ("S-1", "L-1")):
        answer = desk.browser.submit(leads, stage="lost", id=number, reason="kept")
        assert answer.status_code == 400
        said = html.unescape(answer.text)
        assert f"The number '{number}' is taken by the lead '{lead}'." in said
        assert 'value="kept"' in said
    found = {one["lead"]: one["stage"] for one in desk.api("GET", "/leads").json()["leads"]}
    assert found == {"L-1": "order", "C-1": "inquiry", "L-2": "inquiry"}
    # A number is free again, and an empty one is never taken.
    withdrawn = {"lead": "L-2", "id": "L-2", "stage": "inquiry", "remove": "1"}
    answer = desk.browser.submit(f"{leads}/correct", **withdrawn)
    # Nothing is left of the lead that its page could show.
    assert (answer.status_code, answer.headers["location"]) == (303, leads)
    for number in ("L-2", ""):
        assert desk.browser.submit(leads, stage="inquiry", id=number).status_code == 303


def test_a_lead_of_an_erased_person_is_stored_without_him_and_the_page_says_so(desk: Desk) -> None:
    gone = f"{visitor_number('v1'):016x}"
    suppress_visitors(desk.world.db, desk.world.site.key, [gone], now=NOW)
    form = {"stage": "order", "id": "Q-1", "time": "2026-09-01 11:00", "once": "k1"}
    for _ in range(2):
        made = desk.browser.submit(f"{desk.site}/leads", **form, visitor="v1")
        assert made.status_code == 200
        assert "Lead Q-1" in made.text
        assert "1 conversions name a person who was erased" in made.text
    assert desk.world.rows("SELECT external_id, visitor FROM offline_conversions") == [("Q-1", 0)]
    desk.browser.submit("/preferences", language="zh-Hans")
    named = form | {"id": "Q-2", "person": gone}
    said = desk.browser.submit(f"{desk.site}/leads", **named).text
    assert "指向已删除的人员" in said


def test_a_lead_that_is_not_there_is_not_found(desk: Desk) -> None:
    assert desk.browser.get(f"{desk.site}/lead?lead=none").status_code == 404
    answer = desk.browser.submit(f"{desk.site}/leads/move", lead="none", stage="order")
    assert answer.status_code == 404


def test_the_api_takes_conversions_once_and_lists_leads(desk: Desk) -> None:
    order = {"id": "A", "stage": "订单", "time": "2026-09-01T10:00:00+08:00", "value": "12.50"}
    many = [order, {"id": "B", "stage": "inquiry", "time": "2026-09-02"}]
    first = desk.api("POST", "/conversions", many)
    assert first.status_code == 202
    assert first.json()["added"] == 2
    again = desk.api("POST", "/conversions", {"conversions": many}).json()
    assert (again["unchanged"], again["version"]) == (2, None)
    desk.world.reconcile()
    found = desk.api("GET", "/leads?stage=order").json()
    assert [one["lead"] for one in found["leads"]] == ["A"]
    assert found["leads"][0]["opened"].startswith("2026-09-01T02:00:00")
    report = desk.api("GET", "/reports/pipeline?from=2026-09-01&to=2026-09-30").json()
    assert {line["stage"]: line["value"] for line in report["stages"]}["order"] == "12.50"
    assert desk.api("GET", "/reports/pipeline").status_code == 400
    bad = desk.api("POST", "/conversions", [order, {"id": "C", "stage": "order", "email": "x"}])
    assert bad.status_code == 400
    assert "Conversion 2 ('C')" in bad.json()["error"]["message"]
    form = desk.api("POST", "/conversions", b"id=1", **{"Content-Type": "text/plain"})
    assert form.status_code == 400
    huge = desk.api("POST", "/conversions", b"[" + b" " * (3 << 20) + b"]")
    assert huge.status_code == 413


def test_a_page_behind_the_last_lead_says_so_and_how_many_there_are(desk: Desk) -> None:
    many = [{"id": one, "stage": "inquiry", "time": "2026-09-02"} for one in "AB"]
    desk.api("POST", "/conversions", many)
    for offset, shown in ((0, 1), (1, 1), (2, 0), (9, 0)):
        found = desk.api("GET", f"/leads?limit=1&offset={offset}").json()
        assert (len(found["leads"]), found["total"]) == (shown, 2), offset
    assert desk.api("GET", "/leads?search=nobody&offset=9").json() == {"leads": [], "total": 0}
    page = desk.browser.page(f"{desk.site}/leads?page=9")
    assert "The rows end before this page." in page
    assert "No lead fits" not in page
    assert f'href="{desk.site}/leads?page=1">Newer' in page
    assert "No lead fits these filters." in desk.browser.page(
        f"{desk.site}/leads?search=nobody&page=9"
    )


def test_a_stage_of_the_pipeline_leads_to_the_keywords_of_as_many(desk: Desk) -> None:
    """The click is before the period, the inquiry within: each stage is by its own date."""
    desk.world.events([at("09-01 10:00", "v1", ad("water pump"))])
    entry = {"id": "A", "stage": "inquiry", "time": "2026-09-20", "visitor": "v1"}
    desk.api("POST", "/conversions", [entry])
    desk.world.reconcile()
    page = desk.browser.page(f"{desk.site}/pipeline?from=2026-09-10&to=2026-09-30")
    link = re.search(r'<a href="([^"]+/keywords\?goal=stage%3Ainquiry[^"]*)"', page)
    assert link is not None
    count = re.search(r'stage%3Ainquiry.*?<td class="num">(\d+)</td>', page, re.DOTALL)
    tile = re.search(
        r'<dt>Conversions</dt>\s*<dd><div class="figure">([^<]+)<',
        desk.browser.page(link[1].replace("&amp;", "&")),
    )
    assert count is not None
    assert tile is not None
    assert (count[1], tile[1]) == ("1", "1")


def test_a_conversion_without_a_value_credits_none(desk: Desk) -> None:
    """A credited 0.00 would say that it had a value, and that it was nothing."""
    desk.world.events([at("09-01 10:00", "v1", ad("water pump"))])
    entry = {"stage": "inquiry", "time": "2026-09-20"}
    sent = [entry | {"id": "A", "visitor": "v1"}, entry | {"id": "B"}]
    desk.api("POST", "/conversions", sent)
    desk.world.reconcile()
    found = desk.api("GET", "/conversions?from=2026-09-20&to=2026-09-20").json()["conversions"]
    assert len(found) == 2
    for one in found:
        detail = desk.api("GET", f"/conversions/{one['conversion']}").json()
        credits = [touch["models"] for touch in detail["path"]] or [detail["without_touch"]]
        assert {(model["conversions"], model["revenue"]) for model in credits[0].values()} == {
            ("1", None)
        }
        opened = desk.browser.page(f"{desk.site}/attribution/{one['conversion']}")
        assert "0.00" not in opened


def test_goals_come_and_go_through_the_api(desk: Desk) -> None:
    made = desk.api("POST", "/goals", {"name": "Call", "click": "call", "count": "person"})
    assert made.status_code == 201
    assert made.json()["kind"] == "click"
    assert desk.api("POST", "/goals", {"name": "Call", "click": "call"}).status_code == 400
    assert desk.api("POST", "/goals", {"name": "x", "colour": "red"}).status_code == 400
    assert [goal["name"] for goal in desk.api("GET", "/goals").json()["goals"]] == ["Call"]
    assert desk.api("POST", "/goals/remove", {"name": "Call"}).status_code == 200
    assert desk.api("POST", "/goals/remove", {"name": "Call"}).status_code == 404


def test_stages_are_edited_on_their_page(desk: Desk) -> None:
    browser, db, key = desk.browser, desk.world.db, desk.world.site.key
    path = f"{desk.site}/pipeline/stages"
    form = {"stages": "ask | inquiry | First call | 咨询\ndeal|order", "repeat_orders": "inherit"}
    assert browser.submit(path, **form).status_code == 303
    assert [stage.key for stage in pipeline_of(db, key).stages] == ["ask", "deal"]
    assert pipeline_of(db, key).key_of("咨询") == "ask"
    assert get_site(db, key).settings.repeat_orders == "inherit"
    assert "First call" in browser.page(f"{desk.site}/leads")
    for bad in ("nonsense", "a | prize", "a | order\na | lost"):
        answer = browser.submit(path, stages=bad, repeat_orders="open")
        assert answer.status_code == 400
        assert bad.splitlines()[0] in answer.text
    assert browser.submit(path, reset="1").status_code == 303
    assert pipeline_of(db, key).stages == DEFAULT_STAGES


def deliver(desk: Desk, address: str, body: bytes, **headers: str) -> httpx.Response:
    return Browser(desk.app, "en").request("POST", address, content=body, headers=headers)


def test_a_webhook_takes_what_a_crm_sends(desk: Desk) -> None:
    browser = desk.browser
    fields = "id=deal.id\nstage==order\nvalue=deal.sum"
    page = browser.submit(f"{desk.site}/pipeline/webhooks", name="CRM", fields=fields).text
    found = re.search(r"http://testserver(/hooks/[\w-]+)", page)
    assert found
    address = found[1]
    assert address not in browser.page(f"{desk.site}/pipeline/stages")
    body = json.dumps({"deal": {"id": 7, "sum": 12.5}}).encode()
    for added in (1, 0):
        answer = deliver(desk, address, body, **{"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["added"]) == (202, added)
    assert deliver(desk, address, b"{}").status_code == 400
    (hook,) = list_webhooks(desk.world.db, desk.world.site.key)
    assert "nothing where id" in hook.error
    assert "nothing where id" in browser.page(f"{desk.site}/pipeline/stages")
    assert deliver(desk, "/hooks/unknown", body).status_code == 404
    assert (
        browser.submit(f"{desk.site}/pipeline/webhooks/remove", webhook=hook.id).status_code == 303
    )
    assert deliver(desk, address, body).status_code == 404


def test_a_signed_webhook_takes_only_what_is_signed(desk: Desk) -> None:
    page = desk.browser.submit(f"{desk.site}/pipeline/webhooks", name="Shop", signed="1").text
    found = re.search(r"http://testserver(/hooks/[\w-]+)", page)
    assert found
    (hook,) = list_webhooks(desk.world.db, desk.world.site.key)
    key = re.findall(r'class="secret">([0-9a-f]{64})<', page)[0]
    body = b'{"id":"S","stage":"order"}'
    signature = hmac.new(key.encode(), body, sha256).hexdigest()
    assert deliver(desk, found[1], body).status_code == 401
    forged = deliver(desk, found[1], body, **{"X-Hub-Signature-256": "sha256=" + "0" * 64})
    assert forged.status_code == 401
    other = body.replace(b"S", b"T")
    tampered = deliver(desk, found[1], other, **{"X-Tracker-Signature": signature})
    assert tampered.status_code == 401
    taken = deliver(desk, found[1], body, **{"X-Tracker-Signature": f"sha256={signature}"})
    assert taken.status_code == 202
    assert signing_key("another installation", hook.id) != key


def test_a_bad_field_of_a_webhook_is_refused(desk: Desk) -> None:
    for fields in ("colour=red", "id="):
        answer = desk.browser.submit(f"{desk.site}/pipeline/webhooks", name="x", fields=fields)
        assert answer.status_code == 400
    assert list_webhooks(desk.world.db, desk.world.site.key) == []


def test_a_refused_move_or_correction_keeps_what_was_typed(desk: Desk) -> None:
    browser = desk.browser
    browser.submit(f"{desk.site}/leads", stage="inquiry", id="Q-9", time="2026-09-01 11:00")
    typed = {"time": "2026-09-02 09:30", "reason": "Waits for the drawing", "currency": "EUR"}
    moved = browser.submit(
        f"{desk.site}/leads/move", lead="Q-9", stage="order", value="12x", **typed
    )
    assert moved.status_code == 400
    for text in ("12x", *typed.values()):
        assert f'value="{text}"' in moved.text
    assert re.search(r'<option value="order" selected>.*name="time"', moved.text, re.DOTALL)
    corrected = browser.submit(
        f"{desk.site}/leads/correct", lead="Q-9", id="Q-9", stage="valid", value="7y", **typed
    )
    assert corrected.status_code == 400
    opened = corrected.text.partition('<details class="card" open>')[2].partition("</details>")[0]
    for text in ("7y", *typed.values()):
        assert f'value="{text}"' in opened
    assert '<option value="valid" selected>' in opened


@pytest.mark.parametrize("path", ["/leads", "/lead?lead=Q-1"])
def test_no_stage_is_chosen_before_a_lead_is_moved(desk: Desk, path: str) -> None:
    """A careless click would enter the stage at which the lead is once more."""
    browser = desk.browser
    browser.submit(f"{desk.site}/leads", stage="valid", id="Q-1", time="2026-09-01 11:00")
    page = browser.page(desk.site + path)
    form = page.partition(f'action="{desk.site}/leads/move"')[2].partition("</form>")[0]
    choice = re.search(r'<select [^>]*name="stage"[^>]* required.*?</select>', form, re.DOTALL)
    assert choice is not None
    assert '<option value="valid">' in choice[0]
    options = re.findall(r'<option value="(\w*)"( selected)?>', choice[0])
    assert options[0][0] == ""
    assert {key for key, chosen in options if chosen} <= {""}
    moved = browser.submit(f"{desk.site}/leads/move", lead="Q-1", stage="")
    assert moved.status_code == 400


def test_a_form_that_is_sent_again_is_answered_again_and_done_once(desk: Desk) -> None:
    """A second click before the first is answered, and a reload of the answer."""
    form = {"stage": "inquiry", "email": "li@example.com", "time": "2026-09-01 11:00"}
    address = f"{desk.site}/leads"
    first = desk.browser.submit(address, once="k1", **form)
    assert first.status_code == 303
    again = desk.browser.submit(address, once="k1", **form)
    assert again.headers["location"] == first.headers["location"]
    other = desk.browser.submit(address, once="k1", **form | {"value": "5"})
    fresh = desk.browser.submit(address, once="k2", **form)
    places = {one.headers["location"] for one in (first, again, other, fresh)}
    assert len(places) == 3
    assert desk.api("GET", "/leads").json()["total"] == 3
    page = desk.browser.page(address)
    keys = re.findall(r'name="once" value="(\w+)"', page)
    assert len(keys) == len(set(keys)) > 1


def test_a_refused_form_may_be_sent_again(desk: Desk) -> None:
    form = {"once": "k1", "lead": "Q-1", "stage": "order", "time": "2026-09-02 11:00"}
    assert desk.browser.submit(f"{desk.site}/leads/move", **form).status_code == 404
    desk.browser.submit(f"{desk.site}/leads", stage="inquiry", id="Q-1", time="2026-09-01 11:00")
    assert desk.browser.submit(f"{desk.site}/leads/move", **form).status_code == 303


def test_a_search_without_result_is_no_empty_list(desk: Desk) -> None:
    address = f"{desk.site}/leads"
    assert "Leads come by this form" in desk.browser.page(address)
    desk.browser.submit(address, stage="inquiry", id="Q-1", time="2026-09-01 11:00")
    found = desk.browser.page(f"{address}?search=nothing")
    assert "No lead fits these filters." in found
    assert "Leads come by this form" not in found
    assert '<details class="more card form">' in found, "the form for another stays closed"


def test_a_lead_belongs_to_the_section_of_leads(desk: Desk) -> None:
    desk.browser.submit(f"{desk.site}/leads", stage="inquiry", id="Q-1", time="2026-09-01 11:00")
    page = desk.browser.page(f"{desk.site}/lead?lead=Q-1")
    assert f'<a href="{desk.site}/leads" aria-current="page">Leads</a>' in page
