"""The ``tracker`` command. Results go to standard output (``--json``: as JSON), the rest to
standard error. Exit codes: 0 done; 1 something is away or failed; 2 the input is wrong, with one
line that says what, which value, and what is allowed."""

from __future__ import annotations

import os
import sys

import typer

from tracker.cli import attribution as attribution  # adds commands to ``report``
from tracker.cli import connection_runs as connection_runs  # adds commands to ``connection``
from tracker.cli import rules as rules  # adds commands to ``site``
from tracker.cli.accounts import account
from tracker.cli.connections import connection
from tracker.cli.health import health
from tracker.cli.imports import conversions, events, rates, spend
from tracker.cli.output import fail, refuse
from tracker.cli.people import person
from tracker.cli.pipeline import lead, pipeline, webhook
from tracker.cli.reports import doctor, rebuild, reclassify, reconcile, report, runs, spool
from tracker.cli.server import demo, init, serve
from tracker.cli.sites import goal, site, token
from tracker.errors import TrackerError

app = typer.Typer(
    help="Which search keywords earn more than they cost.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for name, group in {
    "site": site,
    "goal": goal,
    "pipeline": pipeline,
    "lead": lead,
    "person": person,
    "webhook": webhook,
    "token": token,
    "events": events,
    "spend": spend,
    "conversions": conversions,
    "rates": rates,
    "connection": connection,
    "report": report,
    "runs": runs,
    "spool": spool,
}.items():
    app.add_typer(group, name=name)
for command in (init, serve, demo, doctor, reconcile, rebuild, reclassify):
    app.command()(command)
app.add_typer(account, name="account")
app.command()(health)


#: What Typer raises for words that are no command, option or value; it exports only a child.
UsageError: type[Exception] = typer.BadParameter.__bases__[0]


def main() -> None:
    """Entry point of the console script."""
    try:
        sys.exit(app(standalone_mode=False))
    except TrackerError as error:
        sys.exit(fail(error))
    except UsageError as error:
        sys.exit(refuse(error))
    except typer.Abort:
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output is gone, as with `| head`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
