"""The goal, or the stage of leads, that a report is limited to."""

from __future__ import annotations

from sqlalchemy import Engine

from tracker.accounts.goals import STAGES, get_goal
from tracker.accounts.pipeline import pipeline_of
from tracker.errors import NotFound
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql


def report_goal(warehouse: Warehouse, db: Engine, site: str, wanted: str) -> str:
    """The stored form of a goal (its name or id) or of ``stage:…`` or ``repeat:…`` with a stage's
    key or name; empty for all. NotFound, also for a stage that the site neither has nor had."""
    if not wanted.startswith(STAGES):
        return get_goal(db, site, wanted).id if wanted else ""
    kind, _, text = wanted.partition(":")
    pipeline = pipeline_of(db, site)
    stage = pipeline.key_of(text)
    if pipeline.find(stage) is None and not _has_been(warehouse, site, stage):
        names = ", ".join(repr(one.key) for one in pipeline.stages)
        raise NotFound(f"The site {site!r} has no stage {stage!r}.", hint=f"There are: {names}.")
    return f"{kind}:{stage}"


def _has_been(warehouse: Warehouse, site: str, stage: str) -> bool:
    sql = load_sql("tracker.reports", "stage_facts.sql")
    return bool(warehouse.rows(sql, {"site": site, "stage": stage}))
