"""Host names of a site: their syntax, and which hosts they cover."""

from __future__ import annotations

import ipaddress
import re

import idna

from tracker.errors import InvalidInput

_HINT = "Write a host name such as www.example.com, without scheme, port or path."
#: Labels of letters, digits, hyphens; underscores exist in practice.
_HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")


def parse_domain(text: str) -> str:
    """A host name or IP address in the form browsers send it: lower case, punycode, no dot at end.

    Internationalised names are encoded (询盘.cn → xn--…). InvalidInput for anything else.
    """
    host = text.strip().rstrip(".").lower()
    address = _address(host)
    if address:
        return address
    try:
        host = host if host.isascii() else idna.encode(host, uts46=True).decode()
    except idna.IDNAError as error:
        raise InvalidInput(f"Not a domain: {text!r}.", hint=_HINT) from error
    # A last label of digits alone would be a mistyped IP address: browsers never send it.
    if len(host) > 253 or not _HOST.fullmatch(host) or host.rsplit(".", 1)[-1].isdigit():
        raise InvalidInput(f"Not a domain: {text!r}.", hint=_HINT)
    return host


def covers_host(domains: tuple[str, ...], host: str) -> bool:
    """Whether the host (lower case, no port) is one of the domains or a subdomain of one."""
    return any(host == domain or host.endswith("." + domain) for domain in domains)


def _address(host: str) -> str | None:
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
    return f"[{address.compressed}]" if address.version == 6 else str(address)
