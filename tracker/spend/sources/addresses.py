"""Where a source may be: hosts of the internet, never of our own network unless that is allowed.

A name is looked up once, every address of it is checked, and the connection is made to an address
that was checked: a name that answers otherwise the second time reaches nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket

from tracker.spend.connectors.failures import Cause, Terminal, Transient


async def reachable(host: str, port: int, *, private: bool) -> str:
    """An address of the host that may be connected to. Terminal for one of a private network,
    unless ``private``; Transient when the name cannot be looked up."""
    return await asyncio.to_thread(reachable_now, host, port, private=private)


def reachable_now(host: str, port: int, *, private: bool) -> str:
    """The same, in this thread."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Transient(f"The name {host!r} cannot be looked up.") from error
    addresses = [str(entry[4][0]) for entry in found]
    if not private and not all(map(_is_public, addresses)):
        raise Terminal(
            f"{host!r} is in a private network.",
            cause=Cause.SETTING,
            hint="Use an address of the internet, or let whoever runs this installation allow "
            "private_addresses for this kind of source.",
        )
    return addresses[0]


def _is_public(text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    return address.is_global and not address.is_multicast and (inner is None or inner.is_global)
