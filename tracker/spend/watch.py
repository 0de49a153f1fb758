"""Watch folders: spend files dropped into a site's folder are imported by themselves.

Layout: ``DATA/watch/SITE/``. A file is taken once its size has not changed for a moment, so that
a copy in progress is left alone. After the import it is moved to ``done/``; a file that cannot be
imported goes to ``failed/``, and one whose import would remove data to ``held/``, each with the
reason beside it in a ``.txt``. A file that waits for a dependency stays and is tried again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec
import structlog
from sqlalchemy import Engine

from tracker.accounts import runs
from tracker.accounts.clock import Clock
from tracker.accounts.runs import RunStatus
from tracker.accounts.sites import Site
from tracker.errors import NeedsConfirmation, TrackerError, Unavailable
from tracker.spend.importer import SpendOptions, SpendReport

log = structlog.get_logger(__name__)

#: Seconds without a change before a file counts as complete.
SETTLED = 2.0
FOLDERS = ("done", "failed", "held")

Import = Callable[[Site, Path, SpendOptions], SpendReport]


def import_watched(db: Engine, site: Site, folder: Path, run: Import, *, clock: Clock) -> int:
    """Import the complete files of a site's folder, oldest first; returns how many were taken."""
    if not folder.is_dir():
        return 0
    taken = 0
    for path in _complete(folder, clock()):
        taken += _import_one(db, site, path, run, clock)
    return taken


def make_folder(folder: Path) -> None:
    """Make a site's watch folder, for its owner only."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _complete(folder: Path, now: datetime) -> list[Path]:
    found = [
        (path.stat().st_mtime, path)
        for path in folder.iterdir()
        if path.is_file() and not path.name.startswith(".")
    ]
    return [path for changed, path in sorted(found) if now.timestamp() - changed >= SETTLED]


def _import_one(db: Engine, site: Site, path: Path, run: Import, clock: Clock) -> int:
    started = clock()
    try:
        report = run(site, path, SpendOptions(origin="watch"))
    except Unavailable as error:
        log.warning("spend file waits", file=path.name, reason=str(error))
        return 0
    except NeedsConfirmation as error:
        _put_away(path, "held", str(error), started)
        _record(db, site, started, "held", error=f"{path.name}: {error}")
    except TrackerError as error:
        _put_away(path, "failed", str(error), started)
        _record(db, site, started, "failed", error=f"{path.name}: {error}")
    else:
        _put_away(path, "done", "", started)
        totals = {"file": path.name, **msgspec.to_builtins(report)}
        _record(db, site, started, "ok", rows=report.rows, totals=totals)
    return 1


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
