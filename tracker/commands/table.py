"""Commands that need the engine: one table of name, request and function.

The CLI runs them in its own process, or sends them to the one that serves (``tracker/control``). A
request holds absolute paths; a result is a struct or JSON values, printed as they are by
``--json``. A function is imported when it is called, so that a process pays for what it does only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

import msgspec

from tracker.requests import (
    accounts,
    connections,
    conversions,
    events,
    goals,
    people,
    pipeline,
    reports,
    sites,
    spend,
    upkeep,
)

if TYPE_CHECKING:
    from tracker.commands.progress import Progress
    from tracker.parts import Parts

Function = Callable[["Parts", Any, "Progress"], object]


@dataclass(frozen=True, slots=True)
class Command:
    """``run(parts, request, progress)`` does it and returns the result.

    ``target`` is ``MODULE:FUNCTION`` within ``tracker.commands``.
    """

    request: type[msgspec.Struct]
    target: str

    def function(self) -> Function:
        """The function that does it, imported now."""
        module, _, name = self.target.partition(":")
        return cast(Function, getattr(import_module(f"tracker.commands.{module}"), name))

    def run(self, parts: Parts, request: Any, progress: Progress) -> object:
        """Do it. TrackerError for whatever goes wrong."""
        return self.function()(parts, request, progress)


COMMANDS: dict[str, Command] = {
    "events-import": Command(events.ImportEvents, "events:import_events"),
    "reclassify": Command(events.Reclassify, "events:reclassify"),
    "spend-import": Command(spend.ImportSpend, "spend:import_spend"),
    "held-list": Command(spend.ListHeld, "spend:list_held"),
    "held-accept": Command(spend.AcceptHeld, "spend:accept_held"),
    "held-discard": Command(spend.DiscardHeld, "spend:discard_held"),
    "invalid-import": Command(spend.ImportInvalid, "spend:import_invalid"),
    "invalid-list": Command(spend.ListInvalid, "spend:invalid"),
    "rates-import": Command(spend.ImportRates, "rates:import_rates"),
    "rates-list": Command(spend.ListRates, "rates:standing"),
    "rates-set": Command(spend.SetRate, "rates:enter"),
    "rates-remove": Command(spend.RemoveRate, "rates:remove"),
    "rates-fetch": Command(spend.FetchRates, "rates:fetch_rates"),
    "conversions-import": Command(conversions.ImportConversions, "conversions:import_conversions"),
    "conversions-take": Command(conversions.TakeConversions, "conversions:take_conversions"),
    "goal-add": Command(goals.AddGoal, "goals:add_goal"),
    "goal-remove": Command(goals.RemoveGoal, "goals:remove_goal"),
    "pipeline-set": Command(pipeline.SetStages, "pipeline:change_stages"),
    "lead-list": Command(pipeline.ListLeads, "pipeline:leads"),
    "lead-move": Command(pipeline.MoveLead, "pipeline:move"),
    "person-list": Command(people.ListPeople, "people:people"),
    "person-show": Command(people.Person, "people:show"),
    "person-card": Command(people.WriteCard, "people:card"),
    "person-notes": Command(people.Person, "people:notes"),
    "person-note": Command(people.WriteNote, "people:note"),
    "person-note-remove": Command(people.RemoveNote, "people:remove"),
    "person-export": Command(people.Person, "people:export"),
    "person-erase": Command(people.Person, "people:erase"),
    "person-merge": Command(people.Identity, "people:merge"),
    "person-unmerge": Command(people.Identity, "people:unmerge"),
    "person-rejoin": Command(people.Identity, "people:rejoin"),
    "site-params": Command(sites.ProposeParams, "sites:propose_params"),
    "connection-test": Command(connections.CheckConnection, "connections:check"),
    "connection-accounts": Command(connections.ChooseAccounts, "connections:choose"),
    "connection-run": Command(connections.RunConnection, "connections:run"),
    "connection-resume": Command(connections.ResumeRun, "connections:resume"),
    "account-place": Command(accounts.PlaceAccount, "accounts:place"),
    "cost-rule-add": Command(accounts.AddCostRule, "accounts:add_cost_rule"),
    "cost-rule-remove": Command(accounts.RemoveCostRule, "accounts:remove_cost_rule"),
    "report-keywords": Command(reports.ReportKeywords, "reports:keywords"),
    "report-breakdown": Command(reports.ReportBreakdown, "reports:breakdown"),
    "report-pipeline": Command(pipeline.ReportPipeline, "reports:pipeline"),
    "report-models": Command(reports.ReportAttribution, "reports:models"),
    "report-paths": Command(reports.ReportAttribution, "reports:paths"),
    "report-match": Command(reports.ReportMatch, "reports:match"),
    "report-conversions": Command(reports.ListConversions, "reports:conversions"),
    "report-conversion": Command(reports.ShowConversion, "reports:conversion"),
    "reconcile": Command(upkeep.Reconcile, "upkeep:reconcile"),
    "rebuild": Command(upkeep.Rebuild, "upkeep:rebuild"),
    "spool-requeue": Command(upkeep.Requeue, "upkeep:requeue"),
    "health": Command(upkeep.CheckHealth, "health:check"),
    "doctor": Command(upkeep.Diagnose, "health:diagnose"),
}
