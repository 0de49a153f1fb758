"""Cost by search term: terms take their part of a keyword's cost, the rest is a row."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.terms import tell, term, whose
from tests.test_report_breakdown import ask, rows
from tests.world import World, ad, at
from tracker.accounts.ad_accounts import AdAccount, assign_campaign, upsert_ad_account
from tracker.accounts.cost_rules import RuleDraft, add_cost_rule
from tracker.accounts.marks import Slice, mark
from tracker.reconcile import spend_build
from tracker.requests.upkeep import Rebuild
from tracker.warehouse.client import Warehouse

DAY = date(2026, 9, 1)
HEADER = (
    "Date,Campaign,Campaign ID,Ad group,Ad group ID,Keyword,Keyword ID,Match type,Device,"
    "Impressions,Clicks,Cost,Conversions,Conv. value,Currency\n"
)
PUMP = "2026-09-01,pumps,11,water,21,water pump,31,Exact,mobile,100,10,50.00,3,90.00,CNY\n"
VALVE = "2026-09-01,pumps,11,water,21,ball valve,32,Exact,mobile,100,10,20.00,,,CNY\n"
PMAX = "2026-09-01,all,12,,,Performance Max,,,,100,10,30.00,,,CNY\n"


@pytest.fixture
def world(embedded_engine: Warehouse, sqlite_db: Engine, tmp_path: Path) -> World:
    """A site of its own in the engine of all."""
    return World(embedded_engine, sqlite_db, tmp_path)


def spend(world: World, *lines: str) -> None:
    world.spend(HEADER + "".join(lines), platform="google", account="7")


def costs(world: World, group: str = "search_term") -> dict[Any, Any]:
    """Cost by the chain; the rest of a search term is named so."""
    world.reconcile()
    metrics = "cost,clicks,impressions,adjusted_cost,untracked_cost,platform_conversions"
    whole = ask(world, group="", metrics=metrics).totals
    report = ask(world, group=group, metrics=metrics, limit="0")
    assert report.totals == whole
    for name in metrics.split(","):
        parts = [row.metrics[name] for row in report.rows]
        assert sum(Decimal(str(one or 0)) for one in parts) == Decimal(
            str(report.totals[name] or 0)
        )
    found: dict[Any, Any] = {}
    for row in report.rows:
        names = ["(rest)" if one in row.unallocated else row.values[one] for one in report.group]
        found[names[0] if len(names) == 1 else tuple(names)] = row.metrics["cost"]
    assert len(found) == len(report.rows)
    return found


def test_terms_take_their_part_of_the_keyword_and_the_rest_is_a_row(world: World) -> None:
    spend(world, PUMP, VALVE)
    assert costs(world) == {"(rest)": "70.00"}
    tell(world, term("Buy  Water Pump", "30.00", 6), term("pump shop", "8.50", 2))
    assert costs(world) == {"buy water pump": "30.00", "pump shop": "8.50", "(rest)": "31.50"}
    assert costs(world, "keyword,search_term") == {
        ("water pump", "buy water pump"): "30.00",
        ("water pump", "pump shop"): "8.50",
        ("water pump", "(rest)"): "11.50",
        ("ball valve", "(rest)"): "20.00",
    }
    for group in ("search_term,device", "day,search_term", "channel,brand,search_term"):
        assert len(costs(world, group)) >= 3
    assert costs(world, "search_term,country")["buy water pump", "(rest)"] == "30.00"
    # What is not asked for by search term is as it was.
    assert costs(world, "keyword") == {"water pump": "50.00", "ball valve": "20.00"}


def test_a_term_of_the_platform_is_that_of_the_visit_in_other_writing(world: World) -> None:
    world.events(
        [
            at(
                "09-01 08:00",
                "a",
                ad("water pump", source="google", querystring="BUY water%20pump"),
            ),
            at("09-01 09:00", "b", ad("water pump", source="google", querystring="buy WATER pump")),
        ]
    )
    spend(world, PUMP)
    tell(world, term("Ｂuy water  pump", "30.00", 6))
    world.reconcile()
    found = rows(ask(world, group="search_term", metrics="cost,visits,cpc"))
    assert found["buy water pump",] == {"cost": "30.00", "visits": 2, "cpc": "5.00"}
    for text in ('search_term is "Buy Water PUMP"', 'search_term contains "WATER  p"'):
        report = ask(world, group="", metrics="cost,visits", filter=text)
        assert report.totals == {"cost": "30.00", "visits": 2}
        assert [(one.kind, one.source) for one in report.incomplete] == [
            ("partly_left_out", "term_spend: search_term"),
            ("untold_terms", "visits: search_term"),
        ]
    assert ask(world, metrics="cost", filter='not search_term is "x"').totals == {"cost": "30.00"}


def test_terms_told_again_replace_the_day_and_a_day_told_empty_has_none(world: World) -> None:
    spend(world, PUMP)
    tell(world, term("buy pump", "30.00"), term("buy pump", "1.00", device="desktop"))
    assert costs(world) == {"buy pump": "31.00", "(rest)": "19.00"}
    tell(world, term("buy pump", "12.00"), term("rent pump", "1.00"))
    assert costs(world) == {"buy pump": "12.00", "rent pump": "1.00", "(rest)": "37.00"}
    tell(world)
    assert costs(world) == {"(rest)": "50.00"}


def test_terms_may_come_before_the_cost_and_a_rebuild_makes_the_same(world: World) -> None:
    tell(world, term("buy pump", "30.00"))
    assert costs(world) == {}
    spend(world, PUMP)
    assert costs(world) == {"buy pump": "30.00", "(rest)": "20.00"}
    before = made(world)
    world.run("rebuild", Rebuild(world.site.key))
    assert made(world) == before
    assert costs(world) == {"buy pump": "30.00", "(rest)": "20.00"}


def test_many_days_of_terms_are_derived_in_portions(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = [date(2026, 9, day) for day in range(1, 6)]
    spend(world, *(PUMP.replace("2026-09-01", day.isoformat()) for day in days))
    for place, day in enumerate(days):
        tell(world, *(term(f"pump {n}", "1.00") for n in range(place)), day=day)
    monkeypatch.setattr(spend_build, "MOST_TERMS", 3)
    assert costs(world) == {
        "pump 0": "4.00",
        "pump 1": "3.00",
        "pump 2": "2.00",
        "pump 3": "1.00",
        "(rest)": "240.00",
    }


def made(world: World) -> list[tuple[Any, ...]]:
    """The rows of the table that stand, but for their build."""
    return world.rows(
        f"SELECT * EXCEPT build FROM term_spend WHERE site = '{world.site.key}' AND (day, build) IN"
        f" (SELECT day, max(build) FROM slices WHERE site = '{world.site.key}' AND kind = 'spend'"
        " GROUP BY day) ORDER BY ALL"
    )


def test_more_than_the_keyword_cost_is_taken_back_on_the_rest(world: World) -> None:
    spend(world, PUMP)
    tell(world, term("buy pump", "60.00"))
    assert costs(world) == {"buy pump": "60.00", "(rest)": "-10.00"}


@pytest.mark.parametrize(
    ("more", "keyword"),
    [
        ({}, "water pump"),
        ({"ad_group_id": ""}, "water pump"),
        ({"keyword_id": "99"}, None),
        ({"ad_group_id": "22"}, None),
        ({"keyword_id": "", "keyword": "water pump"}, None),  # the spend has ids
        ({"campaign_id": "12", "keyword_id": "", "keyword": ""}, "pmax"),
        ({"campaign_id": "12", "keyword_id": "5", "keyword": "x", "match_type": "pmax"}, "pmax"),
        ({"campaign_id": "12", "keyword_id": "5", "keyword": "x"}, None),
        ({"keyword_id": "", "keyword": ""}, None),  # its campaign has keywords alone
    ],
)
def test_to_which_cost_a_term_belongs(
    world: World, more: Mapping[str, Any], keyword: str | None
) -> None:
    spend(world, PUMP, VALVE, PMAX)
    tell(world, term("buy pump", "3.00", **more))
    found = costs(world, "keyword,reason,search_term")
    place = {None: None, "pmax": (None, "pmax"), "water pump": ("water pump", None)}[keyword]
    if place is None:
        assert [words for *_, words in found] == ["(rest)"] * 3
    else:
        assert found[*place, "buy pump"] == "3.00"


def test_a_keyword_without_an_id_is_found_by_its_text_where_one_fits(world: World) -> None:
    header = "Date,Campaign,Ad group,Keyword,Impressions,Clicks,Cost\n"
    lines = (
        "2026-09-01,pumps,water,Water Pump,100,10,50.00\n2026-09-01,pumps,steel,seal,10,1,5.00\n"
    )
    lines += "2026-09-01,pumps,mud,seal,10,1,5.00\n"
    world.spend(header + lines, platform="google", account="7")
    tell(
        world,
        term("buy pump", "30.00"),
        # Two keywords fit: neither is taken.
        term("buy seal", "2.00", keyword="seal", keyword_id="33", ad_group="", ad_group_id=""),
    )
    assert costs(world) == {"buy pump": "30.00", "(rest)": "30.00"}


def test_amounts_follow_rate_and_rules_of_the_cost(world: World) -> None:
    lines = (PUMP + VALVE).replace("CNY", "USD")
    spend(world, lines)
    told = {"platform_conversions": Decimal(2), "platform_value": Decimal(30)}
    tell(world, term("buy pump", "10.01", 6, **told), currency="USD")
    tell(world, term("day after", "1.00"), day=date(2026, 9, 2), currency="USD")
    assert costs(world) == {"buy pump": None, "(rest)": None}
    assert "missing_rate" in {one.kind for one in ask(world, group="search_term").incomplete}
    world.rates("date,from,to,rate\n2026-09-01,USD,CNY,7.123\n")
    add_cost_rule(world.db, whose(world), RuleDraft("fee", DAY, None, Decimal(10)))
    mark(world.db, [Slice("spend", world.site.key, DAY)])
    assert costs(world) == {"buy pump": "71.30123", "(rest)": "427.30877"}
    wanted = "adjusted_cost,platform_conversions,platform_value"
    found = rows(ask(world, group="search_term", metrics=wanted))
    assert found["buy pump",] == {
        "adjusted_cost": "78.431353",
        "platform_conversions": "2",
        "platform_value": "213.69",
    }
    assert found[None, "unallocated"]["platform_conversions"] == "1"
    assert found[None, "unallocated"]["platform_value"] == "427.38"


def test_terms_in_another_currency_than_the_cost_and_of_a_period_stay_with_the_rest(
    world: World,
) -> None:
    spend(world, PUMP)
    tell(world, term("buy pump", "10.00"), currency="USD")
    assert costs(world) == {"(rest)": "50.00"}
    text = (
        "Search keyword report\nSeptember 3, 2026 - September 5, 2026\n"
        "Keyword,Keyword ID,Campaign,Campaign ID,Ad group,Ad group ID,Currency code,Clicks,Impr.,"
        "Cost\n"
        "steel pump,35,pumps,11,water,21,CNY,4,50,9.00\n"
    )
    world.spend(text, platform="google", account="7", period_total=True)
    tell(world, term("buy steel", "5.00", keyword_id="35"), day=date(2026, 9, 3))
    assert costs(world) == {"(rest)": "59.00"}


def test_terms_of_a_campaign_given_to_another_site_are_of_that_site(world: World) -> None:
    other = world.another_site()
    spend(world, PUMP, PMAX)
    account = AdAccount(*whose(world), site=world.site.key)
    upsert_ad_account(world.db, account)
    assign_campaign(world.db, **whose(world)._asdict(), campaign="11", site=other.key)
    mark(world.db, [Slice("spend", key, DAY) for key in (world.site.key, other.key)])
    tell(world, term("buy pump", "30.00"))
    assert costs(world) == {"(rest)": "30.00"}
    mark(world.db, [Slice("spend", other.key, DAY)])
    world.site = other
    assert costs(world) == {"buy pump": "30.00", "(rest)": "20.00"}
