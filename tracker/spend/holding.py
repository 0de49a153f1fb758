"""Held files: kept with what was to be done with them, until a person accepts or discards them.

The content lies in a private directory (``DATA/held``) under the id of its row. Accepting imports
it with consent, without asking whoever sent it again. A newer version of what a source brought
takes the place of the one that waits, also where it could be imported: what is older must not be
accepted over it. What nobody decides on is discarded after 60 days.
"""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from tracker.accounts import runs
from tracker.accounts.connections import settle_connection
from tracker.accounts.held_files import (
    HeldFile,
    held_before,
    held_file,
    held_files,
    held_ids,
    hold,
    release,
)
from tracker.accounts.identifiers import new_id
from tracker.accounts.sites import Site
from tracker.accounts.source_items import settle_item
from tracker.errors import InvalidInput, NeedsConfirmation, TrackerError
from tracker.spend.archive import ArchiveReport, import_spend
from tracker.spend.importer import Progress, SpendDeps, SpendOptions, SpendReport

KEEP = timedelta(days=60)
#: Files that wait at one site; older ones give way.
MOST = 100
#: A content without a row is one that is just being held, for so many seconds.
_ORPHAN = 3600.0
_SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".gz", ".zip")


def keep_held(
    deps: SpendDeps,
    site: Site,
    path: Path,
    options: SpendOptions,
    asked: NeedsConfirmation,
    *,
    connection: str = "",
    item: str = "",
) -> str:
    """Keep a file whose import asked; its id, "" where the process has no place for such files."""
    if deps.held is None:
        return ""
    name = options.filename or path.name
    held = HeldFile(
        new_id(),
        site.key,
        connection,
        item,
        name[-300:],
        msgspec.json.encode(options).decode(),
        asked.message,
        asked.hint,
        path.stat().st_size,
        deps.clock(),
    )
    _store(path, _place(deps.held, held))
    forget_held(deps, site, name, connection, item)
    hold(deps.db, held)
    for old in held_files(deps.db, site.key, limit=10_000)[MOST:]:
        _drop(deps, old)
    return held.id


def forget_held(deps: SpendDeps, site: Site, name: str, connection: str, item: str) -> None:
    """Drop what waits of that file of that thing: a newer version of it has come."""
    for one in held_files(deps.db, site.key, limit=10_000) if item else ():
        if (one.name, one.connection, one.item) == (name[-300:], connection, item):
            _drop(deps, one)


def accept(
    deps: SpendDeps,
    site: Site,
    held: str,
    *,
    partial: bool = False,
    progress: Progress = lambda _done, _expected: None,
) -> SpendReport | ArchiveReport:
    """Import a held file with consent, recorded as a run; ``partial`` leaves campaigns that it
    does not have. Errors as ``import_spend_file``; then it waits on."""
    one = held_file(deps.db, site.key, held)
    path = _found(deps, one)
    options = msgspec.json.decode(one.options, type=SpendOptions)
    options = replace(options, filename=one.name, replace=True, partial=partial)
    run = runs.start_run(
        deps.db, job="spend_import", site=site.key, trigger="manual", now=deps.clock()
    )
    try:
        report = import_spend(deps, site, path, options, progress)
    except BaseException as error:
        known = str(error) if isinstance(error, TrackerError) else type(error).__name__
        runs.finish_run(deps.db, run, "failed", error=f"{one.name}: {known}", now=deps.clock())
        raise
    told = {name: getattr(report, name) for name in ("added", "replaced", "unchanged", "removed")}
    runs.finish_run(
        deps.db, run, "ok", rows=report.rows, totals={"file": one.name, **told}, now=deps.clock()
    )
    _settle(deps, one, "ok")
    return report


def discard(deps: SpendDeps, site: Site, held: str) -> HeldFile:
    """Throw a held file away; what stands stays. It is not brought again until it changes."""
    one = held_file(deps.db, site.key, held)
    _settle(deps, one, "empty")
    return one


def sweep_held(deps: SpendDeps) -> int:
    """Discard what has waited too long, and contents that no row names; how many."""
    if deps.held is None or not deps.held.is_dir():
        return 0
    old = [one for one in held_before(deps.db, deps.clock() - KEEP) if release(deps.db, one)]
    known, gone = held_ids(deps.db), 0
    for path in deps.held.iterdir():
        if path.stem.partition(".")[0] in known:
            continue
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > _ORPHAN or path.stem in old:
                path.unlink()
                gone += 1
    return gone


def held_fields(one: HeldFile) -> dict[str, Any]:
    """A held file in JSON."""
    options = msgspec.json.decode(one.options, type=SpendOptions)
    return {
        "id": one.id,
        "file": one.name,
        "origin": options.origin,
        "connection": one.connection or None,
        "platform": options.platform,
        "account": options.account,
        "reason": one.reason,
        "bytes": one.size,
        "held_at": one.held_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }


def _found(deps: SpendDeps, one: HeldFile) -> Path:
    path = None if deps.held is None else _place(deps.held, one)
    if path is None or not path.is_file():
        raise InvalidInput(
            f"The content of {one.name} is not on this machine.",
            hint="Accept it where it was held, or discard it and import the file again.",
        )
    return path


def _place(directory: Path, one: HeldFile) -> Path:
    suffix = PurePosixPath(one.name).suffix.lower()
    return directory / (one.id + (suffix if suffix in _SUFFIXES else ""))


def _store(path: Path, place: Path) -> None:
    """A link where it can be one; else a copy that appears whole."""
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        place.hardlink_to(path)
    except OSError:
        part = place.with_name(f"{place.name}.part")
        shutil.copyfile(path, part)
        part.replace(place)


def _settle(deps: SpendDeps, one: HeldFile, outcome: str) -> None:
    """It waits no more; with the last one of a connection goes what stood against that."""
    _drop(deps, one)
    settle_item(deps.db, one.connection, one.item, outcome)
    left = held_files(deps.db, one.site, limit=10_000)
    if one.connection and all(other.connection != one.connection for other in left):
        settle_connection(deps.db, one.connection)


def _drop(deps: SpendDeps, one: HeldFile) -> None:
    """The row first: a content without a row is swept, a row without content would only fail."""
    release(deps.db, one.id)
    if deps.held is not None:
        _place(deps.held, one).unlink(missing_ok=True)
