"""What an address and a user agent say about a client, kept for clients that come again."""

from __future__ import annotations

from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass

from tracker.ingest.address import truncated
from tracker.ingest.agents import LENGTH, parse_agent
from tracker.ingest.columns import ClientColumns, fragment
from tracker.ingest.geography import Geography
from tracker.ingest.hosting import HostingNetworks, packaged_hosting

#: Clients remembered by a process (about 1 kB each).
CLIENTS = 16_384


@dataclass(frozen=True, slots=True)
class Client:
    """A client: its address in full and truncated, and the columns that follow from both.

    ``hosted``: the address is in a network of a hosting provider.
    """

    ip: str
    truncated: str
    user_agent: str
    robot: bool
    hosted: bool
    columns: ClientColumns
    #: The columns as JSON, ready to be joined into a line.
    json: bytes


class Enricher:
    """Makes a ``Client`` of (address, user agent).

    NOTE: used from the event loop's thread and from import threads; the worst that a race does is
    to compute a client twice.
    """

    def __init__(self, geography: Geography, hosting: HostingNetworks | None = None) -> None:
        """``hosting`` is the packaged list unless another one is given."""
        self.geography = geography
        self._hosting = packaged_hosting() if hosting is None else hosting
        self._clients: OrderedDict[tuple[str, str], Client] = OrderedDict()
        self._generation = -1

    def warm(self) -> None:
        """Build the tables of patterns now, so that the first visitor need not wait for them."""
        parse_agent("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Gecko/20100101 Firefox/140.0")
        self.geography.refresh()

    def client(self, ip: str, user_agent: str) -> Client:
        """The client; ``ip`` may be empty, ``user_agent`` is cut to its bound."""
        self.geography.refresh()
        if self._generation != self.geography.generation:
            self._clients = OrderedDict()
            self._generation = self.geography.generation
        key = (ip, user_agent[:LENGTH])
        found = self._clients.get(key)
        if found is None:
            found = self._clients[key] = self._make(*key)
            if len(self._clients) > CLIENTS:
                with suppress(KeyError):  # another thread emptied it
                    self._clients.popitem(last=False)
        return found

    def _make(self, ip: str, user_agent: str) -> Client:
        agent = parse_agent(user_agent)
        place = self.geography.find(ip)
        columns = ClientColumns(
            country=place.country,
            region=place.region,
            city=place.city,
            network=place.network,
            browser=agent.browser,
            browser_version=agent.browser_version,
            os=agent.os,
            os_version=agent.os_version,
            device=agent.device,
            user_agent=user_agent,
        )
        return Client(
            ip,
            truncated(ip),
            user_agent,
            agent.robot,
            ip in self._hosting,
            columns,
            fragment(columns),
        )
