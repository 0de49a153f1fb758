"""Where an address is: country from the packaged database, city and network where configured.

Databases are MMDB files, and ip2region files, whose provinces, cities and carriers come before
those of the others. They are opened at the first look-up and again when the file changes (its time
and size are looked at every ``CHECK_SECONDS``). A file that is missing or cannot be read makes the
fields empty and is reported by ``problems``; it never stops an event.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Protocol

import maxminddb

from tracker.ingest.address import parse_ip
from tracker.ingest.regions import Regions

#: Seconds between looks at the files.
CHECK_SECONDS = 30.0
#: The country database inside the package, put there when the package is built.
PACKAGED = Path(__file__).with_name("country.mmdb")


@dataclass(frozen=True, slots=True)
class Place:
    """Country as ISO 3166 alpha-2; any field is empty when it is not known."""

    country: str = ""
    region: str = ""
    city: str = ""
    network: str = ""


NOWHERE = Place()


class _Reader(Protocol):
    def get(self, ip: str, /) -> Any: ...


class _Database:
    """One file that may come, change and go."""

    def __init__(self, path: Path, open_file: Callable[[Path], _Reader]) -> None:
        self.path = path
        self.problem = ""
        self._open = open_file
        self._reader: _Reader | None = None
        self._seen: tuple[int, int] | None = None

    def refresh(self) -> bool:
        """Open the file if it is another than before; True when it is."""
        try:
            stat = self.path.stat()
        except OSError:
            changed = self._reader is not None or not self.problem
            self._reader, self._seen = None, None
            self.problem = f"The address database {self.path} is missing."
            return changed
        seen = (stat.st_mtime_ns, stat.st_size)
        if seen == self._seen:
            return False
        self._seen = seen
        try:
            self._reader = self._open(self.path)
            self.problem = ""
        except (maxminddb.InvalidDatabaseError, OSError, ValueError) as error:
            self._reader = None
            self.problem = f"The address database {self.path} cannot be read: {error}."
        return True

    def find(self, ip: str) -> Mapping[str, Any]:
        """The record of an address, empty if there is none."""
        if self._reader is None:
            return {}
        try:
            record = self._reader.get(ip)
        except (ValueError, maxminddb.InvalidDatabaseError):
            return {}
        return record if isinstance(record, dict) else {}


def open_copy(path: Path) -> maxminddb.Reader:
    """A reader of a private copy of the file, in C where that is to be had (ten times as fast).

    NOTE: never of the file itself: one that is replaced in place under a memory map is a crash.
    """
    try:
        extension = maxminddb.MODE_MMAP_EXT
        copy = os.memfd_create(path.name)
    except (AttributeError, OSError):
        return maxminddb.open_database(path, maxminddb.MODE_MEMORY)
    try:
        with open(copy, "wb", closefd=False) as target, path.open("rb") as source:
            shutil.copyfileobj(source, target)
        return maxminddb.open_database(f"/proc/self/fd/{copy}", extension)
    except ValueError:  # no C extension in this installation
        return maxminddb.open_database(path, maxminddb.MODE_MEMORY)
    finally:
        os.close(copy)


class Geography:
    """Look-ups in the databases there are; safe from any thread. ``regions``: ip2region files."""

    def __init__(
        self,
        country: Path | None = PACKAGED,
        city: Path | None = None,
        network: Path | None = None,
        regions: tuple[Path, ...] = (),
        *,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._country = _Database(country, open_copy) if country else None
        self._city = _Database(city, open_copy) if city else None
        self._network = _Database(network, open_copy) if network else None
        self._regions = [_Database(path, Regions) for path in regions]
        self._clock = clock
        self._checked = float("-inf")
        self._lock = threading.Lock()
        #: Raised whenever a database was opened again: answers kept from before are stale.
        self.generation = 0

    def refresh(self) -> None:
        """Look at the files if that is due."""
        if self._clock() - self._checked < CHECK_SECONDS:
            return
        with self._lock:
            self._checked = self._clock()
            changed = sum(database.refresh() for database in self._databases())
            self.generation += changed > 0

    def problems(self) -> list[str]:
        """What is wrong with the files, for ``tracker doctor``; empty when all is well."""
        self.refresh()
        return [database.problem for database in self._databases() if database.problem]

    def find(self, ip: str) -> Place:
        """The place of an address; empty fields for a private or unknown one."""
        self.refresh()
        if not ip or not _public(ip):
            return NOWHERE  # NOTE: registries file private blocks under whoever asked last
        city = self._city.find(ip) if self._city else {}
        country = _country_code(city) or (
            _country_code(self._country.find(ip)) if self._country else ""
        )
        owner = self._network.find(ip) if self._network else {}
        region = self._region_of(ip)
        return Place(
            country or _country_code(region),
            _region(region) or _region(city),
            _city_name(region) or _city_name(city),
            _owner(region) or _owner(owner),
        )

    def _region_of(self, ip: str) -> Mapping[str, Any]:
        found = (database.find(ip) for database in self._regions)
        return next((record for record in found if record), {})

    def _databases(self) -> list[_Database]:
        single = (self._country, self._city, self._network)
        return [*(database for database in single if database is not None), *self._regions]


def _public(ip: str) -> bool:
    """Whether an address is on the internet. The usual private ones are told by their text."""
    if ip.startswith(("10.", "127.", "192.168.", "169.254.", "0.")):
        return False
    first, _, rest = ip.partition(".")
    if rest and first not in ("172", "100"):
        return True
    address = parse_ip(ip)
    return address is not None and address.is_global


def _country_code(record: Mapping[str, Any]) -> str:
    """GeoLite2 and DB-IP nest the code; the packaged file and IPinfo have it at the top."""
    country = record.get("country")
    code = country.get("iso_code") if isinstance(country, dict) else country
    code = code or record.get("country_code")
    return code.upper() if isinstance(code, str) and len(code) == 2 else ""


def _name(value: object) -> str:
    if isinstance(value, dict):
        names = value.get("names")
        value = names.get("en") if isinstance(names, dict) else value.get("name")
    return value if isinstance(value, str) else ""


def _region(record: Mapping[str, Any]) -> str:
    divisions = record.get("subdivisions")
    if isinstance(divisions, list) and divisions:
        return _name(divisions[0])
    return _name(record.get("region") or record.get("state1"))


def _city_name(record: Mapping[str, Any]) -> str:
    return _name(record.get("city"))


def _owner(record: Mapping[str, Any]) -> str:
    for key in ("autonomous_system_organization", "as_name", "as_organization", "name"):
        value = record.get(key)
        if isinstance(value, str) and value:
            return value
    return ""
