"""The serving process's side of the socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from tracker.commands.progress import Progress
from tracker.commands.table import COMMANDS
from tracker.errors import InvalidInput, TrackerError
from tracker.parts import Parts

log = structlog.get_logger(__name__)


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
