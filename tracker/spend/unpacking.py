"""Archives with several reports in them, taken apart: bounded in number and in bytes."""

from __future__ import annotations

import errno
import secrets
import zipfile
from pathlib import Path, PurePosixPath

from tracker.errors import InvalidInput, TooLarge, Unavailable
from tracker.tables.container import ARCHIVE_ERRORS, CHUNK, HALF_WRITTEN, UNPACKED_LIMIT, ZIP_MAGIC

_FULL = (errno.ENOSPC, errno.EDQUOT)
#: Files in an archive.
MEMBERS = 100


def unpacked(path: Path, name: str, into: Path) -> list[tuple[Path, str]]:
    """The files to import with their names: those of an archive with several, else the file
    itself (the importer opens an archive of one). InvalidInput for a damaged archive or a bomb."""
    with path.open("rb") as raw:
        if not raw.read(8).startswith(ZIP_MAGIC):
            return [(path, name)]
    try:
        with zipfile.ZipFile(path) as archive:
            members = [one for one in archive.infolist() if not one.is_dir()]
            names = {one.filename for one in members}
            reports = [one for one in members if not _is_clutter(one.filename)]
            if "[Content_Types].xml" in names or len(reports) < 2:
                return [(path, name)]
            return _members(archive, reports, name, into)
    except ARCHIVE_ERRORS as error:
        if isinstance(error, OSError) and error.errno in _FULL:
            raise Unavailable(f"There is no room on the disk to unpack {name}.") from error
        raise InvalidInput(
            f"{name} is damaged or half-written ({type(error).__name__}).", hint=HALF_WRITTEN
        ) from error


def _members(
    archive: zipfile.ZipFile, reports: list[zipfile.ZipInfo], name: str, into: Path
) -> list[tuple[Path, str]]:
    if len(reports) > MEMBERS:
        raise TooLarge(f"{name} holds {len(reports)} files; at most {MEMBERS} are taken.")
    left = UNPACKED_LIMIT
    found = []
    for one in reports:
        called = PurePosixPath(one.filename).name
        target = into / f"{secrets.token_hex(8)}{PurePosixPath(called).suffix[:6].lower()}"
        with archive.open(one) as packed, target.open("wb") as out:
            # What the archive says of sizes is not believed.
            while chunk := packed.read(CHUNK):
                left -= len(chunk)
                if left < 0:
                    raise TooLarge(f"{name} unpacks to more than 4 GiB.")
                out.write(chunk)
        found.append((target, called))
    return found


def _is_clutter(member: str) -> bool:
    parts = PurePosixPath(member).parts
    return "__MACOSX" in parts or parts[-1].startswith(".")
