"""Networks of hosting providers: whether an address is a server's rather than a person's.

The list is text: one CIDR a line, ``#`` begins a comment. The packaged one,
``sources/hosting.txt``, is made by ``deploy/hosting_networks.py``; a file of one's own replaces it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from functools import cache
from ipaddress import ip_network
from pathlib import Path

from tracker.errors import ConfigError
from tracker.ingest.address import parse_ip

PACKAGED = Path(__file__).with_name("sources") / "hosting.txt"


class HostingNetworks:
    """Sorted ranges of addresses of each version, looked up by bisection."""

    def __init__(self, lines: Iterable[str], name: str = "the list") -> None:
        """ConfigError names the line that is no network."""
        ranges: dict[int, list[tuple[int, int]]] = {4: [], 6: []}
        for number, line in enumerate(lines, start=1):
            text = line.partition("#")[0].strip()
            if not text:
                continue
            try:
                network = ip_network(text)
            except ValueError as error:
                raise ConfigError(
                    f"{name}, line {number}: {text!r} is not a network.",
                    hint="One network a line, such as 203.0.113.0/24 or 2001:db8::/32.",
                ) from error
            ranges[network.version].append((int(network[0]), int(network[-1])))
        joined = {version: _joined(found) for version, found in ranges.items()}
        self._starts = {version: [low for low, _ in found] for version, found in joined.items()}
        self._ends = {version: [high for _, high in found] for version, found in joined.items()}

    def __contains__(self, ip: str) -> bool:
        address = parse_ip(ip) if ip else None
        if address is None:
            return False
        number = int(address)
        place = bisect_right(self._starts[address.version], number)
        return place > 0 and number <= self._ends[address.version][place - 1]


def _joined(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same addresses in ranges that are in order and do not overlap."""
    found: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if found and low <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(high, found[-1][1])
        else:
            found.append((low, high))
    return found


@cache
def packaged_hosting() -> HostingNetworks:
    """The packaged list, read once by a process."""
    return load_hosting(PACKAGED)


def load_hosting(path: Path) -> HostingNetworks:
    """The list of a file; ConfigError when it cannot be read."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"The list of hosting networks {path} cannot be read: {error}.",
            hint="Set TRACKER_HOSTING_NETWORKS to a text file with one network a line.",
        ) from error
    return HostingNetworks(lines, path.name)
