"""``tracker runs``: what the jobs did."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from tracker.accounts import runs as run_store
from tracker.cli.groups import runs
from tracker.cli.metadata import metadata
from tracker.cli.output import Json, print_json, table


@runs.command("list")
def list_runs(
    job: Annotated[str, typer.Option(help="Only this job.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    as_json: Json = False,
) -> None:
    """What ran, when, with what outcome; newest first."""
    with metadata() as db:
        found = run_store.list_runs(db, job=job or None, limit=limit)
    if as_json:
        print_json(msgspec.to_builtins(found))
        return
    columns = ("started", "job", "site", "status", ">rows", "result")
    table(
        "",
        columns,
        [
            (
                f"{run.started_at:%Y-%m-%d %H:%M:%S}",
                run.job,
                run.site,
                run.status,
                run.rows,
                run.error or ", ".join(f"{k} {v}" for k, v in run.totals.items())[:80],
            )
            for run in found
        ],
    )
