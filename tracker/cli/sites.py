"""``tracker site``, ``tracker goal``, ``tracker token``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tracker.accounts import goals, sites, tenants, tokens
from tracker.accounts.goal_wish import goal_fields
from tracker.accounts.rights import Right
from tracker.accounts.sites import Site
from tracker.cli.output import Json, SiteKey, print_json, say, table
from tracker.cli.session import metadata, run_command, settings_now
from tracker.commands import AddGoal, RemoveGoal
from tracker.errors import InvalidInput
from tracker.money import decimal_text, parse_amount
from tracker.spend.tags import TEMPLATES, tags_for

site = typer.Typer(help="Sites: what is tracked.", no_args_is_help=True)
goal = typer.Typer(help="Goals: what counts as a conversion.", no_args_is_help=True)
token = typer.Typer(help="API tokens.", no_args_is_help=True)

Name = Annotated[str, typer.Option("--name", help="A name for people.")]


@site.command("add")
def add_site(
    name: Name,
    domain: Annotated[list[str], typer.Option(help="Domain of the site; may be repeated.")],
    timezone: Annotated[str, typer.Option(help="IANA zone, such as Asia/Shanghai.")],
    currency: Annotated[str, typer.Option(help="ISO 4217 code of reports, such as CNY.")],
    margin: Annotated[str, typer.Option(help="Margin as a share of revenue, such as 0.35.")] = "",
    company: Annotated[str, typer.Option(help="Company (tenant) id, when there are several.")] = "",
    as_json: Json = False,
) -> None:
    """Add a site and print its key."""
    with metadata() as db:
        made = sites.add_site(
            db,
            tenant=company or _only_tenant(db),
            name=name,
            domains=domain,
            timezone=timezone,
            currency=currency,
            margin=parse_amount(margin) if margin else None,
        )
    if as_json:
        print_json(_site_fields(made))
    else:
        say(made.key)
        address = settings_now().address
        say(f'Embed: <script defer src="{address}/t.js" data-site="{made.key}"></script>')


@site.command("list")
def list_sites(as_json: Json = False) -> None:
    """List the sites."""
    with metadata() as db:
        found = [_site_fields(entry) for entry in sites.list_sites(db)]
    if as_json:
        print_json(found)
        return
    columns = ("site", "name", "domains", "timezone", "currency", "margin")
    table("", columns, [[_plain(entry[column]) for column in columns] for entry in found])


@site.command("tags")
def tags(
    site_key: SiteKey,
    platform: Annotated[str, typer.Option(help=", ".join(TEMPLATES))],
    as_json: Json = False,
) -> None:
    """Print the tracking template to paste into a platform."""
    with metadata() as db:
        sites.get_site(db, site_key)
    template, place = tags_for(platform)
    if as_json:
        print_json({"platform": platform, "template": template, "where": place})
    else:
        say(template)
        say(place)


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
    as_json: Json = False,
) -> None:
    """Add a goal; the next reconcile applies it to history."""
    request = AddGoal(
        site_key,
        name,
        path,
        event,
        value,
        event_value,
        count,
        form,
        click,
        download,
        seconds,
        depth,
        tuple(where or ()),
        lookback,
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
    columns = ("name", "kind", "pattern", "value", "currency", "event_value", "count")
    table("", columns, [[entry[column] for column in columns] for entry in found])


@goal.command("remove")
def remove_goal(site_key: SiteKey, name: Name, as_json: Json = False) -> None:
    """Remove a goal; its conversions go with the next reconcile."""
    result = run_command("goal-remove", RemoveGoal(site_key, name))
    if as_json:
        print_json(result)
    else:
        say(f"Goal {result['name']} removed. Run: tracker reconcile")


@token.command("add")
def add_token(
    site_key: SiteKey,
    scope: Annotated[str, typer.Option(help="read, write or admin.")] = "read",
    name: Annotated[str, typer.Option(help="What the token is for.")] = "command line",
    as_json: Json = False,
) -> None:
    """Make an API token and print it; it is shown only this once."""
    try:
        right = Right[scope.upper()]
    except KeyError as error:
        raise InvalidInput(
            f"Unknown scope {scope!r}.", hint="Allowed: read, write, admin."
        ) from error
    with metadata() as db:
        owner = sites.get_site(db, site_key)
        made, secret = tokens.add_token(
            db, tenant=owner.tenant, site=owner.key, scope=right, name=name
        )
    if as_json:
        print_json({"token": secret, "id": made.id, "site": owner.key, "scope": scope})
    else:
        say(secret)


def _only_tenant(db: Any) -> str:
    found = tenants.list_tenants(db)
    if not found:
        return tenants.add_tenant(db, name="My company").id
    if len(found) > 1:
        raise InvalidInput(
            f"This installation has {len(found)} companies.",
            hint="Name one with --company: " + ", ".join(entry.id for entry in found) + ".",
        )
    return found[0].id


def _site_fields(entry: Site) -> dict[str, Any]:
    return {
        "site": entry.key,
        "name": entry.name,
        "domains": list(entry.domains),
        "timezone": entry.timezone,
        "currency": entry.currency,
        "margin": decimal_text(entry.margin, places=0),
    }


def _plain(value: Any) -> Any:
    return ", ".join(value) if isinstance(value, list) else value
