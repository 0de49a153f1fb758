"""Archives of several reports, and files that wait until somebody accepts or discards them."""

from __future__ import annotations

import errno
import gzip
import os
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.platforms.server import serve
from tests.spend_imports import Desk
from tests.test_spend_sources import BAIDU, Post, Web, report, source
from tracker.accounts.connections import get_connection, note_failure
from tracker.accounts.held_files import HeldFile, held_files
from tracker.accounts.runs import list_runs
from tracker.errors import InvalidInput, NeedsConfirmation, NotFound, Unavailable
from tracker.spend import unpacking
from tracker.spend.archive import ArchiveReport, import_spend
from tracker.spend.health import HealthDeps, site_health
from tracker.spend.holding import KEEP, accept, discard, sweep_held
from tracker.spend.importer import SpendDeps, SpendOptions
from tracker.spend.watch import import_watched
from tracker.warehouse.client import Warehouse


class Holding(Desk):
    """A desk whose imports may hold files."""

    @property
    def deps(self) -> SpendDeps:
        """With a place for held files."""
        return replace(super().deps, held=self.directory / "held")

    def held(self) -> list[HeldFile]:
        """What waits."""
        return held_files(self.db, self.site.key)

    def contents(self) -> list[str]:
        """Names in the place of held files."""
        return sorted(path.name for path in (self.directory / "held").glob("*"))


@pytest.fixture
def desk(sqlite_db: Engine, warehouse_embedded: Warehouse, tmp_path: Path) -> Holding:
    opened = Desk.open(sqlite_db, warehouse_embedded, tmp_path)
    return Holding(opened.db, opened.warehouse, opened.directory, opened.site)


def packed(desk: Desk, files: Mapping[str, bytes], name: str = "reports.zip") -> Path:
    path = desk.directory / name
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in files.items():
            archive.writestr(member, content)
    return path


def take(desk: Desk, path: Path, **options: object) -> object:
    given = SpendOptions(**{**BAIDU, **options})  # type: ignore[arg-type]
    return import_spend(desk.deps, desk.site, path, given)


def test_each_file_of_an_archive_has_a_result_of_its_own(desk: Holding) -> None:
    files = {
        "a/one.csv": report("1.00", "2026-09-09"),
        "two.csv.gz": gzip.compress(report("2.00")),
        "bad.csv": b"no,report\n1,2\n",
        "__MACOSX/._one.csv": b"x",
    }
    preview = take(desk, packed(desk, files), dry_run=True)
    assert isinstance(preview, ArchiveReport)
    assert (preview.rows, preview.added, preview.failed, preview.changed) == (2, 2, 1, True)
    assert desk.costs()["*"] is None
    done = take(desk, packed(desk, files))
    assert isinstance(done, ArchiveReport)
    assert [(one.file, one.status, one.cost) for one in done.files] == [
        ("one.csv", "ok", "1.00"), ("two.csv.gz", "ok", "2.00"), ("bad.csv", "failed", "")
    ]  # fmt: skip
    assert "no header" in done.files[2].error
    assert desk.costs()["*"] == "3.00"
    again = take(desk, packed(desk, files))
    assert isinstance(again, ArchiveReport)
    assert (again.unchanged, again.changed) == (2, False)


def test_what_would_erase_in_an_archive_asks_and_the_others_are_imported(desk: Holding) -> None:
    take(desk, packed(desk, {"a.csv": report("100.00")}))
    files = {"a.csv": report("1.00"), "b.csv": report("2.00", "2026-09-11")}
    done = take(desk, packed(desk, files))
    assert isinstance(done, ArchiveReport)
    assert (done.held, done.added) == (1, 1)
    assert done.asks[0].startswith("a.csv: It would lower cost")
    assert desk.costs()["*"] == "102.00"
    both = {"a.csv": report("1.00"), "bad.csv": b"x"}
    with pytest.raises(NeedsConfirmation, match=r"No file of reports\.zip was imported\. a\.csv"):
        take(desk, packed(desk, both))
    take(desk, packed(desk, files), replace=True)
    assert desk.costs()["*"] == "3.00"


def test_archives_that_are_bombs_or_do_not_fit_on_the_disk_are_refused(
    desk: Holding, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = packed(desk, {f"{n}.csv": b"x" for n in range(101)})
    with pytest.raises(InvalidInput, match="holds 101 files"):
        take(desk, many)
    two = packed(desk, {"a.csv": b"x" * 600, "b.csv": b"x" * 600})
    monkeypatch.setattr(unpacking, "UNPACKED_LIMIT", 1000)
    with pytest.raises(InvalidInput, match="unpacks to more than"):
        take(desk, two)

    def full(_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(zipfile.ZipFile, "infolist", full)
    with pytest.raises(Unavailable, match="no room on the disk"):
        take(desk, two)
    assert not list(desk.directory.glob("archive-*"))


def waiting(desk: Holding, web: Web, url: str) -> Post:
    """An address whose new content waits for a decision."""
    web.pages["/r.csv"] = (200, {}, report("100.00"))
    post = source(desk, "web_address", {"url": f"{url}/r.csv"}, **BAIDU)
    post.ok()
    web.pages["/r.csv"] = (200, {}, report("1.00"))
    assert post.run().failure is not None
    return post


def test_a_held_file_is_accepted_without_being_fetched_again(desk: Holding) -> None:
    web = Web()
    with serve(web) as url:  # type: ignore[arg-type]
        post = waiting(desk, web, url)
        assert desk.costs()["*"] == "100.00"
        (one,) = desk.held()
        assert (one.name, one.size) == ("r.csv", len(report("1.00")))
        assert "lower cost" in one.reason
        found = site_health(HealthDeps(desk.warehouse, desk.db, desk.now), desk.site).findings
        (told,) = [one for one in found if one.kind == "file_waits"]
        assert told.detail.startswith("The file r.csv waits for a decision")
        assert (told.platform, told.account) == ("baidu", "pump-works")
        assert post.run().failure is None, "it is held once"
        assert len(desk.held()) == 1
        asked = len(web.seen)
        done = accept(desk.deps, desk.site, one.id)
        assert len(web.seen) == asked
        assert done.replaced == 1
        assert post.ok().rows == 0
    assert desk.costs()["*"] == "1.00"
    assert (desk.held(), desk.contents()) == ([], [])
    # The connection runs by the test's own clock, which may be ahead.
    assert "spend_import" in {run.job for run in list_runs(desk.db, site=desk.site.key)}
    with pytest.raises(NotFound, match="waits for a decision"):
        accept(desk.deps, desk.site, one.id)


def test_a_discarded_file_is_not_brought_again_until_it_changes(desk: Holding) -> None:
    web = Web()
    with serve(web) as url:  # type: ignore[arg-type]
        post = waiting(desk, web, url)
        note_failure(desk.db, post.connection.id, "A file waits.", "request")
        discard(desk.deps, desk.site, desk.held()[0].id)
        assert post.ok().rows == 0
        assert (desk.held(), desk.contents()) == ([], [])
        assert get_connection(desk.db, post.connection.id).error == ""
        web.pages["/r.csv"] = (200, {}, report("2.00"))
        assert post.run().failure is not None
    assert desk.costs()["*"] == "100.00"
    assert len(desk.held()) == 1


def test_a_newer_version_takes_the_place_of_the_file_that_waits(desk: Holding) -> None:
    web = Web()
    with serve(web) as url:  # type: ignore[arg-type]
        post = waiting(desk, web, url)
        web.pages["/r.csv"] = (200, {}, report("3.00"))
        post.run()
        (one,) = desk.held()
        assert "3.00" in one.reason
        web.pages["/r.csv"] = (200, {}, report("120.00"))
        post.ok()
    assert (desk.held(), desk.contents()) == ([], []), "the old one must not be accepted over it"


def test_a_file_that_cannot_be_imported_with_consent_waits_on(desk: Holding) -> None:
    web = Web()
    with serve(web) as url:  # type: ignore[arg-type]
        waiting(desk, web, url)
    (one,) = desk.held()
    desk.now += KEEP
    with pytest.raises(InvalidInput, match="not on this machine"):
        accept(replace(desk.deps, held=desk.directory / "elsewhere"), desk.site, one.id)
    assert sweep_held(desk.deps) == 0
    desk.now += timedelta(seconds=1)
    assert sweep_held(desk.deps) == 1
    assert (desk.held(), desk.contents()) == ([], [])


def test_a_watched_file_that_would_erase_waits_too(desk: Holding) -> None:
    folder = desk.directory / "watch"
    folder.mkdir()
    desk.rows("2026-09-10,C,G,pump,100,5,100.00", account="pump-works")
    path = packed(desk, {"a.csv": report("1.00"), "b.csv": report("2.00", "2026-09-11")})
    path = path.rename(folder / "baidu.zip")
    os.utime(path, (0, 0))

    def run(site: object, file: Path, options: SpendOptions) -> ArchiveReport:
        assert site is desk.site
        found = import_spend(desk.deps, desk.site, file, replace(options, **BAIDU))  # type: ignore[arg-type]
        assert isinstance(found, ArchiveReport)
        return found

    assert import_watched(desk.deps, desk.site, folder, run) == 1
    (one,) = desk.held()
    assert one.name == "baidu.zip"
    assert len(list((folder / "held").iterdir())) == 2
    assert list_runs(desk.db, site=desk.site.key)[0].status == "held"
    assert desk.costs()["*"] == "102.00"
