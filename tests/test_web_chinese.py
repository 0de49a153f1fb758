"""Uploads that go wrong, on the whole application, as somebody reads about them in Chinese."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine

from tests.web_app import Browser, enter
from tests.world import World
from tracker.warehouse.client import Warehouse

HEADER = "日期,推广计划,推广单元,关键词,展现,点击,消费\n"
GOOD = HEADER + "2026-09-01,水泵,离心泵,离心泵厂家,100,9,45.50\n"
BAIDU = {"platform": "baidu"}
ENGLISH = re.compile(r"[A-Za-z]{2,} [a-z]{2,}")
#: Column names of the platforms' own files, which are quoted as they are.
QUOTED = re.compile("可识别的表头：.*? 其他表格|可识别的表头：.*?。其他表格")


@dataclass
class Reader:
    """An owner who reads Chinese."""

    browser: Browser
    world: World

    def upload(
        self, content: str | bytes, kind: str = "spend", name: str = "报告.csv", **options: str
    ) -> httpx.Response:
        """Ask for a preview."""
        body = content.encode() if isinstance(content, str) else content
        path = f"/sites/{self.world.site.key}/imports"
        return self.browser.upload(path, name, body, kind=kind, **options)

    def confirm(self, preview: httpx.Response, kind: str = "spend", **options: str) -> str:
        """Import what the preview was of; the page that follows."""
        ticket = re.search(r'name="ticket" value="([^"]+)"', preview.text)
        assert ticket, preview.text
        path = f"/sites/{self.world.site.key}/imports/confirm"
        return self.browser.submit(path, ticket=ticket[1], kind=kind, **options).text


@pytest.fixture
def reader(warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path) -> Reader:
    """The whole application with one owner, who has chosen Chinese."""
    return reading(World(warehouse_embedded, sqlite_db, tmp_path))


@pytest.fixture(scope="module")
def refused(
    embedded_engine: Warehouse, shared_db: Engine, tmp_path_factory: pytest.TempPathFactory
) -> Reader:
    """The same, for uploads of which nothing is kept."""
    return reading(World(embedded_engine, shared_db, tmp_path_factory.mktemp("refused")))


def reading(world: World) -> Reader:
    browser = enter(world, language="zh-CN")
    browser.submit("/preferences", language="zh-Hans")
    return Reader(browser, world)


def notes(page: str) -> list[str]:
    """The texts of everything that the page calls out."""
    found = re.findall(r'<div class="note[^>]*>(.*?)</div>', page, re.DOTALL)
    return [unescape(re.sub(r"<[^>]+>|\s+", " ", note)).strip() for note in found]


def assert_chinese(page: str, wanted: Sequence[str]) -> None:
    """The page says these things, and nothing that it calls out is English."""
    said = " ".join(notes(page))
    for text in wanted:
        assert text in said, said
    assert not ENGLISH.search(QUOTED.sub("", said)), said


@pytest.mark.parametrize(
    ("content", "options", "wanted"),
    [
        ("", {}, ["文件是空的。"]),
        (" \n\n", {}, ["报告.csv 是空文件。", "请重新下载报告。"]),
        ("<!doctype html><html>", {}, ["是网页而不是表格", "请重新下载 csv 或 xlsx 格式的报告。"]),
        (b"%PDF-1.7", {}, ["报告.csv 是 PDF 文件。"]),
        (b"PK\x03\x04broken", {}, ["报告.csv 已损坏或不完整"]),
        (b"\x1f\x8b\x08broken", {}, ["报告.csv 已损坏或不完整"]),
        (b"\xd0\xcf\x11\xe0rest", {}, ["是旧版 Excel 文件（.xls）", "请另存为 .xlsx。"]),
        (b"a,b\n\x00\x01\n", {}, ["含有 NUL 字节"]),
        (b"Keyword,Cost\nGr\xf6\xdfe,1\n", {}, ["编码", "第 2 行", "另存为“CSV UTF-8”"]),
        ("甲,乙,丙\n一,二,三\n", {}, ["没有可识别的关键词报告表头", "最像表头的是第 1 行"]),
        (HEADER, BAIDU, ["有表头（第 1 行），但没有数据行", "时间范围和筛选条件"]),
        (
            "日期,计划,关键词,展示次数,点击次数,金额\n2026-09-01,水泵,离心泵,100,9,45.50\n",
            {"columns": "cost=金额"},
            ["文件没有写明来自哪个平台。", "请在选项中选择平台"],
        ),
        (GOOD, BAIDU | {"columns": "费用=消费"}, ["列对应中有未知字段"]),
        (GOOD, BAIDU | {"columns": "cost=价格"}, ["没有名为 '价格' 的列", "文件中的列："]),
        (GOOD, BAIDU | {"columns": "cost"}, ["请按 字段=列名 填写"]),
        (GOOD, BAIDU | {"currency": "XXZ"}, ["未知货币 'XXZ'。", "三位 ISO 4217 代码"]),
        (GOOD.replace("45.50", "约四十"), BAIDU, ["第 2 行，“消费”列：'约四十' 不是数字。"]),
        (GOOD.replace("45.50", ""), BAIDU, ["第 2 行，“消费”列：缺少消费。"]),
        (GOOD.replace("09-01", "02-31"), BAIDU, ["第 2 行，“日期”列：没有 '2026-02-31' 这一天。"]),
        (
            GOOD.replace("100,9", "一百,九"),
            BAIDU,
            ["有 2 个单元格或行无法读取，未导入任何内容。", "“展现”列", "“点击”列", "请修正文件"],
        ),
        (GOOD.replace(",100,9", ",100"), BAIDU, ["在一行中间结束（第 2 行）"]),
        (
            HEADER.replace("消费", "平均点击价格"),
            BAIDU,
            ["报告没有消费列；现有列：", "或在“列对应”中指定：cost=…"],
        ),
        (
            "推广计划,推广单元,关键词,展现,点击,消费\n水泵,离心泵,离心泵厂家,100,9,45.50\n",
            BAIDU,
            ["报告没有日期列，也没有写明时间范围。", "请在百度营销打开"],
        ),
        (
            "时间范围:2026-09-01至2026-09-30\n"
            "推广计划,推广单元,关键词,展现,点击,消费\n水泵,离心泵,离心泵厂家,100,9,45.50\n",
            BAIDU,
            ["时间范围为 2026-09-01 至 2026-09-30", "整个时段的合计"],
        ),
        (
            GOOD + "总计,,,,200,9,45.50\n",
            BAIDU,
            ["第 3 行的合计（总计）与明细不符：展现合计为 200，明细之和为 100", "缺少数据行"],
        ),
        (
            "日期,推广计划,搜索词,关键词,展现,点击,消费\n2026-09-01,水泵,离心泵,泵,100,9,45.50\n",
            BAIDU,
            ["这是搜索词报告", "请下载分日的关键词报告"],
        ),
        (
            "日期,推广计划,展现,点击,消费\n2026-09-01,水泵,100,9,45.50\n",
            BAIDU,
            ["这是计划报告，没有关键词列", "作为计划的未分配消费导入"],
        ),
    ],
)
def test_a_spend_file_that_cannot_be_used_is_explained_in_chinese(
    refused: Reader, content: str | bytes, options: dict[str, str], wanted: list[str]
) -> None:
    answer = refused.upload(content, **options)
    assert answer.status_code == 400, notes(answer.text)
    assert_chinese(answer.text, wanted)


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        ("甲,乙,丙\n一,二,三\n", ["报告.csv 中没有可识别的线下转化表头", "第一个有列名的行"]),
        ("时间,金额,邮箱\n2026-09-01,5,a@b.example\n", ["文件缺少以下列：编号；阶段或目标"]),
        (
            "编号,时间,阶段,邮箱\n1,2026-09-01,询盘,不是邮箱\n1,,有效询盘,\n",
            [
                "第 2 行，“邮箱”列：不是有效邮箱：'不是邮箱'。",
                "第 3 行，“时间”列：缺少时间。",
                "第 3 行：无法关联到访问",
                "第 3 行，“编号”列：编号在第 2 行已出现",
            ],
        ),
    ],
)
def test_a_file_of_conversions_that_cannot_be_used_is_explained_in_chinese(
    refused: Reader, content: str, wanted: list[str]
) -> None:
    answer = refused.upload(content, kind="conversions")
    assert answer.status_code == 400, notes(answer.text)
    said = " ".join(notes(answer.text))
    for text in wanted:
        assert text in said, said


def test_what_an_import_would_take_away_is_asked_in_chinese(reader: Reader) -> None:
    more = GOOD + "2026-09-01,阀门,球阀,球阀厂家,50,8,60.00\n"
    done = reader.confirm(reader.upload(more, **BAIDU), **BAIDU)
    assert_chinese(done, ["报告.csv 已导入"])
    preview = reader.upload(GOOD, **BAIDU)
    wanted = ["消费将减少超过 30%（CNY）：2026-09-01：105.50 降至 45.50。", "将移除 1 个计划：阀门"]
    assert_chinese(preview.text, wanted)
    facts = preview.text.partition("<dl")[2].partition("</dl>")[0]
    assert "<dt>平台</dt><dd>百度</dd>" in facts
    assert "<dt>范围</dt><dd>全部</dd>" in facts
    asked = reader.confirm(preview, **BAIDU)
    assert_chinese(asked, [*wanted, "未导入任何内容。", "请勾选“替换已有数据”导入"])
    runs = reader.browser.page(f"/sites/{reader.world.site.key}/runs")
    assert "报告.csv：消费将减少超过 30%" in runs
    for english in ("It would", "Cost", "Replaced", "campaign"):
        assert english not in runs


def test_warnings_and_skipped_rows_are_shown_in_chinese(reader: Reader) -> None:
    bad = GOOD + "2026-09-02,水泵,离心泵,离心泵厂家,100,9,很多\n"
    answer = reader.upload(bad, platform="myads", skip_bad_rows="1")
    assert answer.status_code == 200, notes(answer.text)
    wanted = [
        "无法识别来自平台 'myads' 的访问",
        "文件没有写明货币，其消费按站点货币 CNY 计。如不正确，请填写“货币”后重新导入。",
        "第 3 行，“消费”列：'很多' 不是数字。",
    ]
    assert_chinese(answer.text, wanted)
