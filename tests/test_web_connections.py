"""Pages and API of connections: who may see them, and what they never say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.fernet import Fernet

from tests.web_app import NOW, WebWorld, application
from tests.web_app import companies as companies
from tests.web_app import web as web
from tracker.accounts.connection_accounts import (
    ConnectionAccount,
    change_account,
    store_accounts,
)
from tracker.accounts.connections import (
    Connection,
    NewConnection,
    add_connection,
    list_connections,
    read_secret,
    set_connection_state,
)
from tracker.accounts.sealing import Sealer, new_key
from tracker.accounts.tokens import add_token
from tracker.spend.connections.authorising import Journey, set_out
from tracker.spend.connections.kinds import Workshop
from tracker.spend.importer import SpendDeps

SECRETS = {"client_id": "app", "client_secret": "very-secret-1", "refresh_token": "very-secret-2"}


@pytest.fixture
def shop(web: WebWorld) -> Workshop:
    sealer = Sealer((Fernet(new_key()),))
    return Workshop(SpendDeps(web.parts.warehouse, web.db, lambda: NOW), lambda: sealer, "test")


@pytest.fixture
def office(web: WebWorld, shop: Workshop) -> WebWorld:
    """The companies, with connections."""
    parts = replace(web.parts, workshop=shop)
    return replace(web, parts=parts, app=application(parts))


@pytest.fixture
def connection(web: WebWorld, shop: Workshop) -> Connection:
    new = NewConnection(web.site.tenant, "google", "Ads <b>", web.site.key, secret=SECRETS)
    made = add_connection(web.db, shop.sealer(), new, now=NOW)
    store_accounts(web.db, [ConnectionAccount(made.id, "123", name="泵", enabled=True)])
    return made


def test_a_connection_is_made_by_a_form_and_its_secrets_are_never_shown(
    office: WebWorld, shop: Workshop
) -> None:
    base = f"/sites/{office.site.key}/connections"
    form = office.owner.page(f"{base}/new?kind=google")
    assert "http://testserver/connections/callback" in form or "/connections/callback" in form
    refused = office.owner.submit(f"{base}/new", kind="google", client_id="app")
    assert refused.status_code == 400
    assert "Client secret" in refused.text
    made = office.owner.submit(
        f"{base}/new", kind="google", client_id="app", client_secret="very-secret-1"
    )
    assert made.status_code == 303
    (stored,) = list_connections(office.db, office.site.tenant)
    assert stored.state == "needs_authorisation"
    assert read_secret(office.db, shop.sealer(), stored.id)["client_secret"] == "very-secret-1"
    assert "very-secret" not in office.owner.page(made.headers["location"])


def test_a_form_for_no_kind_leads_to_the_choice_of_kinds(office: WebWorld) -> None:
    base = f"/sites/{office.site.key}/connections"
    answer = office.owner.get(f"{base}/new")
    assert (answer.status_code, answer.headers["location"]) == (303, base)
    assert 'name="kind"' in office.owner.page(base)


def test_the_api_lists_connections_and_runs_without_secrets(
    office: WebWorld, connection: Connection
) -> None:
    base = f"/api/v1/sites/{office.site.key}"
    _, secret = add_token(
        office.db, tenant=office.site.tenant, site=office.site.key, scope="write", now=NOW
    )
    reader = office.browser()
    given = {"Authorization": f"Bearer {secret}"}
    listed = reader.get(f"{base}/connections", **given)
    assert "very-secret" not in listed.text
    assert listed.json()["connections"][0]["accounts"][0]["account"] == "123"
    started = reader.request(
        "POST",
        f"{base}/connections/{connection.id}/runs",
        data={"from": "2026-03-01", "to": "2026-03-07"},
        headers=given,
    )
    assert started.status_code == 202
    (run,) = started.json()["runs"]
    found = reader.get(f"{base}/connection-runs/{run}", **given).json()
    assert (found["state"], found["first_day"], found["days_asked"]) == ("queued", "2026-03-01", 7)
    stopped = reader.request("POST", f"{base}/connection-runs/{run}/stop", headers=given)
    assert stopped.json()["state"] == "stopped"
    future = reader.request(
        "POST", f"{base}/connections/{connection.id}/runs", data={"from": "2026-03-01",
        "to": "2026-04-01"}, headers=given,
    )  # fmt: skip
    assert future.status_code == 400


def test_viewers_and_other_companies_see_no_connection(
    office: WebWorld, connection: Connection
) -> None:
    page = f"/sites/{office.site.key}/connections/{connection.id}"
    assert office.viewer.get(page).status_code == 403
    assert office.stranger.get(page).status_code == 404
    theirs = f"/sites/{office.their_site.key}/connections/{connection.id}"
    assert office.stranger.get(theirs).status_code == 404


def test_what_is_wrong_stands_on_every_page_of_the_site(
    office: WebWorld, connection: Connection
) -> None:
    said = "Google Ads cannot be reached."
    set_connection_state(office.db, connection.id, "needs_authorisation", error=said, now=NOW)
    for path in ("goals", "install", "runs"):
        page = office.owner.page(f"/sites/{office.site.key}/{path}")
        assert said in page
        assert "Ads &lt;b&gt;" in page
    assert said in office.viewer.page(f"/sites/{office.site.key}/goals")
    assert said not in office.stranger.page(f"/sites/{office.their_site.key}/goals")


def test_what_is_wrong_with_one_ad_account_stands_there_too(
    office: WebWorld, connection: Connection
) -> None:
    said = "Google Ads: the account is closed."
    change_account(office.db, connection.id, "123", error=said, cause="account")
    page = office.owner.page(f"/sites/{office.site.key}/goals")
    assert "Ads &lt;b&gt; › 泵" in page
    assert said in page
    set_connection_state(office.db, connection.id, "paused", now=NOW)
    assert said not in office.owner.page(f"/sites/{office.site.key}/goals")


def test_an_answer_of_a_platform_is_for_who_set_out_and_works_once(
    office: WebWorld, shop: Workshop, connection: Connection
) -> None:
    address = set_out(shop, connection, Journey("somebody else", office.site.key, "http://x/cb"))
    state = address.partition("&state=")[2].partition("&")[0]
    for _ in range(2):
        answer = office.owner.get(f"/connections/callback?code=c&state={state}")
        assert answer.status_code == 400
        assert "fits no authorisation that you began" in answer.text
    assert office.browser().get("/connections/callback?code=c&state=x").status_code in (302, 303)


def test_settings_of_a_source_can_be_changed_and_a_key_of_several_lines_be_entered(
    office: WebWorld, shop: Workshop
) -> None:
    base = f"/sites/{office.site.key}/connections"
    assert "<textarea" in office.owner.page(f"{base}/new?kind=sftp")
    made = office.owner.submit(
        f"{base}/new", kind="sftp", server="127.0.0.1", username="ann", password="very-secret-1",
        host_key="SHA256:old", folder="out",
    )  # fmt: skip
    assert "is in a private network" in made.text
    (stored,) = list_connections(office.db, office.site.tenant)
    page = office.owner.page(f"{base}/{stored.id}")
    assert 'value="SHA256:old"' in page
    assert "very-secret" not in page
    key = "-----BEGIN\r\nvery-secret-2\r\n-----END"
    office.owner.submit(
        f"{base}/{stored.id}/secrets", server="", username="ann", host_key="SHA256:new", folder="",
        private_key=key,
    )  # fmt: skip
    (stored,) = list_connections(office.db, office.site.tenant)
    assert (stored.settings["host_key"], stored.settings["folder"]) == ("SHA256:new", "")
    assert stored.settings["server"] == "127.0.0.1", "what is required is not cleared"
    secret = read_secret(office.db, shop.sealer(), stored.id)
    assert (secret["password"], secret["private_key"]) == ("very-secret-1", key)


def test_kinds_of_sources_have_names_in_chinese(office: WebWorld) -> None:
    reader = office.browser("owner@ours.example", language="zh-CN")
    page = reader.page(f"/sites/{office.site.key}/connections")
    for title in ("HTTPS 地址", "邮箱", "SFTP 服务器", "S3 兼容存储"):
        assert title in page
    form = reader.page(f"/sites/{office.site.key}/connections/new?kind=s3")
    assert "连接 S3 兼容存储" in form
    assert "存储桶" in form
