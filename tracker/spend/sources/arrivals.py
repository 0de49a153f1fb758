"""Files that a source brought, through the importer, each recorded as a run.

A file that would remove what stands is *held*: nothing of it is imported, and a person decides. A
bad file does not keep the others from being imported. What was imported, refused or held is not
looked at again until it changes.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from tracker.accounts import runs
from tracker.accounts.runs import RunStatus
from tracker.accounts.sites import Site, get_site
from tracker.accounts.source_items import SourceItem, item_key, note_item, seen_items
from tracker.errors import InvalidInput, NeedsConfirmation, TrackerError, Unavailable
from tracker.spend.connections.kinds import Field, Outcome, Task
from tracker.spend.connectors.failures import Cause, Terminal, Transient
from tracker.spend.holding import forget_held, keep_held
from tracker.spend.importer import SpendOptions, SpendReport, import_spend_file
from tracker.spend.unpacking import unpacked

#: What a person may say of the files of any source.
OPTIONS = (
    Field("platform", required=False),
    Field("account", required=False),
    Field("currency", required=False),
)


@dataclass(slots=True)
class Arrivals:
    """The files of one run. ``directory`` is gone with the run."""

    task: Task
    site: Site
    directory: Path
    seen: Mapping[str, SourceItem]
    outcome: Outcome = field(default_factory=Outcome)
    refused: list[str] = field(default_factory=list)
    handled: set[str] = field(default_factory=set)

    def known(self, name: str) -> SourceItem | None:
        """What became of a thing of that name."""
        return self.seen.get(item_key(name))

    def place(self, number: int, name: str) -> Path:
        """Where a file may be put; its suffix stays."""
        return self.directory / f"{number}{Path(name).suffix[:6].lower()}"

    async def take(self, name: str, version: str, files: Sequence[tuple[Path, str]]) -> None:
        """Import the files (path, name) of one thing, and note what became of it."""
        item = item_key(name)
        results = [await self._take(path, called, item) for path, called in files]
        worst = next((one for one in ("failed", "held", "ok") if one in results), "empty")
        await self._note(name, version, worst)

    async def refuse(self, name: str, version: str, called: str, reason: str) -> None:
        """Note that a thing cannot be imported as it is, for a reason in words."""
        self.refused.append(f"{called}: {reason}"[:500])
        await self._note(name, version, "failed")

    def done(self) -> Outcome:
        """The outcome of the run: a failure where a file was refused or is held."""
        if self.refused:
            self.outcome.failure = Terminal(
                " ".join(self.refused[:5]),
                cause=Cause.REQUEST,
                hint="The files that could be imported were. Those that would remove something "
                "wait on the page Imports for a decision.",
            )
        return self.outcome

    async def _note(self, name: str, version: str, outcome: str) -> None:
        self.handled.add(name)
        await asyncio.to_thread(
            note_item, self.task.spend.db, self.task.connection.id, name,
            version=version, outcome=outcome, now=self.task.spend.clock(),
        )  # fmt: skip

    async def _take(self, path: Path, name: str, item: str) -> RunStatus:
        status: RunStatus = "ok"
        try:
            parts = await asyncio.to_thread(unpacked, path, name, self.directory)
        except InvalidInput as error:
            parts, status = [], "failed"
            self._refuse(name, error)
        for part, called in parts:
            self.task.check()
            got = await asyncio.to_thread(self._import, part, called, item)
            status = got if got == "failed" or status == "ok" else status
            if part != path:
                part.unlink(missing_ok=True)
        return status

    def _import(self, path: Path, name: str, item: str) -> RunStatus:
        spend, started = self.task.spend, self.task.spend.clock()
        run = runs.start_run(
            spend.db, job="spend", site=self.site.key, trigger="schedule", now=started
        )
        settings = self.task.connection.settings
        options = SpendOptions(
            platform=settings.get("platform", ""),
            account=settings.get("account", ""),
            currency=settings.get("currency", ""),
            origin=self.task.connection.kind,
            filename=name,
        )
        try:
            report = import_spend_file(spend, self.site, path, options)
        except Unavailable as error:
            self._finish(run, "failed", error=f"{name}: {error}")
            raise Transient(error.message, hint=error.hint) from error
        except NeedsConfirmation as error:
            keep_held(
                spend, self.site, path, options, error,
                connection=self.task.connection.id, item=item,
            )  # fmt: skip
            self._finish(run, "held", error=f"{name}: {error}")
            self._refuse(name, error)
            return "held"
        except TrackerError as error:
            self._finish(run, "failed", error=f"{name}: {error}")
            self._refuse(name, error)
            return "failed"
        forget_held(spend, self.site, name, self.task.connection.id, item)
        self._finish(run, "ok", rows=report.rows, totals=_told(name, report))
        self._count(report)
        return "ok"

    def _finish(self, run: str, status: RunStatus, **outcome: object) -> None:
        spend = self.task.spend
        runs.finish_run(spend.db, run, status, now=spend.clock(), **outcome)  # type: ignore[arg-type]

    def _refuse(self, name: str, error: TrackerError) -> None:
        self.refused.append(f"{name}: {error.message}"[:500])

    def _count(self, report: SpendReport) -> None:
        outcome = self.outcome
        outcome.rows += report.rows
        outcome.currency = outcome.currency or report.currency
        outcome.warnings += report.warnings
        for name in ("added", "replaced", "unchanged"):
            outcome.counts[name] = outcome.counts.get(name, 0) + getattr(report, name)
        self.task.tally.add(rows=report.rows)


@contextmanager
def arrivals(task: Task) -> Iterator[Arrivals]:
    """For one run of a source. Terminal for a connection without a site."""
    if task.connection.site is None:
        raise Terminal(
            "The connection belongs to no site, so its files cannot be imported.",
            cause=Cause.SETTING,
            hint="Choose the site in the settings of the connection.",
        )
    site = get_site(task.spend.db, task.connection.site)
    with tempfile.TemporaryDirectory(prefix="source-", dir=task.spend.scratch) as directory:
        seen = seen_items(task.spend.db, task.connection.id)
        yield Arrivals(task, site, Path(directory), seen)


def _told(name: str, report: SpendReport) -> dict[str, object]:
    fields: dict[str, object] = msgspec.to_builtins(report)
    return {"file": name} | {
        key: fields[key]
        for key in ("platform", "cost", "currency", "added", "replaced", "unchanged", "removed")
    }
