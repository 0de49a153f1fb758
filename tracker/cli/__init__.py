"""The ``tracker`` command. Results go to standard output (``--json``: as JSON), the rest to
standard error. Exit codes: 0 done; 1 something is away or failed; 2 the input is wrong, with one
line that says what, which value, and what is allowed."""

from __future__ import annotations

import os
import sys

import typer

from tracker.cli.groups import GROUPS, Root
from tracker.cli.health import health
from tracker.cli.output import fail, refuse
from tracker.cli.server import demo, init, serve
from tracker.cli.upkeep import doctor, rebuild, reclassify, reconcile
from tracker.errors import TrackerError

app = typer.Typer(
    cls=Root,
    help="Which search keywords earn more than they cost.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for name, group in GROUPS.items():
    app.add_typer(group.commands, name=name)
for command in (init, serve, demo, doctor, health, reconcile, rebuild, reclassify):
    app.command()(command)


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
