"""Whether a page is one that its site counts, and whether a request comes too often."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from functools import lru_cache

from tracker.accounts.path_patterns import path_regex
from tracker.accounts.sites import Site
from tracker.errors import RateLimited
from tracker.ingest.rates import Rates, is_public
from tracker.ingest.reasons import Counters


@lru_cache(maxsize=16_384)
def is_excluded(patterns: tuple[str, ...], path: str) -> bool:
    """Whether a path fits one of the site's patterns."""
    return any(_pattern(pattern).match(path) for pattern in patterns)


@lru_cache(maxsize=8_192)
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(path_regex(pattern))


def above_rate(
    keys: list[str],
    ip: str,
    now: int,
    find: Callable[[str], Site | None],
    rates: Rates,
    counters: Counters,
) -> tuple[str, ...]:
    """Count a request's events by site key; the keys at which its address is above its rate.

    RateLimited when a site is above its own rate, and when an address is above its rate at a site
    that does not merely flag: nothing of the request is taken then, and its client sends it again.
    """
    # Nearly always they are of one site, and a Counter costs more than the rest.
    of_one = bool(keys) and keys.count(keys[0]) == len(keys)
    amounts = {keys[0]: len(keys)} if of_one else Counter(keys)
    above: tuple[str, ...] = ()
    for key, amount in amounts.items():
        site = find(key)
        if site is None:
            continue
        of_site, of_address = site.settings.rate_limit, site.settings.address_rate_limit
        if of_address and is_public(ip):
            wait = rates.take(f"{key} {ip}", of_address, amount, now)
            if wait and site.settings.bots == "flag":
                above += (key,)
            elif wait:
                raise _too_many(counters, "address", of_address, amount, wait)
        if of_site and (wait := rates.take(key, of_site, amount, now)):
            raise _too_many(counters, "site", of_site, amount, wait)
    return above


def _too_many(counters: Counters, what: str, limit: int, amount: int, wait: int) -> RateLimited:
    counters.add(f"limited.{what}", amount)
    return RateLimited(
        f"This {what} has sent more than {limit} events in a minute; try again in {wait} s.",
        retry_after=wait,
    )
