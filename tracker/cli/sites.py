"""``tracker site``: what is tracked."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tracker.accounts import sites, tenants
from tracker.accounts.sites import Site
from tracker.cli.groups import site
from tracker.cli.metadata import metadata
from tracker.cli.output import Json, SiteKey, print_json, say, table
from tracker.cli.session import settings_now
from tracker.errors import InvalidInput
from tracker.money import decimal_text, parse_amount
from tracker.spend.tags import TEMPLATES, tags_for


@site.command("add")
def add_site(
    name: Annotated[str, typer.Option("--name", help="A name for people.")],
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
