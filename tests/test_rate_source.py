"""Daily exchange rates from an address: whose day they are of, and what they never replace."""

from __future__ import annotations

import gzip
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from tests.spend_imports import Desk
from tracker.accounts.ad_accounts import AdAccount, upsert_ad_account
from tracker.errors import InvalidInput, Unavailable
from tracker.period import Period
from tracker.reconcile.marking import mark_money
from tracker.spend.rate_entry import RateSpan, enter_rate
from tracker.spend.rate_source import (
    FetchedRates,
    fetch_quotations,
    read_quotations,
    take_quotations,
)
from tracker.warehouse.client import Warehouse

FRIDAY = date(2026, 9, 4)
ECB = """<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01"
 xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
<gesmes:subject>Reference rates</gesmes:subject><Cube><Cube time='%s'>
<Cube currency='USD' rate='1.25'/><Cube currency='CNY' rate='8.0'/>
<Cube currency='JPY' rate='160.1'/>
</Cube></Cube></gesmes:Envelope>"""


@pytest.fixture
def desk(sqlite_db: Engine, warehouse_embedded: Warehouse, tmp_path: Path) -> Desk:
    """A site in CNY with an account in USD."""
    found = Desk.open(sqlite_db, warehouse_embedded, tmp_path)
    whose = (found.site.tenant, "google", "1")
    upsert_ad_account(sqlite_db, AdAccount(*whose, currency="USD", site=found.site.key))
    return found


def take(desk: Desk, text: str, today: date) -> FetchedRates:
    return take_quotations(
        desk.warehouse, desk.db, desk.site.tenant, read_quotations(text.encode()), source="ecb",
        today=today, mark_money=lambda days: mark_money(desk.db, desk.site.tenant, days),
    )  # fmt: skip


def stored(desk: Desk) -> dict[date, tuple[Decimal, date]]:
    rows = desk.warehouse.rows("SELECT day, rate, quoted FROM rates FINAL ORDER BY day")
    return {day: (Decimal(rate), quoted) for day, rate, quoted in rows}


def test_the_cross_rate_of_what_is_needed_is_stored_with_its_day(desk: Desk) -> None:
    found = take(desk, ECB % FRIDAY, FRIDAY)
    assert (found.pairs, found.changed, found.newest) == (["USD/CNY"], 1, FRIDAY)
    assert stored(desk) == {FRIDAY: (Decimal("6.4"), FRIDAY)}
    assert ("spend", FRIDAY) in desk.dirty()
    assert take(desk, ECB % FRIDAY, FRIDAY).changed == 0


def test_a_week_end_carries_the_rate_and_says_so_and_a_real_one_takes_its_place(
    desk: Desk,
) -> None:
    monday = date(2026, 9, 7)
    take(desk, ECB % FRIDAY, monday)
    assert stored(desk)[monday] == (Decimal("6.4"), FRIDAY)
    take(desk, (ECB % monday).replace("8.0", "8.1"), monday)
    assert stored(desk)[monday] == (Decimal("6.48"), monday)
    assert stored(desk)[date(2026, 9, 6)] == (Decimal("6.4"), FRIDAY)


def test_after_a_week_without_quotation_the_rate_is_missing(desk: Desk) -> None:
    take(desk, ECB % FRIDAY, date(2026, 9, 20))
    assert max(stored(desk)) == date(2026, 9, 11)


def test_the_banks_file_fills_the_days_on_which_nobody_asked(desk: Desk) -> None:
    before, monday = date(2026, 9, 3), date(2026, 9, 7)
    one_day = ECB[ECB.index("<Cube><Cube") + 6 : ECB.index("</Cube></gesmes")]
    ninety = (ECB % monday).replace(
        "</Cube></gesmes", one_day % FRIDAY + one_day % before + "</Cube></gesmes"
    )
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(200, text=ninety)

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        found = fetch_quotations(client, "ecb")
        take_quotations(
            desk.warehouse, desk.db, desk.site.tenant, found, source="ecb", today=monday,
            mark_money=lambda days: mark_money(desk.db, desk.site.tenant, days),
        )  # fmt: skip
    assert asked == ["/stats/eurofxref/eurofxref-hist-90d.xml"]
    assert {day: quoted for day, (_, quoted) in stored(desk).items()} == {
        before: before, FRIDAY: FRIDAY, monday: monday,
        date(2026, 9, 5): FRIDAY, date(2026, 9, 6): FRIDAY,
    }  # fmt: skip


def test_a_rate_that_somebody_entered_stays(desk: Desk) -> None:
    columns = ("tenant", "day", "base", "quote", "rate", "version")
    mine = (desk.site.tenant, FRIDAY, "USD", "CNY", Decimal("7.7"), 1)
    desk.warehouse.insert("rates", columns, [mine])
    take(desk, ECB % FRIDAY, FRIDAY)
    assert stored(desk) == {FRIDAY: (Decimal("7.7"), FRIDAY)}


def test_json_is_read_too() -> None:
    found = read_quotations(b'{"base": "usd", "date": "2026-09-04", "rates": {"CNY": 7.123456789}}')
    assert found == {FRIDAY: {"USD": Decimal(1), "CNY": Decimal("7.123456789")}}


@pytest.mark.parametrize(
    "text",
    [
        "", "<", "{}", "[]", "<a/>", '{"base": "USD", "date": "soon", "rates": {}}',
        '{"base": "USD", "date": "2026-09-04", "rates": {"CNY": 0}}',
        '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', (ECB % FRIDAY).replace("8.0", "NaN"),
        ECB % "2026-13-01",
    ],
)  # fmt: skip
def test_what_is_no_table_of_rates_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_quotations(text.encode())


@pytest.mark.parametrize("kind", ["503", "away", "huge"])
def test_an_address_that_does_not_answer_leaves_the_rates_as_they_are(kind: str) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        if kind == "away":
            raise httpx.ConnectError("refused")
        return (
            httpx.Response(503) if kind == "503" else httpx.Response(200, content=b" " * 5_000_000)
        )

    client: Any = httpx.Client(transport=httpx.MockTransport(answer))
    with client, pytest.raises((Unavailable, InvalidInput)):
        fetch_quotations(client, "https://rates.example/daily")


WIDE = "Date,USD,CNY,XAU,\n4 September 2026,1.25,8.0,N/A,\n2026-09-03,1.25,7.9,,\n"
LONG = "day,base,quote,rate\n2026-09-04,USD,CNY,6.4\n2026-09-04,EUR,USD,1.25\n"


@pytest.mark.parametrize(
    "text", [WIDE, LONG, LONG.replace(",", "\t"), "日期,USD,CNY\n" + WIDE[17:]]
)
def test_tables_of_rates_are_read_in_both_shapes(text: str, tmp_path: Path) -> None:
    for body in (text.encode(), gzip.compress(text.encode())):
        found = read_quotations(body)[FRIDAY]
        assert found["CNY"] / found["USD"] == Decimal("6.4")
        assert found["USD"] / found["EUR"] == Decimal("1.25")
    path = tmp_path / "rates of today.csv"
    path.write_text(text, encoding="utf-8")
    with httpx.Client() as client:
        assert fetch_quotations(client, path.as_uri())[FRIDAY]["USD"] == found["USD"]
        with pytest.raises(Unavailable, match="No exchange rates from"):
            fetch_quotations(client, "file:///nowhere/rates.csv")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Date,USD,CNY\n2026-09-04,1.25,-8\n", "no positive number"),
        ("Date,USD,CNY\nsoon,1.25,8\n", "Line 2"),
        (LONG + "2026-09-04,GBP,JPY,190\n", "Nothing connects GBP/JPY"),
        (LONG.replace("6.4", "x"), "line 2"),
        ("a,b\n1,2\n", "has no column for"),
    ],
)
def test_what_is_wrong_with_a_table_of_rates_is_said(text: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        read_quotations(text.encode())


def test_rates_of_a_table_are_stored_as_those_of_the_bank_are(desk: Desk) -> None:
    found = take(desk, WIDE, FRIDAY)
    assert (found.pairs, found.changed) == (["USD/CNY"], 2)
    assert stored(desk)[date(2026, 9, 3)] == (Decimal("6.32"), date(2026, 9, 3))


def entered(desk: Desk) -> None:
    """One yuan is 0.125 dollars: a dollar is 8 yuan."""
    enter_rate(
        desk.warehouse, desk.db, desk.site.tenant, RateSpan("CNY", "USD", Period(FRIDAY, FRIDAY)),
        Decimal("0.125"), mark_money=lambda days: mark_money(desk.db, desk.site.tenant, days),
    )  # fmt: skip


def test_a_currency_that_a_day_lacks_keeps_its_newest_rate(desk: Desk) -> None:
    # A holiday in China: the table has the day, and no yuan on it.
    text = "Date,USD,CNY\n2026-09-04,1.25,8\n2026-09-05,1.25,N/A\n2026-09-06,1.25,N/A\n"
    take(desk, text, date(2026, 9, 7))
    rows = desk.warehouse.rows("SELECT day, rate, quoted FROM rates FINAL ORDER BY day")
    assert [(day, Decimal(rate), quoted) for day, rate, quoted in rows] == [
        (date(2026, 9, day), Decimal("6.4"), FRIDAY) for day in (4, 5, 6, 7)
    ]


@pytest.mark.parametrize("first", ["entered", "told"])
def test_what_somebody_enters_the_other_way_round_counts(desk: Desk, first: str) -> None:
    desk.rows(f"{FRIDAY},a,g,pump,1,1,10", platform="google", account="1", currency="USD")
    quotation = f"Date,USD,CNY\n{FRIDAY},1.25,8\n"  # a dollar is 6.4 yuan
    if first == "entered":
        entered(desk)
    take(desk, quotation, FRIDAY)
    if first == "told":
        assert desk.costs()["*"] == "64.00"
        entered(desk)
    assert desk.costs()["*"] == "80.00"
    take(desk, quotation, FRIDAY)
    assert desk.costs()["*"] == "80.00"
