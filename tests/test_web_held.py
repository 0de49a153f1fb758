"""Files that wait for a decision, and column mappings: on the page Imports and by the API."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from cryptography.fernet import Fernet

from tests.web_app import NOW, WebWorld, application
from tests.web_app import companies as companies
from tests.web_app import web as web
from tracker.accounts.held_files import held_files
from tracker.accounts.sealing import Sealer, new_key
from tracker.accounts.tokens import add_token
from tracker.errors import NeedsConfirmation
from tracker.spend.connections.kinds import Workshop
from tracker.spend.holding import keep_held
from tracker.spend.importer import SpendDeps, SpendOptions

REASON = "It would lower cost by more than 30% (CNY): 2026-09-10: 9.00 to 1.00."


@pytest.fixture
def office(web: WebWorld, tmp_path: Path) -> WebWorld:
    """A company at whose site a file waits; it cannot be imported, since it is no report."""
    deps = SpendDeps(web.parts.warehouse, web.db, lambda: NOW, held=tmp_path / "held")
    path = tmp_path / "r.csv"
    path.write_text("no,report\n1,2\n", encoding="utf-8")
    keep_held(deps, web.site, path, SpendOptions(origin="sftp"), NeedsConfirmation(REASON))
    shop = Workshop(deps, lambda: Sealer((Fernet(new_key()),)), "test")
    parts = replace(web.parts, workshop=shop)
    return replace(web, parts=parts, app=application(parts))


def test_a_file_that_waits_is_shown_with_the_reason_and_discarded(office: WebWorld) -> None:
    path = f"/sites/{office.site.key}/imports"
    page = office.owner.page(path)
    assert "r.csv" in page
    assert "9.00 to 1.00" in page
    (one,) = held_files(office.db, office.site.key)
    wrong = office.owner.submit(f"{path}/held", id=one.id, decision="accept")
    assert wrong.status_code == 400
    assert "no header of a keyword report" in wrong.text
    assert "r.csv" in wrong.text, "it waits on"
    assert office.owner.submit(f"{path}/held", id=one.id, decision="?").status_code == 400
    done = office.owner.submit(f"{path}/held", id=one.id, decision="discard")
    assert done.status_code == 303
    assert "The file is discarded" in office.owner.page(done.headers["location"])
    assert held_files(office.db, office.site.key) == []


def test_the_api_lists_files_that_wait_and_takes_decisions_of_its_own_site_only(
    office: WebWorld,
) -> None:
    (one,) = held_files(office.db, office.site.key)
    base = f"/api/v1/sites/{office.site.key}/spend/held"
    _, secret = add_token(
        office.db, tenant=office.site.tenant, site=office.site.key, scope="write", now=NOW
    )
    client, given = office.browser(), {"Authorization": f"Bearer {secret}"}
    (listed,) = client.get(base, **given).json()["held"]
    assert (listed["id"], listed["file"], listed["origin"]) == (one.id, "r.csv", "sftp")
    theirs = base.replace(office.site.key, office.their_site.key)
    assert client.get(theirs, **given).status_code in (403, 404)

    def send(path: str, body: str, headers: dict[str, str] = given) -> httpx.Response:
        return client.request("POST", path, content=body, headers=headers)

    refused = send(f"{base}/accept", f'{{"id": "{one.id}", "partial": true}}')
    assert refused.status_code == 400
    assert "no header of a keyword report" in refused.json()["error"]["message"]
    assert send(f"{base}/accept", '{"id": "none"}').status_code == 404
    assert send(f"{base}/discard", f'{{"id": "{one.id}"}}').json()["file"] == "r.csv"
    assert client.get(base, **given).json() == {"held": []}


def test_the_api_defines_lists_and_forgets_column_mappings(office: WebWorld) -> None:
    base = f"/api/v1/sites/{office.site.key}/spend/mappings"
    _, secret = add_token(
        office.db, tenant=office.site.tenant, site=office.site.key, scope="write", now=NOW
    )
    client, given = office.browser(), {"Authorization": f"Bearer {secret}"}

    def send(path: str, body: object) -> httpx.Response:
        return client.request("POST", path, json=body, headers=given)

    header = ["统计日", "推广词", "推广花费(USD)"]
    columns = {"day": "统计日", "keyword": "推广词", "cost": "推广花费(USD)"}
    wish = {"header": header, "columns": columns, "platform": "alibaba", "currency": "usd"}
    made = send(base, wish).json()["id"]
    (one,) = client.get(base, **given).json()["mappings"]
    assert (one["id"], one["columns"], one["platform"]) == (made, columns, "alibaba")
    assert one["currency"] == "USD"
    assert send(base, {**wish, "columns": {"colour": "推广词"}}).status_code == 400
    assert send(base, {**wish, "columns": {"cost": "花费"}}).status_code == 400
    assert send(base, {**wish, "columns": {}}).status_code == 400
    assert send(f"{base}/remove", {"id": made}).json() == {"removed": made}
    assert send(f"{base}/remove", {"id": made}).status_code == 404
    assert client.get(base, **given).json() == {"mappings": []}
