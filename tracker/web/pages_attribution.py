"""Attribution: models beside each other, paths to conversion, and a conversion opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from anyio import to_thread
from starlette.responses import Response

from tracker.accounts.goals import list_goals
from tracker.accounts.pipeline import pipeline_of
from tracker.attribution.grouping import Level
from tracker.reports.attribution_request import AttributionRequest
from tracker.reports.attribution_result import ModelComparison, PathReport, Step
from tracker.reports.conversion_detail import Conversion, list_conversions
from tracker.reports.model_comparison import compare_models
from tracker.reports.path_report import path_report
from tracker.reports.request import Model
from tracker.web.attribution_query import opened_conversion, page_request
from tracker.web.call import Call
from tracker.web.i18n import msgid
from tracker.web.notes import incomplete_note, row_title
from tracker.web.pages_keywords import BRANDS, BYS, MODELS, goal_options
from tracker.web.stages import goal_title
from tracker.web.vocabulary import channel_name, platform_name

LEVELS = {
    Level.CHANNEL: msgid("Channel"),
    Level.PLATFORM: msgid("Platform"),
    Level.CAMPAIGN: msgid("Campaign"),
    Level.AD_GROUP: msgid("Ad group"),
    Level.KEYWORD: msgid("Keyword"),
}
#: Why a visit of the person is not in the path.
REASONS = {
    "after_conversion": msgid("Began after the conversion"),
    "after_path_end": msgid("Began after the path's end, which is the first stage of the lead"),
    "before_lookback": msgid("Older than the lookback"),
    "before_previous_conversion": msgid(
        "Before this person's previous conversion, after which the path begins"
    ),
    "continues_visit": msgid("Continues the visit before: no touch of its own"),
    "not_rebuilt": msgid("Came in after the last computation"),
}
MATCHES = {
    "visit": msgid("the visit it happened in"),
    "visitor": msgid("visitor id"),
    "click_id": msgid("click id"),
    "code": msgid("visit code"),
    "email": msgid("e-mail"),
    "phone": msgid("telephone"),
    "user": msgid("user id"),
    "order_id": msgid("order number"),
    "look_up": msgid("the platform's look-up of its click id"),
    "platform": msgid("ids it brought itself"),
    "none": msgid("nothing: unattributed"),
    "expired": msgid("nothing within 90 days: unattributed"),
}
#: Conversions listed on the page.
_SHOWN = 50


@dataclass(frozen=True, slots=True)
class _Found:
    """Everything the page shows."""

    comparison: ModelComparison
    paths: PathReport
    conversions: list[Conversion]


async def show(call: Call) -> Response:
    """Comparison of models, paths and the newest conversions of a period."""
    request = page_request(call)
    found = await to_thread.run_sync(partial(_find, call, request))
    return call.pages.render(
        call,
        "attribution.html",
        comparison=found.comparison,
        paths=found.paths,
        conversions=found.conversions,
        notes=[
            incomplete_note(item, call.language, call.formats)
            for item in found.comparison.incomplete
        ],
        request=request,
        models=[(model.value, call.text(title)) for model, title in MODELS.items()],
        options=_options(call, request.goal),
        name_of=partial(step_name, call),
        goal_name=_goal_name(call),
    )


async def show_one(call: Call) -> Response:
    """One conversion: its touches with each model's weights, and the visits that did not count."""
    detail = await to_thread.run_sync(opened_conversion, call)
    matched = detail.conversion.matched
    return call.pages.render(
        call,
        "conversion.html",
        detail=detail,
        models=[
            (model.value, call.text(title))
            for model, title in MODELS.items()
            if model is not Model.MARKOV
        ],
        matched=call.text(MATCHES[matched]) if matched in MATCHES else matched,
        reason_of=lambda reason: call.text(REASONS[reason]),
        goal_name=_goal_name(call),
        name_of=partial(step_name, call),
    )


def _goal_name(call: Call) -> Callable[[str], str]:
    pipeline = pipeline_of(call.parts.db, call.site.key)
    return partial(goal_title, call.language, pipeline)


def step_name(call: Call, step: Step) -> str:
    """What a row or a step of a path is called in the reader's language."""
    speech = call.language
    platform = platform_name(speech, step.platform)
    names = [name for name in (step.campaign, step.ad_group, step.keyword) if name]
    if names:
        return " / ".join((platform, *names))
    if step.channel:
        own = channel_name(speech, step.channel)
        reason = step.reason if step.reason not in (None, "not_paid") else None
        under = row_title(speech, "", reason)[1] if reason else ""
        return " · ".join(text for text in (own, platform, under) if text)
    return platform or row_title(speech, "", step.reason)[1]


def _find(call: Call, request: AttributionRequest) -> _Found:
    parts = call.parts
    listed = list_conversions(
        parts.warehouse,
        parts.db,
        call.site,
        request.period,
        clock=parts.clock,
        goal=request.goal,
        limit=_SHOWN,
    )
    comparison = compare_models(parts.warehouse, request)
    return _Found(comparison, path_report(parts.warehouse, request), listed)


def _options(call: Call, chosen: str) -> dict[str, list[tuple[str, str]]]:
    goals = list_goals(call.parts.db, call.site.key)
    return {
        "level": [(level.value, call.text(title)) for level, title in LEVELS.items()],
        "by": [(by.value, call.text(title)) for by, title in BYS.items()],
        "goal": goal_options(call, goals, chosen),
        "brand": [(brand.value, call.text(title)) for brand, title in BRANDS.items()],
        "order": [(str(order), str(order)) for order in (1, 2, 3, 4)],
    }
