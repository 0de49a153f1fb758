"""Ad accounts, and which site each of their campaigns advertises.

Spend belongs to (tenant, platform, account). A campaign belongs to exactly one site: the one it
was given, else the account's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, Row, and_, delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from tracker.accounts import schema
from tracker.accounts.database import write
from tracker.accounts.names import checked_name
from tracker.accounts.platforms import account_name
from tracker.accounts.upserts import upsert
from tracker.errors import NotFound
from tracker.money import parse_currency
from tracker.period import checked_zone


@dataclass(frozen=True, slots=True)
class AdAccount:
    """An account at an ad platform; None for what is not known yet.

    ``account`` is the platform's own id. ``timezone`` is that of the account's reporting days,
    ``site`` the one that its campaigns advertise unless they say otherwise.
    """

    tenant: str
    platform: str
    account: str
    name: str = ""
    currency: str | None = None
    timezone: str | None = None
    site: str | None = None


def upsert_ad_account(db: Engine, account: AdAccount) -> AdAccount:
    """Store what is known and return all that is known: a None or empty field changes nothing.

    InvalidInput for a bad value, NotFound for a tenant or site that does not exist.
    """
    checked = _checked(account)
    table = schema.ad_accounts
    try:
        with write(db) as connection:
            statement = upsert(connection, table).values(**_values(checked))
            new = statement.excluded
            kept = {
                name: func.coalesce(new[name], table.c[name])
                for name in ("currency", "timezone", "site")
            }
            kept["name"] = func.coalesce(func.nullif(new.name, ""), table.c.name)
            row = connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["tenant", "platform", "account"], set_=kept
                ).returning(*table.c)
            ).one()
    except IntegrityError as error:
        raise NotFound(f"No tenant {account.tenant!r} or no site {account.site!r}.") from error
    return _account(row)


def place_ad_account(db: Engine, key: tuple[str, str, str], site: str | None) -> None:
    """Let an account, (tenant, platform, account), belong to a site, or to none. The caller marks
    both sites' slices. NotFound for an account or site that does not exist."""
    table = schema.ad_accounts
    try:
        with write(db) as connection:
            done = connection.execute(update(table).where(_is(table.c, *key)).values(site=site))
    except IntegrityError as error:
        raise NotFound(f"No site {site!r}.") from error
    if not done.rowcount:
        raise NotFound(f"No ad account {key[2]!r} at {key[1]}.")


def find_ad_account(db: Engine, tenant: str, platform: str, account: str) -> AdAccount | None:
    """The account, or None."""
    table = schema.ad_accounts
    with db.connect() as connection:
        row = connection.execute(
            select(table).where(_is(table.c, tenant, platform, account))
        ).one_or_none()
    return None if row is None else _account(row)


def standing_name(db: Engine, tenant: str, platform: str, written: str) -> str:
    """An ad account's one name, unless its spend stands under the written one since before names
    were made alike. InvalidInput for what is no name."""
    name = checked_name(written, "ad account")
    alike = account_name(platform, name)
    return name if alike != name and find_ad_account(db, tenant, platform, name) else alike


def get_ad_account(db: Engine, tenant: str, platform: str, account: str) -> AdAccount:
    """The account, or NotFound."""
    found = find_ad_account(db, tenant, platform, account)
    if found is None:
        raise NotFound(f"No ad account {account!r} at {platform}.")
    return found


def list_ad_accounts(db: Engine, tenant: str) -> list[AdAccount]:
    """The tenant's ad accounts by platform and id."""
    table = schema.ad_accounts
    query = (
        select(table).where(table.c.tenant == tenant).order_by(table.c.platform, table.c.account)
    )
    with db.connect() as connection:
        return [_account(row) for row in connection.execute(query)]


def accounts_of_site(db: Engine, site: str) -> list[AdAccount]:
    """The ad accounts that advertise the site, as a whole or with some campaign."""
    table, campaigns = schema.ad_accounts, schema.campaign_sites
    by_campaign = select(campaigns.c.account).where(
        _is(campaigns.c, table.c.tenant, table.c.platform, table.c.account),
        campaigns.c.site == site,
    )
    query = (
        select(table)
        .where(or_(table.c.site == site, by_campaign.exists()))
        .order_by(table.c.platform, table.c.account)
    )
    with db.connect() as connection:
        return [_account(row) for row in connection.execute(query)]


def assign_campaign(
    db: Engine, *, tenant: str, platform: str, account: str, campaign: str, site: str | None
) -> None:
    """Give a campaign (the platform's id) to a site, or back to the account's own with None.

    NotFound for an account or site that does not exist. The caller marks both sites' slices.
    """
    table = schema.campaign_sites
    name = checked_name(campaign, "campaign", longest=500)
    key = {"tenant": tenant, "platform": platform, "account": account, "campaign": name}
    try:
        with write(db) as connection:
            if site is None:
                here = and_(*(table.c[column] == value for column, value in key.items()))
                connection.execute(delete(table).where(here))
                return
            connection.execute(
                upsert(connection, table)
                .values(**key, site=site)
                .on_conflict_do_update(index_elements=list(key), set_={"site": site})
            )
    except IntegrityError as error:
        raise NotFound(f"No ad account {account!r} at {platform}, or no site {site!r}.") from error


def campaign_sites(db: Engine, tenant: str, platform: str, account: str) -> dict[str, str]:
    """Campaign to site, for the campaigns of an account that were given to one."""
    table = schema.campaign_sites
    with db.connect() as connection:
        rows = connection.execute(select(table).where(_is(table.c, tenant, platform, account)))
        return {row.campaign: row.site for row in rows}


def given_campaigns(
    db: Engine, accounts: Iterable[tuple[str, str, str]]
) -> list[tuple[str, str, str, str, str]]:
    """(tenant, platform, account, campaign, site) of the campaigns of these accounts that were
    given to a site of their own; accounts as (tenant, platform, account)."""
    table, wanted = schema.campaign_sites, set(accounts)
    query = select(table).where(table.c.tenant.in_({tenant for tenant, _, _ in wanted}))
    with db.connect() as connection:
        rows = sorted(tuple(row) for row in connection.execute(query))
    return [(t, p, a, campaign, site) for t, p, a, campaign, site in rows if (t, p, a) in wanted]


def _checked(account: AdAccount) -> AdAccount:
    if account.timezone is not None:
        checked_zone(account.timezone)
    return AdAccount(
        tenant=account.tenant,
        platform=checked_name(account.platform, "platform", longest=40),
        account=checked_name(account.account, "ad account"),
        name=checked_name(account.name, "ad account") if account.name.strip() else "",
        currency=None if account.currency is None else parse_currency(account.currency),
        timezone=account.timezone,
        site=account.site,
    )


def _is(columns: Any, tenant: Any, platform: Any, account: Any) -> Any:
    return and_(columns.tenant == tenant, columns.platform == platform, columns.account == account)


def _values(account: AdAccount) -> dict[str, Any]:
    return {name: getattr(account, name) for name in AdAccount.__dataclass_fields__}


def _account(row: Row[Any]) -> AdAccount:
    return AdAccount(**row._mapping)
