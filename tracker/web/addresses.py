"""Addresses that browsers send along: taken apart without trust, and never an error of ours."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from starlette.requests import Request

from tracker.ingest.address import Network, client_address


def parts_of(address: str) -> SplitResult | None:
    """An address taken apart; None for what is none, such as ``http://[``."""
    try:
        return urlsplit(address)
    except ValueError:
        return None


def host_of(address: str) -> str:
    """Host and port of an address, empty for what has none."""
    parts = parts_of(address)
    return parts.netloc if parts else ""


def local_path(target: str, usual: str) -> str:
    """A path of ours to go to; ``usual`` for anything that could lead to another site."""
    parts = parts_of(target)
    # Browsers read a backslash as a slash, and drop control characters.
    unsafe = any(ord(character) < 33 or character == "\\" for character in target)
    if parts is None or parts.scheme or parts.netloc or unsafe:
        return usual
    return target if target.startswith("/") and target[:2] != "//" else usual


def client_ip(request: Request, trusted: tuple[Network, ...]) -> str:
    """Whose request it is: the peer, or whom the proxies that are trusted name."""
    forwarded = ",".join(request.headers.getlist("X-Forwarded-For"))
    return client_address(request.client.host if request.client else "", forwarded, trusted)
