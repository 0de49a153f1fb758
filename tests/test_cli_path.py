"""The whole path through the ``tracker`` command: on engine of its own, and through a server.

One installation is filled by commands that open the engine themselves; then a server runs on the
same data directory and every command is given again, through its socket.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from time import sleep
from typing import Any

import httpx
import pytest

from tests.installation import Installation, Server, Shell
from tests.spend_reports import PAYLOADS
from tests.world import CHROME

GOOGLE = str(PAYLOADS / "google" / "keywords-en.csv")
BAIDU = str(PAYLOADS / "baidu" / "keywords.csv")
EVENTS = (
    # Multistage pump of Google, an order of 1,000 CNY three days later.
    ("2026-09-01T02:00:00Z", "g1", "pageview", "?utm_source=google&utm_medium=cpc"
     "&utm_campaign=Pumps+EN&utm_term=multistage+pump&gclid=Cj0KEQiA-abcdefg"),
    ("2026-09-04T02:00:00Z", "g1", "order", ""),
    # Keyword 301 of Baidu, an inquiry.
    ("2026-09-02T02:00:00Z", "b1", "pageview", "?utm_source=baidu&utm_medium=cpc&keywordid=301"),
    ("2026-09-02T02:01:00Z", "b1", "pageview", "inquiry/thanks"),
    # A typo.
    ("2026-09-02T03:00:00Z", "b2", "pageview",
     "?utm_source=baidu&utm_medium=cpc&utm_campaign=typo&utm_term=nobody+buys+this"),
)  # fmt: skip
ORDERS = "id,time,stage,value,currency,visitor\nA-1,2026-09-10T10:00:00+08:00,order,900,USD,b1\n"
RATES = "day,base,quote,rate\n" + "".join(f"2026-09-{day:02},USD,CNY,7\n" for day in range(1, 15))
REPORT_KEYS = {
    "site", "from", "to", "model", "by", "currency", "rows", "totals", "previous", "coverage",
    "incomplete",
}  # fmt: skip
ROW_KEYS = {
    "key", "kind", "reason", "platform", "account", "campaign", "ad_group", "keyword",
    "keyword_id", "match_type", "impressions", "clicks", "cost", "visits", "arrival_rate",
    "conversions", "cpa", "revenue", "roas", "revenue_roi", "roi",
}  # fmt: skip
PERIOD = ("2026-09-01", "2026-09-13")


def lines() -> str:
    """The events as the import reads them."""
    made = []
    for time, visitor, name, address in EVENTS:
        line = {"time": time, "visitor": visitor, "name": name, "user_agent": CHROME}
        line |= {"url": f"https://pump.example/{address}"}
        made.append(line | ({"value": "1000", "currency": "CNY"} if name == "order" else {}))
    return "".join(json.dumps(line) + "\n" for line in made)


def fill(place: Installation) -> dict[str, Any]:
    """Every import of the path; what each said."""
    return {
        "order": place.for_site(
            "goal", "add", "--name", "order", "--event", "order", "--event-value"
        ),
        "inquiry": place.for_site(
            "goal", "add", "--name", "inquiry", "--path", "/inquiry/**", "--value", "12.50"
        ),
        **imports(place),
    }


def imports(place: Installation) -> dict[str, Any]:
    """The imports, which may be repeated."""
    account = ("--account", "123-456-7890")
    return {
        "events": place.for_site("events", "import", place.file("e.ndjson", lines())),
        "google": place.for_site("spend", "import", GOOGLE, "--platform", "google", *account),
        "baidu": place.for_site("spend", "import", BAIDU, "--currency", "CNY"),
        "rates": place.for_site("rates", "import", place.file("rates.csv", RATES)),
        "orders": place.for_site("conversions", "import", place.file("orders.csv", ORDERS)),
        "reconcile": place.run("reconcile"),
    }


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with Shell(tmp_path_factory.mktemp("path")) as made:
        made.begin(margin="0.35")
        yield made


@pytest.fixture(scope="module")
def said(place: Installation) -> dict[str, Any]:
    """What the commands said while nobody served."""
    answers = fill(place)
    # Once the script itself, as a process that has the engine to itself.
    period = ("--from", PERIOD[0], "--to", PERIOD[1], "--compare", "previous")
    words = ("report", "keywords", "--site", place.site, *period, "--json")
    done = Installation.try_(place, *words)
    assert (done.code, done.err) == (0, "")
    return answers | {"report": done.json}


@pytest.fixture(scope="module")
def server(place: Installation, said: dict[str, Any]) -> Iterator[Server]:
    assert said
    with place.serving() as server:
        yield server


def test_the_commands_say_what_they_did(place: Installation, said: dict[str, Any]) -> None:
    assert place.site
    assert said["order"]["event_value"] is True
    assert said["inquiry"]["value"] == "12.500000"
    assert (said["events"]["lines"], said["events"]["imported"]) == (5, 5)
    assert said["google"]["changed"] is True
    assert said["baidu"]["changed"] is True
    assert (said["rates"]["added"], said["rates"]["replaced"]) == (14, 0)
    assert (said["orders"]["rows"], said["orders"]["skipped"]) == (1, 0)
    assert said["reconcile"]["left"] == 0
    assert said["reconcile"]["slices"] > 0


def test_a_report_has_the_shape_that_scripts_depend_on(
    place: Installation, said: dict[str, Any]
) -> None:
    report = said["report"]
    assert report.keys() >= REPORT_KEYS
    assert (report["site"], report["from"], report["to"]) == (place.site, *PERIOD)
    assert (report["model"], report["by"]) == ("last_non_direct", "click")
    assert report["currency"] == "CNY"
    assert report["previous"]["totals"]["cost"] is None
    assert all(row.keys() >= ROW_KEYS for row in report["rows"])
    assert report["totals"].keys() >= {"impressions", "clicks", "cost", "roi"}
    assert {row["kind"] for row in report["rows"]} == {"keyword", "unattributed", "unallocated"}
    assert all(row["keyword"] is None for row in report["rows"] if row["kind"] != "keyword")
    for item in report["incomplete"]:
        assert item.keys() == {"kind", "source", "from", "to", "detail"}


def test_the_report_joins_what_the_files_and_the_events_say(said: dict[str, Any]) -> None:
    rows = {row["keyword"] or row["reason"]: row for row in said["report"]["rows"]}
    google = rows["multistage pump"]
    # 8.75 USD on 09-01 and 6.50 on 09-02, at 7; but nobody was on the site after 09-02.
    assert (google["cost"], google["clicks"], google["visits"]) == ("106.75", 7, 1)
    assert (google["conversions"], google["revenue"]) == ("1", "1000.00")
    assert google["roi"] == pytest.approx((0.35 * 1000 - 106.75) / 106.75)
    baidu = rows["多级离心泵"]
    # The inquiry, worth 12.50, and the order signed by hand: 900 USD at 7.
    assert (baidu["keyword_id"], baidu["cost"], baidu["visits"]) == ("301", "8.75", 1)
    assert (baidu["conversions"], baidu["revenue"], baidu["cpa"]) == ("2", "6312.50", "4.375")
    assert rows["unknown_keyword"]["visits"] == 1
    assert rows["unknown_keyword"]["cost"] is None
    # Every row of both files, at 7 CNY the dollar: 115.75 × 7 + 123.25.
    assert said["report"]["totals"]["cost"] == "933.50"
    assert said["report"]["totals"]["visits"] == 4


def test_a_server_gives_the_same_report_through_its_socket(
    place: Installation, said: dict[str, Any], server: Server
) -> None:
    assert server.url
    assert place.report(*PERIOD, "--compare", "previous") == said["report"]


def test_everything_imported_again_through_a_server_changes_nothing(
    place: Installation, said: dict[str, Any], server: Server
) -> None:
    assert server.url
    again = imports(place)
    assert again["google"]["changed"] is False
    assert again["baidu"]["changed"] is False
    assert again["orders"]["changed"] is False
    assert again["rates"]["changed"] is False
    assert again["events"]["imported"] == 5
    assert again["reconcile"]["left"] == 0
    assert place.report(*PERIOD, "--compare", "previous") == said["report"]
    assert place.for_site("rebuild")["left"] == 0
    assert place.report(*PERIOD, "--compare", "previous") == said["report"]


def test_the_api_gives_a_token_the_same_report_and_nobody_else_any(
    place: Installation, said: dict[str, Any], server: Server
) -> None:
    token = place.for_site("token", "add", "--scope", "read")["token"]
    query = {"from": PERIOD[0], "to": PERIOD[1], "compare": "previous"}
    address = f"/api/v1/sites/{place.site}/reports/keywords"
    with httpx.Client(base_url=server.url, timeout=60) as client:
        answer = client.get(address, params=query, headers={"authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json()) == (200, said["report"])
        assert client.get(address, params=query).status_code == 401
        wrong = client.get(address, params=query, headers={"authorization": "Bearer nothing"})
        assert wrong.status_code == 401
        assert wrong.json()["error"]["code"]
        other = client.get(
            "/api/v1/sites/another/reports/keywords",
            params=query,
            headers={"authorization": f"Bearer {token}"},
        )
        assert other.status_code in (403, 404)
        upside = client.get(
            address,
            params={"from": PERIOD[1], "to": PERIOD[0]},
            headers={"authorization": f"Bearer {token}"},
        )
        assert (upside.status_code, list(upside.json())) == (400, ["error"])


def test_a_goal_can_be_added_and_removed_while_a_server_runs(
    place: Installation, said: dict[str, Any], server: Server
) -> None:
    assert server.url
    place.for_site("goal", "add", "--name", "views", "--path", "/", "--value", "1")
    place.run("reconcile")
    more = place.report(*PERIOD, "--compare", "previous")
    # Three landings on "/".
    before = said["report"]["totals"]["conversions"]
    assert int(more["totals"]["conversions"]) == int(before) + 3
    place.for_site("goal", "remove", "--name", "views")
    place.run("reconcile")
    assert place.report(*PERIOD, "--compare", "previous") == said["report"]


def test_the_other_commands_answer_in_json_too(
    place: Installation, said: dict[str, Any], server: Server
) -> None:
    assert said
    assert server.url
    tags = place.for_site("site", "tags", "--platform", "baidu")
    assert "{keywordid}" in tags["template"]
    assert [site["site"] for site in place.run("site", "list")] == [place.site]
    assert {goal["name"] for goal in place.for_site("goal", "list")} == {"order", "inquiry"}
    assert isinstance(place.run("runs", "list"), list)
    doctor = place.run("doctor")
    assert (doctor["problems"], doctor["failed_segments"]) == ([], 0)
    assert place.run("spool", "requeue") == {"segments": 0, "events": 0}


def test_people_get_a_table(place: Installation, said: dict[str, Any], server: Server) -> None:
    assert said
    assert server.url
    words = ("report", "keywords", "--site", place.site, "--from", PERIOD[0], "--to", PERIOD[1])
    done = Installation.try_(place, *words)
    assert done.code == 0
    assert "多级离心泵" in done.out
    assert "6,312.50" in done.out
    assert "roi" not in done.err


def test_a_second_server_names_the_one_that_holds_the_directory(
    place: Installation, server: Server
) -> None:
    done = Installation.try_(place, "serve")
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert str(server.process.pid) in done.err
    assert "Traceback" not in done.err


def test_a_second_interrupt_ends_a_server_at_once(tmp_path: Path) -> None:
    with Installation(tmp_path).serving() as server:
        # Beside each other, as by two presses of Ctrl-C while a job is waited for.
        server.process.send_signal(signal.SIGINT)
        sleep(0.02)
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(timeout=10) == 130
    assert "Traceback" not in (tmp_path / "serve.log").read_text()
