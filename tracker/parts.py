"""The parts of a running process: settings, stores, engine, loader; opened and closed together.

``app.py`` wires these into an application and ``commands`` works with them; nothing else opens
a store. Processes that only ingest have neither engine nor loader.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from time import monotonic, sleep

import structlog
from sqlalchemy import Engine

from tracker.accounts import leases
from tracker.accounts.clock import Clock, utc_now
from tracker.accounts.connections import has_secrets
from tracker.accounts.database import migrate as migrate_metadata
from tracker.accounts.database import open_database
from tracker.accounts.run_claims import recover_runs
from tracker.accounts.salts import salt_of
from tracker.accounts.sealing import Sealer, open_sealer
from tracker.accounts.sites import Site, SiteCache
from tracker.config import Settings, make_data
from tracker.errors import ConfigError, Unavailable
from tracker.ingest.enrich import Enricher
from tracker.ingest.geography import PACKAGED, Geography
from tracker.ingest.hosting import HostingNetworks, load_hosting, packaged_hosting
from tracker.ingest.loader import Loader, LoadReport
from tracker.ingest.reasons import Counters
from tracker.ingest.segments import open_names
from tracker.ingest.spool import SpoolLimits
from tracker.reconcile.numbering import keep_ahead
from tracker.reconcile.pace import Pace
from tracker.reconcile.reconciler import LEASE, Reconciler
from tracker.reconcile.sums import fill_sums
from tracker.spend.connections.catalogue import KINDS
from tracker.spend.connections.deployment import Deployment, load_deployment
from tracker.spend.connections.kinds import Workshop
from tracker.spend.connections.notice import Webhook
from tracker.spend.importer import SpendDeps
from tracker.warehouse.client import Warehouse, open_warehouse
from tracker.warehouse.migrate import migrate as migrate_warehouse

log = structlog.get_logger(__name__)

#: Seconds between looks at the spool, and the longest wait while the engine is away.
LOAD_EVERY = 0.1
LONGEST_WAIT = 30.0
#: Seconds within which a living writer closes a segment; it does so when that is half a second old.
CLOSED_WITHIN = 15.0


@dataclass(slots=True)
class Parts:
    """What commands, jobs and the application work with. ``holder`` names this process."""

    settings: Settings
    clock: Clock
    db: Engine
    enricher: Enricher
    site_cache: SiteCache
    counters: Counters
    holder: str
    deployment: Deployment = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)
    _warehouse: Warehouse | None = None
    _loader: Loader | None = None
    _draining: threading.Lock = field(default_factory=threading.Lock)

    @property
    def warehouse(self) -> Warehouse:
        """ClickHouse, or ConfigError in a process that was opened without it."""
        if self._warehouse is None:
            raise ConfigError("This process runs without ClickHouse.", hint="Use --role all.")
        return self._warehouse

    @property
    def sealer(self) -> Sealer:
        """Seals and opens the secrets of connections; ConfigError when the key cannot be used."""
        settings = self.settings
        return open_sealer(settings.encryption_key, settings.data, lambda: has_secrets(self.db))

    def spend_deps(self) -> SpendDeps:
        """What imports of spend work with."""
        return SpendDeps(self.warehouse, self.db, self.clock, held=self.settings.held)

    def workshop(self) -> Workshop:
        """What runs of connections work with."""
        alert = self.settings.alert_url
        return Workshop(
            spend=self.spend_deps(),
            sealer=lambda: self.sealer,
            holder=self.holder,
            deployment=self.deployment,
            notify=Webhook(alert) if alert else lambda _: None,
        )

    def salt(self, site: Site, day: date) -> bytes | None:
        """The salt of a site's local date; None once its time is over."""
        return salt_of(self.db, site, day, now=self.clock())

    def drain(self) -> LoadReport:
        """Load what the spool holds now; one thread at a time."""
        if self._loader is None:
            raise ConfigError("This process has no loader.")
        with self._draining:
            return self._loader.drain()

    def drain_acknowledged(self) -> LoadReport:
        """Load all that was acknowledged before the call, also what a writer, of this process or
        another, has not yet closed. ``waiting`` when one does not close its segment in time."""
        opened = open_names(self.settings.spool)
        report = self.drain()  # closes those of dead writers
        end = monotonic() + CLOSED_WITHIN
        while not report.waiting and (left := opened & open_names(self.settings.spool)):
            if monotonic() >= end:
                report.waiting = f"open/{min(left)} is not closed by the process that writes it."
                return report
            sleep(LOAD_EVERY)
        if opened and not report.waiting:
            before, report = report, self.drain()
            report.add(before)
        return report

    def load_until(self, stop: threading.Event) -> None:
        """Keep loading until ``stop`` is set; waits longer each time while the engine is away."""
        wait = LOAD_EVERY
        while not stop.is_set():
            waiting = self._drained()
            wait = min(max(wait * 2, 0.5), LONGEST_WAIT) if waiting else LOAD_EVERY
            if waiting:
                log.warning("loader waits", reason=waiting, seconds=wait)
            stop.wait(wait)

    def _drained(self) -> str:
        """Load once; why it stopped early, empty if it did not.

        NOTE: whatever is raised is met here. Were this thread to end, events would pile up in the
        spool until they are refused, with nobody to begin it again.
        """
        try:
            return self.drain().waiting
        except Exception as error:
            log.exception("loader failed")
            return f"{type(error).__name__}: {error}"

    def reconciler(self) -> Reconciler:
        """A reconciler in the name of this process."""
        return Reconciler(
            self.warehouse,
            self.db,
            self.clock,
            holder=self.holder,
            memory=self.settings.memory_mb << 20,
        )


@contextmanager
def open_parts(
    settings: Settings, *, engine: bool = True, loader: bool = True, clock: Clock = utc_now
) -> Iterator[Parts]:
    """Open the stores, migrate them, and close them at the end.

    ConfigError for settings that cannot be used, EngineHeld when another process has the
    embedded engine, Unavailable when a server is away.
    """
    make_data(settings)
    with ExitStack() as stack:
        warehouse = open_engine(settings, stack) if engine else None
        db = open_database(settings.metadata_url)
        stack.callback(db.dispose)
        migrate_metadata(db)
        counters = Counters()
        parts = Parts(
            settings=settings,
            clock=clock,
            db=db,
            enricher=Enricher(geography(settings), hosting(settings)),
            site_cache=SiteCache(db, clock),
            counters=counters,
            deployment=load_deployment(settings.platforms, KINDS),
            holder=f"{socket.gethostname()}:{os.getpid()}",
            _warehouse=warehouse,
        )
        if warehouse is not None and warehouse.embedded:
            # The lock of the engine's directory is ours: whoever held the lease is dead.
            leases.revoke(db, LEASE, clock())
            recover_runs(db, clock())
        if warehouse is not None:
            keep_ahead(warehouse, db)
            fill_sums(warehouse, db, clock, parts.holder)
        if warehouse is not None and loader:
            parts._loader = stack.enter_context(
                Loader(settings.spool, warehouse, db, clock, counters=counters)
            )
        yield parts


def open_engine(settings: Settings, stack: ExitStack) -> Warehouse:
    """ClickHouse, migrated; Unavailable with what to check when it is away."""
    if settings.warehouse_url.startswith("chdb://"):
        _need_chdb()
    warehouse = open_warehouse(settings.warehouse_url, pool=settings.pool)
    stack.callback(warehouse.close)
    migrate_warehouse(warehouse)
    return warehouse


def spool_limits(settings: Settings) -> SpoolLimits:
    """The limits of the spool. How soon an event is in ``events`` follows from a segment's age."""
    return SpoolLimits(budget_bytes=settings.spool_mb << 20, segment_age=0.5)


def geography(settings: Settings) -> Geography:
    """The address databases that are configured."""
    regions = tuple(Path(name.strip()) for name in settings.ip2region.split(",") if name.strip())
    return Geography(PACKAGED, _path(settings.city_mmdb), _path(settings.network_mmdb), regions)


def hosting(settings: Settings) -> HostingNetworks:
    """The list of data centres' networks: the one configured, or the packaged one."""
    own = _path(settings.hosting_networks)
    return load_hosting(own) if own else packaged_hosting()


def _path(text: str) -> Path | None:
    return Path(text) if text else None


def _need_chdb() -> None:
    # NOTE: not imported, because the settings of its allocator come before that.
    if find_spec("chdb") is None:
        raise Unavailable(
            "The embedded engine is not installed.",
            hint="Install it with: pip install 'tracker[embedded]', or set "
            "TRACKER_CLICKHOUSE_URL to a ClickHouse server.",
        )
