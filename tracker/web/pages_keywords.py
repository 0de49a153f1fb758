"""The keyword report: its page and its CSV export."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from anyio import to_thread
from starlette.responses import RedirectResponse, Response

from tracker.accounts.goals import STAGES, Goal, list_goals
from tracker.accounts.pipeline import WON, pipeline_of
from tracker.period import local_day
from tracker.reports.breakdown import Breakdown, breakdown
from tracker.reports.breakdown_request import BreakdownRequest
from tracker.reports.keywords import keyword_report
from tracker.reports.match_quality import match_quality
from tracker.reports.request import Brand, By, KeywordRequest, Model
from tracker.reports.result import KeywordReport, Row
from tracker.reports.wanted_goal import report_goal
from tracker.web.call import Call
from tracker.web.columns import help_texts
from tracker.web.i18n import Language, msgid
from tracker.web.keyword_view import KeywordView
from tracker.web.notes import match_notes, report_notes, row_title
from tracker.web.query import PAGE_SIZES, PRESETS, PageQuery, page_request, read_page_query
from tracker.web.spreadsheet import COMPARED, keyword_csv, keyword_fields
from tracker.web.stages import REPEAT, stage_name, stage_options
from tracker.web.vocabulary import PLATFORMS, platform_name

MODELS = {
    Model.LAST_NON_DIRECT: msgid("Last non-direct click"),
    Model.LAST: msgid("Last click"),
    Model.FIRST: msgid("First click"),
    Model.LAST_PAID: msgid("Last paid click"),
    Model.LINEAR: msgid("Linear"),
    Model.POSITION: msgid("Position-based"),
    Model.TIME_DECAY: msgid("Time decay"),
    Model.MARKOV: msgid("Data-driven (Markov)"),
}
BYS = {By.CLICK: msgid("By click date"), By.CONVERSION: msgid("By conversion date")}
BRANDS = {
    Brand.ALL: msgid("All keywords"),
    Brand.BRAND: msgid("Brand only"),
    Brand.NON_BRAND: msgid("Without brand"),
}
#: Choices that the head of the report always names, and those that open the filters.
_CHOSEN = ("model", "by", "compare", "brand")
_UNFILTERED = {name: getattr(PageQuery(), name) for name in (*_CHOSEN, "goal")}
_ALL_PLATFORMS, _ALL_GOALS = msgid("All platforms"), msgid("All goals")
_STAGE = msgid("Stage: %(stage)s")
_PREVIOUS, _NO_COMPARISON = msgid("Previous period"), msgid("No comparison")
_TITLES = {
    "kind": msgid("Kind"),
    "reason": msgid("Reason"),
    "platform": msgid("Platform"),
    "account": msgid("Account"),
    "campaign": msgid("Campaign"),
    "ad_group": msgid("Ad group"),
    "keyword": msgid("Keyword"),
    "keyword_id": msgid("Keyword ID"),
    "match_type": msgid("Match type"),
    "impressions": msgid("Impressions"),
    "clicks": msgid("Clicks"),
    "cost": msgid("Cost"),
    "adjusted_cost": msgid("Adjusted cost"),
    "cpc": msgid("CPC"),
    "ctr": msgid("CTR"),
    "visits": msgid("Visits"),
    "arrived_clicks": msgid("Arrived clicks"),
    "arrival_rate": msgid("Arrival rate"),
    "conversions": msgid("Conversions"),
    "cvr": msgid("CVR"),
    "cpa": msgid("CPA"),
    "valid_inquiries": msgid("Valid inquiries"),
    "cost_per_valid_inquiry": msgid("Cost per valid inquiry"),
    "valid_rate": msgid("Valid rate"),
    "revenue": msgid("Revenue"),
    "contribution": msgid("Contribution"),
    "profit": msgid("Profit"),
    "roas": msgid("ROAS"),
    "revenue_roi": msgid("Revenue ROI"),
    "roi": msgid("Margin ROI"),
}


async def show(call: Call) -> Response:
    """The page; every state of it has an address of its own, written in the shortest form."""
    query = _query(call)
    canonical = query.address()
    given = f"?{call.request.url.query}" if call.request.url.query else ""
    is_part = "HX-Request" in call.request.headers
    if not is_part and given != canonical:
        return RedirectResponse(f"{call.request.url.path}{canonical}", status_code=303)
    report = await to_thread.run_sync(_run, call, query)
    response = await to_thread.run_sync(partial(_page, call, query, report))
    if is_part:
        response.headers["HX-Push-Url"] = f"{call.request.url.path}{canonical}"
    # The same address answers htmx and browsers alike, but only one of them with a redirect.
    response.headers["Vary"] = "HX-Request, Cookie, Accept-Language"
    return response


async def export(call: Call) -> Response:
    """All rows of the page's report as CSV with titles in the reader's language."""
    query = _query(call)
    report = await to_thread.run_sync(partial(_run, call, query, every_row=True))
    speech = call.language
    body = keyword_csv(
        report,
        titles=[_title(speech, query.platform, name) for name in keyword_fields(report)],
        total=speech.gettext("Total"),
        named=partial(_named, speech),
    )
    return csv_response(body, report)


def csv_response(body: bytes, report: KeywordReport) -> Response:
    """A download named after the site and the days."""
    name = f"keywords-{report.site}-{report.first}-{report.last}.csv"
    return Response(
        body,
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def run_report(call: Call, request: KeywordRequest) -> KeywordReport:
    """The report by the one function that the commands use too; a goal may be its name or id."""
    parts = call.parts
    if request.goal:
        goal = report_goal(parts.warehouse, parts.db, call.site.key, request.goal)
        request = replace(request, goal=goal)
    return keyword_report(parts.warehouse, parts.db, request, clock=parts.clock)


def run_breakdown(call: Call, request: BreakdownRequest) -> Breakdown:
    """A breakdown by the one function that the commands use too; a goal may be its name or id."""
    parts = call.parts
    if request.goal:
        goal = report_goal(parts.warehouse, parts.db, call.site.key, request.goal)
        request = replace(request, goal=goal)
    return breakdown(parts.warehouse, parts.db, request, clock=parts.clock)


def _query(call: Call) -> PageQuery:
    today = local_day(call.parts.clock(), call.zone)
    return read_page_query(call.request.query_params, today)


def _run(call: Call, query: PageQuery, *, every_row: bool = False) -> KeywordReport:
    request = page_request(query, call.site)
    if every_row:
        request = replace(request, limit=0, offset=0)
    return run_report(call, request)


def _page(call: Call, query: PageQuery, report: KeywordReport) -> Response:
    view = KeywordView(report, query, call.language, call.formats)
    options = _options(call, query)
    period = page_request(query, call.site).period
    match = match_quality(call.parts.warehouse, call.site, period)
    return call.pages.render(
        call,
        "keywords.html",
        view=view,
        report=report,
        query=query,
        notes=[
            *report_notes(report, call.language, call.formats),
            *match_notes(match, call.language, call.formats),
        ],
        help=help_texts(call.language, query.platform, view.columns),
        options=options,
        chosen=[dict(options[name])[getattr(query, name)] for name in _CHOSEN],
        filtered=query != replace(query, **_UNFILTERED),
        sizes=[
            (str(size), query.address(limit=str(size), offset="0") or "?") for size in PAGE_SIZES
        ],
        presets=[
            (call.text(title), query.address(period=preset, offset="0") or "?", preset)
            for preset, title in PRESETS.items()
        ],
    )


def _options(call: Call, query: PageQuery) -> dict[str, list[tuple[str, str]]]:
    """Value and title of every choice in the filters."""
    goals = list_goals(call.parts.db, call.site.key)
    text = call.text
    platforms = [(name, text(title)) for name, title in PLATFORMS.items()]
    if query.platform and query.platform not in PLATFORMS:
        platforms.append((query.platform, query.platform))
    return {
        "model": [(model.value, text(title)) for model, title in MODELS.items()],
        "by": [(by.value, text(title)) for by, title in BYS.items()],
        "brand": [(brand.value, text(title)) for brand, title in BRANDS.items()],
        "platform": [("", text(_ALL_PLATFORMS)), *platforms],
        "goal": goal_options(call, goals, query.goal),
        "compare": [("previous", text(_PREVIOUS)), ("none", text(_NO_COMPARISON))],
    }


def goal_options(call: Call, goals: Sequence[Goal], chosen: str) -> list[tuple[str, str]]:
    """Every goal, then the stages of the pipeline; ``chosen`` is among them in any case."""
    return [
        ("", call.text(_ALL_GOALS)),
        *[(goal.id, goal.name) for goal in goals],
        *_stage_goals(call, chosen),
    ]


def _stage_goals(call: Call, chosen: str) -> list[tuple[str, str]]:
    """The stages of the sales pipeline as goals; repeat orders where the site tells them apart."""
    pipeline = pipeline_of(call.parts.db, call.site.key)
    found = [
        (f"stage:{key}", call.text(_STAGE, stage=name))
        for key, name in stage_options(call.language, pipeline)
    ]
    if call.site.settings.repeat_orders == "inherit":
        found += [
            (f"repeat:{key}", call.text(REPEAT, stage=stage_name(call.language, pipeline, key)))
            for key in pipeline.keys(*WON)
        ]
    if chosen.startswith(STAGES) and chosen not in dict(found):
        found.append((chosen, chosen))
    return found


def _title(speech: Language, platform: str, name: str) -> str:
    """A column of the export in the reader's language and the platform's words."""
    for start, words in COMPARED.items():
        if name.startswith(start):
            metric = _title(speech, platform, name.removeprefix(start))
            return speech.gettext(words) % {"metric": metric}
    return speech.pgettext(platform or "mixed", _TITLES[name])


def _named(speech: Language, name: str, row: Row) -> str:
    if name in ("kind", "reason") and row.kind != "keyword":
        title, reason = row_title(speech, row.kind, row.reason)
        return title if name == "kind" else reason
    if name == "kind":
        return speech.gettext("Keyword")
    if name == "platform":
        return platform_name(speech, row.platform)
    return getattr(row, name) or ""
