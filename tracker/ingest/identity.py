"""Who a visitor is: 64-bit numbers from the ids that clients, imports and addresses give.

``memory`` says how long a number lasts: ``stored`` (an id kept by the browser or given by an
import), ``daily`` (a keyed hash of address and user agent that changes with the site's local
day), ``none`` (a visitor of one event, when the salt of its day is gone).
"""

from __future__ import annotations

import re
from collections import OrderedDict
from datetime import date, datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Protocol

from tracker.accounts.clock import Clock
from tracker.accounts.salts import expires_at
from tracker.accounts.sites import Site

#: Salts remembered by a process.
KEPT_SALTS = 50_000
_HEX16 = re.compile(r"[0-9a-fA-F]{16}")


class SaltSource(Protocol):
    """Where the secret of a site's local day comes from; None once its time is over."""

    def __call__(self, site: Site, day: date) -> bytes | None: ...


@lru_cache(maxsize=16_384)
def visitor_number(text: str) -> int:
    """The visitor of an id: 16 hex digits are the number itself, any other text is hashed.

    Stable across processes and versions; never 0, which means "no visitor".
    """
    if _HEX16.fullmatch(text):
        number = int(text, 16)
    else:
        number = int.from_bytes(
            blake2b(text.encode(errors="surrogatepass"), digest_size=8, person=b"visitor").digest()
        )
    return number or 1


class Visitors:
    """Resolves visitors who allow no storage; keeps the salts of the days it has seen.

    NOTE: a salt is kept no longer than the store keeps it: once it is deleted there, nobody may
    still be able to tell which visitors of its day were the same.
    """

    def __init__(self, salts: SaltSource, clock: Clock) -> None:
        self._salts = salts
        self._clock = clock
        self._known: OrderedDict[tuple[str, date], tuple[bytes, datetime]] = OrderedDict()

    def daily(self, site: Site, day: date, truncated_ip: str, user_agent: str) -> int | None:
        """The keyed hash of a client for one local day; None when the day's salt is gone."""
        salt = self._salt(site, day)
        if salt is None:
            return None
        text = f"{site.key}\n{truncated_ip}\n{user_agent}".encode()
        return int.from_bytes(blake2b(text, digest_size=8, key=salt[:64]).digest()) or 1

    def _salt(self, site: Site, day: date) -> bytes | None:
        known = self._known.get((site.key, day))
        if known is not None:
            if known[1] > self._clock():
                return known[0]
            del self._known[site.key, day]
        salt = self._salts(site, day)
        if salt is not None:
            self._known[site.key, day] = (salt, expires_at(site, day))
            if len(self._known) > KEPT_SALTS:
                self._known.popitem(last=False)
        return salt


def single(event_id: str) -> int:
    """The visitor of one event, when nothing else is known of him."""
    return int.from_bytes(blake2b(event_id.encode(), digest_size=8, person=b"single").digest()) or 1
