"""``tracker token``: API tokens."""

from __future__ import annotations

from typing import Annotated

import typer

from tracker.accounts import sites, tokens
from tracker.accounts.rights import parse_right
from tracker.cli.groups import token
from tracker.cli.metadata import metadata
from tracker.cli.output import Json, SiteKey, print_json, say


@token.command("add")
def add_token(
    site_key: SiteKey,
    scope: Annotated[str, typer.Option(help="read, write, admin or spend.")] = "read",
    name: Annotated[str, typer.Option(help="What the token is for.")] = "command line",
    as_json: Json = False,
) -> None:
    """Make an API token and print it; it is shown only this once."""
    right = parse_right(scope.lower())
    with metadata() as db:
        owner = sites.get_site(db, site_key)
        made, secret = tokens.add_token(
            db, tenant=owner.tenant, site=owner.key, scope=right, name=name
        )
    if as_json:
        print_json({"token": secret, "id": made.id, "site": owner.key, "scope": scope})
    else:
        say(secret)
