"""Scheduled sources: an address and a mailbox on loopback, with what is hostile in them."""

from __future__ import annotations

import asyncio
import io
import json
import socket
import socketserver
import ssl
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import Engine
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from tests.platforms.pull import KeptCredentials
from tests.platforms.server import serve
from tests.spend_imports import HEADER, Desk
from tracker.accounts.connection_accounts import WHOLE, ConnectionAccount
from tracker.accounts.connections import Connection, NewConnection, add_connection
from tracker.accounts.runs import list_runs
from tracker.accounts.sealing import Sealer, new_key
from tracker.spend.connections.catalogue import kind_of
from tracker.spend.connections.kinds import Outcome, Task
from tracker.spend.connectors.credentials import Grant
from tracker.spend.connectors.failures import Cause, Terminal, Transient
from tracker.spend.connectors.http import Wire
from tracker.spend.sources.addresses import reachable
from tracker.spend.sources.fetching import download_address
from tracker.spend.sources.letters import Letter, allowed, parse_senders
from tracker.warehouse.client import Warehouse

OPEN = {"private_addresses": True}


@pytest.fixture
def desk(sqlite_db: Engine, warehouse_embedded: Warehouse, tmp_path: Path) -> Desk:
    return Desk.open(sqlite_db, warehouse_embedded, tmp_path)


@dataclass
class Web:
    """A server with one page a path: (status, headers, body)."""

    pages: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; 304 where the client has this version."""
        request = Request(scope, receive)
        self.seen.append((request.url.path, dict(request.headers)))
        status, headers, content = self.pages.get(request.url.path, (404, {}, b""))
        if status == 302:
            await RedirectResponse(headers["location"])(scope, receive, send)
            return
        if headers.get("etag") and request.headers.get("if-none-match") == headers["etag"]:
            status, content = 304, b""
        await Response(content, status, headers)(scope, receive, send)


@dataclass
class Post:
    """A source of one site at work."""

    desk: Desk
    connection: Connection
    secret: dict[str, str]
    deployment: dict[str, Any] = field(default_factory=lambda: dict(OPEN))
    sleep: Callable[[], None] = lambda: None
    sealer: Sealer = field(default_factory=lambda: Sealer((Fernet(new_key()),)))

    def run(self, what: str = "run") -> Any:
        """One run, or one test, of the kind."""

        async def sleep(_: float) -> None:
            self.sleep()

        async def work() -> Any:
            async with httpx.AsyncClient() as client:
                task = Task(
                    self.connection,
                    ConnectionAccount(self.connection.id, WHOLE),
                    None,
                    KeptCredentials(Grant(self.secret)),
                    Wire("", client, sleep=sleep),
                    self.desk.deps,
                    deployment=self.deployment,
                )
                return await getattr(kind_of(self.connection.kind), what)(task)

        return asyncio.run(work())

    def ok(self) -> Outcome:
        """A run that found nothing wrong."""
        outcome = self.run()
        assert isinstance(outcome, Outcome)
        assert outcome.failure is None, outcome.failure
        return outcome

    def statuses(self) -> list[str]:
        """Of the imports so far."""
        return sorted(run.status for run in list_runs(self.desk.db, site=self.desk.site.key))


def source(
    desk: Desk, kind: str, secret: dict[str, str], site: str | None = "", **settings: str
) -> Post:
    """A stored connection of that kind."""
    new = NewConnection(
        desk.site.tenant, kind, "Reports", desk.site.key if site == "" else site, settings, {}
    )
    sealer = Sealer((Fernet(new_key()),))
    return Post(desk, add_connection(desk.db, sealer, new), secret, sealer=sealer)


def report(cost: str = "10.50", day: str = "2026-09-10") -> bytes:
    return f"{HEADER}\n{day},C,G,pump,100,5,{cost}\n".encode()


BAIDU = {"platform": "baidu", "account": "pump-works"}


def test_an_address_is_imported_and_asked_only_for_what_is_new(desk: Desk) -> None:
    web = Web({"/r.csv": (200, {"etag": '"1"'}, report())})
    with serve(web) as url:  # type: ignore[arg-type]
        secret = {"url": f"{url}/r.csv", "authorization": "Bearer x"}
        post = source(desk, "web_address", secret, **BAIDU)
        assert post.run("test") == ()
        assert desk.costs()["*"] is None
        first = post.ok()
        assert (first.rows, first.counts["added"]) == (1, 1)
        assert desk.costs() == {"pump": "10.50", "*": "10.50"}
        assert post.ok().rows == 0
        assert web.seen[-1][1]["if-none-match"] == '"1"'
        assert web.seen[-1][1]["authorization"] == "Bearer x"
        web.pages["/r.csv"] = (200, {"etag": '"2"'}, report("11.00"))
        assert post.ok().counts["replaced"] == 1
        web.pages["/r.csv"] = (200, {"etag": '"3"'}, report("11.00"))
        assert post.ok().rows == 0, "another version of the same bytes is nothing new"
    assert post.statuses() == ["ok", "ok"]


def test_what_would_erase_is_held_and_tried_again_only_when_asked(desk: Desk) -> None:
    web = Web({"/r.csv": (200, {}, report("100.00"))})
    with serve(web) as url:  # type: ignore[arg-type]
        post = source(desk, "web_address", {"url": f"{url}/r.csv"}, **BAIDU)
        post.ok()
        web.pages["/r.csv"] = (200, {}, report("1.00"))
        outcome = post.run()
        assert isinstance(outcome.failure, Terminal)
        assert "lower cost" in outcome.failure.message
        assert post.statuses() == ["held", "ok"]
        assert desk.costs()["*"] == "100.00"


def test_json_rows_are_a_table_whose_numbers_keep_their_digits(desk: Desk) -> None:
    row = {"Date": "2026-09-10", "Campaign": "C", "Ad group": "G", "Keyword": "pump"}
    numbers = b'"Impressions": 100, "Clicks": 5, "Cost": 10.100001}'
    body = b'{"rows": [' + json.dumps(row).encode()[:-1] + b", " + numbers + b"]}"
    web = Web({"/r.json": (200, {}, body), "/bad.json": (200, {}, b'{"a": [1]}')})
    with serve(web) as url:  # type: ignore[arg-type]
        source(desk, "web_address", {"url": f"{url}/r.json"}, **BAIDU).ok()
        assert desk.costs()["*"] == "10.100001"
        with pytest.raises(Terminal, match="array of objects"):
            source(desk, "web_address", {"url": f"{url}/bad.json"}, **BAIDU).run()


def test_half_a_sign_in_json_is_no_reason_to_refuse_it(desk: Desk) -> None:
    cells = ("2026-09-10", "C", "G", "pump\ud83d", "100", "5", "7.00")
    content = json.dumps([dict(zip(HEADER.split(","), cells, strict=True))]).encode()
    with serve(Web({"/r.json": (200, {}, content)})) as url:  # type: ignore[arg-type]
        assert source(desk, "web_address", {"url": f"{url}/r.json"}, **BAIDU).ok().rows == 1
    assert desk.costs() == {"pump?": "7.00", "*": "7.00"}


def test_an_archive_of_several_reports_is_imported_whole(desk: Desk) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.csv", report("1.00", "2026-09-09"))
        archive.writestr("../../b.csv", report("2.00"))
        archive.writestr("__MACOSX/._a.csv", b"x")
    web = Web({"/r.zip": (200, {}, packed.getvalue())})
    with serve(web) as url:  # type: ignore[arg-type]
        assert source(desk, "web_address", {"url": f"{url}/r.zip"}, **BAIDU).ok().rows == 2
    assert desk.costs()["*"] == "3.00"


@pytest.mark.parametrize(
    ("path", "error", "said"),
    [
        ("/missing", Terminal, "status 404"),
        ("/away", Transient, "status 503"),
        ("/closed", Terminal, "refuses us"),
        ("/damaged", Transient, "DecodingError"),
        ("/loop", Terminal, "redirects too often"),
    ],
)
def test_what_an_address_answers_is_told_without_the_address(
    desk: Desk, path: str, error: type[Exception], said: str
) -> None:
    web = Web({"/away": (503, {}, b""), "/closed": (403, {}, b"")})
    web.pages["/damaged"] = (200, {"content-encoding": "gzip"}, b"no gzip")
    web.pages["/loop"] = (302, {"location": "/loop"}, b"")
    with serve(web) as url:  # type: ignore[arg-type]
        post = source(desk, "web_address", {"url": f"{url}{path}?key=hidden-secret"}, **BAIDU)
        with pytest.raises(error, match=said) as caught:
            post.run()
    assert "hidden-secret" not in str(caught.value)


def test_private_networks_are_out_of_reach_unless_they_are_allowed(desk: Desk) -> None:
    web = Web({"/r.csv": (200, {}, report())})
    with serve(web) as url:  # type: ignore[arg-type]
        secure = url.replace("http:", "https:")
        for address in (f"{secure}/r.csv", "https://[::1]/", "https://10.0.0.1/x"):
            post = source(desk, "web_address", {"url": address}, **BAIDU)
            post.deployment = {}
            with pytest.raises(Terminal, match="private network") as caught:
                post.run()
            assert caught.value.cause is Cause.SETTING
        for address in (f"{url}/r.csv", "file:///etc/passwd", "https://a:b@example.com/", "x"):
            post = source(desk, "web_address", {"url": address}, **BAIDU)
            post.deployment = {}
            with pytest.raises(Terminal, match=r"https address|can be opened"):
                post.run()
    assert web.seen == []


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "169.254.169.254", "192.168.1.1", "::ffff:10.0.0.1", "0.0.0.0", "fd00::1"]
)
def test_addresses_of_our_own_network_are_known(host: str) -> None:
    with pytest.raises(Terminal, match="private network"):
        asyncio.run(reachable(host, 443, private=False))
    assert asyncio.run(reachable("8.8.8.8", 443, private=False)) == "8.8.8.8"


def test_a_google_sheet_is_had_as_csv() -> None:
    page = "https://docs.google.com/spreadsheets/d/1aB-c_D/edit#gid=77"
    wanted = "https://docs.google.com/spreadsheets/d/1aB-c_D/export?format=csv&gid=77"
    assert download_address(page) == wanted
    published = "https://docs.google.com/spreadsheets/d/e/2PACX-1v/pub?output=csv"
    assert download_address(published) == published


def test_a_connection_without_a_site_says_so(desk: Desk) -> None:
    with pytest.raises(Terminal, match="belongs to no site"):
        source(desk, "web_address", {"url": "https://x.example/"}, site=None).run()


class ImapServer(socketserver.ThreadingTCPServer):
    """Just enough of IMAP4rev1 over TLS for one log-in, one folder and the commands that we use."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, directory: Path) -> None:
        self.mails: list[bytes] = []
        self.flags: set[int] = set()
        self.opened: list[int] = []
        self.ca_file, context = certificate(directory)
        self.context = context
        super().__init__(("127.0.0.1", 0), _ImapSession)

    def get_request(self) -> tuple[socket.socket, Any]:
        """A connection with TLS around it; one that fails its handshake is dropped."""
        plain, address = super().get_request()
        try:
            return self.context.wrap_socket(plain, server_side=True), address
        except OSError:
            plain.close()
            raise

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Silent: tests look at the client's side."""


class _ImapSession(socketserver.StreamRequestHandler):
    server: ImapServer

    def handle(self) -> None:
        self._say("* OK ready")
        while line := self.rfile.readline().decode().strip():
            tag, command, *rest = line.split(" ", 2)
            words = rest[0] if rest else ""
            if command.upper() == "UID":
                command, _, words = words.partition(" ")
            self._answer(tag, command.upper(), words)
            if command.upper() == "LOGOUT":
                return

    def _answer(self, tag: str, command: str, words: str) -> None:
        status = "OK done"
        if command == "CAPABILITY":
            self._say("* CAPABILITY IMAP4rev1")
        elif command == "LOGIN":
            status = "OK in" if words.endswith('"right"') else "NO wrong"
        elif command == "SELECT":
            status = "OK selected" if words == '"INBOX"' else "NO none"
            self._say(f"* {len(self.server.mails)} EXISTS")
        elif command == "SEARCH":
            self._say("* SEARCH " + " ".join(str(n + 1) for n in range(len(self.server.mails))))
        elif command == "FETCH":
            self._fetch(words)
        elif command == "STORE":
            self.server.flags.add(int(words.split()[0]))
        self._say(f"{tag} {status}")

    def _fetch(self, words: str) -> None:
        uids, _, items = words.partition(" ")
        for uid in map(int, uids.split(",")):
            mail = self.server.mails[uid - 1]
            content = mail
            if "HEADER" in items:
                content = mail.partition(b"\n\n")[0] + b"\n\n"
            else:
                self.server.opened.append(uid)
            about = f"* {uid} FETCH (UID {uid} RFC822.SIZE {len(mail)} BODY[] {{{len(content)}}}"
            self.wfile.write(about.encode() + b"\r\n" + content + b")\r\n")

    def _say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")


def certificate(directory: Path) -> tuple[str, ssl.SSLContext]:
    """A certificate of localhost that its own file vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    ca_file, key_file = directory / "ca.pem", directory / "key.pem"
    ca_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca_file, key_file)
    return str(ca_file), context


@contextmanager
def imap(directory: Path) -> Iterator[ImapServer]:
    with ImapServer(directory) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(10)


def mail(sender: str = "reports@ads.example", key: str = "<1@ads>", **files: bytes) -> bytes:
    message = EmailMessage()
    message["From"], message["Subject"] = sender, "Daily report"
    if key:
        message["Message-ID"] = key
    message.set_content("Here: https://files.ads.example/r.csv and https://evil.example/x.csv")
    for name, content in files.items():
        message.add_attachment(
            content, maintype="text", subtype="csv", filename=name.replace("_", ".")
        )
    return message.as_bytes()


def mailbox(desk: Desk, server: ImapServer, **settings: str) -> Post:
    given = {"host": "localhost", "port": str(server.server_address[1]), "username": "ann"}
    rules = {"senders": "reports@ads.example, @agency.example"}
    post = source(desk, "mailbox", {"password": "right"}, **{**given, **rules, **BAIDU, **settings})
    post.deployment["ca_file"] = server.ca_file
    return post


def test_reports_of_allowed_senders_are_imported_once_and_marked_as_read(desk: Desk) -> None:
    with imap(desk.directory) as server:
        server.mails = [
            mail(a_csv=report("1.00")),
            mail("Stranger <x@evil.example>", "<2@evil>", b_csv=report("99.00", "2026-09-11")),
            mail("Bo <bo@AGENCY.example>", "<3@a>", c_csv=report("2.00", "2026-09-12")),
            mail(key="<1@ads>", a_csv=report("1.00")),
        ]
        post = mailbox(desk, server)
        assert post.run("test") == ()
        assert server.opened == []
        assert post.ok().rows == 2, "a copy with the same id is the same report"
        assert desk.costs("2026-09-01", "2026-09-30")["*"] == "3.00"
        assert 2 not in server.opened
        assert 2 not in server.flags
        before = list(server.opened)
        assert post.ok().rows == 0
        assert server.opened == before


def test_a_bad_mail_does_not_keep_the_others_from_being_imported(desk: Desk) -> None:
    with imap(desk.directory) as server:
        server.mails = [
            b"From: reports@ads.example\nMessage-ID: <h@x>\n"
            b"Content-Type: multipart/mixed; boundary=\n\n\xff\xfe broken",
            mail(key="<bad@ads>", bad_csv=b"not,a report\n1,2\n"),
            mail(key="", good_csv=report("5.00")),
        ]
        outcome = mailbox(desk, server).run()
        assert isinstance(outcome.failure, Terminal)
        assert "bad.csv" in outcome.failure.message
        assert outcome.rows == 1
        assert mailbox(desk, server).connection.id
    assert desk.costs()["*"] == "5.00"


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        (Terminal("The address refuses us (status 403).", cause=Cause.AUTHORISATION), True),
        (Terminal("The address answered with status 404.", cause=Cause.REQUEST), True),
        (Transient("The address does not answer (ConnectError)."), False),
    ],
)
def test_a_link_that_cannot_be_had_keeps_neither_its_mail_nor_the_others_from_being_imported(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, said: Terminal | Transient, taken: bool
) -> None:
    async def refusing(*_: Any, **__: Any) -> None:
        raise said

    monkeypatch.setattr("tracker.spend.sources.mailbox.fetch", refusing)
    with imap(desk.directory) as server:
        server.mails = [
            mail(first_csv=report("1.00")),
            mail("x@agency.example", "<2@a>", other_csv=report("5.00", "2026-09-11")),
        ]
        server.mails[1] = server.mails[1].replace(b"files.ads.example", b"files.elsewhere.example")
        post = mailbox(desk, server, link_hosts="files.ads.example")
        outcome = post.run()
        # The log-in to the mailbox is good whatever a link says.
        assert isinstance(outcome.failure, Transient) is not taken
        assert said.message in outcome.failure.message
        assert getattr(outcome.failure, "cause", Cause.REQUEST) is Cause.REQUEST
        assert outcome.rows == 1 + taken
        assert server.flags == ({1, 2} if taken else {2})
        # What was refused is noted against its mail; what did not answer is asked for again.
        again = post.run()
        assert (again.failure is None) is taken
        assert again.rows == 0
    assert desk.costs()["*"] == ("6.00" if taken else "5.00")


def test_links_are_followed_only_to_hosts_that_are_named() -> None:
    letter = Letter(mail())
    assert letter.links([]) == []
    assert letter.links(["files.ads.example"]) == ["https://files.ads.example/r.csv"]
    assert letter.links(["*.ads.example"]) == ["https://files.ads.example/r.csv"]
    assert letter.links(["ads.example"]) == []


@pytest.mark.parametrize(
    ("sender", "good"),
    [
        ("Ads <reports@ads.example>", True),
        ("REPORTS@ADS.EXAMPLE", True),
        ("anyone@agency.example", True),
        ("reports@ads.example.evil.example", False),
        ("reports@ads.example, x@evil.example", False),
        ('"reports@ads.example" <x@evil.example>', False),
        ("x@sub.agency.example", False),
        ("", False),
    ],
)
def test_the_allow_list_looks_at_the_address_and_at_nothing_else(sender: str, good: bool) -> None:
    assert allowed(sender, parse_senders("reports@ads.example；agency.example")) is good


@pytest.mark.parametrize(
    ("settings", "secret", "said"),
    [
        ({}, "wrong", "refuses the user name or the password"),
        ({"folder": "None"}, "right", "has no folder"),
        ({"senders": " "}, "right", "names no sender"),
        ({"port": "x"}, "right", "is no port"),
    ],
)
def test_what_is_wrong_with_a_mailbox_is_said(
    desk: Desk, settings: dict[str, str], secret: str, said: str
) -> None:
    with imap(desk.directory) as server:
        post = mailbox(desk, server, **settings)
        post.secret = {"password": secret}
        with pytest.raises(Terminal, match=said):
            post.run("test")


def test_a_mail_server_has_to_prove_its_name(desk: Desk) -> None:
    with imap(desk.directory) as server:
        post = mailbox(desk, server)
        del post.deployment["ca_file"]
        with pytest.raises(Terminal, match="certificate"):
            post.run("test")
    with pytest.raises(Transient, match="does not answer"):
        post.run("test")
