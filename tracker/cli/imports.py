"""``tracker events|spend|conversions|rates import``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tracker.cli.groups import conversions, events, rates, spend
from tracker.cli.output import Json, SiteKey, fields, print_json, progress_bar, say, table
from tracker.cli.session import run_command
from tracker.errors import InvalidInput
from tracker.requests.conversions import ImportConversions
from tracker.requests.events import ImportEvents
from tracker.requests.spend import (
    FetchRates,
    ImportInvalid,
    ImportRates,
    ImportSpend,
    ListInvalid,
)

File = Annotated[str, typer.Argument(help="The file to import.")]
Map = Annotated[str, typer.Option("--map", help="field=column,… for an unknown layout.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change; change nothing.")]
SkipBadRows = Annotated[
    bool, typer.Option("--skip-bad-rows", help="Import the good rows and report the others.")
]


@events.command("import")
def import_events(
    file: File,
    site_key: SiteKey,
    dry_run: DryRun = False,
    skip_bad_rows: SkipBadRows = False,
    as_json: Json = False,
) -> None:
    """Import past events, one JSON object a line."""
    request = ImportEvents(_readable(file), site_key, dry_run, skip_bad_rows)
    run_import("events-import", request, "Reading events", as_json)


@spend.command("import")
def import_spend(
    file: File,
    site_key: SiteKey,
    platform: Annotated[str, typer.Option(help="google, microsoft, baidu …")] = "",
    account: Annotated[str, typer.Option(help="The ad account's id.")] = "",
    currency: Annotated[str, typer.Option(help="Currency, where the file has none.")] = "",
    columns: Map = "",
    dry_run: DryRun = False,
    skip_bad_rows: SkipBadRows = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Import even if it removes data.")
    ] = False,
    partial: Annotated[
        bool, typer.Option("--partial", help="Replace only the campaigns in the file.")
    ] = False,
    period_total: Annotated[
        bool, typer.Option("--period-total", help="Keep an undated file as one period row.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Import a keyword report downloaded from an ad platform."""
    request = ImportSpend(
        _readable(file),
        site_key,
        platform,
        account,
        currency,
        _mapping(columns),
        dry_run,
        skip_bad_rows,
        replace,
        partial,
        period_total,
    )
    run_import("spend-import", request, "Reading spend", as_json)


@spend.command("import-invalid")
def import_invalid(
    file: File,
    site_key: SiteKey,
    platform: Annotated[str, typer.Option(help="The platform, such as 360.")] = "360",
    account: Annotated[str, typer.Option(help="The ad account's id.")] = "",
    dry_run: DryRun = False,
    skip_bad_rows: SkipBadRows = False,
    as_json: Json = False,
) -> None:
    """Import a platform's report of invalid clicks, such as 360's 无效点击报告."""
    request = ImportInvalid(_readable(file), site_key, platform, account, dry_run, skip_bad_rows)
    result = run_command("invalid-import", request)
    if as_json:
        print_json(result)
    else:
        fields(result)


@spend.command("invalid")
def list_invalid(
    site_key: SiteKey,
    first: Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD.")],
    last: Annotated[str, typer.Option("--to", help="Last day.")],
    as_json: Json = False,
) -> None:
    """Clicks that the platforms took back as invalid, and what they credited for them."""
    result = run_command("invalid-list", ListInvalid(site_key, first, last))
    if as_json:
        print_json(result)
        return
    rows = [
        (one["platform"], one["account"], one["days"], one["clicks"], one["amount"])
        for one in result["accounts"]
    ]
    table("", ("platform", "account", ">days", ">clicks", ">credited"), rows)


@conversions.command("import")
def import_conversions(
    file: File,
    site_key: SiteKey,
    columns: Map = "",
    dry_run: DryRun = False,
    skip_bad_rows: SkipBadRows = False,
    as_json: Json = False,
) -> None:
    """Import offline conversions: orders signed by hand, inquiries by phone."""
    request = ImportConversions(
        _readable(file), site_key, _mapping(columns), dry_run, skip_bad_rows
    )
    run_import("conversions-import", request, "Reading conversions", as_json)


@rates.command("import")
def import_rates(
    file: File,
    site: Annotated[str, typer.Option(help="A site of the company, when there are several.")] = "",
    dry_run: DryRun = False,
    skip_bad_rows: SkipBadRows = False,
    as_json: Json = False,
) -> None:
    """Import a table of exchange rates: day, from, to, rate."""
    request = ImportRates(_readable(file), site, dry_run, skip_bad_rows)
    run_import("rates-import", request, "Reading rates", as_json)


@rates.command("fetch")
def fetch_rates(as_json: Json = False) -> None:
    """Fetch daily exchange rates from TRACKER_RATES_URL, as a running server does by itself."""
    result = run_command("rates-fetch", FetchRates())
    if as_json:
        print_json(result)
        return
    for one in result["fetched"]:
        pairs = ", ".join(one["pairs"])
        say(f"{one['source']}: newest of {one['newest']}, {one['changed']} new: {pairs}")


def run_import(name: str, request: Any, text: str, as_json: bool) -> None:
    """Run an import with its progress, and print what it did."""
    with progress_bar(text, quiet=as_json) as progress:
        result = run_command(name, request, progress)
    if as_json:
        print_json(result)
        _refuse_part(result)
        return
    members = result.pop("files", None)
    fields(result)
    if members:
        columns = ("file", "status", "platform", ">rows", ">cost", "error")
        table("", columns, [[one[name.lstrip(">")] for name in columns] for one in members])
    if not result.get("dry_run"):
        say("Run: tracker reconcile (a running server does it by itself)")
    _refuse_part(result)


def _refuse_part(result: Any) -> None:
    """Files of an archive that were not imported make the command fail; the others stand."""
    left = result.get("failed", 0) + result.get("held", 0)
    if left and not result["dry_run"]:
        raise InvalidInput(
            f"{left} files of the archive were not imported; the others were.",
            hint="Put them right and import the archive again: nothing counts twice.",
        )


def _readable(file: str) -> str:
    path = Path(file).expanduser().resolve()
    if not path.is_file():
        raise InvalidInput(
            f"No file {file!r}." if not path.exists() else f"{file!r} is not a file.",
            hint="Give the path of a file that this user can read.",
        )
    return str(path)


def _mapping(text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    for field, equals, column in pairs:
        if not equals or not field.strip() or not column.strip():
            raise InvalidInput(
                f"--map has {field + equals + column!r}.", hint="Write it as field=column,…"
            )
    return {field.strip(): column.strip() for field, _, column in pairs}
