"""``tracker connection`` in its own process, beside a server, and killed on the way."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from starlette.datastructures import Headers
from starlette.responses import Response

from tests.connections import SECRETS, deployment
from tests.installation import PATIENCE, Installation, Shell
from tests.platforms.google import GoogleSimulator
from tests.platforms.scenario import FIRST, Scenario, small, total
from tests.platforms.server import serve

DAYS = 12
TODAY = datetime.now(UTC).date()
BEGIN = TODAY - timedelta(days=DAYS + 2)
END = BEGIN + timedelta(days=DAYS - 1)


def recent() -> Scenario:
    """The small scenario, in the last days before the present."""
    scenario = small(DAYS)
    scenario.ads = [replace(ad, day=BEGIN + (ad.day - FIRST)) for ad in scenario.ads]
    return scenario


@dataclass
class Gate(GoogleSimulator):
    """Stops at the first request about a day, until it is let go."""

    about: str = ""
    reached: Event = field(default_factory=Event)

    async def answer(self, path: str, headers: Headers, body: bytes) -> Response:
        if self.about and self.about.encode() in body:
            self.about = ""
            self.reached.set()
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(60)
        return await super().answer(path, headers, body)


@dataclass
class Place:
    """An installation whose Google is a simulator."""

    at: Installation
    world: Gate

    def truth(self) -> Decimal:
        """What the account spent."""
        return Decimal(total(self.world.scenario.ads)).scaleb(-6)

    def reported(self) -> Decimal:
        """What the keyword report says was spent."""
        self.at.run("reconcile")
        report = self.at.report(str(BEGIN), str(END))
        return Decimal(report["totals"]["cost"])

    def connect(self) -> str:
        """A connection with the account chosen."""
        words = ("connection", "add", "google", "--site", self.at.site, "--secrets", "-")
        made = self.at.run(*words, stdin=json.dumps(SECRETS["google"]))
        self.at.run("connection", "test", made["id"])
        return str(made["id"])


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    world = Gate(scenario=recent())
    with serve(world) as url:
        file = tmp_path / "platforms.toml"
        lines = [f"{name} = {json.dumps(value)}" for name, value in google(url).items()]
        file.write_text("[google]\n" + "\n".join(lines) + "\n")
        with Shell(tmp_path, {"TRACKER_PLATFORMS": str(file)}) as at:
            at.begin()
            yield Place(at, world)


def google(url: str) -> dict[str, Any]:
    """The settings that put the simulator in Google's place."""
    return {**deployment("google", url)["google"], "days_per_query": 7}


@pytest.mark.slow
def test_a_connection_by_commands_beside_a_server_and_without(place: Place) -> None:
    at = place.at
    connection = place.connect()
    (listed,) = at.run("connection", "list")
    assert (listed["state"], listed["has_secret"], listed["error"]) == ("active", True, "")
    accounts = at.run("connection", "accounts", connection)
    assert [(one["account"], one["enabled"]) for one in accounts] == [
        ("1234567890", True), ("9876543210", False),
    ]  # fmt: skip
    words = ("connection", "accounts", connection, "--enter", "5550000000", "--set", "name=Third")
    listed = {one["account"]: one for one in at.run(*words, "--set", "manager=9876543210")}
    assert (listed["5550000000"]["name"], listed["5550000000"]["enabled"]) == ("Third", True)
    listed = {one["account"]: one for one in at.run(*words[:3], "--disable", "5550000000")}
    assert [name for name, one in listed.items() if one["enabled"]] == ["1234567890"]
    words = ("connection", "backfill", connection, "--from", str(BEGIN), "--to", str(END))
    (run,) = at.run(*words)["runs"]
    assert (run["state"], run["percent"], run["days_done"]) == ("ok", 100, DAYS)
    assert sum(Decimal(one["cost"]) for one in run["days"]) == place.truth()
    assert place.reported() == place.truth()
    (watched,) = at.run("connection", "watch", run["id"])["runs"]
    assert (watched["state"], watched["percent"]) == ("ok", 100)

    with at.serving():
        place.world.scenario.restate(END, 3)
        (run,) = at.run("connection", "run", connection)["runs"]
        assert run["state"] == "ok"
        assert place.reported() == place.truth()
        place.world.refresh_token = "revoked"
        place.world.tokens.clear()
        refused = at.try_("connection", "run", connection)
        assert refused.code == 2
        assert "Connect the account again." in refused.err
        assert refused.err.count("\n") == 1
        assert "Connection Google Ads" in at.try_("doctor").out
        again = at.try_("connection", "run", connection)
        assert "it has to be authorised again" in again.err

    place.world.refresh_token = "refresh-secret-0000"
    secrets = at.file("secrets.json", json.dumps(SECRETS["google"]))
    at.run("connection", "update", connection, "--secrets", secrets)
    at.run("connection", "test", connection)
    assert at.run("connection", "rekey") == {"sealed": 1}
    assert at.run("connection", "test", connection)["ok"]
    assert at.run("connection", "disconnect", connection)["has_secret"] is False
    everything = b"".join(path.read_bytes() for path in at.data.glob("*") if path.is_file())
    for name in ("client_secret", "refresh_token"):
        assert SECRETS["google"][name].encode() not in everything


@pytest.mark.crash
def test_a_backfill_that_is_killed_goes_on_and_ends_at_the_same_totals(place: Place) -> None:
    at, world = place.at, place.world
    connection = place.connect()
    # Newest first in portions of seven days: the first is published, the second is under way.
    world.about = BEGIN.isoformat()
    words = ("connection", "backfill", connection, "--from", str(BEGIN), "--to", str(END))
    with at.start(*words) as process:
        assert world.reached.wait(PATIENCE)
        process.send_signal(signal.SIGKILL)
    (run,) = at.run("connection", "runs")
    assert (run["state"], len(run["days"])) == ("running", 7)

    with at.serving():
        end = time.monotonic() + PATIENCE
        while (run := at.run("connection", "runs")[-1])["state"] != "ok":
            assert time.monotonic() < end, run
            time.sleep(0.2)
        assert sum(Decimal(one["cost"]) for one in run["days"]) == place.truth()
        assert place.reported() == place.truth()
