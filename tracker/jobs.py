"""Jobs: one table of name, interval and function, run by one scheduler.

A job returns what it did, or None when there was nothing to do; only what did something, or
failed, is recorded as a run. A job that raises is recorded with its message and runs again at
its next time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from tracker.accounts import marks, runs, salts
from tracker.accounts.connection_runs import prune_connection_runs
from tracker.accounts.sites import get_site, list_sites, site_keys
from tracker.accounts.tenants import list_tenants
from tracker.commands import rates, spend
from tracker.errors import TrackerError, Unavailable
from tracker.ingest.retention import cut_addresses
from tracker.parts import Parts
from tracker.reconcile.account_changes import mark_fees
from tracker.reconcile.bucket_plans import plan_buckets
from tracker.reconcile.retention import cut_visits
from tracker.reconcile.sweep import sweep
from tracker.spend.connections.schedule import queue_due
from tracker.spend.connections.worker import Worker
from tracker.spend.holding import sweep_held
from tracker.spend.superseded import sweep_pulls
from tracker.spend.watch import import_watched, sites_with_files

log = structlog.get_logger(__name__)
Result = Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Job:
    """``seconds`` between runs; ``run`` does it."""

    name: str
    seconds: int
    run: Callable[[Parts], Result]


def _reconcile(parts: Parts) -> Result:
    """Rebuild what is dirty; a few rounds at a time, so that other jobs are not starved."""
    if not marks.backlog(parts.db):
        return None
    outcome = parts.reconciler().run(rounds=4, pace=parts.pace)
    return {"builds": outcome.builds, "slices": outcome.slices, "left": outcome.left}


def _spend(parts: Parts) -> Result:
    """Import what appears in the watch folders; each file is a run of its own."""
    run = partial(spend.import_file, parts)
    for key in sites_with_files(parts.settings.watch, site_keys(parts.db)):
        site = get_site(parts.db, key)
        import_watched(parts.spend_deps(), site, parts.settings.watch / key, run)
    return None


def _connections(parts: Parts) -> Result:
    """Queue the runs of connections that are due; the worker takes them from there."""
    queue_due(parts.db, parts.clock())
    return None


def _sweep(parts: Parts) -> Result:
    gone = sweep(parts.warehouse, parts.clock())
    return {"superseded": gone} if gone else None


def _buckets(parts: Parts) -> Result:
    grown = plan_buckets(parts.warehouse, parts.db, parts.clock())
    return {"sites": len(grown)} if grown else None


def _salts(parts: Parts) -> Result:
    now = parts.clock()
    salts.make_salts(parts.db, list_sites(parts.db), now=now)
    salts.delete_old_salts(parts.db, now=now)
    return None


def _prune(parts: Parts) -> Result:
    runs.prune_runs(parts.db, now=parts.clock())
    prune_connection_runs(parts.db, parts.clock())
    gone = sweep_pulls(parts.warehouse, parts.clock())
    cut = cut_addresses(parts.warehouse, parts.clock())
    sweep_held(parts.spend_deps())
    expired = sum(cut_visits(parts.warehouse, list_sites(parts.db), parts.clock()).values())
    found = {"superseded_pulls": gone, "cut_addresses": cut, "expired": expired}
    return found if any(found.values()) else None


def _rates(parts: Parts) -> Result:
    """Daily exchange rates, if a source of them is set."""
    if not parts.settings.rates_url:
        return None
    changed = sum(one.changed for one in rates.fetch_all(parts))
    return {"rates": changed} if changed else None


def _fees(parts: Parts) -> Result:
    """A monthly fee is due on days without spend too: let their days be computed."""
    tenants = [tenant.id for tenant in list_tenants(parts.db)]
    mark_fees(parts.warehouse, parts.db, tenants, parts.clock().date())
    return None


JOBS: tuple[Job, ...] = (
    Job("reconcile", 2, _reconcile),
    Job("spend", 5, _spend),
    Job("connections", 5, _connections),
    Job("sweep", 600, _sweep),
    Job("buckets", 86_400, _buckets),
    Job("salts", 3600, _salts),
    Job("fees", 21_600, _fees),
    Job("rates", 21_600, _rates),
    Job("prune", 86_400, _prune),
)


def run_job(parts: Parts, job: Job, *, trigger: str = "schedule") -> None:
    """Run a job once and record it; never raises, since the scheduler has nobody to tell."""
    started = parts.clock()
    try:
        result = job.run(parts)
    except Unavailable as error:
        log.warning("job postponed", job=job.name, reason=str(error))
        return
    except TrackerError as error:
        _record(parts, job, trigger, started, "failed", error=str(error))
        return
    except Exception as error:
        log.exception("job failed", job=job.name)
        _record(parts, job, trigger, started, "failed", error=f"{type(error).__name__}: {error}")
        return
    if result is not None:
        _record(parts, job, trigger, started, "ok", totals=dict(result))


def _record(
    parts: Parts, job: Job, trigger: str, started: Any, status: Any, **outcome: Any
) -> None:
    run = runs.start_run(parts.db, job=job.name, site=None, trigger=trigger, now=started)
    runs.finish_run(parts.db, run, status, now=parts.clock(), **outcome)


class Scheduler:
    """Runs the jobs in threads, and the loader and the worker of connections in one of their own
    each, until it is stopped."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._stop = threading.Event()
        self._loader = threading.Thread(target=self._load, name="loader")
        worker = Worker(parts.workshop(), self._stop)
        self._connections = threading.Thread(target=worker.run, name="connections")
        self._scheduler = BackgroundScheduler(
            timezone="UTC",
            executors={"default": ThreadPoolExecutor(4)},
            job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
        )
        for job in JOBS:
            self._scheduler.add_job(
                run_job, "interval", (parts, job), seconds=job.seconds, id=job.name
            )

    def start(self) -> None:
        """Begin; the first runs come at once."""
        runs.abandon_runs(self._parts.db)
        self._loader.start()
        self._connections.start()
        self._scheduler.start()
        for job in JOBS:
            self.soon(job.name)

    def soon(self, name: str) -> None:
        """Let a job run next, without waiting for its interval."""
        job = self._scheduler.get_job(name)
        if job is not None:
            job.modify(next_run_time=self._parts.clock())

    def stop(self) -> None:
        """Wait for what is running, then end."""
        self._stop.set()
        self._scheduler.shutdown(wait=True)
        self._connections.join()
        self._loader.join()

    def _load(self) -> None:
        self._parts.load_until(self._stop)
