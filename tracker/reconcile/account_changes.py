"""Changes of ad accounts, and what is computed again after them: to whom spend belongs, and the
rules of its cost. Each change is stored first; the days that it is for are marked after it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Engine

from tracker.accounts.ad_accounts import (
    AdAccount,
    assign_campaign,
    campaign_sites,
    get_ad_account,
    list_ad_accounts,
    place_ad_account,
)
from tracker.accounts.clock import Clock
from tracker.accounts.cost_rules import (
    CostRule,
    Key,
    RuleDraft,
    add_cost_rule,
    cost_rules,
    remove_cost_rule,
)
from tracker.accounts.marks import Slice, mark
from tracker.accounts.sites import find_site
from tracker.errors import InvalidInput
from tracker.period import MAX_DAYS, local_day, parse_zone
from tracker.spend.cost_rules import holds
from tracker.spend.daybook import days_between
from tracker.spend.owners import linked_sites
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

#: For so many days a monthly fee is made up for.
LATEST_FEES = 100


@dataclass(frozen=True, slots=True)
class Desk:
    """Where changes are stored."""

    warehouse: Warehouse
    db: Engine
    clock: Clock


def place_account(desk: Desk, key: Key, site: str | None) -> AdAccount:
    """Let an account belong to a site, or to none. InvalidInput for another company's site."""
    account = get_ad_account(desk.db, *key)
    _check_tenant(desk.db, key, site)
    place_ad_account(desk.db, key, site)
    _mark_account(desk, key, [account.site, site])
    return get_ad_account(desk.db, *key)


def place_campaign(desk: Desk, key: Key, campaign: str, site: str | None) -> None:
    """Give a campaign to a site, or back to the account's own with None."""
    account = get_ad_account(desk.db, *key)
    _check_tenant(desk.db, key, site)
    before = campaign_sites(desk.db, *key).get(campaign)
    assign_campaign(
        desk.db, tenant=key[0], platform=key[1], account=key[2], campaign=campaign, site=site
    )
    _mark_account(desk, key, [account.site, before, site])


def add_rule(desk: Desk, key: Key, draft: RuleDraft) -> CostRule:
    """Store a rule of an account's cost."""
    rule = add_cost_rule(desk.db, key, draft, now=desk.clock())
    _mark_rule(desk, rule)
    return rule


def remove_rule(desk: Desk, key: Key, rule: str) -> CostRule:
    """Remove a rule of an account's cost."""
    gone = remove_cost_rule(desk.db, key, rule)
    _mark_rule(desk, gone)
    return gone


def mark_fees(warehouse: Warehouse, db: Engine, tenants: Iterable[str], today: date) -> int:
    """Mark the days of monthly fees, which are due without any spend: yesterday, today, and what
    nobody computed of the ``LATEST_FEES`` days before, as while the server was down."""
    due = {
        Slice("spend", site, day)
        for tenant in tenants
        for rule, site in _monthly(db, tenant)
        for day in days_between(today - timedelta(days=LATEST_FEES), today)
        if holds(rule, day)
    }
    if not due:
        return 0
    rows = warehouse.rows(
        load_sql("tracker.reconcile", "built_spend.sql"),
        {
            "sites": sorted({one.site for one in due}),
            "first": today - timedelta(days=LATEST_FEES),
            "last": today - timedelta(days=2),
        },
    )
    slices = due - {Slice("spend", str(site), day) for site, day in rows}
    mark(db, slices)
    return len(slices)


def _monthly(db: Engine, tenant: str) -> list[tuple[CostRule, str]]:
    """The monthly fees of a tenant's accounts, each with the site of the account."""
    accounts = {(a.tenant, a.platform, a.account): a for a in list_ad_accounts(db, tenant)}
    found = []
    for rule in cost_rules(db, accounts):
        site = accounts[rule.tenant, rule.platform, rule.account].site
        if rule.kind == "monthly" and site:
            found.append((rule, site))
    return found


def _mark_rule(desk: Desk, rule: CostRule) -> None:
    account = get_ad_account(desk.db, rule.tenant, rule.platform, rule.account)
    sites = linked_sites(desk.db, account)
    mark(desk.db, [Slice("spend", s, day) for s in sites for day in _rule_days(desk, rule)])


def _rule_days(desk: Desk, rule: CostRule) -> list[date]:
    """The days that a rule holds, up to now."""
    account = get_ad_account(desk.db, rule.tenant, rule.platform, rule.account)
    today = local_day(desk.clock(), parse_zone(account.timezone or "UTC"))
    first = max(rule.first, today - timedelta(days=MAX_DAYS))
    return days_between(first, min(rule.last or today, today))


def _mark_account(desk: Desk, key: Key, sites: Iterable[str | None]) -> None:
    """The days of the account on these sites: where it was, what it leaves has to go."""
    rows = desk.warehouse.rows(load_sql("tracker.reconcile", "spend_days.sql"), {"accounts": [key]})
    days = {day for (day,) in rows}
    for rule in cost_rules(desk.db, [key]):
        if rule.kind == "monthly":
            days.update(_rule_days(desk, rule))
    mark(desk.db, [Slice("spend", site, day) for site in sites if site for day in days])


def _check_tenant(db: Engine, key: Key, site: str | None) -> None:
    found = find_site(db, site) if site else None
    if site and (found is None or found.tenant != key[0]):
        raise InvalidInput(f"There is no site {site!r} that the account could belong to.")
