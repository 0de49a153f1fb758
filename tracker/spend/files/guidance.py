"""What to click in a platform so that its report can be imported, as text for messages."""

from __future__ import annotations

from typing import Final

_SEGMENT: Final = {
    "google": (
        "In Google Ads open Campaigns › Audiences, keywords and content › Search keywords, then "
        "Segment › Time › Day (细分 › 时间 › 天), and download again."
    ),
    "microsoft": (
        "In Microsoft Advertising open Reports › Performance › Keyword, set Unit of time "
        "(时间单位) to Day, and download again."
    ),
    "baidu": (
        "In 百度营销 open 数据报告 › 关键词报告, set 时间单位 to 分日, and download again "
        "(the page grid itself has no days)."
    ),
    "360": "In 360点睛 open 报告 › 关键词报告, set the time unit to 分日, and download again.",
    "sogou": "In 搜狗推广 open 数据报告 › 关键词报告, set 时间单位 to 分日, and download again.",
    "shenma": "In 神马推广 open 数据报告 › 关键词报告, set 时间单位 to 分日, and download again.",
    "yandex": "In Yandex Direct open the report wizard, group by day, and download again.",
}
_REPORT: Final = {
    "google": "Download the Search keyword report (搜索关键字报告) with Impr., Clicks and Cost.",
    "microsoft": "Download the Keyword performance report with Impressions, Clicks and Spend.",
    "baidu": "Download 关键词报告 with 推广计划, 推广单元, 关键词, 展现, 点击, 消费, by day.",
    "360": "Download 关键词报告 with 推广计划, 推广组, 关键词, 展示次数, 点击次数, 总费用, by day.",
    "sogou": "Download 关键词报告 with 推广计划, 推广组, 关键词, 消耗, 点击数, 展示数, by day.",
    "shenma": "Download 关键词报告 with 推广计划, 推广单元, 关键词, 消费, 点击, 展示, by day.",
    "yandex": "Download a report by criterion with Impressions, Clicks and Cost, by day.",
}


def how_to_segment(platform: str) -> str:
    """The clicks that add the day column to the platform's keyword report."""
    fallback = "Add the day column in the platform's report settings, and download again."
    return _SEGMENT.get(platform, fallback)


def which_report(platform: str) -> str:
    """The report of the platform that has spend by keyword."""
    fallback = "Download the platform's keyword report with impressions, clicks and cost."
    return _REPORT.get(platform, fallback)
