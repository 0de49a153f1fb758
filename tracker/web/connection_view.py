"""Connections, accounts and runs as the pages show them."""

from __future__ import annotations

from typing import Any

from tracker.accounts.connection_accounts import ConnectionAccount, failing_accounts
from tracker.accounts.connection_runs import ConnectionRun
from tracker.accounts.connections import Connection, Timetable, list_connections
from tracker.accounts.rights import Right
from tracker.errors import NotFound
from tracker.money import parse_amount
from tracker.spend.connections.catalogue import kind_of
from tracker.spend.connections.kinds import Field, Kind
from tracker.spend.connections.schedule import timetable_of
from tracker.web.call import Call
from tracker.web.i18n import msgid
from tracker.web.messages import translated_text

STATES = {
    "active": (msgid("Works"), "good"),
    "needs_authorisation": (msgid("Has to be connected again"), "bad"),
    "paused": (msgid("Paused"), "warn"),
    "disconnected": (msgid("Disconnected"), ""),
}
RUN_STATES = {
    "queued": (msgid("Waits for its turn"), ""),
    "running": (msgid("Running"), ""),
    "waiting": (msgid("Waits for the platform"), "warn"),
    "ok": (msgid("Done"), "good"),
    "failed": (msgid("Failed"), "bad"),
    "stopped": (msgid("Stopped"), "warn"),
}
TRIGGERS = {
    "schedule": msgid("daily"),
    "weekly": msgid("weekly"),
    "manual": msgid("by hand"),
    "backfill": msgid("earlier days"),
}
#: What forms call the fields of connections and accounts.
FIELDS = {
    "client_id": msgid("Client ID"),
    "client_secret": msgid("Client secret"),
    "refresh_token": msgid("Refresh token"),
    "access_token": msgid("Access token"),
    "developer_token": msgid("Developer token"),
    "app_id": msgid("App ID"),
    "secret_key": msgid("Secret key"),
    "user_id": msgid("User ID"),
    "api_key": msgid("API key"),
    "api_secret": msgid("API secret"),
    "username": msgid("User name"),
    "password": msgid("Password"),
    "url": msgid("Address of the file (https)"),
    "authorization": msgid("Authorization header, where the address wants one"),
    "host": msgid("Mail server (IMAP over TLS)"),
    "server": msgid("SFTP server"),
    "port": msgid("Port"),
    "private_key": msgid("Private key (instead of a password)"),
    "passphrase": msgid("Passphrase of the private key"),
    "host_key": msgid("Host key of the server (SHA256:…)"),
    "endpoint": msgid("Address of the storage (empty: Amazon S3)"),
    "region": msgid("Region"),
    "bucket": msgid("Bucket"),
    "access_key": msgid("Access key ID"),
    "pattern": msgid("Names of the files, such as *.csv"),
    "folder": msgid("Folder"),
    "senders": msgid("Allowed senders: addresses or @domains"),
    "link_hosts": msgid("Hosts whose links are followed"),
    "platform": msgid("Platform"),
    "account": msgid("Account"),
    "manager": msgid("Manager account (customer ID)"),
    "login": msgid("Account's user name"),
    "currency": msgid("Currency"),
    "timezone": msgid("Time zone"),
}
#: What counts of a run are called.
COUNTS = {
    "added": msgid("Days added"),
    "replaced": msgid("Days replaced"),
    "unchanged": msgid("Days unchanged"),
    "search_terms": msgid("Search terms"),
    "clicks": msgid("Click look-ups"),
    "account_totals": msgid("Account totals"),
    "left": msgid("Files left for later"),
}
#: Kinds that are no platform with a name of its own.
_TITLES = {
    "web_address": msgid("HTTPS address"),
    "mailbox": msgid("Mailbox"),
    "sftp": msgid("SFTP server"),
    "s3": msgid("S3-compatible storage"),
}


def kind_title(call: Call, kind: Kind) -> str:
    """What a kind of connection is called in the reader's language."""
    return call.text(_TITLES[kind.name]) if kind.name in _TITLES else kind.title


def visible(call: Call) -> list[Connection]:
    """The connections that the caller may know of: those of the site, and of the whole company
    for who is not limited to some of its sites."""
    site = call.site
    whole = call.principal.right_in(site.tenant) is not None
    found = list_connections(call.parts.db, site.tenant)
    return [one for one in found if whole or one.site == site.key]


def one_visible(call: Call, connection: str) -> Connection:
    """The connection of that id, if the caller may know of it, or NotFound."""
    for one in visible(call):
        if one.id == connection:
            return one
    raise NotFound(f"No connection {connection!r}.", hint="List them: tracker connection list.")


def connection_view(call: Call, connection: Connection) -> dict[str, Any]:
    """A connection for a template."""
    title, tone = STATES[connection.state]
    return {
        "it": connection,
        "kind": kind_title(call, kind_of(connection.kind)),
        "state": call.text(title),
        "tone": "warn" if connection.state == "active" and connection.error else tone,
        "error": translated_text(call.language, connection.error),
        "when": when(call, timetable_of(connection)),
    }


def when(call: Call, timetable: Timetable) -> str:
    """The schedule in words."""
    if timetable.every_minutes:
        return call.text(msgid("every %(minutes)s minutes"), minutes=timetable.every_minutes)
    zone = timetable.timezone or call.text(msgid("the account's time zone"))
    return call.text(msgid("daily at %(time)s (%(zone)s)"), time=timetable.at, zone=zone)


def account_view(call: Call, account: ConnectionAccount) -> dict[str, Any]:
    """An account for a template."""
    return {"it": account, "error": translated_text(call.language, account.error)}


def run_view(call: Call, run: ConnectionRun) -> dict[str, Any]:
    """A run for a template."""
    title, tone = RUN_STATES[run.state]
    counts = [
        (call.text(COUNTS[name]) if name in COUNTS else name, call.formats.count(value))
        for name, value in run.results.counts.items()
        if isinstance(value, int)
    ]
    return {
        "it": run,
        "status": call.text(title),
        "tone": tone,
        "trigger": call.text(TRIGGERS[run.trigger]),
        "error": translated_text(call.language, run.error),
        "hint": translated_text(call.language, run.hint),
        "warnings": [translated_text(call.language, text) for text in run.warnings],
        "counts": counts,
        "total": _total(run),
        "megabytes": f"{run.counts.received / 1e6:.1f}",
    }


def _total(run: ConnectionRun) -> str | None:
    if not run.results.days:
        return None
    return f"{sum((parse_amount(one.cost) for one in run.results.days), start=parse_amount('0')):f}"


def field_views(call: Call, fields: tuple[Field, ...], connection: bool) -> list[dict[str, Any]]:
    """Fields of a form; ``connection`` says that there is one already, whose secrets stay if
    nothing is entered."""
    return [
        {
            "name": one.name,
            "label": call.text(FIELDS[one.name]) if one.name in FIELDS else one.name,
            "kind": "lines" if one.lines else "password" if one.secret else "text",
            "secret": one.secret,
            "required": False,
            "hint": "" if one.required or connection else call.text(msgid("Optional")),
        }
        for one in fields
    ]


def alerts(call: Call) -> list[dict[str, str]]:
    """What stands against connections of this site and their accounts, for the head of every
    page."""
    if call.known_site is None or call.caller.principal is None:
        return []
    seen = {one.id: one for one in visible(call)}
    told = [
        (one, one.name, one.error)
        for one in seen.values()
        if one.error and one.state in ("active", "needs_authorisation")
    ]
    told += [
        (
            seen[one.connection],
            f"{seen[one.connection].name} › {one.name or one.account}",
            one.error,
        )
        for one in failing_accounts(call.parts.db, call.site.tenant)
        if one.connection in seen
    ]
    may = call.may(Right.WRITE)
    return [
        {
            "name": name,
            "error": translated_text(call.language, error),
            "address": f"/sites/{call.site.key}/connections/{one.id}" if may else "",
        }
        for one, name, error in told
    ]
