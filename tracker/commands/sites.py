"""The rules of a site, and what follows from changing them."""

from __future__ import annotations

from datetime import timedelta
from operator import attrgetter

from tracker.accounts.sites import Site, get_site
from tracker.commands.progress import Progress
from tracker.ingest.proposal import apply_map, propose
from tracker.parts import Parts
from tracker.reconcile.marking import mark_credits, mark_visits
from tracker.requests.sites import ProposeParams

#: Fields of a site that visits depend on, and those that credit does.
_of_visits = attrgetter("timezone", "visit_timeout", "currency")
_of_credit = attrgetter("lookback_days", "settings.of_credit")


def propose_params(parts: Parts, request: ProposeParams, _: Progress) -> object:
    """A map of the freely named parameters that events came with, stored if so asked."""
    since = parts.clock() - timedelta(days=request.days)
    site = get_site(parts.db, request.site)
    proposed = propose(parts.warehouse, site, since)
    if request.apply and proposed:
        apply_map(parts.db, site, proposed)
    return {"proposed": proposed, "applied": request.apply and bool(proposed)}


def site_changed(parts: Parts, before: Site | None, after: Site) -> None:
    """Mark what follows from a change of a site's rules."""
    if before is None:
        return
    if _of_visits(before) != _of_visits(after):
        mark_visits(parts.warehouse, parts.db, after)  # and credit
    elif _of_credit(before) != _of_credit(after):
        mark_credits(parts.warehouse, parts.db, after)
