"""A Google Ads server of ``bench.spend`` on loopback: ``ACCOUNT KEYWORDS DAYS [BUMPED]``.

Prints its port, then answers searchStream until it is ended. It is a process of its own, so its
work is not counted as ours; on a machine with one core it still takes time from it.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Iterator
from datetime import date
from typing import Any

from bench.spend_data import Shape, campaign_of, group_of, rows_of

CHUNK = 10_000


def main() -> None:
    """Serve."""
    account, keywords, days, bumped = sys.argv[1:5]
    shape = Shape(int(keywords), int(days))
    asyncio.run(serve(account, shape, date.fromisoformat(bumped) if bumped else None))


async def serve(account: str, shape: Shape, bumped: date | None) -> None:
    """Until the process is ended."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await _head(reader):
            length = int(re.findall(rb"content-length: (\d+)", head.lower())[0])
            body: dict[str, Any] = json.loads(await reader.readexactly(length))
            writer.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
                b"transfer-encoding: chunked\r\n\r\n"
            )
            for piece in stream(account, shape, body["query"], bumped):
                writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                await writer.drain()
            writer.write(b"0\r\n\r\n")
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201
    await server.serve_forever()


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""


def stream(account: str, shape: Shape, query: str, bumped: date | None) -> Iterator[bytes]:
    """The chunks of an answer: rows of the keyword view, nothing of any other."""
    first, last = map(date.fromisoformat, re.findall(r"'(\d{4}-\d\d-\d\d)'", query)[:2])
    yield b"["
    if " FROM keyword_view " in query:
        separator, results = "", []
        for row in rows_of(shape, first, last, bumped):
            n = row.number
            results.append(
                f'{{"customer":{{"id":"{account}","currencyCode":"CNY","timeZone":"Asia/Shanghai"'
                f'}},"campaign":{{"id":"{9000 + campaign_of(n)}","name":"Pumps {campaign_of(n)}"}},'
                f'"adGroup":{{"id":"{70_000 + group_of(n)}","name":"Group {group_of(n)}"}},'
                f'"adGroupCriterion":{{"criterionId":"{500_000 + n}","keyword":{{"text":'
                f'"submersible pump {n}","matchType":"EXACT"}}}},"segments":{{"date":"{row.day}",'
                f'"device":"DESKTOP"}},"metrics":{{"impressions":"{row.impressions}","clicks":'
                f'"{row.clicks}","costMicros":"{row.micros}","conversions":{row.clicks % 3}.0}}}}'
            )
            if len(results) == CHUNK:
                yield f'{separator}{{"results":[{",".join(results)}]}}'.encode()
                separator, results = ",", []
        if results:
            yield f'{separator}{{"results":[{",".join(results)}]}}'.encode()
    yield b"]"


if __name__ == "__main__":
    main()
