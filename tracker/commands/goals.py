"""Goals: what counts as a conversion. The next reconcile applies a change to history."""

from __future__ import annotations

from tracker.accounts import goals
from tracker.accounts.goal_grant import goal_fields, grant_goal
from tracker.accounts.sites import Site, get_site
from tracker.commands.progress import Progress
from tracker.parts import Parts
from tracker.reconcile.marking import mark_credits
from tracker.requests.goals import AddGoal, RemoveGoal


def add_goal(parts: Parts, request: AddGoal, _: Progress) -> object:
    """A new goal. InvalidInput for what contradicts itself."""
    goal = grant_goal(parts.db, request, now=parts.clock())
    goals_changed(parts, get_site(parts.db, goal.site))
    return goal_fields(goal)


def remove_goal(parts: Parts, request: RemoveGoal, _: Progress) -> object:
    """Remove a goal; its conversions go with it."""
    site = get_site(parts.db, request.site)
    goal = goals.remove_goal(parts.db, site.key, request.name)
    goals_changed(parts, site)
    return goal_fields(goal)


def goals_changed(parts: Parts, site: Site) -> None:
    """Mark what follows from a goal that was added or removed."""
    mark_credits(parts.warehouse, parts.db, site)
