"""Places that list their files: which of them are new, which are whole, each taken once.

A file is known by its name and version (size and time, or what the place calls its version). One
that changed is taken again, as a restatement. One that is still being written is left for a later
run: its name says so, or it changes while we look.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from tracker.spend.connections.kinds import Field, Task
from tracker.spend.connectors.failures import Cause, Terminal
from tracker.spend.sources.arrivals import OPTIONS, Arrivals
from tracker.spend.sources.fetching import LIMIT
from tracker.spend.sources.letters import REPORTS

#: Files in a place that are looked at, and how deep folders are searched where the pattern asks.
ENTRIES = 20_000
DEPTH = 8
#: Names that programs give to files they are still writing.
_UNFINISHED = re.compile(r"(^[.~])|\.(part|partial|filepart|tmp|temp|crdownload|uploading|lock)$")

#: What a person says of any place.
WHERE = (Field("folder", required=False), Field("pattern", required=False), *OPTIONS)


@dataclass(frozen=True, slots=True)
class Remote:
    """A file in a place. ``path`` is what the place is asked for, ``name`` what people and the
    store know it by, ``within`` its path below the folder; ``changed`` puts them in order."""

    path: bytes | str
    name: str
    within: str
    size: int
    version: str
    changed: float


class Place(Protocol):
    """Lists and downloads. Raises Transient and Terminal only."""

    #: Seconds in which a whole file does not change; 0 where files appear whole.
    settling: float

    async def files(self) -> list[Remote]:
        """The files of the folder, with what is below it as deep as the pattern asks."""

    async def download(self, one: Remote, into: Path) -> bool:
        """Write the file; whether it was still that version when it had been read."""


async def take_new(
    taken: Arrivals, place: Place, sleep: Callable[[float], Awaitable[None]]
) -> None:
    """Import what is new, oldest first."""
    pattern = taken.task.connection.settings.get("pattern", "")
    fresh = _new(taken, wanted(await place.files(), pattern))
    left = 0
    if fresh and place.settling:
        await sleep(place.settling)
        again = {(one.name, one.version) for one in await place.files()}
        left = len(fresh)
        fresh = [one for one in fresh if (one.name, one.version) in again]
        left -= len(fresh)
    for number, one in enumerate(fresh):
        taken.task.check()
        left += not await _take(taken, place, one, number)
    if left:
        taken.outcome.counts["left"] = left


async def _take(taken: Arrivals, place: Place, one: Remote, number: int) -> bool:
    """Import one; False if it changed while it was read, which leaves it for later."""
    called = shown(one.within.rpartition("/")[2])
    path = taken.place(number, called)
    if one.size > LIMIT:
        await taken.refuse(one.name, one.version, called, f"It is larger than {LIMIT >> 20} MiB.")
        return True
    try:
        whole = await place.download(one, path)
        taken.task.tally.add(requests=1, received=path.stat().st_size if path.exists() else 0)
        if whole:
            await taken.take(one.name, one.version, [(path, called)])
        return whole
    except Terminal as failure:
        if failure.cause is not Cause.REQUEST:
            raise
        await taken.refuse(one.name, one.version, called, failure.message)
        return True
    finally:
        path.unlink(missing_ok=True)


def _new(taken: Arrivals, found: Iterable[Remote]) -> list[Remote]:
    """Those that were never seen, or not in this version, oldest first."""
    fresh = []
    for one in found:
        known = taken.known(one.name)
        if known is None or known.version != one.version:
            fresh.append(one)
    return sorted(fresh, key=lambda one: (one.changed, one.name))


def wanted(found: Iterable[Remote], pattern: str) -> list[Remote]:
    """Files that the pattern names; without one, those in the folder itself that may be reports.
    Unfinished ones never."""
    pattern = pattern.strip()
    matches = _regex(pattern or "*").fullmatch
    return [
        one
        for one in found
        if not any(_UNFINISHED.search(part.lower()) for part in one.within.split("/"))
        and matches(one.within)
        and (pattern or one.within.lower().endswith(REPORTS))
    ]


def depth(settings: Mapping[str, str]) -> int:
    """How many levels of folders below the first one the pattern reaches into."""
    pattern = settings.get("pattern", "")
    return DEPTH if "**" in pattern else min(DEPTH, pattern.strip().count("/"))


def shown(name: str) -> str:
    """A name without what cannot be shown."""
    return "".join(sign for sign in name if sign.isprintable())[-200:]


def bounded(found: Sequence[Remote]) -> None:
    """Terminal where a place has too many files to look at."""
    if len(found) > ENTRIES:
        raise Terminal(
            f"The folder holds more than {ENTRIES} files.",
            cause=Cause.SETTING,
            hint="Name a folder that holds fewer, or move old ones away.",
        )


def private_allowed(task: Task) -> bool:
    """Whether the installation lets this kind reach its own network."""
    return bool(task.deployment.get("private_addresses", False))


@lru_cache(maxsize=64)
def _regex(pattern: str) -> re.Pattern[str]:
    """``*`` and ``?`` stay within a folder, ``**/`` is any number of folders."""
    parts = []
    for piece in re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]/]+\])", pattern.lstrip("/")):
        known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(piece)
        if known is None:
            one_of = piece.startswith("[") and piece.endswith("]")
            known = fnmatch.translate(piece)[4:-3] if one_of else re.escape(piece)
        parts.append(known)
    return re.compile("".join(parts), re.DOTALL)
