"""``/matomo.php`` and ``/piwik.php``: the Matomo Tracking HTTP API for scripts and server SDKs.

Taken: GET, POST of a form, and bulk (POST of ``{"requests": [query, …], "token_auth": …}`` with at
most ``BULK_REQUESTS``). Answered: a transparent GIF, 204 where ``send_image=0`` is asked for, and to
bulk ``{"status", "tracked", "invalid", "invalid_indices"}``, in which dropped events count as
tracked; always once the events are on disk. A request that cannot be used (no ``rec=1``, an unknown
site, a time too far back …) is refused with 400 and one JSON error; in bulk it is left out alone.

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
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from anyio import to_thread

from tracker.accounts.sites import Site
from tracker.errors import AccessDenied, InvalidInput, NotFound, TrackerError
from tracker.ingest import matomo
from tracker.ingest.columns import Batch
from tracker.ingest.directory import Directory
from tracker.ingest.endpoint import (
    GIF,
    Gone,
    Headers,
    IngestDeps,
    Receive,
    Scope,
    Send,
    accepted_headers,
    answer,
    answer_error,
    header_text,
    pick_headers,
    read_body,
    request_of,
)
from tracker.ingest.image import IMAGE, query_pairs
from tracker.ingest.landing import parse_address
from tracker.ingest.payload import VISITOR_LENGTH, Beacon
from tracker.ingest.reasons import Reason
from tracker.ingest.request_ids import RequestIds, fixed
from tracker.ingest.steps import Environment, Request, process

#: Most requests of one bulk request, and its largest body in bytes.
BULK_REQUESTS = 1_000
BULK_BYTES = 1024 * 1024
#: Joined users (visitor and ``uid``) that a process remembers having told of.
USERS = 50_000
#: Programs that speak for a visitor without saying who he is: their own name is not his.
_LIBRARY = re.compile(
    r"(python|curl|wget|java|okhttp|apache-http|go-http|node|axios|undici|got|ruby|php|guzzle|"
    r"symfony|libwww|dart|rest-client|matomo|piwik)\b",
    re.I,
)
_BULK = msgspec.json.Decoder(dict[str, Any])


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


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many requests were taken, which were not, and what was dropped of those taken."""

    tracked: int
    problems: dict[int, TrackerError]
    dropped: list[Reason]


class MatomoEndpoint:
    """Single and bulk requests of the Matomo Tracking HTTP API."""

    def __init__(self, deps: IngestDeps, env: Environment, directory: Directory) -> None:
        self._deps = deps
        self._env = env
        self._events = _Events(directory)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; every failure has an answer of its own."""
        origin = _allow_origin(scope)
        if scope["method"] == "OPTIONS":
            await answer(send, 204, [*origin, *_PREFLIGHT])
            return
        headers = pick_headers(scope)
        try:
            body = await read_body(headers, receive, BULK_BYTES)
            given = query_pairs(scope["query_string"])
            bulk = body.lstrip()[:1] == b"{"
            requests, token = _bulk(body) if bulk else ([dict(given + query_pairs(body))], "")
            sender = self._sender(scope, headers, token or dict(given).get("token_auth", ""))
            outcome = await self._take(requests, sender)
        except Gone:
            return
        except TrackerError as error:
            self._deps.counters.add(f"refused.{error.code}")
            await answer_error(send, error)
            return
        await _respond(send, origin, outcome, requests, bulk=bulk)

    def _sender(self, scope: Scope, headers: dict[bytes, bytes], token: str) -> Sender:
        bearer = header_text(dict(scope["headers"]).get(b"authorization", b""))
        scheme, _, secret = bearer.partition(" ")
        request = request_of(scope, headers, self._deps, "matomo")
        referrer = header_text(headers.get(b"referer", b""))
        return Sender(request, token or (secret if scheme.lower() == "bearer" else ""), referrer)

    async def _take(self, requests: list[dict[str, str]], sender: Sender) -> Outcome:
        prepared, problems = await to_thread.run_sync(self._events.prepare, requests, sender)
        batch = Batch()
        dropped: list[Reason] = []
        for one in prepared:
            dropped += process(one.beacons, one.request, self._env, batch)
        await self._deps.spool.append(batch)
        counters = self._deps.counters
        counters.add("requests")
        counters.add("events", len(batch.events))
        if problems:
            counters.add("refused.invalid", len(problems))
        return Outcome(len(prepared), problems, dropped)


class _Events:
    """Makes events of requests. Called in worker threads, since it may read the metadata store."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._ids = RequestIds()
        self._users: OrderedDict[tuple[str, str, str], None] = OrderedDict()

    def prepare(
        self, requests: list[dict[str, str]], sender: Sender
    ) -> tuple[list[Prepared], dict[int, TrackerError]]:
        """The requests that can be used, and what is wrong with the others by their index.

        AccessDenied for a token that may not write to a site named with it.
        """
        prepared, problems = [], {}
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
        return Prepared(request, (beacon, *self._identify(params, beacon)))

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

    def _identify(self, params: Mapping[str, str], beacon: Beacon) -> tuple[Beacon, ...]:
        """The event that joins visitor and user, once a process for each pair."""
        user = params.get("uid", "").strip()[:VISITOR_LENGTH]
        pair = (beacon.site, beacon.visitor or "", user)
        if not user or not beacon.visitor or pair in self._users:
            return ()
        self._users[pair] = None
        if len(self._users) > USERS:
            self._users.popitem(last=False)
        props: dict[str, Any] = {"email" if "@" in user else "user": user}
        joined = msgspec.structs.replace(
            beacon,
            event_id=fixed("matomo-user", *pair),
            name="identify",
            props=props,
            value=None,
            attempt=2,
        )
        return (joined,)


class UnknownSite(NotFound):
    """No site for a request: answered with 400, as Matomo does."""

    status = 400


#: Parameters that do not make a request another event.
_TECHNICAL = frozenset({"token_auth", "send_image", "apiv", "queuedtracking"})
_PREFLIGHT: Headers = [
    (b"access-control-allow-methods", b"GET, POST"),
    (b"access-control-allow-headers", b"content-type, authorization"),
    (b"access-control-max-age", b"86400"),
    (b"content-length", b"0"),
]


def _bulk(body: bytes) -> tuple[list[dict[str, str]], str]:
    """The requests of a bulk body and its token; InvalidInput."""
    try:
        fields = _BULK.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput("The body is not a JSON object.") from error
    requests, token = fields.get("requests"), fields.get("token_auth")
    if not isinstance(requests, list) or not 0 < len(requests) <= BULK_REQUESTS:
        raise InvalidInput(
            f"A bulk request has `requests`, a list of 1 to {BULK_REQUESTS} query strings.",
            hint="Send the others in further requests.",
        )
    return [_params(one) for one in requests], token if isinstance(token, str) else ""


def _params(given: object) -> dict[str, str]:
    """The parameters of one request of a bulk: a query string, or an object of them."""
    if isinstance(given, str):
        try:
            return dict(query_pairs(given.strip().lstrip("?").encode()))
        except InvalidInput:
            return {}
    if isinstance(given, dict):
        return {
            name: text if isinstance(text, str) else msgspec.json.encode(text).decode()
            for name, text in given.items()
            if text is not None
        }
    return {}


def _believed(request: Request, params: Mapping[str, str]) -> Request:
    """The request in the words of a sender with a token."""
    agent = request.user_agent
    own = "" if _LIBRARY.match(agent) else agent
    return replace(
        request,
        ip=params.get("cip", "").strip() or request.ip,
        user_agent=params.get("ua", "").strip() or own,
        trusted=True,
    )


def _own(referrer: str) -> str:
    """The page of a request without a URL: the Referer, where it is a web page."""
    page = parse_address(referrer)
    return referrer if page is not None and page.scheme in ("http", "https") else ""


def _attributed(params: Mapping[str, str], received: int) -> str:
    return params.get("_ref", "") if matomo.is_fresh(params, received) else ""


def _allow_origin(scope: Scope) -> Headers:
    """Their script sends with credentials, for which browsers want their own origin named."""
    origin = dict(scope["headers"]).get(b"origin")
    if not origin:
        return [(b"access-control-allow-origin", b"*")]
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"vary", b"Origin"),
    ]


async def _respond(
    send: Send, origin: Headers, outcome: Outcome, requests: list[dict[str, str]], *, bulk: bool
) -> None:
    reasons = [h for h in accepted_headers(outcome.dropped) if h[0] == b"x-tracker-dropped"]
    headers = [*origin, *(reasons if outcome.dropped else []), (b"cache-control", b"no-store")]
    if bulk:
        body = msgspec.json.encode(
            {
                "status": "success" if outcome.tracked else "error",
                "tracked": outcome.tracked,
                "invalid": len(outcome.problems),
                "invalid_indices": list(outcome.problems),
            }
        )
        status = 200 if outcome.tracked else 400
        headers += [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]
        await answer(send, status, headers, body)
    elif outcome.problems:
        await answer_error(send, outcome.problems[0])
    elif requests[0].get("send_image") == "0":
        await answer(send, 204, headers)
    else:
        image = [pair for pair in IMAGE if pair[0] != b"cache-control"]
        await answer(send, 200, [*headers, *image], GIF)
