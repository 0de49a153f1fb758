"""Client addresses: which of a chain of proxies' words to believe, and how much to keep."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

from tracker.errors import ConfigError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: More hops than this in a forwarded header are not read.
MAX_HOPS = 32


class Networks(tuple[Network, ...]):
    """Networks whose hash is computed once.

    NOTE: that of a network is made of its two addresses every time; as part of a key that every
    request looks up it cost more than the look-up.
    """

    def __hash__(self) -> int:
        known: int | None = self.__dict__.get("hash")
        if known is None:
            known = self.__dict__["hash"] = tuple.__hash__(self)
        return known


def parse_networks(texts: Iterable[str], setting: str) -> Networks:
    """Networks in CIDR form or single addresses; ConfigError names the setting and the value."""
    networks: list[Network] = []
    for text in texts:
        try:
            networks.append(ipaddress.ip_network(text.strip(), strict=False))
        except ValueError as error:
            raise ConfigError(
                f"{setting}: {text!r} is not a network; write it as 10.0.0.0/8 or 2001:db8::/32."
            ) from error
    return Networks(networks)


@lru_cache(maxsize=16_384)
def parse_ip(text: str) -> Address | None:
    """An address from a header or a socket: ports, brackets and zones removed; None if it is none.

    An IPv4 address mapped into IPv6 is its IPv4 address.
    """
    plain = text.strip().strip('"')
    if plain.startswith("["):
        plain = plain[1:].partition("]")[0]
    elif plain.count(":") == 1:
        plain = plain.partition(":")[0]
    try:
        address = ipaddress.ip_address(plain.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped if isinstance(mapped, ipaddress.IPv4Address) else address


def within(address: Address, networks: Iterable[Network]) -> bool:
    """Whether an address is in one of the networks."""
    return any(address.version == net.version and address in net for net in networks)


@lru_cache(maxsize=16_384)
def client_address(peer: str, forwarded: str, trusted: tuple[Network, ...]) -> str:
    """The rightmost address of ``X-Forwarded-For`` + peer that is not a trusted proxy.

    The header is read only if the peer itself is trusted; what stands left of the first untrusted
    address is the client's own claim. Empty when the peer has no address (a local socket) and
    nothing was forwarded. A peer without an address counts as trusted: only the owner's own
    proxy reaches a local socket.
    """
    address = parse_ip(peer)
    if address is not None and not within(address, trusted):
        return str(address)
    best = address
    for hop in reversed(forwarded.split(",")[-MAX_HOPS:]) if forwarded else ():
        candidate = parse_ip(hop)
        if candidate is None:
            break
        best = candidate
        if not within(candidate, trusted):
            break
    return str(best) if best is not None else ""


@lru_cache(maxsize=16_384)
def truncated(ip: str) -> str:
    """The /24 of an IPv4 and the /48 of an IPv6 address (``203.0.113.0``, ``2001:db8:1::``).

    Empty for what is no address.
    """
    address = parse_ip(ip) if ip else None
    if address is None:
        return ""
    if address.version == 4:
        return f"{str(address).rpartition('.')[0]}.0"
    return str(ipaddress.IPv6Address(int(address) >> 80 << 80))
