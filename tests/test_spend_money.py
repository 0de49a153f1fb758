"""What spend cost really, and what no keyword has: by hand, to the micro."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.spend_imports import Desk, new_site
from tracker.accounts.ad_accounts import AdAccount, assign_campaign, upsert_ad_account
from tracker.accounts.cost_rules import (
    CostRule,
    RuleDraft,
    add_cost_rule,
    cost_rules,
    remove_cost_rule,
)
from tracker.accounts.marks import Slice, mark
from tracker.errors import InvalidInput, NotFound
from tracker.reconcile.account_changes import mark_fees
from tracker.spend.connectors.contract import Capability
from tracker.spend.cost_rules import PICO, day_part, factor
from tracker.spend.facts import Total, Whose, publish_facts, total_row, write_facts
from tracker.spend.publication import next_pull
from tracker.warehouse.client import Warehouse

DAY = date(2026, 9, 1)
ACCOUNT = "77"


@pytest.fixture
def desk(sqlite_db: Engine, warehouse_embedded: Warehouse, tmp_path: Path) -> Desk:
    return Desk.open(sqlite_db, warehouse_embedded, tmp_path)


def key(desk: Desk) -> tuple[str, str, str]:
    return desk.site.tenant, "baidu", ACCOUNT


def total(desk: Desk, cost: str, day: date = DAY, currency: str = "CNY", clicks: int = 9) -> None:
    """The platform tells the total of a day of the account."""
    whose, want = Whose(*key(desk)), Capability.ACCOUNT_TOTALS
    pull = next_pull(desk.db)
    one = Total(90, clicks, Decimal(cost), currency, None, None, None)
    write_facts(desk.warehouse, want, [total_row(whose, day, one, pull)], f"t{pull}")
    publish_facts(desk.warehouse, whose, want, {day: 1}, pull, desk.now)
    mark(desk.db, [Slice("spend", desk.site.key, day)])


def rule(desk: Desk, kind: str, value: str, first: date = DAY, **more: Any) -> CostRule:
    last = more.pop("last", None)
    found = add_cost_rule(desk.db, key(desk), RuleDraft(kind, first, last, Decimal(value), **more))
    mark(desk.db, [Slice("spend", desk.site.key, DAY + timedelta(days=n)) for n in range(30)])
    return found


def spend(desk: Desk, *rows: str, **more: Any) -> None:
    """A Baidu report of the account."""
    desk.rows(*rows, account=ACCOUNT, **more)


def adjusted(desk: Desk, site: str = "") -> dict[str, Decimal | None]:
    """Keyword or reason to what it cost really, in the site's currency; ``*`` is the total."""
    desk.reconcile()
    rows = desk.warehouse.rows(
        "SELECT if(k.keyword = '', k.reason, k.keyword) AS word, sum(s.adjusted_site), "
        "countIf(s.adjusted_site IS NULL) FROM site_spend AS s INNER JOIN keywords AS k "
        "ON s.keyword_key = k.keyword_key AND k.site = s.site AND k.build = "
        "(SELECT max(build) FROM slices WHERE site = s.site AND kind = 'keywords') "
        "WHERE s.site = {site:String} AND (s.day, s.build) IN (SELECT day, max(build) FROM slices "
        "WHERE site = {site:String} AND kind = 'spend' GROUP BY day) GROUP BY word".replace(
            "s.site AND kind = 'keywords'", "{site:String} AND kind = 'keywords'"
        ),
        {"site": site or desk.site.key},
    )
    found: dict[str, Decimal | None] = {
        str(word): None if unknown else Decimal(amount) for word, amount, unknown in rows
    }
    known = [amount for amount in found.values() if amount is not None]
    return found | {"*": sum(known, Decimal(0)) if len(known) == len(found) else None}


ROWS = (f"{DAY},Brand,Core,alarm,10,1,10.00", f"{DAY},Brand,Core,sensor,10,1,5.01")


def test_what_the_platform_charges_above_its_keywords_is_a_row_of_the_report(desk: Desk) -> None:
    spend(desk, *ROWS)
    total(desk, "20.000001")
    assert desk.costs() == {
        "alarm": "10.00", "sensor": "5.01", "(gap)": "4.990001", "*": "20.000001"
    }  # fmt: skip
    row = next(row for row in desk.report().rows if row.reason == "gap")
    assert (row.kind, row.platform, row.account, row.clicks) == ("unallocated", "baidu", "77", 7)


def test_a_total_below_the_keywords_takes_the_difference_back(desk: Desk) -> None:
    spend(desk, *ROWS)
    total(desk, "15.00")
    assert desk.costs() == {"alarm": "10.00", "sensor": "5.01", "(gap)": "-0.01", "*": "15.00"}


def test_a_total_that_agrees_adds_no_row(desk: Desk) -> None:
    spend(desk, *ROWS)
    total(desk, "15.01")
    assert desk.costs() == {"alarm": "10.00", "sensor": "5.01", "*": "15.01"}


def test_a_total_older_than_the_rows_says_nothing_of_them(desk: Desk) -> None:
    total(desk, "20")
    spend(desk, *ROWS)
    assert desk.costs()["*"] == "15.01"
    total(desk, "21")
    assert desk.costs()["*"] == "21.00"


@pytest.mark.parametrize("case", ["no rows", "another currency", "within a period"])
def test_a_total_without_rows_to_compare_with_adds_nothing(desk: Desk, case: str) -> None:
    if case == "another currency":
        spend(desk, *ROWS)
        total(desk, "20", currency="USD")
    elif case == "within a period":
        report = desk.file(
            ["Brand,Core,alarm,1,1,5"],
            header="Report\nSep 1, 2026 - Sep 9, 2026\nCampaign,Ad group,Keyword,Impr.,Clicks,Cost",
        )
        desk.run(report, platform="baidu", account=ACCOUNT, period_total=True)
        total(desk, "20")
    else:
        spend(desk, f"{DAY + timedelta(days=1)},Brand,Core,alarm,1,1,5")
        total(desk, "20")
    assert desk.costs()["*"] in ("15.01", "5.00")


def test_a_campaign_given_to_another_site_is_counted_there_and_nowhere_else(desk: Desk) -> None:
    other = new_site(desk.db, desk.site.tenant, "valves.example")
    spend(desk, *ROWS, f"{DAY},Valves,Core,valve,10,1,2.50")
    total(desk, "20")
    assign_campaign(
        desk.db, tenant=desk.site.tenant, platform="baidu", account=ACCOUNT, campaign="Valves",
        site=other.key,
    )  # fmt: skip
    mark(desk.db, [Slice("spend", site, DAY) for site in (desk.site.key, other.key)])
    assert desk.costs() == {"alarm": "10.00", "sensor": "5.01", "(gap)": "2.49", "*": "17.50"}
    assert adjusted(desk, other.key) == {"valve": Decimal("2.50"), "*": Decimal("2.50")}


def test_a_recharge_with_rebate_makes_cost_cheaper_from_its_day_on(desk: Desk) -> None:
    """Paid 8000 for 10000: 10.00 → 8.00, 5.01 → 4.008. Next day 9000 for 10000: 1.00 → 0.90."""
    later = DAY + timedelta(days=1)
    spend(desk, *ROWS, f"{later},Brand,Core,late,1,1,1.00")
    rule(desk, "recharge", "8000", credit=Decimal(10000))
    rule(desk, "recharge", "9000", later, credit=Decimal(10000))
    assert adjusted(desk) == {
        "alarm": Decimal("8.00"), "sensor": Decimal("4.008"), "late": Decimal("0.9"),
        "*": Decimal("12.908"),
    }  # fmt: skip
    assert desk.costs()["*"] == "16.01"


def test_fee_and_tax_come_on_top(desk: Desk) -> None:
    """(15.01 × 0.8 + 15.01 × 5%) × 1.06 = 13.52401."""
    spend(desk, *ROWS)
    total(desk, "15.01")
    rule(desk, "recharge", "0.8", credit=Decimal(1))
    rule(desk, "fee", "5")
    gone = rule(desk, "vat", "6")
    assert adjusted(desk)["*"] == Decimal("13.52401")
    remove_cost_rule(desk.db, key(desk), gone.id)
    mark(desk.db, [Slice("spend", desk.site.key, DAY)])
    assert adjusted(desk)["*"] == Decimal("12.7585")


def test_the_rows_of_a_day_sum_to_its_adjusted_cost_rounded_once(desk: Desk) -> None:
    """Three rows of 0.000001 at 2/3 are 0.000002, not three times 0.000001."""
    spend(desk, *(f"{DAY},Brand,Core,word {n},1,1,0.000001" for n in range(3)))
    rule(desk, "recharge", "2", credit=Decimal(3))
    found = adjusted(desk)
    assert found.pop("*") == Decimal("0.000002")
    assert sorted(found.values(), key=str) == [Decimal(0), *[Decimal("0.000001")] * 2]


def test_a_monthly_fee_is_spread_over_its_days_and_a_month_sums_to_it(desk: Desk) -> None:
    spend(desk, *ROWS)
    rule(desk, "monthly", "1000")
    found = adjusted(desk)
    assert (found["account_fee"], found["*"]) == (Decimal("1000.00"), Decimal("1015.01"))
    assert desk.costs()["*"] == "15.01"
    days = [date(2026, 2, day) for day in range(1, 29)]
    assert sum(day_part(Decimal("999.99"), day) for day in days) == 999_990_000
    assert {day_part(Decimal("999.99"), day) for day in days} == {35_713_928, 35_713_929}


def test_a_cost_that_no_column_holds_is_unknown_and_stops_nothing(desk: Desk) -> None:
    upsert_ad_account(desk.db, AdAccount(*key(desk), currency="USD", site=desk.site.key))
    columns = ("tenant", "day", "base", "quote", "rate", "version")
    rates = [(desk.site.tenant, DAY, "USD", "CNY", Decimal(25_000), 1)]
    desk.warehouse.insert("rates", columns, rates)
    rows = [f"{DAY},Brand,Core,large,1,1,999999999999", f"{DAY},Brand,Core,small,1,1,2"]
    spend(desk, *rows, currency="USD")
    rule(desk, "monthly", "999999999999", currency="USD")
    rule(desk, "vat", "100")
    found = adjusted(desk)
    assert (found["small"], found["large"], found["*"]) == (Decimal(100_000), None, None)
    assert desk.costs()["*"] is None


def test_the_fee_of_days_on_which_nothing_ran_is_made_up_for(desk: Desk) -> None:
    spend(desk, *ROWS)
    desk.reconcile()
    add_cost_rule(desk.db, key(desk), RuleDraft("monthly", DAY, None, Decimal(300)))

    def marked(today: date) -> int:
        found = mark_fees(desk.warehouse, desk.db, [desk.site.tenant], today)
        desk.reconcile()
        return found

    assert marked(DAY) == 1
    later = DAY + timedelta(days=9)
    assert marked(later) == 9
    assert marked(later) == 2, "yesterday and today, as accounts may be in another zone"
    days = [DAY + timedelta(days=n) for n in range(10)]
    due = Decimal(sum(day_part(Decimal(300), day) for day in days)) / 10**6
    assert adjusted(desk)["account_fee"] == due


def test_adjusted_cost_of_another_currency_needs_the_rate_too(desk: Desk) -> None:
    upsert_ad_account(desk.db, AdAccount(*key(desk), currency="USD", site=desk.site.key))
    spend(desk, *ROWS, currency="USD")
    rule(desk, "fee", "10")
    assert adjusted(desk)["*"] is None
    columns = ("tenant", "day", "base", "quote", "rate", "version")
    rates = [(desk.site.tenant, DAY, "USD", "CNY", Decimal("7.1"), 1)]
    desk.warehouse.insert("rates", columns, rates)
    mark(desk.db, [Slice("spend", desk.site.key, DAY)])
    assert adjusted(desk)["*"] == Decimal("117.2281")  # 16.511 × 7.1
    assert desk.costs()["*"] == "106.571"


def test_rules_of_a_day_make_one_factor() -> None:
    def one(kind: Any, value: str, credit: str | None = None) -> CostRule:
        return CostRule(
            "", "", "", "", kind, DAY, None, Decimal(value), Decimal(credit) if credit else None,
            None, "", datetime(2026, 1, 1, tzinfo=UTC),
        )  # fmt: skip

    assert factor([]) == PICO
    assert factor([one("recharge", "10000", "13000")]) == 769_230_769_231
    assert factor([one("recharge", "0", "100"), one("fee", "3.5")]) == 35 * PICO // 1000
    assert factor([one("recharge", "1", "2"), one("recharge", "9", "10")]) == 9 * PICO // 10
    assert factor([one("fee", "2"), one("fee", "3"), one("vat", "6")]) == 1_113 * PICO // 1000


@pytest.mark.parametrize(
    ("draft", "words"),
    [
        (RuleDraft("gift", DAY, None, Decimal(1)), "Unknown kind"),
        (RuleDraft("fee", DAY, DAY - timedelta(days=1), Decimal(1)), "before it begins"),
        (RuleDraft("fee", DAY, None, Decimal(101)), "more than 100"),
        (RuleDraft("vat", DAY, None, Decimal("-1")), "no value"),
        (RuleDraft("vat", DAY, None, Decimal("0.0000001")), "no value"),
        (RuleDraft("recharge", DAY, None, Decimal(1)), "credited"),
        (RuleDraft("recharge", DAY, None, Decimal(11), Decimal(1)), "10 times"),
        (RuleDraft("monthly", DAY, None, Decimal(1), currency="XXY"), "Unknown currency"),
        (RuleDraft("monthly", DAY, None, Decimal(1), currency="USD"), "are in CNY"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(desk: Desk, draft: RuleDraft, words: str) -> None:
    spend(desk, *ROWS)
    rule(desk, "monthly", "5")
    with pytest.raises(InvalidInput, match=words):
        add_cost_rule(desk.db, key(desk), draft)
    assert len(cost_rules(desk.db, [key(desk)])) == 1


def test_rules_belong_to_an_account_that_exists(desk: Desk) -> None:
    with pytest.raises(NotFound):
        add_cost_rule(
            desk.db, (desk.site.tenant, "baidu", "0"), RuleDraft("fee", DAY, None, Decimal(1))
        )
    spend(desk, *ROWS)
    with pytest.raises(NotFound):
        remove_cost_rule(desk.db, key(desk), "nothing")
