"""ip2region files (.xdb): province, city and carrier of an address, at their best in China.

Two forms of the text are known: ``country|area|province|city|carrier`` of the files up to 2025 and
``country|province|city|carrier|code`` of those after. ``0`` is what they write for "not known".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from struct import error as StructError
from typing import Any

from ip2region.searcher import new_with_buffer
from ip2region.util import Header, HeaderInfoLength, VectorIndexLength, version_from_header

from tracker.ingest.address import parse_ip

_CODE = re.compile(r"[A-Z]{2}")
#: Structures of the file that are known.
STRUCTURES = (2, 3)


class Regions:
    """A whole file in memory; an address of the other version than the file's has no region."""

    def __init__(self, path: Path) -> None:
        """ValueError for what is no such file, OSError where it cannot be read."""
        content = path.read_bytes()
        if len(content) < HeaderInfoLength + VectorIndexLength:
            raise ValueError("it is too short for an ip2region file")
        header = Header(content[:HeaderInfoLength])
        version = version_from_header(header)
        if version is None or header.version not in STRUCTURES:
            raise ValueError(f"structure {header.version} of ip2region files is not known")
        self._bytes = version.byte_num
        self._searcher = new_with_buffer(version, content)

    def get(self, ip: str) -> Mapping[str, Any] | None:
        """The record of an address, None if there is none. ValueError where the file is damaged."""
        address = parse_ip(ip)
        if address is None or len(address.packed) != self._bytes:
            return None
        try:
            return parse_region(self._searcher.search(address.packed))
        except (IndexError, StructError) as error:
            raise ValueError(f"the file is damaged: {error}") from error


def parse_region(text: str) -> Mapping[str, Any] | None:
    """What a text says, in the words in which MMDB records say it; None for other forms."""
    parts = ["" if part == "0" else part.strip() for part in text.split("|")]
    if len(parts) != 5:
        return None
    if _CODE.fullmatch(parts[4]):
        _, province, city, carrier, code = parts
    else:
        _, _, province, city, carrier = parts
        code = ""
    return {
        "country_code": code,
        "region": {"name": province},
        "city": {"name": city},
        "name": carrier,
    }
