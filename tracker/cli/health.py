"""``tracker health``: findings about the cost of a site."""

from __future__ import annotations

import typer

from tracker.cli.output import Json, SiteKey, print_json, say, table
from tracker.cli.session import run_command
from tracker.requests.upkeep import CheckHealth


def health(site_key: SiteKey, as_json: Json = False) -> None:
    """What is wrong with the cost of a site, or may be; exits with 1 for an error among it."""
    result = run_command("health", CheckHealth(site_key))
    if as_json:
        print_json(result)
    else:
        states = [
            (one["platform"], one["account"], one["last_day"], one["age_days"], one["origin"])
            for one in result["accounts"]
        ]
        table("", ("platform", "account", "newest day", ">days old", "source"), states)
        for one in result["findings"]:
            whose = " ".join(filter(None, (one["platform"], one["account"])))
            say(f"{one['severity']}: {whose}: {one['detail']}")
    if any(one["severity"] == "error" for one in result["findings"]):
        raise typer.Exit(1)
