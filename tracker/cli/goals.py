"""``tracker goal``: what counts as a conversion."""

from __future__ import annotations

from typing import Annotated

import typer

from tracker.accounts import goals, sites
from tracker.accounts.goal_grant import goal_fields
from tracker.cli.groups import goal
from tracker.cli.metadata import metadata
from tracker.cli.output import Json, SiteKey, print_json, say, table
from tracker.cli.session import run_command
from tracker.requests.goals import AddGoal, RemoveGoal

Name = Annotated[str, typer.Option("--name", help="A name for people.")]


@goal.command("add")
def add_goal(
    site_key: SiteKey,
    name: Name,
    path: Annotated[str, typer.Option(help="Page: * within a segment, ** across.")] = "",
    event: Annotated[str, typer.Option(help="Name of an event.")] = "",
    value: Annotated[str, typer.Option(help="Fixed value of a conversion, such as 12.50.")] = "",
    event_value: Annotated[bool, typer.Option(help="Take the value that the event has.")] = False,
    count: Annotated[
        str, typer.Option(help="every time, once per visit, or per person.")
    ] = "every",
    form: Annotated[str, typer.Option(help="A form that is sent: its id, or * for any.")] = "",
    click: Annotated[str, typer.Option(help="A tap to talk: " + ", ".join(goals.TALK) + ".")] = "",
    download: Annotated[str, typer.Option(help="A file: its path, or * for any.")] = "",
    seconds: Annotated[int, typer.Option(help="Attention in one visit, in seconds.")] = 0,
    depth: Annotated[int, typer.Option(help="Per cent of a page scrolled to.")] = 0,
    where: Annotated[
        list[str] | None,
        typer.Option(help="Property of the event: a=b, a!=b, a~b, a>=1, a<=1; may be repeated."),
    ] = None,
    lookback: Annotated[int, typer.Option(help="Days of its path, 1-365; 0: the site's.")] = 0,
    primary: Annotated[
        bool | None,
        typer.Option(
            "--primary/--secondary",
            help="Count in totals of all goals, or for itself alone; usual: taps, downloads and "
            "attention for themselves.",
        ),
    ] = None,
    reset: Annotated[
        bool, typer.Option("--reset-path", help="Only touches since the person's previous one.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Add a goal; the next reconcile applies it to history."""
    request = AddGoal(
        site=site_key,
        name=name,
        path=path,
        event=event,
        value=value,
        event_value=event_value,
        count=count,
        form=form,
        click=click,
        download=download,
        seconds=seconds,
        depth=depth,
        where=tuple(where or ()),
        lookback=lookback,
        primary=primary,
        reset=reset,
    )
    result = run_command("goal-add", request)
    if as_json:
        print_json(result)
    else:
        say(f"Goal {result['name']} added. Run: tracker reconcile")


@goal.command("list")
def list_goals(site_key: SiteKey, as_json: Json = False) -> None:
    """List the goals of a site."""
    with metadata() as db:
        sites.get_site(db, site_key)
        found = [goal_fields(entry) for entry in goals.list_goals(db, site_key)]
    if as_json:
        print_json(found)
        return
    columns = ("name", "kind", "pattern", "value", "currency", "event_value", "count", "primary")
    table("", columns, [[entry[column] for column in columns] for entry in found])


@goal.command("remove")
def remove_goal(site_key: SiteKey, name: Name, as_json: Json = False) -> None:
    """Remove a goal; its conversions go with the next reconcile."""
    result = run_command("goal-remove", RemoveGoal(site_key, name))
    if as_json:
        print_json(result)
    else:
        say(f"Goal {result['name']} removed. Run: tracker reconcile")
