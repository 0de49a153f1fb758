"""The metrics of the keyword report: their names, units, help texts and what a rise means.

Formulas are stated for the reader as the reports compute them. Names follow the platform that
the report is filtered by (Google says 费用 where Baidu says 消费): the translation's context is
the platform.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from tracker.web.i18n import Language, msgid, term

Unit = Literal["count", "credit", "amount", "percent", "ratio"]


@dataclass(frozen=True, slots=True)
class Column:
    """``field`` is the name in the report's JSON and in ``sort``; ``rise`` is +1 where more is
    better, −1 where less is, 0 where it depends."""

    field: str
    title: str
    unit: Unit
    rise: int
    help: str

    def name(self, speech: Language, platform: str) -> str:
        """The column's name in the language and in the platform's own terms."""
        return speech.pgettext(platform, self.title) if platform else speech.gettext(self.title)


#: What platforms call otherwise than Baidu, whose words are the general ones in Chinese.
PLATFORM_TERMS = (
    term("360", "Campaign"),
    term("360", "Ad group"),
    term("sogou", "Campaign"),
    term("sogou", "Ad group"),
    term("sogou", "Cost"),
    term("shenma", "Campaign"),
    term("shenma", "Ad group"),
    term("google", "Campaign"),
    term("google", "Ad group"),
    term("google", "Keyword"),
    term("google", "Cost"),
    term("google", "Impressions"),
    term("google", "Clicks"),
    term("microsoft", "Campaign"),
    term("microsoft", "Ad group"),
    term("microsoft", "Keyword"),
    term("microsoft", "Cost"),
    term("microsoft", "Impressions"),
    term("microsoft", "Clicks"),
)

COST = Column(
    *("cost", msgid("Cost"), "amount", 0),
    msgid("What the platform charged, in the site's currency by the rate of the day."),
)
ADJUSTED = Column(
    *("adjusted_cost", msgid("Adjusted cost"), "amount", 0),
    msgid("Cost after the account's rules of fees, tax and the cash ratio of recharges."),
)
IMPRESSIONS = Column(
    *("impressions", msgid("Impressions"), "count", 0),
    msgid("How often the platform showed the ad, as it reports."),
)
CLICKS = Column(
    *("clicks", msgid("Clicks"), "count", 1),
    msgid("How often the ad was clicked, as the platform reports."),
)
VISITS = Column(
    *("visits", msgid("Visits"), "count", 1),
    msgid("Visits that our own snippet saw and that belong to this keyword."),
)
ARRIVAL = Column(
    *("arrival_rate", msgid("Arrival rate"), "percent", 1),
    msgid(
        "Arrived clicks ÷ clicks. 80% to 90% is usual; far less means a broken tag or a page that "
        "does not load, above 100% that cost or clicks are missing."
    ),
)
CONVERSIONS = Column(
    *("conversions", msgid("Conversions"), "credit", 1),
    msgid("Sum of the credit that the attribution model gives; it may be fractional."),
)
CPA = Column(*("cpa", msgid("CPA"), "amount", -1), msgid("Cost ÷ conversions."))
COST_PER_VALID = Column(
    *("cost_per_valid_inquiry", msgid("Cost per valid inquiry"), "amount", -1),
    msgid("Cost ÷ valid inquiries."),
)
VALID_RATE = Column(
    *("valid_rate", msgid("Valid rate"), "percent", 1),
    msgid("Valid ÷ (valid + invalid) inquiries."),
)
REVENUE = Column(
    *("revenue", msgid("Revenue"), "amount", 1),
    msgid("Sum of the credited value of conversions, in the site's currency."),
)
CONTRIBUTION = Column(
    *("contribution", msgid("Contribution"), "amount", 1),
    msgid(
        "What is left of revenue before ads: less the cost of the order where that is known, else "
        "by the margin of the product group or of the site."
    ),
)
ROAS = Column(
    *("roas", msgid("ROAS"), "ratio", 1),
    msgid("Revenue ÷ cost. At the break-even ROAS, which is 1 ÷ margin, profit is zero."),
)
REVENUE_ROI = Column(
    *("revenue_roi", msgid("Revenue ROI"), "percent", 1),
    msgid("(Revenue − cost) ÷ cost. It ignores what the goods cost: set the margin for real ROI."),
)
MARGIN_ROI = Column(
    *("roi", msgid("Margin ROI"), "percent", 1),
    msgid("(Margin × revenue − cost) ÷ cost. Above 0% the keyword earns more than it costs."),
)

_COMMON = (IMPRESSIONS, CLICKS, VISITS, ARRIVAL, CONVERSIONS, CPA)


def report_columns(
    *, has_margin: bool, has_rules: bool = False, has_judged: bool = False
) -> tuple[Column, ...]:
    """The table's metrics in order; ROI is margin ROI once there is a margin, cost has another
    column beside it where rules make it another (``has_rules``), and inquiries have their own where
    somebody says which are valid (``has_judged``)."""
    cost = (COST, ADJUSTED) if has_rules else (COST,)
    judged = (COST_PER_VALID, VALID_RATE) if has_judged else ()
    return (*cost, *_COMMON, *judged, REVENUE, ROAS, MARGIN_ROI if has_margin else REVENUE_ROI)


def tile_columns(*, has_margin: bool) -> tuple[Column, ...]:
    """The metrics at the head of the report; without a margin ROAS leads."""
    roi = MARGIN_ROI if has_margin else REVENUE_ROI
    lead = (roi, ROAS) if has_margin else (ROAS, roi)
    return (COST, REVENUE, *lead, CONVERSIONS, CPA, CLICKS, VISITS)


def help_texts(speech: Language, platform: str, columns: Iterable[Column]) -> list[tuple[str, str]]:
    """Name and explanation of each column."""
    return [(column.name(speech, platform), speech.gettext(column.help)) for column in columns]
