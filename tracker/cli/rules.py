"""``tracker site rules`` and ``tracker site params``: what ingest does with a site's events."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import typer

from tracker.accounts import sites
from tracker.accounts.sites import SiteSettings
from tracker.cli.figures import percent
from tracker.cli.groups import site
from tracker.cli.metadata import metadata
from tracker.cli.output import Json, SiteKey, note, print_json, say, table
from tracker.cli.session import run_command
from tracker.errors import InvalidInput
from tracker.requests.sites import ProposeParams


@site.command("rules")
def rules(
    site_key: SiteKey,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="NAME=VALUE; a list as a,b and a map as a=x,b=y, or as JSON."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the rules that ingest applies to a site, or change some of them."""
    with metadata() as db:
        found = sites.get_site(db, site_key)
        if changes:
            changed = changed_settings(found.settings, changes)
            before, found = found.settings, sites.update_site(db, site_key, settings=changed)
            if before.of_credit != changed.of_credit:
                note("Credit is computed anew after: tracker rebuild --site " + site_key)
    values = msgspec.structs.asdict(found.settings)
    if as_json:
        print_json(values)
    else:
        table("", ("rule", "value"), [(name, _plain(value)) for name, value in values.items()])


@site.command("params")
def params(
    site_key: SiteKey,
    days: Annotated[int, typer.Option(min=1, max=400, help="Days back to look at.")] = 30,
    apply: Annotated[bool, typer.Option("--apply", help="Store the map that is proposed.")] = False,
    as_json: Json = False,
) -> None:
    """Propose which freely named query parameters are campaign, ad group, keyword or their ids."""
    result = run_command("site-params", ProposeParams(site_key, days, apply))
    if as_json:
        print_json(result)
        return
    if not result["proposed"]:
        say("No parameter of the last page views has a name that means a part of an account.")
        return
    columns = ("parameter", "field", ">visits", ">paid visits", ">share of paid", "samples")
    table("", columns, [_row(entry) for entry in result["proposed"]])
    if result["applied"]:
        say("Stored. New events are read so; events stored before keep what they have.")
    else:
        say("Store it with --apply; one alone with: tracker site rules --set param_map=NAME=FIELD")


def changed_settings(settings: SiteSettings, changes: list[str]) -> SiteSettings:
    """The settings with NAME=VALUE applied; InvalidInput names what cannot be used."""
    values = msgspec.structs.asdict(settings)
    for change in changes:
        name, mark, text = change.partition("=")
        name = name.strip()
        if not mark or name not in values:
            raise InvalidInput(
                f"Unknown rule {name!r}.", hint="Allowed: " + ", ".join(values) + ", as NAME=VALUE."
            )
        values[name] = _value(text.strip(), values[name])
    try:
        return msgspec.convert(values, SiteSettings, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"A rule cannot be used: {error}.") from error


def _value(text: str, now: Any) -> Any:
    """A value from the command line; its form is that of the present one."""
    if text[:1] in ("[", "{"):
        try:
            return msgspec.json.decode(text)
        except msgspec.DecodeError as error:
            raise InvalidInput(f"Not JSON: {text!r}.") from error
    entries = [entry.strip() for entry in text.split(",") if entry.strip()]
    if isinstance(now, dict):
        return dict(map(_pair, entries))
    return entries if isinstance(now, tuple) else text


def _pair(entry: str) -> tuple[str, str]:
    name, mark, field = entry.rpartition("=")
    if not mark:
        raise InvalidInput(f"Not NAME=FIELD: {entry!r}.", hint="Such as jihua=campaign.")
    return name.strip(), field.strip()


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}={field}" for name, field in value.items())
    if isinstance(value, tuple):
        return ", ".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _row(entry: dict[str, Any]) -> tuple[Any, ...]:
    share = percent(entry["share"], places=1)
    names = (entry["param"], entry["field"], entry["visits"], entry["paid_visits"], share)
    return (*names, ", ".join(entry["samples"]))
