"""``tracker init``, ``tracker serve``, ``tracker demo``.

They import what they need when they are called: the help of ``tracker`` imports this module.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from tracker.cli.output import Json, note, print_json, progress_bar, say
from tracker.config import load_settings
from tracker.errors import InvalidInput


def init(
    owner: Annotated[str, typer.Option(help="E-mail address of the owner.")],
    company: Annotated[str, typer.Option(help="Name of the company.")] = "My company",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Set up: the stores, a company and its owner."""
    from tracker.accounts.state import set_up
    from tracker.cli.metadata import metadata

    password = _password(from_stdin=password_stdin)
    with metadata() as db:
        tenant, user = set_up(db, email=owner, password=password, tenant=company)
    if as_json:
        print_json({"company": tenant.id, "owner": user.email})
    else:
        say(f"{user.email} owns {tenant.name} ({tenant.id}). Next: tracker site add, tracker serve")


def serve(
    role: Annotated[str, typer.Option(help="all, ingest, web or jobs.")] = "all",
    workers: Annotated[int, typer.Option(min=1, max=64, help="Ingest processes.")] = 1,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port.")] = None,
) -> None:
    """Serve beacons, pages and API, and run the jobs, until Ctrl-C."""
    from tracker.server import run_server

    run_server(load_settings(host=host, port=port), role=role, workers=workers, announce=note)


def demo(
    seed: Annotated[int, typer.Option(help="The same seed makes the same data.")] = 1,
    days: Annotated[int, typer.Option(min=7, max=400, help="Days of history.")] = 90,
    leave: Annotated[bool, typer.Option("--exit", help="Fill and report, do not serve.")] = False,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port.")] = None,
) -> None:
    """Fill a data directory with a fictitious company, show its report, and serve it."""
    from tracker.cli.reports import show_keywords
    from tracker.demo.run import Screen, run_demo

    screen = Screen(say=say, note=note, progress=progress_bar, show=show_keywords)
    run_demo(load_settings(port=port), screen, seed=seed, days=days, leave=leave)


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise InvalidInput("No password on standard input.")
        return password
    if not sys.stdin.isatty():
        raise InvalidInput("No terminal to ask for a password.", hint="Use --password-stdin.")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
