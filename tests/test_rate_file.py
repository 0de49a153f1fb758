"""Files of exchange rates."""

from __future__ import annotations

import contextlib
from datetime import date
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.spend_reports import PAYLOADS, write
from tracker.errors import InvalidInput
from tracker.spend.rate_file import RateFile, RateRow, open_rate_file


def read(path: Path, **options: object) -> tuple[RateFile, list[RateRow]]:
    file = open_rate_file(path, **options)  # type: ignore[arg-type]
    return file, list(file.rows)


def test_rates_are_exact_to_nine_decimals() -> None:
    file, rows = read(PAYLOADS / "rates/rates-en.csv")
    assert file.problems == []
    assert [(row.day, row.base, row.quote, row.rate) for row in rows] == [
        (date(2026, 9, 1), "USD", "CNY", Decimal("7.1025")),
        (date(2026, 9, 2), "EUR", "CNY", Decimal("8.123456789")),
    ]


def test_a_range_gives_a_rate_for_each_of_its_days() -> None:
    file, rows = read(PAYLOADS / "rates/rates-zh.csv")
    assert file.problems == []
    assert [(row.line, row.day.day, row.rate) for row in rows] == [
        (2, 1, Decimal("7.1")),
        (2, 2, Decimal("7.1")),
        (2, 3, Decimal("7.1")),
        (3, 4, Decimal("7.2")),
    ]


def test_a_workbook_is_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Date", "From", "To", "Exchange rate"])
    sheet.append([date(2026, 9, 1), "USD", "CNY", 7.1025])
    path = tmp_path / "rates.xlsx"
    book.save(path)
    _, rows = read(path)
    assert rows == [RateRow(2, date(2026, 9, 1), "USD", "CNY", Decimal("7.102500000"))]


def test_one_quote_for_the_whole_file_can_be_given(tmp_path: Path) -> None:
    path = write(tmp_path, "日期,币种,汇率\n2026-09-01,USD,7.1\n")
    _, rows = read(path, quote="cny")
    assert (rows[0].base, rows[0].quote) == ("USD", "CNY")
    with pytest.raises(InvalidInput, match="no column for quote"):
        read(path)


def test_a_mapping_names_any_columns(tmp_path: Path) -> None:
    path = write(tmp_path, "d,a,b,x\n2026-09-01,USD,CNY,7.1\n")
    _, rows = read(path, mapping={"day": "d", "base": "a", "quote": "b", "rate": "x"})
    assert rows[0].rate == Decimal("7.1")


def test_each_bad_cell_is_named_with_line_and_column(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "day,until,base,quote,rate\n"
        "2026-09-31,,USD,CNY,7.1\n"
        "2026-09-01,2026-08-01,USD,CNY,7.1\n"
        "2026-09-01,,DOLLAR,CNY,7.1\n"
        "2026-09-01,,USD,CNY,0\n"
        "2026-09-01,,USD,CNY,-7.1\n"
        "2026-09-01,,USD,CNY,1.0123456789\n"
        "2026-09-01,,USD,USD,1\n"
        "2026-09-01,,USD,CNY,7.1\n"
        "2026-09-01,,USD,CNY,7.1\n"
        "2026-09-01,,USD,CNY,7.2\n",
    )
    file, rows = read(path)
    assert [row.line for row in rows] == [9]
    assert [(problem.line, problem.column) for problem in file.problems] == [
        (2, "day"),
        (3, "until"),
        (4, "base"),
        (5, "rate"),
        (6, "rate"),
        (7, "rate"),
        (8, ""),
        (11, "rate"),
    ]


def test_another_table_is_refused_with_what_it_has(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="it has: keyword, cost"):
        read(write(tmp_path, "keyword,cost\npump,1\n"))


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=600))
def test_no_bytes_give_another_error_than_invalid_input(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "file"
    path.write_bytes(b"day,base,quote,rate\n" + data)
    with contextlib.suppress(InvalidInput):
        read(path)
