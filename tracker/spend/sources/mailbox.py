"""A mailbox that platforms send their scheduled reports to: IMAP over TLS.

Only mails of allowed senders are opened. Each is imported once, by its Message-ID, and then marked
as read; mails of others stay as they are. Links are followed only to hosts that are named.
"""

from __future__ import annotations

import asyncio
import hashlib
import imaplib
import re
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from email.parser import BytesHeaderParser
from email.policy import default as POLICY
from pathlib import Path

from tracker.accounts.connections import Timetable
from tracker.spend.connections.kinds import Field, Kind, Outcome, Task
from tracker.spend.connectors.contract import AccountRef
from tracker.spend.connectors.failures import Cause, Terminal, Transient
from tracker.spend.sources.addresses import reachable
from tracker.spend.sources.arrivals import OPTIONS, Arrivals, arrivals
from tracker.spend.sources.fetching import Door, Fetched, fetch
from tracker.spend.sources.letters import Letter, allowed, parse_hosts, parse_senders

NAME = "mailbox"
PORT = 993
#: How far back mails are looked at, how many of them, and how large one may be.
DAYS = 35
MAILS = 5_000
MAIL_LIMIT = 48 << 20
SECONDS = 60.0
_HEADERS = "BODY.PEEK[HEADER.FIELDS (FROM MESSAGE-ID DATE SUBJECT)] RFC822.SIZE"
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")
_UID = re.compile(rb"UID (\d+)")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@dataclass(frozen=True, slots=True)
class Mail:
    """What is known of a mail before it is opened. ``key`` is its Message-ID, or what stands in
    for one."""

    uid: str
    key: str
    sender: str
    size: int


@dataclass(frozen=True, slots=True)
class Login:
    """How the mailbox is reached; ``address`` was checked, ``host`` is what TLS has to prove."""

    host: str
    address: str
    port: int
    username: str
    password: str
    folder: str
    ca_file: str = ""


class _Imap(imaplib.IMAP4_SSL):
    """Connects to the address that was checked, and expects the certificate of the host."""

    def __init__(self, login: Login) -> None:
        self._login = login
        context = ssl.create_default_context(cafile=login.ca_file or None)
        super().__init__(login.host, login.port, ssl_context=context, timeout=SECONDS)

    def _create_socket(self, timeout: float | None) -> ssl.SSLSocket:
        plain = socket.create_connection((self._login.address, self._login.port), timeout)
        wrapped: ssl.SSLSocket = self.ssl_context.wrap_socket(
            plain, server_hostname=self._login.host
        )
        return wrapped


class Mailbox:
    """One log-in; synchronous. Raises Transient and Terminal only."""

    def __init__(self, login: Login) -> None:
        try:
            self._imap = _Imap(login)
        except ssl.SSLCertVerificationError as error:
            raise Terminal(
                f"The certificate of {login.host} is not valid: {error.verify_message}.",
                cause=Cause.SETTING,
                hint="Check the host; it has to be the name that the mail provider gives.",
            ) from error
        except (OSError, imaplib.IMAP4.error) as error:
            raise Transient(f"The mail server {login.host} does not answer.") from error
        try:
            self._imap.login(login.username, login.password)
        except imaplib.IMAP4.error as error:
            self.close()
            raise Terminal(
                f"The mail server {login.host} refuses the user name or the password.",
                cause=Cause.AUTHORISATION,
                hint="Many providers want a password made for this purpose (an app password).",
            ) from error
        self._select(login.folder)

    def mails(self, since: date) -> list[Mail]:
        """The mails since a day, oldest first."""
        text = f"{since.day}-{_MONTHS[since.month - 1]}-{since.year}"
        found = next(iter(self._ask("SEARCH", None, "SINCE", text)), b"")
        uids = found.split()[-MAILS:] if isinstance(found, bytes) else []
        mails = []
        for at in range(0, len(uids), 200):
            portion = b",".join(uids[at : at + 200]).decode("ascii")
            parts = self._ask("FETCH", portion, f"({_HEADERS})")
            told = [_mail(part) for part in parts if isinstance(part, tuple)]
            mails += [mail for mail in told if mail is not None]
        return mails

    def content(self, mail: Mail) -> bytes:
        """The whole mail, without marking it."""
        for part in self._ask("FETCH", mail.uid, "(BODY.PEEK[])"):
            if isinstance(part, tuple):
                return bytes(part[1])
        return b""

    def mark_read(self, mail: Mail) -> None:
        """As somebody who has read it would."""
        self._ask("STORE", mail.uid, "+FLAGS", r"(\Seen)")

    def close(self) -> None:
        """Log out, whatever state it is in."""
        with suppress(OSError, imaplib.IMAP4.error):
            self._imap.logout()

    def _select(self, folder: str) -> None:
        quoted = '"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"'
        try:
            status, _ = self._imap.select(quoted.encode("utf-8").decode("latin-1"))
        except (OSError, imaplib.IMAP4.error, UnicodeError):
            status = "NO"
        if status != "OK":
            self.close()
            raise Terminal(
                f"The mailbox has no folder {folder!r}.",
                cause=Cause.SETTING,
                hint="Use INBOX, or the folder's name as the provider writes it.",
            )

    def _ask(self, *command: str | None) -> list[object]:
        try:
            status, found = self._imap.uid(*command)  # type: ignore[arg-type]
        except (OSError, imaplib.IMAP4.error) as error:
            raise Transient("The mail server broke off.") from error
        if status != "OK":
            raise Transient("The mail server did not do what it was asked for.")
        return list(found)


async def run(task: Task) -> Outcome:
    """Import the reports of new mails."""
    with arrivals(task) as taken:
        senders, hosts = _rules(task)
        since = task.spend.clock().date() - timedelta(days=DAYS)
        box = await asyncio.to_thread(Mailbox, await _login(task))
        later: Transient | None = None
        try:
            number = 0
            for mail in await asyncio.to_thread(box.mails, since):
                seen = mail.key in taken.handled or taken.known(mail.key)
                if seen or not allowed(mail.sender, senders):
                    continue
                task.check()
                number += 1
                try:
                    await _take(taken, box, mail, hosts, number)
                except _LinkWaits as waits:
                    later = waits.failure  # the mail is not noted: it is taken by a later run
        finally:
            await asyncio.to_thread(box.close)
        outcome = taken.done()
        outcome.failure = outcome.failure or later
        return outcome


async def test(task: Task) -> Sequence[AccountRef]:
    """Log in and look at the folder."""
    _rules(task)
    box = await asyncio.to_thread(Mailbox, await _login(task))
    await asyncio.to_thread(box.close)
    return ()


def kind() -> Kind:
    """The row of the catalogue."""
    fields = (
        Field("host"),
        Field("port", required=False),
        Field("username"),
        Field("password", secret=True),
        Field("folder", required=False),
        Field("senders"),
        Field("link_hosts", required=False),
    )
    return Kind(NAME, "Mailbox", (*fields, *OPTIONS), run, test, Timetable(every_minutes=30))


async def _take(
    taken: Arrivals, box: Mailbox, mail: Mail, hosts: Sequence[str], number: int
) -> None:
    task = taken.task
    if mail.size > MAIL_LIMIT:
        taken.refused.append(f"A mail of {mail.sender[:80]} is larger than 48 MiB.")
        await taken.take(mail.key, "", [])
        return
    raw = await asyncio.to_thread(box.content, mail)
    task.tally.add(requests=1, received=len(raw))
    letter = await asyncio.to_thread(Letter, raw)
    files: list[tuple[Path, str]] = []
    for at, found in enumerate(letter.attachments()):
        path = taken.place(number * 100 + at, found.name)
        await asyncio.to_thread(path.write_bytes, found.content)
        files.append((path, found.name))
    refused: dict[str, str] = {}
    for at, link in enumerate(letter.links(hosts)):
        path, called = taken.place(number * 100 + 50 + at, "link"), f"link {at + 1}"
        try:
            fetched = await _follow(task, link, path)
            files += [(path, fetched.name or called)] if fetched else []
        except Terminal as failure:
            refused[called] = failure.message
    await taken.take(mail.key, "", files)
    for called, reason in refused.items():
        await taken.refuse(mail.key, "", called, reason)
    await asyncio.to_thread(box.mark_read, mail)


class _LinkWaits(Exception):
    """What a link leads to does not answer at present. The mail server does, so that the other
    mails are taken meanwhile."""

    def __init__(self, failure: Transient) -> None:
        super().__init__(failure.message)
        self.failure = failure


async def _follow(task: Task, link: str, into: Path) -> Fetched | None:
    """Download what a link of a mail leads to."""
    door = Door(task.wire.client, task.tally, bool(task.deployment.get("private_addresses")))
    try:
        return await fetch(door, link, into)
    except Transient as failure:
        raise _LinkWaits(failure) from failure


def _rules(task: Task) -> tuple[list[str], list[str]]:
    settings = task.connection.settings
    senders = parse_senders(settings.get("senders", ""))
    if not senders:
        raise Terminal(
            "The connection names no sender whose mails are opened.",
            cause=Cause.SETTING,
            hint="Enter the addresses that the reports come from.",
        )
    return senders, parse_hosts(settings.get("link_hosts", ""))


async def _login(task: Task) -> Login:
    grant, settings = await task.credentials.get(), task.connection.settings
    host, port = settings.get("host", "").strip(), settings.get("port", "").strip() or str(PORT)
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise Terminal(f"{port!r} is no port.", cause=Cause.SETTING, hint="Usually it is 993.")
    private = bool(task.deployment.get("private_addresses", False))
    address = await reachable(host, int(port), private=private)
    return Login(
        host,
        address,
        int(port),
        settings.get("username", ""),
        grant.need("password", "the mailbox"),
        settings.get("folder", "").strip() or "INBOX",
        str(task.deployment.get("ca_file", "")),
    )


def _mail(part: tuple[object, ...]) -> Mail | None:
    about, raw = part[0], part[1]
    if not isinstance(about, bytes) or not isinstance(raw, bytes):
        return None
    uid, size = _UID.search(about), _SIZE.search(about)
    if uid is None:
        return None
    try:
        headers = BytesHeaderParser(policy=POLICY).parsebytes(raw)
        sender = ", ".join(str(one) for one in headers.get_all("From", []))
        key = str(headers.get("Message-ID", "")).strip()
    except (ValueError, LookupError, TypeError, AttributeError, IndexError):
        return None
    # Without an id the mail itself is one: another copy of it is the same mail.
    return Mail(
        uid[1].decode(), key or hashlib.sha256(raw).hexdigest(), sender, int(size[1]) if size else 0
    )
