"""``tracker spend mapping list|remove``: column mappings that are remembered by the header."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from tracker.accounts.sites import get_site
from tracker.cli.groups import spend
from tracker.cli.metadata import metadata
from tracker.cli.output import Json, SiteKey, print_json, say, table
from tracker.spend.remembered import forget, remembered

mapping = typer.Typer(help="Column mappings of files.", no_args_is_help=True)
spend.add_typer(mapping, name="mapping")


@mapping.command("list")
def show(site_key: SiteKey, as_json: Json = False) -> None:
    """List the mappings of the site's company, the newest first."""
    with metadata() as db:
        found = remembered(db, get_site(db, site_key).tenant)
    if as_json:
        print_json([msgspec.structs.asdict(one) for one in found])
        return
    rows = [
        [one.id, one.platform, one.currency, one.used_at,
         ", ".join(f"{name}={title}" for name, title in one.columns.items())]
        for one in found
    ]  # fmt: skip
    table("", ("id", "platform", "currency", "used_at", "columns"), rows)


@mapping.command("remove")
def remove(
    mapping_id: Annotated[str, typer.Argument(help="Id of the mapping.")],
    site_key: SiteKey,
    as_json: Json = False,
) -> None:
    """Forget a mapping."""
    with metadata() as db:
        forget(db, get_site(db, site_key).tenant, mapping_id)
    if as_json:
        print_json({"removed": mapping_id})
    else:
        say("Forgotten.")
