"""Credit of the touches of the conversions that a build has made, under every rule model."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from tracker.accounts.sites import Site
from tracker.reconcile.build import BuildContext, BuiltRun
from tracker.reconcile.calendar import ONE_DAY, day_runs
from tracker.reconcile.following import Following, resetting
from tracker.warehouse.sql import load_sql

DAY_MS = 86_400_000


def build_credit(context: BuildContext, following: Following) -> list[BuiltRun]:
    """Credit of the touches of all conversions that this build has made, under every rule model;
    returns what is to be published of both. The visits of this build must be there."""
    days = following.days
    if following.written:
        made = {
            "build": context.number,
            "sites": sorted({site for site, _ in days}),
            "first": min(day for _, day in days),
            "last": max(day for _, day in days),
        }
        sql = load_sql("tracker.conversions", "made.sql")
        ((count, first, valued, owning),) = context.warehouse.rows(sql, made)
        if count:
            worth = {*(["valued"] if valued else []), *(["gains"] if owning else [])}
            _credit(context, following, first, worth)
            context.run("tracker.attribution", "credit_days.sql", made)
    return [("credits", of, [0], first, count) for of, first, count in day_runs(days)]


def _credit(
    context: BuildContext, following: Following, first: datetime, worth: Collection[str]
) -> None:
    """Credit of the conversions of this build; the first of their paths ends at ``first``, and what
    they are worth needs the parts of ``worth``."""
    days = following.days
    last = max(day for _, day in days)
    sites = sorted({site for site, _ in days})
    goals = [goal for site in sites for goal in context.goals[site]]
    lookbacks = [
        (goal.site, goal.id, goal.lookback_days * DAY_MS) for goal in goals if goal.lookback_days
    ]
    own = context.alike(sites, _spans)
    reach = max(
        *(lookback for (lookback, _), _ in own),
        *(goal.lookback_days or 0 for goal in goals),
        0,
    )
    resets = resetting(goals)
    parts = {
        *(following.kinds & {"people"}),
        *(["lookbacks"] if lookbacks else []),
        *(["resets"] if resets else []),
        *worth,
    }
    context.run(
        "tracker.attribution",
        "credits.sql",
        {
            "build": context.number,
            "sites": [
                (of, lookback * DAY_MS, half_life * DAY_MS) for (lookback, half_life), of in own
            ],
            "names": sites,
            "lookbacks": lookbacks,
            "days": day_runs(days) if resets else [],
            "first": min(day for _, day in days),
            "last": last,
            # The days of visits are the site's: its date may be the one before that of UTC.
            "since": first.date() - timedelta(days=reach) - ONE_DAY,
            "until": last,
            "resets": resets,
            "fresh": following.fresh.runs,
        },
        parts,
    )


def _spans(site: Site) -> tuple[int, int]:
    """Days: the lookback of a site, and the half-life of its time-decay model."""
    return site.lookback_days, site.settings.half_life_days
