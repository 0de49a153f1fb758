"""Connections: asked, run and resumed now; the command waits for the end."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from tracker.accounts.connection_accounts import ConnectionAccount, list_accounts
from tracker.accounts.connection_runs import get_connection_run
from tracker.accounts.connections import get_connection
from tracker.commands.progress import Progress
from tracker.parts import Parts
from tracker.period import Period
from tracker.requests.connections import (
    CheckConnection,
    ChooseAccounts,
    ResumeRun,
    RunConnection,
)
from tracker.spend.connections.asking import again, ask, finish
from tracker.spend.connections.linking import check_connection, choose_account, enter_account
from tracker.spend.connections.shown import account_fields, run_fields


def check(parts: Parts, request: CheckConnection, _: Progress) -> object:
    """Ask the platform something that needs the authorisation, and list what it reaches."""
    found = get_connection(parts.db, request.connection)
    outcome = asyncio.run(check_connection(parts.workshop(), found))
    accounts = list_accounts(parts.db, request.connection)
    return {**outcome._asdict(), "accounts": [account_fields(one) for one in accounts]}


def choose(parts: Parts, request: ChooseAccounts, _: Progress) -> object:
    """Which accounts are imported, and one that the platform does not list."""
    found, deps = get_connection(parts.db, request.connection), parts.spend_deps()
    for account in request.enable:
        choose_account(deps, found, account, True)
    for account in request.disable:
        choose_account(deps, found, account, False)
    if request.enter:
        entered = ConnectionAccount(found.id, request.enter)
        enter_account(deps, found, replace(entered, **request.values))  # type: ignore[arg-type]
    return [account_fields(one) for one in list_accounts(parts.db, found.id)]


def run(parts: Parts, request: RunConnection, progress: Progress) -> object:
    """Run a connection now: the recent days, or those given."""
    days = Period.parse(request.first, request.last) if request.first or request.last else None
    found = get_connection(parts.db, request.connection)
    runs = ask(parts.db, found, request.account or None, days, parts.clock)
    return {"runs": [run_fields(run) for run in finish(parts.workshop(), runs, progress)]}


def resume(parts: Parts, request: ResumeRun, progress: Progress) -> object:
    """Let a run that was stopped or has failed go on."""
    found = get_connection_run(parts.db, request.run)
    again(parts.db, get_connection(parts.db, found.connection), request.run, parts.clock)
    return {"runs": [run_fields(one) for one in finish(parts.workshop(), [request.run], progress)]}
