"""The owner's door to a running server: commands over ``DATA/tracker.sock`` (mode 0600).

An embedded engine belongs to one process, so while ``tracker serve`` runs, a command that needs
it is sent there. The request is ``POST /commands/NAME`` with the command's JSON; the answer is
JSON lines: any number of ``{"progress": [done, expected]}``, then one ``{"result": …}`` or
``{"error": {"code", "message", "hint", "status"}}``. Whoever can open the socket has the rights
of the owner of the data directory.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import msgspec
import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from tracker.commands import COMMANDS
from tracker.config import Settings
from tracker.errors import InvalidInput, TrackerError, Unavailable

if TYPE_CHECKING:
    from tracker.parts import Parts

log = structlog.get_logger(__name__)
Progress = Callable[[int, int | None], None]


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


def control_app(parts: Parts) -> Starlette:
    """The application behind the socket."""

    async def hello(_: Request) -> StreamingResponse:
        return StreamingResponse(iter([json.dumps({"pid": os.getpid()})]))

    async def run(request: Request) -> StreamingResponse:
        body = await request.body()
        stream = _run(parts, request.path_params["name"], body)
        return StreamingResponse(stream, media_type="application/x-ndjson")

    return Starlette(routes=[Route("/", hello), Route("/commands/{name}", run, methods=["POST"])])


async def _run(parts: Parts, name: str, body: bytes) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def progress(done: int, expected: int | None = None) -> None:
        loop.call_soon_threadsafe(queue.put_nowait, {"progress": [done, expected]})

    task = asyncio.create_task(asyncio.to_thread(_answer, parts, name, body, progress))
    while not task.done() or not queue.empty():
        with contextlib.suppress(TimeoutError):
            yield _line(await asyncio.wait_for(queue.get(), timeout=0.05))
    yield _line(await task)


def _answer(parts: Parts, name: str, body: bytes, progress: Progress) -> dict[str, Any]:
    try:
        command = COMMANDS.get(name)
        if command is None:
            raise InvalidInput(
                f"Unknown command {name!r}.", hint="The server is of another version."
            )
        request = msgspec.json.decode(body, type=command.request)
        return {"result": msgspec.to_builtins(command.run(parts, request, progress))}
    except TrackerError as error:
        return {"error": error_fields(error)}
    except msgspec.ValidationError as error:
        return {"error": error_fields(InvalidInput(f"The command's arguments are wrong: {error}."))}
    except Exception:
        log.exception("command failed", command=name)
        failure = TrackerError(f"The command {name} failed.", hint="The server's log says why.")
        return {"error": error_fields(failure)}


def error_fields(error: TrackerError) -> dict[str, Any]:
    """An error in JSON."""
    return {
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
        "status": error.status,
    }


def _line(message: dict[str, Any]) -> bytes:
    return msgspec.json.encode(message) + b"\n"


class ControlServer(uvicorn.Server):
    """A server on the socket; signals are the main server's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the main server."""
        yield


def control_server(parts: Parts) -> ControlServer:
    """A server that will listen on the socket; a stale socket file is replaced."""
    path = parts.settings.socket
    path.unlink(missing_ok=True)
    config = uvicorn.Config(
        control_app(parts), uds=str(path), log_config=None, access_log=False, lifespan="off"
    )
    return ControlServer(config)


def close_socket_to_others(path: Path) -> None:
    """Owner only: NOTE uvicorn makes the file accessible to everybody."""
    path.chmod(0o600)
