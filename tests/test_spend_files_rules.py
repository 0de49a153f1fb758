"""The rules of reading a spend report: days, scope, numbers, columns, and files that are broken."""

from __future__ import annotations

import gzip
import io
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from tests.spend_reports import HEADER, PAYLOADS, as_workbook, read, write
from tracker.errors import InvalidInput
from tracker.spend.files.guidance import how_to_segment
from tracker.spend.files.reader import open_spend_file
from tracker.tables.dates import Order

ROW = "2026-09-01,Pumps,Slurry,slurry pump,100,10,12.50"


def table(directory: Path, *rows: str, header: str = HEADER) -> Path:
    return write(directory, "\n".join([header, *rows]) + "\n")


# Days


def test_a_range_of_one_day_is_the_day_of_every_row() -> None:
    file, rows = read(PAYLOADS / "google/keywords-zh.csv")
    assert not file.undated
    assert {row.day for row in rows} == {date(2026, 9, 1)}


def test_a_longer_range_without_a_day_column_is_undated() -> None:
    file, rows = read(PAYLOADS / "google/keywords-en-undated.csv")
    assert file.undated
    assert (file.first, file.last) == (date(2026, 9, 1), date(2026, 9, 30))
    assert {row.day for row in rows} == {None}
    assert "细分 › 时间 › 天" in how_to_segment(file.platform)


def test_all_time_is_undated_without_a_period(tmp_path: Path) -> None:
    text = (PAYLOADS / "google/keywords-zh.csv").read_text(encoding="utf-8")
    path = write(tmp_path, text.replace("2026年9月1日 - 2026年9月1日", "所有时间"))
    file, _ = read(path)
    assert (file.undated, file.first, file.last) == (True, None, None)


def test_the_user_can_name_the_day_of_a_file_without_one() -> None:
    file, rows = read(PAYLOADS / "baidu/grid.csv", day=date(2026, 9, 5))
    assert not file.undated
    assert {row.day for row in rows} == {date(2026, 9, 5)}


@pytest.mark.parametrize("platform", ["google", "microsoft", "baidu", "360", "sogou", "shenma"])
def test_each_platform_has_its_own_way_to_add_the_day(platform: str) -> None:
    assert how_to_segment(platform) != how_to_segment("")


@pytest.mark.parametrize(
    "text",
    [
        "2026-09-01",
        "2026/9/1",
        "20260901",
        '="2026-09-01"',
        '"Sep 1, 2026"',
        '"Tue, Sep 1, 2026"',
        "1 September 2026",
        "2026年9月1日",
        "2026年9月1日 星期二",
        "2026-09-01 00:00:00",
        "01.09.2026",
        "2026-09-01至2026-09-01",
    ],
)
def test_a_day_is_read_however_it_is_written(text: str, tmp_path: Path) -> None:
    quoted = text if text.startswith('"') else text.replace('"', '"')
    file, rows = read(table(tmp_path, ROW.replace("2026-09-01", quoted)))
    assert file.problems == []
    assert rows[0].day == date(2026, 9, 1)


def test_day_and_month_are_told_apart_by_the_lines_above(tmp_path: Path) -> None:
    header = f"Report period: to 9/30/2026\n{HEADER}"
    _, rows = read(table(tmp_path, ROW.replace("2026-09-01", "9/1/2026"), header=header))
    assert rows[0].day == date(2026, 9, 1)


def test_a_day_that_could_be_a_month_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path, ROW.replace("2026-09-01", "6/10/2026"))
    with pytest.raises(InvalidInput, match="may be day/month or month/day"):
        open_spend_file(path)
    _, rows = read(path, order=Order.DAY_FIRST)
    assert rows[0].day == date(2026, 10, 6)


def test_days_in_both_orders_are_refused(tmp_path: Path) -> None:
    rows = [ROW.replace("2026-09-01", day) for day in ("13/9/2026", "9/13/2026")]
    with pytest.raises(InvalidInput, match="both month first and day first"):
        open_spend_file(table(tmp_path, *rows))


def test_an_ambiguous_period_is_refused_where_no_row_has_a_day(tmp_path: Path) -> None:
    header = "Report Name: kw\nReport Time: 6/10/2026,6/11/2026\n\n" + HEADER.replace("Date", "X")
    with pytest.raises(InvalidInput, match="6/10/2026,6/11/2026"):
        open_spend_file(table(tmp_path, ROW, header=header))


def test_a_day_outside_the_declared_period_is_a_problem(tmp_path: Path) -> None:
    header = f"Sep 1, 2026 - Sep 2, 2026\n{HEADER}"
    file, rows = read(table(tmp_path, ROW, ROW.replace("-01,", "-03,"), header=header))
    assert len(rows) == 1
    assert "outside the file's period" in str(file.problems[0])


def test_weeks_beside_each_other_are_problems(tmp_path: Path) -> None:
    weeks = ("2026-09-01至2026-09-07", "2026-09-08至2026-09-14")
    file, _ = read(table(tmp_path, *(ROW.replace("2026-09-01", week) for week in weeks)))
    assert file.undated
    assert "another period" in file.problems[0].message


# Numbers


@pytest.mark.parametrize(
    ("cell", "cost"),
    [
        ('"1,234.56"', "1234.56"),
        ("¥12.50", "12.50"),
        ("12.50元", "12.50"),
        ("CNY 12.50", "12.50"),
        ('"US$1,012.5"', "1012.5"),
        ('="12.50"', "12.50"),
        ("--", "0"),
        ("0.000001", "0.000001"),
        ("-3.20", "-3.20"),
    ],
)
def test_a_cost_is_read_however_it_is_written(cell: str, cost: str, tmp_path: Path) -> None:
    row = f"2026-09-01,Pumps,Slurry,slurry pump,0,0,{cell}"
    file, rows = read(table(tmp_path, row))
    assert file.problems == []
    assert rows[0].cost == Decimal(cost)


def test_a_decimal_comma_is_learnt_from_the_file(tmp_path: Path) -> None:
    header = HEADER.replace(",", ";")
    rows = [
        "2026-09-01;Pumps;Slurry;slurry pump;1.200;10;1.234,56",
        "2026-09-01;Pumps;Slurry;mud pump;1.200;10;12,5",
    ]
    _, read_rows = read(table(tmp_path, *rows, header=header))
    assert [row.cost for row in read_rows] == [Decimal("1234.56"), Decimal("12.5")]
    assert read_rows[0].impressions == 1200


def test_a_number_that_could_be_two_is_a_problem(tmp_path: Path) -> None:
    header = HEADER.replace(",", ";")
    row = "2026-09-01;Pumps;Slurry;slurry pump;100;10;1.234"
    file, _ = read(table(tmp_path, row, header=header))
    assert "could be thousands or decimals" in file.problems[0].message


def test_decimal_points_and_commas_in_one_file_are_refused(tmp_path: Path) -> None:
    path = table(tmp_path, ROW, ROW.replace("12.50", '"12,50"'))
    with pytest.raises(InvalidInput, match="mixes decimal points and decimal commas"):
        open_spend_file(path)


def test_every_bad_cell_is_named_with_line_and_column(tmp_path: Path) -> None:
    rows = [
        ROW,
        ROW.replace("2026-09-01", "yesterday"),
        ROW.replace(",100,10,", ",many,-1,"),
        ROW.replace("12.50", "free"),
        ROW.replace("12.50", "--"),
        ROW.replace("12.50", ""),
        ROW.replace("12.50", "1.1234567"),
        ROW.replace("2026-09-01", "2026-02-30"),
        ROW + ",surplus",
        ROW.replace("2026-09-01", ""),
    ]
    file, good = read(table(tmp_path, *rows))
    assert [row.line for row in good] == [2]
    assert [(problem.line, problem.column, problem.value[:12]) for problem in file.problems] == [
        (3, "Date", "yesterday"),
        (4, "Impressions", "many"),
        (4, "Clicks", "-1"),
        (5, "Cost", "free"),
        (6, "Cost", "--"),
        (7, "Cost", ""),
        (8, "Cost", "1.1234567"),
        (9, "Date", "2026-02-30"),
        (10, "", "2026-09-01 |"),
        (11, "Date", ""),
    ]
    assert file.problems.total == 10
    assert file.problems.lines == 9


def test_numbers_of_columns_that_are_not_read_tell_the_style_too(tmp_path: Path) -> None:
    row = 'Pumps,pump,"9,38%",1.200,10,"1.234"'
    header = "Campaign,Keyword,CTR,Impr.,Clicks,Cost"
    _, rows = read(table(tmp_path, row, header=header), day=date(2026, 9, 1))
    assert (rows[0].impressions, rows[0].cost) == (1200, Decimal(1234))


# Ids


def test_an_id_in_scientific_notation_is_refused_with_the_reason(tmp_path: Path) -> None:
    header = HEADER.replace("Keyword,", "Keyword,Keyword ID,")
    row = ROW.replace("slurry pump,", "slurry pump,8.29458E+13,")
    file, rows = read(table(tmp_path, row, header=header))
    assert rows == []
    assert file.problems[0].column == "Keyword ID"
    assert "saved again by Excel" in file.problems[0].message


def test_a_number_cell_too_long_for_excel_is_refused(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Date", "Campaign", "Keyword", "Keyword ID", "Impressions", "Clicks", "Cost"])
    sheet.append(["2026-09-01", "Pumps", "pump", 1234567890123456789, 1, 1, 1])
    path = tmp_path / "report.xlsx"
    book.save(path)
    file, _ = read(path)
    assert "lost its last digits" in file.problems[0].message


# Columns and mapping


def test_two_cost_columns_are_refused_by_name(tmp_path: Path) -> None:
    header = "日期,关键字,广告系列,广告组,展示次数,费用,花费($),点击次数"
    path = table(tmp_path, "2026-09-01,泵,水泵,泵,1,2.00,3.00,1", header=header)
    with pytest.raises(InvalidInput, match=r"'费用' and '花费\(\$\)'"):
        open_spend_file(path)
    _, rows = read(path, mapping={"cost": "费用"})
    assert rows[0].cost == Decimal(2)


def test_unknown_fields_of_a_mapping_are_refused_with_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"'price'.*Allowed: day, account"):
        open_spend_file(table(tmp_path, ROW), mapping={"price": "Cost"})


def test_columns_that_are_not_there_are_refused_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"no column 'Price' for the field cost.*Impressions"):
        open_spend_file(table(tmp_path, ROW), mapping={"cost": "Price"})
    with pytest.raises(InvalidInput, match=r"no column 'Price'.*Impressions"):
        open_spend_file(table(tmp_path, ROW), mapping={"cost": "Price", "day": "Date"})


def test_an_unknown_table_is_refused_with_its_columns_and_how_to_map(tmp_path: Path) -> None:
    path = table(tmp_path, "1,2,3", header="alpha,beta,gamma")
    with pytest.raises(InvalidInput, match="line 1: alpha, beta, gamma") as refusal:
        open_spend_file(path)
    assert "--map" in str(refusal.value)
    assert "google-zh" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_report_without_cost_or_clicks_says_which_columns_to_add(tmp_path: Path) -> None:
    path = table(tmp_path, "2026-09-01,Pumps,pump,5,1", header="Day,Campaign,Keyword,Impr.,Clicks")
    with pytest.raises(InvalidInput, match="no cost column"):
        open_spend_file(path)
    path = table(tmp_path, "2026-09-01,Pumps,pump,5", header="Day,Campaign,Keyword,Cost")
    with pytest.raises(InvalidInput, match="no column for impressions and clicks"):
        open_spend_file(path)


def test_a_platform_can_be_named_for_a_table_that_does_not_tell(tmp_path: Path) -> None:
    path = table(tmp_path, ROW)
    assert open_spend_file(path).platform == ""
    assert open_spend_file(path, platform="Shenma").platform == "shenma"


def test_the_currency_of_a_column_name_holds_for_its_rows(tmp_path: Path) -> None:
    header = HEADER.replace("Cost", "Cost (EUR)")
    file, rows = read(table(tmp_path, ROW, header=header))
    assert file.currency == rows[0].currency == "EUR"
    header = HEADER.replace("Cost", "消费（元）")
    assert open_spend_file(table(tmp_path, ROW, header=header)).currency == "CNY"


def test_an_unknown_currency_code_is_a_problem(tmp_path: Path) -> None:
    file, _ = read(table(tmp_path, ROW + ",EURO", header=HEADER + ",Currency code"))
    assert (file.problems[0].column, file.problems[0].value) == ("Currency code", "EURO")


def test_columns_may_stand_in_any_order_and_more_of_them(tmp_path: Path) -> None:
    header = "Cost,Note,Keyword,Clicks,Date,Impressions,Campaign"
    _, rows = read(table(tmp_path, "12.50,x,pump,10,2026-09-01,100,Pumps", header=header))
    assert (rows[0].cost, rows[0].clicks, rows[0].keyword) == (Decimal("12.50"), 10, "pump")


def test_a_keyword_known_by_its_id_alone_is_a_keyword(tmp_path: Path) -> None:
    header = HEADER.replace("Keyword,", "Keyword ID,")
    _, rows = read(table(tmp_path, ROW.replace("slurry pump", "[77]"), header=header))
    assert (rows[0].kind, rows[0].keyword, rows[0].keyword_id) == ("keyword", "", "77")


@pytest.mark.parametrize(
    ("keyword", "reason"),
    [
        ("词包", "word_package"),
        ("自动扩量", "auto_expansion"),
        ("--", "no_keyword"),
        ("AI Max", "ai_max"),
    ],
)
def test_spend_without_a_keyword_has_a_reason(keyword: str, reason: str, tmp_path: Path) -> None:
    _, rows = read(table(tmp_path, ROW.replace("slurry pump", keyword)))
    assert (rows[0].kind, rows[0].keyword, rows[0].reason) == ("unallocated", "", reason)


# Scope


@pytest.mark.parametrize(
    ("line", "scope"),
    [
        ("3. 推广设备：移动设备，计算机", "all"),
        ("3. 推广设备：全部", "all"),
        ("3. 推广设备：计算机", "device: desktop"),
        ("推广设备:移动设备", "device: mobile"),
        ("4. 投放网络：搜索推广", "network: 搜索推广"),
        ("5. 投放物料：计划甲，计划乙", "filter: 计划甲, 计划乙"),
        ("Report Filter: Campaign status: Active", "filter: Campaign status: Active"),
        ("Report Filter: ", "all"),
        ("显示以下时间范围内的移动设备:2026/09/01 - 2026/09/01", "device: mobile"),
    ],
)
def test_the_lines_above_declare_the_scope(line: str, scope: str, tmp_path: Path) -> None:
    file = open_spend_file(table(tmp_path, ROW, header=f"{line}\n\n{HEADER}"))
    assert str(file.scope) == scope
    assert file.scope.all is (scope == "all")


def test_account_currency_and_zone_are_read_above_the_table(tmp_path: Path) -> None:
    header = f"账户：泵业\n货币：人民币\nTime Zone: Asia/Shanghai\n{HEADER}"
    file, rows = read(table(tmp_path, ROW, header=header))
    assert (file.account, file.currency, file.timezone) == ("泵业", "CNY", "Asia/Shanghai")
    assert (rows[0].account, rows[0].currency) == ("泵业", "CNY")


def test_the_time_at_which_a_report_was_made_is_not_its_period(tmp_path: Path) -> None:
    header = f"数据生成时间：2026-09-03 16:28\n统计时间：2026-09-04 09:00\n{HEADER}"
    file, _ = read(table(tmp_path, ROW, header=header.replace("Date", "Note")))
    assert (file.undated, file.first) == (True, None)


# Totals and notes


def test_a_campaign_called_master_plan_is_no_total(tmp_path: Path) -> None:
    file, rows = read(table(tmp_path, "2026-09-01,总计划,,,100,10,12.50"))
    assert (len(rows), file.totals) == (1, [])


def test_rows_that_do_not_add_up_to_the_total_are_seen(tmp_path: Path) -> None:
    text = (PAYLOADS / "baidu/keywords.csv").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if "渣浆泵价格" not in line]
    file, _ = read(write(tmp_path, "\n".join(lines) + "\n"))
    assert file.total_agrees is False


def test_a_file_without_a_total_has_nothing_to_agree_with(tmp_path: Path) -> None:
    file, _ = read(table(tmp_path, ROW))
    assert (file.total, file.total_agrees) == (None, None)


def test_a_filtered_list_does_not_cover_the_day(tmp_path: Path) -> None:
    total = "Total: Filtered keywords,--,--,--,100,10,12.50"
    file, _ = read(table(tmp_path, ROW, total))
    assert file.total_agrees is False


def test_a_total_in_any_words_is_not_counted(tmp_path: Path) -> None:
    for label in ("Total", "总计", "合计", "总计 - 1 个关键词", "Grand total", "汇总"):
        file, rows = read(table(tmp_path, ROW, f"{label},--,--,--,100,10,12.50"))
        assert (len(rows), len(file.totals), file.problems) == (1, 1, []), label


def test_the_same_header_in_the_middle_of_joined_files_is_passed_over(tmp_path: Path) -> None:
    file, rows = read(table(tmp_path, ROW, HEADER, ROW.replace("-01,", "-02,")))
    assert (len(rows), file.problems) == (2, [])


def test_notes_below_the_table_are_passed_over(tmp_path: Path) -> None:
    for note in ("©2026 Microsoft Corporation. All rights reserved.", "Total rows: 1", "\nNote"):
        file, rows = read(table(tmp_path, ROW, note))
        assert (len(rows), file.problems) == (1, []), note


def test_messages_stay_short_whatever_stands_in_a_cell(tmp_path: Path) -> None:
    header = HEADER + ",Currency code"
    cells = ["x" * 5000, "Pumps", "Slurry", "pump", "y" * 5000, "1", "z" * 5000, "w" * 5000]
    file, _ = read(table(tmp_path, ",".join(cells), header=header))
    assert len(file.problems) == 4
    assert max(len(str(problem)) for problem in file.problems) < 500
    wide = ",".join(f"column {n} {'x' * 50}" for n in range(500))
    with pytest.raises(InvalidInput) as refusal:
        open_spend_file(write(tmp_path, f"{wide}\n{wide}\n"))
    assert len(str(refusal.value)) < 4000


def test_a_file_can_be_read_twice() -> None:
    file, rows = read(PAYLOADS / "baidu/keywords.csv")
    assert list(file.rows) == rows
    assert (file.sums.rows, len(file.totals)) == (4, 1)


# Packing, encodings, damage


def test_gzip_and_zip_are_unpacked(tmp_path: Path) -> None:
    source = PAYLOADS / "baidu/keywords.csv"
    data = source.read_text(encoding="utf-8").encode("gb18030")
    packed = tmp_path / "report.gz"
    packed.write_bytes(gzip.compress(data))
    archive = tmp_path / "report.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("关键词报告.csv", data)
        target.writestr("__MACOSX/._x", b"clutter")
    expected = read(source)[1]
    assert read(packed)[1] == read(archive)[1] == expected


def test_a_workbook_inside_a_zip_is_read(tmp_path: Path) -> None:
    book = tmp_path / "book.xlsx"
    as_workbook(PAYLOADS / "baidu/keywords.csv", book)
    archive = tmp_path / "report.zip"
    with zipfile.ZipFile(archive, "w") as target:
        target.write(book, "book.xlsx")
    assert len(read(archive)[1]) == 4


def test_a_zip_with_two_files_is_refused_by_their_names(tmp_path: Path) -> None:
    archive = tmp_path / "report.zip"
    with zipfile.ZipFile(archive, "w") as target:
        target.writestr("a.csv", "a")
        target.writestr("b.csv", "b")
    with pytest.raises(InvalidInput, match=r"holds 2: a.csv, b.csv"):
        open_spend_file(archive)


def test_a_missing_or_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"Cannot read nothing.csv"):
        open_spend_file(tmp_path / "nothing.csv")
    for content in ("", "\n\n", "\ufeff"):
        with pytest.raises(InvalidInput, match="is empty"):
            open_spend_file(write(tmp_path, content))


def test_a_header_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"header .line 1. but no rows"):
        open_spend_file(table(tmp_path))
    with pytest.raises(InvalidInput, match="totals but no rows"):
        read(table(tmp_path, "Total,--,--,--,0,0,0"))


@pytest.mark.parametrize("cut", ["2026-09-02,Pum", '2026-09-02,"Pum', "2026-09-02,Pumps,S,a,1,2"])
def test_a_text_file_that_ends_inside_a_row_is_half_written(cut: str, tmp_path: Path) -> None:
    path = write(tmp_path, f"{HEADER}\n{ROW}\n{cut}")
    with pytest.raises(InvalidInput, match="half-written"):
        read(path)


def test_a_text_file_that_ends_inside_a_character_is_half_written(tmp_path: Path) -> None:
    data = (PAYLOADS / "baidu/keywords.csv").read_bytes()
    path = tmp_path / "report.csv"
    path.write_bytes(data[: data.index("总计".encode()) + 2])
    with pytest.raises(InvalidInput, match="half-written"):
        read(path)


@pytest.mark.parametrize("form", ["gz", "zip", "xlsx"])
def test_a_packed_file_that_was_cut_off_is_refused(form: str, tmp_path: Path) -> None:
    source = PAYLOADS / "baidu/keywords.csv"
    buffer = io.BytesIO()
    if form == "gz":
        buffer.write(gzip.compress(source.read_bytes()))
    elif form == "zip":
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(source, "a.csv")
    else:
        as_workbook(source, tmp_path / "whole.xlsx")
        buffer.write((tmp_path / "whole.xlsx").read_bytes())
    path = tmp_path / f"report.{form}"
    path.write_bytes(buffer.getvalue()[: len(buffer.getvalue()) * 2 // 3])
    with pytest.raises(InvalidInput, match="half-written"):
        read(path)


def test_another_encoding_is_refused_and_not_guessed(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    for text, encoding in (("Größe für Pümpen", "latin-1"), ("насосы для воды", "cp1251")):
        path.write_bytes(f"{HEADER}\n{ROW.replace('slurry pump', text)}\n".encode(encoding))
        with pytest.raises(InvalidInput, match=r"not UTF-8, UTF-16 or Chinese.*line 2"):
            open_spend_file(path)


def test_utf16_without_a_mark_is_refused_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    path.write_bytes(f"{HEADER}\n{ROW}\n".encode("utf-16-le"))
    with pytest.raises(InvalidInput, match="byte order mark"):
        open_spend_file(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old Excel file"),
        (b"<!DOCTYPE html><html><table></table></html>", "web page"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"a" * 2_000_000, "line longer than 1 MiB"),
    ],
)
def test_a_file_that_is_no_table_is_called_by_its_name(
    content: bytes, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "report.csv"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=words):
        open_spend_file(path)


def test_two_sheets_with_reports_are_refused_by_name(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for title in ("August", "September"):
        sheet = book.create_sheet(title)
        for line in (HEADER, ROW):
            sheet.append(line.split(","))
    path = tmp_path / "report.xlsx"
    book.save(path)
    with pytest.raises(InvalidInput, match="August, September"):
        open_spend_file(path)


def test_a_sheet_with_a_wrong_size_is_read_to_its_end(tmp_path: Path) -> None:
    book = tmp_path / "book.xlsx"
    as_workbook(PAYLOADS / "baidu/keywords.csv", book)
    path = tmp_path / "wrong.xlsx"
    with zipfile.ZipFile(book) as source, zipfile.ZipFile(path, "w") as target:
        for member in source.namelist():
            data = source.read(member)
            if member == "xl/worksheets/sheet1.xml":
                data = data.replace(b'<dimension ref="A1:L14"', b'<dimension ref="A1"')
                assert b'ref="A1"' in data
            target.writestr(member, data)
    assert len(read(path)[1]) == 4
