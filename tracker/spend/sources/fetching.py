"""A file from an HTTPS address onto our disk: bounded in size, time and places it may come from."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import httpx

from tracker.spend.connectors.failures import Cause, Terminal, Transient
from tracker.spend.connectors.progress import Tally
from tracker.spend.sources.addresses import reachable

#: Bytes, redirects and seconds of one download.
LIMIT = 256 << 20
REDIRECTS = 5
SECONDS = 600.0
_SILENCE = httpx.Timeout(60.0)
_SHEET = re.compile(r"^https://docs\.google\.com/spreadsheets/d/(?!e/)([\w-]+)/(?:edit|view)?")
_GID = re.compile(r"[#?&]gid=(\d+)")
_NAME = re.compile(r"filename\*?=(?:UTF-8'')?\"?([^\";]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Door:
    """How addresses are opened: the client, and whether private networks are allowed."""

    client: httpx.AsyncClient
    tally: Tally
    private: bool = False


@dataclass(frozen=True, slots=True)
class Fetched:
    """A download. ``version`` is what the server calls it (ETag, else Last-Modified), "" if it
    says nothing."""

    name: str
    version: str


def download_address(url: str) -> str:
    """The address to download: of a Google Sheet's page, its CSV."""
    sheet = _SHEET.match(url.strip())
    if sheet is None:
        return url.strip()
    gid = _GID.search(url)
    tab = f"&gid={gid[1]}" if gid else ""
    return f"https://docs.google.com/spreadsheets/d/{sheet[1]}/export?format=csv{tab}"


async def fetch(
    door: Door, url: str, into: Path, *, known: str = "", headers: Mapping[str, str] | None = None
) -> Fetched | None:
    """Download into a file; None when it is still the version ``known``.

    Transient for what passes by itself, Terminal for the rest. Neither names the address: it may
    hold a secret. ``headers`` go to the first host only.
    """
    asked = {**(headers or {}), "Accept-Encoding": "gzip, identity"}
    if known:
        asked["If-Modified-Since" if known.startswith("@") else "If-None-Match"] = known.lstrip("@")
    try:
        async with asyncio.timeout(SECONDS):
            return await _follow(door, url, into, asked)
    except (httpx.TransportError, httpx.DecodingError, TimeoutError, OSError) as error:
        raise Transient(f"The address does not answer ({type(error).__name__}).") from error
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        raise _wrong("The address is not one that can be opened.", Cause.SETTING) from error


async def _follow(door: Door, url: str, into: Path, headers: dict[str, str]) -> Fetched | None:
    place = httpx.URL(download_address(url))
    for _ in range(REDIRECTS + 1):
        request = await _request(door, place, headers)
        answer = await door.client.send(request, stream=True, follow_redirects=False)
        door.tally.add(requests=1)
        try:
            if not answer.has_redirect_location:
                return await _take(door, answer, place, into)
            target = place.join(answer.headers["location"])
        finally:
            await answer.aclose()
        if target.host != place.host:
            headers.pop("Authorization", None)
        place = target
    raise _wrong("The address redirects too often.")


async def _request(door: Door, place: httpx.URL, headers: Mapping[str, str]) -> httpx.Request:
    """A request to an address that was checked, for the host that was named."""
    plain = place.scheme == "http" and door.private
    if not (place.scheme == "https" or plain) or not place.host or place.userinfo:
        raise _wrong(
            "Only an https address without a name and password in it can be opened.", Cause.SETTING
        )
    port = place.port or (443 if place.scheme == "https" else 80)
    address = await reachable(place.host, port, private=door.private)
    host = f"{place.host}:{place.port}" if place.port else place.host
    return door.client.build_request(
        "GET",
        place.copy_with(host=address),
        headers={**headers, "Host": host},
        extensions={"sni_hostname": place.host},
        timeout=_SILENCE,
    )


async def _take(door: Door, answer: httpx.Response, place: httpx.URL, into: Path) -> Fetched | None:
    status = answer.status_code
    if status == 304:
        return None
    if status in (408, 425, 429) or status >= 500:
        raise Transient(f"The address answered with status {status}.")
    if status in (401, 403):
        raise Terminal(
            f"The address refuses us (status {status}).",
            cause=Cause.AUTHORISATION,
            hint="Renew the link, or what is sent as Authorization.",
        )
    if status != 200:
        raise _wrong(f"The address answered with status {status}.")
    size = 0
    with into.open("wb") as out:
        async for chunk in answer.aiter_bytes(1 << 20):
            size += len(chunk)
            if size > LIMIT:
                raise _wrong(f"The file is larger than {LIMIT >> 20} MiB.")
            await asyncio.to_thread(out.write, chunk)
    door.tally.add(received=size)
    etag, modified = answer.headers.get("etag", ""), answer.headers.get("last-modified", "")
    return Fetched(_name(answer, place), etag or (f"@{modified}" if modified else ""))


def _name(answer: httpx.Response, place: httpx.URL) -> str:
    given = _NAME.search(answer.headers.get("content-disposition", ""))
    name = unquote(given[1]) if given else place.path.rstrip("/").rpartition("/")[2]
    return "".join(sign for sign in name if sign.isprintable() and sign not in "/\\")[-200:]


def _wrong(message: str, cause: Cause = Cause.REQUEST) -> Terminal:
    return Terminal(message, cause=cause, hint="Check the address of the connection.")
