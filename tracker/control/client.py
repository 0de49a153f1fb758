"""The caller's side of the socket: is somebody serving, and what does he answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec

from tracker.commands.progress import Progress
from tracker.config import Settings
from tracker.errors import TrackerError, Unavailable


class RemoteError(TrackerError):
    """An error that a running server answered with; code and status are its own."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(str(error["message"]), hint=str(error.get("hint", "")))
        self.code = str(error["code"])
        self.status = int(error["status"])


def is_serving(settings: Settings) -> bool:
    """Whether a server answers on the socket of this data directory."""
    if not settings.socket.exists():
        return False
    try:
        with _client(settings, timeout=5.0) as client:
            return client.get("/").status_code == 200
    except httpx.HTTPError:
        return False


def send(settings: Settings, name: str, request: msgspec.Struct, progress: Progress) -> Any:
    """Run a command in the serving process and return its result as JSON values.

    Raises RemoteError for an error of the command, Unavailable when the server goes away.
    """
    try:
        with (
            _client(settings, timeout=None) as client,
            client.stream(
                "POST", f"/commands/{name}", content=msgspec.json.encode(request)
            ) as answer,
        ):
            return _result(answer.iter_lines(), progress)
    except httpx.HTTPError as error:
        raise Unavailable(
            f"The running server did not answer: {error}.", hint="Look at its log, then try again."
        ) from error


def _client(settings: Settings, timeout: float | None) -> httpx.Client:
    transport = httpx.HTTPTransport(uds=str(settings.socket))
    return httpx.Client(transport=transport, base_url="http://tracker", timeout=timeout)


def _result(lines: Iterator[str], progress: Progress) -> Any:
    for line in lines:
        message = json.loads(line)
        if "progress" in message:
            progress(*message["progress"])
        elif "error" in message:
            raise RemoteError(message["error"])
        else:
            return message["result"]
    raise Unavailable("The running server ended before the command did.")
