"""Breakdowns: any chain of dimensions adds up to the same totals, and says what it cannot know."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.cards import write_card
from tests.test_report_properties import HEADER, KEYWORDS
from tests.world import HOME, World, ad, at
from tracker.accounts.person_cards import Card
from tracker.accounts.sites import SiteSettings
from tracker.cli.reports import show_breakdown
from tracker.commands.conversions import offline_deps
from tracker.conversions.entries import take_entries
from tracker.conversions.entry import Entry
from tracker.conversions.people import visitor_name
from tracker.errors import InvalidInput
from tracker.period import Period, parse_day
from tracker.reports.breakdown import Breakdown, breakdown
from tracker.reports.breakdown_request import Compare, read_breakdown
from tracker.reports.dimensions import DIMENSIONS
from tracker.reports.measures import METRICS
from tracker.reports.pipeline import pipeline_report
from tracker.warehouse.client import Warehouse

MONTH = ("2026-09-01", "2026-09-30")
ZONE = "Europe/Berlin"
#: Metrics that add up over rows, as numbers.
ADDITIVE = (
    *("cost", "untracked_cost", "adjusted_cost", "impressions", "clicks"),
    *("visits", "pageviews", "conversions", "revenue", "contribution"),
)
DISTINCT = ("arrived_clicks", "assisted_conversions")
RATIOS = (
    "cpa",
    "roas",
    "roi",
    "profit",
    "break_even_roas",
    "visit_cvr",
    "aov",
    "cost_per_inquiry",
    "payments",
    "payment_roas",
)

#: Whole millionths of contribution: parts add up to the last digit.
RULES: dict[str, Any] = {
    "margin": Decimal(1),
    "settings": SiteSettings(group_margins={"valves": Decimal("0.3")}),
}
PERIOD_ROW = (
    'Search keyword report\n"Sep 1, 2026 - Sep 10, 2026"\n'
    "Keyword,Match type,Campaign,Ad group,Currency code,Clicks,Impr.,Cost\n"
    "pump,Phrase match,pumps,g,CNY,10,100,50.00\n"
)


@pytest.fixture
def world(embedded_engine: Warehouse, sqlite_db: Engine, tmp_path: Path) -> World:
    """A site of its own in the engine of all."""
    return with_goals(World(embedded_engine, sqlite_db, tmp_path, timezone=ZONE, **RULES))


def with_goals(world: World) -> World:
    world.goal("order", kind="event", pattern="order", use_event_value=True)
    world.goal("thanks", kind="path", pattern="/thanks")
    # Of no total, though it has a value.
    world.goal("seen", kind="path", pattern="/", value=Decimal("0.30"), is_primary=False)
    return world


@pytest.fixture(scope="module")
def filled(
    embedded_engine: Warehouse, shared_db: Engine, tmp_path_factory: pytest.TempPathFactory
) -> World:
    """A filled site, for tests that only ask."""
    folder = tmp_path_factory.mktemp("filled")
    world = with_goals(World(embedded_engine, shared_db, folder, timezone=ZONE, **RULES))
    fill(world, random.Random(1))
    return world


def ask(world: World, *, days: tuple[str, str] = MONTH, **given: str) -> Breakdown:
    """A breakdown of September."""
    period = Period(*map(parse_day, days))
    request = read_breakdown(given, world.site, period)
    return breakdown(world.warehouse, world.db, request, clock=world.clock)


def rows(report: Breakdown) -> dict[tuple[str | None, ...], Mapping[str, Any]]:
    """Metrics by the values of the chain."""
    found: dict[tuple[str | None, ...], Mapping[str, Any]] = {}
    for row in report.rows:
        mark = ("unallocated",) if row.unallocated else ()
        found[*row.values.values(), *mark] = row.metrics
    assert len(found) == len(report.rows)
    return found


def fill(world: World, chance: random.Random) -> None:
    """Random visits, orders, leads and spend of September, in two currencies, with a fee row's
    campaign and no keyword, and with spend of several days: before the first visit, and into it."""
    lines = []
    earning = random.Random(7)
    for _ in range(chance.randint(20, 60)):
        moment = (
            f"09-{chance.randint(4, 28):02} {chance.randint(0, 23):02}:{chance.randint(0, 59):02}"
        )
        visitor = f"v{chance.randint(0, 6)}"
        url = chance.choice([HOME, HOME + "thanks", ad(chance.choice(KEYWORDS), campaign="c")])
        lines.append(at(moment, visitor, url))
        if chance.random() < 0.3:
            worth = chance.choice(["1.50", "99.99", "0.01"])
            money = chance.choice(["CNY", "USD"])
            props = earning.choice([{}, {"product_group": "Valves"}, {"order_cost": "0.75"}])
            lines.append(
                at(moment, visitor, HOME, name="order", value=worth, currency=money, props=props)
            )
    world.events(lines)
    leads = [
        f"{stage}{lead},{lead},2026-09-{day + wait:02},{stage},{worth},{money},v{lead},"
        f"{earning.choice(['', 'valves', 'pumps'])},{worth and earning.choice(['', '1.23'])},"
        f"{earning.choice(['', '13%'])}\n"
        for lead in range(4)
        for day, money in [(chance.randint(5, 20), chance.choice(["CNY", "USD"]))]
        for wait, stage in enumerate(("inquiry", "valid", "quotation", "order", "payment"))
        for worth in [chance.choice(["", "70.10", "3"])]
        if chance.random() < 0.8
    ]
    titles = "id,lead,time,stage,value,currency,visitor,product group,order cost,tax rate"
    world.offline(titles + "\n" + "".join(leads))
    rates = (f"2026-09-{day:02},USD,CNY,7.{day:02}\n" for day in range(1, 31))
    world.rates("day,base,quote,rate\n" + "".join(rates))
    spent = [
        f"2026-09-{day:02},c,g,{keyword},{chance.randint(0, 99)},7,{cents / 100}"
        for day in range(1, 29, 3)
        for keyword in KEYWORDS[:3]
        for cents in [chance.randint(0, 9999)]
    ]
    world.spend(HEADER + "\n".join(spent) + "\n", platform="baidu", account="a")
    pmax = "2026-09-05,All products,,Performance Max,900,30,77.70\n"
    world.spend(HEADER + pmax, platform="google", account="b")
    for account, last, money in (("early", 3, "CNY"), ("reaching", 9, "USD")):
        text = PERIOD_ROW.replace("Sep 10", f"Sep {last}").replace("CNY", money)
        text = text.replace("pump,", "bolt,")
        world.spend(text, platform="google", account=account, period_total=True)
    world.reconcile()
    for number, visitor in enumerate(visitors(world)[:3]):
        card = Card(tags=("vip", "agent")[: number + 1])
        write_card(world.db, world.site.key, visitor, [visitor], card, now=world.now)


def visitors(world: World) -> list[str]:
    """The visitors of the world by their names, the first seen first."""
    found = world.rows(
        f"SELECT visitor FROM visits WHERE site = '{world.site.key}' "
        "GROUP BY visitor ORDER BY min(start), visitor"
    )
    return [visitor_name(int(visitor)) for (visitor,) in found]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3, 4])
def test_rows_of_every_chain_add_up_in_another_world_too(world: World, seed: int) -> None:
    chance = random.Random(seed)
    fill(world, chance)
    every_chain_adds_up(world, chance)


def test_rows_of_every_chain_add_up_to_the_totals_of_all(filled: World) -> None:
    every_chain_adds_up(filled, random.Random(1))


def every_chain_adds_up(world: World, chance: random.Random) -> None:
    keywords = world.report(*MONTH)
    names = [name for name in DIMENSIONS if name not in ("page", "event")]
    chains = [[name] for name in names] + [chance.sample(names, 3) for _ in range(6)] + [[]]
    metrics = ",".join((*ADDITIVE, *DISTINCT, *RATIOS))
    whole = ask(world, group="", metrics=metrics).totals
    assert whole["untracked_cost"] != "0.00" != whole["payments"]
    for chain in chains:
        report = ask(world, group=",".join(chain), metrics=metrics, limit="0")
        # Every figure of the total, ratios too, is the same whatever the rows are.
        assert report.totals == whole, chain
        odd = {
            name
            for name in ADDITIVE
            if sum(Decimal(str(row.metrics[name] or 0)) for row in report.rows)
            != Decimal(str(whole[name]))
        }
        assert odd <= {"conversions", "revenue", "contribution"}
        assert not odd or not {"goal", "stage"}.isdisjoint(chain), (chain, odd)
        assert bool(odd) is ("overlapping_rows" in [one.kind for one in report.incomplete]), chain
    for name in whole.keys() & set(type(keywords.totals).__struct_fields__):
        assert whole[name] == getattr(keywords.totals, name), name
    # A visit is on several pages: of visits only what was looked at adds up there.
    looked = ("pageviews", "events", "cost", "revenue")
    whole = ask(world, group="", metrics=",".join(looked)).totals
    for chain in (["page"], ["event", "channel"], ["day", "page"]):
        report = ask(world, group=",".join(chain), metrics=",".join(looked), limit="0")
        assert report.totals == whole
        for name in looked:
            parts = sum(Decimal(str(row.metrics[name] or 0)) for row in report.rows)
            assert parts == Decimal(str(whole[name])), (chain, name)


@pytest.mark.parametrize("tried", [6, pytest.param(None, marks=pytest.mark.slow)])
def test_a_filter_leaves_what_the_row_of_its_value_has(filled: World, tried: int | None) -> None:
    world, chance = filled, random.Random(5)
    names = [
        name
        for name, one in DIMENSIONS.items()
        if not one.is_list and name not in ("page", "event")
    ]
    metrics = ",".join((*ADDITIVE, *DISTINCT))
    for name in chance.sample(names, tried or len(names)):
        report = ask(world, group=name, metrics=metrics, limit="0")
        row = chance.choice([row for row in report.rows if not row.unallocated])
        value = row.values[name] or ""
        found = ask(world, group="channel", metrics=metrics, filter=f'{name} is "{value}"')
        # What spend does not know of by this dimension is left out, and told of.
        lacks = {
            one.source.partition(": ")[0] for one in found.incomplete if one.kind == "left_out"
        }
        kept = [one for one in (*ADDITIVE, *DISTINCT) if not lacks or row.metrics[one]]
        assert {one: found.totals[one] or 0 for one in kept} == {
            one: row.metrics[one] or 0 for one in kept
        }, (name, value)
        for one in ADDITIVE:
            parts = sum(Decimal(str(line.metrics[one] or 0)) for line in found.rows)
            assert parts == Decimal(str(found.totals[one] or 0)), (name, one)


def test_credit_without_a_touch_is_found_by_a_filter_for_no_source(world: World) -> None:
    world.offline("id,lead,time,stage,value,currency\no1,L,2026-09-02T10:00:00Z,order,9,CNY\n")
    world.reconcile()
    for text in ('medium is ""', 'channel is ""', "not source is google"):
        found = ask(world, group="source", metrics="revenue", filter=text)
        assert rows(found) == {(None,): {"revenue": "9.00"}}, text


def test_the_visit_of_a_touch_is_known_however_long_ago_it_was(world: World) -> None:
    first = at("02-01 08:00", "a", ad("pump", page="land"))
    first |= {"time": "2025-02-01T08:00:00+00:00"}
    world.events([first, at("09-01 08:00", "b", ad("pump", page="other"))])
    steps = [
        Entry(id="i", stage="inquiry", time="2025-02-02", visitor="a", lead="L"),
        Entry(id="o", stage="order", time="2026-09-03", value=Decimal(300), lead="L"),
    ]
    take_entries(offline_deps(world.parts, world.site), world.site, steps)
    world.reconcile()
    wanted = "revenue,closed_orders"
    earned = {"revenue": "300.00", "closed_orders": "1"}
    assert rows(ask(world, group="landing_page", metrics=wanted, by="conversion")) == {
        ("/land",): earned
    }
    text = 'landing_page is "/land"'
    found = ask(world, group="source", filter=text, metrics=wanted, by="conversion")
    assert rows(found) == {("baidu",): earned}
    # By click the same stands on the day of the touch.
    found = ask(world, group="landing_page", days=("2025-02-01", "2025-02-01"), metrics="revenue")
    assert rows(found) == {("/land",): {"revenue": "300.00"}}


def test_tags_of_a_person_are_found_by_any_of_his_visitors(world: World) -> None:
    mail = "anna@buyer.example"
    world.events(
        [
            at("09-01 08:00", "phone", ad("pump", campaign="c")),
            at("09-01 08:01", "phone", name="identify", props={"email": mail}),
            at("09-02 08:00", "desk"),
            at("09-02 08:01", "desk", name="identify", props={"email": mail}),
            at("09-02 08:10", "desk", name="order", value="90", currency="CNY"),
            at("09-03 08:00", "other"),
            at("09-04 08:00", "nobody"),
        ]
    )
    world.spend(HEADER + "2026-09-01,c,g,pump,10,2,8.00\n", platform="baidu")
    world.reconcile()
    _, desk, other, _ = visitors(world)
    for visitor, tags in ((desk, ("vip", "big, old")), (other, ("vip",))):
        write_card(world.db, world.site.key, visitor, [], Card(tags=tags), now=world.now)
    report = ask(world, group="person_tag", metrics="visits,revenue,cost")
    assert rows(report) == {
        ("big, old, vip",): {"visits": 2, "revenue": "90.00", "cost": None},
        ("vip",): {"visits": 1, "revenue": "0.00", "cost": None},
        (None,): {"visits": 1, "revenue": "0.00", "cost": None},
        (None, "unallocated"): {"visits": 0, "revenue": "0.00", "cost": "8.00"},
    }

    def visits(text: str) -> object:
        return ask(world, group="", metrics="visits", filter=text).totals["visits"]

    assert visits("person_tag is vip") == 3
    assert visits('person_tag is "big, old, vip"') == 2
    assert visits('person_tag is ""') == 1
    assert visits("not person_tag is vip") == 1
    assert visits("person_tag contains OLD") == 2


def test_stages_have_their_cost_and_return_beside_each_other(world: World) -> None:
    world.events([at("09-01 08:00", "a", ad("pump", campaign="c"))])
    world.spend(HEADER + "2026-09-01,c,g,pump,10,2,90.00\n", platform="baidu")
    steps = [
        *(("i1", "L1", "inquiry", "09-02"), ("v1", "L1", "valid", "09-03")),
        *(("o1", "L1", "order", "09-05"), ("p1", "L1", "payment", "09-20")),
        *(("i2", "L2", "inquiry", "09-02"), ("x2", "L2", "invalid", "09-03")),
        ("i3", "L3", "inquiry", "10-20"),
    ]
    worth = {"o1": Decimal(300), "p1": Decimal(100)}
    entries = [
        Entry(
            id=id,
            lead=lead,
            stage=stage,
            time=f"2026-{day} 09:00",
            visitor="a",
            value=worth.get(id),
        )
        for id, lead, stage, day in steps
    ]
    take_entries(offline_deps(world.parts, world.site), world.site, entries)
    world.reconcile()
    wanted = (
        "inquiries,cost_per_inquiry,valid_inquiries,cost_per_valid_inquiry,valid_rate,"
        "closed_orders,cost_per_order,order_revenue,order_roas,payments,payment_roas,"
        "expected_revenue,conversions"
    )
    report = ask(world, group="keyword", metrics=wanted)
    # A lead is one conversion, at its first stage, beside the figures of its stages.
    period = Period.parse("2026-09-01", "2026-10-31")
    expected = pipeline_report(
        world.warehouse, world.db, world.site, period, clock=world.clock
    ).expected
    assert rows(report)["pump",] == {
        "inquiries": "3",
        "cost_per_inquiry": "30.00",
        "valid_inquiries": "1",
        "cost_per_valid_inquiry": "90.00",
        "valid_rate": 0.5,
        "closed_orders": "1",
        "cost_per_order": "90.00",
        "order_revenue": "300.00",
        "order_roas": pytest.approx(300 / 90),
        "payments": "100.00",
        "payment_roas": pytest.approx(100 / 90),
        "expected_revenue": expected,
        "conversions": "3",
    }
    assert 0 < Decimal(expected or 0) < 300
    assert report.coverage
    assert report.coverage.conversions == 1.0
    assert ask(world, metrics="cost").coverage is None


def test_a_stage_of_which_no_value_was_ever_recorded_has_no_return(world: World) -> None:
    world.events([at("09-01 08:00", "a", ad("pump", campaign="c"))])
    world.spend(HEADER + "2026-09-01,c,g,pump,10,2,90.00\n", platform="baidu")
    steps = [
        Entry(id="i", stage="inquiry", time="2026-09-02", visitor="a", lead="L"),
        Entry(id="o", stage="order", time="2026-09-03", value=Decimal(300), lead="L"),
        Entry(id="p", stage="payment", time="2026-09-05", lead="L"),
    ]
    take_entries(offline_deps(world.parts, world.site), world.site, steps)
    world.reconcile()
    wanted = "order_revenue,order_roas,payments,payment_roas"
    ordered = {"order_revenue": "300.00", "order_roas": pytest.approx(300 / 90)}
    assert ask(world, group="keyword", metrics=wanted).totals == ordered | {
        "payments": None,
        "payment_roas": None,
    }
    # A payment of any time makes those without a value a loss.
    later = Entry(id="p2", stage="payment", time="2026-10-05", value=Decimal(9), lead="M")
    take_entries(offline_deps(world.parts, world.site), world.site, [later])
    world.reconcile()
    assert rows(ask(world, group="keyword", metrics=wanted))["pump",] == ordered | {
        "payments": "0.00",
        "payment_roas": 0.0,
    }


def test_spend_of_several_days_is_untracked_by_the_same_rule_in_every_breakdown(
    world: World,
) -> None:
    world.spend(PERIOD_ROW, platform="google", period_total=True)
    days, wanted = ("2026-09-01", "2026-09-20"), "cost,untracked_cost,cpa,roas"
    visit = at("09-15 10:00", url=ad("pump", source="google"))
    sale = at("09-15 10:05", name="order", value="100", currency="CNY")
    nothing = {"cost": "50.00", "untracked_cost": "50.00", "cpa": None, "roas": None}
    whole = {"cost": "50.00", "untracked_cost": "0.00", "cpa": "50.00", "roas": 2.0}
    # The first visit after its end: none of it could be seen. Before its end: all of it counts.
    for lines, expected in (
        ([visit, sale], nothing),
        ([at("09-10 10:00", "b")], whole),
    ):
        world.events(lines)
        world.reconcile()
        for group in ("", "platform", "month", "campaign", "account,kind"):
            report = ask(world, days=days, group=group, metrics=wanted)
            assert report.totals == expected, group
        totals = world.report(*days).totals
        assert {name: getattr(totals, name) for name in expected} == expected


def test_spend_of_a_week_and_a_day_has_no_weekday_though_it_begins_and_ends_on_one(
    world: World,
) -> None:
    """From a Tuesday to the next: the cost of eight days is not that of Tuesdays."""
    world.spend(PERIOD_ROW.replace("Sep 10", "Sep 8"), platform="google", period_total=True)
    world.spend(f"{HEADER}2026-09-08,c,g,pump,9,1,3\n", platform="baidu")
    world.reconcile()
    for group in ("weekday", "weekday,keyword"):
        report = ask(world, group=group, metrics="cost", sort="weekday", order="asc")
        found = [
            (row.values["weekday"], row.unallocated, row.metrics["cost"]) for row in report.rows
        ]
        assert found == [("2", [], "3.00"), (None, ["weekday"], "50.00")], group
    assert ask(world, group="", metrics="cost", filter="weekday is 2").totals == {"cost": "3.00"}


def test_a_keyword_has_the_figures_that_the_keyword_report_has(filled: World) -> None:
    wanted = "cost,clicks,visits,arrived_clicks,conversions,cpa,revenue,roas,revenue_roi"
    found = rows(ask(filled, group="kind,reason,account,keyword", metrics=wanted))
    for row in filled.report(*MONTH).rows:
        figures = found[row.kind, row.reason, row.account, row.keyword]
        assert figures == {name: getattr(row, name) for name in wanted.split(",")}


def test_performance_max_keeps_its_cost_and_its_campaign(filled: World) -> None:
    found = rows(ask(filled, group="kind,campaign", metrics="cost,cpa"))
    assert found["unallocated", "All products"] == {"cost": "77.70", "cpa": None}
    assert rows(ask(filled, group="channel", metrics="cost"))["Cross-network",]["cost"] == "77.70"


def test_cost_by_what_spend_does_not_know_stands_on_the_unallocated_row(world: World) -> None:
    world.events([at("09-01 10:00", "a", ad("pump", campaign="c"))])
    world.spend(HEADER + "2026-09-01,c,g,pump,10,2,8.00\n", platform="baidu")
    world.reconcile()
    report = ask(world, group="landing_page", metrics="cost,visits")
    assert rows(report) == {
        ("/",): {"cost": None, "visits": 1},
        (None, "unallocated"): {"cost": "8.00", "visits": 0},
    }
    assert report.totals == {"cost": "8.00", "visits": 1}
    assert [(one.kind, one.source) for one in report.incomplete] == [
        ("unallocated", "site_spend: landing_page")
    ]
    # A filter that spend cannot be held against leaves cost out, also under "not".
    for text in ('landing_page is "/"', 'not (landing_page is "/nowhere")'):
        report = ask(world, group="campaign", metrics="cost,visits", filter=text)
        assert report.totals == {"cost": None, "visits": 1}
        assert ("left_out", "site_spend: landing_page") in [
            (one.kind, one.source) for one in report.incomplete
        ]
    # Where the other side of an "or" is known to hold, it counts.
    report = ask(world, metrics="cost", filter='landing_page is "/x" or platform is baidu')
    assert report.totals == {"cost": "8.00"}


def test_cost_of_no_known_channel_is_left_out_also_under_not(world: World) -> None:
    world.spend(HEADER + "2026-09-01,c,g,pump,10,2,7.00\n", platform="baidu", account="a")
    pmax = "2026-09-01,All products,,Performance Max,900,30,77.70\n"
    world.spend(HEADER + pmax, platform="google", account="b")
    world.spend(HEADER + "2026-09-01,Auto,,自动扩量,9,1,1.00\n", platform="baidu", account="c")
    world.reconcile()
    channels = rows(ask(world, group="channel", metrics="cost"))
    assert channels == {
        ("Paid Search",): {"cost": "7.00"},
        ("Cross-network",): {"cost": "77.70"},
        (None, "unallocated"): {"cost": "1.00"},
    }
    for text, cost in (
        ('channel is "Paid Search"', "7.00"),
        ('not channel is "Paid Search"', "77.70"),
        ('not channel is ""', "84.70"),
        ('not (channel is "Paid Search" and platform is google)', "85.70"),
        ('channel is "Direct" or platform is baidu', "8.00"),
    ):
        for group in ("", "keyword", "search_term", "source"):
            report = ask(world, group=group, metrics="cost", filter=text)
            assert report.totals == {"cost": cost}, (text, group)
            assert "partly_left_out" in [one.kind for one in report.incomplete]


def test_where_nothing_was_spent_there_is_no_row_of_unallocated_cost(world: World) -> None:
    wanted = "cost,visits,conversions,assisted_conversions"
    nothing = {"cost": None, "visits": 0, "conversions": "0", "assisted_conversions": 0}
    for group in ("landing_page", "source", "goal", "page", "landing_page,goal"):
        report = ask(world, group=group, metrics=wanted)
        assert (report.rows, report.row_count, report.totals) == ([], 0, nothing), group
    world.events([at("09-01 10:00")])
    world.reconcile()
    report = ask(world, group="landing_page", metrics=wanted)
    assert rows(report) == {("/",): nothing | {"visits": 1}}
    none = ask(world, group="landing_page", metrics=wanted, filter='landing_page is "/nowhere"')
    assert (none.rows, none.row_count, none.totals) == ([], 0, nothing)


def test_hours_and_days_follow_the_clocks_of_the_site(world: World) -> None:
    # Berlin: 25 October 2026 has 25 hours, 29 March 2026 has 23.
    world.events(
        [
            at("10-24 22:30", "a"),  # 00:30 on the 25th, summer time
            at("10-25 00:30", "b"),  # 02:30, the first time
            at("10-25 01:30", "c"),  # 02:30 again, an hour later
            at("10-25 22:30", "d"),  # 23:30, winter time
            at("10-25 23:30", "e"),  # 00:30 on the 26th
            at("03-29 00:30", "f"),  # 01:30
            at("03-29 01:30", "g"),  # 03:30: there is no 02:30
        ]
    )
    world.reconcile()
    october = ask(
        world,
        days=("2026-10-25", "2026-10-25"),
        group="hour",
        metrics="visits",
        sort="hour",
        order="asc",
    )
    assert [(row.values["hour"], row.metrics["visits"]) for row in october.rows] == [
        ("0", 1),
        ("2", 2),
        ("23", 1),
    ]
    days = rows(
        ask(world, days=("2026-10-20", "2026-10-31"), group="day,weekday", metrics="visits")
    )
    assert days == {("2026-10-25", "7"): {"visits": 4}, ("2026-10-26", "1"): {"visits": 1}}
    march = rows(ask(world, days=("2026-03-29", "2026-03-29"), group="hour", metrics="visits"))
    assert march == {("1",): {"visits": 1}, ("3",): {"visits": 1}}


def test_comparisons_lay_the_days_of_another_period_beside(world: World) -> None:
    world.events([at("09-09 10:00", "a"), at("09-02 10:00", "b"), at("09-01 10:00", "c")])
    world.reconcile()
    days = ("2026-09-08", "2026-09-10")

    def compared(kind: str) -> tuple[object, ...]:
        report = ask(world, days=days, group="day", metrics="visits", compare=kind)
        assert report.previous is not None
        before = [row.previous and row.previous["visits"] for row in report.rows]
        return report.previous.first, report.previous.last, report.previous.totals["visits"], before

    assert compared("weekday") == ("2026-09-01", "2026-09-03", 2, [1, 1])
    assert compared("previous") == ("2026-09-05", "2026-09-07", 0, [0])
    assert compared("year") == ("2025-09-08", "2025-09-10", 0, [0])


def test_the_longest_period_can_be_compared(world: World) -> None:
    seen = {"2010-09-01": "a", "2020-09-01": "b", "2020-09-02": "c"}
    world.events(
        at("09-01 10:00", visitor) | {"time": f"{day}T10:00:00+00:00"}
        for day, visitor in seen.items()
    )
    world.reconcile()
    days = ("2016-09-15", "2026-11-01")
    assert Period.parse(*days).days == 3700
    for kind in ("previous", "weekday"):
        report = ask(world, days=days, group="", metrics="visits", compare=kind)
        assert report.previous is not None
        assert (report.totals["visits"], report.previous.totals["visits"]) == (2, 1)
    keywords = world.report(*days, compare="previous")
    assert keywords.previous is not None
    assert (keywords.totals.visits, keywords.previous.totals.visits) == (2, 1)


@pytest.mark.parametrize(
    ("days", "group", "before", "expected"),
    [
        # The 29th lies with the 28th, and every later day beside its own date.
        (
            ("2025-01-01", "2025-12-31"),
            "month",
            ("2024-01-01", "2024-12-31"),
            {"2025-02-01": "1.00", "2025-03-01": "2.00", "2025-12-01": "4.00"},
        ),
        (
            ("2025-02-01", "2025-02-28"),
            "day",
            ("2024-02-01", "2024-02-29"),
            {"2025-02-28": "1.00"},
        ),
        (
            ("2025-03-01", "2025-03-01"),
            "week",
            ("2024-03-01", "2024-03-01"),
            {"2025-02-24": "2.00"},
        ),
        # Of a leap year the 29th has nothing beside it, unless the period begins with it.
        (
            ("2024-01-01", "2024-12-31"),
            "day",
            ("2023-01-01", "2023-12-31"),
            {"2024-02-28": "8.00", "2024-03-01": "16.00"},
        ),
        (
            ("2024-02-29", "2024-03-01"),
            "day",
            ("2023-02-28", "2023-03-01"),
            {"2024-02-29": "8.00", "2024-03-01": "16.00"},
        ),
    ],
)
def test_a_year_before_lies_beside_by_its_dates(
    world: World,
    days: tuple[str, str],
    group: str,
    before: tuple[str, str],
    expected: dict[str, str],
) -> None:
    spent = {
        **{"2023-02-28": "8.00", "2023-03-01": "16.00"},
        **{"2024-02-29": "1.00", "2024-03-01": "2.00", "2024-12-31": "4.00"},
    }
    lines = (f"{day},c,g,pump,10,1,{cost}\n" for day, cost in spent.items())
    world.spend(HEADER + "".join(lines), platform="baidu")
    world.reconcile()
    for dimensions in (group, f"{group},campaign"):
        report = ask(world, days=days, group=dimensions, metrics="cost", compare="year")
        assert report.previous is not None
        assert (report.previous.first, report.previous.last) == before
        total = sum(map(Decimal, expected.values()))
        assert Decimal(str(report.previous.totals["cost"])) == total
        found = {row.values[group]: (row.previous or {})["cost"] for row in report.rows}
        assert {day: cost for day, cost in found.items() if cost} == expected


def test_days_that_end_with_february_lie_beside_as_many_of_a_leap_year() -> None:
    days = Period.parse("2025-02-26", "2025-02-28")
    assert Compare.YEAR.period(days) == Period.parse("2024-02-26", "2024-02-28")


def test_filters_join_conditions_over_keywords_tags_and_visits(world: World) -> None:
    world.events(
        [
            at("09-01 10:00", "a", ad("steel pump", campaign="c", page="p")),
            at("09-01 11:00", "b", ad("mud pump", campaign="c")),
            at("09-01 12:00", "c", HOME, referrer="https://www.google.com/"),
            at("09-02 12:00", "d", HOME),
        ]
    )
    world.spend(HEADER + "2026-09-01,c,g,steel pump,10,2,8.00\n", platform="baidu")
    world.reconcile()

    def visits(text: str) -> object:
        return ask(world, group="", metrics="visits", filter=text).totals["visits"]

    assert visits('keyword is "steel pump"') == 1
    assert visits("not keyword contains STEEL") == 3
    assert visits("keyword contains STEEL, nowhere") == 1
    assert visits('page contains "É"') == 0
    assert visits('page contains ""') == visits('page contains "", "É"') == 4
    assert visits('keyword contains ""') == visits('keyword contains "", nowhere') == 4
    assert visits('source is google or landing_page matches "^/p$"') == 2
    assert visits("channel is Direct, Referral and day is 2026-09-02") == 1
    assert visits('(channel is Direct or keyword contains pump) and not landing_page is "/"') == 1
    assert visits("reason is unknown_keyword") == 1
    assert visits('page is "/" and event is pageview') == 3


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("ΑΝΤΛΙΕΣ ΑΘΗΝΑΣ", ("αντλιες", "αθηνας", "ΑΝΤΛΙΕΣ", "no, αθηνας")),
        ("αντλίες αθήνας", ("ΑΝΤΛΊΕΣ", "ΑΘΉΝΑΣ", "αντλίεσ", "αθήνας")),
        ("ΠΡΟΣΦΟΡΕΣ", ("ΠΡΟΣ", "προσ", "προσφορες")),
        ("École ẞ", ("ÉCOLE", "ß")),
    ],
)
def test_a_part_of_a_name_is_found_whatever_its_case(
    world: World, text: str, parts: tuple[str, ...]
) -> None:
    """In Greek a sigma at the end of a word is another letter, and the same in capitals."""
    world.spend(HEADER + f"2026-09-01,{text},g,{text},10,2,8.00\n", platform="baidu")
    world.reconcile()
    for part in parts:
        for name in ("campaign", "keyword"):
            asked = ask(world, group="", metrics="cost", filter=f"{name} contains {part}")
            assert asked.totals == {"cost": "8.00"}, (name, part)
        if "," not in part:
            report = world.report("2026-09-01", "2026-09-30", search=part)
            assert report.totals.cost == "8.00", part


def test_every_page_of_a_visit_is_of_the_search_term_by_which_it_came(world: World) -> None:
    found = "https://www.bing.com/search?q=Steel%20%20Pump"
    world.events(
        [
            at("09-01 10:00", "a", HOME, referrer=found),
            at("09-01 10:01", "a", HOME + "thanks", referrer=HOME),
            at("09-01 10:02", "a", HOME, name="order", referrer=HOME),
            at("09-01 11:00", "b", HOME + "thanks"),
        ]
    )
    world.reconcile()
    metrics = "visits,pageviews,events"
    assert rows(ask(world, group="search_term,page", metrics=metrics)) == {
        ("steel pump", "/"): {"visits": 1, "pageviews": 1, "events": 2},
        ("steel pump", "/thanks"): {"visits": 1, "pageviews": 1, "events": 1},
        (None, "/thanks"): {"visits": 1, "pageviews": 1, "events": 1},
    }
    text = 'event is order and search_term is "STEEL pump"'
    orders = ask(world, group="", metrics=metrics, filter=text)
    assert orders.totals == {"visits": 1, "pageviews": 0, "events": 1}


@pytest.mark.parametrize(
    "given",
    [
        {"group": "colour"},
        {"metrics": "beauty"},
        {"group": "day,week,month,hour,weekday,goal"},
        {"sort": "roas", "metrics": "cost"},
        {"filter": "country is"},
        {"filter": 'country is "DE'},
        {"filter": "country equals DE"},
        {"filter": "(country is DE"},
        {"filter": "country is DE country is FR"},
        {"filter": 'landing_page matches "("'},
        {"filter": "(" * 30 + "country is DE" + ")" * 30},
        {"filter": "not " * 900},
        {"filter": 'keyword is "' + "x" * 5000 + '"'},
        {"group": "page,landing_page"},
        {"model": "markov"},
        {"compare": "never"},
        {"order": "up"},
        {"target_cpa": "30", "target_roi": "0.5"},
        {"target_cpa": "0"},
        {"target_roi": "-1"},
        {"target_roi": "much"},
    ],
    ids=lambda given: next(iter(given.items()))[1][:24],
)
def test_what_cannot_be_answered_is_refused_in_words(filled: World, given: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        ask(filled, **given)


def test_values_of_a_filter_are_never_part_of_the_statement(filled: World) -> None:
    hostile = "x') OR 1 = 1 -- {site:String} /* filter */ \\' %s"
    quoted = hostile.replace("\\", "\\\\").replace('"', '\\"')
    for operator in ("is", "contains"):
        text = f'landing_page {operator} "{quoted}"'
        assert ask(filled, group="", metrics="visits", filter=text).totals == {"visits": 0}


def test_every_metric_can_be_asked_for_at_once_and_by_hand(world: World) -> None:
    world.events(
        [
            at("09-01 08:00", "a", ad("pump", campaign="c")),
            at("09-02 08:00", "a", ad("valve", campaign="c")),
            at("09-03 08:00", "a", HOME),
            at("09-03 08:10", "a", name="order", value="90", currency="CNY"),
        ]
    )
    spent = "2026-09-01,c,g,pump,100,4,30.00\n2026-09-02,c,g,valve,100,2,15.00\n"
    world.spend(HEADER + spent, platform="baidu")
    world.reconcile()
    report = ask(world, group="keyword", metrics=",".join(METRICS), model="linear")
    found = rows(report)
    pump = found["pump",]
    assert pump["assisted_conversions"] == found["valve",]["assisted_conversions"] == 1
    assert report.totals["assisted_conversions"] == 1
    assert pump["conversions"] == "0.333333334"
    assert pump["revenue"] == "30.00"
    assert pump["path_length"] == 3.0
    assert pump["conversion_lag"] == pytest.approx(2 + 10 / 1440)
    totals = report.totals
    assert (totals["conversions"], totals["orders"], totals["aov"]) == ("1", "1", "90.00")
    assert totals["roas"] == 2.0
    assert totals["visit_cvr"] == pytest.approx(1 / 3)
    # A ratio of the total is the ratio of sums, never the mean of its rows' ratios.
    assert (totals["cpc"], totals["ctr"]) == ("7.50", 6 / 200)


def test_every_dimension_and_metric_is_documented() -> None:
    text = (Path(__file__).parents[1] / "tracker/reports/README.md").read_text(encoding="utf-8")
    assert [name for name in (*DIMENSIONS, *METRICS) if f"`{name}`" not in text] == []


def test_conversions_of_the_platform_stand_beside_ours_and_are_null_where_it_reports_none(
    world: World,
) -> None:
    world.events(
        [
            at("09-01 08:00", "a", ad("pump", campaign="c")),
            at("09-01 08:10", "a", name="order", value="90", currency="CNY"),
        ]
    )
    header = (
        "Date,Campaign,Ad group,Keyword,Impressions,Clicks,Cost,Conversions,Conv. value,Currency\n"
    )
    world.spend(
        header
        + "2026-09-01,c,g,pump,10,2,8.00,1.5,30.00,CNY\n"
        + "2026-09-02,c,g,pump,10,2,8.00,2,10.10,CNY\n"
        + "2026-09-02,c,g,valve,10,2,8.00,0,0,CNY\n",
        platform="baidu",
        account="a",
    )
    world.spend(HEADER + "2026-09-01,c,g,seal,10,2,8.00\n", platform="sogou", account="b")
    world.spend(
        header + "2026-09-03,c,g,mill,10,0,0.00,3,20.00,USD\n", platform="google", account="d"
    )
    world.reconcile()
    wanted = "platform_conversions,platform_value,conversions,cost"
    report = ask(world, group="keyword", metrics=wanted)
    assert rows(report) == {
        ("pump",): figures("3.5", "40.10", "1", "16.00"),
        ("valve",): figures("0", "0.00", "0", "8.00"),
        ("seal",): figures(None, None, "0", "8.00"),
        # Its value needs a rate that nobody has given; what cost nothing needs none.
        ("mill",): figures("3", None, "0", "0.00"),
    }
    assert report.totals == figures("6.5", None, "1", "32.00")
    assert "missing_rate" in {one.kind for one in report.incomplete}
    world.rates("date,from,to,rate\n2026-09-03,USD,CNY,7.1\n")
    world.reconcile()
    for group in ("", "day", "platform", "month,device", "channel", "country", "goal"):
        report = ask(world, group=group, metrics=wanted, limit="0")
        assert report.totals == figures("6.5", "182.10", "1", "32.00"), group
        for name in ("platform_conversions", "platform_value"):
            parts = sum(Decimal(str(row.metrics[name] or 0)) for row in report.rows)
            assert parts == Decimal(str(report.totals[name])), (group, name)
    found = rows(ask(world, group="country", metrics="platform_conversions"))
    assert found == {(None, "unallocated"): {"platform_conversions": "6.5"}}
    # Sums by day have no conversions of the platform; what they have reads as it did.
    assert report.read_from["spend"] == "site_spend"
    assert ask(world, group="day", metrics="cost").read_from == {"spend_days": "daily"}


def figures(
    platform_conversions: str | None, platform_value: str | None, conversions: str, cost: str | None
) -> dict[str, str | None]:
    """The four figures of a row."""
    return {
        "platform_conversions": platform_conversions,
        "platform_value": platform_value,
        "conversions": conversions,
        "cost": cost,
    }


def test_a_click_may_cost_what_the_target_leaves(
    embedded_engine: Warehouse, sqlite_db: Engine, tmp_path: Path
) -> None:
    world = with_goals(World(embedded_engine, sqlite_db, tmp_path, margin=Decimal("0.4")))
    world.events(
        [
            at("09-01 08:00", "a", ad("pump", campaign="c")),
            at("09-01 08:10", "a", name="order", value="90", currency="CNY"),
            at("09-01 09:00", "b", ad("pump", campaign="c")),
            at("09-01 09:10", "b", HOME + "thanks"),
        ]
    )
    world.spend(
        HEADER + "2026-09-01,c,g,pump,10,8,8.00\n2026-09-01,c,g,seal,10,0,0.00\n", platform="baidu"
    )
    world.reconcile()

    def highest(**target: Any) -> dict[object, object]:
        report = ask(world, group="keyword", metrics="max_cpc", **target)
        assert (report.target_cpa, report.target_roi) == (
            f"{target['target_cpa']}.00" if target.get("target_cpa") else None,
            target.get("target_roi"),
        )
        return {row.values["keyword"]: row.metrics["max_cpc"] for row in report.rows}

    # 90 × 0.4 ÷ 8 clicks at ROI 0; two conversions of 8 clicks.
    assert highest() == {"pump": "4.50", "seal": None}
    assert highest(target_roi="0.5") == {"pump": "3.00", "seal": None}
    assert highest(target_roi="-0.5") == {"pump": "9.00", "seal": None}
    assert highest(target_cpa="30") == {"pump": "7.50", "seal": None}
    world.site = replace(world.site, margin=None)
    assert highest(target_roi="0.5") == {"pump": None, "seal": None}
    assert highest(target_cpa="30") == {"pump": "7.50", "seal": None}


def test_a_filter_looks_for_more_texts_than_the_engine_takes_at_once(filled: World) -> None:
    several = ", ".join([*(f"z{number}" for number in range(300)), "pum"])
    for text in (several, several.replace("z0", "é")):
        found = ask(filled, group="keyword", metrics="cost", filter=f"keyword contains {text}")
        assert [row.values["keyword"] for row in found.rows] == ["pump"]


def test_goals_are_sorted_by_the_names_that_are_shown(world: World) -> None:
    names = [f"goal {letter}" for letter in "hgfedcba"]
    for number, name in enumerate(names):
        world.goal(name, kind="event", pattern=f"e{number}")
    world.events([at(f"09-20 10:0{number}", name=f"e{number}") for number in range(len(names))])
    world.reconcile()
    for sort in ("goal", "conversions"):
        found = ask(world, group="goal", metrics="conversions", sort=sort, order="asc")
        shown = [row.values["goal"] for row in found.rows if row.values["goal"]]
        assert shown == sorted(names), sort


def test_days_lie_in_the_order_that_is_told(filled: World) -> None:
    def days(order: str) -> list[str | None]:
        report = ask(filled, group="day", metrics="visits", order=order)
        return [row.values["day"] for row in report.rows]

    assert days("") == days("asc") == days("desc")[::-1] != days("desc")


def test_rows_are_sorted_by_a_sign_that_only_looks_like_a_digit(world: World) -> None:
    lines = (f"2026-09-01,c,g,{one},9,7,1\n" for one in ("pump", "②"))
    world.spend(HEADER + "".join(lines), platform="baidu")
    world.reconcile()
    found = ask(world, group="keyword", metrics="cost", sort="keyword", order="asc")
    assert [row.values["keyword"] for row in found.rows] == ["pump", "②"]


def test_the_command_writes_amounts_with_the_decimals_of_the_currency(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for currency, wanted in (("KWD", "1,234.125"), ("JPY", "1,234"), ("CNY", "1,234.13")):
        report = {
            **{"from": "2026-09-01", "to": "2026-09-30", "model": "linear", "by": "click"},
            "currency": currency,
            "group": [],
            "rows": [],
            "totals": {"revenue": "1234.125", "conversions": "0.125"},
            "incomplete": [],
        }
        show_breakdown(report)
        assert capsys.readouterr().out.split()[-2:] == [wanted, "0.13"]
