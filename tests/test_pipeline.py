"""Leads and their stages: entry, correction, refunds, repeat orders, and what they bring."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.clicks import tell
from tests.world import HOME, World, ad, at
from tracker.accounts.pipeline import DEFAULT_STAGES, Pipeline, Stage, pipeline_of, set_stages
from tracker.accounts.sites import SiteSettings, update_site
from tracker.commands.conversions import offline_deps
from tracker.conversions.deliveries import read_delivery
from tracker.conversions.entries import Taken, read_entries, take_entries
from tracker.conversions.entry import Entry
from tracker.conversions.lead_moves import correct_stage, move_lead, open_lead
from tracker.errors import InvalidInput, NotFound
from tracker.period import Period
from tracker.reconcile.marking import mark_credits
from tracker.reports.breakdown import breakdown
from tracker.reports.breakdown_request import read_breakdown
from tracker.reports.expected import Track, expected_value, open_leads
from tracker.reports.leads import lead_steps, leads_by_stage, list_leads
from tracker.reports.pipeline import PipelineReport, StageLine, pipeline_report
from tracker.reports.result import Incomplete
from tracker.warehouse.client import Warehouse

SPEND = (
    "day,platform,campaign,keyword,clicks,impressions,cost\n"
    "2026-09-01,baidu,pumps,water pump,10,100,500\n"
)
PUBLISHED = (
    "(day, build) IN (SELECT day, max(build) FROM slices WHERE kind = 'credits' GROUP BY day)"
)


@pytest.fixture
def world(warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path) -> World:
    return World(warehouse_embedded, sqlite_db, tmp_path)


def take(world: World, *entries: Entry) -> Taken:
    return take_entries(offline_deps(world.parts, world.site), world.site, list(entries))


def report(world: World, first: str = "2026-09-01", last: str = "2026-09-30") -> PipelineReport:
    period = Period.parse(first, last)
    return pipeline_report(world.warehouse, world.db, world.site, period, clock=world.clock)


def lines(found: PipelineReport) -> dict[str, StageLine]:
    return {line.stage: line for line in found.stages}


def goals(world: World) -> list[tuple[Any, ...]]:
    return world.rows(
        "SELECT goal, external_id, toString(path_time), toString(value) FROM conversions "
        f"WHERE origin = 'offline' AND {PUBLISHED} ORDER BY time, external_id"
    )


def test_a_lead_moves_through_the_stages_and_each_has_its_cost_and_return(world: World) -> None:
    world.spend(SPEND, platform="baidu")
    world.events([at("09-01 10:00", url=ad("water pump"))])
    deps = offline_deps(world.parts, world.site)
    first = Entry(id="", stage="询盘", time="2026-09-02 10:00", visitor="v1")
    lead, _ = open_lead(deps, world.site, first)
    junk = Entry(id="i2", stage="inquiry", time="2026-09-03", visitor="v1")
    open_lead(deps, world.site, junk)
    move_lead(
        deps, world.site, "i2", Entry(id="", stage="无效", time="2026-09-03", reason="agency")
    )
    for stage, day, value in (("有效", 4, None), ("Quote", 5, 9000), ("won", 8, 8000)):
        worth = None if value is None else Decimal(value)
        step = Entry(id="", stage=stage, time=f"2026-09-{day:02}", value=worth)
        move_lead(deps, world.site, lead, step)
    move_lead(deps, world.site, lead, Entry(id="p", stage="payment", value=Decimal(3000)))
    world.reconcile()
    found = report(world, last="2026-11-01")
    by_stage = lines(found)
    assert found.cost == "500.00"
    assert found.valid_rate == "0.5000"
    assert [(one.stage, one.reason, one.leads) for one in found.reasons] == [
        ("invalid", "agency", 1)
    ]
    inquiry, order, payment = (by_stage[key] for key in ("inquiry", "order", "payment"))
    assert (inquiry.conversions, inquiry.cost_per, inquiry.revenue_roi) == (2, "250.00", None)
    assert (order.conversions, order.value, order.revenue_roi) == (1, "8000.00", "15.0000")
    assert (payment.value, payment.revenue_roi, payment.roi) == ("3000.00", "5.0000", None)
    assert found.incomplete == []
    keywords = world.report("2026-09-01", "2026-11-01", goal="stage:payment", by="conversion")
    assert (keywords.totals.revenue, keywords.totals.conversions) == ("3000.00", "1")
    page = list_leads(world.warehouse, world.db, world.site, clock=world.clock)
    assert [(one.lead, one.stage) for one in page.leads] == [(lead, "payment"), ("i2", "invalid")]
    assert page.leads[0].origin.keyword == "water pump"
    assert leads_by_stage(world.warehouse, world.db, world.site) == {"payment": 1, "invalid": 1}


@pytest.mark.parametrize("options", [{}, {"period_total": True, "platform": "google"}])
def test_cost_without_tracking_is_shown_and_left_out_of_what_a_stage_cost(
    world: World, options: dict[str, Any]
) -> None:
    world.site = update_site(world.db, world.site.key, margin=Decimal("0.75"))
    world.events([at("09-05 10:00", url=ad("water pump"))])
    world.spend(SPEND.replace("09-01", "09-05").replace(",500", ",90"), platform="baidu")
    if options:
        world.spend(
            'Search keyword report\n"Sep 1, 2026 - Sep 4, 2026"\n'
            "Keyword,Match type,Campaign,Ad group,Currency code,Clicks,Impr.,Cost\n"
            "water pump,Phrase match,pumps,g,CNY,10,100,900.00\n",
            **options,
        )
    else:
        world.spend(SPEND.replace(",500", ",900"), platform="baidu")
    take(
        world,
        Entry(id="i", stage="inquiry", time="2026-09-06", visitor="v1", lead="L"),
        Entry(id="o", stage="order", time="2026-09-07", value=Decimal(180), lead="L"),
    )
    world.reconcile()
    found = report(world)
    assert (found.margin, found.cost, found.untracked_cost) == ("0.75", "990.00", "900.00")
    assert "untracked_spend" in {one.kind for one in found.incomplete}
    by_stage = lines(found)
    assert by_stage["inquiry"].cost_per == "90.00"
    assert (by_stage["order"].revenue_roi, by_stage["order"].roi) == ("1.0000", "0.5000")


def test_a_stage_was_not_free_where_all_of_the_cost_is_untracked(world: World) -> None:
    world.spend(SPEND.replace("09-01", "08-20"), platform="baidu")
    world.events([at("09-05 10:00", url=ad("water pump"))])
    take(world, Entry(id="i", stage="inquiry", time="2026-09-06", visitor="v1"))
    world.reconcile()
    found = report(world, first="2026-08-01")
    assert (found.cost, found.untracked_cost) == ("500.00", "500.00")
    assert lines(found)["inquiry"].cost_per is None


def test_half_a_cent_is_rounded_up_as_in_every_other_report(world: World) -> None:
    world.spend(SPEND.replace(",500", ",0.25"), platform="baidu")
    world.events([at("09-01 10:00", url=ad("water pump"))])
    take(
        world,
        Entry(id="i", stage="inquiry", time="2026-09-02", visitor="v1"),
        Entry(id="j", stage="inquiry", time="2026-09-02", visitor="v1"),
        Entry(id="o", stage="order", time="2026-09-03", value=Decimal("10.025"), lead="i"),
    )
    world.reconcile()
    found = report(world)
    assert (lines(found)["inquiry"].cost_per, found.mean_order) == ("0.13", "10.03")


def test_a_currency_with_three_decimals_keeps_them(
    warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path
) -> None:
    world = World(warehouse_embedded, sqlite_db, tmp_path, currency="KWD")
    world.spend(SPEND.replace(",500", ",0.25"), platform="baidu", currency="KWD")
    world.events([at("09-01 10:00", url=ad("water pump"))])
    take(
        world,
        *(Entry(id=one, stage="inquiry", time="2026-10-20", visitor="v1") for one in "ijk"),
        Entry(id="o", stage="order", time="2026-10-21", value=Decimal("10.027"), lead="i"),
    )
    world.reconcile()
    found = report(world, last="2026-10-31")
    assert (lines(found)["inquiry"].cost_per, found.mean_order) == ("0.083", "10.027")
    # Two open leads of a chance of 13/18 each.
    period = Period.parse("2026-09-01", "2026-10-31")
    asked = read_breakdown({"metrics": "expected_revenue"}, world.site, period)
    told = breakdown(world.warehouse, world.db, asked, clock=world.clock)
    assert found.expected == told.totals["expected_revenue"] == "14.484"


def test_a_rate_that_only_a_stage_needs_is_named(world: World) -> None:
    take(
        world,
        Entry(id="q", stage="quotation", time="2026-09-03", value=Decimal(9), currency="USD"),
        Entry(id="o", stage="order", time="2026-09-04", value=Decimal(9), lead="q"),
    )
    world.reconcile()
    found = report(world)
    assert lines(found)["quotation"].incomplete
    assert [(one.kind, one.source, one.first, one.last) for one in found.incomplete] == [
        ("missing_rate", "USD/CNY", "2026-09-03", "2026-09-03")
    ]


def test_a_corrected_value_and_a_refund_restate_and_keep_the_path(world: World) -> None:
    world.events([at("06-01 10:00", url=ad("water pump"))])
    take(
        world,
        Entry(id="i", stage="inquiry", time="2026-06-02", visitor="v1", lead="L"),
        Entry(id="o", stage="order", time="2026-09-10", value=Decimal(5000), lead="L"),
    )
    world.reconcile()
    deps = offline_deps(world.parts, world.site)
    steps = lead_steps(world.warehouse, world.db, world.site, "L")
    again = Entry(id="o", stage="order", time="2026-09-12", value=Decimal(4000))
    correct_stage(deps, world.site, "L", again)
    move_lead(
        deps,
        world.site,
        "L",
        Entry(id="r", stage="order", time="2026-10-20", value=Decimal(-1500)),
    )
    world.reconcile()
    assert [step.stage for step in steps] == ["inquiry", "order"]
    path_times = {row[2] for row in goals(world)}
    assert len(path_times) == 1
    whole = world.report("2026-06-01", "2026-10-31", by="conversion", goal="stage:order")
    assert whole.totals.revenue == "2500.00"
    (row,) = [row for row in whole.rows if row.revenue == "2500.00"]
    assert row.reason != "no_touch"
    # By the day of the click, all of it stands on the keyword's day in June.
    assert world.report("2026-06-01", "2026-06-30", goal="stage:order").totals.revenue == "2500.00"
    correct_stage(deps, world.site, "L", Entry(id="o", stage="order", removed=True))
    world.reconcile()
    assert [row[1] for row in goals(world)] == ["i", "r"]


def test_what_is_given_back_is_no_conversion_and_no_order(world: World) -> None:
    world.spend(SPEND, platform="baidu")
    world.events([at("09-01 10:00", url=ad("water pump"))])
    take(
        world,
        Entry(id="i", stage="inquiry", time="2026-09-02", visitor="v1", lead="L"),
        Entry(id="o", stage="order", time="2026-09-10", value=Decimal(300), lead="L"),
        Entry(id="r", stage="order", time="2026-09-20", value=Decimal(-100), lead="L"),
    )
    world.reconcile()
    found = report(world)
    order = lines(found)["order"]
    assert (order.conversions, order.value, order.cost_per) == (1, "200.00", "500.00")
    assert found.mean_order == "200.00"
    chosen = {"group": "keyword", "metrics": "conversions,orders,aov,closed_orders,cost_per_order"}
    request = read_breakdown(chosen, world.site, Period.parse("2026-09-01", "2026-09-30"))
    (row,) = breakdown(world.warehouse, world.db, request, clock=world.clock).rows
    assert row.metrics == {
        "conversions": "1",
        "orders": "1",
        "aov": "200.00",
        "closed_orders": "1",
        "cost_per_order": "500.00",
    }
    totals = world.report("2026-09-01", "2026-09-30", goal="stage:order").totals
    assert (totals.conversions, totals.revenue) == ("1", "200.00")
    assert world.rows(
        "SELECT external_id, sum(toInt64(weight)), sum(amount) FROM credits INNER JOIN conversions"
        " USING (conversion_id, day, build) WHERE model = 'linear' GROUP BY external_id"
        " ORDER BY external_id"
    ) == [("i", 10**9, 0), ("o", 10**9, 300_000_000), ("r", 0, -100_000_000)]


def test_a_refund_under_an_id_of_its_own_takes_off_value_alone(world: World) -> None:
    world.events([at("09-01 10:00", url=ad("water pump"))])
    take(
        world,
        Entry(id="o", stage="order", time="2026-09-03", value=Decimal(300), visitor="v1"),
        Entry(id="r", stage="order", time="2026-09-20", value=Decimal(-100), visitor="v1"),
    )
    world.reconcile()
    totals = world.report("2026-09-01", "2026-09-30").totals
    assert (totals.conversions, totals.revenue) == ("1", "200.00")


@pytest.mark.parametrize("stage", ["lost", "contacted", "quotation", "payment"])
def test_a_refund_is_taken_off_whatever_its_stage(world: World, stage: str) -> None:
    world.events([at("09-01 10:00", url=ad("water pump"))])
    take(
        world,
        Entry(id="o", stage="order", time="2026-09-03", value=Decimal(300), visitor="v1", lead="L"),
        Entry(id="r", stage=stage, time="2026-09-20", value=Decimal(-300), lead="L"),
    )
    world.reconcile()
    totals = world.report("2026-09-01", "2026-09-30").totals
    assert (totals.conversions, totals.revenue) == ("1", "0.00")


def test_a_lead_names_the_keyword_that_reports_credit_it_to(world: World) -> None:
    world.spend(
        "day,platform,campaign id,campaign,ad group id,ad group,keyword id,keyword,clicks,"
        "impressions,cost\n2026-09-01,google,11,pumps,21,g,31,water pump,1,1,5\n",
        platform="google",
        account="1-1",
    )
    tell(world, "gclid-of-a-visit", keyword_id="31")
    tell(world, "gclid-of-no-visit", keyword_id="31")
    world.events([at("09-01 10:00", "a", HOME + "?gclid=gclid-of-a-visit"), at("09-01 10:00", "b")])
    take(
        world,
        Entry(id="i", stage="inquiry", time="2026-09-02", visitor="a"),
        Entry(id="j", stage="inquiry", time="2026-09-02", click_id="gclid-of-no-visit"),
        Entry(id="k", stage="inquiry", time="2026-09-02", visitor="b"),
    )
    world.reconcile()
    rows = world.report("2026-09-01", "2026-09-30").rows
    assert {row.keyword: row.conversions for row in rows} == {"water pump": "2", None: "1"}
    page = list_leads(world.warehouse, world.db, world.site, clock=world.clock)
    assert {
        one.lead: (one.origin.channel, one.origin.campaign, one.origin.keyword)
        for one in page.leads
    } == {
        "i": ("Paid Search", "pumps", "water pump"),
        "j": ("Paid Search", "pumps", "water pump"),
        "k": ("Direct", "", ""),
    }


def test_a_refund_moves_no_lead_and_is_no_reason_to_have_lost_it(world: World) -> None:
    take(
        world,
        Entry(id="i", stage="inquiry", time="2026-09-02 10:00", lead="L"),
        Entry(
            id="o",
            stage="order",
            time="2026-09-10 10:00",
            value=Decimal(300),
            lead="L",
            reason="price",
        ),
        Entry(
            id="r", stage="lost", time="2026-09-20", value=Decimal(-50), lead="L", reason="broken"
        ),
        Entry(id="x", stage="lost", time="2026-09-12 10:00", lead="M", reason="agency"),
    )
    world.reconcile()
    page = list_leads(world.warehouse, world.db, world.site, clock=world.clock)
    assert [
        (one.lead, one.stage, one.moved.day, one.stages, one.reason, one.value)
        for one in page.leads
    ] == [("M", "lost", 12, 1, "agency", None), ("L", "order", 10, 2, "price", "300.00")]
    assert [(one.stage, one.reason, one.leads) for one in report(world).reasons] == [
        ("lost", "agency", 1)
    ]


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York"])
def test_stages_of_a_supplied_touch_stand_on_the_day_of_the_first(
    warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path, zone: str
) -> None:
    world = World(warehouse_embedded, sqlite_db, tmp_path, timezone=zone)
    world.spend(
        "day,platform,campaign,keyword,clicks,impressions,cost\n"
        "2026-06-02,baidu,pumps,water pump,10,100,50\n",
        platform="baidu",
    )
    world.offline(
        "id,lead,time,stage,value,currency,platform,campaign,keyword\n"
        "i1,L1,2026-06-02 20:00,inquiry,,,baidu,pumps,water pump\n"
        "o1,L1,2026-09-10 10:00,order,900,CNY,baidu,pumps,water pump\n"
    )
    world.reconcile()
    (june,) = world.report("2026-06-02", "2026-06-02").rows
    assert (june.keyword, june.conversions, june.revenue) == ("water pump", "1", "900.00")
    assert world.report("2026-09-01", "2026-09-30").totals.revenue == "0.00"


def test_the_same_entry_again_changes_nothing_and_needs_no_time(world: World) -> None:
    entry = Entry(id="o1", stage="order", value=Decimal("100.50"), email="Li@Pumps.example")
    assert take(world, entry).added == 1
    world.now += timedelta(hours=5)
    again = take(world, entry)
    assert (again.unchanged, again.version) == (1, None)
    assert world.rows("SELECT count() FROM offline_conversions") == [(1,)]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (Entry(id=" ", stage="order"), "The id is missing"),
        (Entry(id="a", stage=""), "The stage is missing"),
        (Entry(id="a" * 201, stage="order"), "longer than 200"),
        (Entry(id="a", stage="order", time="soon"), "soon"),
        (Entry(id="a", stage="order", email="nobody"), "Not an e-mail address"),
        (Entry(id="a", stage="order", phone="12"), "Not a phone number"),
        (Entry(id="a", stage="order", person="Li"), "Not a person"),
        (Entry(id="a", stage="order", currency="XXQ"), "Unknown currency"),
        (Entry(id="a", stage="order", value=Decimal("NaN")), "out of range"),
        (Entry(id="a", stage="order", value=Decimal("1e30")), "out of range"),
        (Entry(id="a", stage="order", value=Decimal("-1e999999999")), "out of range"),
        (Entry(id="a", stage="order", order_cost=Decimal("1e1000000"), value=Decimal(1)), "out of"),
        (Entry(id="a", stage="order", tax_rate=Decimal("1e999999999")), "The tax rate is 1E+999"),
        (Entry(id="a", stage="order", platform="百度快车"), "is not the name of a platform"),
        (Entry(id="a", stage="order", value=Decimal("0.0000001")), "six decimal places"),
        (Entry(id="a", stage="order", landing_url="x" * 4001), "longer than 4000"),
        (Entry(id="a", stage="order", visitor="a\0b"), "holds a NUL"),
    ],
)
def test_one_bad_entry_stores_none_and_is_named(world: World, entry: Entry, message: str) -> None:
    good = Entry(id="good", stage="order")
    with pytest.raises(InvalidInput, match=r"Conversion 2") as caught:
        take(world, good, entry)
    assert message in caught.value.message
    assert world.rows("SELECT count() FROM offline_conversions") == [(0,)]


def test_a_platform_of_an_entry_is_known_by_its_names_and_warned_of_otherwise(
    world: World,
) -> None:
    taken = take(
        world,
        Entry(id="a", stage="order", platform="360 搜索", keyword="pump", currency="人民币"),
        Entry(id="b", stage="order", platform="Meta", keyword="pump"),
        Entry(id="c", stage="order", platform="meta", keyword="pump"),
    )
    assert taken.warnings == [
        "'meta' is no platform from which visits are recognised; check the platform."
    ]
    found = "SELECT external_id, platform FROM offline_conversions ORDER BY external_id"
    assert world.rows(found) == [("a", "360"), ("b", "meta"), ("c", "meta")]


def test_a_user_that_comes_as_sha256_meets_the_one_that_the_page_named(world: World) -> None:
    world.events(
        [
            at("09-01 10:00", "v1"),
            at("09-01 10:01", "v1", name="identify", props={"user": "u-77"}),
            at("09-01 10:00", "v2"),
            at("09-01 10:01", "v2", name="identify", props={"user": sha256(b"u-78").hexdigest()}),
        ]
    )
    take(
        world,
        Entry(id="a", stage="order", time="2026-09-02", user=sha256(b"u-77").hexdigest().upper()),
        Entry(id="b", stage="order", time="2026-09-02", user="u-78"),
    )
    world.reconcile()
    page = list_leads(world.warehouse, world.db, world.site, clock=world.clock)
    assert {one.lead: one.origin.matched for one in page.leads} == {"a": "user", "b": "user"}


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]x", b'{"id":1,"stage":"a"}', b'{"id":"a","stage":"b","colour":"red"}', b"\xff"],
)
def test_json_that_is_no_conversion_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_entries(body)


def test_one_entry_many_and_wrapped_ones_are_read() -> None:
    one = {"id": "a", "stage": "order", "value": 12.5}
    many = [
        read_entries(json.dumps(body).encode()) for body in (one, [one], {"conversions": [one]})
    ]
    assert many == [[Entry(id="a", stage="order", value=Decimal("12.5"))]] * 3
    with pytest.raises(InvalidInput, match="1 to 1000"):
        take_entries(None, None, [Entry(id="a", stage="b")] * 1001)  # type: ignore[arg-type]


def test_a_step_of_a_lead_that_does_not_exist_is_refused(world: World) -> None:
    deps = offline_deps(world.parts, world.site)
    with pytest.raises(NotFound, match="No lead 'x'"):
        move_lead(deps, world.site, "x", Entry(id="", stage="order"))
    take(world, Entry(id="a", stage="order"))
    with pytest.raises(NotFound, match="no stage 'b'"):
        correct_stage(deps, world.site, "a", Entry(id="b", stage="order"))


def test_a_report_of_a_stage_that_there_never_was_is_refused(world: World) -> None:
    world.offline("id,time,stage,lead\ni,2026-09-01,inquiry,L\nt,2026-09-02,trial,L\n")
    world.reconcile()
    days = ("2026-09-01", "2026-09-30")
    # One that the site does not list and has facts of; one by a name of it.
    for goal in ("stage:trial", "stage:询盘", "stage:inquiry"):
        assert world.report(*days, goal=goal, by="conversion").totals.conversions == "1"
    assert world.report(*days, goal="repeat:order").totals.conversions == "0"
    for goal in ("stage:oder", "repeat:oder"):
        with pytest.raises(NotFound, match="has no stage 'oder'") as refused:
            world.report(*days, goal=goal)
        assert "'inquiry', 'valid'" in str(refused.value.hint)


def test_a_conversion_without_lead_becomes_the_first_stage_when_it_is_moved(world: World) -> None:
    world.events([at("06-01 10:00", url=ad("water pump"))])
    take(world, Entry(id="i", stage="inquiry", time="2026-06-02", visitor="v1"))
    deps = offline_deps(world.parts, world.site)
    move_lead(deps, world.site, "i", Entry(id="o", stage="order", time="2026-10-01"))
    world.reconcile()
    assert {row[2] for row in goals(world)} == {"2026-06-02 23:59:59.999"}


def test_a_stage_is_corrected_only_where_something_else_is_said_of_it(world: World) -> None:
    """A conversion that learns of its lead when it is moved says what it said."""

    def corrected() -> list[bool]:
        return [one.corrected for one in lead_steps(world.warehouse, world.db, world.site, "i")]

    take(world, Entry(id="i", stage="inquiry", time="2026-06-02"))
    deps = offline_deps(world.parts, world.site)
    move_lead(deps, world.site, "i", Entry(id="o", stage="order", time="2026-10-01"))
    assert corrected() == [False, False]
    again = Entry(id="o", stage="order", time="2026-10-01", value=Decimal(9))
    correct_stage(deps, world.site, "i", again)
    assert corrected() == [False, True]
    take(world, Entry(id="i", stage="inquiry", time="2026-06-01", lead="i"))
    assert corrected() == [True, True]


def test_repeat_orders_inherit_the_first_orders_path_where_the_site_says_so(world: World) -> None:
    world.events(
        [
            at("03-01 10:00", "v1", ad("water pump")),
            at("09-01 10:00", "v2", ad("oil pump")),
            at("09-01 10:01", "v2", name="identify", props={"user": "li"}),
        ]
    )
    take(
        world,
        Entry(id="o2", stage="order", time="2026-09-02", value=Decimal(70), visitor="v2"),
        Entry(id="s2", stage="shipped", time="2026-09-05", lead="o2"),
    )
    world.reconcile()
    assert {row[0] for row in goals(world)} == {"stage:order", "stage:shipped"}
    settings = SiteSettings(repeat_orders="inherit")
    world.site = update_site(world.db, world.site.key, settings=settings)
    mark_credits(world.warehouse, world.db, world.site)
    world.reconcile()
    assert {row[0] for row in goals(world)} == {"stage:order", "stage:shipped"}
    # The first order is learned last, and so is that both are one customer's.
    take(world, Entry(id="o1", stage="order", time="2026-03-02", value=Decimal(50), visitor="v1"))
    world.events([at("03-01 10:01", "v1", name="identify", props={"user": "li"})])
    world.reconcile()
    assert [row[:3] for row in goals(world)] == [
        ("stage:order", "o1", "2026-03-02 23:59:59.999"),
        ("repeat:order", "o2", "2026-03-02 23:59:59.999"),
        ("repeat:shipped", "s2", "2026-03-02 23:59:59.999"),
    ]
    by_stage = lines(report(world, first="2026-01-01", last="2026-12-31"))
    assert (by_stage["order"].conversions, by_stage["order"].value) == (1, "50.00")
    assert (by_stage["order"].repeat_conversions, by_stage["order"].repeat_value) == (1, "70.00")
    # The first order was none after all: the second is the first again.
    take(world, Entry(id="o1", stage="order", time="2026-03-02", removed=True))
    world.reconcile()
    assert [row[:2] for row in goals(world)] == [("stage:order", "o2"), ("stage:shipped", "s2")]


DAY = datetime(2026, 1, 1, tzinfo=UTC)
STAGES = Pipeline(DEFAULT_STAGES)


def track(lead: str, *steps: tuple[int, str]) -> Track:
    return Track(lead, [(DAY + timedelta(days=day), stage) for day, stage in steps])


def test_the_chance_of_a_lead_is_what_leads_that_stayed_as_long_came_to() -> None:
    """By hand: of three decided leads two ordered, after 2 and after 20 days of quotation."""
    decided = [
        track("a", (0, "quotation"), (2, "order")),
        track("b", (0, "quotation"), (20, "order")),
        track("c", (0, "quotation"), (10, "lost")),
    ]
    (found,) = open_leads([track("x", (0, "quotation")), *decided], STAGES, DAY + timedelta(days=5))
    overall = Fraction(2 + 1, 3 + 2)
    stage = (2 + 5 * overall) / Fraction(3 + 5)
    # Lead a had left the stage before the fifth day: one of two ordered later.
    assert found.chance == (1 + 5 * stage) / Fraction(2 + 5)
    assert (found.stage, found.days) == ("quotation", 5)
    assert expected_value(Fraction(1, 3), Decimal(1000)) == Decimal("333.33")


def test_without_any_decided_lead_a_chance_is_even_and_old_leads_count_as_lost() -> None:
    (fresh,) = open_leads([track("x", (0, "inquiry"))], STAGES, DAY)
    assert fresh.chance == Fraction(1, 2)
    old = track("y", (0, "inquiry"))
    now = DAY + timedelta(days=400)
    (left,) = open_leads([old, track("x", (399, "inquiry"))], STAGES, now)
    assert (left.lead, left.chance < Fraction(1, 2)) == ("x", True)


def test_expected_revenue_is_a_figure_of_its_own(world: World) -> None:
    take(
        world,
        Entry(id="a", stage="inquiry", time="2026-10-20", lead="A"),
        Entry(id="o", stage="order", time="2026-10-21", value=Decimal(900), lead="B"),
    )
    world.reconcile()
    found = report(world, last="2026-10-31")
    assert found.mean_order == "900.00"
    # One of one decided lead ordered, so p0 = 2/3, and nobody ordered from an inquiry here.
    assert found.expected == "600.00"
    assert [(one.stage, one.leads, one.expected) for one in found.open] == [
        ("inquiry", 1, "600.00")
    ]
    assert lines(found)["order"].value == "900.00"


def test_a_breakdown_expects_of_repeat_leads_what_the_pipeline_does(world: World) -> None:
    settings = SiteSettings(repeat_orders="inherit")
    world.site = update_site(world.db, world.site.key, settings=settings)
    world.events([at("09-01 10:00", url=ad("water pump"))])
    take(
        world,
        Entry(id="o", stage="order", time="2026-09-02", value=Decimal(100), visitor="v1", lead="A"),
        Entry(id="i", stage="inquiry", time="2026-09-10", visitor="v1", lead="B"),
    )
    world.reconcile()
    found = report(world, last="2026-10-31")
    assert [(one.stage, one.leads, one.expected) for one in found.open] == [("inquiry", 1, "66.67")]
    chosen = {"group": "keyword,goal", "metrics": "expected_revenue"}
    request = read_breakdown(chosen, world.site, Period.parse("2026-09-01", "2026-10-31"))
    answer = breakdown(world.warehouse, world.db, request, clock=world.clock)
    assert answer.totals == {"expected_revenue": found.expected}
    assert {row.values["goal"]: row.metrics["expected_revenue"] for row in answer.rows} == {
        "stage:order": "0.00",
        "repeat:inquiry": "66.67",
    }
    request = read_breakdown(
        {"group": "stage", "metrics": "conversions,revenue"},
        world.site,
        Period.parse("2026-09-01", "2026-10-31"),
    )
    by_stage = breakdown(world.warehouse, world.db, request, clock=world.clock)
    assert {row.values["stage"]: row.metrics["conversions"] for row in by_stage.rows} == {
        "order": "1",
        "repeat:inquiry": "1",
    }


def test_a_breakdown_expects_as_much_of_a_lead_that_was_given_something_back(
    world: World,
) -> None:
    """A deposit that goes back stands under the lead's own stage, and is no conversion."""
    take(
        world,
        Entry(id="o", stage="order", time="2026-09-02", value=Decimal(100), lead="A"),
        Entry(id="s", stage="sample", time="2026-09-10", value=Decimal(20), lead="B"),
        Entry(id="r", stage="sample", time="2026-09-12", value=Decimal(-20), lead="B"),
    )
    world.reconcile()
    found = report(world, last="2026-10-31")
    assert found.expected == "66.67"
    chosen = {"group": "stage", "metrics": "expected_revenue"}
    request = read_breakdown(chosen, world.site, Period.parse("2026-09-01", "2026-10-31"))
    answer = breakdown(world.warehouse, world.db, request, clock=world.clock)
    assert answer.totals == {"expected_revenue": found.expected}


def test_without_the_rate_of_an_order_nothing_is_expected_and_the_rate_is_named(
    world: World,
) -> None:
    take(
        world,
        Entry(id="a", stage="inquiry", time="2026-10-20", lead="A"),
        Entry(id="o", stage="order", time="2026-10-21", value=Decimal(900), lead="B"),
        Entry(
            id="p", stage="order", time="2026-08-21", value=Decimal(900), currency="USD", lead="C"
        ),
    )
    world.reconcile()
    gap = [("missing_rate", "USD/CNY", "2026-08-21", "2026-08-21")]

    def named(incomplete: list[Incomplete]) -> list[tuple[str, str, str, str]]:
        return [(one.kind, one.source, one.first, one.last) for one in incomplete]

    # The order is before the period; in a period that has it, its rate is named once.
    for first in ("2026-10-01", "2026-08-01"):
        found = report(world, first=first, last="2026-10-31")
        assert (found.mean_order, found.expected) == (None, None)
        assert [(one.leads, one.expected) for one in found.open] == [(1, None)]
        assert named(found.incomplete) == gap
    period = Period.parse("2026-10-01", "2026-10-31")
    given = {"group": "", "metrics": "expected_revenue,order_revenue"}
    asked = read_breakdown(given, world.site, period)
    leads = breakdown(world.warehouse, world.db, asked, clock=world.clock)
    assert leads.totals == {"expected_revenue": None, "order_revenue": "900.00"}
    assert named(leads.incomplete) == gap
    orders = read_breakdown(
        {"group": "", "metrics": "order_revenue", "by": "conversion"},
        world.site,
        Period.parse("2026-08-01", "2026-10-31"),
    )
    found_orders = breakdown(world.warehouse, world.db, orders, clock=world.clock)
    assert found_orders.totals == {"order_revenue": None}
    assert named(found_orders.incomplete) == gap
    world.rates("day,base,quote,rate\n2026-08-21,USD,CNY,7\n")
    world.reconcile()
    found = report(world, first="2026-10-01", last="2026-10-31")
    assert (found.mean_order, found.incomplete) == ("3600.00", [])


def test_stages_of_one_day_stand_in_the_order_of_the_pipeline_however_they_arrive(
    world: World,
) -> None:
    """Systems that export days only make ties the rule; ids would put 10 before 9."""

    def steps(lead: str) -> list[Entry]:
        stages = (("10", "inquiry"), ("9", "quotation"), ("8", "invalid"), ("7", "negotiation"))
        return [
            Entry(id=f"{lead}-{n}", stage=stage, time="2026-10-31", lead=lead)
            for n, stage in stages
        ]

    for entry in steps("A")[:2]:
        take(world, entry)
    for entry in reversed(steps("B")[:2]):
        take(world, entry)
    take(world, *steps("C")[:2])
    take(world, *steps("D"))
    take(world, *reversed(steps("E")))
    world.reconcile()
    page = list_leads(world.warehouse, world.db, world.site, clock=world.clock)
    stand = {"A": "quotation", "B": "quotation", "C": "quotation", "D": "invalid", "E": "invalid"}
    assert {one.lead: one.stage for one in page.leads} == stand
    assert leads_by_stage(world.warehouse, world.db, world.site) == {"quotation": 3, "invalid": 2}
    for lead in "DE":
        found = lead_steps(world.warehouse, world.db, world.site, lead)
        assert [one.stage for one in found] == ["inquiry", "quotation", "negotiation", "invalid"]
    (waiting,) = report(world).open
    assert (waiting.stage, waiting.leads) == ("quotation", 3)


def test_a_stage_is_found_by_the_name_that_pages_show() -> None:
    stages = (Stage("ask", "inquiry"), Stage("deal", "order"), Stage("Lost", "other"))
    pipeline = Pipeline((*stages, Stage("gone", "lost"), Stage("cash", "payment", "Money")))
    texts = ("Order", "订单", "INQUIRY", "询盘", "lost", "丢单", "收款", "won")
    assert [pipeline.key_of(text) for text in texts] == [
        *("deal", "deal", "ask", "ask", "Lost", "gone", "收款", "won")
    ]


def test_stages_are_a_sites_own_and_their_names_lead_to_them(world: World) -> None:
    key = world.site.key
    assert pipeline_of(world.db, key).key_of(" 已付款 ") == "已付款"
    stages = [Stage("deal", "order", "Contract", ("合同",)), Stage("cash", "payment", "已付款")]
    found = set_stages(world.db, key, stages)
    assert [found.key_of(name) for name in ("CONTRACT", "合同", "Deal", "已付款", "询盘")] == [
        *("deal", "deal", "deal", "cash", "询盘")
    ]
    assert found.keys("order") == ("deal",)
    assert set_stages(world.db, key, []).stages == DEFAULT_STAGES


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ([Stage("a:b", "order")], "Not a key of a stage"),
        ([Stage("", "order")], "Not a key of a stage"),
        ([Stage("a", "prize")], "Unknown role 'prize'"),  # type: ignore[arg-type]
        ([Stage("a", "order"), Stage("b", "order", "A")], "Two stages are called 'a'"),
        ([Stage("a", "order"), Stage("a", "lost")], "Two stages"),
        ([Stage(f"s{n}", "other") for n in range(31)], "31 stages"),
    ],
)
def test_a_bad_pipeline_is_refused(world: World, stages: list[Stage], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        set_stages(world.db, world.site.key, stages)
    assert pipeline_of(world.db, world.site.key).stages == DEFAULT_STAGES


def test_a_delivery_is_read_by_its_paths() -> None:
    fields = {
        "items": "data.deals",
        "id": "id",
        "stage": "=order",
        "value": "money.amount",
        "email": "people.0.mail",
    }
    deal = {"id": 7, "money": {"amount": "12.5"}, "people": [{"mail": "a@b.example"}], "x": 1}
    body = json.dumps({"data": {"deals": [deal]}}).encode()
    assert read_delivery(body, "application/json", fields) == [
        Entry(id="7", stage="order", value=Decimal("12.5"), email="a@b.example")
    ]
    form = b"id=8&stage=%E8%AF%A2%E7%9B%98&phone=%2B8613800138000"
    assert read_delivery(form, "application/x-www-form-urlencoded; charset=utf-8", {}) == [
        Entry(id="8", stage="询盘", phone="+8613800138000")
    ]
    for bad in (b"{", b"7", b'{"id": "a"}', b'{"id":"a","stage":"b","value":"much"}'):
        with pytest.raises(InvalidInput):
            read_delivery(bad, "application/json", {})


def test_the_lag_of_an_order_reaches_to_the_order(world: World) -> None:
    for number in range(10):
        visitor, day = f"b{number}", f"07-0{number % 9 + 1}"
        world.events([at(f"{day} 10:00", visitor, ad("water pump"))])
        take(
            world,
            Entry(
                id=f"i{number}", stage="inquiry", time=f"2026-{day}", visitor=visitor, lead=visitor
            ),
            Entry(
                id=f"o{number}", stage="order", time="2026-08-25", value=Decimal(9), lead=visitor
            ),
        )
    world.reconcile()
    request = read_breakdown(
        {"group": "goal", "metrics": "conversion_lag"},
        world.site,
        Period.parse("2026-07-01", "2026-07-31"),
    )
    found = breakdown(world.warehouse, world.db, request, clock=world.clock)
    lags = {row.values["goal"]: row.metrics["conversion_lag"] for row in found.rows}
    assert float(lags["stage:inquiry"] or 0) < 1
    assert float(lags["stage:order"] or 0) > 45
    report = world.report("2026-10-01", "2026-10-31", goal="stage:order")
    early = [(one.first, one.last) for one in report.incomplete if one.kind == "too_early"]
    assert early == [("2026-10-01", "2026-10-31")]


def test_a_refund_before_the_date_only_order_of_its_day_does_not_end_the_path(world: World) -> None:
    world.spend(
        "day,platform,campaign,keyword,clicks,impressions,cost\n"
        "2026-09-10,baidu,pumps,water pump,10,100,5\n",
        platform="baidu",
    )
    world.events([at("09-10 16:00", url=ad("water pump"))])
    take(
        world,
        Entry(id="o", stage="order", time="2026-09-10", value=Decimal(300), visitor="v1", lead="L"),
        Entry(id="r", stage="order", time="2026-09-10T15:00:00Z", value=Decimal(-100), lead="L"),
    )
    world.reconcile()
    rows = world.report("2026-09-01", "2026-09-30").rows
    assert [(row.keyword, row.conversions, row.revenue) for row in rows] == [
        ("water pump", "1", "200.00")
    ]
    (lead,) = list_leads(world.warehouse, world.db, world.site, clock=world.clock).leads
    assert lead.opened == lead.moved == datetime(2026, 9, 10, 23, 59, 59, 999000, tzinfo=UTC)
