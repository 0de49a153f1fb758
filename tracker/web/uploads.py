"""Uploaded files between the preview and the confirmation of an import.

A file waits in a private directory under a random name. The page carries a signed ticket that
says which file of which user for which site it is; a ticket works for an hour. Files that were
never confirmed are removed by later uploads.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.datastructures import UploadFile

from tracker.accounts.identifiers import random_text
from tracker.errors import InvalidInput
from tracker.web.bodies import not_stored

#: How long a preview can be confirmed, in seconds.
LIFETIME = 3600
_NAME_LENGTH = 24


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on our disk and the name that it had on the reader's."""

    path: Path
    filename: str


class UploadStore:
    """Files of one installation; ``secret`` signs the tickets."""

    def __init__(self, directory: Path, secret: str) -> None:
        self._directory = directory
        self._signer = URLSafeTimedSerializer(secret, salt="upload")

    def keep(self, file: UploadFile) -> Upload:
        """Store a file under a random name; InvalidInput for an empty one, Unavailable where there
        is no room for it."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._sweep()
        filename = _bare_name(file.filename or "")
        # The suffix stays, because a file's format is recognised by name where content is not
        # enough; the random part alone names the file.
        path = self._directory / (random_text(_NAME_LENGTH) + _suffix(filename))
        try:
            with path.open("xb") as out:
                path.chmod(0o600)
                shutil.copyfileobj(file.file, out)
        except OSError as error:
            path.unlink(missing_ok=True)
            raise not_stored(error) from error
        if path.stat().st_size == 0:
            path.unlink()
            raise InvalidInput("The file is empty.", hint="Choose the file as it was downloaded.")
        return Upload(path, filename)

    def ticket(self, upload: Upload, user: str, site: str) -> str:
        """What the confirmation sends back."""
        return self._signer.dumps([upload.path.name, upload.filename, user, site])

    def redeem(self, ticket: str, user: str, site: str) -> Upload:
        """The file of a ticket; InvalidInput when it is forged, old, used or somebody else's."""
        try:
            given: Any = self._signer.loads(ticket, max_age=LIFETIME)
            name, filename, owner, place = given
        except (BadSignature, ValueError, TypeError) as error:
            raise _expired() from error
        path = self._directory / name
        if (owner, place) != (user, site) or not path.is_file():
            raise _expired()
        return Upload(path, filename)

    def _sweep(self) -> None:
        """Remove what nobody confirmed in time; the file system's clock decides."""
        oldest = time.time() - LIFETIME
        for path in self._directory.iterdir():
            if path.is_file() and path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)


def _bare_name(name: str) -> str:
    """The last part of a path in either notation, printable, at most 200 characters."""
    last = PureWindowsPath(PurePosixPath(name).name).name
    return "".join(character for character in last if character.isprintable())[-200:] or "file"


def _suffix(name: str) -> str:
    suffix = PurePosixPath(name).suffix.lower()
    return suffix if suffix in (".csv", ".tsv", ".txt", ".xlsx", ".gz", ".zip") else ""


def _expired() -> InvalidInput:
    return InvalidInput(
        "This preview has expired.", hint="Choose the file again; nothing was imported."
    )
