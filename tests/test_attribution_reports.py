"""Comparison of models, paths, and a conversion opened: functions, API and pages."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine

from tests.web_app import enter
from tests.world import HOME, World, ad, at
from tracker.cli.attribution import show_conversion, show_paths
from tracker.errors import InvalidInput, NotFound
from tracker.requests.reports import ListConversions, ReportAttribution, ShowConversion
from tracker.warehouse.client import Warehouse
from tracker.web import pages_attribution

SEPTEMBER: dict[str, Any] = {"first": "2026-09-01", "last": "2026-09-30"}
SPEND = (
    "day,platform,campaign,ad group,keyword,clicks,impressions,cost\n"
    "2026-09-01,baidu,pumps,water,water pump,10,100,50\n"
    "2026-09-01,baidu,valves,ball,ball valve,10,100,50\n"
)


@pytest.fixture(scope="module")
def world(
    shared_warehouse: Warehouse, shared_db: Engine, tmp_path_factory: pytest.TempPathFactory
) -> World:
    """Anna came three times before she ordered, and once after; Bert never ordered."""
    folder = tmp_path_factory.mktemp("world")
    world = World(shared_warehouse, shared_db, folder, lookback_days=30)
    world.spend(SPEND, platform="baidu")
    world.goal("Order", kind="event", pattern="order", use_event_value=True)
    world.events(
        [
            at("07-01 10:00", "anna", ad("water pump")),
            at("09-01 10:00", "anna", ad("water pump")),
            at("09-03 10:00", "anna", ad("ball valve", campaign="valves")),
            at("09-05 10:00", "anna", HOME),
            at("09-05 10:05", "anna", name="order", value="300", currency="CNY"),
            at("09-09 10:00", "anna", HOME),
            at("09-02 10:00", "bert", ad("water pump")),
        ]
    )
    world.reconcile()
    return world


def report(world: World, name: str, **options: Any) -> Any:
    request = ReportAttribution(site=world.site.key, **SEPTEMBER, **options)
    return msgspec.to_builtins(world.run(name, request))


def test_every_model_credits_the_same_total(world: World) -> None:
    found = report(world, "report-models")
    assert {one["conversions"] for one in found["totals"].values()} == {"1"}
    assert {one["revenue"] for one in found["totals"].values()} == {"300.00"}
    assert found["probability"] == 0.5
    by_campaign = {
        row["source"]["campaign"] or row["source"]["channel"]: row["models"]
        for row in found["rows"]
    }
    assert next(iter(by_campaign)) == "valves"
    assert by_campaign["pumps"]["first"] == {"conversions": "1", "revenue": "300.00"}
    assert by_campaign["valves"]["last_non_direct"]["conversions"] == "1"
    assert by_campaign["Direct"]["last"]["conversions"] == "1"
    shares = [Decimal(models["markov"]["conversions"]) for models in by_campaign.values()]
    assert sum(shares) == 1
    # One path: without any of its three sources nothing converts.
    assert max(shares) - min(shares) <= Decimal("1e-9")


@pytest.mark.parametrize("level", ["channel", "platform", "ad_group", "keyword"])
def test_totals_are_the_same_at_every_grain_and_order(world: World, level: str) -> None:
    whole = report(world, "report-models")["totals"]
    assert report(world, "report-models", level=level, order=3)["totals"] == whole
    clicks = report(world, "report-models", level=level, by="click")["totals"]
    assert clicks["linear"]["conversions"] == "1"


def test_paths_say_who_came_first_who_helped_and_how_long_it_took(world: World) -> None:
    found = report(world, "report-paths", level="keyword")
    assert (found["conversions"], found["without_touch"], found["path_count"]) == (1, 0, 2)
    won, lost = found["paths"]
    assert [step["keyword"] or step["channel"] for step in won["steps"]] == [
        *("water pump", "ball valve", "Direct")
    ]
    assert (won["conversions"], won["revenue"], won["lost"]) == (1, "300.00", 0)
    assert (lost["conversions"], lost["lost"]) == (0, 1)
    assert found["lengths"] == [{"at": 3, "conversions": 1}]
    assert found["first_lag"] == [{"at": 4, "conversions": 1}]
    assert found["last_lag"] == [{"at": 2, "conversions": 1}]
    helped = {
        row["source"]["keyword"] or row["source"]["channel"]: (row["assisted"], row["last"])
        for row in found["assists"]
    }
    assert helped == {"water pump": (1, 0), "ball valve": (1, 0), "Direct": (0, 1)}


def test_an_opened_conversion_says_why_other_visits_did_not_count(world: World) -> None:
    listed = world.run("report-conversions", ListConversions(site=world.site.key, **SEPTEMBER))
    (one,) = listed["conversions"]
    detail = world.run("report-conversion", ShowConversion(world.site.key, one.conversion))
    assert [touch.source.name for touch in detail.path] == ["water pump", "ball valve", "Direct"]
    assert [touch.models["linear"].conversions for touch in detail.path] == [
        *("0.333333334", "0.333333333", "0.333333333")
    ]
    assert detail.path[0].models["first"].revenue == "300.00"
    assert detail.path[0].page == "pump.example/"
    assert [touch.reason for touch in detail.others] == ["before_lookback", "after_conversion"]
    assert (detail.conversion.revenue, detail.conversion.matched) == ("300.00", "visit")
    with pytest.raises(NotFound):
        world.run("report-conversion", ShowConversion(world.site.key, "00000000000000aa"))
    with pytest.raises(InvalidInput):
        world.run("report-conversion", ShowConversion(world.site.key, "../etc"))


def test_pages_and_api_show_the_same(world: World) -> None:
    browser = enter(world)
    base = f"/sites/{world.site.key}"
    days = "?from=2026-09-01&to=2026-09-30"
    page = browser.get(f"{base}/attribution{days}&level=keyword")
    assert page.status_code == 200
    assert "water pump → " in page.text.replace("Baidu / pumps / water / ", "")
    api = f"/api/v1{base}"
    assert browser.get(f"{api}/reports/models{days}").json() == report(world, "report-models")
    assert browser.get(f"{api}/reports/paths{days}").json() == report(world, "report-paths")
    (one,) = browser.get(f"{api}/conversions{days}").json()["conversions"]
    detail = browser.get(f"{api}/conversions/{one['conversion']}").json()
    assert len(detail["path"]) == 3
    opened = browser.get(f"{base}/attribution/{one['conversion']}")
    assert "Older than the lookback" in opened.text
    assert browser.get(f"{base}/attribution/zz").status_code == 400
    assert browser.get(f"{api}/reports/models{days}&page=2").status_code == 400


def test_the_page_says_how_many_rows_it_leaves_out_and_leads_to_them(world: World) -> None:
    browser = enter(world)
    page = f"/sites/{world.site.key}/attribution?from=2026-09-01&to=2026-09-30"
    cut = browser.page(f"{page}&level=keyword&limit=1")
    # Two keywords and direct visits are sources; Anna's path and Bert's are paths.
    assert cut.count("Rows 1–1 of 3") == 2, "of the comparison and of who helped"
    assert cut.count("Rows 1–1 of 2") == 1
    assert 'href="?from=2026-09-01&amp;to=2026-09-30&amp;level=keyword&amp;limit=100"' in cut
    assert "Rows 1" not in browser.page(page)


def test_by_click_date_models_credit_other_days_and_the_page_says_so(world: World) -> None:
    request = ReportAttribution(
        site=world.site.key, first="2026-09-02", last="2026-09-30", by="click"
    )
    totals = msgspec.to_builtins(world.run("report-models", request))["totals"]
    assert (totals["first"]["conversions"], totals["last"]["conversions"]) == ("0", "1")
    base = f"/sites/{world.site.key}/attribution?from=2026-09-02&to=2026-09-30"
    for language, agree, differ in (
        ("en-GB", "totals of all columns agree", "totals of the columns differ"),
        ("zh-CN", "各列合计一致", "各列合计不同"),
    ):
        browser = enter(world, language=language)
        for by, said, unsaid in (("conversion", agree, differ), ("click", differ, agree)):
            page = browser.get(f"{base}&by={by}").text
            assert said in page
            assert unsaid not in page


def test_a_missing_rate_makes_amounts_of_paths_unknown_and_is_named(
    warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path
) -> None:
    """Two orders by one path, one of them in dollars; another path is whole."""
    world = World(warehouse_embedded, sqlite_db, tmp_path)
    world.goal("Order", kind="event", pattern="order", use_event_value=True)
    for visitor, url, currency in (
        ("a", ad("pump"), "CNY"),
        ("b", ad("pump"), "USD"),
        ("c", HOME, "CNY"),
    ):
        world.events(
            [
                at("09-01 10:00", visitor, url),
                at("09-02 10:00", visitor, name="order", value="50", currency=currency),
            ]
        )
    world.reconcile()
    gap = {"kind": "missing_rate", "source": "USD/CNY", "from": "2026-09-02", "to": "2026-09-02"}
    for by in ("click", "conversion"):
        found = report(world, "report-paths", level="keyword", by=by)
        assert [(one["conversions"], one["revenue"]) for one in found["paths"]] == [
            (2, None),
            (1, "50.00"),
        ]
        models = report(world, "report-models", level="keyword", by=by)
        assert models["totals"]["last"]["revenue"] is None
        for (item,) in (found["incomplete"], models["incomplete"]):
            assert item | gap == item
    page = enter(world).get(f"/sites/{world.site.key}/attribution?from=2026-09-01&to=2026-09-30")
    assert "No exchange rate USD/CNY" in page.text
    world.rates("day,base,quote,rate\n2026-09-02,USD,CNY,7\n")
    world.reconcile()
    found = report(world, "report-paths", level="keyword")
    assert [one["revenue"] for one in found["paths"]] == ["400.00", "50.00"]
    assert found["incomplete"] == report(world, "report-models")["incomplete"] == []


def test_who_only_taps_the_telephone_has_not_converted(
    warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path
) -> None:
    """One orders, three tap, which is no primary goal, one does nothing: 1 of 5."""
    world = World(warehouse_embedded, sqlite_db, tmp_path)
    world.goal("Order", kind="event", pattern="order", use_event_value=True)
    world.goal("Tap", kind="click", pattern="any")
    came = [at("09-01 10:00", visitor, ad("pump")) for visitor in "abcde"]
    taps = [at("09-01 10:01", one, name="intent", props={"kind": "tel"}) for one in "bcd"]
    order = at("09-01 10:03", "a", name="order", value="100", currency="CNY")
    world.events([*came, *taps, order])
    world.reconcile()
    assert report(world, "report-models")["probability"] == 0.2
    (path,) = report(world, "report-paths")["paths"]
    assert (path["conversions"], path["lost"]) == (1, 4)
    assert report(world, "report-models", goal="Tap")["probability"] == 0.6


def test_a_visit_is_older_than_the_lookback_from_the_millisecond_after_it(
    warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path
) -> None:
    """Of visits exactly 30 days before an order and a millisecond earlier, in a zone whose clocks
    change in between, so that they are not of the same time of day."""
    zone = "America/Santiago"
    world = World(warehouse_embedded, sqlite_db, tmp_path, lookback_days=30, timezone=zone)
    world.goal("Order", kind="event", pattern="order")
    world.events(
        [
            at("08-10 03:59:59.999", "older", ad("pump")),
            at("08-10 04:00:00.000", "in time", ad("pump")),
            *(at("09-09 04:00:00.000", who, name="order") for who in ("older", "in time")),
        ]
    )
    world.reconcile()
    listed = world.run("report-conversions", ListConversions(site=world.site.key, **SEPTEMBER))
    found = [
        world.run("report-conversion", ShowConversion(world.site.key, one.conversion))
        for one in listed["conversions"]
    ]
    # The visit of the order itself is the other touch.
    read = [(len(one.path), [touch.reason for touch in one.others]) for one in found]
    assert sorted(read) == [(1, ["before_lookback"]), (2, [])]


def test_a_visit_before_the_previous_conversion_is_named_as_that(
    warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path
) -> None:
    world = World(warehouse_embedded, sqlite_db, tmp_path, lookback_days=30)
    world.goal("Order", kind="event", pattern="order", reset_path=True)
    world.events(
        [
            at("07-01 10:00", url=ad("pump")),
            at("09-01 10:00", url=ad("pump")),
            at("09-01 10:03", name="order"),
            # Another person's order ends no path of this one.
            at("09-03 10:00", "b", ad("pump")),
            at("09-03 10:03", "b", name="order"),
            at("09-05 10:00", url=ad("valve")),
            at("09-05 10:03", name="order"),
        ]
    )
    world.reconcile()
    listed = world.run("report-conversions", ListConversions(site=world.site.key, **SEPTEMBER))
    newest, _, first = listed["conversions"]
    wanted = {
        newest.conversion: ["before_lookback", "before_previous_conversion"],
        first.conversion: ["before_lookback", "after_conversion"],
    }
    for conversion, reasons in wanted.items():
        detail = world.run("report-conversion", ShowConversion(world.site.key, conversion))
        assert len(detail.path) == 1
        assert [touch.reason for touch in detail.others] == reasons
    address = f"/sites/{world.site.key}/attribution/{newest.conversion}"
    for tag, words in (("en-GB", "Before this person"), ("zh-CN", "早于此人的上一次转化")):
        assert words in enter(world, language=tag).get(address).text


def test_visits_after_the_first_stage_of_a_lead_are_told_from_those_after_the_conversion(
    warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path
) -> None:
    """A lead whose inquiry was seventeen days before its order; an order with a visit after it
    alone; one that belongs to nobody."""
    world = World(warehouse_embedded, sqlite_db, tmp_path)
    came = [at(f"09-{day} 10:00", "a", ad("pump")) for day in ("01", "05", "25")]
    world.events([*came, at("09-25 10:00", "late", ad("pump"))])
    world.offline(
        "id,lead,time,stage,value,visitor,email\n"
        "i,L,2026-09-03T10:00:00Z,inquiry,,a,\n"
        "o,L,2026-09-20T10:00:00Z,order,900,a,\n"
        "p,,2026-09-10T10:00:00Z,order,70,late,\n"
        "q,,2026-09-09T10:00:00Z,order,30,,nobody@pumps.example\n"
    )
    world.reconcile()
    listed = world.run("report-conversions", ListConversions(site=world.site.key, **SEPTEMBER))
    reasons, pages = [], []
    for one in listed["conversions"]:
        detail = world.run("report-conversion", ShowConversion(world.site.key, one.conversion))
        reasons.append([touch.reason for touch in detail.others])
        address = f"/sites/{world.site.key}/attribution/{one.conversion}"
        pages.append(enter(world, language="en-GB").get(address).text)
    assert reasons == [
        ["after_path_end", "after_conversion"],
        ["after_conversion"],
        [],
        ["after_conversion", "after_conversion"],
    ]
    assert "which is the first stage of the lead" in pages[0]
    # What has no value has none to share out.
    kinds = [one.goal for one in listed["conversions"]]
    inquiry, order = (pages[kinds.index(f"stage:{key}")] for key in ("inquiry", "order"))
    assert ">100%</td>" in inquiry
    assert '>100%<span class="under">900.00<' in order
    for page, words in (
        (pages[1], "Began after the conversion"),
        (pages[2], "no visitor is known"),
    ):
        assert "No visit counts" in page
        assert words in page
        assert "every known visit" not in page


def test_what_is_given_back_is_taken_off_touches_and_no_share_of_a_conversion(
    warehouse_embedded: Warehouse,
    sqlite_db: Engine,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A refund is no conversion: its credit is 0, but its touches have not 0% of it."""
    world = World(warehouse_embedded, sqlite_db, tmp_path)
    world.events([at("09-01 10:00", url=ad("pump")), at("09-02 10:00", url=ad("valve"))])
    world.offline(
        "id,lead,time,stage,value,visitor\n"
        "o,L,2026-09-05T10:00:00Z,order,100,v1\n"
        "r,L,2026-09-09T10:00:00Z,order,-41,v1\n"
    )
    world.reconcile()
    listed = world.run("report-conversions", ListConversions(site=world.site.key, **SEPTEMBER))
    refund, order = listed["conversions"]
    for one, linear, printed in (
        (refund, ">-20.50<", "-20.50"),
        (order, '>50%<span class="under">50.00<', "0.5"),
    ):
        page = enter(world).get(f"/sites/{world.site.key}/attribution/{one.conversion}").text
        assert linear in page
        assert ">0%<" not in page
        detail = world.run("report-conversion", ShowConversion(world.site.key, one.conversion))
        show_conversion(msgspec.to_builtins(detail))
        assert printed in capsys.readouterr().out.split()


def test_rows_and_steps_with_the_same_words_can_be_told_apart(
    warehouse_embedded: Warehouse,
    sqlite_db: Engine,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A keyword with two match types, a campaign in two accounts, and paid clicks of two kinds that
    have no keyword."""
    world = World(warehouse_embedded, sqlite_db, tmp_path)
    head = "day,platform,campaign,ad group,keyword,match type,clicks,impressions,cost\n"
    line = "2026-09-01,baidu,pumps,water,water pump,{},10,100,50\n"
    world.spend(head + line.format("exact") + line.format("phrase"), platform="baidu", account="a")
    oil = "2026-09-01,baidu,pumps,water,oil pump,,10,100,50\n"
    world.spend(head + oil, platform="baidu", account="b")
    world.goal("Order", kind="event", pattern="order")
    shared = ad("oil pump", bd_vid="c1")
    world.events(
        [
            at("09-01 09:00", "who brought the click", shared),
            at("09-01 10:00", url=ad("water pump", matchtype="exact")),
            at("09-02 10:00", url=ad("water pump", matchtype="phrase")),
            at("09-03 10:00", url=ad("oil pump")),
            at("09-04 10:00", url=ad("unheard of")),
            at("09-05 10:00", url=shared),
            at("09-05 10:01", name="order"),
        ]
    )
    world.reconcile()
    found = report(world, "report-models", level="keyword")
    kinds = sorted(row["source"]["match_type"] or "" for row in found["rows"])
    assert kinds == ["", "", "", "exact", "phrase"]
    whole = report(world, "report-paths", level="keyword")
    address = f"/sites/{world.site.key}/attribution?from=2026-09-01&to=2026-09-30&level="
    page = enter(world).get(f"{address}keyword").text
    show_paths(whole)
    printed = capsys.readouterr().out
    for text in ("a / pumps / water / water pump", "b / pumps / water / oil pump"):
        assert f"Baidu / {text}" in page
        assert f"baidu / {text}" in printed
    for text, said in (
        ("(Exact match)", "(exact)"),
        ("(Phrase match)", "(phrase)"),
        ("A shared or old link", "(shared_link)"),
    ):
        assert text in page
        assert said in printed
    campaigns = enter(world).get(f"{address}campaign").text
    assert "Baidu / a / pumps<" in campaigns
    assert "Baidu / b / pumps<" in campaigns


@pytest.fixture(scope="module")
def branded(
    shared_warehouse: Warehouse, shared_db: Engine, tmp_path_factory: pytest.TempPathFactory
) -> World:
    """Orders by a brand term alone, after another keyword, before one, and without any."""
    folder = tmp_path_factory.mktemp("branded")
    world = World(shared_warehouse, shared_db, folder, brand_terms=["Acme"])
    world.spend(
        SPEND
        + "2026-09-01,baidu,brand,own,ＡＣＭＥ Pump,10,100,50\n"
        + "2026-09-01,baidu,all,,Performance Max,10,100,50\n",
        platform="baidu",
    )
    world.goal("Order", kind="event", pattern="order", use_event_value=True)
    other, own = ad("water pump"), ad("acme pump", campaign="brand")
    paths = {
        "a": ([own, HOME], "10"),
        "b": ([other, own, HOME], "20"),
        "c": ([own, other], "40"),
        "d": ([HOME], "80"),
        "e": ([ad("unheard of"), HOME, own], "160"),
        "f": ([other, own], ""),
    }
    lines = []
    for visitor, (urls, value) in paths.items():
        lines += [at(f"09-0{day} 10:00", visitor, url) for day, url in enumerate(urls, 1)]
        if value:
            at_last = f"09-0{len(urls)} 10:05"
            lines.append(at(at_last, visitor, name="order", value=value, currency="CNY"))
    lines.append(at("09-08 10:00", "g", name="order", value="320", currency="CNY"))
    world.events(lines)
    world.reconcile()
    return world


@pytest.mark.parametrize("by", ["conversion", "click"])
def test_brand_is_all_brand_or_the_others_in_models(branded: World, by: str) -> None:
    def found(brand: str, model: str = "last_non_direct") -> tuple[str, str]:
        whole = report(branded, "report-models", level="keyword", by=by, brand=brand)
        credit = [row["models"][model] for row in whole["rows"]]
        totals = whole["totals"][model]
        assert whole["brand"] == brand
        assert sum(Decimal(one["conversions"]) for one in credit) == Decimal(totals["conversions"])
        return totals["conversions"], totals["revenue"]

    assert found("brand") == ("3", "190.00")
    assert found("non_brand") == ("1", "40.00")
    # What the keyword report has.
    for brand in ("all", "brand", "non_brand"):
        totals = branded.report(*SEPTEMBER.values(), brand=brand, by=by).totals
        assert found(brand) == (totals.conversions, totals.revenue)
    # The models differ in what they give the brand.
    assert found("brand", "first") == ("2", "50.00")
    assert found("non_brand", "first") == ("1", "20.00")
    markov = [Decimal(found(brand, "markov")[0]) for brand in ("brand", "non_brand")]
    assert 0 < sum(markov) < Decimal(found("all", "markov")[0])


def test_paths_are_of_the_brand_by_their_last_touch_that_is_not_direct(branded: World) -> None:
    def found(brand: str) -> Any:
        whole = report(branded, "report-paths", level="keyword", brand=brand)
        paths = {
            tuple(step["keyword"] or step["channel"] for step in row["steps"]): (
                row["conversions"],
                row["revenue"],
                row["lost"],
            )
            for row in whole["paths"]
        }
        assert (
            sum(row[0] for row in paths.values()) == whole["conversions"] - whole["without_touch"]
        )
        lengths = sum(one["conversions"] for one in whole["lengths"])
        assert lengths == whole["conversions"] - whole["without_touch"]
        return whole, paths

    whole, paths = found("brand")
    assert paths == {
        ("ＡＣＭＥ Pump", "Direct"): (1, "10.00", 0),
        ("water pump", "ＡＣＭＥ Pump", "Direct"): (1, "20.00", 0),
        ("Paid Search", "Direct", "ＡＣＭＥ Pump"): (1, "160.00", 0),
        ("water pump", "ＡＣＭＥ Pump"): (0, "0.00", 1),
    }
    # A paid click whose keyword the spend does not know is of neither.
    assert whole["brand_after_non_brand"] == 1
    assert whole["lengths"] == [{"at": 2, "conversions": 1}, {"at": 3, "conversions": 2}]
    assert [one["at"] for one in whole["last_lag"]] == [0, 1]
    whole, paths = found("non_brand")
    assert paths == {("ＡＣＭＥ Pump", "water pump"): (1, "40.00", 0)}
    assert (whole["conversions"], whole["brand_after_non_brand"]) == (1, 0)
    whole, _ = found("all")
    assert (whole["conversions"], whole["without_touch"]) == (6, 0)
    assert (whole["brand_after_non_brand"], whole["brand"]) == (1, "all")


def test_a_site_without_brand_terms_has_no_brand(world: World, branded: World) -> None:
    assert report(world, "report-paths")["brand_after_non_brand"] is None
    assert report(world, "report-models", brand="brand")["rows"] == []
    with pytest.raises(InvalidInput):
        report(world, "report-paths", brand="own")
    days = "?from=2026-09-01&to=2026-09-30"
    assert 'name="brand"' not in enter(world).get(f"/sites/{world.site.key}/attribution{days}").text
    browser = enter(branded)
    base = f"/sites/{branded.site.key}"
    page = browser.get(f"{base}/attribution{days}&brand=brand&level=keyword").text
    assert "Conversions of brand terms that came after a click on another keyword: 1." in page
    assert "whose last non-direct touch is such a keyword" in page
    answer = browser.get(f"/api/v1{base}/reports/paths{days}&brand=brand").json()
    assert answer == report(branded, "report-paths", brand="brand")


def test_the_page_lists_older_conversions_on_further_pages(
    branded: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages_attribution, "_SHOWN", 1)
    browser = enter(branded)
    base = f"/sites/{branded.site.key}"
    days = "?from=2026-09-01&to=2026-09-30"
    found = browser.get(f"/api/v1{base}/conversions{days}").json()["conversions"]
    assert len(found) > 1
    last = len(found)
    for number, one in enumerate(found, start=1):
        page = browser.page(f"{base}/attribution{days}&page={number}")
        assert f"/attribution/{one['conversion']}" in page
        assert page.count("#conversions") == (number > 1) + (number < last)
        assert (f"page={number + 1}#conversions" in page) == (number < last)
