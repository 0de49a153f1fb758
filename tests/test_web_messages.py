"""Every message that can reach a page is known to the pages, and translated.

The texts come from the sources: a new message that nobody translated fails here by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import pytest

from tests.page_messages import PROSE, ROOT, VALUE, errors_of, prose_of
from tracker.spend.files.values import unallocated_reason
from tracker.web.i18n import language
from tracker.web.messages import KNOWN, translated_text
from tracker.web.messages_on_pages import ON_PAGES
from tracker.web.notes import row_title

#: Packages of which every module counts: what an upload can answer comes from here.
#: Not spend/connectors: no page shows what platforms answer until pulls are jobs.
PACKAGES = ("tables", "spend", "spend/files", "conversions")
#: Modules of these packages whose literals are no messages, and why.
SILENT = {
    "conversions/offline_columns.py": "names of columns",
    "spend/files/fields.py": "names of columns",
    "spend/files/layouts.py": "names of columns",
    "spend/push_body.py": "answers programs, in English",
    "spend/rate_table.py": "as rate_source.py",
    "spend/rate_source.py": "rates are fetched by a job or a command",
    "spend/watch.py": "speaks to the log only",
}
#: Other modules whose errors reach pages.
MODULES = (
    "accounts/access.py",
    "accounts/connection_accounts.py",
    "accounts/connection_runs.py",
    "accounts/connections.py",
    "accounts/domains.py",
    "accounts/goal_grant.py",
    "accounts/goals.py",
    "accounts/held_files.py",
    "accounts/logins.py",
    "accounts/names.py",
    "accounts/passwords.py",
    "accounts/person_cards.py",
    "accounts/pipeline.py",
    "accounts/saved_views.py",
    "accounts/site_rules.py",
    "accounts/sites.py",
    "accounts/state.py",
    "accounts/tokens.py",
    "accounts/users.py",
    "accounts/webhooks.py",
    "attribution/markov.py",
    "money.py",
    "period.py",
    "reconcile/erasure.py",
    "reconcile/identity.py",
    "reports/attribution_request.py",
    "reports/breakdown.py",
    "reports/breakdown_people.py",
    "reports/breakdown_reader.py",
    "reports/breakdown_request.py",
    "reports/conditions.py",
    "reports/conversion_detail.py",
    "reports/dimensions.py",
    "reports/keywords.py",
    "reports/measures.py",
    "reports/people_search.py",
    "reports/plan.py",
    "reports/request.py",
    "warehouse/failures.py",
    "warehouse/pool.py",
    *sorted(f"web/{path.name}" for path in (ROOT / "web").glob("*.py")),
    "spend/connections/asking.py",
    "spend/connections/authorising.py",
    "spend/connections/catalogue.py",
    "spend/connections/grants.py",
    "spend/connections/linking.py",
    "spend/connections/worker.py",
    *(f"spend/connectors/{path.name}" for path in (ROOT / "spend/connectors").glob("*.py")),
    *(f"spend/sources/{path.name}" for path in (ROOT / "spend/sources").glob("*.py")),
)
#: Texts of these modules that no page shows, and why.
UNSEEN = {
    f"A workbook holds at most {VALUE} rows.": "only the API gives workbooks, in English",
    f"The visitor {VALUE} is not kept apart.": "no page takes this back yet",
    "Nothing to take back.": "as above",
    "no regular file": "an upload is always one",
    "ad group": "a level of reports, which has a translation of its own",
    "Give the path of a downloaded file.": "as above",
    "Paid Search": "a channel, whose name has a translation of its own",
    "unexpected end": "compared with what a library says",
    "spend publications": "the name of a counter",
    **dict.fromkeys(
        (
            "Credited amount",
            "Invalid clicks",
            "Invalid cost",
            "Base currency",
            "End date",
            "Exchange rate",
            "From currency",
            "From date",
            "Quote currency",
            "To currency",
            "To date",
        ),
        "names of columns",
    ),
    f"A whole number from 0 to {VALUE}.": "the API answers in English",
    "tv screen": "a device as reports write it",
    "performance max": "a keyword as reports write it",
    "ai max": "a keyword as reports write it",
    "dynamic ad target": "a keyword as reports write it",
    "account, day, last, key, impressions, clicks, cost, conversions, value": "SQL",
    f"No tracking template for {VALUE}.": "the page asks for platforms that have one",
    "Known platforms: ": "as above",
    "List them with: tracker site list.": "commands look sites up by key; pages check rights first",
    f"Unknown format {VALUE}.": "the API answers in English",
    f"No run {VALUE}.": "the API answers in English",
    "Runs are kept for 400 days.": "the API answers in English",
    f"The conversions cannot be read: {VALUE}.": "the API answers in English",
    'Send {"id": …, "stage": …, "time": …}, or a list of such objects.': "as above",
    "The delivery has no valid signature.": "programs are answered in English",
    "Send X-Tracker-Signature: sha256=HEX, the HMAC-SHA256 of the body.": "as above",
    "No webhook has this address.": "programs are answered in English",
    "Copy the address again, or make one.": "as above",
    f"The JSON cannot be used: {VALUE}.": "the API answers in English",
    "The JSON is not UTF-8 text.": "the API answers in English",
    "Look at his visitors.": "the API answers in English",
    "Look at the person's notes.": "the API answers in English",
    "Give the id of a lead.": "the API answers in English",
    "The mapping names no column.": "the API answers in English",
    "Write it as field: column.": "as above",
    f"No mapping {VALUE} is remembered.": "the API answers in English",
    "List them: tracker spend mapping list.": "as above",
    f"The body is sent as {VALUE}.": "the API answers in English",
    "Send JSON as Content-Type: application/json.": "the API answers in English",
    "The Authorization header names no valid token.": "the API answers in English",
    "Send 'Authorization: Bearer trk_…'; make a token with: tracker token add.": "as above",
}
SQL = re.compile(r"^(PRAGMA|CREATE|INSERT|SELECT|DROP) ")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
#: What stands for a keyword where a platform spends without one.
WITHOUT = ("词包", "自动扩量", "performance max", "ai max", "dynamic ad target")
#: What a value of a sample is; it reads as no language.
SAMPLE = "7"


def templates() -> Iterator[tuple[str, str]]:
    """Module and template of every text that can reach a page."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).glob("*.py")):
            module = f"{package}/{path.name}"
            if module not in SILENT:
                yield from ((module, text) for text in prose_of(module) if not SQL.match(text))
    for module in MODULES:
        yield from ((module, text) for text in errors_of(module) if PROSE.search(text))


@cache
def known_templates() -> str:
    """All known messages, as templates, between line breaks."""
    return "\n".join(["", *(re.sub(r"%\(\w+\)s", VALUE, known) for known in KNOWN), ""])


def is_known(template: str) -> bool:
    """Whether each sentence of a text is a known message, or a piece of one.

    A text without values of its own may fill those of a message: ``Allowed: asc, desc.``
    """
    sentences = re.split(r"(?<=[.。]) ", template.replace(f"{VALUE}%", VALUE))
    bare = [sentence.strip(f" \n{VALUE}") for sentence in sentences]
    if all(sentence in known_templates() for sentence in bare):
        return True
    return VALUE not in template and translated_text(language("zh-Hans"), template) != template


def test_every_message_that_can_reach_a_page_is_known() -> None:
    found = set(templates())
    assert len(found) > 200
    unknown = [
        (module, text.replace(VALUE, "{}"))
        for module, text in sorted(found)
        if text not in UNSEEN and not is_known(text)
    ]
    assert unknown == [], "list them in tracker/web/messages_*.py and translate them"


def test_texts_that_no_page_shows_are_still_in_the_sources() -> None:
    assert set(UNSEEN) - {text for _, text in templates()} == set()
    assert [module for module in SILENT if not (ROOT / module).exists()] == []


@pytest.mark.parametrize("known", KNOWN)
def test_a_known_message_is_found_and_said_in_chinese(known: str) -> None:
    text = re.sub(r"%\(\w+\)s", SAMPLE, known)
    said = translated_text(language("zh-Hans"), text)
    assert CHINESE.search(said), said
    assert (translated_text(language("en"), text) == text) == (known not in ON_PAGES)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            "line 4, column 消费: '1,2,3' is not a number. Nothing was imported.",
            "第 4 行，“消费”列：'1,2,3' 不是数字。未导入任何内容。",
        ),
        (
            "2 cells or rows cannot be read; nothing was imported.\n"
            "line 4, column 日期: There is no day '2026-02-31'.\n"
            "line 5: The row has 3 cells, the header has 7.\nand 12 more",
            "有 2 个单元格或行无法读取，未导入任何内容。\n"
            "第 4 行，“日期”列：没有 '2026-02-31' 这一天。\n"
            "第 5 行：该行有 3 个单元格，表头有 7 个。\n另有 12 项",
        ),
        (
            "line 9, column Currency: Unknown currency 'XXZ'. Use a three-letter ISO 4217 code "
            "such as CNY, USD.",
            "第 9 行，“Currency”列：未知货币 'XXZ'。请使用三位 ISO 4217 代码，例如 CNY、USD。",
        ),
        (
            "It would lower cost by more than 30% (CNY): 2026-03-01: 100.00 to 0.00, "
            "2026-03-02 to 2026-03-08: 9.50 to 1.00. It would remove 2 campaigns: "
            "水泵 (2026-03-01), 阀门 and more (2026-03-01, 2026-03-02, 2026-03-03, 2026-03-04, "
            "2026-03-05 and 2 more). Nothing was imported.",
            "消费将减少超过 30%（CNY）：2026-03-01：100.00 降至 0.00, "
            "2026-03-02 至 2026-03-08：9.50 降至 1.00。将移除 2 个计划：水泵 (2026-03-01), "
            "阀门 and more (2026-03-01, 2026-03-02, 2026-03-03, 2026-03-04, 2026-03-05 "
            "等，另有 2 项)。未导入任何内容。",
        ),
        (
            "The total in line 8 (总计) says clicks 9, its rows 7; cost 12.50, its rows 10.00. "
            "Rows are missing; nothing was imported.",
            "第 8 行的合计（总计）与明细不符：点击合计为 9，明细之和为 7；"
            "消费合计为 12.50，明细之和为 10.00。缺少数据行，未导入任何内容。",
        ),
        (
            "The report has no column for impressions and clicks; it has: Keyword, Avg. CPC, Cost.",
            "报告缺少展现、点击列；现有列：Keyword, Avg. CPC, Cost。",
        ),
        (
            "The file covers only a part of the day, and 2026-03-01 already holds spend of "
            "device: mobile; network: search, from which that part cannot be told: both together "
            "would count it twice.",
            "文件只包含当天的一部分数据，而 2026-03-01 已有设备：mobile；网络：search的消费，"
            "无法从中区分这一部分：两者并存会重复计算。",
        ),
        (
            "Two columns could be the ad group: '单元' and '推广组'.",
            "有两列都可能是“单元”：'单元' 和 '推广组'。",
        ),
        ("A sentence that nobody knows. The day is missing.", None),
        ("Nobody knows this. Nor this: (a|b) %s %(x)s", None),
    ],
)
def test_messages_are_read_sentence_by_sentence(text: str, wanted: str | None) -> None:
    said = translated_text(language("zh-Hans"), text)
    if wanted is None:
        assert said.startswith(text.partition(".")[0])
    else:
        assert said == wanted
    assert translated_text(language("en"), text) == text


def test_names_from_outside_are_never_translated() -> None:
    chinese = language("zh-Hans")
    for name in ("The day is missing.", "campaign", "cost", "comma"):
        said = translated_text(chinese, f"The file's period is not a range of days: {name!r}.")
        assert said == f"文件的时间范围不是日期区间：{name!r}。"


def test_every_reason_of_a_row_has_words() -> None:
    chinese = language("zh-Hans")
    resolution = (ROOT / "attribution" / "resolution.sql").read_text(encoding="utf-8")
    choice = re.search(r"found\.2 != '', '',(.*?)\) AS reason", resolution, re.DOTALL)
    assert choice
    reasons = set(re.findall(r"'(\w+)'", choice[1]))
    reasons |= {unallocated_reason("", ""), *map(unallocated_reason, WITHOUT, WITHOUT)}
    assert {"not_paid", "ambiguous", "no_keyword", "pmax"} <= reasons
    for reason in reasons:
        _, said = row_title(chinese, "unattributed", reason)
        assert CHINESE.search(said), reason


@pytest.mark.parametrize("tag", ["en", "zh-Hans"])
def test_pages_speak_of_their_fields_and_not_of_options_of_commands(tag: str) -> None:
    assert set(ON_PAGES) <= set(KNOWN)
    for known in KNOWN:
        text = re.sub(r"%\((\w+)\)s", r"<\1>", known)
        said = translated_text(language(tag), f"This comes before it. {text}")
        assert not re.search(r"--[a-z]|: tracker [a-z]", said), known
        if tag == "en":
            values = sorted(re.findall(r"<\w+>", text))
            assert sorted(re.findall(r"<\w+>", said)) == values, "every value is said"
