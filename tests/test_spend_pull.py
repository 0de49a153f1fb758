"""Pulls into the warehouse: whole days, once, and nothing of a day that was not completed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from tests.platforms.google import GoogleSimulator
from tests.platforms.pull import Bench, KeptCredentials
from tests.platforms.scenario import FIRST, small, total, unallocated
from tests.platforms.server import serve
from tests.spend_imports import Desk
from tests.test_connector_google import GRANT, build
from tracker.accounts.ad_accounts import AdAccount, get_ad_account, upsert_ad_account
from tracker.errors import NeedsConfirmation
from tracker.period import Period
from tracker.spend import pull as pulls
from tracker.spend.connectors.contract import AccountRef
from tracker.spend.connectors.failures import Cause, Terminal, Transient
from tracker.spend.importer import SpendDeps
from tracker.spend.pull import PullReport, PullTarget, pull_spend
from tracker.warehouse.client import Warehouse

ACCOUNT = "1234567890"
LAST = FIRST + timedelta(days=2)
DAYS = Period(FIRST, LAST)
NOW = datetime(2026, 10, 20, 4, 0, tzinfo=UTC)


class Station:
    """A desk whose ad account is pulled from a simulator of Google Ads."""

    def __init__(self, desk: Desk, simulator: GoogleSimulator, url: str) -> None:
        self.desk = desk
        self.simulator = simulator
        account = AccountRef(ACCOUNT, simulator.scenario.manager, name="Pump Works")
        self.bench = Bench(build, url, KeptCredentials(GRANT), account)
        self.deps = SpendDeps(desk.warehouse, desk.db, lambda: desk.now)

    def pull(self, first: date = FIRST, last: date = LAST) -> PullReport:
        """Pull these days."""

        async def run() -> PullReport:
            async with httpx.AsyncClient() as client:
                bench = self.bench
                connector = bench.build(bench.credentials, bench.wire(client), bench.url)
                target = PullTarget(self.desk.site.tenant, connector, bench.account)
                return await pull_spend(self.deps, target, Period(first, last))

        return asyncio.run(run())

    def stored(self) -> dict[date, Decimal]:
        """The cost of each day that stands, over all scopes."""
        rows = self.desk.warehouse.rows(
            "SELECT day, sum(cost) FROM spend WHERE (account, day, last_day, scope, pull) IN ("
            "SELECT account, day, last_day, scope, argMax(pull, version) FROM spend_slices "
            "GROUP BY account, day, last_day, scope) GROUP BY day ORDER BY day"
        )
        return {day: Decimal(cost) for day, cost in rows}

    def truth(self) -> dict[date, Decimal]:
        """What the platform says that each day cost."""
        ads = self.simulator.scenario.ads
        return {
            day: Decimal(total(ad for ad in ads if ad.day == day)).scaleb(-6)
            for day in sorted({ad.day for ad in ads})
        }


@pytest.fixture
def desk(sqlite_db: Engine, warehouse_embedded: Warehouse, tmp_path: Path) -> Desk:
    found = Desk.open(sqlite_db, warehouse_embedded, tmp_path)
    found.now = NOW
    upsert_ad_account(
        sqlite_db, AdAccount(found.site.tenant, "google", ACCOUNT, site=found.site.key)
    )
    return found


@pytest.fixture
def station(desk: Desk) -> Iterator[Station]:
    with at_work(desk) as found:
        yield found


@contextmanager
def at_work(desk: Desk) -> Iterator[Station]:
    simulator = GoogleSimulator()
    with serve(simulator) as url:
        yield Station(desk, simulator, url)


def test_what_is_pulled_is_in_the_keyword_report_to_the_micro(station: Station) -> None:
    station.simulator.scenario.ads.append(unallocated(FIRST, "pmax", 123_456_789))
    report = station.pull()
    assert report.failure is None
    assert station.stored() == station.truth()
    assert {day: Decimal(cost).scaleb(-6) for day, cost in report.cost.items()} == station.truth()
    assert (report.added, report.rows, report.currency) == (3, 37, "CNY")
    costs = station.desk.costs("2026-10-01", "2026-10-31")
    assert Decimal(str(costs["*"])) == sum(station.truth().values())
    assert costs["(pmax)"] == "123.456789"


def test_the_platform_tells_currency_zone_and_name_of_the_account(station: Station) -> None:
    station.pull()
    known = get_ad_account(station.desk.db, station.desk.site.tenant, "google", ACCOUNT)
    assert (known.currency, known.timezone, known.name) == ("CNY", "Asia/Shanghai", "Pump Works")


def test_the_same_pull_again_writes_and_marks_nothing(station: Station) -> None:
    station.pull()
    station.desk.reconcile()
    stands = station.desk.standing()
    report = station.pull()
    assert (report.unchanged, report.pulls) == (3, [])
    assert station.desk.standing() == stands
    assert station.desk.dirty() == set()


def test_only_the_days_that_were_restated_are_written_again(station: Station) -> None:
    station.pull()
    station.desk.reconcile()
    station.simulator.scenario.restate(FIRST, 2)
    station.simulator.scenario.drop(LAST, "334")
    report = station.pull()
    assert (report.replaced, report.unchanged) == (2, 1)
    assert station.stored() == station.truth()
    assert {day for _, day in station.desk.dirty()} == {FIRST, LAST}


def test_a_day_whose_rows_are_all_gone_stands_empty(station: Station) -> None:
    station.pull()
    ads = station.simulator.scenario.ads
    station.simulator.scenario.ads = [ad for ad in ads if ad.day != LAST]
    assert station.pull().cost[LAST] == 0
    assert station.stored() == station.truth()


def test_a_pull_that_fails_keeps_its_whole_days_and_can_be_resumed(station: Station) -> None:
    # Portions of two days, two queries each: the second portion fails for good.
    station.simulator.faults = deque(["", "", *["500"] * 6])
    report = station.pull()
    assert isinstance(report.failure, Transient)
    assert report.missing(DAYS) == [LAST]
    assert station.stored() == {day: c for day, c in station.truth().items() if day != LAST}
    rest = station.pull(LAST, LAST)
    assert rest.failure is None
    assert station.stored() == station.truth()


@pytest.mark.parametrize("faults", [["", *["half"] * 6], [*["html"] * 6], ["", *["cut"] * 6]])
def test_a_pull_that_completes_no_day_changes_nothing(station: Station, faults: list[str]) -> None:
    station.pull()
    stands, before = station.desk.standing(), station.stored()
    station.simulator.scenario.restate(FIRST, 5)
    station.simulator.faults = deque(faults)
    report = station.pull()
    assert isinstance(report.failure, Transient)
    assert report.missing(DAYS) == [FIRST, FIRST + timedelta(days=1), LAST]
    assert (station.desk.standing(), station.stored()) == (stands, before)


def test_a_revoked_token_leaves_the_old_numbers(station: Station) -> None:
    station.pull()
    before = station.stored()
    station.simulator.refresh_token = "another"
    station.simulator.tokens.clear()
    report = station.pull()
    assert isinstance(report.failure, Terminal)
    assert report.failure.cause is Cause.AUTHORISATION
    assert station.stored() == before


def test_a_pull_takes_the_place_of_a_file_of_the_same_days(station: Station) -> None:
    rows = [f"{FIRST},Brand,Core 222,perimeter alarm,1,1,5"]
    station.desk.rows(*rows, platform="google", account=ACCOUNT, currency="CNY")
    station.pull()
    assert station.stored() == station.truth()


def test_a_file_takes_the_place_of_what_was_pulled_only_with_consent(station: Station) -> None:
    station.pull()
    ads = [ad for ad in station.simulator.scenario.ads if ad.day == FIRST]
    rows = [f'{FIRST},{ad.campaign},{ad.ad_group},"{ad.keyword_id}",1,1,{ad.amount}' for ad in ads]
    whose = {"platform": "google", "account": ACCOUNT, "currency": "CNY"}
    with pytest.raises(NeedsConfirmation, match=f"{FIRST} came from a better source \\(api\\)"):
        station.desk.rows(*rows, **whose)
    assert station.stored() == station.truth()
    report = station.desk.rows(*rows, **whose, replace=True)
    assert report.changed
    assert station.stored() == station.truth()
    station.pull()
    assert station.stored() == station.truth()


def test_a_day_within_a_period_total_is_left_as_it_is(station: Station) -> None:
    report = station.desk.file(
        ["Brand,Core 222,perimeter alarm,1,1,5"],
        header="Search keyword report\nOct 2, 2026 - Oct 9, 2026\n"
        "Campaign,Ad group,Keyword,Impr.,Clicks,Cost",
    )
    station.desk.run(report, platform="google", account=ACCOUNT, currency="CNY", period_total=True)
    pulled = station.pull()
    assert pulled.conflicts == [FIRST + timedelta(days=1), LAST]
    assert station.stored()[FIRST] == station.truth()[FIRST]
    assert sum(station.stored().values()) == station.truth()[FIRST] + 5


def test_an_account_in_another_currency_than_before_is_refused(station: Station) -> None:
    station.pull()
    before = station.stored()
    station.simulator.scenario.currency = "USD"
    report = station.pull()
    assert isinstance(report.failure, Terminal)
    assert "kept in CNY" in report.failure.message
    assert station.stored() == before


def test_portions_are_published_while_the_pull_goes_on(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulls, "DAYS", 1)
    report = station.pull()
    assert len(report.pulls) == 2
    assert station.stored() == station.truth()


class Meddler:
    """The real warehouse, where something happens once before slices are published."""

    def __init__(self, warehouse: Warehouse, happens: Any) -> None:
        self._warehouse, self._happens = warehouse, happens

    def __getattr__(self, name: str) -> Any:
        return getattr(self._warehouse, name)

    def insert(self, table: str, *args: Any, **kwargs: Any) -> None:
        if table == "spend":
            happens, self._happens = self._happens, lambda: None
            happens()
        self._warehouse.insert(table, *args, **kwargs)


def test_a_pull_that_meets_another_import_of_its_days_is_planned_anew(station: Station) -> None:
    rows = [f"{FIRST},Brand,Core 222,perimeter alarm,1,1,5"]
    desk = station.desk

    def file() -> None:
        desk.rows(*rows, platform="google", account=ACCOUNT, currency="CNY")

    meddler: Any = Meddler(desk.warehouse, file)
    station.deps = SpendDeps(meddler, desk.db, lambda: NOW)
    report = station.pull()
    assert report.failure is None
    assert station.stored() == station.truth()


def test_two_pulls_of_the_same_days_at_once_count_nothing_twice(desk: Desk) -> None:
    with at_work(desk) as one, at_work(desk) as other:
        other.simulator.scenario.ads = [replace(ad, cost=1) for ad in other.simulator.scenario.ads]
        meddler: Any = Meddler(desk.warehouse, other.pull)
        one.deps = SpendDeps(meddler, desk.db, lambda: NOW)
        assert one.pull().failure is None
        assert one.stored() == one.truth()


def test_two_weeks_of_daily_pulls_end_at_the_truth_whatever_happened_on_the_way(
    station: Station,
) -> None:
    """Pulls at night of the trailing days, as the platform's schedule says: with restatements, a
    dropped row, two nights of downtime, broken answers, and a token that is revoked and renewed."""
    world, scenario = station.simulator, small(14)
    world.scenario.ads = []
    failed: list[date] = []
    for night in range(1, 15):
        today = FIRST + timedelta(days=night)
        yesterday = today - timedelta(days=1)
        world.scenario.ads += scenario.of(yesterday, yesterday)
        world.scenario.restate(today - timedelta(days=3), 2)
        if night == 8:
            world.scenario.drop(today - timedelta(days=5), "333")
        if night in (5, 6):
            continue  # nobody ran
        station.desk.now = station.bench.time.now = datetime.combine(today, time(20), UTC)
        world.faults = deque(["500", "", "half", "expired", "limit"] if night % 2 else [])
        world.refresh_token = "revoked" if night == 10 else "refresh-secret-0000"
        if night == 11:
            station.bench.credentials.grant = GRANT  # somebody connected the account again
        report = station.pull(max(FIRST, today - timedelta(days=7)), yesterday)
        if report.failure:
            failed.append(today)
    assert failed == [FIRST + timedelta(days=10)]
    assert station.stored() == station.truth()
    assert len(station.truth()) == 14
