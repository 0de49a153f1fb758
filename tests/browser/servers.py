"""Two real HTTP servers for browser tests: a collector of events and a company's web site.

They listen on different loopback ports, so that to the browser they are different origins, as a
company site and its tracker are. Both take free ports and run in threads of their own.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, unquote, urlsplit

from playwright.sync_api import Page

#: Longest wait for something that happens by itself, in ms. Nothing takes so long but on a machine
#: that is busy with other things.
PATIENCE = 30_000
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css",
    ".js": "text/javascript",
    ".pdf": "application/pdf",
}
PIXEL = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)
Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the collector does with one request: an answer, or a connection closed without one."""

    status: int = 202
    headers: tuple[tuple[str, str], ...] = ()
    close: bool = False


@dataclass(frozen=True, slots=True)
class Post:
    """One request that reached the collector, with the events in it."""

    method: str
    headers: dict[str, str]
    events: tuple[Event, ...]
    answer: Answer
    body: str


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    owner: Any

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that hangs up in the middle is no failure of a test."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def owner(self) -> Any:
        return cast(_Server, self.server).owner

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test output clean."""

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_OPTIONS(self) -> None:
        self.do_POST()

    def do_GET(self) -> None:
        self.owner.get(self)

    def do_POST(self) -> None:
        self.owner.post(self)


class Served:
    """A server on a free loopback port, from `start` to `stop`."""

    def __init__(self) -> None:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End it; what is still on its way reaches nobody."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def post(self, handler: _Handler) -> None:
        handler.reply(405)


class Collector(Served):
    """Serves the built beacon and keeps every event it is sent.

    `answers` scripts the next requests, one each; `always` is the answer when it is empty. While
    `answering` is cleared, requests wait for their answer.

    A page that is left before it has seen an answer leaves its events to the next page, which sends
    them again. So `events`, `named` and `wait_for` give the first copy of each event, as the real
    server counts them, and `copies` gives all.
    """

    def __init__(self, assets: Path) -> None:
        super().__init__()
        self._assets = assets
        self._changed = threading.Condition()
        self.posts: list[Post] = []
        self.answers: deque[Answer] = deque()
        self.always = Answer()
        self.delay = 0.0
        self.answering = threading.Event()
        self.answering.set()

    @property
    def events(self) -> list[Event]:
        """Every event acknowledged, once, in order of its first arrival."""
        first: dict[str, Event] = {}
        for event in self._acknowledged():
            first.setdefault(event["i"], event)
        return list(first.values())

    def named(self, name: str) -> list[Event]:
        """The acknowledged events of one name, once each."""
        return [event for event in self.events if event["n"] == name]

    def copies(self, name: str) -> list[Event]:
        """Whatever was acknowledged under one name, repetitions of an event too."""
        return [event for event in self._acknowledged() if event["n"] == name]

    def _acknowledged(self) -> list[Event]:
        return [e for post in self.posts if post.answer.status == 202 for e in post.events]

    def wait(self, seen: Callable[[], object], what: str = "", timeout: float = 30) -> None:
        """Wait until the condition holds; fail with what was received if it does not."""
        with self._changed:
            if not self._changed.wait_for(lambda: bool(seen()), timeout):
                received = [(p.answer.status, [e["n"] for e in p.events]) for p in self.posts]
                raise AssertionError(f"not received within {timeout} s: {what}; got {received}")

    def wait_for(self, name: str, count: int = 1) -> list[Event]:
        """Wait until that many events of a name are acknowledged and return them."""
        self.wait(lambda: len(self.named(name)) >= count, f"{count} × {name}")
        return self.named(name)

    def get(self, handler: _Handler) -> None:
        """The beacon's files; an event in the query of /e (the image form)."""
        url = urlsplit(handler.path)
        if url.path == "/e":
            self._receive(handler, parse_qs(url.query)["d"][0])
            return
        file = self._assets / url.path.lstrip("/")
        if not file.is_file():
            handler.reply(404)
            return
        handler.reply(
            200,
            file.read_bytes(),
            Content_Type=TYPES[file.suffix],
            Access_Control_Allow_Origin="*",
        )

    def post(self, handler: _Handler) -> None:
        """Events by fetch or sendBeacon."""
        length = int(handler.headers.get("Content-Length") or 0)
        self._receive(handler, handler.rfile.read(length).decode())

    def _receive(self, handler: _Handler, body: str) -> None:
        time.sleep(self.delay)
        self.answering.wait(60)
        answer = self.answers.popleft() if self.answers else self.always
        parsed = json.loads(body) if body else []
        events = tuple(parsed if isinstance(parsed, list) else [parsed])
        if answer.close:
            handler.close_connection = True
            handler.connection.close()
        else:
            image = handler.command == "GET" and answer.status < 400
            handler.reply(
                200 if image else answer.status,
                PIXEL if image else b"",
                Access_Control_Allow_Origin="*",
                Access_Control_Expose_Headers="Retry-After",
                **({"Content_Type": "image/gif"} if image else {}),
                **dict(answer.headers),
            )
        kept = Answer(status=0) if answer.close else answer
        with self._changed:
            self.posts.append(Post(handler.command, dict(handler.headers), events, kept, body))
            self._changed.notify_all()


@dataclass(slots=True)
class Embedding:
    """How the pages embed the beacon, and which extra headers they are served with."""

    options: str = ""
    site: str = "k-test"
    headers: dict[str, str] = field(default_factory=dict)


class CompanySite(Served):
    """The pages in company_site/, with the addresses of the running servers filled in.

    `{tracker}`, `{partner}`, `{home}`, `{site}` and `{options}` in a page are replaced; a test
    changes `embedding` before it opens a page.
    """

    def __init__(self, tracker: str) -> None:
        super().__init__()
        self._root = Path(__file__).parent / "company_site"
        self._words = {"{tracker}": tracker}
        self.embedding = Embedding()
        self.pages: dict[str, str] = {}

    def link(self, home: str, partner: str) -> None:
        """Say where the pages' links to the own and to the partner's site lead."""
        self._words |= {"{home}": home, "{partner}": partner}

    def read(self, name: str) -> str:
        """A page as it is written, for a test that changes it and puts it into `pages`."""
        return (self._root / name).read_text(encoding="utf-8")

    def get(self, handler: _Handler) -> None:
        """One page; a test's own `pages` come before the files."""
        path = unquote(urlsplit(handler.path).path).lstrip("/") or "index.html"
        file = self._root / path
        if path in self.pages:
            body, suffix = self.pages[path].encode(), ".html"
        elif path.startswith("app/"):
            body, suffix = (self._root / "app.html").read_bytes(), ".html"
        elif path.startswith("files/"):
            body, suffix = b"%PDF-1.4", ".pdf"
        elif file.is_file():
            body, suffix = file.read_bytes(), file.suffix
        else:
            handler.reply(404)
            return
        if suffix == ".html":
            body = self._filled(body.decode()).encode()
        handler.reply(200, body, Content_Type=TYPES[suffix], **self.embedding.headers)

    def _filled(self, page: str) -> str:
        words = self._words | {
            "{site}": self.embedding.site,
            "{options}": self.embedding.options,
        }
        for word, value in words.items():
            page = page.replace(word, value)
        return page


def settled(page: Page, collector: Collector, requests: int = 1) -> None:
    """Wait until the page itself has seen the answer to so many of its own requests.

    A test that leaves a page has to: the collector has an event before the page knows, and a page
    that is left in between sends the event again, or in another way.
    """
    page.wait_for_function(
        "([url, count]) => performance.getEntriesByName(url).length >= count",
        arg=[f"{collector.url}/e", requests],
    )
