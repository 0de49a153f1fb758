"""``tracker person``: what is written of a person, and who is who, by command."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.spoken import Speak, speaker
from tests.world import World, ad, at
from tracker.conversions.people import visitor_name
from tracker.ingest.identity import visitor_number
from tracker.reports import person_export
from tracker.warehouse.client import Warehouse

LI, WANG = (visitor_name(visitor_number(name)) for name in ("li", "wang"))


@pytest.fixture
def world(warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path) -> World:
    found = World(warehouse_embedded, sqlite_db, tmp_path)
    found.events([at("09-01 10:00", "li", ad("water pump")), at("09-02 10:00", "wang")])
    found.reconcile()
    return found


@pytest.fixture
def speak(
    world: World, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Speak:
    return speaker(world, monkeypatch, capfd)


def test_a_card_is_written_field_by_field_and_found_with_the_person(
    world: World, speak: Speak
) -> None:
    li = ("--site", world.site.key, "--person", LI)
    written = ("--name", "Li Wei", "--owner", "Anna", "--tag", "valve", "--tag", "big")
    card = speak("person", "card", *li, *written, "--json").json
    assert card == {
        "name": "Li Wei", "company": "", "owner": "Anna", "status": "", "tags": ["valve", "big"],
    }  # fmt: skip
    card = speak("person", "card", *li, "--status", "customer", "--owner", "", "--json").json
    assert (card["name"], card["owner"], card["status"]) == ("Li Wei", "", "customer")
    assert speak("person", "card", *li, "--tag", "", "--json").json["tags"] == []
    shown = speak("person", "card", *li)
    assert (shown.code, shown.out, shown.err) == (0, "name: Li Wei\nstatus: customer\n", "")
    days = ("--from", "2026-09-01", "--to", "2026-09-30", "--all", "--status", "customer")
    listed = speak("person", "list", "--site", world.site.key, *days, "--json").json
    assert [one["person"] for one in listed["people"]] == [LI]


def test_notes_are_written_listed_and_taken_away(world: World, speak: Speak) -> None:
    li = ("--site", world.site.key, "--person", LI)
    speak("person", "note", *li, "--text", "Wants a quotation")
    found = speak("person", "note", *li, "--text", "Called back", "--json").json["notes"]
    assert {(one["text"], one["author"]) for one in found} == {
        ("Wants a quotation", "command"), ("Called back", "command"),
    }  # fmt: skip
    assert speak("person", "notes", *li, "--json").json["notes"] == found
    (called,) = (one["id"] for one in found if one["text"] == "Called back")
    others = speak(
        "person", "note-remove", "--site", world.site.key, "--person", WANG, "--note", called
    )
    assert (others.code, others.err.count("\n")) == (2, 1)
    left = speak("person", "note-remove", *li, "--note", called, "--json").json["notes"]
    assert [one["text"] for one in left] == ["Wants a quotation"]
    shown = speak("person", "show", *li)
    assert "Wants a quotation" in shown.out
    assert "water pump" in shown.out


def test_what_cannot_be_written_is_refused_in_one_line(world: World, speak: Speak) -> None:
    li = ("--site", world.site.key, "--person", LI)
    for words in (
        ("card", *li, "--name", "x" * 201),
        ("card", *li, "--status", "x" * 41),
        ("note", *li, "--text", "  "),
        ("notes", "--site", world.site.key, "--person", "Li"),
        ("card", "--site", "nowhere", "--person", LI, "--name", "Li"),
    ):
        done = speak("person", *words)
        assert (done.code, done.out, done.err.count("\n")) == (2, "", 1), (words, done)
    assert world.rows("SELECT 1 FROM person_links") == []
    assert speak("person", "card", *li, "--json").json["name"] == ""


def test_people_are_joined_and_parted_and_share_what_is_written(world: World, speak: Speak) -> None:
    site = ("--site", world.site.key)
    speak("person", "card", *site, "--person", WANG, "--company", "Pumps Ltd")
    speak("person", "note", *site, "--person", WANG, "--text", "Same firm as Li")
    assert speak("person", "merge", *site, "--person", LI, "--other", WANG).code == 0
    speak("reconcile")
    shown = speak("person", "show", *site, "--person", LI, "--json").json
    assert sorted(shown["visitors"]) == sorted([LI, WANG])
    assert shown["card"]["company"] == "Pumps Ltd"
    assert [one["text"] for one in shown["notes"]] == ["Same firm as Li"]
    assert speak("person", "merge", *site, "--person", LI, "--other", WANG).code == 2
    assert speak("person", "unmerge", *site, "--visitor", WANG).code == 0
    speak("reconcile")
    shown = speak("person", "show", *site, "--person", LI, "--json").json
    assert (shown["visitors"], shown["card"]["company"], shown["notes"]) == ([LI], "", [])
    assert speak("person", "rejoin", *site, "--visitor", WANG).code == 0
    speak("reconcile")
    shown = speak("person", "show", *site, "--person", LI, "--json").json
    assert len(shown["visitors"]) == 2


def test_an_export_that_leaves_rows_out_says_so(
    world: World, speak: Speak, monkeypatch: pytest.MonkeyPatch
) -> None:
    li = ("--site", world.site.key, "--person", LI)
    whole = speak("person", "export", *li)
    assert (whole.json["truncated"], whole.err) == ([], "")
    monkeypatch.setattr(person_export, "MOST", 0)
    cut = speak("person", "export", *li)
    assert (cut.json["events"], cut.json["truncated"]) == ([], ["events"])
    assert cut.err == "The export has not all rows of: events. They are too many.\n"


def test_a_lead_of_an_erased_person_is_stored_without_him_and_said_so(
    world: World, speak: Speak
) -> None:
    site = ("--site", world.site.key)
    assert speak("person", "erase", *site, "--person", LI, "--yes").code == 0
    added = speak("lead", "add", *site, "--lead", "Q-1", "--by", f"person={LI}")
    told = "1 conversions name a person who was erased; they stand without the person.\n"
    assert (added.code, added.err) == (0, told)
    assert world.rows("SELECT external_id, visitor FROM offline_conversions") == [("Q-1", 0)]
    plain = speak("lead", "add", *site, "--lead", "Q-2", "--by", f"person={WANG}")
    assert (plain.code, plain.err) == (0, "")
