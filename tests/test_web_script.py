"""The beacon's files over HTTP: how long they may be kept, and that they need not be sent again."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest
from starlette.applications import Starlette

from tests.serving import serving
from tracker.web import script

pytestmark = pytest.mark.skipif(
    not (script.ASSETS / "t.js").exists(), reason="the beacon is built by make"
)


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    """The routes of the beacon's files alone."""
    with serving(Starlette(routes=script.routes())) as url, httpx.Client(base_url=url) as client:
        yield client


@pytest.mark.parametrize("name", ["t.js", "t-extra.js"])
def test_the_newest_beacon_is_kept_for_a_day_and_asked_for_by_its_tag(
    client: httpx.Client, name: str
) -> None:
    first = client.get(f"/{name}")
    assert first.status_code == 200
    assert first.headers["content-type"] == "text/javascript; charset=utf-8"
    assert first.headers["cache-control"] == "public, max-age=86400"
    tag = first.headers["etag"]
    # A proxy that compresses makes the tag a weak one, and a browser may know several.
    for known in (tag, f"W/{tag}", f'"other", {tag}'):
        again = client.get(f"/{name}", headers={"if-none-match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
    assert client.get(f"/{name}", headers={"if-none-match": '"other"'}).content == first.content
    assert client.head(f"/{name}").status_code == 200


def test_a_version_is_kept_for_ever_and_any_page_may_check_its_hash(client: httpx.Client) -> None:
    version = json.loads((script.ASSETS / "manifest.json").read_text())["version"]
    for name in (f"t-{version}.js", f"t-extra-{version}.js"):
        answer = client.get(f"/{name}")
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert answer.headers["x-content-type-options"] == "nosniff"
