"""Commands that keep the data in order: ``tracker reconcile``, ``rebuild``, ``reclassify``,
``doctor``, ``spool requeue``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tracker.cli.groups import spool
from tracker.cli.output import Json, SiteKey, fields, print_json, progress_bar
from tracker.cli.session import run_command
from tracker.requests.events import Reclassify
from tracker.requests.upkeep import Diagnose, Rebuild, Reconcile, Requeue


def reconcile(as_json: Json = False) -> None:
    """Load what is spooled and rebuild whatever is dirty; returns when it is clean."""
    with progress_bar("Rebuilding", quiet=as_json) as progress:
        result = run_command("reconcile", Reconcile(), progress)
    _print(result, as_json)


def rebuild(
    site_key: SiteKey,
    first: Annotated[str, typer.Option("--from", help="First day; all where left out.")] = "",
    last: Annotated[str, typer.Option("--to", help="Last day; all where left out.")] = "",
    as_json: Json = False,
) -> None:
    """Make the derived rows of a site again from facts, all of them or those of some days."""
    with progress_bar("Rebuilding", quiet=as_json) as progress:
        result = run_command("rebuild", Rebuild(site_key, first, last), progress)
    _print(result, as_json)


def reclassify(
    site_key: SiteKey,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count, change nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Classify a site's events again, by the rules and the parameter map of now."""
    with progress_bar("Classifying", quiet=as_json) as progress:
        result = run_command("reclassify", Reclassify(site_key, dry_run), progress)
    _print(result, as_json)


@spool.command("requeue")
def requeue(as_json: Json = False) -> None:
    """Try again what ClickHouse refused."""
    _print(run_command("spool-requeue", Requeue()), as_json)


def doctor(as_json: Json = False) -> None:
    """Check the installation; exits with 1 when something is wrong."""
    result = run_command("doctor", Diagnose())
    _print(result, as_json)
    if result["problems"]:
        raise typer.Exit(1)


def _print(result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(result)
    else:
        fields(result)
