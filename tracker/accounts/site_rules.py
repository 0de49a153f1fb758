"""What the fields of a site may hold: each check returns the value to store or InvalidInput."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from urllib.parse import urlsplit

from tracker.accounts.domains import parse_domain
from tracker.errors import InvalidInput
from tracker.money import STEP

MIN_TIMEOUT, MAX_TIMEOUT = 60, 4 * 3600
MIN_LOOKBACK, MAX_LOOKBACK = 1, 365
MIN_HALF_LIFE, MAX_HALF_LIFE = 1, 90
MAX_KEEP_DAYS = 3650
#: Days for which visits are kept beyond the lookback, so that late facts find them.
KEPT_BEYOND_LOOKBACK = 30
MAX_GROUPS, MAX_GROUP = 500, 100


def checked_margin(margin: Decimal | None) -> Decimal | None:
    """A share of revenue in (0, 1] with at most six decimals, or None for not set."""
    if margin is None:
        return None
    if not _is_margin(margin):
        raise InvalidInput(
            f"The margin is {margin}; it must be above 0, at most 1, with up to six decimals.",
            hint="Write 35 per cent as 0.35.",
        )
    return margin


def _is_margin(margin: Decimal) -> bool:
    return margin.is_finite() and 0 < margin <= 1 and margin == margin.quantize(STEP)


def checked_group_margins(margins: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Product group → its margin, as ``checked_margin`` has it; case and spaces make no other
    group."""
    cleaned: dict[str, Decimal] = {}
    for name, margin in margins.items():
        group = checked_group(name)
        if not group or group.lower() in (one.lower() for one in cleaned):
            raise InvalidInput(
                f"The product group {name!r} has no name, or has two margins.",
                hint="Give each group once; case and spaces make no difference.",
            )
        if not _is_margin(margin):
            raise InvalidInput(
                f"The margin of the product group {group!r} is {margin}; it must be above 0, "
                "at most 1, with up to six decimals.",
                hint="Write 35 per cent as 0.35.",
            )
        cleaned[group] = margin.normalize()
    if len(cleaned) > MAX_GROUPS:
        raise InvalidInput(f"{len(cleaned)} product groups; at most {MAX_GROUPS} are allowed.")
    return cleaned


def checked_group(name: str) -> str:
    """The name of a product group without surplus spaces, at most 100 characters."""
    group = " ".join(name.split())
    if len(group) > MAX_GROUP or "\0" in group:
        raise InvalidInput(
            f"The product group is longer than {MAX_GROUP} characters, or holds a NUL."
        )
    return group


def checked_tax_rate(rate: Decimal) -> Decimal:
    """The tax in a value, as a share of the net value: in [0, 1) with at most six decimals."""
    if not rate.is_finite() or not 0 <= rate < 1 or rate != rate.quantize(STEP):
        plain = rate.is_finite() and abs(rate.adjusted()) < 9
        said = f"{rate.normalize():f}" if plain else str(rate)
        raise InvalidInput(
            f"The tax rate is {said}; it must be at least 0, below 1, with up to six decimals.",
            hint="Write 13 per cent as 0.13.",
        )
    return rate.normalize()


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


def checked_half_life(days: int) -> int:
    """A half-life of the time-decay model between 1 and 90 days."""
    if not MIN_HALF_LIFE <= days <= MAX_HALF_LIFE:
        raise InvalidInput(
            f"The half-life is {days} days; allowed are {MIN_HALF_LIFE} to {MAX_HALF_LIFE}."
        )
    return days


def checked_keep_days(days: int, lookback: int) -> int:
    """Days for which events are kept: 0 for ever, or a month more than ``lookback``, the longest of
    the site and its goals, at least."""
    least = lookback + KEPT_BEYOND_LOOKBACK
    if days and not least <= days <= MAX_KEEP_DAYS:
        raise InvalidInput(
            f"keep_days is {days}; allowed are 0 (for ever) and {least} to {MAX_KEEP_DAYS} days.",
            hint="Visits must be kept for longer than the lookback of the site and of its goals, "
            "or conversions lose them.",
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


#: Fields of a visit's source that a parameter of the site's own may fill.
PARAM_FIELDS = (
    *("platform", "source", "medium", "campaign", "ad_group", "keyword", "match_type", "creative"),
    *("campaign_id", "ad_group_id", "keyword_id", "creative_id", "search_term"),
)
MAX_PATTERNS, MAX_PATTERN, MAX_PARAMS, MAX_PARAM = 200, 1000, 200, 64
#: Highest rate limit, in events a minute.
MAX_RATE = 100_000_000


def checked_paths(patterns: Iterable[str]) -> tuple[str, ...]:
    """Path patterns as goals have them, each once: ``*`` within a segment, ``**`` across."""
    cleaned = tuple(dict.fromkeys(pattern.strip() for pattern in patterns))
    for pattern in cleaned:
        if not pattern.startswith(("/", "*")) or re.search(r"[?#\x00]|\*\*\*", pattern):
            raise InvalidInput(
                f"Not a path pattern: {pattern!r}.",
                hint="Write the path only, such as /intern/** or /*/preview; no ? or #.",
            )
        if len(pattern) > MAX_PATTERN:
            raise InvalidInput(f"A path pattern is longer than {MAX_PATTERN} characters.")
    if len(cleaned) > MAX_PATTERNS:
        raise InvalidInput(f"{len(cleaned)} path patterns; at most {MAX_PATTERNS} are allowed.")
    return cleaned


def checked_params(names: Iterable[str]) -> tuple[str, ...]:
    """Names of query parameters, decoded and in lower case, each once."""
    cleaned = tuple(dict.fromkeys(_param(name) for name in names))
    if len(cleaned) > MAX_PARAMS:
        raise InvalidInput(f"{len(cleaned)} parameters; at most {MAX_PARAMS} are allowed.")
    return cleaned


def checked_param_map(mapping: Mapping[str, str]) -> dict[str, str]:
    """Query parameter → field of ``PARAM_FIELDS``."""
    for name, field in mapping.items():
        if field not in PARAM_FIELDS:
            raise InvalidInput(
                f"The parameter {name!r} cannot fill {field!r}.",
                hint="Allowed: " + ", ".join(PARAM_FIELDS) + ".",
            )
    cleaned = {_param(name): field for name, field in mapping.items()}
    if len(cleaned) > MAX_PARAMS:
        raise InvalidInput(f"{len(cleaned)} parameters; at most {MAX_PARAMS} are allowed.")
    return cleaned


def checked_rate(limit: int, name: str) -> int:
    """Events a minute; 0 is no limit."""
    if not 0 <= limit <= MAX_RATE:
        raise InvalidInput(
            f"{name} is {limit}; allowed are 0 (no limit) to {MAX_RATE} events a minute."
        )
    return limit


def _param(name: str) -> str:
    text = name.strip().lower()
    if not 0 < len(text) <= MAX_PARAM or re.search(r"[&=?#\x00-\x20]", text):
        raise InvalidInput(
            f"Not the name of a query parameter: {name!r}.",
            hint=f"Write what stands before the =, at most {MAX_PARAM} characters.",
        )
    return text
