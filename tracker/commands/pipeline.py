"""The sales pipeline: its stages, and the leads in it."""

from __future__ import annotations

from typing import cast

from tracker.accounts.pipeline import Role, Stage, pipeline_fields, set_stages
from tracker.accounts.sites import get_site
from tracker.commands.conversions import offline_deps
from tracker.commands.progress import Progress
from tracker.conversions.lead_moves import correct_stage, move_lead
from tracker.parts import Parts
from tracker.reconcile.marking import mark_credits
from tracker.reports.leads import list_leads
from tracker.requests.pipeline import ListLeads, MoveLead, SetStages


def change_stages(parts: Parts, request: SetStages, _: Progress) -> object:
    """Replace the stages of a site's pipeline; none means the usual ones."""
    site = get_site(parts.db, request.site)
    stages = [
        Stage(key, cast(Role, role), name, aliases) for key, role, name, aliases in request.stages
    ]
    pipeline = set_stages(parts.db, site.key, stages)
    mark_credits(parts.warehouse, parts.db, site)
    return pipeline_fields(site.key, pipeline)


def leads(parts: Parts, request: ListLeads, _: Progress) -> object:
    """The leads of a site, those of a stage, or those that a search finds."""
    return list_leads(
        parts.warehouse,
        parts.db,
        get_site(parts.db, request.site),
        clock=parts.clock,
        stage=request.stage,
        search=request.search,
        limit=request.limit,
        offset=request.offset,
    )


def move(parts: Parts, request: MoveLead, _: Progress) -> object:
    """A lead to its next stage, or one of its stages said anew."""
    site = get_site(parts.db, request.site)
    work = correct_stage if request.step.id else move_lead
    return work(offline_deps(parts, site), site, request.lead, request.step)
