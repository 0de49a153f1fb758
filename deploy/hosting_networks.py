"""Write the list of hosting providers' networks anew, from a table of address ranges and their AS.

    python deploy/hosting_networks.py asn-ipv4.csv > tracker/ingest/sources/hosting.txt

The table has lines of first address, last address, AS number and name; the npm package
``@ip-location-db/asn`` (RouteViews and others, CC BY 4.0) is one. Adjacent ranges of a provider are
joined, and those smaller than /19 left out, so that the list stays small. IPv6 allocations of the
registries are few and large, and stand below.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, collapse_addresses, summarize_address_range
from pathlib import Path

#: Longest prefix that is kept.
LONGEST = 19
#: Provider → numbers of its autonomous systems from which servers are rented out. Not among them
#: are content networks (Cloudflare), whose addresses are also those of people behind their VPN.
PROVIDERS: dict[str, tuple[int, ...]] = {
    "Alibaba Cloud": (37963, 45102, 134963),
    "Amazon Web Services": (14618, 16509),
    "Baidu Cloud": (38365, 45085),
    "Contabo": (40021, 51167, 141995),
    "DigitalOcean": (14061,),
    "Google Cloud": (396982,),
    "GoDaddy": (26496, 398101),
    "Hetzner": (24940, 212317, 213230),
    "Hostinger": (47583,),
    "Huawei Cloud": (55990, 136907),
    "IBM Cloud": (36351,),
    "IONOS": (8560,),
    "Kingsoft Cloud": (59019, 137280),
    "Leaseweb": (7203, 16265, 28753, 30633, 59253, 60626, 60781, 395954, 396362),
    "Linode": (63949,),
    "M247": (9009,),
    "Microsoft Azure": (8075,),
    "OVH": (16276, 35540),
    "Oracle Cloud": (31898,),
    "Rackspace": (19994, 27357, 33070),
    "Scaleway": (12876,),
    "Selectel": (49505, 50340),
    "Tencent Cloud": (45090, 132203),
    "UCloud": (135377, 59077),
    "Vultr": (20473,),
    "Yandex Cloud": (200350,),
}
IPV6: dict[str, tuple[str, ...]] = {
    "Alibaba Cloud": ("2400:3200::/32", "2400:b200::/32"),
    "Amazon Web Services": ("2600:1f00::/24", "2406:da00::/24", "2a05:d000::/25"),
    "Contabo": ("2a02:c206::/31",),
    "DigitalOcean": ("2604:a880::/32", "2400:6180::/32", "2a03:b0c0::/32"),
    "Google Cloud": ("2600:1900::/28",),
    "Hetzner": ("2a01:4f8::/31", "2a01:4ff::/32"),
    "Linode": ("2600:3c00::/28", "2a01:7e00::/31", "2400:8900::/31"),
    "Microsoft Azure": ("2603:1000::/24",),
    "OVH": ("2001:41d0::/32", "2607:5300::/32", "2402:1f00::/32"),
    "Oracle Cloud": ("2603:c000::/24",),
    "Scaleway": ("2001:bc8::/32",),
    "Tencent Cloud": ("2402:4e00::/32",),
    "Vultr": ("2001:19f0::/32",),
}
HEADER = """\
# Networks of hosting providers, as CIDR; a comment line names the provider of those that follow.
# Made by deploy/hosting_networks.py from AS announcements seen by RouteViews (routeviews.org,
# CC BY 4.0) and, for IPv6, allocations of the registries. IPv4 networks smaller than /19 are left
# out. A file of the same form can be given instead: TRACKER_HOSTING_NETWORKS.
"""


def networks(table: Path) -> dict[str, list[IPv4Network]]:
    """Provider → its networks, joined, without small ones."""
    owners = {number: name for name, numbers in PROVIDERS.items() for number in numbers}
    found: dict[str, list[IPv4Network]] = {name: [] for name in PROVIDERS}
    for first, last, owner in _rows(table):
        if owner in owners:
            found[owners[owner]] += summarize_address_range(first, last)
    return {
        name: [net for net in collapse_addresses(nets) if net.prefixlen <= LONGEST]
        for name, nets in found.items()
    }


def _rows(table: Path) -> Iterator[tuple[IPv4Address, IPv4Address, int]]:
    with table.open(encoding="utf-8", newline="") as file:
        for row in csv.reader(file):
            if len(row) >= 3 and row[2].isdigit():
                yield IPv4Address(row[0]), IPv4Address(row[1]), int(row[2])


def main() -> int:
    """Print the list."""
    if len(sys.argv) != 2:
        sys.stderr.write("usage: hosting_networks.py TABLE.csv\n")
        return 2
    sys.stdout.write(HEADER)
    for name, found in networks(Path(sys.argv[1])).items():
        lines = [*map(str, found), *IPV6.get(name, ())]
        if lines:
            sys.stdout.write(f"# {name}\n" + "".join(f"{line}\n" for line in lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
