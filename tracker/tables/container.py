"""The bytes inside a downloaded file: plain, gzip, or a zip archive with one file in it.

What a file is, is decided by its first bytes, never by its name. Nothing is held open between two
readings: each ``open`` starts again at the first byte.
"""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Literal

from tracker.errors import InvalidInput, TooLarge

#: Unpacked, a file may have at most so many bytes (a zip bomb stops here).
UNPACKED_LIMIT = 4 * 1024**3
#: A workbook inside an archive is held in memory while it is read.
WORKBOOK_LIMIT = 256 * 1024**2
CHUNK = 1 << 20
ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")

Wrapping = Literal["plain", "gzip", "zip"]

#: What a broken or hostile archive makes the standard library raise. NotImplementedError is an
#: unknown compression, RuntimeError an archive with a password.
ARCHIVE_ERRORS = (
    EOFError,
    OSError,
    zlib.error,
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    ValueError,
    KeyError,
)

HALF_WRITTEN = "Download it again; it may have been cut off on the way."


@dataclass(frozen=True, slots=True)
class Container:
    """A file on disk and how its one table is wrapped; ``member`` is the name inside a zip."""

    path: Path
    name: str
    wrapping: Wrapping
    member: str = ""

    @contextmanager
    def open(self) -> Iterator[tuple[BinaryIO, BinaryIO]]:
        """The unpacked bytes, and the file on disk (whose position tells the progress)."""
        with self.path.open("rb") as raw:
            if self.wrapping == "gzip":
                with gzip.GzipFile(fileobj=raw) as unpacked:
                    yield unpacked, raw  # type: ignore[misc]
            elif self.wrapping == "zip":
                with zipfile.ZipFile(raw) as archive, archive.open(self.member) as unpacked_member:
                    yield unpacked_member, raw  # type: ignore[misc]
            else:
                yield raw, raw

    def chunks(self) -> Iterator[bytes]:
        """All unpacked bytes, a mebibyte at a time; InvalidInput if they end too early."""
        total = 0
        try:
            with self.open() as (stream, _):
                while chunk := stream.read(CHUNK):
                    total += len(chunk)
                    if total > UNPACKED_LIMIT:
                        raise TooLarge(f"{self.name} unpacks to more than 4 GiB.")
                    yield chunk
        except ARCHIVE_ERRORS as error:
            raise InvalidInput(
                f"{self.name} is damaged or half-written ({_plain(error)}).", hint=HALF_WRITTEN
            ) from error

    def workbook_bytes(self) -> BinaryIO:
        """A packed workbook unpacked into memory, since reading one needs random access."""
        buffer = io.BytesIO()
        for chunk in self.chunks():
            if buffer.tell() + len(chunk) > WORKBOOK_LIMIT:
                raise TooLarge(
                    f"The workbook inside {self.name} is larger than 256 MiB.",
                    hint="Unpack it first, or export csv.",
                )
            buffer.write(chunk)
        buffer.seek(0)
        return buffer


def open_container(path: Path, name: str = "") -> tuple[Container, bytes]:
    """The container and its first unpacked bytes. Errors: InvalidInput (missing, empty, damaged).

    ``name`` stands for the file's own name where ``path`` is a temporary copy of an upload.
    """
    name = name or path.name
    try:
        with path.open("rb") as raw:
            magic = raw.read(8)
    except OSError as error:
        raise InvalidInput(f"Cannot read {name}: {error.strerror or error}.") from error
    if magic.startswith(b"\x1f\x8b"):
        container = Container(path, name, "gzip")
    elif magic.startswith(ZIP_MAGIC):
        container = _zip_container(path, name)
    else:
        container = Container(path, name, "plain")
    first = next(iter(container.chunks()), b"")
    if not first.strip(b"\x00\r\n\t \xef\xbb\xbf\xff\xfe"):
        raise InvalidInput(f"{name} is empty.", hint="Download the report again.")
    return container, first


def _zip_container(path: Path, name: str) -> Container:
    """A zip archive: a workbook (read as it is) or the one file in it."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info.filename for info in archive.infolist() if not info.is_dir()]
            size = sum(info.file_size for info in archive.infolist())
    except ARCHIVE_ERRORS as error:
        raise InvalidInput(
            f"{name} is damaged or half-written ({_plain(error)}).", hint=HALF_WRITTEN
        ) from error
    if size > UNPACKED_LIMIT:
        raise TooLarge(f"{name} unpacks to more than 4 GiB.")
    if "[Content_Types].xml" in members:
        return Container(path, name, "plain")
    data = [member for member in members if not _is_clutter(member)]
    if len(data) != 1:
        listed = ", ".join(sorted(data)[:5]) or "nothing"
        raise InvalidInput(
            f"{name} must hold exactly one file, it holds {len(data)}: {listed}.",
            hint="Unpack it and import its files one by one.",
        )
    return Container(path, name, "zip", data[0])


def _is_clutter(member: str) -> bool:
    parts = PurePosixPath(member).parts
    return "__MACOSX" in parts or parts[-1].startswith(".")


def _plain(error: BaseException) -> str:
    """An archive error without the path and memory addresses that some of them carry."""
    text = str(error).split(" at 0x")[0]
    return text[:80] if text and "/" not in text else type(error).__name__
