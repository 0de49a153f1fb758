"""Pushed spend: whole days over the API, and the scripts that send them from inside an account."""

from __future__ import annotations

import gzip
import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine

from tests.platforms.server import serve
from tests.spend_imports import Desk, new_site
from tests.web_app import Browser, Recorder, _settings
from tests.web_app import application as web_application
from tracker.accounts.ad_accounts import AdAccount, place_ad_account, upsert_ad_account
from tracker.accounts.runs import list_runs
from tracker.accounts.sites import Site
from tracker.accounts.tokens import add_token
from tracker.errors import InvalidInput, NeedsConfirmation
from tracker.reconcile.marking import mark_spend
from tracker.spend.facts import Whose, standing_totals
from tracker.spend.push import import_push
from tracker.spend.report import SpendReport
from tracker.spend.scripts import script_for
from tracker.warehouse.client import Warehouse
from tracker.web import WebParts

RUNNER = Path(__file__).with_name("scripts_runner.mjs")
DAY = "2026-09-10"


@pytest.fixture
def desk(sqlite_db: Engine, warehouse_embedded: Warehouse, tmp_path: Path) -> Desk:
    return Desk.open(sqlite_db, warehouse_embedded, tmp_path)


def row(keyword: str = "pump", cost: Any = "10.50", **more: Any) -> dict[str, Any]:
    """A row of campaign C."""
    base = {"campaign": "C", "ad_group": "G", "keyword": keyword, "match_type": "EXACT"}
    return base | {"impressions": 100, "clicks": 5, "cost": cost} | more


def body(*days: Mapping[str, Any], **more: Any) -> bytes:
    """A request of account 77 at Google."""
    given = {"platform": "google", "account": "77", "currency": "CNY", "days": list(days)}
    return json.dumps(given | more).encode()


def day(*rows: Mapping[str, Any], on: str = DAY, **more: Any) -> dict[str, Any]:
    return {"day": on, "rows": list(rows)} | more


def push(desk: Desk, content: bytes) -> SpendReport:
    return import_push(desk.deps, desk.site, content)


def test_a_day_that_is_sent_is_in_the_report_and_sent_again_changes_nothing(desk: Desk) -> None:
    content = body(day(row("pump", "10.50"), row("valve", 2.25), row("", "1", reason="pmax")))
    first = push(desk, content)
    assert (first.added, first.rows, first.cost, first.currency) == (1, 3, "13.75", "CNY")
    assert desk.costs() == {"pump": "10.50", "valve": "2.25", "(pmax)": "1.00", "*": "13.75"}
    again = push(desk, content)
    assert (again.unchanged, again.changed, again.pull) == (1, False, None)


def test_a_corrected_day_takes_the_place_of_what_stood_for_it(desk: Desk) -> None:
    push(desk, body(day(row("pump", "10.50"), row("valve", "2.00"))))
    report = push(desk, body(day(row("pump", "11.00"))))
    assert (report.replaced, report.removed_keywords) == (1, 1)
    assert desk.costs() == {"pump": "11.00", "*": "11.00"}


def test_a_day_that_would_be_emptied_asks_first(desk: Desk) -> None:
    push(desk, body(day(row())))
    with pytest.raises(NeedsConfirmation, match=r'lower cost.*"replace": true'):
        push(desk, body(day()))
    assert push(desk, body(day(), replace=True)).replaced == 1
    assert desk.costs()["*"] in (None, "0.00")


def test_the_accounts_own_sum_is_kept_beside_the_rows(desk: Desk) -> None:
    total = {"impressions": 900, "clicks": 31, "cost": "130.00"}
    push(desk, body(day(row(), total=total)))
    whose = Whose(desk.site.tenant, "google", "77")
    ((on, kept),) = standing_totals(
        desk.warehouse, whose, desk.now.date().replace(day=1), desk.now.date()
    ).items()
    assert (on.isoformat(), f"{kept.cost:f}", kept.clicks) == (DAY, "130.000000", 31)
    assert push(desk, body(day(row(), total=total))).changed is False
    assert desk.warehouse.rows("SELECT count() FROM account_totals") == [(1,)]


def test_the_same_sum_beside_other_rows_keeps_the_gap(desk: Desk) -> None:
    total = {"clicks": 9, "cost": "10.00"}
    push(desk, body(day(row("pump", "8.00"), total=total)))
    assert desk.costs() == {"pump": "8.00", "(gap)": "2.00", "*": "10.00"}
    # The platform gave one more unit to the keyword; the account's day cost what it did.
    push(desk, body(day(row("pump", "9.00"), total=total)))
    assert desk.costs() == {"pump": "9.00", "(gap)": "1.00", "*": "10.00"}


def test_an_account_that_had_no_site_brings_its_older_spend_with_it(desk: Desk) -> None:
    push(desk, body(day(row("pump", "10.00"), on="2026-09-01")))
    place_ad_account(desk.db, (desk.site.tenant, "google", "77"), None)
    mark_spend(desk.warehouse, desk.db, desk.site)
    assert desk.costs() == {"*": None}
    push(desk, body(day(row("pump", "5.00"))))
    assert desk.costs() == {"pump": "15.00", "*": "15.00"}


def test_a_file_and_a_push_of_the_same_day_cannot_count_it_twice(desk: Desk) -> None:
    push(desk, body(day(row("pump", "10.50"))))
    with pytest.raises(NeedsConfirmation, match="better source"):
        desk.run(desk.file([f"{DAY},C,G,pump,100,5,10.40"]), platform="google", account="77")
    assert desk.costs()["*"] == "10.50"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "not JSON"),
        (b"[]", "Expected `object`"),
        (b'{"platform": "google", "days": []}', "account"),
        (body(), "1 to 62 are allowed"),
        (body(day(row()), account=" "), "number or name of the ad account"),
        (body(day(row()), day(row())), r"days\[1\].day: 2026-09-10 is there twice"),
        (body(day(row(), on="10/09/2026")), "is not a day such as"),
        (body(day(row(), on="2031-01-01")), "not between 2000-01-01"),
        (body(day({"keyword": "x"})), r"days\[0\].rows\[0\].*`cost`"),
        (body(day(row(), row(cost="1.0000001"))), r"rows\[1\].cost: 1.0000001 is not an amount"),
        (body(day(row(cost="NaN"))), r"rows\[0\].cost"),
        (body(day(row(clicks=-1))), r"rows\[0\].clicks: -1"),
        (body(day(row(impresions=3))), "unknown field `impresions`"),
        (body(day(row(keyword_id=2**60))), "send ids as text"),
        (body(day(row(keyword="x" * 1001))), "longer than 1000"),
        (body(day(row()), currency="Yuan"), "Yuan"),
        (body(day(row()), platform="not a platform"), "not a platform"),
        (body(day(row(), total={"cost": "x"})), r"days\[0\].total"),
    ],
)
def test_what_is_wrong_is_named_with_its_place_and_nothing_is_taken(
    desk: Desk, content: bytes, said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        push(desk, content)
    assert desk.warehouse.rows("SELECT count() FROM spend") == [(0,)]


def test_every_bad_row_is_named(desk: Desk) -> None:
    rows = [row(cost="x") for _ in range(60)]
    with pytest.raises(InvalidInput) as caught:
        push(desk, body(day(*rows)))
    assert caught.value.message.count("\n") == 51
    assert "and 10 more" in caught.value.message


def test_an_account_of_another_site_is_refused(desk: Desk) -> None:
    other = new_site(desk.db, desk.site.tenant, "valve.example")
    upsert_ad_account(desk.db, AdAccount(desk.site.tenant, "google", "77", site=other.key))
    with pytest.raises(InvalidInput, match="belongs to another site"):
        push(desk, body(day(row())))


class _Pushing(Recorder):
    """The pages' actions, of which pushes are real."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk

    def push_spend(self, site: Site, body: bytes) -> Mapping[str, object]:
        """Take it."""
        fields: dict[str, object] = msgspec.to_builtins(import_push(self.desk.deps, site, body))
        return fields


def application(desk: Desk) -> Any:
    """The web layer over the desk's site."""
    actions = _Pushing(desk)
    settings = _settings(desk.directory)
    return web_application(WebParts(desk.db, desk.warehouse, settings, lambda: desk.now, actions))


def test_over_http_a_token_for_spend_pushes_and_can_do_nothing_else(desk: Desk) -> None:
    site = desk.site
    _, secret = add_token(desk.db, tenant=site.tenant, site=site.key, scope="spend")
    browser = Browser(application(desk), "en")
    path = f"/api/v1/sites/{site.key}"
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    packed = gzip.compress(body(day(row())))
    more = headers | {"Content-Encoding": "gzip"}
    answer = browser.request("POST", f"{path}/spend", content=packed, headers=more)
    assert (answer.status_code, answer.json()["added"]) == (200, 1)
    bomb = gzip.compress(b" " * (40 << 20))
    answer = browser.request("POST", f"{path}/spend", content=bomb, headers=more)
    assert answer.status_code == 413
    answer = browser.request("POST", f"{path}/spend", content=body(day()), headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "needs_confirmation")
    assert sorted(run.status for run in list_runs(desk.db, site=site.key)) == ["held", "ok"]
    assert browser.get("/api/v1/sites", **headers).json() == {"sites": []}
    assert browser.get(f"{path}/goals", **headers).status_code == 403
    answer = browser.request("POST", f"{path}/spend/files", headers=headers)
    assert answer.status_code == 403


@pytest.fixture
def run_script(desk: Desk) -> Callable[[str, dict[str, Any]], dict[str, Any]]:
    """Run a platform's script in Node against a real server on loopback."""

    def run(platform: str, world: dict[str, Any]) -> dict[str, Any]:
        site = desk.site
        _, secret = add_token(desk.db, tenant=site.tenant, site=site.key, scope="spend")
        with serve(application(desk)) as url:
            script = desk.directory / f"{platform}.js"
            endpoint = f"{url}/api/v1/sites/{site.key}/spend"
            script.write_text(script_for(platform, endpoint, secret), encoding="utf-8")
            file = desk.directory / "world.json"
            file.write_text(json.dumps(world), encoding="utf-8")
            command = ["node", str(RUNNER), str(script), str(file)]
            done = subprocess.run(command, check=True, capture_output=True, timeout=120)
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    return run


def google_row(channel: str = "SEARCH", **metrics: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "campaign": {"id": "901", "name": "Pumps", "advertisingChannelType": channel},
        "segments": {"device": "MOBILE"},
        "metrics": {"impressions": "50", "clicks": "4", "conversions": 1.5} | metrics,
    }
    if channel == "SEARCH":
        found["adGroup"] = {"id": "77", "name": "Core"}
        keyword = {"text": 'pump "20mm"', "matchType": "PHRASE"}
        found["adGroupCriterion"] = {"criterionId": "5001", "keyword": keyword}
    return found


def test_the_google_script_sends_the_accounts_days_to_the_micro(
    desk: Desk, run_script: Callable[[str, dict[str, Any]], dict[str, Any]]
) -> None:
    world = {
        "now": "2026-09-11T01:00:00Z",
        "keyword_view": {DAY: [google_row(costMicros="1234567")]},
        "campaign": {DAY: [google_row("PERFORMANCE_MAX", costMicros="9000001")]},
        "customer": {DAY: [{"metrics": {"impressions": "100", "costMicros": "11234568"}}]},
    }
    done = run_script("google", world)
    assert (done["error"], len(done["log"])) == ("", 7)
    rows = desk.warehouse.rows(
        "SELECT account, day, keyword, keyword_id, match_type, device, reason, cost FROM spend"
        " ORDER BY cost"
    )
    assert [(a, str(d), *rest, f"{cost:f}") for a, d, *rest, cost in rows] == [
        ("1234567890", DAY, 'pump "20mm"', "5001", "phrase", "mobile", "", "1.234567"),
        ("1234567890", DAY, "", "", "", "mobile", "pmax", "9.000001"),
    ]
    assert desk.warehouse.rows("SELECT toString(cost) FROM account_totals WHERE cost > 0") == [
        ("11.234568",)
    ]
    assert run_script("google", world)["error"] == ""
    assert desk.warehouse.rows("SELECT count() FROM spend") == [(2,)]


def test_the_microsoft_script_does_the_same_and_says_what_is_refused(
    desk: Desk, run_script: Callable[[str, dict[str, Any]], dict[str, Any]]
) -> None:
    figures = {"impressions": 30, "clicks": 2, "cost": 7.1, "conversions": 1}
    names = {"groupId": 8, "group": "Core", "campaignId": 9, "campaign": "Pumps"}
    keyword = {"text": "pump", "id": 82945799304067, "match": "BROAD"} | names | figures
    nothing = {"impressions": 0, "clicks": 0, "cost": 0, "conversions": 0}
    world = {
        "now": "2026-09-11T01:00:00Z",
        "keywords": {DAY.replace("-", ""): [keyword]},
        "totals": {DAY.replace("-", ""): figures},
        "none": nothing,
    }
    assert run_script("microsoft", world)["error"] == ""
    assert desk.warehouse.rows(
        "SELECT account, keyword, keyword_id, match_type, toString(cost) FROM spend"
    ) == [("5501", "pump", "82945799304067", "broad", "7.1")]
    refused = run_script("microsoft", world | {"keywords": {}})
    assert refused["error"].startswith("Not sent. ")
    assert "needs_confirmation" in refused["error"]
