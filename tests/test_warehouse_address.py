"""Warehouse URLs, and the messages for those that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracker.errors import ConfigError
from tracker.warehouse.address import EmbeddedAddress, ServerAddress, parse_address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("chdb:///var/lib/tracker/engine", EmbeddedAddress(Path("/var/lib/tracker/engine"))),
        ("chdb:///data/with%20space", EmbeddedAddress(Path("/data/with space"))),
        ("chdb://memory", EmbeddedAddress(None)),
        ("http://db", ServerAddress("http", "db", 8123, "default", "", "default")),
        ("https://db/", ServerAddress("https", "db", 8443, "default", "", "default")),
        (
            "https://roi:p%40ss@[::1]:9440/web",
            ServerAddress("https", "::1", 9440, "roi", "p@ss", "web"),
        ),
    ],
)
def test_a_url_names_a_form_and_a_place(url: str, address: object) -> None:
    assert parse_address(url) == address


@pytest.mark.parametrize(
    "url",
    [
        "",
        "clickhouse://db:9000",
        "chdb://relative/path",
        "chdb://",
        "chdb:///",
        "chdb:///data?x=1",
        "http://",
        "http://db:port/",
        "http://roi:secret@db:99999/",
        "http://roi:secret@db/a/b",
        "http://roi:secret@db/a?user=x",
    ],
)
def test_any_other_url_is_refused_with_what_is_allowed_and_without_its_password(url: str) -> None:
    with pytest.raises(ConfigError, match="chdb:///absolute/directory, chdb://memory") as caught:
        parse_address(url)
    assert "secret" not in str(caught.value)


def test_the_text_of_an_address_has_no_password() -> None:
    address = parse_address("https://roi:secret@db/web")
    assert f"{address} {address!r}" == "https://db:8443/web ServerAddress(https://db:8443/web)"
