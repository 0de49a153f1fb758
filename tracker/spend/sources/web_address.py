"""A file at an HTTPS address: csv, tsv, xlsx, packed or not, a Google Sheet, or a JSON array.

A server that names versions (ETag, Last-Modified) is asked whether there is a new one; of any
other the content decides.
"""

from __future__ import annotations

import asyncio
import csv
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tracker.accounts.connections import Timetable
from tracker.spend.connections.kinds import Field, Kind, Outcome, Task
from tracker.spend.connectors.contract import AccountRef
from tracker.spend.connectors.failures import Cause, Terminal
from tracker.spend.sources.arrivals import OPTIONS, arrivals
from tracker.spend.sources.fetching import Door, Fetched, fetch

NAME = "web_address"
#: A JSON file is held in memory while it is made a table.
JSON_LIMIT = 64 << 20


async def run(task: Task) -> Outcome:
    """Import what is at the address, if it is new."""
    with arrivals(task) as taken:
        url, headers = await _address(task)
        known = taken.known(url)
        path = taken.directory / "download"
        # What was refused is had again: the settings may have been put right meanwhile.
        version = known.version if known and known.outcome != "failed" else ""
        etag = version.partition(" ")[2]
        found = await fetch(_door(task), url, path, known=etag, headers=headers)
        if found is None:
            return taken.outcome
        digest = await asyncio.to_thread(_digest, path)
        if version.partition(" ")[0] == digest:
            return taken.outcome
        task.check()
        await asyncio.to_thread(_as_table, path)
        name = found.name or "download.csv"
        await taken.take(url, f"{digest} {found.version}"[:300], [(path, name)])
        return taken.done()


async def test(task: Task) -> Sequence[AccountRef]:
    """Download once; import nothing."""
    with arrivals(task) as taken:
        url, headers = await _address(task)
        found = await fetch(_door(task), url, taken.directory / "download", headers=headers)
        if not isinstance(found, Fetched):
            raise Terminal("The address sent nothing.", cause=Cause.REQUEST)
    return ()


def kind() -> Kind:
    """The row of the catalogue."""
    return Kind(
        NAME,
        "HTTPS address",
        (Field("url", secret=True), Field("authorization", secret=True, required=False), *OPTIONS),
        run,
        test,
        Timetable(at="06:00"),
    )


def _door(task: Task) -> Door:
    private = bool(task.deployment.get("private_addresses", False))
    return Door(task.wire.client, task.tally, private)


async def _address(task: Task) -> tuple[str, dict[str, str]]:
    grant = await task.credentials.get()
    authorization = grant.get("authorization")
    headers = {"Authorization": authorization} if authorization else {}
    return grant.need("url", "the address"), headers


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _as_table(path: Path) -> None:
    """Write a JSON array of flat objects anew as csv; leave any other file as it is."""
    with path.open("rb") as file:
        if file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"[", b"{"):
            return
    if path.stat().st_size > JSON_LIMIT:
        raise Terminal(
            f"The JSON is larger than {JSON_LIMIT >> 20} MiB.",
            cause=Cause.REQUEST,
            hint="Publish it as csv, or in parts.",
        )
    rows = _rows(path)
    titles = list(dict.fromkeys(title for row in rows for title in row))
    # JSON may name half of a sign, which no text can hold.
    with path.open("w", encoding="utf-8", newline="", errors="replace") as out:
        writer = csv.DictWriter(out, titles, restval="")
        writer.writeheader()
        writer.writerows(rows)


def _rows(path: Path) -> list[dict[str, Any]]:
    """Numbers keep the digits that they are written with."""
    try:
        given = json.loads(path.read_bytes(), parse_float=str, parse_int=str)
        lists = (
            [one for one in given.values() if isinstance(one, list)]
            if (isinstance(given, dict))
            else [given]
        )
        (rows,) = lists
        if rows and all(isinstance(row, dict) for row in rows):
            return [
                {str(name): "" if cell is None else cell for name, cell in row.items()}
                for row in rows
            ]
    except (ValueError, RecursionError, AttributeError):
        pass
    raise Terminal(
        "The JSON is not an array of objects, nor an object with one such array.",
        cause=Cause.REQUEST,
        hint="Publish one object for each row, with the names of the columns in it.",
    )
