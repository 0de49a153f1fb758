"""The fields of a spend row, and the column names under which platforms export them.

Names are compared without case, spaces and punctuation, and without a currency in parentheses.
A name in a later tier counts only where no earlier one is present.
"""

from __future__ import annotations

from typing import Final

#: The fields that a mapping (``--map field=column``) may name, in the order of a help text.
FIELDS: Final = (
    "day",
    "account",
    "campaign",
    "campaign_id",
    "ad_group",
    "ad_group_id",
    "keyword",
    "keyword_id",
    "match_type",
    "device",
    "network",
    "impressions",
    "clicks",
    "cost",
    "currency",
    "conversions",
    "value",
)

Tier = tuple[str, ...]


def _tiers(*lists: str) -> tuple[Tier, ...]:
    return tuple(tuple(name.strip() for name in names.split(",")) for names in lists)


NAMES: Final[dict[str, tuple[Tier, ...]]] = {
    "day": _tiers(
        "Day, Date, 日期, 天, 统计日期, 数据日期, Gregorian date, Дата",
        "时间, TimePeriod",
    ),
    "account": _tiers(
        "Account, Account name, 账户, 账号, 帐户, 帐号, 账户名称, 账户名",
        "Account ID, Account number, Customer ID, 账户ID, 客户ID",
    ),
    "campaign": _tiers(
        "Campaign, Campaign name, 广告系列, 广告系列名称, 推广计划, 推广计划名称, 计划, 计划名称,"
        "广告计划, 广告活动, Кампания, Название кампании",
    ),
    "campaign_id": _tiers("Campaign ID, 广告系列 ID, 推广计划ID, 计划ID, 广告活动 ID, № Кампании"),
    "ad_group": _tiers(
        "Ad group, Ad group name, 广告组, 广告组名称, 推广单元, 推广单元名称, 单元, 单元名称,"
        "推广组, 推广组名称, Группа, Название группы",
    ),
    "ad_group_id": _tiers("Ad group ID, 广告组 ID, 推广单元ID, 单元ID, 推广组ID, № Группы"),
    "keyword": _tiers(
        "Keyword, Search keyword, Keyword text, 关键字, 关键词, 搜索关键字, 关键词名称,"
        "关键字名称, Criterion, Criteria, Условие показа",
    ),
    "keyword_id": _tiers("Keyword ID, 关键字 ID, 关键词ID, Criterion ID, ID условия показа"),
    "match_type": _tiers(
        "Match type, Bid match type, Search keyword match type, 匹配类型, 匹配模式, 匹配方式,"
        "搜索关键字匹配类型, 出价匹配类型",
        "Delivered match type, Criterion type",
    ),
    "device": _tiers("Device, Device type, 设备, 设备类型, 推广设备, 投放设备, Устройство"),
    "network": _tiers(
        "Network, Network (with search partners), 网络, 投放网络",
        "Ad distribution, Ad network type",
    ),
    "impressions": _tiers(
        "Impr., Impressions, 展示次数, 展示量, 展示, 展示数, 展现, 展现量, 展现次数, Показы",
    ),
    "clicks": _tiers("Clicks, 点击次数, 点击量, 点击, 点击数, Клики"),
    "cost": _tiers(
        "Cost, Spend, 费用, 花费, 消费, 消耗, 总费用, 总消费, 总花费, 支出, Amount spent, Расход",
    ),
    "currency": _tiers("Currency, Currency code, 货币代码, 货币, 币种, Валюта"),
    "conversions": _tiers(
        "Conversions, Conv., 转化次数, 转化数, 转化量, 总转化量, 转化, Конверсии",
    ),
    "value": _tiers(
        "Conv. value, Conversion value, Total conv. value, 转化价值, 总转化价值",
        "Revenue, 收入",
    ),
}

#: A column that only search-term reports have: what was typed, not what was bought.
SEARCH_TERM: Final = ("Search term", "Search query", "搜索字词", "搜索词", "查询词", "搜索查询")

#: Columns that hold text: nothing in them tells how the file writes its numbers.
TEXT_FIELDS: Final = frozenset(FIELDS) - {
    "impressions",
    "clicks",
    "cost",
    "conversions",
    "value",
}
METRICS: Final = ("impressions", "clicks", "cost")
