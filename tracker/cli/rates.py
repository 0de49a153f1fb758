"""``tracker rates list|set|remove``: what there is and what a site needs; one rate by hand."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tracker.cli.groups import rates
from tracker.cli.output import Json, SiteKey, print_json, say, table
from tracker.cli.session import run_command
from tracker.requests.spend import ListRates, RemoveRate, SetRate

First = Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD.")]
Last = Annotated[str, typer.Option("--to", help="Last day; the first alone if not given.")]
Base = Annotated[str, typer.Option(help="The currency that is converted, such as USD.")]
Quote = Annotated[str, typer.Option(help="The currency it is converted to; the site's if none.")]


@rates.command("list")
def list_rates(
    site_key: SiteKey,
    base: Annotated[str, typer.Option(help="Only rates of this currency.")] = "",
    quote: Annotated[str, typer.Option(help="Only rates to this currency.")] = "",
    limit: Annotated[int, typer.Option(help="So many, newest first.", min=1, max=1000)] = 100,
    offset: Annotated[int, typer.Option(help="Leave out so many.", min=0)] = 0,
    as_json: Json = False,
) -> None:
    """The rates that stand, and those that the site's figures need and lack."""
    result = run_command("rates-list", ListRates(site_key, base, quote, limit, offset))
    if as_json:
        print_json(result)
        return
    spans = [
        (f"{one['base']}/{one['quote']}", one["rate"], one["from"], one["to"], one["quoted"],
         one["source"])
        for one in result["rates"]
    ]  # fmt: skip
    table("", ("pair", ">rate", "from", "to", "quoted", "source"), spans)
    for one in result["needs"]:
        lacking = ", ".join(f"{span['from']} to {span['to']}" for span in one["lacking"])
        say(
            f"{one['base']}/{one['quote']}: needed on {one['days']} days, "
            + (f"missing on {one['missing']}: {lacking}" if lacking else "none missing")
            + (f"; newest {one['newest']}, {one['age_days']} days old" if one["newest"] else "")
        )


@rates.command("set")
def set_rate(
    site_key: SiteKey,
    base: Base,
    rate: Annotated[str, typer.Option(help="What one unit of the base is worth, as 7.1042.")],
    first: First,
    last: Last = "",
    quote: Quote = "",
    as_json: Json = False,
) -> None:
    """Enter or correct a rate for a day, or for some days."""
    result = run_command("rates-set", SetRate(site_key, base, rate, first, last, quote))
    _tell(result, as_json)


@rates.command("remove")
def remove_rate(
    site_key: SiteKey,
    base: Base,
    first: First,
    last: Last = "",
    quote: Quote = "",
    as_json: Json = False,
) -> None:
    """Remove the rates of a pair; amounts that need them become unknown."""
    result = run_command("rates-remove", RemoveRate(site_key, base, first, last, quote))
    _tell(result, as_json)


def _tell(result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(result)
        return
    counts = ("added", "replaced", "unchanged", "removed")
    did = ", ".join(f"{result[name]} {name}" for name in counts if result[name])
    say(f"{result['base']}/{result['quote']} {result['from']} to {result['to']}: {did}.")
    say("Run: tracker reconcile (a running server does it by itself)")
