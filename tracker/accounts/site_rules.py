"""What the fields of a site may hold: each check returns the value to store or InvalidInput."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from decimal import Decimal
from urllib.parse import urlsplit

from tracker.accounts.domains import parse_domain
from tracker.errors import InvalidInput
from tracker.money import STEP

MIN_TIMEOUT, MAX_TIMEOUT = 60, 4 * 3600
MIN_LOOKBACK, MAX_LOOKBACK = 1, 365


def checked_margin(margin: Decimal | None) -> Decimal | None:
    """A share of revenue in (0, 1] with at most six decimals, or None for not set."""
    if margin is None:
        return None
    if not margin.is_finite() or not 0 < margin <= 1 or margin != margin.quantize(STEP):
        raise InvalidInput(
            f"The margin is {margin}; it must be above 0, at most 1, with up to six decimals.",
            hint="Write 35 per cent as 0.35.",
        )
    return margin


def checked_timeout(seconds: int) -> int:
    """A visit timeout between 1 minute and 4 hours, in seconds."""
    if not MIN_TIMEOUT <= seconds <= MAX_TIMEOUT:
        raise InvalidInput(
            f"The visit timeout is {seconds} s; allowed are {MIN_TIMEOUT} to {MAX_TIMEOUT} s."
        )
    return seconds


def checked_lookback(days: int) -> int:
    """A lookback between 1 and 365 days."""
    if not MIN_LOOKBACK <= days <= MAX_LOOKBACK:
        raise InvalidInput(
            f"The lookback is {days} days; allowed are {MIN_LOOKBACK} to {MAX_LOOKBACK}."
        )
    return days


def checked_terms(terms: Iterable[str]) -> tuple[str, ...]:
    """Brand terms in lower case, trimmed, each once; empty ones are refused."""
    cleaned = tuple(dict.fromkeys(" ".join(term.split()).lower() for term in terms))
    if any(not term or len(term) > 200 for term in cleaned):
        raise InvalidInput("A brand term is empty or longer than 200 characters.")
    return cleaned


def checked_excluded_ips(networks: Iterable[str]) -> tuple[str, ...]:
    """Addresses and networks (CIDR), each once, in canonical form."""
    cleaned = []
    for network in networks:
        try:
            cleaned.append(str(ipaddress.ip_network(network.strip(), strict=False)))
        except ValueError as error:
            raise InvalidInput(
                f"Not an address or network: {network!r}.",
                hint="Write 203.0.113.7, 203.0.113.0/24 or an IPv6 network.",
            ) from error
    return tuple(dict.fromkeys(cleaned))


def checked_origins(origins: Iterable[str]) -> tuple[str, ...]:
    """Origins as browsers send them: scheme and host in lower case, port only if unusual."""
    return tuple(dict.fromkeys(_origin(origin) for origin in origins))


def _origin(text: str) -> str:
    try:
        parts = urlsplit(text.strip())
        host, port = parse_domain(parts.hostname or ""), parts.port
    except (ValueError, InvalidInput) as error:
        raise _bad_origin(text) from error
    rest = parts.path not in ("", "/") or parts.query or parts.fragment or parts.username
    if parts.scheme not in ("http", "https") or rest:
        raise _bad_origin(text)
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port not in (None, usual) else "")


def _bad_origin(text: str) -> InvalidInput:
    return InvalidInput(
        f"Not an origin: {text!r}.", hint="Write scheme and host, such as https://www.example.com."
    )
