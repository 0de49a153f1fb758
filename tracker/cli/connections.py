"""``tracker connection``: spend that comes by itself, from ad platforms and other sources."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from sqlalchemy import Engine

from tracker.accounts import connection_accounts as accounts
from tracker.accounts import connections, sites
from tracker.accounts.sealing import Sealer, add_key, new_key, open_sealer
from tracker.cli.groups import connection
from tracker.cli.metadata import metadata
from tracker.cli.output import Json, SiteKey, fields, print_json, say, table
from tracker.cli.session import run_command, settings_now
from tracker.errors import InvalidInput, Unavailable
from tracker.requests.connections import CheckConnection, ChooseAccounts
from tracker.spend.connections.catalogue import KINDS, kind_of
from tracker.spend.connections.deployment import load_deployment
from tracker.spend.connections.linking import change_secret, connect
from tracker.spend.connections.shown import account_fields, connection_fields

Id = Annotated[str, typer.Argument(help="Id of the connection.")]
Secrets = Annotated[
    str, typer.Option("--secrets", help="File of JSON, field to value; - reads standard input.")
]
Set = Annotated[list[str] | None, typer.Option("--set", help="field=value; may be repeated.")]


@contextmanager
def _store() -> Iterator[tuple[Engine, Sealer]]:
    settings = settings_now()
    with metadata() as db:
        in_use = lambda: connections.has_secrets(db)  # noqa: E731
        yield db, open_sealer(settings.encryption_key, settings.data, in_use)


@connection.command("kinds")
def show_kinds(as_json: Json = False) -> None:
    """What can be connected, and the fields of each."""
    found = [
        {
            "kind": kind.name,
            "title": kind.title,
            "required": [one.name for one in kind.fields if one.required],
            "optional": [one.name for one in kind.fields if not one.required],
            "account": list(kind.account_fields),
            "authorised in the browser": kind.oauth is not None,
        }
        for kind in KINDS.values()
    ]
    if as_json:
        print_json(found)
        return
    columns = ("kind", "title", "required", "optional")
    table("", columns, [[_plain(entry[name]) for name in columns] for entry in found])


@connection.command("add")
def add(
    kind: Annotated[str, typer.Argument(help=", ".join(KINDS))],
    site_key: SiteKey,
    name: Annotated[str, typer.Option(help="A name for people.")] = "",
    secrets: Secrets = "",
    values: Set = None,
    as_json: Json = False,
) -> None:
    """Store a connection. Secrets come from a file or standard input, never from the command line,
    where other users of the machine could read them."""
    chosen = kind_of(kind)
    given = {**_pairs(values), **_secrets(secrets)}
    settings = settings_now()
    lent = load_deployment(settings.platforms, KINDS).get(kind, {})
    with _store() as (db, sealer):
        site = sites.get_site(db, site_key)
        new = connections.NewConnection(
            site.tenant, kind, name or chosen.title, site.key, secret=given
        )
        made = connect(db, sealer, new, lent)
    if as_json:
        print_json(connection_fields(made))
        return
    say(made.id)
    if made.state == "needs_authorisation":
        say(f"Authorise it on the page: {settings.address}/sites/{site.key}/connections/{made.id}")
    else:
        say(f"Run: tracker connection test {made.id}")


@connection.command("update")
def update(
    connection_id: Id,
    secrets: Secrets = "",
    values: Set = None,
    name: Annotated[str | None, typer.Option(help="A new name.")] = None,
    at: Annotated[str, typer.Option(help="Time of the daily run, HH:MM.")] = "",
    timezone: Annotated[str, typer.Option(help="Zone of that time; empty: as it was.")] = "",
    every: Annotated[int, typer.Option(help="Run every so many minutes instead.")] = -1,
    days: Annotated[int, typer.Option(help="Days that a daily run asks for again.")] = 0,
    weekly_days: Annotated[int, typer.Option(help="Days that a weekly run asks for.")] = -1,
    as_json: Json = False,
) -> None:
    """Change name, schedule, settings or secrets; what is not given stays."""
    with _store() as (db, sealer):
        found = connections.get_connection(db, connection_id)
        change_secret(db, sealer, found, {**_pairs(values), **_secrets(secrets)})
        before = found.timetable or kind_of(found.kind).timetable
        timetable = connections.Timetable(
            at or before.at,
            timezone or before.timezone,
            before.every_minutes if every < 0 else every,
            days or before.days,
            before.weekly_days if weekly_days < 0 else weekly_days,
        )
        made = connections.configure_connection(
            db, connection_id, name=name, timetable=timetable if timetable != before else None
        )
        if timetable != before:
            accounts.reschedule(db, connection_id)
    _print(connection_fields(made), as_json)


@connection.command("list")
def show(as_json: Json = False) -> None:
    """List the connections."""
    with metadata() as db:
        found = [connection_fields(entry) for entry in connections.list_connections(db)]
    if as_json:
        print_json(found)
        return
    columns = ("id", "kind", "name", "site", "state", "error")
    table("", columns, [[entry[name] for name in columns] for entry in found])


@connection.command("accounts")
def show_accounts(
    connection_id: Id,
    enable: Annotated[list[str] | None, typer.Option(help="Import this account.")] = None,
    disable: Annotated[list[str] | None, typer.Option(help="Import it no more.")] = None,
    enter: Annotated[str, typer.Option(help="Id of an account that is not listed.")] = "",
    values: Set = None,
    as_json: Json = False,
) -> None:
    """List the ad accounts of a connection, choose those that are imported, or enter one (with
    --set login=… manager=… currency=… timezone=… name=…)."""
    if enable or disable or enter:
        chosen = ChooseAccounts(
            connection_id, tuple(enable or ()), tuple(disable or ()), enter, _entered(values)
        )
        listed = run_command("connection-accounts", chosen)
    else:
        with metadata() as db:
            found = connections.get_connection(db, connection_id)
            listed = [account_fields(one) for one in accounts.list_accounts(db, found.id)]
    if as_json:
        print_json(listed)
        return
    columns = ("account", "name", "currency", "timezone", "enabled", "complete_until", "error")
    table("", columns, [[_plain(entry[name]) for name in columns] for entry in listed])


@connection.command("test")
def try_out(connection_id: Id, as_json: Json = False) -> None:
    """Ask the platform something that needs the authorisation, and say what is wrong."""
    result = run_command("connection-test", CheckConnection(connection_id))
    if as_json:
        print_json(result)
    elif result["ok"]:
        say(f"It works. Ad accounts: {len(result['accounts'])}.")
    if not result["ok"]:
        problem = Unavailable if result["cause"] == "platform_transient" else InvalidInput
        raise problem(result["error"], hint=result["hint"])


@connection.command("pause")
def pause(connection_id: Id, as_json: Json = False) -> None:
    """Let a connection run no more until ``unpause``."""
    _set_state(connection_id, "paused", as_json)


@connection.command("unpause")
def unpause(connection_id: Id, as_json: Json = False) -> None:
    """Let a paused connection run again; missed days are caught up on."""
    _set_state(connection_id, "active", as_json)


@connection.command("disconnect")
def disconnect(connection_id: Id, as_json: Json = False) -> None:
    """Forget the secrets of a connection and stop it; what was imported stays."""
    with metadata() as db:
        connections.disconnect(db, connection_id)
        made = connections.get_connection(db, connection_id)
    _print(connection_fields(made), as_json)


@connection.command("new-key")
def print_key() -> None:
    """Print a random key for TRACKER_ENCRYPTION_KEY."""
    say(new_key())


@connection.command("rekey")
def rekey(as_json: Json = False) -> None:
    """Seal every secret with the newest key. Without TRACKER_ENCRYPTION_KEY a new key is made
    first; with it, put the new key before the old one, separated by a comma."""
    settings = settings_now()
    with _store():
        if not settings.encryption_key:
            add_key(settings.data)
    with _store() as (db, sealer):
        done = connections.reseal(db, sealer)
    if as_json:
        print_json({"sealed": done})
    else:
        say(f"Sealed {done} connections with the newest key. Restart the server.")


def _set_state(connection_id: str, state: connections.State, as_json: bool) -> None:
    with metadata() as db:
        before = connections.get_connection(db, connection_id)
        if before.state not in ("active", "paused"):
            raise InvalidInput(
                f"The connection is {before.state.replace('_', ' ')}.",
                hint="Authorise it again on its page.",
            )
        connections.set_connection_state(db, connection_id, state)
        made = connections.get_connection(db, connection_id)
    _print(connection_fields(made), as_json)


def _print(result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(result)
    else:
        fields(result)


def _entered(values: list[str] | None) -> dict[str, str]:
    pairs = _pairs(values)
    known = {"name", "login", "manager", "currency", "timezone"}
    if wrong := sorted(pairs.keys() - known):
        raise InvalidInput(
            f"An account has no field {wrong[0]!r}.",
            hint="Allowed: name, login, manager, currency, timezone.",
        )
    return pairs


def _pairs(values: list[str] | None) -> dict[str, str]:
    found = {}
    for text in values or []:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise InvalidInput(f"--set has {text!r}.", hint="Write it as field=value.")
        found[name.strip()] = value.strip()
    return found


def _secrets(source: str) -> dict[str, str]:
    """The secrets of a file; no value of it is ever in a message."""
    if not source:
        return {}
    try:
        content = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
        return msgspec.json.decode(content, type=dict[str, str])
    except OSError as error:
        raise InvalidInput(f"The file {source!r} cannot be read: {error.strerror}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InvalidInput(
            f"{source!r} is no JSON object of texts.", hint='Such as {"refresh_token": "…"}.'
        ) from None


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return ", ".join(value)
    return {True: "yes", False: ""}.get(value, value) if isinstance(value, bool) else value
