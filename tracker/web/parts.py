"""What the pages and the API are made of, handed in by the application.

``WebActions`` lists the operations with side effects that live elsewhere. Both they and the
report functions are synchronous, and called in worker threads, except ``take_events``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine

from tracker.accounts.clock import Clock
from tracker.accounts.sites import Site
from tracker.ingest.address import Network
from tracker.reports.live import Live
from tracker.spend.connections.kinds import Workshop
from tracker.warehouse.client import Warehouse

#: Largest spend or conversion file that may be uploaded, in bytes.
UPLOAD_LIMIT = 200 * 2**20


@dataclass(frozen=True, slots=True)
class WebSettings:
    """``public_url`` is where browsers reach us, without a slash at the end; empty means the
    address of the request. ``setup_code`` is what ``tracker serve`` prints while there is no
    owner; empty closes the first-run set-up. ``uploads`` is a private directory. Of
    ``trusted_proxies`` X-Forwarded-For is believed."""

    secret_key: str
    uploads: Path
    public_url: str = ""
    setup_code: str = ""
    upload_limit: int = UPLOAD_LIMIT
    trusted_proxies: tuple[Network, ...] = ()


@dataclass(frozen=True, slots=True)
class FileOptions:
    """How an uploaded file is imported; the same names as the flags of the commands."""

    filename: str
    dry_run: bool = False
    platform: str = ""
    account: str = ""
    currency: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    skip_bad_rows: bool = False
    replace: bool = False
    partial: bool = False
    period_total: bool = False


class WebActions(Protocol):
    """Operations that the web layer asks the application for."""

    def import_spend(self, site: Site, path: Path, options: FileOptions) -> Mapping[str, object]:
        """Import a spend file and return its report as the command prints it with --json."""

    def import_conversions(
        self, site: Site, path: Path, options: FileOptions
    ) -> Mapping[str, object]:
        """Import a file of offline conversions and return its report."""

    def push_spend(self, site: Site, body: bytes) -> Mapping[str, object]:
        """Take whole days of spend (``spend/push_body.py``) and return the import's report."""

    async def take_events(self, site: Site, body: bytes) -> Mapping[str, object]:
        """Take events that a server sends and return, once they are on disk, what became of them.

        InvalidInput names the first event that is malformed; then none is taken.
        """

    def run_job(self, name: str, site: Site) -> None:
        """Ask for a run of the job soon; returns at once."""

    def live_visitors(self, site: Site) -> list[Live]:
        """Who is on the site now, last seen first."""

    def tags_for(self, site: Site, platform: str) -> str:
        """The tracking template to paste into the platform. InvalidInput for an unknown one."""

    def site_changed(self, before: Site | None, after: Site) -> None:
        """A site was added or its rules changed: mark what has to be computed again."""

    def erase_person(self, site: Site, person: str) -> Mapping[str, object]:
        """Erase the person whom one of his visitors names, and return what went."""

    def goals_changed(self, site: Site) -> None:
        """A goal was added or removed: mark what has to be computed again."""


@dataclass(frozen=True, slots=True)
class WebParts:
    """Everything the web layer needs."""

    db: Engine
    warehouse: Warehouse
    settings: WebSettings
    clock: Clock
    actions: WebActions
    workshop: Workshop | None = None
