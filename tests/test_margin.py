"""The contribution: by the cost of an order, the margin of a product group or that of the site."""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine

from tests.world import World, ad, at
from tracker.accounts import marks
from tracker.accounts.sites import SiteSettings, update_site
from tracker.cli.rules import changed_settings
from tracker.commands.sites import site_changed
from tracker.conversions.entry import Entry
from tracker.errors import InvalidInput
from tracker.reports.breakdown import Breakdown
from tracker.reports.result import KeywordReport
from tracker.reports.roi import Economics, Sums, contribution, metrics
from tracker.requests.conversions import TakeConversions
from tracker.requests.pipeline import ReportPipeline
from tracker.requests.reports import ReportBreakdown
from tracker.requests.upkeep import Rebuild
from tracker.warehouse.client import Warehouse

SEPTEMBER = ("2026-09-01", "2026-09-30")
HEADER = "Time,Stage,Value,Currency,ID,Visitor,Product group,Order cost\n"
SPEND = (
    "day,platform,campaign,keyword,clicks,impressions,cost\n"
    "2026-09-01,baidu,pumps,water pump,10,100,100\n"
    "2026-09-01,baidu,pumps,oil pump,5,100,50\n"
)
#: Revenue 1530, of which 1350 have a gain of their own: 300 + 150 − 30 − 15 = 405.
ORDERS = (
    HEADER
    + "2026-09-02 10:00,order,1000,CNY,A,v1,,700\n"
    + "2026-09-02 10:00,order,500,CNY,B,v2,Valves,\n"
    + "2026-09-02 10:00,order,200,CNY,C,v2,,\n"
    + "2026-09-03 10:00,order,-100,CNY,D,v1,,70\n"
    + "2026-09-03 10:00,order,-50,CNY,E,v2,valves,\n"
    + "2026-09-03 10:00,order,-20,CNY,F,v2,no such group,\n"
)
LIVE = "(day, build) IN (SELECT day, max(build) FROM slices WHERE kind = 'credits' GROUP BY day)"
GAINS = f"SELECT external_id, gain_site FROM conversions WHERE {LIVE} ORDER BY external_id, time"
Make = Callable[..., World]


@pytest.fixture
def make(sqlite_db: Engine, warehouse_embedded: Warehouse, tmp_path: Path) -> Make:
    """Makes the site with this margin and these of product groups, in per cent."""

    def made(margin: str | None = "0.4", **groups: str) -> World:
        settings = SiteSettings(group_margins={name: Decimal(of) for name, of in groups.items()})
        return World(
            warehouse_embedded,
            sqlite_db,
            tmp_path,
            margin=None if margin is None else Decimal(margin),
            settings=settings,
        )

    return made


@pytest.fixture
def filled(make: Make) -> World:
    """Two keywords with orders and refunds of every kind."""
    world = make(valves="0.3")
    world.events(
        [at("09-01 10:00", "v1", ad("water pump")), at("09-01 10:00", "v2", ad("oil pump"))]
    )
    world.spend(SPEND, platform="baidu")
    world.offline(ORDERS)
    world.reconcile()
    return world


def change(world: World, **changes: Any) -> None:
    """Change the site as its settings page does."""
    before = world.site
    world.site = update_site(world.db, before.key, **changes)
    site_changed(world.parts, before, world.site)


def explore(world: World, group: str, metrics: str) -> Breakdown:
    found = world.run(
        "report-breakdown",
        ReportBreakdown(
            site=world.site.key,
            first=SEPTEMBER[0],
            last=SEPTEMBER[1],
            given={"group": group, "metrics": metrics},
        ),
    )
    assert isinstance(found, Breakdown)
    return found


def by_keyword(report: KeywordReport) -> dict[str | None, tuple[str | None, ...]]:
    return {row.keyword: (row.revenue, row.contribution, row.profit) for row in report.rows}


def test_each_conversion_has_the_gain_of_its_order_or_of_its_group(filled: World) -> None:
    """1000 − 700; 500 × 0.3; a refund of 100 whose goods of 70 came back takes 30 off."""
    gains = dict(filled.rows(GAINS))
    assert gains == {
        "A": Decimal(300),
        "B": Decimal(150),
        "C": None,
        "D": Decimal(-30),
        "E": Decimal(-15),
        "F": None,
    }


def test_a_lead_says_once_what_it_buys_and_a_refund_takes_off_what_its_order_gave(
    make: Make,
) -> None:
    """A fifth of the order comes back: a fifth of its cost does, too, unless the refund says else.
    The group is that of the latest stage before which names one."""
    world = make(valves="0.3", hoses="0.2")
    world.offline(
        "Time,Stage,Value,Currency,ID,Lead,Product group,Order cost\n"
        "2026-09-02 10:00,order,1000,CNY,A1,A,,700\n"
        "2026-09-03 10:00,order,-200,CNY,A2,A,,\n"
        "2026-09-04 10:00,order,-100,CNY,A3,A,,0\n"
        "2026-09-04 11:00,order,-10,USD,A4,A,,\n"
        "2026-09-02 10:00,inquiry,,,B1,B,Valves,\n"
        "2026-09-03 10:00,order,500,CNY,B2,B,,\n"
        "2026-09-04 10:00,order,300,CNY,B3,B,Hoses,\n"
        "2026-09-05 10:00,order,-50,CNY,B4,B,,\n"
        "2026-09-01 10:00,order,-30,CNY,C0,C,,\n"
        "2026-09-02 10:00,order,100,CNY,C1,C,Hoses,90\n"
    )
    world.reconcile()
    gains = dict(world.rows(GAINS))
    assert gains == {
        "A1": Decimal(300),
        "A2": Decimal(-60),
        "A3": Decimal(-100),
        "A4": None,
        "B1": None,
        "B2": Decimal(150),
        "B3": Decimal(60),
        "B4": Decimal(-10),
        "C0": Decimal(-3),
        "C1": Decimal(10),
    }
    world.offline(
        "Time,Stage,Value,Currency,ID,Lead,Product group,Order cost\n"
        "2026-09-02 10:00,order,1000,CNY,A1,A,,800\n"
        "2026-09-02 10:00,inquiry,,,B1,B,,\n"
    )
    world.reconcile()
    gains = dict(world.rows(GAINS))
    assert [gains[name] for name in ("A1", "A2", "B2", "B4")] == [200, -40, 100, -10]


def test_a_refund_takes_off_the_cost_of_a_stage_whose_value_is_revenue_alone(make: Make) -> None:
    """Of A the order earns, at the margin of the site: what it was paid at cost 700 is no part of
    totals. Of B order and payment say a cost each: that of the order was counted."""
    world = make()
    world.offline(
        "Time,Stage,Value,Currency,ID,Lead,Order cost\n"
        "2026-09-02 10:00,order,1000,CNY,A1,A,\n"
        "2026-09-03 10:00,payment,1000,CNY,A2,A,700\n"
        "2026-09-04 10:00,order,-1000,CNY,A3,A,\n"
        "2026-09-02 10:00,order,1000,CNY,B1,B,700\n"
        "2026-09-03 10:00,payment,1000,CNY,B2,B,650\n"
        "2026-09-04 10:00,order,-1000,CNY,B3,B,\n"
    )
    world.reconcile()
    gains = dict(world.rows(GAINS))
    assert (gains["A3"], gains["B3"]) == (None, Decimal(-300))
    totals = world.report(*SEPTEMBER).totals
    assert (totals.revenue, totals.contribution) == ("0.00", "0.00")


def test_amounts_that_no_column_holds_are_left_out_and_stop_no_build(make: Make) -> None:
    """Of a refund ten million times its order; and of what a visitor sends, in another currency."""
    world = make()
    world.goal("order", kind="event", pattern="order", use_event_value=True)
    world.offline(
        "Time,Stage,Value,Currency,ID,Lead,Order cost\n"
        "2026-09-02 10:00,order,1,CNY,A1,A,10000000\n"
        "2026-09-03 10:00,order,-10000000,CNY,A2,A,\n"
    )
    world.rates("day,base,quote,rate\n2026-09-01,USD,CNY,25000\n")
    for number, value in enumerate(("999999999", "999999999999", "4")):
        event: dict[str, Any] = {"name": "order", "value": value, "currency": "USD"}
        world.events([at("09-01 10:00", f"v{number}", **event)])
    world.reconcile()
    assert dict(world.rows(GAINS))["A2"] is None
    values = world.rows(
        f"SELECT value_site, rate_missing FROM conversions WHERE {LIVE} AND origin = 'goal'"
    )
    assert sorted(values, key=str) == [(Decimal(100_000), False), (None, False), (None, False)]


def test_reports_take_own_gains_and_the_margin_of_the_site_for_the_rest(filled: World) -> None:
    """405 + 0.4 × (1530 − 1350) = 477; of the water pump 270, of the oil pump 135 + 0.4 × 180."""
    report = filled.report(*SEPTEMBER)
    assert by_keyword(report) == {
        "water pump": ("900.00", "270.00", "170.00"),
        "oil pump": ("630.00", "207.00", "157.00"),
    }
    totals = report.totals
    assert (totals.revenue, totals.contribution, totals.profit) == ("1530.00", "477.00", "327.00")
    assert totals.roi == pytest.approx((477 - 150) / 150)
    assert [row.roi for row in report.rows] == pytest.approx([1.7, 3.14])
    assert report.own_margins
    assert report.break_even_roas == pytest.approx(1530 / 477)
    best = filled.report(*SEPTEMBER, sort="roi")
    assert [row.keyword for row in best.rows] == ["oil pump", "water pump"]


def test_returns_are_sorted_by_contribution_and_not_by_revenue(make: Make) -> None:
    """ROAS 10 and 8; but of 1000 are left 50, of 800 are left 320."""
    world = make()
    world.events(
        [at("09-01 10:00", "v1", ad("water pump")), at("09-01 10:00", "v2", ad("oil pump"))]
    )
    world.spend(SPEND.replace(",5,100,50", ",5,100,100"), platform="baidu")
    world.offline(
        HEADER
        + "2026-09-02 10:00,order,1000,CNY,A,v1,,950\n"
        + "2026-09-02 10:00,order,800,CNY,B,v2,,\n"
    )
    world.reconcile()
    for sort, first in (("roas", "water pump"), ("roi", "oil pump")):
        rows = world.report(*SEPTEMBER, sort=sort).rows
        assert rows[0].keyword == first, sort


def test_the_explorer_agrees_and_its_rows_add_up(filled: World) -> None:
    names = "revenue,contribution,profit,roi,break_even_roas,max_cpc,clicks"
    whole = explore(filled, "", names).totals
    assert whole["contribution"] == "477.00"
    assert whole["roi"] == pytest.approx(2.18)
    assert whole["break_even_roas"] == pytest.approx(1530 / 477)
    assert whole["max_cpc"] == "31.80"  # 477 / 15
    for group in ("keyword", "day", "channel", "campaign,keyword", "device"):
        report = explore(filled, group, names)
        assert report.totals == whole
        parts = sum(Decimal(str(row.metrics["contribution"] or 0)) for row in report.rows)
        assert parts == 477, group
    rows = {row.values["keyword"]: row.metrics for row in explore(filled, "keyword", names).rows}
    assert rows["water pump"]["max_cpc"] == "27.00"
    assert rows["oil pump"]["break_even_roas"] == pytest.approx(630 / 207)


@pytest.mark.parametrize("model", ["first", "linear", "position", "time_decay", "markov"])
def test_every_model_deals_out_the_same_contribution(filled: World, model: str) -> None:
    report = filled.report(*SEPTEMBER, model=model)
    assert report.totals.contribution == "477.00"
    parts = sum(Decimal(row.contribution or 0) for row in report.rows)
    assert parts == pytest.approx(Decimal(477), abs=Decimal("0.000002"))


def test_data_driven_credit_gives_every_source_the_same_contribution_for_its_revenue(
    filled: World,
) -> None:
    report = filled.report(*SEPTEMBER, model="markov")
    shares = [Decimal(row.contribution or 0) / Decimal(row.revenue or 1) for row in report.rows]
    assert shares == pytest.approx([Decimal(477) / 1530] * 2, abs=Decimal("0.000001"))


def test_the_pipeline_has_the_contribution_of_each_stage(filled: World) -> None:
    report: Any = filled.run("report-pipeline", ReportPipeline(filled.site.key, *SEPTEMBER))
    (order,) = [line for line in report.stages if line.stage == "order"]
    assert (order.value, order.revenue_roi, order.roi) == ("1530.00", "9.2000", "2.1800")
    assert report.own_margins


def test_the_margin_of_the_site_is_read_and_restates_nothing(filled: World) -> None:
    change(filled, margin=Decimal("0.5"))
    assert not marks.take(filled.db, 9, 9)
    assert filled.report(*SEPTEMBER).totals.contribution == "495.00"
    change(filled, margin=None)
    report = filled.report(*SEPTEMBER)
    # The water pump's revenue has gains of its own alone; a part of the oil pump's has no margin.
    assert by_keyword(report) == {
        "water pump": ("900.00", "270.00", "170.00"),
        "oil pump": ("630.00", None, None),
    }
    assert (report.totals.contribution, report.totals.roi, report.break_even_roas) == (None,) * 3


def test_a_changed_margin_of_a_group_changes_history(filled: World) -> None:
    settings = SiteSettings(group_margins={"Valves": Decimal("0.5"), "pumps": Decimal("0.1")})
    change(filled, settings=settings)
    filled.reconcile()
    # 300 + 250 − 30 − 25 = 495, and 72 by the margin of the site.
    assert filled.report(*SEPTEMBER).totals.contribution == "567.00"
    change(filled, settings=SiteSettings())
    filled.reconcile()
    # 300 − 30 = 270, and 0.4 × (1530 − 900) = 252.
    assert filled.report(*SEPTEMBER).totals.contribution == "522.00"


def test_a_rebuild_gives_the_same_rows(filled: World) -> None:
    wanted = (
        "SELECT model, conversion_id, position, amount, own_amount, own_gain FROM credits "
        f"WHERE {LIVE} ORDER BY ALL"
    )
    before = filled.rows(wanted)
    filled.run("rebuild", Rebuild(filled.site.key))
    assert filled.rows(wanted) == before


def test_without_any_margin_nothing_is_said_of_contribution(make: Make) -> None:
    world = make(None)
    world.events([at("09-01 10:00", "v1", ad("water pump"))])
    world.spend(SPEND, platform="baidu")
    world.offline(HEADER + "2026-09-02 10:00,order,1000,CNY,A,v1,pumps,\n")
    world.reconcile()
    report = world.report(*SEPTEMBER)
    assert not report.own_margins
    for row in report.rows:
        assert (row.contribution, row.profit, row.roi) == (None, None, None)


def test_tax_is_taken_off_and_the_cost_converted_as_the_value_is(make: Make) -> None:
    """USD 113 at 13% are 100; less goods of 60 and at 7.1 CNY: 284. 0.3 × 710 = 213."""
    world = make(valves="0.3")
    change(world, settings=msgspec.structs.replace(world.site.settings, tax_rate=Decimal("0.13")))
    world.rates("Date,Base,Quote,Rate\n2026-09-02,USD,CNY,7.1\n")
    world.offline(
        HEADER
        + "2026-09-02 10:00,order,113,USD,A,v1,valves,60\n"
        + "2026-09-02 10:00,order,113,USD,B,v1,valves,\n"
        + "2026-09-02 10:00,order,113,EUR,C,v1,valves,60\n"
    )
    world.reconcile()
    gains = world.rows(GAINS)
    assert gains == [("A", Decimal(284)), ("B", Decimal(213)), ("C", None)]
    assert world.report(*SEPTEMBER).totals.contribution is None


def test_events_name_group_and_cost_as_properties(make: Make) -> None:
    world = make(valves="0.3")
    world.goal("order", kind="event", pattern="order", use_event_value=True)
    world.goal("sample", kind="event", pattern="sample", value=Decimal(10))
    properties: list[dict[str, Any]] = [
        {"order_cost": "60.5"},
        {"order_cost": 60, "product_group": "valves"},
        {"product_group": " VALVES "},
        {"order_cost": "-1"},
        {"order_cost": "1e3"},
        {"order_cost": "much", "product_group": "x" * 101},
        {},
        {"order_cost": 3 * 1.1},
        {"order_cost": 0.00001},
        {"order_cost": 2.5e-6},
        {"order_cost": 4.999e-7},
        {"order_cost": "60.0000005"},
        {"order_cost": "9" * 12 + ".9999996"},
        {"order_cost": 1e21},
        {"order_cost": "9" * 40},
        {"order_cost": "3.3.3"},
        {"order_cost": "NaN"},
    ]
    world.events(
        [
            at("09-01 10:00", "v1", ad("water pump")),
            *(
                at(
                    f"09-01 10:{n + 1:02}",
                    "v1",
                    name="order",
                    value="100",
                    currency="CNY",
                    props=props,
                )
                for n, props in enumerate(properties)
            ),
            at("09-01 10:30", "v1", name="sample", props={"product_group": "valves"}),
            at("09-01 10:31", "v1", name="sample", props={"order_cost": "1"}),
        ]
    )
    world.reconcile()
    gains = [gain for _, gain in world.rows(GAINS)]
    expected = ["39.5", "40", "30", None, None, None, None]
    expected += ["96.7", "99.99999", "99.999997", "100", "39.999999", "-999999999900", None, None]
    expected += [None, None, "3", None]
    assert gains == [None if one is None else Decimal(one) for one in expected]


def test_own_gains_sum_exactly_over_the_touches_of_every_model(make: Make) -> None:
    world, chance = make(valves="0.333333"), random.Random(3)
    world.events(
        [
            at(f"08-{chance.randint(1, 28):02} {hour:02}:00", f"v{visitor}", ad(f"k{hour}"))
            for visitor in range(6)
            for hour in range(chance.randint(1, 7))
        ]
    )
    rows = []
    for number in range(30):
        value = Decimal(chance.randint(-3000, 9000)) / 7
        group, cost = chance.choice([("", ""), ("valves", ""), ("", "1.000007"), ("x", "0")])
        rows.append(
            f"2026-09-02 10:00,order,{value:.6f},CNY,O{number},v{chance.randint(0, 6)},"
            f"{group},{cost}\n"
        )
    world.offline(HEADER + "".join(rows))
    world.reconcile()
    wrong = world.rows(
        "SELECT c.external_id, k.model FROM "
        "(SELECT conversion_id, model, sum(own_amount) AS owned, sum(own_gain) AS gain, "
        f"sum(amount) AS amount FROM credits WHERE {LIVE} GROUP BY conversion_id, model) AS k "
        f"INNER JOIN (SELECT * FROM conversions WHERE {LIVE}) AS c USING (conversion_id) "
        "WHERE k.amount != toInt64(c.value_site * 1000000) "
        "OR k.owned != if(c.gain_site IS NULL, 0, k.amount) "
        "OR k.gain != toInt64(ifNull(c.gain_site, 0) * 1000000)"
    )
    assert wrong == []
    ((many,),) = world.rows(f"SELECT countIf(gain_site IS NOT NULL) FROM conversions WHERE {LIVE}")
    assert many > 5
    sums = world.rows(
        "SELECT sum(own_amount), sum(own_gain) FROM credits WHERE model = 'linear' "
        f"AND {LIVE} UNION ALL "
        "SELECT sum(own_amount), sum(own_gain) FROM credit_days WHERE model = 'linear' "
        f"AND {LIVE}"
    )
    assert sums[0] == sums[1]


def test_a_cost_of_nothing_where_there_is_no_value_says_nothing(make: Make) -> None:
    world = make()
    world.offline(HEADER + "2026-09-02 10:00,inquiry,,CNY,A,v1,,0\n")
    assert world.rows("SELECT order_cost FROM offline_conversions") == [(None,)]
    nothing = Entry(id="A", stage="inquiry", order_cost=Decimal(0), time="2026-09-02 10:00")
    world.run("conversions-take", TakeConversions(world.site.key, (nothing,)))
    assert world.rows("SELECT count(), max(order_cost) FROM offline_conversions")[0][1] is None


def test_what_cannot_be_is_refused_by_name(make: Make) -> None:
    world = make()
    for row, said in (
        ("2026-09-02 10:00,order,100,CNY,A,v1,,-5\n", "order cost is -5"),
        ("2026-09-02 10:00,order,,CNY,A,v1,,5\n", "needs the value of the order"),
        (f"2026-09-02 10:00,order,1,CNY,A,v1,{'x' * 101},5\n", "longer than 100 characters"),
    ):
        with pytest.raises(InvalidInput, match=said):
            world.offline(HEADER + row)
    for entry, said in (
        ({"value": "100", "order_cost": "-5"}, "order cost is -5"),
        ({"order_cost": "5"}, "needs the value of the order"),
    ):
        given = msgspec.convert({"id": "A", "stage": "order", **entry}, Entry, strict=False)
        with pytest.raises(InvalidInput, match=said):
            world.run("conversions-take", TakeConversions(world.site.key, (given,)))
    for margins, said in (
        ({"valves": Decimal(30)}, "product group 'valves' is 30"),
        ({"valves": Decimal("0.3"), " Valves": Decimal("0.4")}, "has two margins"),
        ({" ": Decimal("0.3")}, "has no name"),
    ):
        with pytest.raises(InvalidInput, match=said):
            update_site(world.db, world.site.key, settings=SiteSettings(group_margins=margins))


def test_rules_are_set_by_command_as_maps_are() -> None:
    given = ["group_margins=valves=0.3, pumps=0.25", "tax_rate=0.13"]
    changed = changed_settings(SiteSettings(), given)
    assert changed.tax_rate == Decimal("0.13")
    assert changed.group_margins == {"valves": Decimal("0.3"), "pumps": Decimal("0.25")}
    # Others stay as they are.
    again = changed_settings(changed, ["half_life_days=3"])
    assert again == msgspec.structs.replace(changed, half_life_days=3)
    assert changed.of_credit != SiteSettings().of_credit
    with pytest.raises(InvalidInput, match="cannot be used"):
        changed_settings(SiteSettings(), ["tax_rate=13%"])


def test_the_formula_of_contribution_by_hand() -> None:
    """Revenue 10, of which 4 have a gain of 1: with 0.5 for the rest 1 + 3 = 4."""
    million = 10**6
    sums = Sums(amount=10 * million, own_amount=4 * million, own_gain=1 * million)
    half = Decimal("0.5")
    assert contribution(sums, Economics(half, has_revenue=True, has_own=True)) == 4
    assert contribution(sums, Economics(None, has_revenue=True, has_own=True)) is None
    whole = Sums(amount=4 * million, own_amount=4 * million, own_gain=1 * million)
    assert contribution(whole, Economics(None, has_revenue=True, has_own=True)) == 1
    lacking = Sums(amount=1, unpriced_value=1)
    assert contribution(lacking, Economics(half, has_revenue=True)) is None
    nothing = metrics(Sums(cost=million, spend_rows=1), Economics(None, has_revenue=True))
    assert (nothing.contribution, nothing.roi) == (None, None)
    assert Economics(half, has_revenue=True, has_own=True).break_even(Sums()) == 2
    loss = Economics(half, has_revenue=True, has_own=True)
    assert loss.break_even(Sums(amount=million, own_amount=million, own_gain=-million)) is None
