"""``tracker connection run|backfill|resume|watch|runs|stop``: imports of a connection by hand."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from tracker.accounts import connection_runs as runs
from tracker.accounts.clock import utc_now
from tracker.cli.connections import Id
from tracker.cli.groups import connection
from tracker.cli.metadata import metadata
from tracker.cli.output import First, Json, print_json, progress_bar, say, table
from tracker.cli.session import run_command
from tracker.errors import InvalidInput, Unavailable
from tracker.requests.connections import ResumeRun, RunConnection
from tracker.spend.connections.shown import run_fields

#: Seconds between two looks at a run that is watched.
LOOK = 0.3
RunId = Annotated[str, typer.Argument(help="Id of the run.")]
Account = Annotated[str, typer.Option("--account", help="One ad account; else every chosen one.")]


@connection.command("run")
def run_now(connection_id: Id, account: Account = "", as_json: Json = False) -> None:
    """Import the recent days now, and wait for it."""
    _run("connection-run", RunConnection(connection_id, account), as_json)


@connection.command("backfill")
def backfill(
    connection_id: Id,
    first: First,
    last: Annotated[str, typer.Option("--to", help="Last day.")],
    account: Account = "",
    as_json: Json = False,
) -> None:
    """Import these days, newest first. Stop it with Ctrl-C or ``stop``; ``resume`` goes on."""
    _run("connection-run", RunConnection(connection_id, account, first, last), as_json)


@connection.command("resume")
def resume(run: RunId, as_json: Json = False) -> None:
    """Go on with a run that was stopped or has failed, with the days that are not done."""
    _run("connection-resume", ResumeRun(run), as_json)


@connection.command("watch")
def watch(run: RunId, as_json: Json = False) -> None:
    """Follow a run, whoever works on it, until it has ended or waits for the platform."""
    with metadata() as db, progress_bar("Importing days", quiet=as_json) as progress:
        found = runs.get_connection_run(db, run)
        while found.state in ("queued", "running"):
            progress(found.counts.days_done, found.counts.days_asked or None)
            time.sleep(LOOK)
            found = runs.get_connection_run(db, run)
        progress(found.counts.days_done, found.counts.days_asked or None)
    _tell({"runs": [run_fields(found)]}, as_json)


@connection.command("runs")
def show_runs(
    connection_id: Annotated[str, typer.Option("--connection", help="Of this one only.")] = "",
    limit: Annotated[int, typer.Option(help="How many.", min=1, max=1000)] = 20,
    as_json: Json = False,
) -> None:
    """List runs, newest first, with how far those are that run now."""
    with metadata() as db:
        found = [
            run_fields(entry)
            for entry in runs.list_connection_runs(
                db, connection=connection_id or None, limit=limit
            )
        ]
    if as_json:
        print_json(found)
    else:
        _table(found)


@connection.command("stop")
def stop(run: RunId, as_json: Json = False) -> None:
    """Stop a run after the portion that it is at; what it has imported stays."""
    with metadata() as db:
        runs.get_connection_run(db, run)
        runs.stop_run(db, run, utc_now())
        result = run_fields(runs.get_connection_run(db, run))
    if as_json:
        print_json(result)
    else:
        say(f"Stopped. Go on with: tracker connection resume {run}")


def _run(name: str, request: Any, as_json: bool) -> None:
    with progress_bar("Importing days", quiet=as_json) as progress:
        result = run_command(name, request, progress)
    _tell(result, as_json)


def _tell(result: dict[str, Any], as_json: bool) -> None:
    """Print runs; InvalidInput for one that failed, Unavailable for one that waits."""
    if as_json:
        print_json(result)
    else:
        _table(result["runs"])
    for run in result["runs"]:
        if run["state"] == "failed":
            raise InvalidInput(run["error"], hint=run["hint"])
        if run["state"] == "waiting":
            raise Unavailable(run["error"], hint=f"It is tried again at {run['due_at']}.")


def _table(found: list[dict[str, Any]]) -> None:
    columns = ("id", "account", "trigger", "state", "first_day", "last_day", ">percent", ">rows")
    rows = [
        [entry[name.removeprefix(">")] for name in columns] + [entry["error"]] for entry in found
    ]
    table("", (*columns, "error"), rows)
