"""Rules and parameter maps through the command, on what a site's pages have really been called."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.installation import Installation, Shell
from tests.world import CHROME
from tracker.ingest.proposal import SeenParam, proposals

#: Visitor, query of the landing page.
LANDINGS = (
    ("1", "bd_vid=a1&jihua=spring&danyuan=11223344&key=pump&page=2"),
    ("2", "bd_vid=a2&JiHua=autumn&danyuan=11223355&key=valve"),
    ("3", f"bd_vid=a3&{quote('关键词', encoding='gbk')}={quote('泵', encoding='gbk')}"),
    ("4", f"bd_vid=a4&{quote('关键词')}={quote('一级泵')}"),
    ("5", "page=1&key=seal"),
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with those landings, an hour ago."""
    with Shell(tmp_path_factory.mktemp("installation")) as made:
        site = made.run(
            "site", "add", "--name", "P", "--domain", "pump.example", "--timezone", "UTC",
            "--currency", "CNY",
        )  # fmt: skip
        made.site = site["site"]
        imported(made, LANDINGS)
        yield made


def imported(place: Installation, landings: tuple[tuple[str, str], ...]) -> None:
    """Import page views and load them."""
    time = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    lines = [
        {"time": time, "visitor": visitor, "user_agent": CHROME,
         "url": f"https://pump.example/?{query}"}
        for visitor, query in landings
    ]  # fmt: skip
    file = Path(place.folder) / f"events{len(landings)}.ndjson"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    place.run("events", "import", str(file), "--site", place.site)
    place.run("reconcile")


def proposed(place: Installation, *more: str) -> dict[str, Any]:
    """What is proposed, by parameter."""
    result = place.run("site", "params", "--site", place.site, *more)
    return {row["param"]: row for row in result["proposed"]}


def test_a_map_is_proposed_from_the_addresses_seen_and_stored_on_demand(
    place: Installation,
) -> None:
    rows = proposed(place)
    assert {name: row["field"] for name, row in rows.items()} == {
        "jihua": "campaign",
        "danyuan": "ad_group_id",
        "关键词": "keyword",
        "key": "keyword",
    }
    assert rows["jihua"] == {
        "param": "jihua", "field": "campaign", "visits": 2, "paid_visits": 2, "share": 0.5,
        "samples": ["autumn", "spring"],
    }  # fmt: skip
    assert (rows["key"]["visits"], rows["key"]["paid_visits"]) == (3, 2)
    assert set(rows["关键词"]["samples"]) == {"泵", "一级泵"}
    shown = place.try_("site", "params", "--site", place.site)
    assert "50.0%" in shown.out
    assert "--apply" in shown.out
    assert proposed(place, "--apply") == rows
    assert proposed(place) == {}
    rules = place.run("site", "rules", "--site", place.site)
    assert rules["param_map"] == {name: row["field"] for name, row in rows.items()}


def test_rules_are_shown_changed_and_refused_by_name(place: Installation) -> None:
    words = ("site", "rules", "--site", place.site)
    changed = place.run(
        *words, "--set", "excluded_paths=/intern/**,/preview", "--set", "bots=flag",
        "--set", "rate_limit=600", "--set", "keep_full_ip=true", "--set", "param_map=jh=campaign",
        "--set", 'stripped_params=["order-no"]',
    )  # fmt: skip
    assert changed["excluded_paths"] == ["/intern/**", "/preview"]
    assert (changed["bots"], changed["rate_limit"], changed["keep_full_ip"]) == ("flag", 600, True)
    assert (changed["param_map"], changed["stripped_params"]) == ({"jh": "campaign"}, ["order-no"])
    assert place.run(*words) == changed
    for change, message in (
        ("botz=drop", "Unknown rule 'botz'. Allowed: cookieless"),
        ("bots=maybe", "A rule cannot be used: Invalid enum value 'maybe'"),
        ("rate_limit=many", "A rule cannot be used"),
        ("param_map=jh=kampagne", "'jh' cannot fill 'kampagne'"),
        ("excluded_ips=300.1.1.1", "Not an address or network"),
    ):
        refused = place.try_(*words, "--set", change)
        assert refused.code == 2
        assert message in refused.err
    assert place.run(*words) == changed


@pytest.mark.parametrize(
    ("param", "paid", "samples", "field"),
    [
        ("sem_jihua", 0, ("a",), "campaign"),
        ("plan_name", 0, ("a",), "campaign"),
        ("planname", 0, ("a",), "campaign"),
        ("plan", 10, ("a",), "campaign"),
        ("plan", 4, ("a",), ""),
        ("plan", 10, ("12345", "123456"), "campaign_id"),
        ("jihuaid", 0, ("a",), "campaign_id"),
        ("danyuan-id", 0, ("a",), "ad_group_id"),
        ("guanjianci", 0, ("12",), "keyword"),
        ("qudao", 0, ("12345",), "source"),
        ("utm_term", 10, ("a",), ""),
        ("planid", 10, ("a",), ""),
        ("color", 10, ("a",), ""),
        ("mapped", 10, ("a",), ""),
    ],
)
def test_names_mean_a_field_by_their_words_and_weak_ones_by_evidence(
    param: str, paid: int, samples: tuple[str, ...], field: str
) -> None:
    found = proposals([SeenParam(param, 10, paid, samples)], 20, {"mapped": "keyword"})
    assert [row.field for row in found] == ([field] if field else [])
