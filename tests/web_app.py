"""The web layer on a real metadata database and a real engine, as tests of it need it.

The pages' own effects are real; what the application does for them (imports, jobs, live
visitors) is answered by ``Recorder``, which keeps what it was asked for.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from sqlalchemy import Engine
from starlette.applications import Starlette

from tests.world import World
from tracker.accounts.database import open_database
from tracker.accounts.memberships import set_membership
from tracker.accounts.rights import Role
from tracker.accounts.sessions import add_session, csrf_token
from tracker.accounts.sites import Site, add_site, list_sites
from tracker.accounts.state import set_up
from tracker.accounts.tenants import add_tenant
from tracker.accounts.users import add_user, find_user
from tracker.app import create_app
from tracker.reports.live import Live, Step
from tracker.warehouse.client import Warehouse
from tracker.web import (
    FileOptions,
    WebParts,
    WebSettings,
    exception_handlers,
    routes,
)

NOW = datetime(2026, 3, 18, 4, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"
SETUP_CODE = "k3f7-92ab"


@dataclass
class Recorder:
    """Answers the pages' actions and keeps what was asked for."""

    asked: list[tuple[str, object]] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)
    answer: Mapping[str, object] | Exception = field(default_factory=dict)
    visitors: list[Live] = field(default_factory=list)

    def import_spend(self, site: Site, path: Path, options: FileOptions) -> Mapping[str, object]:
        """Keep the content; give or raise what the test said."""
        return self._import("spend", site, path, options)

    def import_conversions(
        self, site: Site, path: Path, options: FileOptions
    ) -> Mapping[str, object]:
        """As for spend."""
        return self._import("conversions", site, path, options)

    def push_spend(self, site: Site, body: bytes) -> Mapping[str, object]:
        """Keep the body; give or raise what the test said."""
        self.asked.append(("push", site.key))
        self.contents.append(body)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def take_events(self, site: Site, body: bytes) -> Mapping[str, object]:
        """Keep the body; give or raise what the test said."""
        self.asked.append(("events", site.key))
        self.contents.append(body)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def run_job(self, name: str, site: Site) -> None:
        """Keep it."""
        self.asked.append((f"run {name}", site.key))

    def live_visitors(self, site: Site) -> list[Live]:
        """Those of the test."""
        self.asked.append(("live", site.key))
        return self.visitors

    def tags_for(self, site: Site, platform: str) -> str:
        """A template."""
        return f"{{lpurl}}?utm_source={platform}&site={site.key}"

    def site_changed(self, before: Site | None, after: Site) -> None:
        """Keep it."""
        self.asked.append(("site_changed", (before.key if before else None, after.key)))

    def erase_person(self, site: Site, person: str) -> Mapping[str, object]:
        """Keep it."""
        self.asked.append(("erase", (site.key, person)))
        return {}

    def goals_changed(self, site: Site) -> None:
        """Keep it."""
        self.asked.append(("goals_changed", site.key))

    def _import(
        self, kind: str, site: Site, path: Path, options: FileOptions
    ) -> Mapping[str, object]:
        self.asked.append((kind, (site.key, options)))
        self.contents.append(path.read_bytes())
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def live_visitor() -> Live:
    """Somebody from a Baidu ad on a page whose title wants to be a script."""
    page = Step(NOW, "pageview", "/pumps/centrifugal", "<script>alert(1)</script>")
    return Live(
        visitor="8f3a",
        first_seen=NOW,
        last_seen=NOW,
        channel="Paid Search",
        platform="baidu",
        source="baidu",
        campaign="离心泵",
        keyword="离心泵厂家",
        country="CN",
        city="上海",
        device="mobile",
        browser="Chrome",
        os="Android",
        steps=(page,),
    )


def enter(world: World, role: Role = Role.OWNER, *, language: str = "en") -> Browser:
    """The browser of somebody who has logged in, before the whole application of a world."""
    email = f"{role.name.lower()}@pump.example"
    user = find_user(world.db, email) or add_user(world.db, email=email, password=PASSWORD)
    set_membership(world.db, user=user.id, tenant=world.tenant, role=role)
    browser = Browser(create_app(world.parts, role="web"), language)
    _, secret = add_session(world.db, user=user.id, now=world.now)
    browser.cookies.set("tracker_session", secret)
    return browser


@dataclass
class WebWorld:
    """Two companies: *ours* has an owner and a viewer and one site, *theirs* has another."""

    app: Starlette
    db: Engine
    parts: WebParts
    actions: Recorder
    site: Site
    their_site: Site

    def browser(self, email: str = "", *, language: str = "en") -> Browser:
        """A browser, logged in when an e-mail is given."""
        browser = Browser(self.app, language)
        if email:
            user = find_user(self.db, email)
            assert user is not None
            # Not through the form: a password takes a third of a second, by intent.
            _, secret = add_session(self.db, user=user.id, now=NOW)
            browser.cookies.set("tracker_session", secret)
        return browser

    @property
    def owner(self) -> Browser:
        """The owner of *ours*."""
        return self.browser("owner@ours.example")

    @property
    def viewer(self) -> Browser:
        """Somebody who reads the site of *ours*."""
        return self.browser("viewer@ours.example")

    @property
    def stranger(self) -> Browser:
        """The owner of *theirs*."""
        return self.browser("owner@theirs.example")


class Browser:
    """Keeps cookies, follows nothing by itself, and fills in the token of forms."""

    def __init__(self, app: Starlette, language: str) -> None:
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://testserver",
            headers={"Accept-Language": language},
        )

    @property
    def cookies(self) -> httpx.Cookies:
        """What the browser keeps."""
        return self._client.cookies

    def request(self, method: str, path: str, **content: Any) -> httpx.Response:
        """One request; each runs in an event loop of its own, as nothing outlives it."""
        return anyio.run(partial(self._client.request, method, path, **content))

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Fetch a page."""
        return self.request("GET", path, headers=headers)

    def page(self, path: str) -> str:
        """The text of a page that must be there."""
        answer = self.request("GET", path, follow_redirects=True)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return answer.text

    @property
    def csrf(self) -> str:
        """The token in the forms of this browser's pages."""
        secret = self.cookies.get("tracker_session")
        if secret:
            return csrf_token(secret)
        text = self.request("GET", "/login", follow_redirects=True).text
        return text.partition('name="csrf-token" content="')[2].partition('"')[0]

    def submit(self, path: str, **fields: str) -> httpx.Response:
        """Send a form with its token."""
        return self.request("POST", path, data={"csrf": self.csrf} | fields)

    def upload(self, path: str, name: str, content: bytes, **fields: str) -> httpx.Response:
        """Send a form with a file."""
        return self.request(
            "POST", path, data={"csrf": self.csrf} | fields, files={"file": (name, content)}
        )


@pytest.fixture(scope="session")
def companies(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with both companies, made once: passwords are slow."""
    path = tmp_path_factory.mktemp("companies") / "metadata.db"
    shutil.copyfile(sqlite_template, path)
    db = open_database(f"sqlite:///{path}")
    _fill(db)
    with db.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    db.dispose()
    return path


@pytest.fixture
def web(companies: Path, embedded_engine: Warehouse, tmp_path: Path) -> Iterator[WebWorld]:
    """Both companies on an application that consists of the web layer alone."""
    yield from _web(companies, embedded_engine, tmp_path)


@pytest.fixture(scope="module")
def shared_web(
    companies: Path, embedded_engine: Warehouse, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WebWorld]:
    """The same for all tests of a module: for those that only ask, or are refused."""
    yield from _web(companies, embedded_engine, tmp_path_factory.mktemp("web"))


def _web(companies: Path, engine: Warehouse, folder: Path) -> Iterator[WebWorld]:
    path = folder / "metadata.db"
    shutil.copyfile(companies, path)
    db = open_database(f"sqlite:///{path}")
    actions = Recorder()
    ours, theirs = list_sites(db)
    parts = WebParts(db, engine, _settings(folder), lambda: NOW, actions)
    yield WebWorld(application(parts), db, parts, actions, ours, theirs)
    db.dispose()


@pytest.fixture
def fresh_web(sqlite_db: Engine, embedded_engine: Warehouse, tmp_path: Path) -> Browser:
    """A browser before an installation that nobody has set up."""
    parts = WebParts(sqlite_db, embedded_engine, _settings(tmp_path), lambda: NOW, Recorder())
    return Browser(application(parts), "en")


def _settings(directory: Path) -> WebSettings:
    return WebSettings(
        secret_key="for tests only", uploads=directory / "uploads", setup_code=SETUP_CODE
    )


def application(parts: WebParts) -> Starlette:
    return Starlette(routes=routes(parts), exception_handlers=dict(exception_handlers(parts)))


def _fill(db: Engine) -> None:
    """*Ours*: an owner, a viewer, a site with a margin; *theirs*: an owner and a site."""
    ours, _ = set_up(db, email="owner@ours.example", password=PASSWORD, tenant="Ours", now=NOW)
    theirs = add_tenant(db, name="Theirs", now=NOW)
    stranger = add_user(db, email="owner@theirs.example", password=PASSWORD, now=NOW)
    set_membership(db, user=stranger.id, tenant=theirs.id, role=Role.OWNER)
    viewer = add_user(db, email="viewer@ours.example", password=PASSWORD, now=NOW)
    set_membership(db, user=viewer.id, tenant=ours.id, role=Role.VIEWER)
    for tenant, name, domain, now in (
        (ours, "Pumps & Valves", "pumps.example", NOW),
        (theirs, "Their shop", "shop.example", NOW + timedelta(seconds=1)),
    ):
        add_site(
            db,
            tenant=tenant.id,
            name=name,
            domains=[domain],
            timezone="Asia/Shanghai",
            currency="CNY",
            now=now,
        )
