"""Properties of number and day parsing, and of reading any bytes at all."""

from __future__ import annotations

import contextlib
import random
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.spend_reports import HEADER, PAYLOADS, as_workbook, read
from tracker.errors import InvalidInput
from tracker.tables.dates import Order, parse_day
from tracker.tables.numbers import Style, learn_style, parse_number

AMOUNTS = st.decimals(min_value=0, max_value=10**11, places=2)
REPORTS = sorted(
    path
    for vendor in ("google", "microsoft", "baidu", "sogou")
    for path in (PAYLOADS / vendor).iterdir()
)


@given(AMOUNTS, st.sampled_from(["", "¥", "$", "CNY ", "US$"]), st.booleans())
def test_a_number_written_with_thousands_reads_as_itself(
    amount: Decimal, sign: str, negative: bool
) -> None:
    english = f"{amount:,.2f}"
    european = english.replace(",", " ").replace(".", ",").replace(" ", ".")
    minus = "-" if negative else ""
    expected = -amount if negative else amount
    assert parse_number(f"{minus}{sign}{english}") == expected
    assert parse_number(f" {minus}{european}% ", Style.COMMA) == expected
    assert learn_style([english]) is Style.POINT
    assert learn_style([european]) is Style.COMMA


@given(AMOUNTS)
def test_a_number_of_the_other_style_is_never_read_as_another_number(amount: Decimal) -> None:
    european = f"{amount:.2f}".replace(".", ",")
    with contextlib.suppress(ValueError):
        assert parse_number(european) == amount


@given(st.text(max_size=20))
def test_any_text_is_a_number_or_a_cell_error(text: str) -> None:
    for style in Style:
        with contextlib.suppress(ValueError):
            parse_number(text, style)


@given(st.dates(date(1990, 1, 1), date(2099, 12, 31)))
def test_a_day_reads_back_from_every_form(day: date) -> None:
    forms = (
        "{d:%Y-%m-%d}",
        "{d:%Y%m%d}",
        "{d.year}/{d.month}/{d.day}",
        "{d.year}年{d.month}月{d.day}日",
        "{d:%b} {d.day}, {d.year}",
        "{d.day} {d:%B} {d.year}",
        "{d:%d.%m.%Y}",
        "{d:%Y-%m-%d} 00:00:00",
    )
    for form in forms:
        assert parse_day(form.format(d=day)) == day
    assert parse_day(f"{day.month}/{day.day}/{day.year}", Order.MONTH_FIRST) == day
    assert parse_day(f"{day.day}/{day.month}/{day.year}", Order.DAY_FIRST) == day


@given(st.text(max_size=30))
def test_any_text_is_a_day_or_a_cell_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        parse_day(text)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([b"", b"PK\x03\x04", b"\x1f\x8b\x08\x00", b"\xff\xfe", b"\xef\xbb\xbf"])
    | st.just(HEADER.encode() + b"\n"),
    st.binary(max_size=800),
)
def test_random_bytes_give_invalid_input_and_no_other_error(
    tmp_path_factory: pytest.TempPathFactory, start: bytes, data: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "random.bin"
    path.write_bytes(start + data)
    with contextlib.suppress(InvalidInput):
        read(path)


@pytest.mark.parametrize("workbook", [False, True], ids=["text", "workbook"])
@pytest.mark.parametrize("source", REPORTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_damaged_reports_give_invalid_input_and_no_other_error(
    source: Path, workbook: bool, tmp_path: Path
) -> None:
    whole = source.read_bytes()
    if workbook:
        as_workbook(source, tmp_path / "whole.xlsx")
        whole = (tmp_path / "whole.xlsx").read_bytes()
    chance = random.Random(source.name)
    path = tmp_path / "damaged"
    for _ in range(20):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(data))
            data[at : at + chance.choice((0, 1, 9))] = chance.randbytes(chance.choice((0, 1, 5)))
        path.write_bytes(bytes(data[: chance.choice((len(data), chance.randrange(1, len(data))))]))
        with contextlib.suppress(InvalidInput):
            read(path)
