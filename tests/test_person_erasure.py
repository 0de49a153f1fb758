"""Erasing and exporting a person, and deciding who is who, over every place that holds data."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine

from tests.cards import write_card
from tests.test_web_leads import Desk
from tests.world import NOW, World, ad, at
from tracker.accounts.clock import utc_now
from tracker.accounts.counters import next_number
from tracker.accounts.person_cards import Card, add_note, card_of, notes_of
from tracker.accounts.suppression import suppressed_among
from tracker.commands import upkeep
from tracker.commands.conversions import offline_deps
from tracker.conversions.contact import hash_email
from tracker.conversions.entries import take_entries
from tracker.conversions.entry import Entry
from tracker.conversions.people import refresh
from tracker.errors import InvalidInput, NotFound
from tracker.ingest.identity import visitor_number
from tracker.ingest.segments import FAILED, Names
from tracker.reconcile.erasure import Erased
from tracker.reconcile.identity import visitors_of
from tracker.reports import person_export
from tracker.requests.people import Identity, Person
from tracker.requests.upkeep import Rebuild
from tracker.warehouse.client import Warehouse

PUBLISHED = (
    "(day, build) IN (SELECT day, max(build) FROM slices WHERE kind = 'credits' GROUP BY day)"
)


@pytest.fixture
def world(warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path) -> World:
    return World(warehouse_embedded, sqlite_db, tmp_path)


def name_of(visitor: str) -> str:
    return f"{visitor_number(visitor):016x}"


def people(world: World) -> None:
    """Li with a phone and a desk, and Wang, who does the same things."""
    world.goal("order", kind="event", pattern="order", use_event_value=True)
    lines = []
    for who, hour in (("li", 10), ("wang", 11)):
        phone, desk = f"{who}-phone", f"{who}-desk"
        identify: dict[str, Any] = {"name": "identify", "props": {"email": f"{who}@pumps.example"}}
        lines += [
            at(f"09-01 {hour}:00", phone, ad("water pump", bd_vid=f"click-of-{who}-1")),
            at(f"09-01 {hour}:01", phone, **identify),
            at(f"09-02 {hour}:00", desk, code="K3F7" if who == "li" else "Q9XW"),
            at(f"09-02 {hour}:01", desk, **identify),
            at(f"09-02 {hour}:02", desk, name="order", value="100", currency="CNY"),
        ]
    world.events(lines)
    world.offline(
        "id,time,stage,value,lead,email,click_id,visit_code\n"
        "i-li,2026-09-03T10:00:00Z,inquiry,,L-li,li@pumps.example,,\n"
        "o-li,2026-09-04T10:00:00Z,order,700,L-li,,,\n"
        "c-li,2026-09-04T10:00:00Z,order,50,,,click-of-li-1,\n"
        "v-li,2026-09-04T10:00:00Z,call,,,,,K3F7\n"
        "o-wang,2026-09-04T10:00:00Z,order,900,,wang@pumps.example,,\n"
    )
    world.reconcile()
    # Again, so that rows of superseded builds lie about.
    world.run("rebuild", Rebuild(world.site.key))
    for who in ("li", "wang"):
        # NOTE: of today, as the engine forgets those of more than thirty days ago by itself.
        row = (world.site.key, utc_now(), "bot", visitor_number(f"{who}-phone"))
        world.warehouse.insert("rejected_events", ("site", "received", "reason", "visitor"), [row])
        names = [name_of(f"{who}-phone"), name_of(f"{who}-desk")]
        card = Card(name=who, tags=("big",))
        write_card(world.db, world.site.key, names[0], names, card, now=NOW)
        add_note(world.db, world.site.key, names[1], f"Called {who}.", author="me", now=NOW)


def tables_with(world: World, column: str) -> list[str]:
    rows = world.rows(
        "SELECT table FROM system.columns WHERE database = currentDatabase() "
        f"AND name = '{column}' ORDER BY table"
    )
    return [str(table) for (table,) in rows]


def rows_of(world: World, *visitors: str) -> dict[str, int]:
    """How many rows each table has of these visitors, whatever build they are of."""
    numbers = ", ".join(str(visitor_number(visitor)) for visitor in visitors)
    found = {}
    for column in ("visitor", "person"):
        for table in tables_with(world, column):
            sql = f"SELECT count() FROM {table} WHERE {column} IN ({numbers})"
            found[f"{table}.{column}"] = int(world.rows(sql)[0][0])
    return found


def refused_segment(world: World, *lines: dict[str, Any] | str) -> Path:
    folder = world.parts.settings.spool / FAILED
    path = folder / f"{Names().next(1788257100000)}.events.ndjson"
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("".join(f"{text}\n" for text in texts))
    path.with_suffix(".error").write_text("1 line(s): li@pumps.example is bad\n")
    return path


@pytest.mark.slow
def test_a_person_is_erased_from_every_place_and_stays_away(world: World) -> None:
    people(world)
    site, li = world.site.key, visitor_number("li-phone")
    mixed = refused_segment(
        world,
        {"site": site, "visitor": li, "name": "x"},
        {"site": site, "visitor": visitor_number("wang-phone"), "name": "kept"},
        {"site": "another", "visitor": li, "name": "kept too"},
        f'{{"torn": {li}',
    )
    wang = rows_of(world, "wang-phone", "wang-desk")
    assert all(
        rows_of(world, "li-phone", "li-desk")[f"{name}.visitor"] for name in ("hits", "events")
    )
    erased = world.run("person-erase", Person(site, name_of("li-desk")))
    assert isinstance(erased, Erased)
    assert set(erased.visitors) == {name_of("li-phone"), name_of("li-desk")}
    assert (erased.failed_lines, erased.written) == (2, 2)
    assert erased.rows["events"] == 5
    assert erased.rows["offline_conversions"] == 4
    assert set(rows_of(world, "li-phone", "li-desk").values()) == {0}
    assert rows_of(world, "wang-phone", "wang-desk") == wang
    assert world.rows("SELECT external_id FROM offline_conversions") == [("o-wang",)]
    left = world.rows(f"SELECT external_id FROM conversions WHERE {PUBLISHED} ORDER BY external_id")
    assert left == [("",), ("o-wang",)]
    assert world.rows("SELECT uniqExact(conversion_id) FROM credits") == [(2,)]
    assert "kept too" in mixed.read_text()
    assert str(li) not in mixed.read_text().replace("kept too", "").splitlines()[0]
    assert "li@" not in mixed.with_suffix(".error").read_text()
    assert card_of(world.db, site, erased.visitors) == Card()
    assert notes_of(world.db, site, [name_of("wang-desk")])
    # What still arrives of him is not stored, and sums follow with the next run.
    world.events([at("09-05 10:00", "li-phone")])
    world.reconcile()
    assert set(rows_of(world, "li-phone", "li-desk").values()) == {0}
    assert suppressed_among(world.db, site, erased.visitors) == set(erased.visitors)
    before = world.report("2026-09-01", "2026-09-30").totals
    assert (before.visits, before.conversions, before.revenue) == (2, "2", "1000.00")
    world.run("rebuild", Rebuild(site))
    assert world.report("2026-09-01", "2026-09-30").totals == before
    again = world.run("person-erase", Person(site, name_of("li-desk")))
    assert (again.rows, again.failed_lines, again.written) == ({}, 0, 0)


def test_what_others_brought_first_is_theirs_and_what_is_not_built_yet_is_his(
    world: World,
) -> None:
    link = ad("water pump", bd_vid="click-of-the-buyer")
    paid: dict[str, Any] = {"name": "order", "props": {"order_id": "W-7"}}
    world.events(
        [
            at("09-01 10:00", "buyer", link),
            at("09-01 10:05", "buyer", **paid),
            at("09-02 10:00", "colleague", link),
            at("09-02 10:05", "colleague", **paid),
        ]
    )
    deps = offline_deps(world.parts, world.site)
    entries = [
        Entry(id="c", stage="order", time="2026-09-03", click_id="click-of-the-buyer"),
        Entry(id="w", stage="order", time="2026-09-03", order_id="W-7"),
    ]
    take_entries(deps, world.site, entries)
    of_colleague = world.run("person-export", Person(world.site.key, name_of("colleague")))
    assert of_colleague["offline_conversions"] == []
    assert (
        "offline_conversions"
        not in world.run("person-erase", Person(world.site.key, name_of("colleague"))).rows
    )
    of_buyer = world.run("person-export", Person(world.site.key, name_of("buyer")))
    assert [row["external_id"] for row in of_buyer["offline_conversions"]] == ["c", "w"]
    erased = world.run("person-erase", Person(world.site.key, name_of("buyer")))
    assert erased.rows["offline_conversions"] == 2
    assert world.rows("SELECT count() FROM offline_conversions") == [(0,)]


def test_a_visit_code_is_of_the_latest_visit_with_it_before_the_lead_began(world: World) -> None:
    """Codes are short: another visitor is given the same one sooner or later."""
    world.events(
        [
            at("09-01 10:00", "before", code="K3F7"),
            at("09-05 10:00", "caller", code="K3F7"),
            at("09-09 10:00", "after", code="K3F7"),
        ]
    )
    calls = [
        Entry(id="c", stage="inquiry", time="2026-09-06", lead="L", visit_code="K3F7"),
        Entry(id="o", stage="order", time="2026-09-20", lead="L", value=Decimal(900)),
    ]
    take_entries(offline_deps(world.parts, world.site), world.site, calls)
    assert orders_of(world, "before") == orders_of(world, "after") == []
    world.run("person-erase", Person(world.site.key, name_of("before")))
    assert orders_of(world, "caller") == ["c", "o"]
    erased = world.run("person-erase", Person(world.site.key, name_of("caller")))
    assert erased.rows["offline_conversions"] == 2


def test_the_orders_of_a_contact_are_not_of_who_was_parted_from_it(world: World) -> None:
    """Somebody else at the same desk, once logged in as Li, is a person of his own."""
    for visitor in ("li", "guest"):
        world.events([at("09-01 10:00", visitor, name="identify", props={"user": "li"})])
    order = Entry(id="o", stage="order", time="2026-09-03", value=Decimal(900), user="li")
    take_entries(offline_deps(world.parts, world.site), world.site, [order])
    world.reconcile()
    world.run("person-unmerge", Identity(world.site.key, name_of("guest")))
    world.reconcile()
    assert orders_of(world, "guest") == []
    world.run("person-erase", Person(world.site.key, name_of("guest")))
    assert orders_of(world, "li") == ["o"]
    world.reconcile()
    assert world.report("2026-09-01", "2026-09-30").totals.revenue == "900.00"


def orders_of(world: World, visitor: str) -> list[str]:
    """The offline conversions that an export of this visitor's person holds."""
    found = world.run("person-export", Person(world.site.key, name_of(visitor)))
    return [str(row["external_id"]) for row in found["offline_conversions"]]


def test_a_whole_refused_segment_of_one_person_leaves_no_file(world: World) -> None:
    line = {"site": world.site.key, "visitor": visitor_number("li"), "name": "x"}
    path = refused_segment(world, line, line)
    erased = world.run("person-erase", Person(world.site.key, name_of("li")))
    assert erased.failed_lines == 2
    assert not path.exists()
    assert not path.with_suffix(".error").exists()


@pytest.mark.parametrize("name", ["", "li", "g" * 16, "0" * 15, "' OR 1=1 -- 0000"])
def test_what_names_no_person_erases_nothing(world: World, name: str) -> None:
    people_before = world.rows("SELECT count() FROM events")
    for command in ("person-erase", "person-export", "person-show"):
        with pytest.raises(InvalidInput, match="Not a person"):
            world.run(command, Person(world.site.key, name))
    assert world.rows("SELECT count() FROM events") == people_before


def test_an_export_holds_all_that_is_stored_and_nothing_of_others(world: World) -> None:
    people(world)
    found = world.run("person-export", Person(world.site.key, name_of("li-phone")))
    text = msgspec.json.encode(found).decode()
    assert set(found["visitors"]) == {name_of("li-phone"), name_of("li-desk")}
    assert len(found["events"]) == 5
    assert {row["hash"] for row in found["identities"]} == {hash_email("li@pumps.example")}
    assert {row["external_id"] for row in found["offline_conversions"]} == {
        *("i-li", "o-li", "c-li", "v-li")
    }
    assert len(found["rejected_events"]) == 1
    assert found["card"]["name"] == "li"
    assert [note["text"] for note in found["notes"]] == ["Called li."]
    assert "wang" not in text
    assert found["truncated"] == []


def test_an_export_that_leaves_rows_out_says_of_which_tables(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(world)
    monkeypatch.setattr(person_export, "MOST", 4)
    found = world.run("person-export", Person(world.site.key, name_of("li-phone")))
    assert (len(found["events"]), len(found["offline_conversions"])) == (4, 4)
    assert found["truncated"] == ["events"]


def persons(world: World) -> set[int]:
    rows = world.rows(f"SELECT DISTINCT person FROM conversions WHERE {PUBLISHED}")
    return {int(person) for (person,) in rows}


def test_people_are_joined_parted_and_rejoined_by_decision(world: World) -> None:
    world.goal("order", kind="event", pattern="order")
    world.events(
        [
            at("09-01 10:00", "a", ad("water pump")),
            at("09-02 10:00", "b", name="order"),
            at("09-03 10:00", "c", name="order"),
        ]
    )
    world.reconcile()
    site = world.site.key
    a, b, c = (visitor_number(name) for name in "abc")
    world.run("person-merge", Identity(site, name_of("a"), name_of("b")))
    world.reconcile()
    assert persons(world) == {min(a, b), c}
    first = world.rows(
        f"SELECT touch_day FROM credits WHERE model = 'first' AND {PUBLISHED} ORDER BY touch_day"
    )
    assert [str(day) for (day,) in first] == ["2026-09-01", "2026-09-03"]
    with pytest.raises(InvalidInput, match="one person already"):
        world.run("person-merge", Identity(site, name_of("b"), name_of("a")))
    world.run("person-unmerge", Identity(site, name_of("b")))
    world.reconcile()
    assert persons(world) == {b, c}
    with pytest.raises(NotFound, match="Nothing joins"):
        world.run("person-unmerge", Identity(site, name_of("b")))
    # What says that both are one does not count until the decision is taken back.
    for visitor in ("a", "b"):
        world.events([at("09-04 10:00", visitor, name="identify", props={"user": "li"})])
    world.run("person-merge", Identity(site, name_of("b"), name_of("c")))
    world.reconcile()
    assert persons(world) == {min(a, b, c)}
    with pytest.raises(NotFound, match="not kept apart"):
        world.run("person-rejoin", Identity(site, name_of("c")))


def test_taking_back_a_merge_leaves_both_people_as_they_were(world: World) -> None:
    """A visitor who is not known by himself keeps the others whom his contacts join to him."""
    world.goal("order", kind="event", pattern="order")
    world.events([at("09-02 10:00", name, name="order") for name in "abcd"])
    for contact, pair in (("li", "ad"), ("wu", "bc")):
        world.events(
            [at("09-01 10:00", name, name="identify", props={"user": contact}) for name in pair]
        )
    world.reconcile()
    site = world.site.key
    a, b, c, d = (visitor_number(name) for name in "abcd")
    both = {min(a, d), min(b, c)}
    assert persons(world) == both
    world.run("person-merge", Identity(site, name_of("d"), name_of("c")))
    world.reconcile()
    assert persons(world) == {min(both)}
    for name in "bd":
        world.run("person-unmerge", Identity(site, name_of(name)))
        world.reconcile()
        if name == "b":
            assert persons(world) == both
    # Without a merge his contacts are what joins him: now he is parted from these.
    assert persons(world) == {a, d, min(b, c)}


def test_whoever_was_parted_is_joined_again_whichever_visitors_the_merge_named(
    world: World,
) -> None:
    for contact, pair in (("li", "ad"), ("wu", "bc")):
        world.events(
            [at("09-01 10:00", name, name="identify", props={"user": contact}) for name in pair]
        )
    site, db = world.site.key, world.db

    def together(name: str) -> int:
        refresh(world.warehouse, [site], next_number(db, "build"))
        return len(visitors_of(world.warehouse, world.site, name_of(name)))

    assert together("a") == 2
    world.run("person-merge", Identity(site, name_of("d"), name_of("c")))
    for name in "abcd":
        assert together(name) == 4
        world.run("person-unmerge", Identity(site, name_of(name)))
        assert together(name) == 2
        world.run("person-rejoin", Identity(site, name_of(name)))
    assert together("a") == 4
    with pytest.raises(NotFound, match="not kept apart"):
        world.run("person-rejoin", Identity(site, name_of("a")))


def test_a_device_that_was_just_made_known_is_erased_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was acknowledged before the erasure counts, though it still lies in the spool."""
    mail: dict[str, Any] = {"name": "identify", "props": {"email": "li@pumps.example"}}
    world.events([at("09-01 10:00", "phone", **mail), at("09-01 10:00", "desk")])
    with monkeypatch.context() as patch:
        patch.setattr(upkeep, "load", lambda _: 0)
        world.events([at("09-02 10:00", "desk", **mail)])
    erased = world.run("person-erase", Person(world.site.key, name_of("phone")))
    assert set(erased.visitors) == {name_of("phone"), name_of("desk")}
    assert world.rows("SELECT visitor FROM events UNION ALL SELECT visitor FROM identities") == []


def test_one_half_of_a_merge_that_was_taken_back_leaves_nothing_at_the_other(world: World) -> None:
    world.events([at("09-01 10:00", name) for name in "ab"])
    world.events([at("09-01 10:01", name, name="identify", props={"user": name}) for name in "ab"])
    site = world.site.key
    for command in ("person-merge", "person-unmerge"):
        world.run(command, Identity(site, name_of("a"), name_of("b")))
        world.reconcile()
    named = f"SELECT count() FROM person_members WHERE node LIKE '{name_of('a')}%'"
    assert world.rows(named) != [(0,)]
    world.run("person-erase", Person(site, name_of("a")))
    world.reconcile()
    assert world.rows(named) == [(0,)]
    assert set(rows_of(world, "a").values()) == {0}
    known = world.run("person-export", Person(site, name_of("b")))
    assert len(known["identities"]) == 1


def test_an_order_of_an_erased_person_that_is_sent_again_is_nobodys(world: World) -> None:
    """Also not his who opened the link of the erased one later, though the row has its click id."""
    link = ad("water pump", bd_vid="click-of-li")
    world.events([at("09-01 10:00", "li", link), at("09-02 10:00", "colleague", link)])
    world.reconcile()
    world.run("person-erase", Person(world.site.key, name_of("li")))
    header = "id,time,stage,value,visitor,person,click_id,email\n"
    rows = (
        "v,2026-09-03,order,70,li,,click-of-li,li@pumps.example",
        f"p,2026-09-03,order,20,,{name_of('li')},,",
        "c,2026-09-03,order,10,colleague,,,",
    )
    told = "2 conversions name a person who was erased; they stand without the person."
    assert told in world.offline(header + "\n".join(rows), dry_run=True).warnings
    report = world.offline(header + "\n".join(rows))
    assert (report.added, report.warnings) == (3, [told])
    assert world.offline(header + "\n".join(rows)).unchanged == 3
    entry = Entry(id="e", stage="order", time="2026-09-03", value=Decimal(5), visitor="li")
    taken = take_entries(offline_deps(world.parts, world.site), world.site, [entry])
    assert taken.warnings == [told.replace("2", "1")]
    world.reconcile()
    assert set(rows_of(world, "li").values()) == {0}
    stored = "SELECT external_id FROM offline_conversions WHERE email_hash != '' OR click_id != ''"
    assert world.rows(stored) == []
    totals = world.report("2026-09-01", "2026-09-30").totals
    assert totals.revenue == "105.00"
    assert orders_of(world, "colleague") == ["c"]


@pytest.mark.slow
def test_a_person_has_a_page_and_what_is_written_there_follows_him(
    warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path
) -> None:
    world = World(warehouse_embedded, sqlite_db, tmp_path)
    desk = Desk(world)
    people(world)
    browser, base = desk.browser, f"{desk.site}/people"
    period = "?from=2026-09-01&to=2026-09-30"
    listed = browser.page(base + period)
    person = min(name_of("li-phone"), name_of("li-desk"))
    assert f"/people/{person}" in listed
    page = browser.page(f"{base}/{name_of('li-desk')}")
    for text in ("water pump", "L-li", "Called li.", "CN¥700.00", "Contact given"):
        assert text in page, text
    own = f"{base}/{person}"
    card = {
        "name": "<b>李雷</b>",
        "company": "泵业",
        "owner": "me",
        "tags": "vip, 水泵",
        "status": "hot",
    }
    shown = {"shown_name": "li", "shown_tags": "big"}
    assert browser.submit(f"{own}/card", **card, **shown).status_code == 303
    assert browser.submit(f"{own}/notes", text="Wants a sample").status_code == 303
    assert browser.submit(f"{own}/notes", text=" ").status_code == 400
    assert browser.submit(f"{own}/card", tags="x" * 61).status_code == 400
    page = browser.page(own)
    assert "&lt;b&gt;李雷" in page
    assert "Wants a sample" in page
    assert browser.submit(f"{own}/join", other="nobody").status_code == 400
    assert browser.submit(f"{own}/join", other=name_of("wang-desk")).status_code == 303
    world.reconcile()
    both = browser.page(f"{base}/{name_of('wang-phone')}")
    assert "Called wang." in both
    assert "Called li." in both
    assert browser.submit(f"{own}/part", visitor="0" * 16).status_code == 404
    desk_of_wang = name_of("wang-desk")
    assert browser.submit(f"{own}/part", visitor=desk_of_wang).status_code == 303
    browser.submit("/preferences", language="zh-Hans")
    for address in (base + period, own):
        assert "人员" in browser.page(address)
    assert browser.get(f"{base}/{'0' * 15}9").status_code == 404
    assert browser.submit(f"{own}/erase", confirm="no").status_code == 400
    assert browser.submit(f"{own}/erase", confirm=person).status_code == 303
    assert browser.get(own).status_code == 404


def test_the_api_gives_people_and_needs_more_rights_to_erase(
    warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path
) -> None:
    world = World(warehouse_embedded, sqlite_db, tmp_path)
    desk = Desk(world)
    people(world)
    found = desk.api("GET", "/people?from=2026-09-01&to=2026-09-30").json()
    assert found["total"] == 2
    one = desk.api("GET", f"/people/{name_of('li-desk')}").json()
    assert one["card"]["name"] == "li"
    assert one["first_touch"]["keyword"] == "water pump"
    whole = desk.api("GET", f"/people/{name_of('li-desk')}/export").json()
    assert len(whole["events"]) == 5
    refused = desk.api("POST", f"/people/{name_of('li-desk')}/erase")
    assert refused.status_code == 403
    assert desk.api("GET", "/people/zzz").status_code == 400
