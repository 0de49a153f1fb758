"""Commands that need the engine: one table of name, request and function.

The CLI runs them in its own process, or sends them to the process that serves (``control.py``).
A request holds absolute paths; a result is a struct or JSON values, printed as they are by
``--json``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec

from tracker import operations
from tracker.accounts.cost_rules import rule_draft
from tracker.accounts.goal_wish import GoalWish
from tracker.accounts.pipeline import Role, Stage
from tracker.accounts.sites import get_site
from tracker.attribution.grouping import Level
from tracker.conversions.entries import Entry, take_entries
from tracker.conversions.lead_moves import correct_stage, move_lead
from tracker.ingest.proposal import apply_map, propose
from tracker.period import Period
from tracker.reconcile.account_changes import (
    Desk,
    add_rule,
    place_account,
    place_campaign,
    remove_rule,
)
from tracker.reconcile.account_view import rule_view
from tracker.reconcile.identity import (
    join_people,
    part_visitor,
    rejoin_visitor,
    visitors_of,
)
from tracker.reports.attribution_request import AttributionRequest
from tracker.reports.breakdown import Breakdown, breakdown
from tracker.reports.breakdown_request import read_breakdown
from tracker.reports.conversion_detail import conversion_detail, list_conversions
from tracker.reports.keywords import keyword_report
from tracker.reports.leads import list_leads
from tracker.reports.match_quality import match_quality
from tracker.reports.model_comparison import compare_models
from tracker.reports.path_report import path_report
from tracker.reports.people import list_people, person_report
from tracker.reports.pipeline import pipeline_report
from tracker.reports.request import Brand, By, KeywordRequest, Model, Sort, choice
from tracker.reports.result import KeywordReport
from tracker.spend.health import HealthDeps, site_health

if TYPE_CHECKING:
    from tracker.parts import Parts

Progress = Callable[[int, int | None], None]


class ImportEvents(msgspec.Struct, frozen=True):
    """``tracker events import``."""

    file: str
    site: str
    dry_run: bool = False
    skip_bad_rows: bool = False


class ImportSpend(msgspec.Struct, frozen=True):
    """``tracker spend import``; ``columns`` maps fields to columns of the file."""

    file: str
    site: str
    platform: str = ""
    account: str = ""
    currency: str = ""
    columns: dict[str, str] = {}
    dry_run: bool = False
    skip_bad_rows: bool = False
    replace: bool = False
    partial: bool = False
    period_total: bool = False


class ImportConversions(msgspec.Struct, frozen=True):
    """``tracker conversions import``."""

    file: str
    site: str
    columns: dict[str, str] = {}
    dry_run: bool = False
    skip_bad_rows: bool = False


class ImportRates(msgspec.Struct, frozen=True):
    """``tracker rates import``; ``site`` names the tenant, empty when there is only one."""

    file: str
    site: str = ""
    dry_run: bool = False
    skip_bad_rows: bool = False


class FetchRates(msgspec.Struct, frozen=True):
    """``tracker rates fetch``: from the address of the settings, for every company."""


class Reconcile(msgspec.Struct, frozen=True):
    """``tracker reconcile``: load what is spooled, then rebuild until nothing is dirty."""


class Rebuild(msgspec.Struct, frozen=True):
    """``tracker rebuild``: mark the history of a site dirty, or some days, then reconcile."""

    site: str
    first: str = ""
    last: str = ""


class Reclassify(msgspec.Struct, frozen=True):
    """``tracker reclassify``: classify the events of a site by the rules of now, then reconcile."""

    site: str
    dry_run: bool = False


class AddGoal(GoalWish, frozen=True):
    """``tracker goal add``."""


class RemoveGoal(msgspec.Struct, frozen=True):
    """``tracker goal remove``."""

    site: str
    name: str


class SetStages(msgspec.Struct, frozen=True):
    """``tracker pipeline set`` and ``reset``: (key, role, name, aliases) each; none for the
    usual stages."""

    site: str
    stages: tuple[tuple[str, str, str, tuple[str, ...]], ...] = ()


class ReportPipeline(msgspec.Struct, frozen=True):
    """``tracker report pipeline``; days as YYYY-MM-DD."""

    site: str
    first: str
    last: str


class ListLeads(msgspec.Struct, frozen=True):
    """``tracker lead list``."""

    site: str
    stage: str = ""
    search: str = ""
    limit: int = 50
    offset: int = 0


class TakeConversions(msgspec.Struct, frozen=True):
    """``tracker lead add`` and ``tracker conversions add``."""

    site: str
    entries: tuple[Entry, ...]


class MoveLead(msgspec.Struct, frozen=True):
    """``tracker lead move``; with the id of one of its stages in ``step`` it is said anew."""

    site: str
    lead: str
    step: Entry


class Person(msgspec.Struct, frozen=True):
    """``tracker person show``, ``export`` and ``erase``; ``person`` is one of his visitors."""

    site: str
    person: str


class Identity(msgspec.Struct, frozen=True):
    """``tracker person merge`` (with ``other``), ``unmerge`` and ``rejoin`` (a visitor)."""

    site: str
    person: str
    other: str = ""


class ListPeople(msgspec.Struct, frozen=True):
    """``tracker person list``; days as YYYY-MM-DD."""

    site: str
    first: str
    last: str
    known: bool = True
    limit: int = 50
    offset: int = 0


class ProposeParams(msgspec.Struct, frozen=True):
    """``tracker site params``: a map of freely named query parameters; ``apply`` stores it."""

    site: str
    days: int = 30
    apply: bool = False


class Requeue(msgspec.Struct, frozen=True):
    """``tracker spool requeue``: try what was refused again."""


class ReportKeywords(msgspec.Struct, frozen=True, kw_only=True):
    """``tracker report keywords``; days as YYYY-MM-DD."""

    site: str
    first: str
    last: str
    model: str = Model.LAST_NON_DIRECT
    by: str = By.CLICK
    compare: str = ""
    goal: str = ""
    platform: str = ""
    search: str = ""
    brand: str = Brand.ALL
    sort: str = Sort.COST
    ascending: bool = False
    limit: int = 0
    offset: int = 0


class CheckConnection(msgspec.Struct, frozen=True):
    """``tracker connection test``."""

    connection: str


class RunConnection(msgspec.Struct, frozen=True):
    """``tracker connection run|backfill``; days as YYYY-MM-DD, "" for the recent ones; ``account``
    "" is every enabled one."""

    connection: str
    account: str = ""
    first: str = ""
    last: str = ""


class ResumeRun(msgspec.Struct, frozen=True):
    """``tracker connection resume``."""

    run: str


class PlaceAccount(msgspec.Struct, frozen=True):
    """``tracker account place``: an account, or a campaign of it, to the site, or to none."""

    site: str
    platform: str
    account: str
    campaign: str = ""
    away: bool = False


class AddCostRule(msgspec.Struct, frozen=True):
    """``tracker account rule-add``; days as YYYY-MM-DD, amounts as decimal text."""

    site: str
    platform: str
    account: str
    kind: str
    first: str
    value: str
    last: str = ""
    credit: str = ""
    currency: str = ""
    note: str = ""


class RemoveCostRule(msgspec.Struct, frozen=True):
    """``tracker account rule-remove``."""

    site: str
    platform: str
    account: str
    rule: str


class CheckHealth(msgspec.Struct, frozen=True):
    """``tracker health``."""

    site: str


class ReportAttribution(msgspec.Struct, frozen=True, kw_only=True):
    """``tracker report models`` and ``tracker report paths``; days as YYYY-MM-DD."""

    site: str
    first: str
    last: str
    level: str = Level.CAMPAIGN
    by: str = By.CONVERSION
    goal: str = ""
    order: int = 1
    limit: int = 50


class ReportMatch(msgspec.Struct, frozen=True):
    """``tracker report match``; days as YYYY-MM-DD."""

    site: str
    first: str
    last: str


class ListConversions(msgspec.Struct, frozen=True, kw_only=True):
    """``tracker report conversions``; days as YYYY-MM-DD, of the conversion."""

    site: str
    first: str
    last: str
    goal: str = ""
    limit: int = 100
    offset: int = 0


class ShowConversion(msgspec.Struct, frozen=True):
    """``tracker report conversion``: one conversion with its touches."""

    site: str
    conversion: str


class ReportBreakdown(msgspec.Struct, frozen=True, kw_only=True):
    """``tracker report breakdown``; days as YYYY-MM-DD, ``given`` as in the API's query."""

    site: str
    first: str
    last: str
    given: dict[str, str]
    limit: int = 0
    offset: int = 0


class Diagnose(msgspec.Struct, frozen=True):
    """``tracker doctor``."""


@dataclass(frozen=True, slots=True)
class Command:
    """``run(parts, request, progress)`` does it and returns the result."""

    request: type[msgspec.Struct]
    run: Callable[[Parts, Any, Progress], object]


def _import_events(parts: Parts, request: ImportEvents, progress: Progress) -> object:
    return operations.import_events(
        parts,
        get_site(parts.db, request.site),
        Path(request.file),
        dry_run=request.dry_run,
        skip_bad_rows=request.skip_bad_rows,
        progress=progress,
    )


def _import_spend(parts: Parts, request: ImportSpend, progress: Progress) -> object:
    return operations.import_spend(
        parts,
        get_site(parts.db, request.site),
        Path(request.file),
        operations.spend_options(
            platform=request.platform,
            account=request.account,
            currency=request.currency,
            mapping=request.columns,
            dry_run=request.dry_run,
            skip_bad_rows=request.skip_bad_rows,
            replace=request.replace,
            partial=request.partial,
            period_total=request.period_total,
        ),
        progress=progress,
    )


def _import_conversions(parts: Parts, request: ImportConversions, progress: Progress) -> object:
    return operations.import_conversions(
        parts,
        get_site(parts.db, request.site),
        Path(request.file),
        mapping=request.columns,
        dry_run=request.dry_run,
        skip_bad_rows=request.skip_bad_rows,
        progress=progress,
    )


def _import_rates(parts: Parts, request: ImportRates, _: Progress) -> object:
    return operations.import_rates(
        parts,
        Path(request.file),
        request.site,
        dry_run=request.dry_run,
        skip_bad_rows=request.skip_bad_rows,
    )


def _fetch_rates(parts: Parts, _: FetchRates, __: Progress) -> object:
    return {"fetched": operations.fetch_rates(parts)}


def _reconcile(parts: Parts, _: Reconcile, progress: Progress) -> object:
    return operations.reconcile(parts, progress=progress)


def _rebuild(parts: Parts, request: Rebuild, progress: Progress) -> object:
    site = get_site(parts.db, request.site)
    return operations.rebuild(parts, site, request.first, request.last, progress=progress)


def _reclassify(parts: Parts, request: Reclassify, progress: Progress) -> object:
    site = get_site(parts.db, request.site)
    return operations.reclassify(parts, site, dry_run=request.dry_run, progress=progress)


def _add_goal(parts: Parts, request: AddGoal, _: Progress) -> object:
    return operations.add_goal(parts, request)


def _remove_goal(parts: Parts, request: RemoveGoal, _: Progress) -> object:
    return operations.remove_goal(parts, get_site(parts.db, request.site), request.name)


def _set_stages(parts: Parts, request: SetStages, _: Progress) -> object:
    stages = [
        Stage(key, cast(Role, role), name, aliases) for key, role, name, aliases in request.stages
    ]
    return operations.change_stages(parts, get_site(parts.db, request.site), stages)


def _report_pipeline(parts: Parts, request: ReportPipeline, _: Progress) -> object:
    site = get_site(parts.db, request.site)
    period = Period.parse(request.first, request.last)
    return pipeline_report(parts.warehouse, parts.db, site, period, clock=parts.clock)


def _list_leads(parts: Parts, request: ListLeads, _: Progress) -> object:
    return list_leads(
        parts.warehouse,
        get_site(parts.db, request.site),
        stage=request.stage,
        search=request.search,
        limit=request.limit,
        offset=request.offset,
    )


def _take_conversions(parts: Parts, request: TakeConversions, _: Progress) -> object:
    site = get_site(parts.db, request.site)
    return take_entries(operations.offline_deps(parts, site), site, request.entries)


def _move_lead(parts: Parts, request: MoveLead, _: Progress) -> object:
    site = get_site(parts.db, request.site)
    work = correct_stage if request.step.id else move_lead
    return work(operations.offline_deps(parts, site), site, request.lead, request.step)


def _show_person(parts: Parts, request: Person, _: Progress) -> object:
    site = get_site(parts.db, request.site)
    return person_report(parts.warehouse, site, visitors_of(parts.warehouse, site, request.person))


def _export_person(parts: Parts, request: Person, _: Progress) -> object:
    return operations.export(parts, get_site(parts.db, request.site), request.person)


def _erase_person(parts: Parts, request: Person, _: Progress) -> object:
    return operations.erase(parts, get_site(parts.db, request.site), request.person)


def _identity(
    work: Callable[..., None], *, two: bool = False
) -> Callable[[Parts, Identity, Progress], object]:
    def run(parts: Parts, request: Identity, _: Progress) -> object:
        site = get_site(parts.db, request.site)
        names = (request.person, request.other) if two else (request.person,)
        work(parts.warehouse, parts.db, site, *names, author="command", now=parts.clock())
        return msgspec.to_builtins(request)

    return run


def _list_people(parts: Parts, request: ListPeople, _: Progress) -> object:
    return list_people(
        parts.warehouse,
        get_site(parts.db, request.site),
        Period.parse(request.first, request.last),
        known=request.known,
        limit=request.limit,
        offset=request.offset,
    )


def _propose_params(parts: Parts, request: ProposeParams, _: Progress) -> object:
    since = parts.clock() - timedelta(days=request.days)
    site = get_site(parts.db, request.site)
    proposed = propose(parts.warehouse, site, since)
    if request.apply and proposed:
        apply_map(parts.db, site, proposed)
    return {"proposed": proposed, "applied": request.apply and bool(proposed)}


def _requeue(parts: Parts, _: Requeue, __: Progress) -> object:
    return operations.requeue(parts)


def _report(parts: Parts, request: ReportKeywords, _: Progress) -> KeywordReport:
    return keyword_report(
        parts.warehouse,
        parts.db,
        KeywordRequest(
            site=get_site(parts.db, request.site),
            period=Period.parse(request.first, request.last),
            model=choice(Model, "model", request.model),
            by=choice(By, "by", request.by),
            compare=operations.wants_previous(request.compare),
            goal=operations.goal_filter(parts, request.site, request.goal),
            platform=request.platform,
            search=request.search,
            brand=choice(Brand, "brand", request.brand),
            sort=choice(Sort, "sort", request.sort),
            descending=not request.ascending,
            limit=request.limit,
            offset=request.offset,
        ),
        clock=parts.clock,
    )


def _test_connection(parts: Parts, request: CheckConnection, _: Progress) -> object:
    return operations.check_connection_now(parts, request.connection)


def _run_connection(parts: Parts, request: RunConnection, progress: Progress) -> object:
    days = Period.parse(request.first, request.last) if request.first or request.last else None
    return operations.run_connection(
        parts, request.connection, request.account, days, progress=progress
    )


def _resume_run(parts: Parts, request: ResumeRun, progress: Progress) -> object:
    return operations.resume_connection_run(parts, request.run, progress=progress)


def _account_desk(parts: Parts, request: Any) -> tuple[Desk, tuple[str, str, str]]:
    tenant = get_site(parts.db, request.site).tenant
    desk = Desk(parts.warehouse, parts.db, parts.clock)
    return desk, (tenant, request.platform, request.account)


def _place_account(parts: Parts, request: PlaceAccount, _: Progress) -> object:
    desk, key = _account_desk(parts, request)
    site = None if request.away else request.site
    if request.campaign:
        place_campaign(desk, key, request.campaign, site)
    else:
        place_account(desk, key, site)
    return {"account": request.account, "campaign": request.campaign, "site": site}


def _add_cost_rule(parts: Parts, request: AddCostRule, _: Progress) -> object:
    desk, key = _account_desk(parts, request)
    return rule_view(add_rule(desk, key, rule_draft(msgspec.structs.asdict(request))))


def _remove_cost_rule(parts: Parts, request: RemoveCostRule, _: Progress) -> object:
    desk, key = _account_desk(parts, request)
    return rule_view(remove_rule(desk, key, request.rule))


def _health(parts: Parts, request: CheckHealth, _: Progress) -> object:
    deps = HealthDeps(parts.warehouse, parts.db, parts.clock())
    return site_health(deps, get_site(parts.db, request.site))


def _attribution(parts: Parts, request: ReportAttribution) -> AttributionRequest:
    return AttributionRequest(
        site=get_site(parts.db, request.site),
        period=Period.parse(request.first, request.last),
        level=choice(Level, "level", request.level),
        by=choice(By, "by", request.by),
        goal=operations.goal_filter(parts, request.site, request.goal),
        order=request.order,
        limit=request.limit,
    )


def _models(parts: Parts, request: ReportAttribution, _: Progress) -> object:
    return compare_models(parts.warehouse, _attribution(parts, request))


def _paths(parts: Parts, request: ReportAttribution, _: Progress) -> object:
    return path_report(parts.warehouse, _attribution(parts, request))


def _match(parts: Parts, request: ReportMatch, _: Progress) -> object:
    period = Period.parse(request.first, request.last)
    return match_quality(parts.warehouse, get_site(parts.db, request.site), period)


def _list_conversions(parts: Parts, request: ListConversions, _: Progress) -> object:
    found = list_conversions(
        parts.warehouse,
        parts.db,
        get_site(parts.db, request.site),
        Period.parse(request.first, request.last),
        goal=operations.goal_filter(parts, request.site, request.goal),
        limit=request.limit,
        offset=request.offset,
    )
    return {"conversions": found}


def _show_conversion(parts: Parts, request: ShowConversion, _: Progress) -> object:
    site = get_site(parts.db, request.site)
    return conversion_detail(parts.warehouse, parts.db, site, request.conversion)


def _breakdown(parts: Parts, request: ReportBreakdown, _: Progress) -> Breakdown:
    site = get_site(parts.db, request.site)
    wanted = read_breakdown(request.given, site, Period.parse(request.first, request.last))
    goal = operations.goal_filter(parts, request.site, wanted.goal)
    wanted = replace(wanted, goal=goal, limit=request.limit, offset=request.offset)
    return breakdown(parts.warehouse, parts.db, wanted, clock=parts.clock)


def _diagnose(parts: Parts, _: Diagnose, __: Progress) -> object:
    return operations.diagnose(parts)


COMMANDS: dict[str, Command] = {
    "events-import": Command(ImportEvents, _import_events),
    "spend-import": Command(ImportSpend, _import_spend),
    "conversions-import": Command(ImportConversions, _import_conversions),
    "rates-import": Command(ImportRates, _import_rates),
    "rates-fetch": Command(FetchRates, _fetch_rates),
    "reconcile": Command(Reconcile, _reconcile),
    "rebuild": Command(Rebuild, _rebuild),
    "reclassify": Command(Reclassify, _reclassify),
    "goal-add": Command(AddGoal, _add_goal),
    "goal-remove": Command(RemoveGoal, _remove_goal),
    "pipeline-set": Command(SetStages, _set_stages),
    "report-pipeline": Command(ReportPipeline, _report_pipeline),
    "lead-list": Command(ListLeads, _list_leads),
    "lead-move": Command(MoveLead, _move_lead),
    "conversions-take": Command(TakeConversions, _take_conversions),
    "person-list": Command(ListPeople, _list_people),
    "person-show": Command(Person, _show_person),
    "person-export": Command(Person, _export_person),
    "person-erase": Command(Person, _erase_person),
    "person-merge": Command(Identity, _identity(join_people, two=True)),
    "person-unmerge": Command(Identity, _identity(part_visitor)),
    "person-rejoin": Command(Identity, _identity(rejoin_visitor)),
    "site-params": Command(ProposeParams, _propose_params),
    "spool-requeue": Command(Requeue, _requeue),
    "report-keywords": Command(ReportKeywords, _report),
    "report-breakdown": Command(ReportBreakdown, _breakdown),
    "connection-test": Command(CheckConnection, _test_connection),
    "connection-run": Command(RunConnection, _run_connection),
    "connection-resume": Command(ResumeRun, _resume_run),
    "account-place": Command(PlaceAccount, _place_account),
    "cost-rule-add": Command(AddCostRule, _add_cost_rule),
    "cost-rule-remove": Command(RemoveCostRule, _remove_cost_rule),
    "health": Command(CheckHealth, _health),
    "report-models": Command(ReportAttribution, _models),
    "report-paths": Command(ReportAttribution, _paths),
    "report-match": Command(ReportMatch, _match),
    "report-conversions": Command(ListConversions, _list_conversions),
    "report-conversion": Command(ShowConversion, _show_conversion),
    "doctor": Command(Diagnose, _diagnose),
}
