"""What a breakdown reads of people and of their leads before its own statements: tags that were
written on their cards, and what open leads are expected to bring."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Engine

from tracker.accounts.person_cards import site_cards
from tracker.accounts.pipeline import pipeline_of
from tracker.accounts.sites import Site
from tracker.errors import InvalidInput
from tracker.money import cent_of
from tracker.reports.expected import expected_value, open_leads
from tracker.reports.measures import STAGES
from tracker.reports.people_search import person_of
from tracker.reports.pipeline import mean_order, read_tracks
from tracker.reports.published import Published, lean
from tracker.reports.result import Incomplete
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

PACKAGE = "tracker.reports"
#: Tagged visitors that one statement can be told.
MOST_TAGGED = 50_000


def tag_parameters(warehouse: Warehouse, db: Engine, site: Site) -> dict[str, object]:
    """The tags of every visitor of a person with tags, as the dimension ``person_tag`` has them.

    A person's tags stand together, in order, between commas: so he is in one row of a breakdown.
    InvalidInput for more people than a statement can be told.
    """
    found_cards = site_cards(db, site.key, tagged=True)
    cards = {int(visitor, 16): card.tags for visitor, card in found_cards.items()}
    if len(cards) > MOST_TAGGED:
        raise InvalidInput(
            f"More than {MOST_TAGGED} people have tags.", hint="Leave out person_tag."
        )
    person = person_of(warehouse, site, cards)
    tags: dict[int, set[str]] = {}
    for visitor, own in cards.items():
        tags.setdefault(person.get(visitor, visitor), set()).update(own)
    # A person is named by his smallest visitor, who has no row of his own where he is alone.
    whose = person | {one: one for one in tags}
    found = {one: ", ".join(sorted(tags[name])) for one, name in whose.items() if name in tags}
    # An empty list has no type that the engine could see.
    return {"tagged": list(found) or [0], "tag_lists": list(found.values()) or [""]}


def stage_parameters(db: Engine, site: Site, measures: Iterable[str]) -> dict[str, list[str]]:
    """The goals of each role of stages, if any of their measures is asked for."""
    if not any(name.partition("_")[0] in STAGES for name in measures):
        return {}
    pipeline = pipeline_of(db, site.key)
    return {f"{role}_goals": pipeline.goals(role) for role in STAGES}


def valued_roles(
    warehouse: Warehouse, site: Site, state: Published, stages: Mapping[str, list[str]]
) -> frozenset[str]:
    """Roles of stages of which a value was ever recorded; ``stages`` are ``stage_parameters``."""
    if not stages:
        return frozenset()
    earned = state.of("credits")
    params = {"site": site.key, "credit_builds": earned.every, "older_credits": earned.older}

    def read() -> set[str]:
        found = warehouse.rows(*lean(load_sql(PACKAGE, "valued_goals.sql"), params))
        return {goal for (goal,) in found}

    valued = warehouse.remembered.get(("valued_goals", site.key, earned.newest), read)
    goals = {role: stages[f"{role}_goals"] for role in STAGES}
    return frozenset(role for role, own in goals.items() if not valued.isdisjoint(own))


def expectations(
    warehouse: Warehouse, db: Engine, site: Site, asof: int, now: datetime
) -> tuple[dict[str, object], list[Incomplete]]:
    """What each open lead is worth, in 1e-6 of the site's currency, at the conversion that its
    stage is; nothing while the mean order is unknown, and the rates for want of which it is."""
    pipeline = pipeline_of(db, site.key)
    mean, lacking = mean_order(warehouse, site, pipeline)
    if mean is None:
        return {}, lacking
    cent = cent_of(site.currency)
    leads = {
        lead.lead: lead
        for lead in open_leads(read_tracks(warehouse, site, pipeline), pipeline, now)
    }
    rows = warehouse.rows(
        load_sql(PACKAGE, "breakdown_waiting.sql"),
        {"site": site.key, "asof": asof, "leads": list(leads)},
    )
    # Of the same stage entered twice, the last counts.
    at: Mapping[str, int] = {
        lead: int(conversion)
        for conversion, lead, goal, _ in rows
        if goal.partition(":")[2] == leads[lead].stage
    }
    worth = {
        conversion: int(expected_value(leads[lead].chance, mean, cent).scaleb(6))
        for lead, conversion in at.items()
    }
    return {"waiting": list(worth) or [0], "worth": list(worth.values()) or [0]}, lacking
