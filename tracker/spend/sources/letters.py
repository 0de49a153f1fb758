"""A mail as a source of reports: who it is from, its attachments, the links in it.

Mails come from anybody. Only text, names and attachments are read, bounded in number and size;
nothing of a mail decides where anything is written.
"""

from __future__ import annotations

import email
import email.policy
import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import getaddresses
from urllib.parse import urlsplit

#: Attachments and links of one mail that are looked at, and bytes of text that are searched.
ATTACHMENTS = 20
LINKS = 20
TEXT = 2 << 20
#: Endings of names of files that may be reports.
REPORTS = (".csv", ".tsv", ".txt", ".xlsx", ".zip", ".gz")
_LINK = re.compile(r"https://[^\s\"'<>()\[\]]{4,2000}")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file in a mail, under the name that the mail gives it."""

    name: str
    content: bytes


def allowed(sender: str, senders: Sequence[str]) -> bool:
    """Whether one of the allowed (``ann@ads.example``, or ``@ads.example`` for a domain) sent it:
    there is one sender, and it is allowed."""
    addresses = [address.casefold() for _, address in getaddresses([sender]) if address]
    if len(addresses) != 1 or addresses[0].count("@") != 1:
        return False
    domain = "@" + addresses[0].partition("@")[2]
    return any(one in (addresses[0], domain) for one in senders)


def parse_senders(text: str) -> list[str]:
    """The allow-list as a person writes it: addresses and ``@domains``, by comma or space."""
    words = [word.casefold() for word in re.split(r"[\s,;，；]+", text) if word]
    return [word if "@" in word else f"@{word}" for word in words]


def parse_hosts(text: str) -> list[str]:
    """Hosts whose links are followed, ``*.ads.example`` for all below one."""
    return [word.casefold() for word in re.split(r"[\s,;，；]+", text) if word]


class Letter:
    """A parsed mail."""

    def __init__(self, raw: bytes) -> None:
        parsed = email.message_from_bytes(raw, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        self._message = parsed

    def attachments(self) -> Iterator[Attachment]:
        """The attachments that may be reports."""
        found = 0
        for part in self._message.walk():
            name = _name(part)
            if not name.lower().endswith(REPORTS):
                continue
            content = part.get_payload(decode=True)
            if isinstance(content, bytes) and content:
                yield Attachment(name, content)
                found += 1
            if found >= ATTACHMENTS:
                return

    def links(self, hosts: Sequence[str]) -> list[str]:
        """The https links to these hosts, each once."""
        found: dict[str, None] = {}
        for text in self._texts():
            for link in _LINK.findall(html.unescape(text)):
                if _is_at(link, hosts):
                    found.setdefault(link.rstrip(".,;!?"))
        return list(found)[:LINKS]

    def _texts(self) -> Iterator[str]:
        left = TEXT
        for part in self._message.walk():
            if part.get_content_maintype() != "text" or _name(part):
                continue
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes) and left > 0:
                yield payload[:left].decode("utf-8", "replace")
                left -= len(payload)


def _name(part: object) -> str:
    """A part's file name without any path; "" if it has none that can be read."""
    try:
        given = part.get_filename() or ""  # type: ignore[attr-defined]
    except (ValueError, LookupError, TypeError, AttributeError, IndexError):
        return ""
    last = re.split(r"[/\\]", str(given))[-1]
    return "".join(sign for sign in last if sign.isprintable())[-200:]


def _is_at(link: str, hosts: Sequence[str]) -> bool:
    try:
        host = (urlsplit(link).hostname or "").casefold()
    except ValueError:
        return False
    return any(
        host == one or (one.startswith("*.") and host.endswith(one[1:])) for one in hosts if one
    )
