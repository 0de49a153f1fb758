"""The explorer: any metrics by any chain of dimensions, with every state in its address."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial

from anyio import to_thread
from starlette.datastructures import QueryParams
from starlette.responses import RedirectResponse, Response

from tracker.accounts.goals import list_goals
from tracker.accounts.pipeline import pipeline_of
from tracker.accounts.saved_views import drop_view, keep_view, views_of
from tracker.errors import InvalidInput
from tracker.period import local_day
from tracker.reports.breakdown import Breakdown
from tracker.reports.breakdown_request import MOST_DIMENSIONS, Compare
from tracker.reports.request import Model
from tracker.web.call import Call
from tracker.web.explore_names import DIMENSION_GROUPS, METRIC_GROUPS, ValueNames
from tracker.web.explore_query import (
    MOST_ROWS,
    NO_GROUP,
    ExploreQuery,
    Row,
    explore_request,
    filter_form,
    read_explore_query,
)
from tracker.web.explore_view import ExploreView
from tracker.web.i18n import msgid
from tracker.web.messages import translated
from tracker.web.pages_keywords import BYS, MODELS, goal_options, run_breakdown
from tracker.web.query import PAGE_SIZES, PRESETS
from tracker.web.stages import goal_title

COMPARISONS = {
    Compare.NONE: msgid("No comparison"),
    Compare.PREVIOUS: msgid("Previous period"),
    Compare.WEEKDAY: msgid("Previous period, same weekdays"),
    Compare.YEAR: msgid("A year before"),
}
OPERATORS = {
    "is": msgid("is"),
    "not_is": msgid("is not"),
    "contains": msgid("contains"),
    "not_contains": msgid("does not contain"),
    "matches": msgid("matches the pattern"),
    "not_matches": msgid("does not match the pattern"),
}
#: Questions to begin with.
EXAMPLES = {
    msgid("Day by day"): "?group=day",
    msgid("Landing pages"): "?group=landing_page"
    "&metrics=visits,bounce_rate,conversions,visit_cvr,revenue",
    msgid("Channels and sources"): "?group=channel,source"
    "&metrics=visits,pageviews,conversions,visit_cvr,revenue",
    msgid("Countries and devices"): "?group=country,device"
    "&metrics=visits,bounce_rate,conversions,visit_cvr,revenue",
    msgid("Hours of the week"): "?group=weekday,hour"
    "&metrics=visits,conversions,visit_cvr&sort=weekday&order=asc&limit=500",
    msgid("Inquiries and orders by campaign"): "?group=campaign"
    "&metrics=cost,inquiries,valid_inquiries,cost_per_valid_inquiry,closed_orders,order_roas,"
    "expected_revenue",
    msgid("Goals by campaign"): "?group=goal,campaign"
    "&metrics=conversions,revenue,assisted_conversions,conversion_lag",
}
_SPARE = Row("", "is", "")


async def show(call: Call) -> Response:
    """The page; every state of it has an address of its own, written in the shortest form."""
    query = read_explore_query(call.request.query_params, _today(call))
    canonical = query.address()
    given = f"?{call.request.url.query}" if call.request.url.query else ""
    is_part = "HX-Request" in call.request.headers
    if not is_part and given != canonical:
        return RedirectResponse(f"{call.request.url.path}{canonical}", status_code=303)
    response = await to_thread.run_sync(_page, call, query)
    if is_part:
        response.headers["HX-Push-Url"] = f"{call.request.url.path}{canonical}"
    # The same address answers htmx and browsers alike, but only one of them with a redirect.
    response.headers["Vary"] = "HX-Request, Cookie, Accept-Language"
    return response


async def save(call: Call) -> Response:
    """Keep the view that the page shows, for oneself or for everybody of the site."""
    query = read_explore_query(QueryParams(call.form.get("query", "").lstrip("?")), _today(call))
    try:
        await to_thread.run_sync(_save, call, query)
    except InvalidInput as error:
        problem = " ".join(translated(call.language, error)).strip()
        return await to_thread.run_sync(partial(_page, call, query, problem=problem))
    return _back(call, query.address())


async def forget(call: Call) -> Response:
    """Remove a view; what the page shows stays."""
    await to_thread.run_sync(_forget, call)
    query = read_explore_query(QueryParams(call.form.get("query", "").lstrip("?")), _today(call))
    return _back(call, query.address())


def _save(call: Call, query: ExploreQuery) -> None:
    user = call.caller.user
    keep_view(
        call.parts.db,
        call.site.key,
        user="" if call.form.get("shared") == "1" or user is None else user.id,
        name=call.form.get("name", ""),
        query=query.address(offset="0"),
        now=call.parts.clock(),
    )


def _forget(call: Call) -> None:
    user = call.caller.user
    wanted = call.form.get("view", "")
    drop_view(call.parts.db, call.site.key, wanted, user=user.id if user else "")


def _back(call: Call, address: str) -> Response:
    return RedirectResponse(f"/sites/{call.site.key}/explore{address}", status_code=303)


def _today(call: Call) -> date:
    return local_day(call.parts.clock(), call.zone)


def _page(call: Call, query: ExploreQuery, *, problem: str = "") -> Response:
    try:
        report = run_breakdown(call, explore_request(query, call.site))
    except InvalidInput as error:
        # The question stays on the page, so that it can be put right.
        problem = " ".join(translated(call.language, error)).strip()
        return _render(call, query, None, problem=problem, status=error.status)
    return _render(call, query, report, problem=problem, status=400 if problem else 200)


def _render(
    call: Call,
    query: ExploreQuery,
    report: Breakdown | None,
    *,
    problem: str = "",
    status: int = 200,
) -> Response:
    pipeline = pipeline_of(call.parts.db, call.site.key)
    values = ValueNames(call.language, call.formats, partial(goal_title, call.language, pipeline))
    form = filter_form(query.filter)
    spare = max(1, 2 - len(form.rows)) if len(form.rows) < MOST_ROWS else 0
    return call.pages.render(
        call,
        "explore.html",
        status=status,
        problem=problem,
        report=report,
        view=ExploreView(report, query, call.language, call.formats, values) if report else None,
        query=query,
        chain=[*query.chain, *[""] * (MOST_DIMENSIONS - len(query.chain))][:MOST_DIMENSIONS],
        no_group=NO_GROUP,
        form=form,
        rows=[*form.rows, *[_SPARE] * spare],
        dimensions=[
            (call.text(title), [(name, call.text(one)) for name, one in names.items()])
            for title, names in DIMENSION_GROUPS.items()
        ],
        metrics=[
            (
                call.text(title),
                [(one.field, call.text(one.title), call.text(one.help)) for one in columns],
            )
            for title, columns in METRIC_GROUPS.items()
        ],
        operators=[(name, call.text(title)) for name, title in OPERATORS.items()],
        options=_options(call, query),
        views=views_of(
            call.parts.db, call.site.key, call.caller.user.id if call.caller.user else ""
        ),
        examples=[(call.text(title), address) for title, address in EXAMPLES.items()],
        presets=[
            (call.text(title), query.address(period=preset, offset="0") or "?", preset)
            for preset, title in PRESETS.items()
        ],
        sizes=[
            (str(size), query.address(limit=str(size), offset="0") or "?") for size in PAGE_SIZES
        ],
    )


def _options(call: Call, query: ExploreQuery) -> Mapping[str, list[tuple[str, str]]]:
    """Value and title of every choice in the form."""
    return {
        "compare": [(one.value, call.text(title)) for one, title in COMPARISONS.items()],
        "model": [
            (one.value, call.text(title)) for one, title in MODELS.items() if one != Model.MARKOV
        ],
        "by": [(one.value, call.text(title)) for one, title in BYS.items()],
        "goal": goal_options(call, list_goals(call.parts.db, call.site.key), query.goal),
    }
