"""Search terms, click look-ups and account totals in the warehouse: whole days, each once."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.platforms.scenario import FIRST, HIDDEN, total, unallocated
from tests.spend_imports import Desk
from tests.test_spend_pull import ACCOUNT, LAST, Station, at_work
from tests.test_spend_pull import desk as desk
from tracker.accounts import marks
from tracker.period import Period
from tracker.spend.connectors.contract import Capability
from tracker.spend.connectors.failures import Terminal, Transient
from tracker.spend.fact_pull import AccountReport, FactReport, pull_account, pull_facts
from tracker.spend.facts import Whose, standing_facts, standing_totals
from tracker.spend.pull import PullTarget
from tracker.spend.superseded import KEPT, sweep_pulls

TERMS, CLICKS, TOTALS = (
    Capability.SEARCH_TERMS,
    Capability.CLICKS,
    Capability.ACCOUNT_TOTALS,
)


@pytest.fixture
def station(desk: Desk) -> Iterator[Station]:
    with at_work(desk) as found:
        yield found


def run(station: Station, job: Any, *args: Any) -> Any:
    """One pull of this kind."""

    async def go() -> Any:
        async with httpx.AsyncClient() as client:
            bench = station.bench
            connector = bench.build(bench.credentials, bench.wire(client), bench.url)
            target = PullTarget(station.desk.site.tenant, connector, bench.account)
            return await job(station.deps, target, *args)

    return asyncio.run(go())


def facts(station: Station, want: Capability, first: date = FIRST, last: date = LAST) -> FactReport:
    found = run(station, pull_facts, Period(first, last), want)
    assert isinstance(found, FactReport)
    return found


def whose(station: Station) -> Whose:
    return Whose(station.desk.site.tenant, "google", ACCOUNT)


def terms(station: Station) -> dict[date, Decimal]:
    """The cost of the search terms that stand, by day."""
    rows = station.desk.warehouse.rows(
        "SELECT day, sum(cost) FROM search_terms WHERE (day, pull) IN ("
        "SELECT day, argMax(pull, version) FROM fact_slices WHERE fact = 'search_terms' "
        "GROUP BY day) GROUP BY day ORDER BY day"
    )
    return {day: Decimal(cost) for day, cost in rows}


def totals(station: Station) -> dict[date, Decimal]:
    found = standing_totals(station.desk.warehouse, whose(station), FIRST, LAST)
    return {day: one.cost for day, one in found.items()}


def test_totals_are_the_platforms_own_sums_with_what_no_keyword_has(station: Station) -> None:
    ads = station.simulator.scenario.ads
    ads.append(replace(unallocated(FIRST, HIDDEN, 5_000_001), invalid=3))
    report = facts(station, TOTALS)
    assert (report.failure, report.rows, len(report.days)) == (None, 3, 3)
    assert totals(station) == station.truth()
    found = standing_totals(station.desk.warehouse, whose(station), FIRST, LAST)[FIRST]
    assert (found.currency, found.invalid_clicks) == ("CNY", 3)
    assert found.clicks == sum(ad.clicks for ad in ads if ad.day == FIRST)


@pytest.mark.parametrize(("want", "told"), [(TOTALS, totals), (TERMS, terms)])
def test_what_is_restated_marks_its_days_and_the_same_again_none(
    station: Station, want: Capability, told: Callable[[Station], Any]
) -> None:
    assert facts(station, want).changed == [FIRST, FIRST + timedelta(days=1), LAST]
    marks.clear(station.desk.db, marks.take(station.desk.db, 999, 999))
    assert facts(station, want).changed == []
    assert station.desk.dirty() == set()
    station.simulator.scenario.restate(LAST, 2)
    assert facts(station, want).changed == [LAST]
    assert station.desk.dirty() == {("spend", LAST)}
    assert told(station) == station.truth()


def test_totals_that_say_the_same_after_newer_rows_mark_their_days(station: Station) -> None:
    ads = station.simulator.scenario.ads
    ads.append(unallocated(FIRST, HIDDEN, 5_000_000))

    def pulled() -> dict[str, str | None]:
        station.pull()
        # Reconciling runs every two seconds; a platform takes longer for its totals.
        station.desk.reconcile()
        facts(station, TOTALS)
        return station.desk.costs("2026-10-01", "2026-10-31")

    before = pulled()
    first, hidden = ads[0], ads[-1]
    assert first.day == FIRST
    # One unit more is told of a keyword: the account's day cost what it did.
    ads[0] = replace(first, cost=first.cost + 1_000_000)
    ads[-1] = replace(hidden, cost=hidden.cost - 1_000_000)
    after = pulled()
    assert (before["(gap)"], after["(gap)"]) == ("5.00", "4.00")
    assert after["*"] == before["*"]


def test_search_terms_of_a_day_are_replaced_whole(station: Station) -> None:
    facts(station, TERMS)
    assert terms(station) == station.truth()
    station.simulator.scenario.drop(LAST, "334")
    station.simulator.scenario.restate(FIRST, 3)
    facts(station, TERMS)
    assert terms(station) == station.truth()
    row = station.desk.warehouse.rows(
        "SELECT DISTINCT term, keyword, keyword_id, ad_group_id, campaign, match_type, currency "
        "FROM search_terms WHERE keyword_id = '333' AND ad_group_id = '222'"
    )
    assert row == [
        ("buy perimeter alarm", "perimeter alarm", "333", "222", "Brand", "exact", "CNY")
    ]


@pytest.mark.parametrize("want", [TERMS, CLICKS, TOTALS])
def test_a_pull_of_facts_that_fails_leaves_the_days_as_they_were(
    station: Station, want: Capability
) -> None:
    facts(station, want)
    before = (totals(station), terms(station))
    station.simulator.scenario.restate(LAST, 3)
    done = 3 if want is CLICKS else 1  # answers of the days before
    station.simulator.faults = deque([""] * (done - 1) + ["500"] * 30)
    report = facts(station, want)
    assert isinstance(report.failure, Transient)
    assert LAST not in report.days
    assert (totals(station), terms(station)) == before


def test_clicks_lead_to_their_keywords_and_stay_when_the_platform_forgets(
    station: Station,
) -> None:
    report = facts(station, CLICKS)
    assert report.rows == len(station.simulator.scenario.ads)
    station.simulator.scenario.ads = []
    assert facts(station, CLICKS).failure is None
    ((found,),) = station.desk.warehouse.rows(
        "SELECT (campaign_id, ad_group_id, keyword_id, keyword, match_type, day) "
        "FROM click_lookups FINAL WHERE tenant = {tenant:String} AND click_id = {click:String}",
        {"tenant": station.desk.site.tenant, "click": "Cj1001-222-333-mobile"},
    )
    assert found == ("111", "222", "333", "perimeter alarm", "exact", FIRST)


def test_everything_of_an_account_is_pulled_in_one_go_and_clicks_as_far_as_they_go(
    station: Station,
) -> None:
    first = FIRST - timedelta(days=80)  # click_view begins 90 days before the 15th
    report = run(station, pull_account, Period(first, LAST))
    assert isinstance(report, AccountReport)
    assert report.failure is None
    assert [one.want for one in report.facts] == [TOTALS, CLICKS, TERMS]
    assert station.stored() == totals(station) == terms(station) == station.truth()
    clicks = next(one for one in report.facts if one.want is CLICKS)
    assert min(clicks.days) > first
    assert max(clicks.days) == LAST
    standing = standing_facts(station.desk.warehouse, whose(station), TERMS, first, LAST)
    assert len(standing) == 83
    assert standing[first].rows == 0


def test_a_revoked_authorisation_is_asked_for_one_thing_only(station: Station) -> None:
    station.simulator.refresh_token = "another"
    report = run(station, pull_account, Period(FIRST, LAST))
    assert isinstance(report.failure, Terminal)
    assert report.facts == []
    assert len(station.simulator.seen) == 1


def test_superseded_facts_are_swept_after_35_days_and_nothing_that_stands(
    station: Station,
) -> None:
    for _ in range(2):
        facts(station, TOTALS)
        facts(station, TERMS)
        station.simulator.scenario.restate(FIRST, 2)
    truth = (totals(station), terms(station))
    count = "SELECT (SELECT count() FROM search_terms), (SELECT count() FROM account_totals)"
    before = station.desk.warehouse.rows(count)
    sweep_pulls(station.desk.warehouse, station.desk.now + KEPT - timedelta(days=1))
    assert station.desk.warehouse.rows(count) == before
    sweep_pulls(station.desk.warehouse, station.desk.now + KEPT + timedelta(days=1))
    assert station.desk.warehouse.rows(count) == [(before[0][0] // 2, before[0][1] // 2)]
    assert (totals(station), terms(station)) == truth
    assert total(station.simulator.scenario.ads) > 0
