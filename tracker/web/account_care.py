"""Changes of ad accounts that a page or a program asks for, within what the caller may.

An account is seen by who may see its site, and one of no site by whoever administers a site of
the company. It is moved by who administers both the site that it leaves and the one it goes to.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from tracker.accounts.access import visible_sites
from tracker.accounts.ad_accounts import AdAccount, campaign_sites, get_ad_account
from tracker.accounts.cost_rules import CostRule, Key, rule_draft
from tracker.accounts.rights import Right
from tracker.accounts.sites import Site, find_site
from tracker.errors import AccessDenied, NotFound
from tracker.period import local_day
from tracker.reconcile.account_changes import (
    Desk,
    add_rule,
    place_account,
    place_campaign,
    remove_rule,
)
from tracker.reconcile.account_view import (
    AccountView,
    CampaignView,
    accounts_seen,
    campaigns_of,
)
from tracker.spend.importer import SpendDeps
from tracker.spend.invalid_clicks import (
    InvalidReport,
    InvalidSum,
    import_invalid_file,
    invalid_sums,
)
from tracker.web.call import Call
from tracker.web.uploads import Upload

#: Days over which invalid clicks are shown beside an account; they end yesterday.
INVALID_DAYS = 30


def sites_seen(call: Call) -> list[Site]:
    """The sites of this company that the caller may see."""
    seen = visible_sites(call.parts.db, call.principal)
    return [site for site in seen if site.tenant == call.site.tenant]


def list_seen(call: Call) -> list[AccountView]:
    """The accounts that the caller may see; those of no site only with the right to place them."""
    found = accounts_seen(call.parts.db, call.site.tenant, {site.key for site in sites_seen(call)})
    return [one for one in found if one.site or one.given or call.may(Right.ADMIN)]


def campaigns_seen(call: Call, account: AccountView) -> list[CampaignView]:
    """The campaigns of an account that the caller may see."""
    key = (call.site.tenant, account.platform, account.account)
    sites = {site.key for site in sites_seen(call)}
    today = call.parts.clock().date()
    return campaigns_of(call.parts.warehouse, call.parts.db, key, sites, today)


def place(call: Call, fields: Mapping[str, str]) -> None:
    """Move the account, or ``campaign`` of it, to ``site``; "" is none, or the account's own."""
    account = _account(call, fields)
    target = fields.get("site", "") or None
    campaign = fields.get("campaign", "").strip()
    _require(call, target)
    if campaign:
        before = campaign_sites(call.parts.db, *_key(account)).get(campaign)
        _require(call, account.site)
        _require(call, before)
        place_campaign(_desk(call), _key(account), campaign, target)
    else:
        _require(call, account.site)
        place_account(_desk(call), _key(account), target)


def add(call: Call, fields: Mapping[str, str]) -> CostRule:
    """Add a rule of the account's cost."""
    account = _account(call, fields)
    _require(call, account.site)
    return add_rule(_desk(call), _key(account), rule_draft(fields))


def remove(call: Call, fields: Mapping[str, str]) -> CostRule:
    """Remove a rule of the account's cost."""
    account = _account(call, fields)
    _require(call, account.site)
    return remove_rule(_desk(call), _key(account), fields.get("rule", ""))


def invalid_seen(call: Call) -> dict[tuple[str, str], InvalidSum]:
    """What the platforms took back over the last 30 whole days, by (platform, account)."""
    today = local_day(call.parts.clock(), call.zone)
    first, last = today - timedelta(days=INVALID_DAYS), today - timedelta(days=1)
    found = invalid_sums(call.parts.warehouse, call.site.tenant, first, last)
    return {(one.platform, one.account): one for one in found}


def take_invalid(
    call: Call, upload: Upload, fields: Mapping[str, str], *, dry_run: bool = False
) -> InvalidReport:
    """Import a report of invalid clicks into an account of the site."""
    parts = call.parts
    return import_invalid_file(
        SpendDeps(parts.warehouse, parts.db, parts.clock),
        call.site,
        upload.path,
        platform=fields.get("platform", ""),
        account=fields.get("account", ""),
        dry_run=dry_run,
        skip_bad_rows=fields.get("skip_bad_rows", "") in ("1", "true"),
        filename=upload.filename,
        file_limit=parts.settings.upload_limit,
    )


def _account(call: Call, fields: Mapping[str, str]) -> AdAccount:
    wanted = (fields.get("platform", ""), fields.get("account", ""))
    if wanted not in {(one.platform, one.account) for one in list_seen(call)}:
        raise NotFound(f"No ad account {wanted[1]!r} at {wanted[0]}.")
    return get_ad_account(call.parts.db, call.site.tenant, *wanted)


def _require(call: Call, site: str | None) -> None:
    """AccessDenied unless the caller administers that site; nothing for none."""
    if site is None:
        return
    found = find_site(call.parts.db, site)
    held = call.principal.right_on(found) if found and found.tenant == call.site.tenant else None
    if held is None or not held.covers(Right.ADMIN):
        raise AccessDenied("You may not change what belongs to that site.")


def _desk(call: Call) -> Desk:
    return Desk(call.parts.warehouse, call.parts.db, call.parts.clock)


def _key(account: AdAccount) -> Key:
    return account.tenant, account.platform, account.account
