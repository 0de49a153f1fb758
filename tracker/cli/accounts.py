"""``tracker account``: ad accounts, the sites they belong to, and the rules of their cost."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from tracker.accounts.sites import get_site, list_sites
from tracker.cli.groups import account
from tracker.cli.metadata import metadata
from tracker.cli.output import First, Json, SiteKey, print_json, say, table
from tracker.cli.session import run_command
from tracker.reconcile.account_view import accounts_seen
from tracker.requests.accounts import AddCostRule, PlaceAccount, RemoveCostRule

Platform = Annotated[str, typer.Option(help="The platform, such as baidu.")]
Number = Annotated[str, typer.Option("--account", help="The platform's id of the account.")]


@account.command("list")
def list_accounts(site_key: SiteKey, as_json: Json = False) -> None:
    """The ad accounts of the site's company, with their sites and rules."""
    with metadata() as db:
        tenant = get_site(db, site_key).tenant
        sites = {site.key for site in list_sites(db, tenant)}
        found = accounts_seen(db, tenant, sites)
    if as_json:
        print_json({"accounts": found})
        return
    rows = [
        (one.platform, one.account, one.name, one.currency, one.site,
         ", ".join(f"{c} → {s}" for c, s in one.given.items()),
         "; ".join(
             f"{r.id}: {r.kind} {r.value}{f'/{r.credit}' if r.credit else ''} from {r.first}"
             f"{f' to {r.last}' if r.last else ''}"
             for r in one.rules
         ))
        for one in found
    ]  # fmt: skip
    columns = ("platform", "account", "name", "currency", "site", "campaigns", "rules")
    table("", columns, rows)


@account.command("place")
def place(
    site_key: SiteKey,
    platform: Platform,
    number: Number,
    campaign: Annotated[str, typer.Option(help="Only this campaign, by its id.")] = "",
    away: Annotated[
        bool, typer.Option("--away", help="To no site; a campaign back to its account's.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Let an ad account, or a campaign of it, belong to the site."""
    result = run_command("account-place", PlaceAccount(site_key, platform, number, campaign, away))
    if as_json:
        print_json(result)
    else:
        say(f"{campaign or number} belongs to {result['site'] or 'no site of its own'} now.")


@account.command("rule-add")
def rule_add(
    site_key: SiteKey,
    platform: Platform,
    number: Number,
    kind: Annotated[str, typer.Option(help="fee, vat, recharge or monthly.")],
    first: First,
    value: Annotated[str, typer.Option(help="Per cent, cash paid, or amount a month.")],
    credit: Annotated[str, typer.Option(help="Balance that the cash was credited as.")] = "",
    last: Annotated[str, typer.Option("--to", help="Last day; open if not given.")] = "",
    currency: Annotated[
        str, typer.Option(help="Of a monthly fee; the account's own if none.")
    ] = "",
    text: Annotated[str, typer.Option("--note", help="A note for people.")] = "",
    as_json: Json = False,
) -> None:
    """Add a dated rule of what the account's cost really is."""
    request = AddCostRule(
        site_key, platform, number, kind, first, value, last, credit, currency, text
    )
    result = run_command("cost-rule-add", request)
    if as_json:
        print_json(result)
    else:
        say(result["id"])


@account.command("rule-remove")
def rule_remove(
    site_key: SiteKey,
    platform: Platform,
    number: Number,
    rule: Annotated[str, typer.Option(help="Id of the rule, as the list shows it.")],
    as_json: Json = False,
) -> None:
    """Remove a rule; what was computed with it is computed again."""
    result = run_command("cost-rule-remove", RemoveCostRule(site_key, platform, number, rule))
    if as_json:
        print_json(msgspec.to_builtins(result))
    else:
        say(f"Removed {rule}.")
