"""Why an event was not counted, and how often: one enum and one set of counters."""

from __future__ import annotations

import threading
from collections import Counter
from enum import StrEnum


class Reason(StrEnum):
    """Every reason for which ingest drops an event. The value is the header's and the counter's."""

    #: The item is not an event of the wire format (within an array; alone it is a 400).
    MALFORMED = "malformed"
    #: The site key is not one of ours.
    UNKNOWN_SITE = "unknown_site"
    #: The page is on a host that the site does not list.
    ORIGIN = "origin"
    #: The address is on the site's list of excluded networks.
    EXCLUDED_IP = "excluded_ip"
    #: The URL cannot be a web page's (``about:blank``, ``file:``).
    BAD_URL = "bad_url"
    #: The page is one that the site does not count.
    EXCLUDED_PATH = "excluded_path"
    #: A crawler by its own word.
    BOT = "bot"
    #: A browser under automation, by the beacon's flag.
    AUTOMATION = "automation"
    #: The address is in a network of a hosting provider.
    HOSTING = "hosting"
    #: The address has sent more than the site takes of one in a minute; only ever a flag, because
    #: what is not taken is refused with 429 and sent again.
    RATE = "rate"
    #: The visitor has asked to be forgotten.
    SUPPRESSED = "suppressed"
    #: The same event id came twice within one request.
    DUPLICATE = "duplicate"
    #: The request's Global Privacy Control or Do-Not-Track, honoured by the site's setting.
    PRIVACY_SIGNAL = "privacy_signal"


#: Reasons whose events are kept for 30 days, so that a wrongly dropped customer can be found.
KEPT = frozenset({Reason.BOT, Reason.AUTOMATION, Reason.HOSTING})


class Counters:
    """Counts by name since the process began; safe from any thread.

    Names are ``events`` (stored), ``requests``, ``dropped.<reason>``, ``flagged.<reason>``,
    ``refused.<code>``, ``limited.site`` and ``limited.address`` (events refused for the moment) and
    what spool and loader add (``spool.torn_lines`` …).
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, name: str, amount: int = 1) -> None:
        """Add to one count."""
        with self._lock:
            self._counts[name] += amount

    def taken(self, events: int) -> None:
        """Count a request of which so many events were stored."""
        with self._lock:
            self._counts["requests"] += 1
            if events:
                self._counts["events"] += events

    def drop(self, reason: Reason, amount: int = 1) -> None:
        """Count events that were dropped for one reason."""
        self.add(f"dropped.{reason}", amount)

    def snapshot(self) -> dict[str, int]:
        """All counts now, sorted by name."""
        with self._lock:
            return dict(sorted(self._counts.items()))
