"""Each report layout that people download is recognised by its content and read exactly."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from tests.spend_reports import PAYLOADS, as_workbook, read
from tracker.errors import InvalidInput
from tracker.spend.files.reader import open_spend_file

LAYOUTS = [
    # file, platform, layout, rows, cost, clicks, impressions
    ("google/keywords-en.csv", "google", "google-en", 4, "115.75", 19, 1280),
    ("google/keywords-en-undated.csv", "google", "google-en", 2, "1115.75", 19, 1280),
    ("google/keywords-zh.csv", "google", "google-zh", 2, "1109.25", 16, 1250),
    ("microsoft/keywords-zh.tsv", "microsoft", "microsoft", 3, "1115.75", 19, 1290),
    ("microsoft/keywords-en.csv", "microsoft", "microsoft", 2, "10.80", 5, 70),
    ("baidu/keywords.csv", "baidu", "baidu", 4, "123.25", 20, 1340),
    ("baidu/keywords-mobile.csv", "baidu", "baidu", 1, "4.25", 2, 20),
    ("baidu/grid.csv", "baidu", "baidu-grid", 2, "109.25", 16, 1250),
    ("360/keywords-pc.csv", "360", "360", 2, "109.25", 16, 1250),
    ("360/keywords-mobile-week.csv", "360", "360", 2, "109.25", 16, 1250),
    ("360/grid.csv", "360", "360-grid", 2, "109.25", 16, 1250),
    ("sogou/keywords.csv", "sogou", "sogou", 2, "1109.25", 16, 1250),
    ("shenma/keywords.csv", "shenma", "shenma", 2, "109.25", 16, 1250),
    ("yandex/criteria.tsv", "yandex", "yandex", 2, "10.00", 5, 70),
]


@pytest.mark.parametrize(
    ("name", "platform", "layout", "count", "cost", "clicks", "impressions"), LAYOUTS
)
def test_a_report_is_recognised_and_its_rows_add_up(
    name: str, platform: str, layout: str, count: int, cost: str, clicks: int, impressions: int
) -> None:
    file, rows = read(PAYLOADS / name)
    assert (file.platform, file.layout, file.problems) == (platform, layout, [])
    assert len(rows) == file.sums.rows == count
    assert sum((row.cost for row in rows), Decimal(0)) == file.sums.cost == Decimal(cost)
    assert sum(row.clicks for row in rows) == clicks
    assert sum(row.impressions for row in rows) == impressions


NAMES = [case[0] for case in LAYOUTS]
CHINESE = [name for name in NAMES if name.startswith(("baidu", "360", "sogou", "shenma"))]
FORMS = [(name, form) for name in NAMES for form in ("utf-8-sig", "utf-16-le", "utf-16-be", "xlsx")]


@pytest.mark.parametrize(("name", "form"), FORMS + [(name, "gb18030") for name in CHINESE])
def test_a_report_reads_the_same_in_every_encoding_and_as_a_workbook(
    name: str, form: str, tmp_path: Path
) -> None:
    source = PAYLOADS / name
    copy = tmp_path / "report.bin"
    if form == "xlsx":
        as_workbook(source, copy)
    else:
        mark = "\ufeff" if form.startswith("utf-16") else ""
        copy.write_bytes((mark + source.read_text(encoding="utf-8")).encode(form))
    expected_file, expected = read(source)
    file, rows = read(copy)
    assert file.platform == expected_file.platform
    assert [without_line(row) for row in rows] == [without_line(row) for row in expected]
    assert (file.first, file.last, file.undated) == (
        expected_file.first,
        expected_file.last,
        expected_file.undated,
    )


def without_line(row: object) -> tuple[object, ...]:
    fields = getattr(row, "__struct_fields__", ())
    return tuple(getattr(row, field) for field in fields if field != "line")


def test_a_google_row_has_every_field() -> None:
    file, rows = read(PAYLOADS / "google/keywords-en.csv")
    row = rows[0]
    assert (row.line, row.day) == (5, date(2026, 9, 1))
    assert (row.campaign, row.ad_group, row.keyword) == (
        "Pumps EN",
        "Multistage",
        "multistage pump",
    )
    assert (row.match_type, row.match_type_text) == ("exact", "Exact match")
    assert (row.impressions, row.clicks, row.cost) == (50, 4, Decimal("8.75"))
    assert (row.currency, row.platform_conversions) == ("USD", Decimal(1))
    assert rows[1].keyword == "slurry pump supplier"
    assert (file.first, file.last) == (date(2026, 9, 1), date(2026, 9, 13))


def test_a_keyword_that_begins_with_the_word_total_is_a_keyword() -> None:
    _, rows = read(PAYLOADS / "google/keywords-en.csv")
    assert rows[3].keyword == "total dissolved solids pump"


def test_google_totals_of_the_account_and_of_keywords_are_told_apart() -> None:
    file, _ = read(PAYLOADS / "google/keywords-en.csv")
    assert [(total.label, total.covers) for total in file.totals] == [
        ("Total: Account", "other"),
        ("Total: All keywords", "all"),
        ("Total: Filtered keywords", "filtered"),
    ]
    assert file.total is not None
    assert file.total.cost == Decimal("115.75")
    assert file.total_agrees is True


def test_a_total_above_the_rows_is_never_counted() -> None:
    file, rows = read(PAYLOADS / "sogou/web-campaigns.csv", mapping={"campaign": "推广计划"})
    assert [row.cost for row in rows] == [Decimal(600), Decimal(400)]
    assert file.total_agrees is True


def test_microsoft_ids_lose_their_brackets_and_the_imprint_is_no_row() -> None:
    file, rows = read(PAYLOADS / "microsoft/keywords-zh.tsv")
    assert [row.keyword_id for row in rows] == ["82945799304067"] * 2 + ["82945799304068"]
    assert [row.day for row in rows] == [date(2026, 6, 10), date(2026, 6, 11), date(2026, 6, 16)]
    assert file.timezone.startswith("(GMT+08:00) Beijing")
    assert {row.account for row in rows} == {"Acme Pumps"}


def test_microsoft_devices_and_conversions_are_read() -> None:
    _, rows = read(PAYLOADS / "microsoft/keywords-en.csv")
    assert [row.device for row in rows] == ["desktop", "mobile"]
    assert rows[0].platform_value == Decimal(300)
    assert rows[0].network == "Bing and Yahoo! search"
    assert rows[0].campaign_id == "4001"


def test_baidu_spend_without_a_keyword_is_unallocated() -> None:
    file, rows = read(PAYLOADS / "baidu/keywords.csv")
    assert [row.kind for row in rows] == ["keyword"] * 3 + ["unallocated"]
    assert (rows[3].reason, rows[3].keyword) == ("auto_expansion", "")
    assert rows[2].match_type == "smart"
    assert file.total_agrees is True
    assert file.scope.all


def test_the_device_and_network_lines_of_baidu_are_the_scope_of_the_file() -> None:
    file, rows = read(PAYLOADS / "baidu/keywords-mobile.csv")
    assert (file.scope.devices, file.scope.networks) == (("mobile",), ("搜索推广",))
    assert not file.scope.all
    assert rows[0].device == "mobile"


def test_the_rank_columns_of_360_tell_the_device() -> None:
    assert open_spend_file(PAYLOADS / "360/keywords-pc.csv").scope.devices == ("desktop",)
    mobile = open_spend_file(PAYLOADS / "360/keywords-mobile-week.csv")
    assert mobile.scope.devices == ("mobile",)


def test_the_file_name_of_360_gives_account_and_period(tmp_path: Path) -> None:
    text = (PAYLOADS / "360/keywords-pc.csv").read_bytes()
    path = tmp_path / "泵业_有限_2026-07-18至2026-07-19_关键词报告 (1).csv"
    path.write_bytes(text)
    file, rows = read(path)
    assert file.account == rows[0].account == "泵业_有限"
    assert (file.first, file.last) == (date(2026, 7, 18), date(2026, 7, 19))
    other = tmp_path / "upload"
    other.write_bytes(text)
    assert open_spend_file(other, name=path.name).account == "泵业_有限"


def test_cells_that_hold_a_week_make_the_file_undated() -> None:
    file, rows = read(PAYLOADS / "360/keywords-mobile-week.csv")
    assert file.undated
    assert (file.first, file.last) == (date(2026, 7, 18), date(2026, 7, 24))
    assert {row.day for row in rows} == {None}


def test_sogou_declares_its_day_and_all_devices_in_one_line() -> None:
    file, rows = read(PAYLOADS / "sogou/keywords.csv")
    assert {row.day for row in rows} == {date(2017, 10, 22)}
    assert file.scope.all
    assert rows[0].keyword_id == "31"


def test_yandex_autotargeting_has_no_keyword() -> None:
    _, rows = read(PAYLOADS / "yandex/criteria.tsv")
    assert rows[0].keyword == "многоступенчатый насос"
    assert (rows[1].kind, rows[1].reason) == ("unallocated", "no_keyword")


def test_a_deleted_campaign_keeps_its_name() -> None:
    _, rows = read(PAYLOADS / "baidu/grid.csv")
    assert [row.campaign for row in rows] == ["水泵", "水泵"]


@pytest.mark.parametrize(
    ("name", "report"),
    [
        ("google/search-terms-en.csv", "Search keyword report"),
        ("baidu/search-terms.csv", "关键词报告"),
        ("baidu/campaigns.csv", "关键词报告"),
        ("sogou/web-campaigns.csv", "关键词报告"),
    ],
)
def test_another_report_is_refused_with_the_one_to_download(name: str, report: str) -> None:
    with pytest.raises(InvalidInput, match="report") as refusal:
        open_spend_file(PAYLOADS / name)
    assert report in str(refusal.value)


def test_a_campaign_report_is_unallocated_spend_when_asked_for() -> None:
    file, rows = read(PAYLOADS / "baidu/campaigns.csv", mapping={"campaign": "推广计划"})
    assert {(row.kind, row.reason) for row in rows} == {("unallocated", "campaign")}
    assert [row.campaign for row in rows] == ["水泵", "品牌"]
    assert file.sums.cost == Decimal("118.00")


def test_any_table_is_read_by_a_mapping() -> None:
    mapping = {
        "day": "统计日",
        "campaign": "推广产品组",
        "keyword": "推广词",
        "impressions": "曝光量",
        "cost": "推广花费(USD)",
    }
    file, rows = read(PAYLOADS / "alibaba/p4p.csv", mapping=mapping, platform="alibaba")
    assert (file.platform, file.layout, file.currency) == ("alibaba", "table", "USD")
    assert [(row.day, row.keyword, row.clicks, row.cost) for row in rows] == [
        (date(2026, 9, 1), "multistage pump", 4, Decimal("8.75")),
        (date(2026, 9, 2), "slurry pump", 12, Decimal("100.50")),
    ]
    assert file.columns["clicks"] == "点击量"


def test_a_workbook_with_typed_cells_reads_like_its_text(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["搜索关键字报告"])
    sheet.append(["所有时间"])
    sheet.append(
        ["天", "关键字", "关键字 ID", "广告系列", "广告组", "展示次数", "费用", "点击次数"]
    )
    sheet.append([date(2026, 9, 1), "多级离心泵", 82945799304067, "水泵", "多级泵", 50, 8.75, 4])
    sheet.append(["2026年9月2日", "渣浆泵", "82945799304068", "水泵", "渣浆泵", 1200, 0.1 + 0.2, 3])
    path = tmp_path / "搜索关键字报告 (9).xlsx"
    book.save(path)
    file, rows = read(path)
    assert file.problems == []
    assert [(row.line, row.day, row.cost, row.keyword_id) for row in rows] == [
        (4, date(2026, 9, 1), Decimal("8.75"), "82945799304067"),
        (5, date(2026, 9, 2), Decimal("0.30"), "82945799304068"),
    ]
