"""Reports, from words to the request of the report and back."""

from __future__ import annotations

from dataclasses import replace

from tracker.accounts.sites import get_site
from tracker.attribution.grouping import Level
from tracker.commands.progress import Progress
from tracker.errors import InvalidInput
from tracker.parts import Parts
from tracker.period import Period
from tracker.reports import breakdown as breakdowns
from tracker.reports.attribution_request import AttributionRequest
from tracker.reports.breakdown_request import read_breakdown
from tracker.reports.conversion_detail import conversion_detail, list_conversions
from tracker.reports.keywords import keyword_report
from tracker.reports.match_quality import match_quality
from tracker.reports.model_comparison import compare_models
from tracker.reports.path_report import path_report
from tracker.reports.pipeline import pipeline_report
from tracker.reports.request import Brand, By, KeywordRequest, Model, Sort, choice
from tracker.reports.result import KeywordReport
from tracker.reports.wanted_goal import report_goal
from tracker.requests.pipeline import ReportPipeline
from tracker.requests.reports import (
    ListConversions,
    ReportAttribution,
    ReportBreakdown,
    ReportKeywords,
    ReportMatch,
    ShowConversion,
)


def keywords(parts: Parts, request: ReportKeywords, _: Progress) -> KeywordReport:
    """What each keyword costs and brings."""
    wanted = KeywordRequest(
        site=get_site(parts.db, request.site),
        period=Period.parse(request.first, request.last),
        model=choice(Model, "model", request.model),
        by=choice(By, "by", request.by),
        compare=_wants_previous(request.compare),
        goal=report_goal(parts.warehouse, parts.db, request.site, request.goal),
        platform=request.platform,
        search=request.search,
        brand=choice(Brand, "brand", request.brand),
        sort=choice(Sort, "sort", request.sort),
        descending=not request.ascending,
        limit=request.limit,
        offset=request.offset,
    )
    return keyword_report(parts.warehouse, parts.db, wanted, clock=parts.clock)


def breakdown(parts: Parts, request: ReportBreakdown, _: Progress) -> breakdowns.Breakdown:
    """Any metrics by any chain of dimensions."""
    site = get_site(parts.db, request.site)
    wanted = read_breakdown(request.given, site, Period.parse(request.first, request.last))
    goal = report_goal(parts.warehouse, parts.db, request.site, wanted.goal)
    wanted = replace(wanted, goal=goal, limit=request.limit, offset=request.offset)
    return breakdowns.breakdown(parts.warehouse, parts.db, wanted, clock=parts.clock)


def pipeline(parts: Parts, request: ReportPipeline, _: Progress) -> object:
    """What became of the leads of a period."""
    site = get_site(parts.db, request.site)
    period = Period.parse(request.first, request.last)
    return pipeline_report(parts.warehouse, parts.db, site, period, clock=parts.clock)


def models(parts: Parts, request: ReportAttribution, _: Progress) -> object:
    """The credit of every model beside each other."""
    return compare_models(parts.warehouse, _attribution(parts, request))


def paths(parts: Parts, request: ReportAttribution, _: Progress) -> object:
    """The paths that led to conversions."""
    return path_report(parts.warehouse, _attribution(parts, request))


def match(parts: Parts, request: ReportMatch, _: Progress) -> object:
    """How much of the visits and the spend could be joined."""
    period = Period.parse(request.first, request.last)
    return match_quality(parts.warehouse, get_site(parts.db, request.site), period)


def conversions(parts: Parts, request: ListConversions, _: Progress) -> object:
    """The conversions of a period."""
    found = list_conversions(
        parts.warehouse,
        parts.db,
        get_site(parts.db, request.site),
        Period.parse(request.first, request.last),
        clock=parts.clock,
        goal=report_goal(parts.warehouse, parts.db, request.site, request.goal),
        limit=request.limit,
        offset=request.offset,
    )
    return {"conversions": found}


def conversion(parts: Parts, request: ShowConversion, _: Progress) -> object:
    """One conversion with its touches."""
    site = get_site(parts.db, request.site)
    return conversion_detail(parts.warehouse, parts.db, site, request.conversion, clock=parts.clock)


def _attribution(parts: Parts, request: ReportAttribution) -> AttributionRequest:
    return AttributionRequest(
        site=get_site(parts.db, request.site),
        period=Period.parse(request.first, request.last),
        level=choice(Level, "level", request.level),
        by=choice(By, "by", request.by),
        goal=report_goal(parts.warehouse, parts.db, request.site, request.goal),
        order=request.order,
        limit=request.limit,
        brand=choice(Brand, "brand", request.brand),
    )


def _wants_previous(compare: str) -> bool:
    """Whether the previous period is asked for."""
    if compare not in ("", "none", "previous"):
        raise InvalidInput(f"Unknown comparison {compare!r}.", hint="Allowed: previous.")
    return compare == "previous"
