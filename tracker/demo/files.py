"""The demo's files, in the layouts that the platforms hand out."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from tracker.demo.catalogue import BAIDU, GOOGLE, MICROSOFT, USD_CNY, Account
from tracker.demo.desk import Step
from tracker.demo.history import Cost, History, keyword_id

#: How the platforms write the match types.
_BAIDU_MATCH = {"exact": "精确匹配", "phrase": "短语匹配", "broad": "智能匹配"}


def write_files(
    history: History, leads: Iterable[Step], folder: Path, first: date, last: date, since: date
) -> dict[str, Path]:
    """All files by what they are: events, one a platform, leads, rates. Those of Baidu and
    Google end before ``since``, from when on their interfaces are asked."""
    before = since - timedelta(days=1)
    early = [cost for cost in history.costs if cost.day < since]
    folder.mkdir(parents=True, exist_ok=True)
    events = folder / "events.ndjson"
    with events.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(event, ensure_ascii=False) + "\n" for event in history.events)
    return {
        "events": events,
        "baidu": _write(folder / "baidu.csv", _baidu(early, first, before), "gb18030"),
        "google": _write(folder / "google.csv", _google(early, first, before), "utf-8"),
        "microsoft": _write(
            folder / "microsoft.csv", _microsoft(history.costs, first, last), "utf-8-sig"
        ),
        "leads": _write(folder / "leads.csv", _leads(leads), "utf-8"),
        "rates": _write(folder / "rates.csv", _rates(first, last), "utf-8"),
    }


def _baidu(costs: Sequence[Cost], first: date, last: date) -> str:
    head = (
        f"数据生成时间：{last} 08:30\n数据生成条件：\n"
        f"1. 时间范围：{first:%Y%m%d}-{last:%Y%m%d}\n2. 时间单位：分日\n"
        "3. 推广设备：移动设备，计算机\n4. 投放网络：全部\n5. 投放物料：全部\n\n"
    )
    columns = [
        "日期",
        "账户",
        "推广计划",
        "推广单元",
        "匹配模式",
        "关键词ID",
        "关键词",
        "展现",
        "点击",
        "消费",
    ]
    return head + _table(
        columns,
        (
            (
                cost.day,
                BAIDU.account,
                cost.campaign.name,
                cost.campaign.ad_group,
                _BAIDU_MATCH[cost.keyword.match],
                keyword_id(BAIDU, cost.campaign, cost.keyword),
                cost.keyword.text,
                cost.impressions,
                cost.clicks,
                cost.cost,
            )
            for cost in _of(costs, BAIDU)
        ),
    )


def _google(costs: Sequence[Cost], first: date, last: date) -> str:
    rows = list(_of(costs, GOOGLE))
    head = f'Search keyword report\n"{first:%b} {first.day}, {first.year} - '
    head += f'{last:%b} {last.day}, {last.year}"\n'
    columns = [
        "Day",
        "Keyword",
        "Match type",
        "Campaign",
        "Ad group",
        "Currency code",
        "Clicks",
        "Impr.",
        "Cost",
    ]
    total = ("Total: Account", "--", "--", "--", "--", "--", *_totals(rows))
    body = _table(
        columns,
        (
            (
                cost.day,
                cost.keyword.text,
                f"{cost.keyword.match.capitalize()} match",
                cost.campaign.name,
                cost.campaign.ad_group,
                "USD",
                cost.clicks,
                cost.impressions,
                cost.cost,
            )
            for cost in rows
        ),
    )
    return head + body + _table(total, ())


def _microsoft(costs: Sequence[Cost], first: date, last: date) -> str:
    head = (
        '"Report Name: Keyword performance"\n'
        f'"Report Time: {first.month}/{first.day}/{first.year},'
        f'{last.month}/{last.day}/{last.year}"\n"Report Aggregation: Daily"\n\n'
    )
    columns = [
        "Gregorian date",
        "Account number",
        "Campaign name",
        "Ad group",
        "Keyword ID",
        "Keyword",
        "Bid match type",
        "Currency code",
        "Impressions",
        "Clicks",
        "Spend",
    ]
    body = _table(
        columns,
        (
            (
                cost.day,
                MICROSOFT.account,
                cost.campaign.name,
                cost.campaign.ad_group,
                f"[{keyword_id(MICROSOFT, cost.campaign, cost.keyword)}]",
                cost.keyword.text,
                cost.keyword.match.capitalize(),
                "USD",
                cost.impressions,
                cost.clicks,
                cost.cost,
            )
            for cost in _of(costs, MICROSOFT)
        ),
    )
    return head + body + '\n"©2026 Microsoft Corporation. All rights reserved."\n'


def _leads(steps: Iterable[Step]) -> str:
    return _table(
        ("id", "lead", "time", "stage", "value", "currency", "email", "reason"),
        (
            (
                step.number,
                step.lead,
                f"{step.time:%Y-%m-%d %H:%M:%S}",
                step.stage,
                "" if step.value is None else step.value,
                "CNY",
                step.email,
                step.reason,
            )
            for step in steps
        ),
    )


def _rates(first: date, last: date) -> str:
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return _table(("day", "from", "to", "rate"), ((day, "USD", "CNY", _rate(day)) for day in days))


def _rate(day: date) -> Decimal:
    return USD_CNY + Decimal(day.toordinal() % 23 - 11) / 1000


def _of(costs: Iterable[Cost], account: Account) -> Iterable[Cost]:
    return (cost for cost in costs if cost.account is account)


def _totals(rows: Sequence[Cost]) -> tuple[int, int, Decimal]:
    return (
        sum(cost.clicks for cost in rows),
        sum(cost.impressions for cost in rows),
        sum((cost.cost for cost in rows), Decimal(0)),
    )


def _table(columns: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return buffer.getvalue()


def _write(path: Path, text: str, encoding: str) -> Path:
    path.write_bytes(text.encode(encoding))
    return path
