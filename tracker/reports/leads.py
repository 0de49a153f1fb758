"""Leads of the sales pipeline: where they stand, whose they are, what they went through."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import Engine

from tracker.accounts.clock import Clock
from tracker.accounts.pipeline import UNLISTED, Pipeline, pipeline_of
from tracker.accounts.sites import Site
from tracker.errors import NotFound
from tracker.money import decimal_text
from tracker.reports.listed import listed
from tracker.reports.matching import way_matched
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

PACKAGE = "tracker.reports"


class LeadOrigin(msgspec.Struct, frozen=True):
    """Whose a lead is and what brought it (last non-direct touch); texts are empty and
    ``matched`` is ``none`` while it is not known, and ``expired`` when it is no longer tried.
    ``person`` is 16 hexadecimal digits."""

    person: str = ""
    matched: str = "none"
    channel: str = ""
    platform: str = ""
    campaign: str = ""
    keyword: str = ""


class Lead(msgspec.Struct, frozen=True):
    """A lead as it stands. Times are UTC; ``value`` is the latest that was recorded, decimal text
    in ``currency``."""

    lead: str
    stage: str
    opened: datetime
    moved: datetime
    stages: int
    value: str | None
    currency: str
    reason: str
    origin: LeadOrigin


class LeadStep(msgspec.Struct, frozen=True):
    """A stage that a lead entered; ``corrected`` when it was said anew later. ``value`` is as it
    was given, ``tax_rate`` the tax that it includes, null for the site's rule."""

    id: str
    stage: str
    time: datetime
    value: str | None
    currency: str
    tax_rate: str | None
    product_group: str
    order_cost: str | None
    reason: str
    corrected: bool


class LeadPage(msgspec.Struct, frozen=True):
    """Some leads, and how many there are in all."""

    leads: list[Lead]
    total: int


def turn_parameters(pipeline: Pipeline) -> dict[str, object]:
    """What statements need to know which of the stages of one instant comes first."""
    turns = pipeline.turns()
    return {"stages": list(turns), "turns": list(turns.values()), "unlisted": UNLISTED}


def list_leads(
    warehouse: Warehouse,
    db: Engine,
    site: Site,
    *,
    clock: Clock,
    stage: str = "",
    search: str = "",
    keys: list[str] | None = None,
    limit: int = 50,
    offset: int = 0,
) -> LeadPage:
    """Leads, the last moved first; ``search`` is a part of a lead's key, ``keys`` names leads."""
    rows, total = listed(
        warehouse,
        load_sql(PACKAGE, "leads.sql"),
        {
            "site": site.key,
            "stage": stage,
            "lead": search.strip(),
            "keys": keys or [],
            "limit": limit,
            "offset": offset,
            **turn_parameters(pipeline_of(db, site.key)),
        },
        "leads",
    )
    origins = _origins(warehouse, site, [str(row["first_id"]) for row in rows], clock())
    leads = [
        Lead(
            lead=str(row["lead"]),
            stage=str(row["stage"]),
            opened=row["opened"],
            moved=row["moved"],
            stages=int(row["stages"]),
            value=decimal_text(row["value"]),
            currency=str(row["currency"]),
            reason=str(row["reason"]),
            origin=origins.get(str(row["first_id"]), LeadOrigin()),
        )
        for row in rows
    ]
    return LeadPage(leads, total)


def leads_by_stage(warehouse: Warehouse, db: Engine, site: Site) -> dict[str, int]:
    """How many leads stand in each stage."""
    params = {"site": site.key, **turn_parameters(pipeline_of(db, site.key))}
    rows = warehouse.rows(load_sql(PACKAGE, "lead_stages.sql"), params)
    return {str(stage): int(count) for stage, count in rows}


def lead_steps(warehouse: Warehouse, db: Engine, site: Site, lead: str) -> list[LeadStep]:
    """The stages of a lead, oldest first; NotFound."""
    params = {"site": site.key, "lead": lead, **turn_parameters(pipeline_of(db, site.key))}
    rows = warehouse.dicts(load_sql(PACKAGE, "lead_facts.sql"), params)
    if not rows:
        raise NotFound(f"No lead {lead!r}.", hint="Look at the list of leads.")
    return [
        LeadStep(
            id=str(row["external_id"]),
            stage=str(row["stage"]),
            time=row["time"],
            value=decimal_text(row["value"]),
            currency=str(row["currency"]),
            tax_rate=decimal_text(row["tax_rate"], 0),
            product_group=str(row["product_group"]),
            order_cost=decimal_text(row["order_cost"]),
            reason=str(row["reason"]),
            corrected=int(row["versions"]) > 1,
        )
        for row in rows
    ]


def _origins(
    warehouse: Warehouse, site: Site, ids: list[str], now: datetime
) -> dict[str, LeadOrigin]:
    if not ids:
        return {}
    _, keywords, resolution = warehouse.rows(load_sql(PACKAGE, "asof.sql"), {"site": site.key})[0]
    rows = warehouse.dicts(
        load_sql(PACKAGE, "lead_sources.sql"),
        {
            "site": site.key,
            "ids": sorted(set(ids)),
            "keywords": keywords,
            "resolution": resolution,
        },
    )
    return {
        str(row["id"]): LeadOrigin(
            person=f"{int(row['person']):016x}" if row["person"] else "",
            matched=way_matched(row, now),
            channel=str(row["channel"]),
            platform=str(row["platform"]),
            campaign=str(row["campaign"]),
            keyword=str(row["keyword"]),
        )
        for row in rows
    }
