"""What requests of the Matomo Tracking HTTP API become: site, rights, event ids, events.

``idsite`` is a site's key. Matomo's own numbers stay usable: any other ``idsite`` means the site
that has the host of ``url``, or of the Referer where there is no URL.

With ``token_auth`` (or ``Authorization: Bearer``), a token that may write to the site, the sender's
word on ``cip``, ``ua`` and ``cdt`` is taken; a wrong token refuses the whole request with 401.
Without one, address and user agent are those of the connection.
"""

from __future__ import annotations

import re
from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from tracker.accounts.sites import Site
from tracker.errors import AccessDenied, InvalidInput, NotFound
from tracker.ingest import matomo
from tracker.ingest.address import parse_ip
from tracker.ingest.directory import Directory
from tracker.ingest.draft import Request
from tracker.ingest.landing import parse_address
from tracker.ingest.payload import VISITOR_LENGTH, Beacon, PropValue
from tracker.ingest.request_ids import RequestIds, fixed

#: Joined users (visitor and ``uid``) that a process remembers having told of.
USERS = 50_000
#: Programs that speak for a visitor without saying who he is: their own name is not his.
_LIBRARY = re.compile(
    r"(python|curl|wget|java|okhttp|apache-http|go-http|node|axios|undici|got|ruby|php|guzzle|"
    r"symfony|libwww|dart|rest-client|matomo|piwik)\b",
    re.I,
)
#: Parameters that do not make a request another event.
_TECHNICAL = frozenset({"token_auth", "send_image", "apiv", "queuedtracking"})


Joined = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Sender:
    """What the connection says, and the secret that came with the request."""

    request: Request
    secret: str
    referrer: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """One request of which the site, the rights and the event are known."""

    request: Request
    beacons: tuple[Beacon, ...]
    #: The site, visitor and user whom one of the events joins.
    joined: Joined | None = None


class UnknownSite(NotFound):
    """No site for a request: answered with 400, as Matomo does."""

    status = 400


class MatomoEvents:
    """Makes events of requests. Called in worker threads, since it may read the metadata store."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._ids = RequestIds()
        self._users: OrderedDict[Joined, None] = OrderedDict()

    def prepare(
        self, requests: list[dict[str, str]], sender: Sender
    ) -> tuple[list[Prepared], dict[int, InvalidInput]]:
        """The requests that can be used, and what is wrong with the others by their index.

        AccessDenied for a token that may not write to a site named with it.
        """
        prepared: list[Prepared] = []
        problems: dict[int, InvalidInput] = {}
        equal: Counter[str] = Counter()
        for index, params in enumerate(requests):
            try:
                prepared.append(self._one(params, sender, equal))
            except InvalidInput as error:
                problems[index] = error
        return prepared, problems

    def _one(self, params: dict[str, str], sender: Sender, equal: Counter[str]) -> Prepared:
        if params.get("rec") != "1":
            raise InvalidInput("The parameter rec=1 is missing.", hint="Nothing is recorded.")
        site = self._site(params, sender)
        secret = params.get("token_auth", "").strip() or sender.secret
        trusted = bool(secret) and self._trusted(secret, site)
        received = sender.request.received
        time = matomo.occurred(params, received, trusted=trusted)
        request = _believed(sender.request, params) if trusted else sender.request
        done = matomo.action(params, lambda wanted: self._goal_event(site, wanted))
        if done is None:
            return Prepared(request, ())
        beacon = Beacon(
            site=site.key,
            event_id=self._event_id(site, params, request, done.order, equal),
            name=done.name,
            occurred=time,
            sent=received,
            # An order is looked up among those of the days around it, as a repetition is: the
            # page that confirms it is often opened again.
            attempt=2 if done.order else 1,
            visitor=matomo.visitor(params) or None,
            url=matomo.page(params, received) or _own(sender.referrer),
            referrer=params.get("urlref") or _attributed(params, received),
            title=params.get("action_name", ""),
            sizes=matomo.screen(params),
            language=params.get("lang", "").split(",")[0],
            props=done.props,
            value=done.value,
        )
        user = params.get("uid", "").strip()[:VISITOR_LENGTH]
        pair = (site.key, beacon.visitor or "", user)
        if not user or not beacon.visitor or pair in self._users:
            return Prepared(request, (beacon,))
        return Prepared(request, (beacon, _identify(pair, beacon)), pair)

    def stored(self, prepared: list[Prepared]) -> None:
        """Remember which users have been joined, now that it is on disk."""
        for one in prepared:
            if one.joined is not None:
                self._users[one.joined] = None
                if len(self._users) > USERS:
                    self._users.popitem(last=False)

    def _site(self, params: Mapping[str, str], sender: Sender) -> Site:
        """By key; else by the host of the page. InvalidInput or NotFound."""
        wanted = params.get("idsite", "").strip()
        if not wanted:
            raise InvalidInput("The parameter idsite is missing.", hint="It is the site's key.")
        page = parse_address(params.get("url", "") or sender.referrer)
        found = self._directory.sites.get(wanted)
        if found is None and page is not None:
            found = self._directory.by_host(page.host)
        if found is None:
            raise UnknownSite(
                f"No site for idsite {wanted[:40]!r}.",
                hint="Give the site's key, or a url on one of its domains.",
            )
        return found

    def _trusted(self, secret: str, site: Site) -> bool:
        if not self._directory.may_write(secret, site):
            raise AccessDenied(
                "token_auth is no token that may write to the site.",
                hint="Make one with: tracker token add --scope write; or leave it out.",
                status=401,
            )
        return True

    def _goal_event(self, site: Site, wanted: str) -> str:
        goal = self._directory.goal(site.key, wanted)
        pattern = goal.pattern if goal is not None and goal.kind == "event" else None
        return matomo.goal_event(pattern, goal.name if goal else None, wanted)

    def _event_id(
        self,
        site: Site,
        params: Mapping[str, str],
        request: Request,
        order: str,
        equal: Counter[str],
    ) -> str:
        if order:
            return fixed("matomo-order", site.key, order)
        said = sorted(pair for pair in params.items() if pair[0] not in _TECHNICAL)
        text = "\n".join(f"{name}={value}" for name, value in said)
        client = (request.ip, request.user_agent)
        # Equal requests of one bulk are different events: their number among equals tells them.
        number = equal[text]
        equal[text] += 1
        if params.get("rand") or params.get("cdt"):
            return fixed("matomo", site.key, *client, text, b"%d" % number)
        return self._ids.windowed(
            request.received, "matomo", site.key, *client, text, b"%d" % number
        )


def _identify(pair: Joined, beacon: Beacon) -> Beacon:
    """The event that joins a visitor and a user."""
    user = pair[2]
    props: dict[str, PropValue] = {"email" if "@" in user else "user": user}
    return msgspec.structs.replace(
        beacon,
        event_id=fixed("matomo-user", *pair),
        name="identify",
        props=props,
        value=None,
        attempt=2,
    )


def _believed(request: Request, params: Mapping[str, str]) -> Request:
    """The request in the words of a sender with a token; InvalidInput for a wrong address."""
    agent = request.user_agent
    given = params.get("cip", "").strip()
    address = parse_ip(given) if given else None
    if given and address is None:
        raise InvalidInput(f"cip {given[:60]!r} is not an IP address.", hint="Or leave it out.")
    own = "" if _LIBRARY.match(agent) else agent
    return msgspec.structs.replace(
        request,
        ip=str(address) if address else request.ip,
        user_agent=params.get("ua", "").strip() or own,
        trusted=True,
    )


def _own(referrer: str) -> str:
    """The page of a request without a URL: the Referer, where it is a web page."""
    page = parse_address(referrer)
    return referrer if page is not None and page.scheme in ("http", "https") else ""


def _attributed(params: Mapping[str, str], received: int) -> str:
    return params.get("_ref", "") if matomo.is_fresh(params, received) else ""
