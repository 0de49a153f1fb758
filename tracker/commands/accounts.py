"""Ad accounts: which site they count for, and what their cost is adjusted by."""

from __future__ import annotations

import msgspec

from tracker.accounts.cost_rules import rule_draft
from tracker.accounts.sites import get_site
from tracker.commands.progress import Progress
from tracker.parts import Parts
from tracker.reconcile.account_changes import (
    Desk,
    add_rule,
    place_account,
    place_campaign,
    remove_rule,
)
from tracker.reconcile.account_view import rule_view
from tracker.requests.accounts import AddCostRule, PlaceAccount, RemoveCostRule

_About = PlaceAccount | AddCostRule | RemoveCostRule


def place(parts: Parts, request: PlaceAccount, _: Progress) -> object:
    """An account, or a campaign of it, to the site, or to none."""
    desk, key = _desk(parts, request)
    site = None if request.away else request.site
    if request.campaign:
        place_campaign(desk, key, request.campaign, site)
    else:
        place_account(desk, key, site)
    return {"account": request.account, "campaign": request.campaign, "site": site}


def add_cost_rule(parts: Parts, request: AddCostRule, _: Progress) -> object:
    """A dated rule of an account; its days are rebuilt with the next reconcile."""
    desk, key = _desk(parts, request)
    return rule_view(add_rule(desk, key, rule_draft(msgspec.structs.asdict(request))))


def remove_cost_rule(parts: Parts, request: RemoveCostRule, _: Progress) -> object:
    """Remove a rule; its days are rebuilt with the next reconcile."""
    desk, key = _desk(parts, request)
    return rule_view(remove_rule(desk, key, request.rule))


def _desk(parts: Parts, request: _About) -> tuple[Desk, tuple[str, str, str]]:
    tenant = get_site(parts.db, request.site).tenant
    desk = Desk(parts.warehouse, parts.db, parts.clock)
    return desk, (tenant, request.platform, request.account)
