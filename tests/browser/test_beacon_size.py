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

BUDGET = {"t.js": 2200, "t-extra.js": 2500}


@pytest.mark.parametrize("name", BUDGET)
def test_the_file_stays_within_its_budget(assets: Path, name: str) -> None:
    packed = len(gzip.compress((assets / name).read_bytes(), 9, mtime=0))
    assert packed <= BUDGET[name], f"{name} is {packed} bytes in gzip"


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
