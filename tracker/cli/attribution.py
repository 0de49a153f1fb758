"""``tracker report models``, ``paths``, ``conversions``, ``conversion`` and ``pipeline``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import Annotated, Any

import typer

from tracker.cli.figures import percent
from tracker.cli.groups import report
from tracker.cli.output import First, Json, Last, SiteKey, note, print_json, say, table
from tracker.cli.session import run_command
from tracker.requests.pipeline import ReportPipeline
from tracker.requests.reports import ListConversions, ReportAttribution, ReportMatch, ShowConversion

Level = Annotated[str, typer.Option(help="channel, platform, campaign, ad_group or keyword.")]
By = Annotated[str, typer.Option(help="click or conversion: the day credit lands on.")]
Goal = Annotated[str, typer.Option(help="Only this goal, or stage:NAME.")]
Brand = Annotated[
    str, typer.Option(help="all, brand or non_brand: by keyword; paths by their last touch.")
]
Limit = Annotated[int, typer.Option(min=0, help="Rows; 0 = all.")]


@report.command("models")
def report_models(
    site_key: SiteKey,
    first: First,
    last: Last,
    level: Level = "campaign",
    by: By = "conversion",
    goal: Goal = "",
    brand: Brand = "all",
    order: Annotated[int, typer.Option(help="Order of the Markov chain, 1 to 4.")] = 1,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """Every attribution model beside the others."""
    request = ReportAttribution(
        site=site_key,
        first=first,
        last=last,
        level=level,
        by=by,
        goal=goal,
        order=order,
        limit=limit,
        brand=brand,
    )
    result = run_command("report-models", request)
    if as_json:
        print_json(result)
        return
    models = list(result["totals"])
    several = _several(row["source"] for row in result["rows"])
    rows = [
        (_name(row["source"], several), *_figures(row["models"], models)) for row in result["rows"]
    ]
    rows.append(("Total", *_figures(result["totals"], models)))
    table("Conversions by model", ["source", *(f">{model}" for model in models)], rows)
    _note(result["incomplete"])


@report.command("paths")
def report_paths(
    site_key: SiteKey,
    first: First,
    last: Last,
    level: Level = "campaign",
    by: By = "conversion",
    goal: Goal = "",
    brand: Brand = "all",
    limit: Limit = 25,
    as_json: Json = False,
) -> None:
    """The paths by which conversions came, and who helped."""
    request = ReportAttribution(
        site=site_key,
        first=first,
        last=last,
        level=level,
        by=by,
        goal=goal,
        limit=limit,
        brand=brand,
    )
    result = run_command("report-paths", request)
    if as_json:
        print_json(result)
        return
    show_paths(result)


def show_paths(result: dict[str, Any]) -> None:
    """Paths, who helped, and what is to be said of both."""
    helping = [row["source"] for row in result["assists"]]
    several = _several([*helping, *(step for row in result["paths"] for step in row["steps"])])
    rows = [
        (
            " > ".join(_name(step, several) for step in row["steps"]),
            *(row["conversions"], row["revenue"], row["lost"]),
        )
        for row in result["paths"]
    ]
    table("Paths", ["path", ">conversions", ">revenue", ">without conversion"], rows)
    helped = [
        (_name(row["source"], several), row["assisted"], row["last"], row["first"])
        for row in result["assists"]
    ]
    table("Who helped", ["source", ">assisted", ">last", ">first"], helped)
    _note(result["incomplete"])
    if result["brand_after_non_brand"] is not None:
        count = result["brand_after_non_brand"]
        note(f"Conversions of brand terms after a click on another keyword: {count}.")


@report.command("match")
def report_match(site_key: SiteKey, first: First, last: Last, as_json: Json = False) -> None:
    """How paid visits and cost found their keyword, and why others did not."""
    result = run_command("report-match", ReportMatch(site_key, first, last))
    if as_json:
        print_json(result)
        return
    visits = [
        (row["platform"], row["method"] or row["reason"], row["visits"]) for row in result["visits"]
    ]
    table("Paid visits", ["platform", "found by, or why not", ">visits"], visits)
    costs = [(row["method"] or row["reason"] or "no visit", row["cost"]) for row in result["costs"]]
    table(f"Cost, {result['currency']}", ["found by, or why not", ">cost"], costs)


@report.command("conversions")
def report_conversions(
    site_key: SiteKey,
    first: First,
    last: Last,
    goal: Goal = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 100,
    offset: Annotated[int, typer.Option(min=0, help="Rows to leave out.")] = 0,
    as_json: Json = False,
) -> None:
    """Conversions of a period, newest first."""
    request = ListConversions(
        site=site_key, first=first, last=last, goal=goal, limit=limit, offset=offset
    )
    result = run_command("report-conversions", request)
    if as_json:
        print_json(result)
        return
    rows = [
        (one["conversion"], one["time"], one["goal"], _worth(one), one["revenue"], one["matched"])
        for one in result["conversions"]
    ]
    table("", ["id", "time", "goal", ">value", ">revenue", "found by"], rows)


@report.command("conversion")
def report_conversion(
    site_key: SiteKey,
    conversion: Annotated[str, typer.Argument(help="Its id, 16 hex digits.")],
    as_json: Json = False,
) -> None:
    """One conversion: its touches, each model's weights, and why other visits did not count."""
    result = run_command("report-conversion", ShowConversion(site_key, conversion))
    if as_json:
        print_json(result)
        return
    show_conversion(result)


def show_conversion(result: dict[str, Any]) -> None:
    """The conversion, what its touches have under each model, and the visits that do not count."""
    one = result["conversion"]
    say(f"{one['goal']} at {one['time']}, found by {one['matched']}")
    if one["value"] is not None:
        say(f"Value {_worth(one)}; counts as {one['revenue'] or 'unknown'} {result['currency']}")
    models = sorted({model for touch in result["path"] for model in touch["models"]})
    # What is given back is no conversion: of it the touches have amounts alone.
    is_refund = one["value"] is not None and Decimal(one["value"]) < 0
    figure = "revenue" if is_refund else "conversions"
    several = _several(touch["source"] for touch in (*result["path"], *result["others"]))
    rows = [
        (touch["time"], _name(touch["source"], several), *_figures(touch["models"], models, figure))
        for touch in result["path"]
    ]
    table(
        f"Path, {result['currency']}" if is_refund else "Path",
        ["time", "source", *(f">{model}" for model in models)],
        rows,
    )
    others = [
        (touch["time"], _name(touch["source"], several), touch["reason"])
        for touch in result["others"]
    ]
    table("Visits that do not count", ["time", "source", "why"], others)


def _worth(one: dict[str, Any]) -> str | None:
    """The value of a conversion as it was given, with the tax that it includes."""
    if one["value"] is None:
        return None
    tax = f" with {Decimal(one['tax_rate']) * 100:f}% tax" if Decimal(one["tax_rate"]) else ""
    return f"{one['value']} {one['currency']}{tax}"


def _several(steps: Iterable[dict[str, Any]]) -> frozenset[str]:
    """The platforms of which these are of several accounts: a name may be one of each."""
    accounts = {(step["platform"], step["account"]) for step in steps if step["account"]}
    counts = Counter(platform for platform, _ in accounts)
    return frozenset(platform for platform, count in counts.items() if count > 1)


def _name(step: dict[str, Any], several: Collection[str]) -> str:
    account = ["account"] if step["platform"] in several else []
    levels = ("platform", *account, "campaign", "ad_group", "keyword")
    names = [step[name] for name in levels if step[name]]
    if step["channel"]:
        names = [step["channel"], *names]
    # That a source is not paid its channel says.
    reason = "" if names and step["reason"] in (None, "not_paid") else step["reason"]
    more = [f"({text})" for text in (step["match_type"], reason) if text]
    return " ".join(text for text in (" / ".join(names), *more) if text)


def _note(incomplete: list[dict[str, Any]]) -> None:
    for item in incomplete:
        note(f"{item['kind']} {item['from']} to {item['to']}: {item['detail']}")


def _figures(
    credit: dict[str, Any], models: list[str], figure: str = "conversions"
) -> list[str | None]:
    return [credit[model][figure] if model in credit else None for model in models]


@report.command("pipeline")
def report_pipeline(
    site_key: SiteKey,
    first: First,
    last: Last,
    as_json: Json = False,
) -> None:
    """What each stage of the pipeline cost and brought, and what open leads may bring."""
    result = run_command("report-pipeline", ReportPipeline(site_key, first, last))
    if as_json:
        print_json(result)
        return
    has_margin = result["margin"] is not None or result["own_margins"]
    roi = "roi" if has_margin else "revenue_roi"
    names = ("conversions", "cost_per", "value", roi, "repeat_conversions", "repeat_value")
    columns = ("stage", *(f">{name.replace('_', ' ')}" for name in names))
    shown = [line | {roi: percent(line[roi])} for line in result["stages"]]
    rows = [(line["stage"], *(line[name] for name in names)) for line in shown]
    table(f"Cost {result['cost'] or '–'} {result['currency']}", columns, rows)
    say(f"Expected of open leads: {result['expected'] or '–'} {result['currency']}")
    _note(result["incomplete"])
