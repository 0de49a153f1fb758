"""Archives with several reports in them: each member is a file with a result of its own.

One bad member keeps no other from being imported. An archive of which nothing can be imported is
refused as a whole, with what is wrong with each member.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from tracker.accounts.sites import Site
from tracker.errors import InvalidInput, NeedsConfirmation, Unavailable
from tracker.spend.importer import (
    Progress,
    SpendDeps,
    SpendOptions,
    SpendReport,
    import_spend_file,
)
from tracker.spend.unpacking import unpacked

#: Texts of one kind that a report holds.
TEXTS = 100


class MemberReport(msgspec.Struct, frozen=True):
    """One file of an archive. ``status`` is ok, held (it would remove data and nobody consented)
    or failed, with the reason in ``error``. Figures as in ``SpendReport``."""

    file: str
    status: str
    platform: str = ""
    account: str = ""
    rows: int = 0
    cost: str = ""
    currency: str = ""
    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    removed: int = 0
    error: str = ""
    hint: str = ""


class ArchiveReport(msgspec.Struct, frozen=True):
    """What came of an archive: sums over its files, and ``files`` one by one. ``asks``,
    ``problems`` and ``warnings`` begin with the name of the file that they are about."""

    site: str
    file: str
    rows: int
    skipped: int
    added: int
    replaced: int
    unchanged: int
    removed: int
    held: int
    failed: int
    files: list[MemberReport]
    problems: list[str]
    warnings: list[str]
    asks: list[str]
    dry_run: bool
    changed: bool


def import_spend(
    deps: SpendDeps,
    site: Site,
    path: Path,
    options: SpendOptions,
    progress: Progress = lambda _done, _expected: None,
) -> SpendReport | ArchiveReport:
    """Import a report, or each report of an archive of several; errors as ``import_spend_file``.

    Of an archive, InvalidInput or NeedsConfirmation only where no file of it was imported, and
    Unavailable as soon as a dependency is away: imported again, nothing counts twice.
    """
    name = options.filename or path.name
    with tempfile.TemporaryDirectory(prefix="archive-", dir=deps.scratch) as directory:
        members = unpacked(path, name, Path(directory))
        if [place for place, _ in members] == [path]:
            return import_spend_file(deps, site, path, options, progress)
        archive = _Archive(deps, site, options, progress)
        for place, called in members:
            archive.take(place, called)
            place.unlink()
        return archive.report(name)


class _Archive:
    """The members of one archive, one after the other."""

    def __init__(
        self, deps: SpendDeps, site: Site, options: SpendOptions, progress: Progress
    ) -> None:
        self._deps, self._site, self._options, self._progress = deps, site, options, progress
        self._files: list[MemberReport] = []
        self._reports: list[tuple[str, SpendReport]] = []
        self._asks: list[str] = []
        self._rows = 0

    def take(self, path: Path, name: str) -> None:
        """Import one; its outcome is kept, whichever it is."""
        before = self._rows
        options = replace(self._options, filename=name)
        try:
            report = import_spend_file(
                self._deps, self._site, path, options,
                lambda done, _: self._progress(before + done, None),
            )  # fmt: skip
        except Unavailable:
            raise
        except NeedsConfirmation as error:
            self._files.append(MemberReport(name, "held", error=error.message, hint=error.hint))
            self._asks.append(f"{name}: {error.message}")
        except InvalidInput as error:
            self._files.append(MemberReport(name, "failed", error=error.message, hint=error.hint))
        else:
            self._rows += report.rows
            self._reports.append((name, report))
            self._files.append(_member(name, report))

    def report(self, name: str) -> ArchiveReport:
        """What came of them all."""
        count = {
            status: sum(1 for one in self._files if one.status == status)
            for status in ("held", "failed")
        }
        if not self._reports:
            raise self._refusal(name, held=count["held"] > 0)
        figures = {
            field: sum(getattr(report, field) for _, report in self._reports)
            for field in ("rows", "skipped", "added", "replaced", "unchanged", "removed")
        }
        return ArchiveReport(
            site=self._site.key,
            file=name,
            **figures,
            **count,
            files=self._files,
            problems=self._texts("problems"),
            warnings=self._texts("warnings"),
            asks=[*self._asks, *self._texts("asks")][:TEXTS],
            dry_run=self._options.dry_run,
            changed=any(report.changed for _, report in self._reports),
        )

    def _texts(self, field: str) -> list[str]:
        texts: list[str] = []
        for name, report in self._reports:
            found: Sequence[str] = getattr(report, field)
            texts += [f"{name}: {text}" for text in found]
        return texts[:TEXTS]

    def _refusal(self, name: str, *, held: bool) -> InvalidInput:
        told = " ".join(f"{one.file}: {one.error}" for one in self._files[:5])
        kind = NeedsConfirmation if held else InvalidInput
        hint = next((one.hint for one in self._files if one.hint), "")
        return kind(f"No file of {name} was imported. {told}", hint=hint)


def _member(name: str, report: SpendReport) -> MemberReport:
    same = (
        *("platform", "account", "rows", "cost", "currency"),
        *("added", "replaced", "unchanged", "removed"),
    )
    status = "held" if report.asks else "ok"
    return MemberReport(name, status, **{field: getattr(report, field) for field in same})
