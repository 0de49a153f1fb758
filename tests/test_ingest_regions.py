"""ip2region files: both of their forms, both versions of addresses, and files that are none."""

from __future__ import annotations

import struct
from ipaddress import ip_address
from pathlib import Path

import pytest

from tracker.config import load_settings
from tracker.ingest import geography as geography_module
from tracker.ingest.enrich import Enricher
from tracker.ingest.geography import PACKAGED, Geography, Place
from tracker.ingest.regions import parse_region
from tracker.parts import geography as configured

SHENZHEN = Place("CN", "广东省", "深圳市", "电信")
NEW = "中国|广东省|深圳市|电信|CN"
OLD = "中国|0|广东省|深圳市|电信"


def xdb(path: Path, text: str, first: str, last: str, *, structure: int = 3) -> Path:
    """A file of one range by the published layout; both ends share their first two bytes."""
    begin, end = ip_address(first), ip_address(last)
    data = text.encode()
    at = 256 + 256 * 256 * 8
    index = at + len(data)
    vector = bytearray(256 * 256 * 8)
    place = (begin.packed[0] * 256 + begin.packed[1]) * 8
    vector[place : place + 8] = struct.pack("<II", index, index)
    # Addresses of version 4 are written from their last byte on, those of version 6 from the first.
    ends = [one.packed[:: -1 if one.version == 4 else 1] for one in (begin, end)]
    header = struct.pack("<HHIIIHH", structure, 1, 0, index, index, begin.version, 4)
    segment = b"".join(ends) + struct.pack("<HI", len(data), at)
    path.write_bytes(header.ljust(256, b"\0") + vector + data + segment)
    return path


def places(*files: Path, country: Path | None = None) -> Geography:
    return Geography(country, regions=files)


@pytest.mark.parametrize(("text", "structure"), [(NEW, 3), (OLD, 2)])
def test_province_city_and_carrier_come_from_the_file(
    tmp_path: Path, text: str, structure: int
) -> None:
    file = xdb(tmp_path / "v4.xdb", text, "120.229.0.0", "120.229.255.255", structure=structure)
    found = places(file)
    place = found.find("120.229.45.2")
    assert (place.region, place.city, place.network) == ("广东省", "深圳市", "电信")
    # The old form names countries in Chinese only: those are the country database's to know.
    assert place.country == ("CN" if text == NEW else "")
    assert found.find("120.228.45.2") == found.find("2400:3200::1") == Place()
    assert found.problems() == []


@pytest.mark.skipif(not PACKAGED.exists(), reason="the country database is built by make")
def test_the_country_is_that_of_the_country_database(tmp_path: Path) -> None:
    file = xdb(tmp_path / "v4.xdb", OLD, "114.114.0.0", "114.114.255.255")
    assert places(file, country=PACKAGED).find("114.114.114.114") == SHENZHEN


def test_each_version_of_addresses_has_its_file(tmp_path: Path) -> None:
    v4 = xdb(tmp_path / "v4.xdb", NEW, "120.229.0.0", "120.229.255.255")
    v6 = xdb(tmp_path / "v6.xdb", NEW.replace("电信", "阿里"), "2400:3200::", "2400:3200:ffff::")
    setting = load_settings({}, data=str(tmp_path), ip2region=f"{v4}, {v6}")
    found = configured(setting)
    assert found.find("120.229.45.2").network == "电信"
    assert found.find("2400:3200::1").network == "阿里"


def test_a_file_that_is_replaced_is_read_without_a_restart(tmp_path: Path) -> None:
    seconds = 0.0
    file = xdb(tmp_path / "v4.xdb", NEW, "120.229.0.0", "120.229.255.255")
    geography = Geography(None, regions=(file,), clock=lambda: seconds)
    enricher = Enricher(geography)
    assert enricher.client("120.229.45.2", "x").columns.city == "深圳市"
    xdb(file, NEW.replace("深圳市", "广州市区"), "120.229.0.0", "120.229.255.255")
    assert enricher.client("120.229.45.2", "x").columns.city == "深圳市"
    seconds += geography_module.CHECK_SECONDS
    assert enricher.client("120.229.45.2", "x").columns.city == "广州市区"


def test_what_is_no_such_file_is_reported_and_harms_nothing(tmp_path: Path) -> None:
    short, strange = tmp_path / "short.xdb", tmp_path / "strange.xdb"
    short.write_bytes(b"short")
    strange.write_bytes(b"\xff" * 600_000)
    cut = xdb(tmp_path / "cut.xdb", NEW, "120.229.0.0", "120.229.255.255")
    cut.write_bytes(cut.read_bytes()[:-9])
    found = places(short, strange, cut, tmp_path / "none.xdb")
    assert found.find("120.229.45.2") == Place()
    assert len(found.problems()) == 3


def test_a_text_of_another_form_says_nothing() -> None:
    for text in ("", "中国", "a|b|c|d", "a|b|c|d|e|f"):
        assert parse_region(text) is None
