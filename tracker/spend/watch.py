"""Watch folders: spend files dropped into a site's folder are imported by themselves.

Layout: ``DATA/watch/SITE/``. A file is taken once its size has not changed for a moment, so that
a copy in progress is left alone. After the import it is moved to ``done/``; a file that cannot be
imported goes to ``failed/``, and one whose import would remove data to ``held/``, each with the
reason beside it in a ``.txt``; the latter also waits for a decision (``holding.py``). A file that
waits for a dependency stays and is tried again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import msgspec
import structlog
from sqlalchemy import Engine

from tracker.accounts import runs
from tracker.accounts.runs import RunStatus
from tracker.accounts.sites import Site
from tracker.errors import NeedsConfirmation, TrackerError, Unavailable
from tracker.spend.archive import ArchiveReport
from tracker.spend.holding import keep_held
from tracker.spend.importer import SpendDeps, SpendOptions, SpendReport

log = structlog.get_logger(__name__)

#: Seconds without a change before a file counts as complete.
SETTLED = 2.0
FOLDERS = ("done", "failed", "held")

Import = Callable[[Site, Path, SpendOptions], SpendReport | ArchiveReport]


def import_watched(deps: SpendDeps, site: Site, folder: Path, run: Import) -> int:
    """Import the complete files of a site's folder, oldest first; returns how many were taken."""
    if not folder.is_dir():
        return 0
    taken = 0
    for path in _complete(folder, deps.clock()):
        taken += _import_one(deps, site, path, run)
    return taken


def sites_with_files(root: Path, keys: Iterable[str]) -> list[str]:
    """Of these sites those with files in their folders; folders that lack are made, for their owner
    only. Nearly always nothing is there, in thousands of folders: no more is done than needed."""
    made = {entry.name for entry in os.scandir(root)} if root.is_dir() else set()
    found = []
    for key in keys:
        if key not in made:
            (root / key).mkdir(mode=0o700, parents=True, exist_ok=True)
        elif _has_file(root / key):
            found.append(key)
    return found


def _has_file(folder: Path) -> bool:
    with os.scandir(folder) as entries:
        return any(entry.is_file() for entry in entries)


def _complete(folder: Path, now: datetime) -> list[Path]:
    found = [
        (_changed(path.stat()), path)
        for path in folder.iterdir()
        if path.is_file() and not path.name.startswith(".")
    ]
    return [path for changed, path in sorted(found) if now.timestamp() - changed >= SETTLED]


def _changed(file: os.stat_result) -> float:
    """When a file was changed last: as it was copied with that, but never later than here."""
    return min(file.st_mtime, file.st_ctime)


def _import_one(deps: SpendDeps, site: Site, path: Path, run: Import) -> int:
    db, started, options = deps.db, deps.clock(), SpendOptions(origin="watch")
    try:
        report = run(site, path, options)
    except Unavailable as error:
        log.warning("spend file waits", file=path.name, reason=str(error))
        return 0
    except NeedsConfirmation as error:
        keep_held(deps, site, path, replace(options, filename=path.name), error)
        _put_away(path, "held", str(error), started)
        _record(db, site, started, "held", error=f"{path.name}: {error}")
    except TrackerError as error:
        _put_away(path, "failed", str(error), started)
        _record(db, site, started, "failed", error=f"{path.name}: {error}")
    else:
        _imported(deps, site, path, report, started)
    return 1


def _imported(
    deps: SpendDeps, site: Site, path: Path, report: SpendReport | ArchiveReport, started: datetime
) -> None:
    """Put an imported file away: an archive goes where its worst member belongs."""
    status: RunStatus = "ok"
    reason = ""
    if isinstance(report, ArchiveReport):
        status = "failed" if report.failed else "held" if report.held else "ok"
        reason = " ".join(f"{one.file}: {one.error}" for one in report.files if one.error)
    if status == "held":
        asked = NeedsConfirmation(reason)
        keep_held(deps, site, path, SpendOptions(origin="watch", filename=path.name), asked)
    _put_away(path, "done" if status == "ok" else status, reason, started)
    totals = {"file": path.name, **msgspec.to_builtins(report)}
    error = f"{path.name}: {reason}" if reason else ""
    _record(deps.db, site, started, status, rows=report.rows, totals=totals, error=error)


def _record(
    db: Engine,
    site: Site,
    started: datetime,
    status: RunStatus,
    *,
    rows: int | None = None,
    totals: dict[str, object] | None = None,
    error: str = "",
) -> None:
    job = runs.start_run(db, job="spend", site=site.key, trigger="watch", now=started)
    runs.finish_run(db, job, status, rows=rows, totals=totals, error=error)


def _put_away(path: Path, folder: str, reason: str, now: datetime) -> None:
    target = path.parent / folder / f"{now:%Y%m%dT%H%M%S}_{path.name}"
    target.parent.mkdir(exist_ok=True)
    path.rename(target)
    if reason:
        target.with_name(target.name + ".txt").write_text(reason + "\n", encoding="utf-8")
