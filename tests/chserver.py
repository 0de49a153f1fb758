"""ClickHouse's HTTP interface on loopback with the chDB engine, in memory, behind it.

    python -m tests.chserver [--port 0] [--user default] [--password …]

prints its URL on one line and serves until its standard input ends or ``/_test/stop`` is called,
so it never outlives the test run that started it. Only the wire is a double; statements run on
the real engine. It follows the server where the client can tell the difference: query in the
URL, the body or a form; ``param_*``; ``database``; settings in the URL; FORMAT from the query,
``default_format`` or ``X-ClickHouse-Format``; compressed bodies both ways; results streamed with
the exception marker for an error half-way; status, code and text of errors. Sessions are
ignored: each request has an engine connection of its own. ``client_protocol_version`` is
ignored as by a proxy that strips it, which the client probes for.

Faults: ``POST /_test/fault?kind=…&times=1&match=…`` hits the next ``times`` statements that
contain ``match``. Kinds: ``delay`` (``seconds``), ``drop`` (the connection, before the statement
runs), ``drop_after`` (after it ran), ``unavailable`` (HTTP 503 of a proxy). ``DELETE`` clears.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import socket
import sys
import threading
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import uvicorn
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from tests.chserver_engine import Engine, EngineError, Result, Statement, decompress

_TAG = "chservertag12345"
# What the HTTP interface itself consumes; every other URL parameter is a setting.
_OWN = (
    "query database default_format session_id session_timeout session_check query_id quota_key "
    "compress decompress wait_end_of_query client_protocol_version role buffer_size user password "
    "send_progress_in_http_headers http_headers_progress_interval_ms enable_http_compression "
    "cancel_http_readonly_queries_on_client_close"
)
_OWN_PARAMETERS = frozenset(_OWN.split())
_STATUS_BY_CODE = {
    **dict.fromkeys((6, 26, 27, 33, 38, 41, 53, 62, 72, 117, 376, 457), 400),
    **dict.fromkeys((46, 47, 50, 56, 60, 81, 115, 456), 404),
    **dict.fromkeys((48,), 501),
    **dict.fromkeys((202, 439, 745), 503),
    **dict.fromkeys((192, 193, 194, 497, 516), 403),
}


@dataclass
class Fault:
    """What happens to the next ``times`` statements that contain ``match``."""

    kind: str
    times: int = 1
    match: str = ""
    seconds: float = 0.0


@dataclass
class ClickHouseDouble:
    """The ASGI application."""

    engine: Engine
    user: str = "default"
    password: str = ""
    faults: list[Fault] = field(default_factory=list)
    server: uvicorn.Server | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; the life-span protocol is switched off."""
        request = Request(scope, receive)
        if request.url.path == "/ping":
            response: Response | None = PlainTextResponse("Ok.\n")
        elif request.url.path.startswith("/_test/"):
            response = self._administer(request)
        elif not self._authorised(request):
            response = _error(EngineError(516, "Authentication failed.", "AUTHENTICATION_FAILED"))
        else:
            response = await self._answer(request)
        if response is None:
            _abort(receive)
            return
        await response(scope, receive, send)

    def _authorised(self, request: Request) -> bool:
        if not self.password:
            return True
        expected = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return request.headers.get("authorization") == f"Basic {expected}"

    def _administer(self, request: Request) -> Response:
        query = request.query_params
        if request.url.path == "/_test/stop" and self.server is not None:
            self.server.should_exit = True
        elif request.method == "DELETE":
            self.faults.clear()
        else:
            times, seconds = int(query.get("times", "1")), float(query.get("seconds", "0"))
            self.faults.append(Fault(query["kind"], times, query.get("match", ""), seconds))
        return PlainTextResponse("Ok.\n")

    async def _answer(self, request: Request) -> Response | None:
        statement = await _read_statement(request)
        fault = self._fault(statement)
        if fault and fault.kind == "unavailable":
            return PlainTextResponse("upstream is away\n", status_code=503)
        if fault and fault.kind == "delay":
            await asyncio.sleep(fault.seconds)
        if fault and fault.kind == "drop":
            return None
        try:
            result = await asyncio.to_thread(self.engine.run, statement)
        except EngineError as error:
            return _error(error)
        if fault and fault.kind == "drop_after":
            await asyncio.to_thread(result.close)
            return None
        return _respond(request, result)

    def _fault(self, statement: Statement) -> Fault | None:
        for fault in self.faults:
            if fault.match.encode() in statement.text and fault.times > 0:
                fault.times -= 1
                return fault
        return None


async def _read_statement(request: Request) -> Statement:
    query = dict(request.query_params)
    body = b""
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        async with request.form(max_fields=10_000, max_part_size=64 << 20) as form:
            query |= _fields(form)
    else:
        body = decompress(await request.body(), request.headers.get("content-encoding", ""))
    settings = {
        name: value
        for name, value in query.items()
        if name not in _OWN_PARAMETERS and not name.startswith("param_")
    }
    if request.method == "GET":
        settings["readonly"] = "2"
    head = query.get("query", "").encode()
    format_ = request.headers.get("x-clickhouse-format") or query.get("default_format")
    return Statement(
        text=head + b"\n" + body if head and body else head or body,
        parameters={
            name.removeprefix("param_"): value
            for name, value in query.items()
            if name.startswith("param_")
        },
        settings=settings,
        database=query.get("database") or request.headers.get("x-clickhouse-database", ""),
        format=format_ or "TabSeparated",
        whole=query.get("wait_end_of_query") == "1",
    )


def _fields(form: FormData) -> Mapping[str, str]:
    return {name: value for name, value in form.items() if isinstance(value, str)}


def _respond(request: Request, result: Result) -> Response:
    headers = {
        "X-ClickHouse-Timezone": "UTC",
        "X-ClickHouse-Query-Id": "00000000-0000-0000-0000-000000000000",
        "X-ClickHouse-Summary": json.dumps(result.summary),
        "X-ClickHouse-Exception-Tag": _TAG,
    }
    if result.format:
        headers["X-ClickHouse-Format"] = result.format
    wants = request.query_params.get("enable_http_compression") == "1"
    if result.stream is None:
        accepted = request.headers.get("accept-encoding", "") if wants else ""
        body, encoding = result.compressed(accepted)
        if encoding:
            headers["Content-Encoding"] = encoding
        return Response(body, headers=headers, media_type="application/octet-stream")
    return StreamingResponse(_chunks(result), headers=headers)


async def _chunks(result: Result) -> AsyncIterator[bytes]:
    try:
        while chunk := await asyncio.to_thread(result.next_chunk):
            yield chunk
    except EngineError as error:
        text = f"{error}\n".encode()
        length = f"{len(text)} {_TAG}".encode()
        marker = b"__exception__"
        yield b"\r\n".join((b"", marker, _TAG.encode(), text + length, marker, b""))
    finally:
        await asyncio.to_thread(result.close)


def _error(error: EngineError) -> Response:
    headers = {"X-ClickHouse-Exception-Code": str(error.code)}
    status = _STATUS_BY_CODE.get(error.code, 500)
    return PlainTextResponse(f"{error}\n", status_code=status, headers=headers)


def _abort(receive: Receive) -> None:
    """Cut the connection without an answer. ``receive`` is a method of uvicorn's cycle."""
    cast("Any", receive).__self__.transport.abort()


def main() -> None:
    """Serve until the standard input ends."""
    parser = argparse.ArgumentParser(prog="python -m tests.chserver")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--user", default="default")
    parser.add_argument("--password", default="")
    options = parser.parse_args()
    listener = socket.create_server(("127.0.0.1", options.port), backlog=128)
    app = ClickHouseDouble(Engine(), options.user, options.password)
    server = uvicorn.Server(
        uvicorn.Config(app, lifespan="off", log_level="error", timeout_graceful_shutdown=1)
    )
    app.server = server
    threading.Thread(target=_watch_input, args=(server,), daemon=True).start()
    sys.stdout.write(f"http://127.0.0.1:{listener.getsockname()[1]}/default\n")
    sys.stdout.flush()
    server.run(sockets=[listener])
    app.engine.close()


def _watch_input(server: uvicorn.Server) -> None:
    while sys.stdin.buffer.read(1):
        pass
    server.should_exit = True


if __name__ == "__main__":
    main()
