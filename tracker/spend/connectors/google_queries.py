"""What is asked of Google Ads, in its query language (GAQL), and why it is asked so.

Sources: the field reference of the Google Ads API v25. Absent fields are left out of the answers.
"""

from __future__ import annotations

from collections.abc import Sequence

from tracker.period import Period
from tracker.spend.connectors.contract import Capability

#: Channels whose campaigns spend without keywords, and so have no row in keyword_view, with the
#: reason under which their cost is stored. NOTE: only channels that surely have no keywords: one
#: that has some would be counted twice. What is left out shows as a gap to the account's total.
KEYWORDLESS = {
    "PERFORMANCE_MAX": "pmax",
    "SHOPPING": "shopping",
    "DEMAND_GEN": "demand_gen",
    "VIDEO": "video",
}
_METRICS = (
    "metrics.impressions, metrics.clicks, metrics.cost_micros, metrics.conversions,"
    " metrics.conversions_value"
)
_CUSTOMER = "customer.id, customer.currency_code, customer.time_zone"

_KEYWORDS = (
    f"SELECT {_CUSTOMER}, campaign.id, campaign.name, ad_group.id, ad_group.name,"
    " ad_group_criterion.criterion_id, ad_group_criterion.keyword.text,"
    f" ad_group_criterion.keyword.match_type, segments.date, segments.device, {_METRICS}"
    " FROM keyword_view WHERE {days}"
)
_WITHOUT_KEYWORDS = (
    f"SELECT {_CUSTOMER}, campaign.id, campaign.name, campaign.advertising_channel_type,"
    f" segments.date, segments.device, {_METRICS} FROM campaign WHERE {{days}}"
    f" AND campaign.advertising_channel_type IN ({', '.join(repr(c) for c in KEYWORDLESS)})"
)
#: A search term's keyword is in segments.keyword (from the reference, not seen in an answer).
_SEARCH_TERMS = (
    f"SELECT {_CUSTOMER}, campaign.id, campaign.name, ad_group.id, ad_group.name,"
    " search_term_view.search_term, segments.keyword.ad_group_criterion,"
    " segments.keyword.info.text, segments.keyword.info.match_type, segments.date,"
    f" segments.device, {_METRICS} FROM search_term_view WHERE {{days}}"
)
#: click_view takes exactly one day.
_CLICKS = (
    "SELECT click_view.gclid, click_view.keyword, click_view.keyword_info.text,"
    " click_view.keyword_info.match_type, campaign.id, ad_group.id, segments.date"
    " FROM click_view WHERE segments.date = '{first}'"
)
_TOTALS = f"SELECT {_CUSTOMER}, segments.date, {_METRICS}{{invalid}} FROM customer WHERE {{days}}"
_INVALID = ", metrics.invalid_clicks"

#: The accounts below a manager, itself among them.
ACCOUNTS = (
    "SELECT customer_client.id, customer_client.descriptive_name, customer_client.currency_code,"
    " customer_client.time_zone, customer_client.manager FROM customer_client"
    " WHERE customer_client.status = 'ENABLED'"
)

_QUERIES = {
    Capability.KEYWORDS: (_KEYWORDS, _WITHOUT_KEYWORDS),
    Capability.SEARCH_TERMS: (_SEARCH_TERMS,),
    Capability.CLICKS: (_CLICKS,),
    Capability.ACCOUNT_TOTALS: (_TOTALS,),
}


def queries(want: Capability, days: Period, *, invalid: bool = True) -> Sequence[str]:
    """The queries whose rows together are what is wanted of these days; totals with the clicks
    that were not charged for if ``invalid``."""
    parts = {
        "days": f"segments.date BETWEEN '{days.first}' AND '{days.last}'",
        "first": days.first.isoformat(),
        "invalid": _INVALID if invalid else "",
    }
    return [query.format(**parts) for query in _QUERIES[want]]
