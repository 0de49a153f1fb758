"""Notices to people outside the pages: one POST of JSON for each thing that needs attention."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass

import httpx
import structlog

from tracker.spend.connections.kinds import Notice

log = structlog.get_logger(__name__)
#: Seconds before each attempt.
WAITS = (0.0, 2.0, 10.0)


@dataclass(frozen=True, slots=True)
class Webhook:
    """Sends notices to an address of the operator's: a chat's incoming hook, a mail gateway.

    ``text`` in the body is the whole notice in one sentence, which most chats show as it stands.
    """

    url: str

    def __call__(self, notice: Notice) -> None:
        """Send it; a few attempts, then it is only in the log and on the pages."""
        text = f"{notice.name}: {notice.message} {notice.hint}".strip()
        body = {"event": "connection_needs_attention", "text": text, **asdict(notice)}
        reason = ""
        for wait in WAITS:
            time.sleep(wait)
            try:
                answer = httpx.post(self.url, json=body, timeout=10.0)
                if answer.status_code < 300:
                    return
                reason = f"HTTP {answer.status_code}"
            except httpx.HTTPError as error:
                reason = type(error).__name__
        log.warning("alert not delivered", connection=notice.connection, reason=reason)
