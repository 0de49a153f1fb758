"""Attribution: models beside each other, paths to conversion, and a conversion opened."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from anyio import to_thread
from starlette.responses import Response

from tracker.accounts.goals import list_goals
from tracker.accounts.pipeline import pipeline_of
from tracker.attribution.grouping import Level
from tracker.reports.attribution_request import AttributionRequest
from tracker.reports.attribution_result import (
    ModelComparison,
    PathReport,
    Step,
    platforms_of_several,
)
from tracker.reports.conversion_detail import Conversion, list_conversions
from tracker.reports.model_comparison import compare_models
from tracker.reports.path_report import path_report
from tracker.reports.request import Model
from tracker.web.attribution_query import (
    SIZES,
    opened_conversion,
    page_address,
    page_request,
)
from tracker.web.call import Call
from tracker.web.i18n import Language, msgid
from tracker.web.keyword_view import match_type_name
from tracker.web.notes import incomplete_note, row_title
from tracker.web.pages_keywords import BRANDS, BYS, MODELS, goal_options
from tracker.web.paging import Paging
from tracker.web.query import bounded_number
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
#: Conversions listed on one page.
_SHOWN = 50


@dataclass(frozen=True, slots=True)
class _Found:
    """Everything the page shows."""

    comparison: ModelComparison
    paths: PathReport
    conversions: list[Conversion]
    page: int
    has_older: bool

    def cuts(self) -> dict[str, Paging]:
        """Which rows of each table are shown, and of how many."""
        tables = {
            "sources": (len(self.comparison.rows), self.comparison.row_count),
            "paths": (len(self.paths.paths), self.paths.path_count),
            "assists": (len(self.paths.assists), self.paths.assist_count),
        }
        return {
            name: Paging(min(shown, 1), shown, count, earlier="", later="", is_past=False)
            for name, (shown, count) in tables.items()
        }

    @property
    def steps(self) -> list[Step]:
        """Whatever is named on the page."""
        rows = [row.source for row in self.comparison.rows]
        helping = [row.source for row in self.paths.assists]
        return [*rows, *helping, *(step for path in self.paths.paths for step in path.steps)]


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
        cuts=found.cuts(),
        sizes=[(size, page_address(call, limit=size)) for size in SIZES],
        newer=page_address(call, page=found.page - 1) if found.page > 1 else "",
        older=page_address(call, page=found.page + 1) if found.has_older else "",
        notes=[
            incomplete_note(item, call.language, call.formats)
            for item in found.comparison.incomplete
        ],
        request=request,
        models=[(model.value, call.text(title)) for model, title in MODELS.items()],
        options=_options(call, request.goal),
        name_of=_names(call, found.steps),
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
        name_of=_names(call, [touch.source for touch in (*detail.path, *detail.others)]),
    )


def _goal_name(call: Call) -> Callable[[str], str]:
    pipeline = pipeline_of(call.parts.db, call.site.key)
    return partial(goal_title, call.language, pipeline)


def _names(call: Call, steps: Iterable[Step]) -> Callable[[Step], str]:
    """What each of these steps is called; with its account where its platform has several here."""
    several = platforms_of_several(steps)
    return lambda step: _step_name(call.language, step, with_account=step.platform in several)


def _step_name(speech: Language, step: Step, *, with_account: bool) -> str:
    platform = platform_name(speech, step.platform)
    account = step.account if with_account else None
    names = [name for name in (account, step.campaign, step.ad_group, step.keyword) if name]
    if names:
        kind = match_type_name(speech, step.match_type)
        return " / ".join((platform, *names)) + (f" ({kind})" if kind else "")
    if step.channel:
        own = channel_name(speech, step.channel)
        reason = step.reason if step.reason not in (None, "not_paid") else None
        under = row_title(speech, "", reason)[1] if reason else ""
        return " · ".join(text for text in (own, platform, under) if text)
    return platform or row_title(speech, "", step.reason)[1]


def _find(call: Call, request: AttributionRequest) -> _Found:
    parts = call.parts
    page = bounded_number("page", call.request.query_params.get("page", "1"), 1, 100_000)
    # One more than is shown says whether there are more.
    listed = list_conversions(
        parts.warehouse,
        parts.db,
        call.site,
        request.period,
        clock=parts.clock,
        goal=request.goal,
        limit=_SHOWN + 1,
        offset=(page - 1) * _SHOWN,
    )
    comparison = compare_models(parts.warehouse, request)
    paths = path_report(parts.warehouse, request)
    return _Found(comparison, paths, listed[:_SHOWN], page, len(listed) > _SHOWN)


def _options(call: Call, chosen: str) -> dict[str, list[tuple[str, str]]]:
    goals = list_goals(call.parts.db, call.site.key)
    return {
        "level": [(level.value, call.text(title)) for level, title in LEVELS.items()],
        "by": [(by.value, call.text(title)) for by, title in BYS.items()],
        "goal": goal_options(call, goals, chosen),
        "brand": [(brand.value, call.text(title)) for brand, title in BRANDS.items()],
        "order": [(str(order), str(order)) for order in (1, 2, 3, 4)],
    }
