"""People as pages and by the API: found by what is known of them, described, joined and parted."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.cards import write_card
from tests.test_web_leads import Desk
from tests.world import NOW, World, ad, at
from tracker.accounts.person_cards import Card, add_note, card_of
from tracker.accounts.tokens import add_token
from tracker.ingest.identity import visitor_number
from tracker.requests.people import Identity, ListPeople
from tracker.warehouse.client import Warehouse

DAYS = "from=2026-09-01&to=2026-09-30"


def name_of(visitor: str) -> str:
    return f"{visitor_number(visitor):016x}"


@pytest.fixture
def desk(embedded_engine: Warehouse, sqlite_db: Engine, tmp_path: Path) -> Desk:
    """Anna, who came by an ad in August and again on another device, and two others."""
    world = World(embedded_engine, sqlite_db, tmp_path)
    mail: dict[str, Any] = {"name": "identify", "props": {"email": "anna@buyer.example"}}
    world.events(
        [
            at("08-20 10:00", "anna", ad("mud pump", campaign="Mining")),
            at("08-20 10:01", "anna", **mail),
            at("09-02 10:00", "desk"),
            at("09-02 10:01", "desk", **mail),
            at("09-03 10:00", "bert", ad("valve", campaign="Valves")),
            at("09-04 10:00", "carl"),
        ]
    )
    world.reconcile()
    site = world.site.key
    write_card(world.db, site, name_of("desk"), [], Card("Anna", "Mines Ltd", "Li"), now=NOW)
    write_card(world.db, site, name_of("bert"), [], Card(tags=("vip",), status="won"), now=NOW)
    add_note(world.db, site, name_of("bert"), "Wants 40% off", author="me", now=NOW)
    return Desk(world)


def anna() -> str:
    """The person with two devices."""
    return min(name_of("anna"), name_of("desk"))


def persons() -> dict[str, str]:
    """Whose page is whose."""
    return {anna(): "anna", name_of("bert"): "bert", name_of("carl"): "carl"}


#: What the address asks for, and who fits.
SEARCHES: tuple[tuple[str, set[str]], ...] = (
    ("who=all", {"anna", "bert", "carl"}),
    ("", {"anna"}),
    ("search=mines", {"anna"}),
    ("search=ANNA%40buyer.example", {"anna"}),
    ("search=buyer.example", set()),
    ("search=40%25", {"bert"}),
    ("search=VIP", {"bert"}),
    ("search=%25", {"bert"}),
    (f"search={name_of('carl')}", {"carl"}),
    ("tag=vip&status=won", {"bert"}),
    ("tag=vip&owner=Li", set()),
    ("owner=li", {"anna"}),
    ("first=mud", {"anna"}),
    ("first=valves", {"bert"}),
    ("first=mud&search=mines", {"anna"}),
    ("first=mud&tag=vip", set()),
)


def test_people_are_found_by_what_is_known_of_them(desk: Desk) -> None:
    names = persons()
    for asked, found in SEARCHES:
        answer = desk.api("GET", f"/people?{DAYS}&{asked}").json()
        assert {names[one["person"]] for one in answer["people"]} == found, asked
        assert answer["total"] == len(found)


def test_a_list_shows_the_first_touch_of_all_and_the_card_of_any_device(desk: Desk) -> None:
    text = desk.browser.page(f"{desk.site}/people?{DAYS}&search=mines")
    row = re.sub(r"<[^>]+>|\s+", " ", text.partition("<tbody>")[2].partition("</tbody>")[0])
    assert "Anna" in row
    assert "mud pump · Mining" in " ".join(row.split())
    assert 'name="search" value="mines"' in text
    assert "Nobody of this period fits" in desk.browser.page(f"{desk.site}/people?search=nobody")
    request = ListPeople(desk.world.site.key, "2026-09-01", "2026-09-30", first_touch="MUD")
    (line,) = desk.world.run("person-list", request).people
    assert (line.keyword, line.campaign, line.platform) == ("mud pump", "Mining", "baidu")
    assert line.first_touch < line.first_seen


def test_a_note_is_found_whatever_the_case_of_its_letters(desk: Desk) -> None:
    add_note(desk.world.db, desk.world.site.key, name_of("carl"), "Über Öl", author="me", now=NOW)
    for search in ("Über", "über", "ÖL"):
        found = desk.api("GET", f"/people?{DAYS}&search={search}").json()["people"]
        assert [one["person"] for one in found] == [name_of("carl")], search


def test_joined_people_are_found_by_the_card_that_lists_show(desk: Desk) -> None:
    world = desk.world
    later = Card(owner="Wang", company="Oil", status="lost", name="Carl  Otto")
    write_card(world.db, world.site.key, name_of("carl"), [], later, now=NOW + timedelta(days=1))
    world.run("person-merge", Identity(world.site.key, name_of("bert"), name_of("carl")))
    world.reconcile()
    both = min(name_of("bert"), name_of("carl"))
    for asked, found in (
        ("tag=vip&owner=Wang", True),
        ("search=oil&tag=vip", True),
        ("search=40%25&owner=Wang", True),
        ("search=carl++otto", True),
        ("status=lost", True),
        ("status=won", False),
    ):
        answer = desk.api("GET", f"/people?{DAYS}&{asked}").json()
        assert [one["person"] for one in answer["people"]] == [both] * found, asked


def test_a_decision_about_people_is_no_contact_of_theirs(desk: Desk) -> None:
    world, pair = desk.world, (name_of("bert"), name_of("carl"))
    for command in ("person-merge", "person-unmerge"):
        world.run(command, Identity(world.site.key, *pair))
        world.reconcile()
        everybody = desk.api("GET", f"/people?{DAYS}&who=all").json()["people"]
        told = {one["person"]: one["contact"] for one in everybody}
        assert {person for person, gave in told.items() if gave} == {anna()}, command
        (known,) = desk.api("GET", f"/people?{DAYS}").json()["people"]
        assert known["person"] == anna()


def test_a_page_behind_the_last_person_says_so_and_how_many_there_are(desk: Desk) -> None:
    for offset, shown in ((0, 2), (2, 1), (3, 0)):
        found = desk.api("GET", f"/people?{DAYS}&who=all&limit=2&offset={offset}").json()
        assert (len(found["people"]), found["total"]) == (shown, 3), offset
    page = desk.browser.page(f"{desk.site}/people?{DAYS}&who=all&page=9")
    assert "The rows end before this page." in page
    assert "Nobody in this period" not in page
    assert re.search(r'href="[^"]*&amp;page=1">Newer', page)


def test_a_person_is_described_by_the_api(desk: Desk) -> None:
    of_anna, bert = f"/people/{name_of('anna')}", f"/people/{name_of('bert')}"
    card = desk.api("POST", f"{of_anna}/card", {"status": "open", "tags": ["big", " big "]}).json()
    assert card == {
        "name": "Anna",
        "company": "Mines Ltd",
        "owner": "Li",
        "status": "open",
        "tags": ["big"],
    }
    made = desk.api("POST", f"{bert}/notes", {"text": "Rang back."})
    assert made.status_code == 201
    (note,) = [one for one in made.json()["notes"] if one["author"] == "API"]
    assert note["text"] == "Rang back."
    left = desk.api("POST", f"{bert}/notes/remove", {"note": note["id"]}).json()["notes"]
    assert [one["text"] for one in left] == ["Wants 40% off"]
    assert desk.api("POST", f"{of_anna}/notes/remove", {"note": left[0]["id"]}).status_code == 404
    for path, body in (
        (f"{of_anna}/card", {"colour": "red"}),
        (f"{of_anna}/card", {"tags": ["x" * 61]}),
        (f"{of_anna}/notes", {"text": " "}),
        ("/people/somebody/notes", {"text": "x"}),
        (f"{of_anna}/join", {"other": name_of("desk")}),
    ):
        assert desk.api("POST", path, body).status_code == 400, (path, body)


def test_people_are_joined_and_parted_by_the_api(desk: Desk) -> None:
    bert, carl = name_of("bert"), name_of("carl")

    def visitors() -> list[str]:
        desk.world.reconcile()
        found: list[str] = desk.api("GET", f"/people/{bert}").json()["visitors"]
        return found

    assert desk.api("POST", f"/people/{bert}/join", {"other": carl}).status_code == 202
    assert visitors() == sorted([bert, carl])
    assert desk.api("POST", f"/people/{bert}/part", {"visitor": carl}).status_code == 202
    assert visitors() == [bert]
    assert desk.api("POST", f"/people/{bert}/part", {"visitor": carl}).status_code == 404
    assert desk.api("POST", f"/people/{carl}/rejoin").status_code == 202
    assert visitors() == sorted([bert, carl])
    assert desk.api("POST", f"/people/{carl}/rejoin").status_code == 404


def test_stages_and_webhooks_are_kept_by_the_api(desk: Desk) -> None:
    world = desk.world
    assert desk.api("POST", "/pipeline", {"stages": []}).status_code == 403
    _, desk.token = add_token(
        world.db, tenant=world.tenant, site=world.site.key, scope="admin", now=NOW
    )
    usual = desk.api("GET", "/pipeline").json()
    stages = [*usual["stages"][:3], {"key": "trial", "role": "other", "name": "Trial run"}]
    changed = desk.api("POST", "/pipeline", {"stages": stages}).json()
    assert [one["key"] for one in changed["stages"]] == ["inquiry", "valid", "invalid", "trial"]
    assert desk.api("POST", "/pipeline", changed).json() == changed
    assert desk.api("POST", "/pipeline", {"stages": [{"key": "a"}]}).status_code == 400
    assert desk.api("POST", "/pipeline", {}).status_code == 400
    assert desk.api("POST", "/pipeline", {"stages": []}).json() == usual
    made = desk.api("POST", "/webhooks", {"name": "CRM", "fields": {"id": "deal.id"}})
    assert made.status_code == 201
    hook = made.json()
    assert "/hooks/" in hook["address"]
    (listed,) = desk.api("GET", "/webhooks").json()["webhooks"]
    assert listed == {name: value for name, value in hook.items() if name != "address"}
    bad = {"name": "CRM", "fields": {"colour": "x"}}
    assert desk.api("POST", "/webhooks", bad).status_code == 400
    assert desk.api("POST", "/webhooks/remove", {"webhook": hook["id"]}).status_code == 200
    assert desk.api("POST", "/webhooks/remove", {"webhook": hook["id"]}).status_code == 404


def test_one_lead_is_shown_with_its_steps(desk: Desk) -> None:
    entries = [
        {"id": "L/1", "stage": "inquiry", "time": "2026-09-05", "visitor": "bert"},
        {"id": "o1", "lead": "L/1", "stage": "order", "time": "2026-09-09", "value": 90},
    ]
    assert desk.api("POST", "/conversions", entries).status_code == 202
    lead = desk.api("GET", "/lead?lead=L%2F1").json()
    assert (lead["lead"], lead["stage"]) == ("L/1", "order")
    assert [step["stage"] for step in lead["steps"]] == ["inquiry", "order"]
    assert desk.api("GET", "/lead?lead=L").status_code == 404
    assert desk.api("GET", "/lead").status_code == 400


def test_an_export_of_somebody_of_whom_nothing_is_stored_is_not_found(desk: Desk) -> None:
    nobody = f"/people/{'0' * 15}1/export"
    assert desk.browser.get(desk.site + nobody).status_code == 404
    assert desk.api("GET", nobody).status_code == 404
    assert desk.browser.get(f"{desk.site}/people/{name_of('carl')}/export").status_code == 200


def test_a_refused_card_note_or_join_keeps_what_was_typed(desk: Desk) -> None:
    page = f"{desk.site}/people/{name_of('carl')}"
    card = {"name": "C" * 201, "company": "Mines & Co", "owner": "Li", "status": "won"}
    refused = desk.browser.submit(f"{page}/card", tags="vip, 阀门", **card)
    assert refused.status_code == 400
    for text in ("C" * 201, "Mines &amp; Co", "Li", "won", "vip, 阀门"):
        assert f'value="{text}"' in refused.text
    note = "Long. " * 700
    assert note.strip() in desk.browser.submit(f"{page}/notes", text=note).text
    assert 'value="bert"' in desk.browser.submit(f"{page}/join", other="bert").text


def card_form(page: str, path: str) -> dict[str, str]:
    """The form of a person's card, as his page has it."""
    form = page.partition(f'action="{path}/card"')[2].partition("</form>")[0]
    found = re.findall(r'name="(\w+)"[^>]* value="([^"]*)"', form)
    return {name: html.unescape(text) for name, text in found if name not in ("csrf", "once")}


def test_two_who_edit_a_card_at_once_keep_what_each_of_them_changed(desk: Desk) -> None:
    path = f"{desk.site}/people/{name_of('bert')}"
    page = desk.browser.page(path)
    mine = card_form(page, path) | {"owner": "Li", "tags": "new"}
    theirs = card_form(page, path) | {"status": "lost", "tags": "vip, hot"}
    for form in (theirs, mine):
        assert desk.browser.submit(f"{path}/card", **form).status_code == 303
    names = [name_of("bert")]
    card = card_of(desk.world.db, desk.world.site.key, names)
    assert card == Card(owner="Li", status="lost", tags=("hot", "new"))


def test_the_same_field_of_a_card_changed_meanwhile_is_told_and_not_replaced(desk: Desk) -> None:
    path = f"{desk.site}/people/{name_of('bert')}"
    page = desk.browser.page(path)
    mine = card_form(page, path) | {"status": "open", "company": "Mines"}
    theirs = card_form(page, path) | {"status": "lost", "owner": "Wang"}
    desk.browser.submit(f"{path}/card", **theirs)
    told = desk.browser.submit(f"{path}/card", **mine)
    assert told.status_code == 409
    assert "now it says Status: lost. Nothing was saved" in told.text
    site, names = desk.world.site.key, [name_of("bert")]
    assert card_of(desk.world.db, site, names) == Card("", "", "Wang", "lost", ("vip",))
    again = card_form(told.text, path)
    assert (again["status"], again["company"]) == ("open", "Mines")
    assert desk.browser.submit(f"{path}/card", **again).status_code == 303
    assert card_of(desk.world.db, site, names) == Card("", "Mines", "Wang", "open", ("vip",))


def test_the_list_heads_page_views_with_their_own_word(desk: Desk) -> None:
    """分页 is what leads to further rows, not what a person looked at."""
    desk.browser.submit("/preferences", language="zh-Hans", next="/sites")
    heads = desk.browser.page(f"{desk.site}/people?{DAYS}&who=all").partition("</thead>")[0]
    assert ">浏览量</th>" in heads
    assert ">分页</th>" not in heads


def test_events_of_the_snippet_are_named_and_those_of_the_site_keep_their_names(
    desk: Desk,
) -> None:
    world = desk.world
    world.events([at("09-03 10:01", "bert", name="engagement", props={"ms": 9000})])
    world.events([at("09-03 10:02", "bert", name="sample_wanted")])
    world.reconcile()
    page = f"{desk.site}/people/{name_of('bert')}"
    shown = desk.browser.page(page)
    assert "<b>Stayed on the page</b>" in shown
    assert "<b>sample_wanted</b>" in shown
    desk.browser.submit("/preferences", language="zh-Hans", next="/sites")
    assert "<b>停留</b>" in desk.browser.page(page)
