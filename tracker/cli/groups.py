"""Groups of commands: what they are called, and the modules that fill them when one is called.

Importing a group's modules is most of what a command costs to start, so only those of the group
that is called are imported.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group


def _group(text: str) -> typer.Typer:
    return typer.Typer(help=text, no_args_is_help=True)


site = _group("Sites: what is tracked.")
goal = _group("Goals: what counts as a conversion.")
pipeline = _group("Stages through which leads move.")
lead = _group("Leads of the sales pipeline.")
person = _group("People: visitors joined across devices.")
webhook = _group("Addresses where other systems report leads.")
token = _group("API tokens.")
events = _group("Events.")
spend = _group("Cost of the platforms.")
conversions = _group("Conversions away from the web site.")
rates = _group("Exchange rates.")
connection = _group("Connections: spend that is imported on schedule.")
account = _group("Ad accounts: sites, campaigns, rules of cost.")
report = _group("Reports.")
runs = _group("What the jobs did.")
spool = _group("Events that wait for ClickHouse.")


@dataclass(frozen=True, slots=True)
class Group:
    """``commands`` is empty until the modules, of ``tracker.cli``, are imported."""

    commands: typer.Typer
    modules: tuple[str, ...]

    def fill(self) -> TyperGroup:
        """The group with its commands."""
        for module in self.modules:
            import_module(f"tracker.cli.{module}")
        return get_group(self.commands)


#: In the order of the help.
GROUPS = {
    "site": Group(site, ("sites", "rules")),
    "goal": Group(goal, ("goals",)),
    "pipeline": Group(pipeline, ("pipeline",)),
    "lead": Group(lead, ("leads",)),
    "person": Group(person, ("people",)),
    "webhook": Group(webhook, ("webhooks",)),
    "token": Group(token, ("tokens",)),
    "events": Group(events, ("imports",)),
    "spend": Group(spend, ("imports", "held", "mappings")),
    "conversions": Group(conversions, ("imports",)),
    "rates": Group(rates, ("imports", "rates")),
    "connection": Group(connection, ("connections", "connection_runs")),
    "account": Group(account, ("accounts",)),
    "report": Group(report, ("reports", "attribution")),
    "runs": Group(runs, ("runs",)),
    "spool": Group(spool, ("upkeep",)),
}


class Root(TyperGroup):
    """The ``tracker`` command: its groups are filled when they are called, not for its help."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the words name, and the words that are left for it."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, GROUPS[name].fill() if name in GROUPS else command, rest
