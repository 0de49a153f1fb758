"""``tracker webhook``: addresses where other systems report leads."""

from __future__ import annotations

from typing import Annotated

import typer

from tracker.accounts.sites import get_site
from tracker.accounts.webhooks import add_webhook, list_webhooks, remove_webhook
from tracker.cli.groups import webhook
from tracker.cli.metadata import metadata
from tracker.cli.output import Json, SiteKey, print_json, say, table
from tracker.cli.session import settings_now
from tracker.config import secret_key
from tracker.conversions.deliveries import check_fields, signing_key


@webhook.command("add")
def add_hook(
    site_key: SiteKey,
    name: Annotated[str, typer.Option("--name", help="A name for people.")],
    fields: Annotated[
        list[str] | None,
        typer.Option("--field", help="FIELD=PATH such as id=data.order.id, or stage==order."),
    ] = None,
    signed: Annotated[bool, typer.Option("--signed", help="Only with a signature.")] = False,
    as_json: Json = False,
) -> None:
    """Make a webhook and print its address; it is shown only this once."""
    pairs = [text.partition("=") for text in fields or []]
    settings = settings_now()
    with metadata() as db:
        made, secret = add_webhook(
            db,
            site=site_key,
            name=name,
            fields=check_fields({field: path for field, _, path in pairs}),
            signed=signed,
        )
    base = (settings.public_url or settings.address).rstrip("/")
    address = f"{base}/hooks/{secret}"
    key = signing_key(secret_key(settings), made.id) if signed else ""
    if as_json:
        print_json({"webhook": made.id, "address": address, "key": key})
        return
    say(address)
    if key:
        say(f"Signatures: X-Tracker-Signature: sha256=HMAC-SHA256(body) with the key {key}")


@webhook.command("list")
def list_hooks(site_key: SiteKey, as_json: Json = False) -> None:
    """List the webhooks of a site, without their addresses."""
    with metadata() as db:
        get_site(db, site_key)
        found = list_webhooks(db, site_key)
    if as_json:
        print_json(found)
        return
    rows = [
        (one.id, one.name, "yes" if one.signed else "", one.used_at, one.error) for one in found
    ]
    table("", ("webhook", "name", "signed", "last used", "error"), rows)


@webhook.command("remove")
def remove_hook(
    site_key: SiteKey,
    hook: Annotated[str, typer.Option("--webhook", help="Id of the webhook.")],
    as_json: Json = False,
) -> None:
    """Remove a webhook; its address answers no more."""
    with metadata() as db:
        remove_webhook(db, site_key, hook)
    if as_json:
        print_json({"webhook": hook, "removed": True})
    else:
        say("Removed.")
