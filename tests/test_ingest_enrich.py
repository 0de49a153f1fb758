"""Addresses, user agents and places: what is believed, what is kept, what is known."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tracker.errors import ConfigError
from tracker.ingest import geography as geography_module
from tracker.ingest.address import client_address, parse_ip, parse_networks, truncated
from tracker.ingest.agents import parse_agent
from tracker.ingest.enrich import Enricher
from tracker.ingest.geography import PACKAGED, Geography, Place

PROXIES = parse_networks(("10.0.0.0/8", "127.0.0.1", "fd00::/8"), "trusted_proxies")


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", "1.2.3.4", "203.0.113.9"),
        ("10.0.0.1", "1.2.3.4", "1.2.3.4"),
        ("10.0.0.1", "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        ("10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.2, 127.0.0.1", "1.2.3.4"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "1.2.3.4:5678", "1.2.3.4"),
        ("10.0.0.1", '"[2001:db8::7]:443"', "2001:db8::7"),
        ("fd00::1", "2001:db8::7", "2001:db8::7"),
        ("::ffff:10.0.0.1", "::ffff:1.2.3.4", "1.2.3.4"),
        ("10.0.0.1", "10.0.0.5, 10.0.0.6", "10.0.0.5"),
        ("", "1.2.3.4", "1.2.3.4"),
        ("", "", ""),
        ("127.0.0.1", "1.2.3.4, bad, 127.0.0.1", "127.0.0.1"),
    ],
)
def test_the_rightmost_untrusted_address_is_the_client(
    peer: str, forwarded: str, address: str
) -> None:
    assert client_address(peer, forwarded, PROXIES) == address


def test_addresses_are_kept_without_their_last_part() -> None:
    assert truncated("203.0.113.77") == "203.0.113.0"
    assert truncated("2001:db8:1:2:3::4") == "2001:db8:1::"
    assert truncated("::ffff:203.0.113.77") == "203.0.113.0"
    assert truncated("") == truncated("nonsense") == ""


def test_a_zone_and_a_port_are_no_part_of_an_address() -> None:
    assert str(parse_ip("fe80::1%eth0")) == "fe80::1"
    assert parse_ip("999.1.1.1") is None


def test_a_bad_network_names_its_setting() -> None:
    with pytest.raises(ConfigError, match=r"trusted_proxies.*10\.0\.0\.0/99"):
        parse_networks(("10.0.0.0/99",), "trusted_proxies")


@pytest.mark.parametrize(
    ("text", "browser", "system", "device"),
    [
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, "
            "like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
            "Mobile Safari", "iOS", "mobile",
        ),
        (
            "Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
            "Gecko) Version/17.0 Mobile/15E148 Safari/604.1",
            "Mobile Safari", "iOS", "tablet",
        ),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0",
            "Firefox", "Linux", "desktop",
        ),
    ],
)  # fmt: skip
def test_user_agents_give_browser_system_and_device(
    text: str, browser: str, system: str, device: str
) -> None:
    agent = parse_agent(text)
    assert (agent.browser, agent.os, agent.device, agent.robot) == (browser, system, device, False)


@pytest.mark.parametrize(
    "text",
    [
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)",
        "curl/8.5.0",
        "python-requests/2.32",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2)",
    ],
)
def test_robots_by_their_own_word_are_known(text: str) -> None:
    assert parse_agent(text).robot


def test_without_a_country_database_the_country_is_empty_and_doctor_is_told(
    tmp_path: Path,
) -> None:
    geography = Geography(country=tmp_path / "none.mmdb")
    assert geography.find("8.8.8.8") == Place()
    assert "missing" in geography.problems()[0]


def test_a_broken_database_is_reported_and_harms_nothing(tmp_path: Path) -> None:
    path = tmp_path / "broken.mmdb"
    path.write_bytes(b"no database")
    geography = Geography(country=path)
    assert geography.find("8.8.8.8") == Place()
    assert "cannot be read" in geography.problems()[0]


@pytest.mark.skipif(not PACKAGED.exists(), reason="the country database is built by make")
def test_the_packaged_database_knows_countries_and_no_private_address() -> None:
    geography = Geography()
    assert geography.find("8.8.8.8").country == "US"
    assert geography.find("114.114.114.114").country == "CN"
    assert geography.find("192.168.1.1") == Place()
    assert geography.problems() == []


@pytest.mark.skipif(not PACKAGED.exists(), reason="the country database is built by make")
def test_a_database_that_appears_later_is_used_without_a_restart(
    tmp_path: Path,
) -> None:
    path = tmp_path / "country.mmdb"
    seconds = 0.0
    geography = Geography(country=path, clock=lambda: seconds)
    enricher = Enricher(geography)
    assert enricher.client("8.8.8.8", "x").columns.country == ""
    os.link(PACKAGED, path)
    assert enricher.client("8.8.8.8", "x").columns.country == ""
    seconds += geography_module.CHECK_SECONDS
    assert enricher.client("8.8.8.8", "x").columns.country == "US"


def test_clients_are_remembered_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker.ingest.enrich.CLIENTS", 3)
    enricher = Enricher(Geography(country=None))
    first = enricher.client("203.0.113.1", "x")
    assert enricher.client("203.0.113.1", "x") is first
    for last in range(2, 6):
        enricher.client(f"203.0.113.{last}", "x")
    assert enricher.client("203.0.113.1", "x") is not first
