"""Files of offline conversions: their columns, times, identifiers and what is wrong with them."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.spend_reports import PAYLOADS, write
from tracker.conversions.contact import hash_email, hash_phone, hash_user, is_hashed
from tracker.conversions.offline_file import OfflineFile, OfflineRow, open_offline_file
from tracker.errors import InvalidInput

SHANGHAI = ZoneInfo("Asia/Shanghai")
HASH = sha256(b"li@pumps.example").hexdigest()


def read(path: Path, **options: object) -> tuple[OfflineFile, list[OfflineRow]]:
    file = open_offline_file(path, zone=SHANGHAI, **options)  # type: ignore[arg-type]
    return file, list(file.rows)


def messages(path: Path) -> list[str]:
    file, _ = read(path)
    return [str(problem) for problem in file.problems]


def test_an_english_file_is_read() -> None:
    file, rows = read(PAYLOADS / "crm/orders-en.csv")
    assert file.problems == []
    first, second, third = rows
    assert first.time == datetime(2026, 9, 1, 4, 32, 45, tzinfo=UTC)
    assert (first.day_only, first.stage, first.value, first.currency) == (
        False,
        "order",
        Decimal("12500.50"),
        "USD",
    )
    assert (first.id, first.lead, first.email_hash) == ("SO-1", "L-1", HASH)
    assert (second.value, second.email_hash) == (Decimal("-200"), HASH)
    assert second.time == datetime(2026, 9, 2, 1, 5, tzinfo=UTC)
    assert (third.value, third.visit_code, third.email_hash) == (None, "K3F7", "")
    assert third.phone_hash == hash_phone("+8613800138000")


def test_a_chinese_file_gives_days_that_end_at_their_last_millisecond() -> None:
    file, rows = read(PAYLOADS / "crm/orders-zh.csv")
    assert file.problems == []
    assert rows[0].time == datetime(2026, 9, 1, 15, 59, 59, 999000, tzinfo=UTC)
    assert rows[0].day_only
    assert (rows[0].stage, rows[0].id, rows[0].value) == ("签单", "HT-001", Decimal("100000"))
    assert rows[1].click_id == "bd-77"
    assert rows[1].platform == "baidu"


def test_a_workbook_is_read_like_a_text_file(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["时间", "阶段", "金额", "订单号", "手机"])
    sheet.append([datetime(2026, 9, 1, 9, 30), "询盘", 8.75, "A1", 13800138000])  # noqa: DTZ001
    sheet.append([date(2026, 9, 2), "签单", None, 20260902, "138 0013 8000"])
    path = tmp_path / "orders.xlsx"
    book.save(path)
    file, rows = read(path)
    assert file.problems == []
    assert rows[0].time == datetime(2026, 9, 1, 1, 30, tzinfo=UTC)
    assert (rows[0].value, rows[0].phone_hash) == (Decimal("8.75"), hash_phone("13800138000"))
    assert (rows[1].day_only, rows[1].id, rows[1].phone_hash) == (
        True,
        "20260902",
        rows[0].phone_hash,
    )


def test_each_bad_cell_is_named_with_line_and_column(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "time,goal,amount,currency,order id,email\n"
        "2026-09-01 25:00,order,1,CNY,1,a@b.example\n"
        "2026-09-01,order,1.2.3,CNY,2,a@b.example\n"
        "2026-09-01,order,1,XYZQ,3,a@b.example\n"
        "2026-09-01,,1,CNY,4,a@b.example\n"
        "2026-09-01,order,1,CNY,,a@b.example\n"
        "2026-09-01,order,1,CNY,6,\n"
        "2026-09-01,order,1,CNY,7,nobody\n"
        "2026-09-01,order,1,CNY,8,a@b.example\n"
        ",order,1,CNY,9,a@b.example\n"
        "2026-09-01,order,1,CNY,8,c@b.example\n",
    )
    file, rows = read(path)
    assert [row.id for row in rows] == ["8"]
    assert [(problem.line, problem.column) for problem in file.problems] == [
        (2, "time"),
        (3, "amount"),
        (4, "currency"),
        (5, "goal"),
        (6, "order id"),
        (7, ""),
        (8, "email"),
        (10, "time"),
        (11, "order id"),
    ]
    assert "line 9" in file.problems[-1].message


@pytest.mark.parametrize(
    ("amount", "column", "expected"),
    [
        ("US$900", "", "USD"),
        ("900 EUR", "", "EUR"),
        ("€900", "EUR", "EUR"),
        ("$900", "USD", "USD"),
        ("¥900", "", ""),
        ("900元", "CNY", "CNY"),
        ("900", "USD", "USD"),
    ],
)
def test_a_value_is_in_the_currency_that_it_is_marked_with(
    amount: str, column: str, expected: str, tmp_path: Path
) -> None:
    text = f"day,stage,id,email,amount,currency\n2026-09-01,order,1,a@b.example,{amount},{column}\n"
    file, rows = read(write(tmp_path, text), currency="CNY")
    assert file.problems == []
    assert (rows[0].value, rows[0].currency) == (Decimal(900), expected)


@pytest.mark.parametrize(
    ("title", "expected"),
    [("Amount (USD)", "USD"), ("金额（美元）", "USD"), ("金额(元)", ""), ("Amount (net)", "")],
)
def test_a_value_is_in_the_currency_that_the_title_of_its_column_names(
    title: str, expected: str, tmp_path: Path
) -> None:
    text = f"day,stage,id,email,{title}\n2026-09-01,order,1,a@b.example,900\n"
    file, rows = read(write(tmp_path, text), currency="CNY")
    assert file.problems == []
    assert (rows[0].value, rows[0].currency) == (Decimal(900), expected)


@pytest.mark.parametrize("mapping", [{}, {"value": "金额（万元）"}])
def test_a_column_of_ten_thousands_is_refused(mapping: dict[str, str], tmp_path: Path) -> None:
    text = "day,stage,id,email,金额（万元）\n2026-09-01,order,1,a@b.example,90\n"
    file, rows = read(write(tmp_path, text), currency="CNY", mapping=mapping)
    assert rows == []
    assert "marked 万元" in file.problems[0].message


@pytest.mark.parametrize(
    ("amount", "cost", "column"),
    [("$900", "", ""), ("US$900", "", "EUR"), ("¥900", "", "USD"), ("US$900", "¥60", "")],
)
def test_a_number_that_is_marked_with_another_currency_than_its_row_is_refused(
    amount: str, cost: str, column: str, tmp_path: Path
) -> None:
    head = "day,stage,id,email,amount,order cost,currency\n"
    text = f"{head}2026-09-01,order,1,a@b.example,{amount},{cost},{column}\n"
    file, rows = read(write(tmp_path, text), currency="CNY")
    assert rows == []
    (problem,) = file.problems
    assert problem.column == ("order cost" if cost else "amount")
    assert "but its currency is" in problem.message


def test_an_id_that_excel_has_shortened_is_refused(tmp_path: Path) -> None:
    text = "day,stage,id,email\n2026-09-01,order,1.23457E+14,a@b.example\n"
    assert "lost its last digits" in messages(write(tmp_path, text))[0]


@pytest.mark.parametrize(
    "column", ["lead", "user id", "keyword id", "campaign id", "web order", "click id", "visitor"]
)
@pytest.mark.parametrize("written", ["1.23457E+14", '"1,23457E+14"', "1.23457E14", "1E+14"])
def test_any_other_id_that_excel_has_shortened_is_refused(
    column: str, written: str, tmp_path: Path
) -> None:
    """Two leads 123456700000001 and 123456700000002 would be one."""
    text = f"day,stage,id,email,{column}\n2026-09-01,order,1,a@b.example,{written}\n"
    file, rows = read(write(tmp_path, text))
    assert rows == []
    (problem,) = file.problems
    assert (problem.line, problem.column) == (2, column)
    assert "lost its last digits" in problem.message


def test_an_id_of_hexadecimal_digits_is_no_shortened_number(tmp_path: Path) -> None:
    text = "day,stage,id,lead,visitor\n2026-09-01,order,3e77,5e12345678901234,1e5\n"
    file, rows = read(write(tmp_path, text))
    assert file.problems == []
    assert (rows[0].lead, rows[0].visitor) == ("5e12345678901234", "1e5")


@pytest.mark.parametrize("column", ["campaign", "ad group", "ad group id", "keyword"])
def test_what_the_platform_names_leads_back_by_itself(column: str, tmp_path: Path) -> None:
    text = f"day,stage,id,platform,{column}\n2026-09-01,order,1,google,77\n"
    file, rows = read(write(tmp_path, text))
    assert (len(rows), file.problems) == (1, [])


@pytest.mark.parametrize("head", ["day,stage,id,removed,email", "day,stage,id,removed"])
def test_a_row_that_withdraws_another_needs_its_id_alone(head: str, tmp_path: Path) -> None:
    rest = "," * (head.count(",") - 3)
    text = f"{head}\n2026-09-01,order,1,yes{rest}\n2026-09-01,order,2,no{rest}\n"
    file, rows = read(write(tmp_path, text))
    assert [(row.id, row.removed) for row in rows] == [("1", True)]
    (problem,) = file.problems
    assert problem.line == 3
    assert "Nothing leads back to a visit" in problem.message


@pytest.mark.parametrize(
    ("written", "currency"),
    [("RMB", "CNY"), ("rmb", "CNY"), ("人民币", "CNY"), ("美元", "USD"), ("US$", "USD")],
)
def test_a_currency_is_known_by_a_name_that_means_it_alone(
    written: str, currency: str, tmp_path: Path
) -> None:
    head = "day,stage,id,email,value,currency\n"
    file, rows = read(write(tmp_path, f"{head}2026-09-01,order,1,a@b.example,5,{written}\n"))
    assert file.problems == []
    assert rows[0].currency == currency
    assert (
        "Unknown currency"
        in messages(write(tmp_path, f"{head}2026-09-01,order,1,a@b.example,5,$\n"))[0]
    )


def test_a_row_that_names_its_lead_needs_no_contact(tmp_path: Path) -> None:
    text = "day,stage,id,lead,email\n2026-09-01,order,2,L1,\n"
    _, rows = read(write(tmp_path, text))
    assert rows[0].lead == "L1"


def test_columns_that_are_missing_are_named_with_those_that_are_there(tmp_path: Path) -> None:
    path = write(tmp_path, "day,amount,currency\n2026-09-01,1,CNY\n")
    with pytest.raises(InvalidInput, match="id; stage or goal; visitor") as refusal:
        read(path)
    assert "day, amount, currency" in str(refusal.value)


def test_a_mapping_names_any_columns(tmp_path: Path) -> None:
    path = write(tmp_path, "when;who;what\n2026-09-01;a@b.example;77\n")
    _, rows = read(path, mapping={"day": "when", "email": "who", "id": "what"}, stage="order")
    assert (rows[0].id, rows[0].stage) == ("77", "order")
    with pytest.raises(InvalidInput, match="whom"):
        read(path, mapping={"email": "whom", "id": "what"}, stage="order")
    with pytest.raises(InvalidInput, match="Allowed: time, day"):
        read(path, mapping={"mail": "who"})


def test_day_and_month_are_told_apart_by_a_later_row(tmp_path: Path) -> None:
    text = "day,stage,id,email\n1/9/2026,order,1,a@b.example\n13/9/2026,order,2,a@b.example\n"
    _, rows = read(write(tmp_path, text))
    assert [row.time.astimezone(SHANGHAI).date() for row in rows] == [
        date(2026, 9, 1),
        date(2026, 9, 13),
    ]
    text = "day,stage,id,email\n1/9/2026,order,1,a@b.example\n"
    with pytest.raises(InvalidInput, match="day/month or month/day"):
        read(write(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-10-01T12:32:45+08:00", datetime(2026, 10, 1, 4, 32, 45, tzinfo=UTC)),
        ("2026-10-01T04:32:45.123Z", datetime(2026, 10, 1, 4, 32, 45, 123000, tzinfo=UTC)),
        ("2026/10/1 9:05", datetime(2026, 10, 1, 1, 5, tzinfo=UTC)),
        ("2026年10月1日 09:05:07", datetime(2026, 10, 1, 1, 5, 7, tzinfo=UTC)),
        ("Oct 1, 2026 9:05 PM", datetime(2026, 10, 1, 13, 5, tzinfo=UTC)),
        ("2026-10-01 12:05 AM", datetime(2026, 9, 30, 16, 5, tzinfo=UTC)),
        ("2026-10-01 10:00 周四", datetime(2026, 10, 1, 2, 0, tzinfo=UTC)),
        ("2026-10-01 10:00:00（星期四）", datetime(2026, 10, 1, 2, 0, tzinfo=UTC)),
        ("2026-10-01 10:00:00.1234567891", datetime(2026, 10, 1, 2, 0, 0, 123000, tzinfo=UTC)),
    ],
)
def test_times_are_read_in_the_zone_of_the_site(
    text: str, expected: datetime, tmp_path: Path
) -> None:
    path = write(tmp_path, f'time,stage,id,email\n"{text}",order,1,a@b.example\n')
    file, rows = read(path)
    assert file.problems == []
    assert rows[0].time == expected


def test_a_time_of_day_that_cannot_be_read_is_not_dropped(tmp_path: Path) -> None:
    text = "time,stage,id,email\n2026-10-01 10:00.5,order,1,a@b.example\n"
    assert "is no time of day" in messages(write(tmp_path, text))[0]


def test_a_half_written_file_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "day,stage,id,email\n2026-09-01,order,1,a@b.example\n2026-09-01,ord")
    with pytest.raises(InvalidInput, match="half-written"):
        read(path)


def test_rows_can_be_read_twice(tmp_path: Path) -> None:
    path = write(tmp_path, "day,stage,id,email\n2026-09-01,order,1,a@b.example\n,order,2,x\n")
    file, rows = read(path)
    assert list(file.rows) == rows
    assert len(file.problems) == 2


def test_contacts_meet_whatever_their_spelling() -> None:
    assert hash_email(" Li@Pumps.Example ") == hash_email("li@pumps.example") == HASH
    assert hash_email(HASH.upper()) == HASH
    assert is_hashed(HASH)
    assert hash_user(HASH.upper()) == hash_user(HASH) == HASH
    assert hash_phone("+86 (138) 0013-8000") == hash_phone("0086 138 0013 8000")
    assert hash_phone("＋８６13800138000") == sha256(b"+8613800138000").hexdigest()
    assert hash_phone("138 0013 8000") == sha256(b"13800138000").hexdigest()
    for nonsense in ("", "a@b", "a b@c.example", "li.example"):
        with pytest.raises(InvalidInput):
            hash_email(nonsense)
    for nonsense in ("", "12", "call me", "1" * 16):
        with pytest.raises(InvalidInput):
            hash_phone(nonsense)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=600))
def test_no_bytes_give_another_error_than_invalid_input(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "file"
    path.write_bytes(b"time,stage,value,id,email\n" + data)
    with contextlib.suppress(InvalidInput):
        read(path)
