"""A load generator for one machine: raw HTTP/1.1 on kept connections, in a process of its own.

Prints one JSON line: requests, seconds, statuses, and latencies in milliseconds. With ``--rate``
requests start on a fixed schedule and latency counts from the scheduled start, so that a server
that stalls is charged for the requests it made wait.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
from collections import Counter
from pathlib import Path
from time import perf_counter

#: Hexadecimal digits of an event id.
ID_LENGTH = 32


class Load:
    """Sends prepared bodies for some seconds and keeps the tally."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.parts = [part.encode() for part in Path(arguments.body).read_text().split("@ID@")]
        size = sum(map(len, self.parts)) + ID_LENGTH * (len(self.parts) - 1)
        head = (
            f"POST {arguments.path} HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"
            f"User-Agent: {arguments.agent}\r\nOrigin: https://www.pump.example\r\n"
            f"Content-Length: {size}\r\n\r\n"
        )
        self.parts[0] = head.encode() + self.parts[0]
        self.run_id, self.number = secrets.token_hex(8), 0
        self.statuses: Counter[str] = Counter()
        self.refused = ""
        self.dropped = 0
        self.latencies: list[float] = []
        self.finish = 0.0
        self.next_start = 0.0

    def request(self) -> bytes:
        """A request whose event ids are fresh. Cheap: the generator shares the server's cores."""
        first, *others = self.parts
        pieces = [first]
        for part in others:
            self.number += 1
            pieces += (b"%s%016x" % (self.run_id.encode(), self.number), part)
        return b"".join(pieces)

    async def connection(self) -> None:
        """One connection, one request at a time."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.arguments.port)
        while (start := self.begin()) < self.finish:
            if start > perf_counter():
                await asyncio.sleep(start - perf_counter())
            writer.write(self.request())
            head = await reader.readuntil(b"\r\n\r\n")
            self.statuses[head[9:12].decode()] += 1
            self.dropped += b"\r\nx-tracker-dropped: " in head
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            if length not in (b"", b"0"):
                body = await reader.readexactly(int(length))
                self.refused = self.refused or body.decode()
            self.latencies.append(perf_counter() - start)
        writer.close()

    def begin(self) -> float:
        """When the next request starts: now, or the next place of the schedule."""
        if not self.arguments.rate:
            return perf_counter()
        self.next_start += 1 / self.arguments.rate
        return self.next_start

    async def run(self) -> dict[str, object]:
        """Run all connections to the end."""
        start = perf_counter()
        self.next_start, self.finish = start, start + self.arguments.seconds
        async with asyncio.TaskGroup() as group:
            for _ in range(self.arguments.connections):
                group.create_task(self.connection())
        elapsed = perf_counter() - start
        ordered = sorted(self.latencies)

        def at(share: float) -> float:
            place = min(int(len(ordered) * share), len(ordered) - 1)
            return round(1000 * ordered[place], 2)

        return {
            "requests": len(ordered),
            "seconds": round(elapsed, 3),
            "per_second": round(len(ordered) / elapsed, 1),
            "statuses": dict(self.statuses),
            "refused": self.refused,
            "dropped": self.dropped,
            "p50": at(0.5),
            "p99": at(0.99),
            "worst": at(1),
        }


def main() -> None:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", default="/e")
    parser.add_argument("--body", required=True, help="file of a body with @ID@ for event ids")
    parser.add_argument("--agent", default="Mozilla/5.0")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--rate", type=float, default=0)
    arguments = parser.parse_args()
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(Load(arguments).run())))  # noqa: T201


if __name__ == "__main__":
    main()
