"""Ad accounts, which site their campaigns belong to, and remembered column mappings."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from tests.test_accounts_sites import pump_site
from tracker.accounts.ad_accounts import (
    AdAccount,
    accounts_of_site,
    assign_campaign,
    campaign_sites,
    find_ad_account,
    get_ad_account,
    list_ad_accounts,
    upsert_ad_account,
)
from tracker.accounts.mappings import forget_mapping, recall_mapping, remember_mapping
from tracker.accounts.tenants import add_tenant
from tracker.errors import InvalidInput, NotFound


@pytest.fixture
def tenant(any_db: Engine) -> str:
    """A company."""
    return add_tenant(any_db, name="Pump works").id


def test_an_ad_account_gathers_what_becomes_known_of_it(any_db: Engine, tenant: str) -> None:
    site = pump_site(any_db, tenant=tenant).key
    upsert_ad_account(any_db, AdAccount(tenant, "baidu", "7", name="泵", currency="cny"))
    full = AdAccount(tenant, "baidu", "7", "泵", "CNY", "Asia/Shanghai", site)
    more = AdAccount(tenant, "baidu", "7", timezone="Asia/Shanghai", site=site)
    assert upsert_ad_account(any_db, more) == full
    assert upsert_ad_account(any_db, AdAccount(tenant, "baidu", "7")) == full
    assert get_ad_account(any_db, tenant, "baidu", "7") == full
    assert list_ad_accounts(any_db, tenant) == [full]
    assert find_ad_account(any_db, tenant, "google", "7") is None
    with pytest.raises(NotFound, match="No ad account '8' at baidu"):
        get_ad_account(any_db, tenant, "baidu", "8")


def test_a_bad_ad_account_is_refused(any_db: Engine, tenant: str) -> None:
    with pytest.raises(InvalidInput, match="Unknown currency"):
        upsert_ad_account(any_db, AdAccount(tenant, "baidu", "7", currency="XXQ"))
    with pytest.raises(InvalidInput, match="Unknown time zone"):
        upsert_ad_account(any_db, AdAccount(tenant, "baidu", "7", timezone="Mars"))
    with pytest.raises(InvalidInput, match="ad account needs a name"):
        upsert_ad_account(any_db, AdAccount(tenant, "baidu", ""))
    with pytest.raises(NotFound, match="No tenant 'nobody'"):
        upsert_ad_account(any_db, AdAccount("nobody", "baidu", "7"))
    with pytest.raises(NotFound, match="no site 'nosuchsite'"):
        upsert_ad_account(any_db, AdAccount(tenant, "baidu", "7", site="nosuchsite"))
    assert list_ad_accounts(any_db, tenant) == []


def test_a_campaign_can_belong_to_another_site_than_its_account(
    any_db: Engine, tenant: str
) -> None:
    own, other = (pump_site(any_db, tenant=tenant).key for _ in range(2))
    account = upsert_ad_account(any_db, AdAccount(tenant, "google", "1-2", site=own))
    upsert_ad_account(any_db, AdAccount(tenant, "baidu", "1-2", site=own))
    assert accounts_of_site(any_db, other) == []

    where = {"tenant": tenant, "platform": "google", "account": "1-2"}
    assign_campaign(any_db, **where, campaign="brand", site=own)
    assign_campaign(any_db, **where, campaign="brand", site=other)
    assert accounts_of_site(any_db, other) == [account]
    assert [found.platform for found in accounts_of_site(any_db, own)] == ["baidu", "google"]
    assert campaign_sites(any_db, tenant, "google", "1-2") == {"brand": other}
    assert campaign_sites(any_db, tenant, "baidu", "1-2") == {}

    assign_campaign(any_db, **where, campaign="brand", site=None)
    assert campaign_sites(any_db, tenant, "google", "1-2") == {}
    with pytest.raises(NotFound, match="no site 'nosuchsite'"):
        assign_campaign(any_db, **where, campaign="brand", site="nosuchsite")
    with pytest.raises(NotFound, match="No ad account '9'"):
        assign_campaign(any_db, **(where | {"account": "9"}), campaign="brand", site=own)


def test_a_mapping_is_remembered_per_tenant_and_header(any_db: Engine, tenant: str) -> None:
    other = add_tenant(any_db, name="Others").id
    remember_mapping(any_db, tenant, "abc", {"cost": "花费"})
    remember_mapping(any_db, tenant, "abc", {"cost": "消费", "day": "日期"})
    assert recall_mapping(any_db, tenant, "abc") == {"cost": "消费", "day": "日期"}
    assert recall_mapping(any_db, tenant, "abd") is None
    assert recall_mapping(any_db, other, "abc") is None
    assert forget_mapping(any_db, tenant, "abc")
    assert not forget_mapping(any_db, tenant, "abc")
    with pytest.raises(NotFound, match="No tenant 'nobody'"):
        remember_mapping(any_db, "nobody", "abc", {})
