"""The fields of an offline conversion, and the column names under which CRMs export them.

Names are compared without case, spaces and punctuation; a name in a later tier counts only where
no earlier one is present.
"""

from __future__ import annotations

from typing import Final

from tracker.tables.columns import known_titles, squeeze


def _tiers(*lists: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(name.strip() for name in names.split(",")) for names in lists)


NAMES: Final = {
    "time": _tiers(
        "Time, Date time, Timestamp, Conversion time, Order time, 时间, 转化时间, 成交时间,"
        "下单时间, 签单时间, 发生时间",
    ),
    "day": _tiers("Day, Date, Order date, 日期, 成交日期, 下单日期, 签单日期, 转化日期"),
    "stage": _tiers(
        "Stage, Goal, 阶段, 目标, 转化目标, 线索阶段",
        "Event, Conversion, Conversion name, 转化名称, 转化类型, 类型",
    ),
    "value": _tiers(
        "Value, Amount, Conversion value, Order value, 金额, 价值, 成交金额, 订单金额, 合同金额,"
        "转化价值",
        "Revenue, 收入",
    ),
    "currency": _tiers("Currency, Currency code, Conversion currency, 货币, 货币代码, 币种"),
    # As 0.13 or 13%; without it the site's rule, 0 for a value that is net.
    "tax_rate": _tiers(
        "Tax rate, VAT rate, GST rate, Included tax, 税率, 含税率, 含税税率, 增值税率, 增值税税率"
    ),
    "product_group": _tiers(
        "Product group, Product line, Product category, 产品组, 产品类别, 产品线, 商品类别, 商品组"
    ),
    # What the goods cost, net, in the currency of the value.
    "order_cost": _tiers(
        "Order cost, Cost of goods, Cost of goods sold, COGS, Product cost, 订单成本, 商品成本,"
        "货物成本, 产品成本",
    ),
    "id": _tiers(
        "ID, Order ID, Transaction ID, External ID, 编号, 订单号, 订单编号, 订单ID, 单号, 合同号,"
        "合同编号, 转化ID",
    ),
    "lead": _tiers("Lead, Lead ID, 线索, 线索ID, 线索编号, 商机编号, 客户编号"),
    "visitor": _tiers("Visitor, Visitor ID, 访客, 访客ID"),
    "click_id": _tiers(
        "Click ID, Clickid, 点击ID",
        "gclid, Google Click ID, msclkid, Microsoft Click ID, bd_vid, qhclickid, yclid",
    ),
    "visit_code": _tiers("Visit code, Code, tracker_ref, 访问码, 访问代码, 识别码, 来访码"),
    "landing_url": _tiers("Landing URL, Landing page, URL, 落地页, 着陆页, 落地页URL, 访问URL"),
    "email": _tiers("E-mail, Email address, Email SHA256, 邮箱, 电子邮箱, 电子邮件, 邮件"),
    "phone": _tiers(
        "Phone, Phone number, Telephone, 电话, 联系电话, 手机, 手机号, 手机号码", "Mobile"
    ),
    "user": _tiers("User, User ID, 用户, 用户ID, 会员ID, 会员编号"),
    "person": _tiers("Person, Person ID, 人员ID"),
    "order_id": _tiers("Web order, Web order ID, Shop order ID, 网站订单号, 商城订单号"),
    "reason": _tiers("Reason, Invalid reason, Lost reason, 原因, 无效原因, 丢单原因, 输单原因"),
    "platform": _tiers("Platform, 平台, 推广平台, 渠道平台"),
    "campaign": _tiers("Campaign, Campaign name, 推广计划, 广告系列, 计划"),
    "campaign_id": _tiers("Campaign ID, 推广计划ID, 广告系列ID, 计划ID"),
    "ad_group": _tiers("Ad group, Ad group name, 推广单元, 推广组, 广告组, 单元"),
    "ad_group_id": _tiers("Ad group ID, 推广单元ID, 推广组ID, 广告组ID, 单元ID"),
    "keyword": _tiers("Keyword, 关键词, 关键字"),
    "keyword_id": _tiers("Keyword ID, 关键词ID, 关键字ID"),
    "match_type": _tiers("Match type, 匹配模式, 匹配类型, 匹配方式"),
    "removed": _tiers("Removed, Deleted, Cancelled, 作废, 已删除, 已取消"),
}
#: The fields that a mapping may name.
FIELDS: Final = tuple(NAMES)
#: Any one of these leads a row back to what brought the customer.
IDENTIFIERS: Final = (
    "visitor",
    "click_id",
    "visit_code",
    "landing_url",
    "email",
    "phone",
    "user",
    "person",
    "order_id",
    "lead",
    "campaign",
    "campaign_id",
    "ad_group",
    "ad_group_id",
    "keyword",
    "keyword_id",
)
_KNOWN: Final = known_titles(NAMES)


def is_header(titles: tuple[str, ...]) -> bool:
    """Whether a row names at least three fields, one of them the time or the day."""
    fields = {_KNOWN.get(squeeze(title)) for title in titles} - {None}
    return len(fields) >= 3 and bool(fields & {"time", "day"})
