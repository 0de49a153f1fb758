"""Every platform as a connection: let in by its page, pulled by the schedule through the worker."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import structlog
from sqlalchemy import Engine

from tests.connections import Office
from tests.platforms.baidu import BaiduSimulator
from tests.platforms.google import GoogleSimulator
from tests.platforms.microsoft import MicrosoftSimulator
from tests.platforms.qihoo360 import Qihoo360Simulator
from tests.platforms.scenario import FIRST, small
from tests.platforms.server import CALLBACK, Simulator, serve
from tests.platforms.yandex import YandexSimulator
from tests.spend_imports import Desk
from tracker.accounts.connections import (
    Connection,
    Timetable,
    configure_connection,
    read_secret,
    set_connection_state,
)
from tracker.spend.connections.authorising import Journey, come_back, complete, set_out
from tracker.spend.connectors.failures import Cause, Terminal, Transient
from tracker.warehouse.client import Warehouse

DAY = timedelta(days=1)
SIMULATORS: dict[str, Callable[[], Simulator]] = {
    "google": GoogleSimulator,
    "microsoft": MicrosoftSimulator,
    "baidu": BaiduSimulator,
    "360": Qihoo360Simulator,
    "yandex": YandexSimulator,
}
JOURNEY = Journey("ann", "site", CALLBACK)


@pytest.fixture
def office(
    request: pytest.FixtureRequest,
    sqlite_db: Engine,
    warehouse_embedded: Warehouse,
    tmp_path: Path,
) -> Iterator[Office]:
    """A company that has connected the platform that the test names."""
    structlog.reset_defaults()
    desk = Desk.open(sqlite_db, warehouse_embedded, tmp_path)
    desk.now = datetime.combine(FIRST + 4 * DAY, time(4), UTC)
    simulator = SIMULATORS[request.param]()
    simulator.scenario = scenario = small(4)
    # The texts of these platforms hold no tabs.
    scenario.ads = [replace(ad, keyword=ad.keyword.replace("\t", " ")) for ad in scenario.ads]
    with serve(simulator) as url:
        if isinstance(simulator, MicrosoftSimulator):
            simulator.url = url
        yield Office(desk, simulator, url, request.param)


def leave(office: Office, connection: Connection) -> dict[str, str]:
    """Go to the platform's page and agree there: what it leads back with."""
    address = urlsplit(set_out(office.shop(), connection, JOURNEY))
    asked = {name: values[0] for name, values in parse_qs(address.query).items()}
    assert f"{address.scheme}://{address.netloc}{address.path}" == f"{office.url}/authorise"
    office.simulator.code = "code-secret-1"
    office.simulator.challenge = asked.get("code_challenge", "")
    if office.kind == "baidu":
        assert (asked["appId"], asked["callback"]) == ("app-9", CALLBACK)
        return {"state": asked["state"], "authCode": "code-secret-1", "userId": "1234"}
    assert (asked["response_type"], asked["client_id"]) == ("code", "app")
    assert (asked["redirect_uri"], asked["code_challenge_method"]) == (CALLBACK, "S256")
    return {"state": asked["state"], "code": "code-secret-1"}


def finish(office: Office, params: dict[str, str]) -> None:
    """Come back and exchange the code."""
    back = come_back(office.shop(), params, "ann")
    asyncio.run(complete(office.shop(), back, params, CALLBACK))


def shelved(office: Office) -> Connection:
    """A connection that the platform lets in no more."""
    connection = office.connect(watermark=FIRST - DAY)
    set_connection_state(office.desk.db, connection.id, "needs_authorisation")
    return connection


OAUTH = ("google", "microsoft", "yandex", "baidu")


@pytest.mark.parametrize("office", OAUTH, indirect=True)
def test_a_code_is_exchanged_for_a_grant_that_the_next_run_uses(office: Office) -> None:
    connection = shelved(office)
    office.simulator.refresh_token = "refresh-secret-0777"  # what was stored is worth nothing
    finish(office, leave(office, connection))
    kept = read_secret(office.desk.db, office.sealer, connection.id)
    assert kept["access_token"] in office.simulator.tokens
    assert kept["refresh_token"] == office.simulator.refresh_token
    assert office.state(connection).state == "active"
    asked = len(office.simulator.seen)
    office.ask(connection, FIRST, FIRST + 3 * DAY)
    office.work()
    assert office.stored() == office.truth()
    paths = [one.path for one in office.simulator.seen[asked:]]
    assert office.simulator.token_path not in paths, "the token of the exchange is still good"


@pytest.mark.parametrize("office", OAUTH, indirect=True)
def test_a_code_that_is_refused_or_gets_no_answer_leaves_the_connection_as_it_is(
    office: Office,
) -> None:
    connection = shelved(office)
    before = read_secret(office.desk.db, office.sealer, connection.id)
    params = leave(office, connection)
    office.simulator.code = "another"
    with pytest.raises(Terminal, match="gave no access") as refused:
        finish(office, params)
    assert refused.value.cause is Cause.AUTHORISATION
    assert "code-secret" not in str(refused.value)
    params = leave(office, connection)
    office.simulator.faults = deque(["503"] * 20)
    office.simulator.token_faults = deque(["503"] * 20)
    with pytest.raises(Transient):
        finish(office, params)
    params = leave(office, connection) | {"code": "", "authCode": "", "error": "access_denied"}
    with pytest.raises(Terminal, match="access_denied"):
        finish(office, params)
    assert read_secret(office.desk.db, office.sealer, connection.id) == before
    assert office.state(connection).state == "needs_authorisation"


@pytest.mark.parametrize("office", ["microsoft", "360", "yandex", "baidu"], indirect=True)
def test_the_schedule_pulls_each_platform_to_the_truth_over_faults_and_restatements(
    office: Office,
) -> None:
    desk, simulator = office.desk, office.simulator
    connection = office.connect(watermark=FIRST - DAY)
    configure_connection(desk.db, connection.id, timetable=Timetable("04:00", "UTC", days=3))
    simulator.faults = deque(["500", "limit", "half"])
    office.pass_time(desk.now + DAY, step=timedelta(hours=12))
    assert {run.state for run in office.runs()} == {"ok"}
    assert office.stored() == office.truth()
    simulator.scenario.restate(FIRST + 3 * DAY, 2)
    simulator.scenario.drop(FIRST + 3 * DAY, "333")
    simulator.faults = deque(["expired"])
    office.pass_time(desk.now + DAY, step=timedelta(hours=12))
    assert office.stored() == office.truth()
    assert office.state(connection).error == ""


@pytest.mark.parametrize("office", ["microsoft", "360", "yandex"], indirect=True)
def test_a_log_in_that_the_platform_refuses_is_tried_once_and_told(office: Office) -> None:
    connection = office.connect(watermark=FIRST - DAY)
    office.simulator.refresh_token = "revoked"
    if isinstance(office.simulator, Qihoo360Simulator):
        office.simulator.password = "another"
    office.pass_time(office.desk.now + 2 * DAY, step=timedelta(hours=12))
    assert len(office.simulator.seen) == 1
    state = office.state(connection)
    assert (state.state, state.cause) == ("needs_authorisation", "authorisation")
    assert [notice.cause for notice in office.told] == ["authorisation"]
    assert office.stored() == {}
