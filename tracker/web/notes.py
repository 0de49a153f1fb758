"""What stands at the head of a report in plain words: coverage, what is incomplete, reasons."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from tracker.reports.match_quality import MatchQuality
from tracker.reports.result import Coverage, Incomplete, KeywordReport
from tracker.web.formats import Formats
from tracker.web.i18n import Language, msgid
from tracker.web.vocabulary import platform_name

#: What each kind of incompleteness of a report means.
GAPS = {
    "missing_rate": msgid(
        "No exchange rate %(source)s for %(days)s: amounts that need it, and their totals, are "
        "left empty."
    ),
    "too_early": msgid(
        "%(days)s: too early to judge. Conversions often come later than that, so these days "
        "will still grow."
    ),
    "untracked_spend": msgid(
        "%(amount)s of the cost fell on days without tracking. It is in the cost and left out of "
        "CPA, ROAS and ROI, because no visit could be seen then."
    ),
    "period_total": msgid(
        "%(source)s, %(days)s: the file has no days. Its cost is in periods that hold all of "
        "these days, and stands on the first of them wherever days are shown."
    ),
    "partial_period": msgid(
        "%(source)s, %(days)s: the file has no days and reaches beyond this period; its cost is "
        "not in this report."
    ),
    "days_missing": msgid("%(source)s, %(days)s: no cost was imported for these days."),
    "failed_source": msgid(
        "%(source)s, %(days)s: the last import failed; cost of these days may be missing."
    ),
    "pooled_credit": msgid(
        "%(source)s keywords have too few converting paths for an effect of their own; their "
        "data-driven credit follows their ad group, campaign or platform."
    ),
    "unallocated": msgid(
        "%(facts)s are not known by %(dimension)s: they stand on rows marked unallocated, so that "
        "the rows add up to the total."
    ),
    "left_out": msgid(
        "%(facts)s are not known by %(dimension)s, so the filter leaves them out of this report."
    ),
    "partly_left_out": msgid(
        "Where the platform does not tell the %(dimension)s, cost, clicks and impressions are left "
        "out by the filter."
    ),
    "overlapping_rows": msgid(
        "A row of a goal or stage has all of it. The total counts a lead and what it brought once, "
        "and only goals that count in totals, so the rows do not add up to it."
    ),
    "overlapping_filter": msgid(
        "The filter may name several goals or stages: what one lead or visit reached of them is "
        "added up."
    ),
    "untold_terms": msgid(
        "A visit has a search term only where its address or referrer tells it. Other visits and "
        "their conversions stand on the row without one, so a search term may have brought more."
    ),
    "pending": msgid("%(days)s: new data is being computed; figures will change within a minute."),
}
#: Whose wording is information rather than a warning.
_INFORMATION = frozenset(
    {
        *("too_early", "period_total", "pending", "pooled_credit", "unallocated"),
        *("overlapping_rows", "overlapping_filter", "untold_terms"),
    }
)
_UNTRACKED = msgid(
    "Some of the cost fell on days without tracking. It is in the cost and left out of CPA, ROAS "
    "and ROI, because no visit could be seen then."
)
_REASONS = {
    "not_paid": msgid("Not from an ad: direct, organic, links"),
    "ambiguous": msgid("Several keywords fit"),
    "shared_link": msgid("A shared or old link of an ad: not a click of its own"),
    "unexpanded_macro": msgid("The tag's placeholders were not filled in"),
    "no_tag": msgid("From an ad, but without keyword tags"),
    "unknown_keyword": msgid("Keyword that no spend file holds"),
    "no_touch": msgid("No visit is known"),
    "pmax": msgid("Performance Max: the platform names no keyword"),
    "ai_max": msgid("AI Max: the platform names no keyword"),
    "dynamic": msgid("Dynamic ads: the platform names no keyword"),
    "word_package": msgid("Keyword pack (词包): the platform names no keyword"),
    "auto_expansion": msgid("Automatic expansion: the platform names no keyword"),
    "no_keyword": msgid("Cost without a keyword"),
    "campaign": msgid("Cost of a campaign without keywords"),
    "account_fee": msgid("Fee of the account"),
    "gap": msgid("In the account's total, but of no keyword"),
    "shopping": msgid("Shopping ads: the platform names no keyword"),
    "demand_gen": msgid("Demand Gen: the platform names no keyword"),
    "video": msgid("Video ads: the platform names no keyword"),
}
_ENTER_RATE = msgid("Enter the rate")
_KINDS = {
    "unattributed": msgid("Unattributed"),
    "unallocated": msgid("Unallocated cost"),
}


@dataclass(frozen=True, slots=True)
class Note:
    """One sentence about the report; ``tone`` is its style: empty, ``warn``. ``link`` is the text
    of what ``address``, below the site, leads to."""

    tone: str
    text: str
    address: str = ""
    link: str = ""


def report_notes(report: KeywordReport, speech: Language, formats: Formats) -> list[Note]:
    """Coverage first, then what is incomplete, then what the ROI figures mean here."""
    notes = [coverage_note(report.coverage, speech, formats)]
    cost = formats.money(report.totals.untracked_cost, report.currency)
    notes += [incomplete_note(item, speech, formats, untracked=cost) for item in report.incomplete]
    if report.own_margins:
        notes += _own_margins(report, speech, formats)
    elif report.margin is None:
        notes.append(
            Note(
                "",
                speech.gettext(
                    "No margin is set, so the ROI here is revenue ROI. Break-even ROAS is 1.00 "
                    "only if goods cost nothing; with the margin in the settings you see real ROI."
                ),
            )
        )
    elif report.break_even_roas is not None:
        text = speech.gettext(
            "With a margin of %(margin)s, the break-even ROAS is %(roas)s: below it a keyword "
            "loses money."
        )
        margin = formats.percent(float(report.margin))
        notes.append(
            Note("", text % {"margin": margin, "roas": formats.ratio(report.break_even_roas)})
        )
    return notes


def _own_margins(report: KeywordReport, speech: Language, formats: Formats) -> list[Note]:
    """What returns are by where parts of the revenue have margins of their own."""
    if report.totals.revenue is not None and report.totals.contribution is None:
        text = msgid(
            "Only a part of the revenue has a margin, by its product group or the cost of its "
            "order; elsewhere ROI is unknown. With the site's margin in the settings it is known."
        )
        return [Note("warn", speech.gettext(text))]
    if report.break_even_roas is None:
        return []
    text = speech.gettext(
        "By the costs of orders and the margins of product groups and of the site, the break-even "
        "ROAS of all revenue is %(roas)s."
    )
    return [Note("", text % {"roas": formats.ratio(report.break_even_roas)})]


def match_notes(match: MatchQuality, speech: Language, formats: Formats) -> list[Note]:
    """How paid visits and cost found their keyword; nothing where there are no paid visits."""
    if match.paid_visits is None:
        return []
    text = speech.gettext(
        "Match quality: a keyword was found for %(visits)s of paid visits (%(by_id)s by id, "
        "%(by_click)s by click id, %(by_tags)s by tags) and visits for %(cost)s of the cost."
    ) % {
        "visits": formats.percent(match.paid_visits),
        "by_id": formats.percent(match.by_id),
        "by_click": formats.percent(match.by_click),
        "by_tags": formats.percent(match.by_tags),
        "cost": formats.percent(match.cost),
    }
    return [Note("", text)]


def row_title(speech: Language, kind: str, reason: str | None) -> tuple[str, str]:
    """Name and explanation of a row that is no keyword."""
    title = speech.gettext(_KINDS[kind]) if kind in _KINDS else kind
    if not reason:
        return title, ""
    return title, speech.gettext(_REASONS[reason]) if reason in _REASONS else reason


def coverage_note(coverage: Coverage, speech: Language, formats: Formats) -> Note:
    """How much could be joined to a source at all."""
    if coverage.conversions is None:
        text = speech.gettext("Coverage: no conversion in this period.")
    elif coverage.value is None:
        text = speech.gettext(
            "Coverage: %(conversions)s of conversions could be joined to a source. Keyword ROI "
            "is a lower bound."
        ) % {"conversions": formats.percent(coverage.conversions)}
    else:
        text = speech.gettext(
            "Coverage: %(conversions)s of conversions and %(value)s of their value could be "
            "joined to a source. Keyword ROI is a lower bound."
        ) % {
            "conversions": formats.percent(coverage.conversions),
            "value": formats.percent(coverage.value),
        }
    if coverage.paid_visits is not None:
        text += " " + speech.gettext("The keyword of %(share)s of paid visits is known.") % {
            "share": formats.percent(coverage.paid_visits)
        }
    low = coverage.conversions is not None and coverage.conversions < 0.5
    return Note("warn" if low else "", text)


def incomplete_note(
    item: Incomplete,
    speech: Language,
    formats: Formats,
    *,
    untracked: str = "",
    facts: str = "",
    dimension: str = "",
) -> Note:
    """Why figures are provisional; ``untracked`` is the cost of days without tracking, ``facts``
    and ``dimension`` what a breakdown cannot say by what."""
    tone = "" if item.kind in _INFORMATION else "warn"
    if item.kind not in GAPS:
        return Note(tone, item.detail or item.kind)
    text = GAPS[item.kind]
    if item.kind == "untracked_spend" and not untracked:
        text = _UNTRACKED
    values = {
        "source": platform_name(speech, item.source),
        "days": formats.days(item.first, item.last) if item.first and item.last else "",
        "amount": untracked,
        "facts": facts,
        "dimension": dimension,
    }
    said = speech.gettext(text) % values
    if item.kind == "missing_rate":
        base = item.source.partition("/")[0]
        query = urlencode({"base": base, "first": item.first or "", "last": item.last or ""})
        return Note(tone, said, f"rates?{query}#enter", speech.gettext(_ENTER_RATE))
    return Note(tone, said)
