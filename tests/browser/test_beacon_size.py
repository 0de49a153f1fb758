"""The beacon's files: their sizes, names and hashes."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.servers import Collector, CompanySite

pytestmark = pytest.mark.browser

STANDARD = 2200
SECOND = 2500


def test_every_served_file_stays_within_its_budget(assets: Path) -> None:
    names = [path.name for path in assets.glob("t*.js")]
    assert len(names) >= 4
    for name in names:
        packed = len(gzip.compress((assets / name).read_bytes(), 9, mtime=0))
        budget = SECOND if name.startswith("t-extra") else STANDARD
        assert packed <= budget, f"{name} is {packed} bytes in gzip"


def test_the_newest_version_is_what_is_served_without_a_version(assets: Path) -> None:
    version = json.loads((assets / "manifest.json").read_text())["version"]
    for name in ("t", "t-extra"):
        assert (assets / f"{name}.js").read_bytes() == (
            assets / f"{name}-{version}.js"
        ).read_bytes()


def test_every_file_has_its_hash_in_the_manifest(assets: Path) -> None:
    manifest = json.loads((assets / "manifest.json").read_text())
    assert f"t-{manifest['version']}.js" in manifest["files"]
    for name, entry in manifest["files"].items():
        digest = hashlib.sha384((assets / name).read_bytes()).digest()
        assert entry["integrity"] == "sha384-" + base64.b64encode(digest).decode()


def test_a_versioned_copy_runs_under_its_hash_and_not_under_another(
    page: Page, company: CompanySite, collector: Collector, assets: Path
) -> None:
    manifest = json.loads((assets / "manifest.json").read_text())
    name = f"t-{manifest['version']}.js"
    right = manifest["files"][name]["integrity"]
    wrong = "sha384-" + base64.b64encode(bytes(48)).decode()
    for path, integrity in (("wrong.html", wrong), ("right.html", right)):
        company.pages[path] = (
            f'<!doctype html><title>{path}</title><script defer src="{{tracker}}/{name}" '
            f'data-site="k-test" integrity="{integrity}" crossorigin="anonymous"></script>'
        )
        page.goto(f"{company.url}/{path}")
    collector.wait_for("pageview")
    assert [event["d"] for event in collector.events] == ["right.html"]


@pytest.mark.parametrize("right", [True, False])
def test_a_versioned_copy_loads_the_second_file_of_its_version_under_its_hash(
    page: Page, company: CompanySite, collector: Collector, assets: Path, right: bool
) -> None:
    manifest = json.loads((assets / "manifest.json").read_text())
    first, second = (f"{name}-{manifest['version']}.js" for name in ("t", "t-extra"))
    known = manifest["files"][second if right else first]["integrity"]
    company.pages["both.html"] = (
        '<!doctype html><title>Both</title><script type="importmap">'
        f'{{"integrity":{{"{collector.url}/{second}":"{known}"}}}}</script>'
        f'<script defer src="{collector.url}/{first}" data-site="k-test" data-extra="code" '
        f'integrity="{manifest["files"][first]["integrity"]}" crossorigin="anonymous"></script>'
    )
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.goto(f"{company.url}/both.html")
    (event,) = collector.wait_for("pageview")
    assert f"{collector.url}/{second}" in requested
    assert ("k" in event) is right
