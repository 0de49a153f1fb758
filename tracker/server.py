"""The serving process: application and control socket in one event loop, ended together.

Roles: ``all`` (the embedded default), ``ingest`` (beacons into the spool, no engine; any number of
processes), ``web`` and ``jobs`` (beside a ClickHouse server). While a process with the engine
serves, ``DATA/serve.json`` says which, and commands reach it through ``DATA/tracker.sock``.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

import uvicorn
import uvloop
from starlette.routing import BaseRoute

from tracker.app import create_app, setup_code
from tracker.config import Settings, load_settings
from tracker.control.door import close_socket_to_others, control_server
from tracker.errors import ConfigError, InvalidInput
from tracker.jobs import Scheduler
from tracker.logs import set_up_logs
from tracker.parts import Parts, open_parts

#: Seconds for which a thread of Python may keep others waiting. A statement of the engine that has
#: ended waits for its turn beside whatever job runs, with the usual 5 ms several times a report.
TURN = 0.001
ROLES = ("all", "ingest", "web", "jobs")
Announce = Callable[[str], None]


def run_server(
    settings: Settings,
    *,
    role: str,
    workers: int,
    announce: Announce,
    extra: Sequence[BaseRoute] = (),
) -> None:
    """Serve until SIGINT or SIGTERM. ConfigError or EngineHeld when it cannot begin.

    ``extra`` routes are served beside our own, as the demo's company pages are.
    """
    set_up_logs(settings.log_level)
    if role not in ROLES:
        raise InvalidInput(f"Unknown role {role!r}.", hint="Allowed: " + ", ".join(ROLES) + ".")
    if workers > 1 and role != "ingest":
        raise InvalidInput(
            f"--workers {workers} goes with --role ingest only.",
            hint="One process has the engine; ingest processes spool beside it.",
        )
    if role == "ingest":
        _serve_ingest(settings, workers)
        return
    if role in ("web", "jobs") and not settings.clickhouse_url:
        raise ConfigError(
            f"--role {role} needs a ClickHouse server.",
            hint="Set TRACKER_CLICKHOUSE_URL; the embedded engine belongs to one process.",
        )
    with open_parts(settings, loader=role != "web") as parts:
        calm_garbage_collector()
        sys.setswitchinterval(TURN)
        if role == "jobs":
            _run_jobs(parts)
        else:
            uvloop.run(_serve(parts, role, announce, extra))


def ingest_app() -> object:
    """The application of one ingest worker; its settings come from the environment."""
    settings = load_settings()
    set_up_logs(settings.log_level)
    # The process ends with the application, and its stores with it.
    parts = open_parts(settings, engine=False, loader=False).__enter__()
    calm_garbage_collector()
    return create_app(parts, role="ingest")


def calm_garbage_collector() -> None:
    """What is loaded by now lives as long as the process: no need to walk it again and again.

    With fewer passes a request costs about a tenth less.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _serve_ingest(settings: Settings, workers: int) -> None:
    os.environ["TRACKER_DATA"] = str(settings.data)
    uvicorn.run(
        "tracker.server:ingest_app",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=workers,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
    )


def _run_jobs(parts: Parts) -> None:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    scheduler = Scheduler(parts)
    scheduler.start()
    stop.wait()
    scheduler.stop()


class _Server(uvicorn.Server):
    """A server that a second Ctrl-C ends at once.

    NOTE: uvicorn's own way out then passes over the end of the application, whose threads would
    keep the process for ever. Nothing acknowledged is lost, as nothing is by ``kill -9``.
    """

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end, or end."""
        if self.should_exit and sig == signal.SIGINT:
            os._exit(128 + sig)
        super().handle_exit(sig, frame)


async def _serve(parts: Parts, role: str, announce: Announce, extra: Sequence[BaseRoute]) -> None:
    settings = parts.settings
    code = setup_code(parts)
    config = uvicorn.Config(
        create_app(parts, role=role, setup_code=code, extra=extra),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        # NOTE: trusted_proxies decides whose X-Forwarded-For counts, not uvicorn.
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=15,
        h11_max_incomplete_event_size=64 * 1024,
    )
    server = _Server(config)
    control = control_server(parts)
    beside = asyncio.create_task(control.serve())
    note = asyncio.create_task(_announce(server, control, settings, code, announce))
    try:
        await server.serve()
    finally:
        note.cancel()
        control.should_exit = True
        await beside
        settings.socket.unlink(missing_ok=True)
        _state_file(settings).unlink(missing_ok=True)


async def _announce(
    server: uvicorn.Server,
    control: uvicorn.Server,
    settings: Settings,
    code: str,
    announce: Announce,
) -> None:
    while not (server.started and control.started):
        await asyncio.sleep(0.02)
    close_socket_to_others(settings.socket)
    port = server.servers[0].sockets[0].getsockname()[1]
    url = settings.public_url.rstrip("/") or f"http://{settings.host}:{port}"
    state = json.dumps({"pid": os.getpid(), "url": url})
    _state_file(settings).write_text(state + "\n", encoding="utf-8")
    announce(f"Serving {url} (data in {settings.data})")
    if code:
        announce(f"First run: open {url}/setup and enter the code {code}")


def _state_file(settings: Settings) -> Path:
    return settings.data / "serve.json"
