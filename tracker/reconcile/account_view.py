"""Ad accounts as people see them: the site of each, campaign by campaign, and its cost rules."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Engine

from tracker.accounts.ad_accounts import AdAccount, campaign_sites, list_ad_accounts
from tracker.accounts.cost_rules import CostRule, Key, cost_rules
from tracker.money import decimal_text
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

#: Campaigns with spend in so many days are offered.
CAMPAIGN_DAYS = 365


class RuleView(msgspec.Struct, frozen=True, kw_only=True):
    """A rule of an account's cost; ``value`` as ``cost_rules.py`` says."""

    id: str
    kind: str
    first: str = msgspec.field(name="from")
    last: str | None = msgspec.field(name="to")
    value: str
    credit: str | None
    currency: str | None
    note: str


class CampaignView(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign: its id (or name), what it spent, and the site it was given to, null for the
    account's own."""

    campaign: str
    name: str
    cost: str
    newest: str | None
    site: str | None


class AccountView(msgspec.Struct, frozen=True, kw_only=True):
    """An ad account."""

    platform: str
    account: str
    name: str
    currency: str | None
    timezone: str | None
    site: str | None
    given: dict[str, str]
    rules: list[RuleView]


def accounts_seen(db: Engine, tenant: str, sites: Collection[str]) -> list[AccountView]:
    """The tenant's accounts of no site, of one of these, or with a campaign of one."""
    accounts = list_ad_accounts(db, tenant)
    rules = cost_rules(db, [_key(one) for one in accounts])
    found = []
    for one in accounts:
        given = campaign_sites(db, *_key(one))
        if one.site is None or one.site in sites or set(given.values()) & set(sites):
            own = [rule for rule in rules if _of(rule, one)]
            found.append(_view(one, {c: s for c, s in given.items() if s in sites}, own))
    return found


def campaigns_of(
    warehouse: Warehouse, db: Engine, key: Key, sites: Collection[str], today: date
) -> list[CampaignView]:
    """The campaigns of an account with spend, dearest first, then those that were only given."""
    given = {c: s for c, s in campaign_sites(db, *key).items() if s in sites}
    rows = warehouse.rows(
        load_sql("tracker.spend", "standing_campaigns.sql"),
        {
            **dict(zip(("tenant", "platform", "account"), key, strict=True)),
            "since": today - timedelta(days=CAMPAIGN_DAYS),
        },
    )
    found = [
        CampaignView(
            campaign=str(campaign),
            name=str(name),
            cost=decimal_text(Decimal(spent)) or "0.00",
            newest=newest.isoformat(),
            site=given.pop(str(campaign), None),
        )
        for campaign, name, spent, newest in rows
    ]
    return found + [
        CampaignView(campaign=campaign, name=campaign, cost="0.00", newest=None, site=site)
        for campaign, site in sorted(given.items())
    ]


def rule_view(rule: CostRule) -> RuleView:
    """A rule as people see it."""
    return RuleView(
        id=rule.id,
        kind=rule.kind,
        first=rule.first.isoformat(),
        last=rule.last.isoformat() if rule.last else None,
        value=decimal_text(rule.value, places=0) or "0",
        credit=decimal_text(rule.credit, places=0),
        currency=rule.currency,
        note=rule.note,
    )


def _view(account: AdAccount, given: dict[str, str], rules: list[CostRule]) -> AccountView:
    return AccountView(
        platform=account.platform,
        account=account.account,
        name=account.name,
        currency=account.currency,
        timezone=account.timezone,
        site=account.site,
        given=given,
        rules=[rule_view(rule) for rule in rules],
    )


def _key(account: AdAccount) -> Key:
    return account.tenant, account.platform, account.account


def _of(rule: Any, account: AdAccount) -> bool:
    return (rule.tenant, rule.platform, rule.account) == _key(account)
