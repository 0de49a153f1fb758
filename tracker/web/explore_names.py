"""What the dimensions and metrics of the explorer are called, and their values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from babel.dates import format_date, get_day_names

from tracker.web import columns
from tracker.web.columns import Column
from tracker.web.formats import Formats
from tracker.web.i18n import Language, msgid
from tracker.web.keyword_view import MATCH_TYPES
from tracker.web.notes import row_title
from tracker.web.vocabulary import channel_name, device_name, platform_name

#: Dimensions in the order and the groups of the form.
DIMENSION_GROUPS: Mapping[str, Mapping[str, str]] = {
    msgid("Time"): {
        "day": msgid("Day"),
        "week": msgid("Week"),
        "month": msgid("Month"),
        "weekday": msgid("Weekday"),
        "hour": msgid("Hour of the day"),
    },
    msgid("Advertising"): {
        "platform": msgid("Platform"),
        "account": msgid("Account"),
        "campaign": msgid("Campaign"),
        "ad_group": msgid("Ad group"),
        "keyword": msgid("Keyword"),
        "match_type": msgid("Match type"),
        "kind": msgid("Kind"),
        "reason": msgid("Reason"),
        "brand": msgid("Brand terms"),
    },
    msgid("Source of the visit"): {
        "channel": msgid("Channel"),
        "source": msgid("Source"),
        "medium": msgid("Medium"),
        "search_term": msgid("Search term"),
        "landing_page": msgid("Landing page"),
    },
    msgid("Visitor"): {
        "country": msgid("Country"),
        "region": msgid("Region"),
        "city": msgid("City"),
        "device": msgid("Device"),
        "browser": msgid("Browser"),
        "os": msgid("Operating system"),
        "language": msgid("Language"),
        "person_tag": msgid("Tags of the person"),
    },
    msgid("What was looked at"): {
        "page": msgid("Page"),
        "event": msgid("Event"),
    },
    msgid("Outcome"): {
        "goal": msgid("Goal"),
        "stage": msgid("Stage"),
    },
}
DIMENSION_TITLES: Mapping[str, str] = {
    name: title for group in DIMENSION_GROUPS.values() for name, title in group.items()
}
#: Metrics in the groups of the form; every metric of the registry is in one of them.
METRIC_GROUPS: Mapping[str, tuple[Column, ...]] = {
    msgid("Spend"): (
        columns.COST,
        columns.ADJUSTED,
        Column(
            *("untracked_cost", msgid("Untracked cost"), "amount", 0),
            msgid("Cost of days on which no visit was seen; it is left out of CPA and ROI."),
        ),
        columns.IMPRESSIONS,
        columns.CLICKS,
        Column(*("ctr", msgid("CTR"), "percent", 1), msgid("Clicks ÷ impressions.")),
        Column(*("cpc", msgid("CPC"), "amount", -1), msgid("Cost ÷ clicks.")),
        Column(
            *("max_cpc", msgid("Highest CPC"), "amount", 1),
            msgid(
                "What a click may cost at the target: target CPA × CVR, or margin × revenue ÷ "
                "clicks ÷ (1 + target ROI); without a target, before profit is gone."
            ),
        ),
    ),
    msgid("Visits"): (
        Column(*("visits", msgid("Visits"), "count", 1), msgid("Visits that our snippet saw.")),
        Column(*("pageviews", msgid("Page views"), "count", 1), msgid("Pages that were opened.")),
        Column(*("events", msgid("Events"), "count", 1), msgid("Page views and other events.")),
        Column(
            *("bounce_rate", msgid("Bounce rate"), "percent", -1),
            msgid("Share of visits with a single event."),
        ),
        Column(
            *("arrived_clicks", msgid("Arrived clicks"), "count", 1),
            msgid("Different paid clicks that a visit was seen of."),
        ),
        Column(
            *("arrival_rate", msgid("Arrival rate"), "percent", 1),
            msgid("Arrived clicks ÷ clicks. 80% to 90% is usual."),
        ),
        Column(
            *("visit_rate", msgid("Visits per click"), "percent", 1),
            msgid("Visits ÷ clicks, as web analytics of search engines have it."),
        ),
    ),
    msgid("Conversions"): (
        columns.CONVERSIONS,
        Column(*("cvr", msgid("CVR"), "percent", 1), msgid("Conversions ÷ clicks.")),
        Column(*("visit_cvr", msgid("Visit CVR"), "percent", 1), msgid("Conversions ÷ visits.")),
        columns.CPA,
        Column(
            *("platform_conversions", msgid("Platform conversions"), "credit", 1),
            msgid("What the platform counts as conversions, as it reports; never part of ours."),
        ),
        Column(
            *("platform_value", msgid("Platform conversion value"), "amount", 1),
            msgid("Value of the platform's conversions, by the rate of the spend's day."),
        ),
        Column(
            *("assisted_conversions", msgid("Assisted conversions"), "count", 1),
            msgid("Conversions whose path has the row anywhere but last; each counts once a row."),
        ),
        Column(
            *("conversion_lag", msgid("Days to conversion"), "ratio", 0),
            msgid("Mean days from the touch to the conversion, by credit."),
        ),
        Column(
            *("path_length", msgid("Path length"), "ratio", 0),
            msgid("Mean number of touches before a conversion, by credit."),
        ),
    ),
    msgid("Stages"): (
        Column(
            *("inquiries", msgid("Inquiries"), "credit", 1),
            msgid("Leads that an inquiry was recorded of, by credit."),
        ),
        Column(
            *("cost_per_inquiry", msgid("Cost per inquiry"), "amount", -1),
            msgid("Cost ÷ inquiries."),
        ),
        Column(
            *("valid_inquiries", msgid("Valid inquiries"), "credit", 1),
            msgid("Leads that somebody found valid, by credit."),
        ),
        columns.COST_PER_VALID,
        columns.VALID_RATE,
        Column(
            *("closed_orders", msgid("Orders of leads"), "credit", 1),
            msgid("Leads that became an order, by credit; repeat orders stand apart."),
        ),
        Column(
            *("cost_per_order", msgid("Cost per order"), "amount", -1),
            msgid("Cost ÷ orders of leads."),
        ),
        Column(
            *("order_revenue", msgid("Value of orders"), "amount", 1),
            msgid("Value of the stage order alone."),
        ),
        Column(
            *("order_roas", msgid("ROAS of orders"), "ratio", 1), msgid("Value of orders ÷ cost.")
        ),
        Column(
            *("payments", msgid("Payments received"), "amount", 1),
            msgid("Value of the stage payment alone."),
        ),
        Column(
            *("payment_roas", msgid("ROAS of payments"), "ratio", 1),
            msgid("Payments received ÷ cost."),
        ),
        Column(
            *("expected_revenue", msgid("Expected revenue"), "amount", 1),
            msgid(
                "What open leads may still bring: the chance of an order by stage and age × the "
                "mean order. It is never part of revenue."
            ),
        ),
    ),
    msgid("Revenue and return"): (
        columns.REVENUE,
        columns.CONTRIBUTION,
        Column(
            *("orders", msgid("Orders"), "credit", 1),
            msgid("Conversions that have a value, by credit."),
        ),
        Column(*("aov", msgid("Order value"), "amount", 1), msgid("Revenue ÷ orders.")),
        columns.ROAS,
        Column(
            *("break_even_roas", msgid("Break-even ROAS"), "ratio", 0),
            msgid("1 ÷ margin: below it, money is lost."),
        ),
        columns.REVENUE_ROI,
        columns.MARGIN_ROI,
        Column(*("profit", msgid("Profit"), "amount", 1), msgid("Margin × revenue − cost.")),
    ),
}
METRIC_COLUMNS: Mapping[str, Column] = {
    column.field: column for group in METRIC_GROUPS.values() for column in group
}
_KINDS = {"keyword": msgid("Keyword")}
_BRANDS = {"brand": msgid("Brand"), "non_brand": msgid("Not brand")}
_WEEK = msgid("Week of %(day)s")


class ValueNames:
    """What the values of dimensions are called in the reader's language."""

    def __init__(
        self, speech: Language, formats: Formats, goal_title: Callable[[str], str]
    ) -> None:
        self._speech, self._formats, self._goal = speech, formats, goal_title

    def name(self, dimension: str, value: str) -> str:
        """A value that is known; names from outside stay as they are."""
        own = getattr(self, f"_{dimension}", None)
        return str(own(value)) if own else value

    def _day(self, value: str) -> str:
        return self._formats.day(value)

    def _week(self, value: str) -> str:
        return self._speech.gettext(_WEEK) % {"day": self._formats.day(value)}

    def _month(self, value: str) -> str:
        locale = self._formats.locale
        pattern = "y年M月" if locale.language == "zh" else "MMMM y"
        return format_date(date.fromisoformat(value), pattern, locale=locale)

    def _weekday(self, value: str) -> str:
        names = get_day_names("wide", context="stand-alone", locale=self._formats.locale)
        return str(names[int(value) - 1])

    def _hour(self, value: str) -> str:
        return f"{int(value):02}:00"

    def _platform(self, value: str) -> str:
        return platform_name(self._speech, value)

    def _channel(self, value: str) -> str:
        return channel_name(self._speech, value)

    def _device(self, value: str) -> str:
        return device_name(self._speech, value)

    def _country(self, value: str) -> str:
        return self._formats.country(value)

    def _language(self, value: str) -> str:
        return self._formats.language(value)

    def _match_type(self, value: str) -> str:
        return self._known(MATCH_TYPES, value.lower(), value)

    def _kind(self, value: str) -> str:
        return self._known(_KINDS, value, row_title(self._speech, value, "")[0])

    def _reason(self, value: str) -> str:
        return row_title(self._speech, "", value)[1]

    def _brand(self, value: str) -> str:
        return self._known(_BRANDS, value, value)

    def _stage(self, value: str) -> str:
        return self._goal(value if value.startswith("repeat:") else f"stage:{value}")

    def _known(self, names: Mapping[str, str], value: str, other: str) -> str:
        return self._speech.gettext(names[value]) if value in names else other


def metric_title(speech: Language, name: str) -> str:
    """The metric's name in the reader's language."""
    return speech.gettext(METRIC_COLUMNS[name].title)


def dimension_title(speech: Language, name: str) -> str:
    """The dimension's name in the reader's language."""
    return speech.gettext(DIMENSION_TITLES[name])
