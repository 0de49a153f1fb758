"""``tracker spend held list|accept|discard``: files whose import would remove something."""

from __future__ import annotations

from typing import Annotated

import typer

from tracker.cli.groups import spend
from tracker.cli.imports import run_import
from tracker.cli.output import Json, SiteKey, fields, print_json, table
from tracker.cli.session import run_command
from tracker.requests.spend import AcceptHeld, DiscardHeld, ListHeld

held = typer.Typer(help="Files that wait for a decision.", no_args_is_help=True)
spend.add_typer(held, name="held")

Id = Annotated[str, typer.Argument(help="Id of the file that waits.")]


@held.command("list")
def show(site_key: SiteKey, as_json: Json = False) -> None:
    """List the files that wait, with the reason."""
    result = run_command("held-list", ListHeld(site_key))
    if as_json:
        print_json(result)
        return
    columns = ("id", "held_at", "origin", "file", "reason")
    table("", columns, [[one[name] for name in columns] for one in result["held"]])


@held.command("accept")
def accept(
    held_id: Id,
    site_key: SiteKey,
    partial: Annotated[
        bool, typer.Option("--partial", help="Replace only the campaigns in the file.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Import a file that waits, whatever it removes."""
    run_import("held-accept", AcceptHeld(site_key, held_id, partial), "Reading spend", as_json)


@held.command("discard")
def discard(held_id: Id, site_key: SiteKey, as_json: Json = False) -> None:
    """Throw a file that waits away; what stands stays."""
    result = run_command("held-discard", DiscardHeld(site_key, held_id))
    if as_json:
        print_json(result)
    else:
        fields(result)
