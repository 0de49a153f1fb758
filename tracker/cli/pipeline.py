"""``tracker pipeline``: the stages of a site's sales pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from tracker.accounts.pipeline import pipeline_fields, pipeline_of
from tracker.accounts.sites import get_site
from tracker.cli.groups import pipeline
from tracker.cli.metadata import metadata
from tracker.cli.output import Json, SiteKey, print_json, table
from tracker.cli.session import run_command
from tracker.errors import InvalidInput
from tracker.requests.pipeline import SetStages


@pipeline.command("show")
def show(site_key: SiteKey, as_json: Json = False) -> None:
    """Show the stages of a site, in order."""
    with metadata() as db:
        get_site(db, site_key)
        result = pipeline_fields(site_key, pipeline_of(db, site_key))
    _show(result, as_json=as_json)


@pipeline.command("set")
def set_pipeline(
    site_key: SiteKey,
    file: Annotated[Path, typer.Option(help="JSON: the stages as show --json prints them.")],
    as_json: Json = False,
) -> None:
    """Replace the stages of a site; the next reconcile applies it to history."""
    try:
        given = msgspec.json.decode(file.read_bytes(), type=_Stages)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidInput(
            f"The stages in {file} cannot be read: {error}.",
            hint="Start from: tracker pipeline show --json.",
        ) from error
    stages = tuple((one.key, one.role, one.name, one.aliases) for one in given.stages)
    if not stages:
        raise InvalidInput("The file names no stage.", hint="Use: tracker pipeline reset.")
    _show(run_command("pipeline-set", SetStages(site_key, stages)), as_json=as_json)


@pipeline.command("reset")
def reset(site_key: SiteKey, as_json: Json = False) -> None:
    """Go back to the usual stages."""
    _show(run_command("pipeline-set", SetStages(site_key)), as_json=as_json)


class _Stage(msgspec.Struct):
    key: str
    role: str
    name: str = ""
    aliases: tuple[str, ...] = ()


class _Stages(msgspec.Struct):
    stages: list[_Stage]


def _show(result: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(result)
        return
    rows = [(s["key"], s["role"], s["name"], ", ".join(s["aliases"])) for s in result["stages"]]
    table("", ("key", "role", "name", "also called"), rows)
