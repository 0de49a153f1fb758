"""Fixtures of the tests that drive real Chromium.

`browser`, `context` and `page` are general; `collector`, `company` and `partner` serve the
beacon and a company site to it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.servers import PATIENCE, Collector, CompanySite

ROOT = Path(__file__).parents[2]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def _skip_or_fail(problem: str) -> None:
    """A missing tool fails the tests, unless whoever runs them has said that it may be missing."""
    if os.environ.get("TRACKER_SKIP_BROWSER") == "1":
        pytest.skip(f"TRACKER_SKIP_BROWSER=1 and {problem}")
    pytest.fail(f"{problem}; or set TRACKER_SKIP_BROWSER=1 to skip the browser tests", False)


@pytest.fixture(scope="session")
def assets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The front-end files, built from the sources as they are now."""
    node = shutil.which("node")
    if node is None:
        _skip_or_fail("Node.js is missing: install it with `apt-get install -y nodejs npm`")
    if not (ROOT / "node_modules").is_dir():
        _skip_or_fail("the front-end's packages are missing: run `npm ci`")
    built = tmp_path_factory.mktemp("front-end") / "assets"
    command = [str(node), str(ROOT / "build.mjs"), "--into", str(built)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return built


# NOTE: not for the session: while Playwright's synchronous driver lives, its event loop counts as
# running in this thread, and tests outside this package could not run one of their own.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One headless Chromium for all browser tests."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        _skip_or_fail("Chromium is missing: install it with `apt-get install -y chromium`")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=chromium,
            args=FLAGS,
            # Visitors go back and forth through this cache, so the tests do too.
            ignore_default_args=["--disable-back-forward-cache"],
        )
        yield started
        started.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh profile: no storage, no cookies."""
    opened = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    opened.set_default_timeout(PATIENCE)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A fresh page; an error that any script leaves uncaught in it fails the test."""
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    assert errors == []


# NOTE: servers of its own for every test, so that what a closing page still sends reaches nobody
# else's.
@pytest.fixture
def collector(assets: Path) -> Iterator[Collector]:
    """The server that the beacon comes from and reports to."""
    server = Collector(assets)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def partner(collector: Collector) -> Iterator[CompanySite]:
    """A site of another origin that links to the company's."""
    site = CompanySite(collector.url)
    site.start()
    yield site
    site.stop()


@pytest.fixture
def company(collector: Collector, partner: CompanySite) -> Iterator[CompanySite]:
    """The company's site, embedding the beacon of `collector`."""
    site = CompanySite(collector.url)
    for each in (site, partner):
        each.link(home=site.url, partner=partner.url)
    site.start()
    yield site
    site.stop()
