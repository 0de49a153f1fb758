"""Connections in a real browser: connect, authorise, run, watch, fail, connect again."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from urllib.parse import parse_qs, urlencode

import pytest
from playwright.sync_api import Page, expect
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from tests.browser.test_end_to_end import PASSWORD, SOON, log_in
from tests.connections import deployment
from tests.installation import Installation
from tests.platforms.google import GoogleSimulator
from tests.platforms.server import serve
from tests.test_connection_cli import BEGIN, DAYS, END, recent

pytestmark = pytest.mark.browser


@dataclass
class GoogleWithLogIn(GoogleSimulator):
    """Google with its page of consent, which gives a code for a challenge. While ``gate`` is
    closed, reports of one day hang."""

    challenges: dict[str, str] = field(default_factory=dict)
    gate: Event = field(default_factory=Event)
    held: str = ""

    async def _good(self, request: Request, body: bytes) -> Response:
        if request.url.path == "/authorise":
            return self._consent(dict(request.query_params))
        return await super()._good(request, body)

    def _consent(self, query: dict[str, str]) -> Response:
        assert query["access_type"] == "offline"
        assert query["code_challenge_method"] == "S256"
        code = f"code-{len(self.challenges) + 1}"
        self.challenges[code] = query["code_challenge"]
        back = urlencode({"code": code, "state": query["state"]})
        refused = urlencode({"error": "access_denied", "state": query["state"]})
        return HTMLResponse(
            f'<a id="agree" href="{query["redirect_uri"]}?{back}">Agree</a>'
            f'<a id="refuse" href="{query["redirect_uri"]}?{refused}">Refuse</a>'
        )

    async def token(self, body: bytes) -> Response:
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if form["grant_type"] != "authorization_code":
            return await super().token(body)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if self.challenges.pop(form["code"], "") != challenge:
            return JSONResponse({"error": "invalid_grant"}, 400)
        self.refresh_token = f"refresh-secret-of-{form['code']}"
        token = {"access_token": self.new_token(), "expires_in": 3600}
        return JSONResponse({**token, "refresh_token": self.refresh_token})

    async def answer(self, path: str, headers: Headers, body: bytes) -> Response:
        while self.held and self.held.encode() in body and not self.gate.is_set():
            await asyncio.sleep(0.05)
        return await super().answer(path, headers, body)


@pytest.fixture
def world() -> GoogleWithLogIn:
    return GoogleWithLogIn(scenario=recent(), held=BEGIN.isoformat())


@pytest.fixture
def address(tmp_path: Path, assets: Path, world: GoogleWithLogIn) -> Iterator[str]:
    """The page of the connections of a running installation."""
    assert (assets / "app.js").is_file()
    with serve(world) as url:
        settings = {**deployment("google", url)["google"], "days_per_query": 7}
        file = tmp_path / "platforms.toml"
        lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
        file.write_text("[google]\n" + "\n".join(lines) + "\n")
        place = Installation(tmp_path, {"TRACKER_PLATFORMS": str(file)})
        place.begin()
        with place.serving() as running:
            yield f"{running.url}/sites/{place.site}/connections"
            world.gate.set()


def test_connect_run_watch_fail_and_connect_again(
    page: Page, address: str, world: GoogleWithLogIn
) -> None:
    page.set_default_timeout(SOON)
    log_in(page, address, "owner@pump.example", PASSWORD)
    page.get_by_label("Platform").select_option("google")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Client ID").fill("app")
    page.get_by_label("Client secret").fill("app-secret-77")
    page.get_by_role("button", name="Connect").click()

    page.get_by_label("Days asked for again once a week").fill("14")
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_text("Saved.")).to_be_visible()

    # To Google and back; first with a refusal.
    expect(page.get_by_text("Has to be connected again")).to_be_visible()
    page.get_by_role("button", name="Authorise", exact=True).click()
    page.get_by_role("link", name="Go to Google Ads").click()
    page.locator("#refuse").click()
    expect(page.get_by_text("Google Ads gave no access: access_denied.")).to_be_visible()
    page.go_back(wait_until="commit")
    page.locator("#agree").click()
    expect(page.get_by_text("fits no authorisation that you began")).to_be_visible()
    page.goto(address)
    page.get_by_role("link", name="Google Ads", exact=True).click()
    _authorise(page)
    expect(page.get_by_text("The platform has let us in.")).to_be_visible()
    expect(page.get_by_role("checkbox", name="Import")).to_be_checked()

    # The first run begins by itself: watched without touching the page.
    run = page.locator("tbody th a").filter(has_not_text="Google")
    while not run.count():
        page.wait_for_timeout(500)
        page.reload()
    run.first.click()
    # In which week the held day lies depends on the hour: the account is ahead of UTC.
    expect(page.get_by_text(re.compile(r"\b(7|14) of 30 days"))).to_be_visible()
    expect(page.get_by_text("Running", exact=True)).to_be_visible()
    world.gate.set()
    expect(page.get_by_text("Done", exact=True)).to_be_visible()
    expect(page.locator("#run b")).to_have_text("100 %")
    expect(page.locator("#run tbody tr")).to_have_count(30)

    # Earlier days by hand.
    page.get_by_role("link", name="To the connection").click()
    page.get_by_label("First day").fill(BEGIN.isoformat())
    page.get_by_label("Last day").fill(END.isoformat())
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("Done", exact=True)).to_be_visible()
    expect(page.locator("#run tbody tr")).to_have_count(DAYS)

    # Somebody revokes the access: every page of the site says so, in words.
    world.refresh_token = "revoked"
    world.tokens.clear()
    page.get_by_role("link", name="To the connection").click()
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_text("Failed", exact=True)).to_be_visible()
    page.get_by_role("link", name="Keywords").click()
    banner = page.locator(".note.fail")
    expect(banner).to_contain_text("its authorisation was revoked or has expired")
    page.get_by_role("button", name="简体中文").click()
    expect(page.locator(".note.fail")).to_contain_text("授权已被撤销或已过期")
    page.get_by_role("button", name="English").click()

    # Connected again, the run goes on, and the banner is gone.
    banner.get_by_role("link").click()
    _authorise(page)
    expect(page.get_by_text("The platform has let us in.")).to_be_visible()
    expect(page.locator(".note.fail")).to_have_count(0)
    page.locator("tbody th a").first.click()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("Done", exact=True)).to_be_visible()


def _authorise(page: Page) -> None:
    page.get_by_role("button", name="Authorise", exact=True).click()
    page.get_by_role("link", name="Go to Google Ads").click()
    page.locator("#agree").click()
