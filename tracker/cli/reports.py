"""``tracker report keywords`` and ``tracker report breakdown``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tracker.cli.figures import credit, money, percent, ratio
from tracker.cli.groups import report
from tracker.cli.output import First, Json, Last, SiteKey, note, print_json, say, table
from tracker.cli.session import run_command
from tracker.reports.dimensions import DIMENSIONS
from tracker.reports.measures import METRICS
from tracker.requests.reports import ReportBreakdown, ReportKeywords


@report.command("keywords")
def report_keywords(
    site_key: SiteKey,
    first: First,
    last: Last,
    model: Annotated[str, typer.Option(help="Attribution model.")] = "last_non_direct",
    by: Annotated[
        str, typer.Option(help="click or conversion: the day credit lands on.")
    ] = "click",
    compare: Annotated[str, typer.Option(help="previous: the period before beside it.")] = "",
    goal: Annotated[str, typer.Option(help="Only this goal, or stage:NAME.")] = "",
    platform: Annotated[str, typer.Option(help="Only this platform.")] = "",
    search: Annotated[str, typer.Option(help="Only names that contain this.")] = "",
    brand: Annotated[str, typer.Option(help="all, brand or non_brand.")] = "all",
    sort: Annotated[str, typer.Option(help="Column to sort by.")] = "cost",
    ascending: Annotated[bool, typer.Option("--ascending", help="Smallest first.")] = False,
    limit: Annotated[int, typer.Option(min=0, help="Rows; 0 = all.")] = 0,
    offset: Annotated[int, typer.Option(min=0, help="Rows to leave out.")] = 0,
    as_json: Json = False,
) -> None:
    """What each keyword costs and brings."""
    request = ReportKeywords(
        site=site_key,
        first=first,
        last=last,
        model=model,
        by=by,
        compare=compare,
        goal=goal,
        platform=platform,
        search=search,
        brand=brand,
        sort=sort,
        ascending=ascending,
        limit=limit,
        offset=offset,
    )
    result = run_command("report-keywords", request)
    if as_json:
        print_json(result)
    else:
        show_keywords(result)


@report.command("breakdown")
def report_breakdown(
    site_key: SiteKey,
    first: First,
    last: Last,
    group: Annotated[
        str, typer.Option(help=f"Chain of dimensions: {', '.join(DIMENSIONS)}.")
    ] = "campaign",
    metrics: Annotated[str, typer.Option(help=f"Metrics: {', '.join(METRICS)}.")] = "",
    where: Annotated[
        str, typer.Option("--filter", help='Such as: country is "DE" and not device is mobile.')
    ] = "",
    compare: Annotated[str, typer.Option(help="previous, weekday, year or none.")] = "",
    model: Annotated[str, typer.Option(help="Attribution model.")] = "",
    by: Annotated[str, typer.Option(help="click or conversion: the day credit lands on.")] = "",
    goal: Annotated[str, typer.Option(help="Only this goal, or stage:NAME.")] = "",
    target_cpa: Annotated[str, typer.Option(help="Of max_cpc, in the site's currency.")] = "",
    target_roi: Annotated[str, typer.Option(help="Of max_cpc: 0.5 for 50 per cent.")] = "",
    sort: Annotated[str, typer.Option(help="A dimension or metric of the report.")] = "",
    order: Annotated[str, typer.Option(help="asc or desc.")] = "",
    limit: Annotated[int, typer.Option(min=0, help="Rows; 0 = all.")] = 0,
    offset: Annotated[int, typer.Option(min=0, help="Rows to leave out.")] = 0,
    as_json: Json = False,
) -> None:
    """Any metrics by any chain of dimensions."""
    given = {
        "group": group,
        "metrics": metrics,
        "filter": where,
        "compare": compare,
        "model": model,
        "by": by,
        "goal": goal,
        "target_cpa": target_cpa,
        "target_roi": target_roi,
        "sort": sort,
        "order": order,
    }
    request = ReportBreakdown(
        site=site_key, first=first, last=last, given=given, limit=limit, offset=offset
    )
    result = run_command("report-breakdown", request)
    if as_json:
        print_json(result)
    else:
        show_breakdown(result)


#: What stands on rows without a dimension, where it is more than unallocated.
_REST = {"search_term": "(other search terms)"}


def show_breakdown(result: dict[str, Any]) -> None:
    """A breakdown as a table, its notes below."""
    columns = [*result["group"], *(f">{name}" for name in result["totals"])]
    rows = [
        [
            *(
                _REST.get(name, "(unallocated)")
                if name in row["unallocated"]
                else value or "(not known)"
                for name, value in row["values"].items()
            ),
            *(_figure(name, value, result["currency"]) for name, value in row["metrics"].items()),
        ]
        for row in result["rows"]
    ]
    names = ["Total", *[""] * len(result["group"])][: len(result["group"])]
    totals = (_figure(name, value, result["currency"]) for name, value in result["totals"].items())
    rows.append([*names, *totals])
    title = f"{result['from']} to {result['to']}, {result['model']}, by {result['by']} date"
    table(f"{title}, {result['currency']}", columns, rows)
    for item in result["incomplete"]:
        note(f"{item['kind']} {item['from']} to {item['to']}: {item['detail']}")


def _figure(name: str, value: Any, currency: str) -> Any:
    match METRICS[name].unit:
        case "amount":
            return money(value, currency)
        case "credit":
            return credit(value)
        case "percent":
            return percent(value)
        case "ratio":
            return ratio(value)
    return value


def show_keywords(result: dict[str, Any]) -> None:
    """The keyword report as a table, its notes below."""
    has_margin = result["margin"] is not None or result["own_margins"]
    roi = "roi" if has_margin else "revenue_roi"
    totals = result["totals"]
    is_judged = totals["valid_rate"] is not None
    columns = [
        "keyword",
        "platform",
        "campaign",
        ">cost",
        ">clicks",
        ">visits",
        ">arrival",
        ">conv.",
        ">CPA",
        *([">per valid", ">valid"] if is_judged else []),
        ">revenue",
        ">ROAS",
        ">margin ROI" if has_margin else ">rev. ROI",
    ]
    currency = result["currency"]
    lines = [*((_name(row), row) for row in result["rows"]), ("Total", totals)]
    rows = [_cells(name, row, roi, currency, is_judged=is_judged) for name, row in lines]
    title = f"{result['from']} to {result['to']}, {result['model']}, by {result['by']} date"
    table(f"{title}, {currency}", columns, rows)
    if totals["adjusted_cost"] != totals["cost"]:
        adjusted = money(totals["adjusted_cost"], currency) or "unknown"
        say(f"After fees, tax and the cash ratio of recharges: {adjusted} {currency}.")
    coverage = result["coverage"]["conversions"]
    if coverage is not None:
        say(
            f"Joined to a source: {percent(coverage)} of conversions; keyword ROI is a lower bound."
        )
    for item in result["incomplete"]:
        note(f"{item['kind']} {item['from']} to {item['to']}: {item['detail']}")


def _name(row: dict[str, Any]) -> str:
    if row["keyword"] is not None:
        return str(row["keyword"])
    return f"({row['kind']}: {row['reason'] or 'no keyword'})"


def _cells(
    name: str, row: dict[str, Any], roi: str, currency: str, *, is_judged: bool
) -> list[Any]:
    judged = [money(row["cost_per_valid_inquiry"], currency), percent(row["valid_rate"])]
    return [
        name,
        row.get("platform") or "",
        row.get("campaign") or "",
        money(row["cost"], currency),
        row["clicks"],
        row["visits"],
        percent(row["arrival_rate"]),
        credit(row["conversions"]),
        money(row["cpa"], currency),
        *(judged if is_judged else []),
        money(row["revenue"], currency),
        ratio(row["roas"]),
        percent(row[roi]),
    ]
