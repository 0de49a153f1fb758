"""Sealing: secrets of connections as they are stored, unreadable without the key.

A sealed secret is a Fernet token (AES-128-CBC, HMAC-SHA256) over JSON that names its owner, so a
token copied to another row does not open there. Keys rotate: the first one seals, all of them
open. A key is 32 random bytes in URL-safe base64, from ``TRACKER_ENCRYPTION_KEY`` (several are
separated by commas, the newest first) or from ``DATA/connections.key`` (mode 0600, one a line).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from tracker.errors import ConfigError, TrackerError

KEY_FILE = "connections.key"


class SealBroken(TrackerError):
    """A stored secret that the present keys do not open: a wrong key, or a row tampered with."""

    code = "seal_broken"

    def __init__(self, owner: str) -> None:
        super().__init__(
            f"The stored secret of {owner} does not open with the encryption key in use.",
            hint="Put back the key that it was sealed with (TRACKER_ENCRYPTION_KEY, or "
            f"{KEY_FILE} from the backup), or connect again.",
        )


class _Sealed(msgspec.Struct):
    owner: str
    values: dict[str, str]


@dataclass(frozen=True, slots=True, repr=False)
class Sealer:
    """Seals and opens. Shows no key when printed."""

    keys: tuple[Fernet, ...]

    def __repr__(self) -> str:
        return f"Sealer({len(self.keys)} keys)"

    def seal(self, owner: str, values: Mapping[str, str]) -> str:
        """The values, readable by nobody without the key; "" for none at all."""
        if not values:
            return ""
        content = msgspec.json.encode(_Sealed(owner, dict(values)))
        return MultiFernet(self.keys).encrypt(content).decode()

    def open(self, owner: str, sealed: str) -> dict[str, str]:
        """What was sealed for that owner; SealBroken when it cannot be had."""
        if not sealed:
            return {}
        try:
            content = MultiFernet(self.keys).decrypt(sealed.encode())
            found = msgspec.json.decode(content, type=_Sealed)
        except (InvalidToken, msgspec.DecodeError) as error:
            raise SealBroken(owner) from error
        if found.owner != owner:
            raise SealBroken(owner)
        return found.values

    def is_newest(self, sealed: str) -> bool:
        """Whether the first key alone opens it."""
        try:
            self.keys[0].decrypt(sealed.encode())
        except InvalidToken:
            return False
        return True


def open_sealer(setting: str, data: Path, in_use: Callable[[], bool]) -> Sealer:
    """The sealer of an installation. ``setting`` is TRACKER_ENCRYPTION_KEY.

    Without it the key file is read, and made once. ConfigError for a key that is none, for a
    file that others may read, and when the file is gone although secrets are ``in_use``: a new
    key would make them look lost.
    """
    if setting:
        return _sealer(setting.split(","), "TRACKER_ENCRYPTION_KEY")
    file = data / KEY_FILE
    if not file.exists():
        if in_use():
            raise ConfigError(
                f"The encryption key {file} is missing, and stored secrets need it.",
                hint="Put it back from the backup, or set TRACKER_ENCRYPTION_KEY.",
            )
        _make(file, [new_key()])
    return _sealer(_read(file), str(file))


def new_key() -> str:
    """A random key."""
    return Fernet.generate_key().decode()


def add_key(data: Path) -> None:
    """Put a new key first in the key file; the old ones still open what they sealed."""
    file = data / KEY_FILE
    beside = file.with_suffix(".new")
    beside.unlink(missing_ok=True)
    _make(beside, [new_key(), *(_read(file) if file.exists() else [])])
    beside.replace(file)


def _make(file: Path, keys: Sequence[str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return  # another process was first: its key counts
    with os.fdopen(handle, "w") as target:
        target.write("".join(f"{key}\n" for key in keys))
        target.flush()
        os.fsync(target.fileno())


def _read(file: Path) -> list[str]:
    try:
        if file.stat().st_mode & 0o077:
            raise ConfigError(
                f"The encryption key {file} can be read by others.",
                hint=f"Run: chmod 600 {file}",
            )
        return file.read_text(encoding="ascii", errors="replace").split()
    except OSError as error:
        raise ConfigError(f"The encryption key {file} cannot be read: {error.strerror}.") from error


def _sealer(keys: Sequence[str], source: str) -> Sealer:
    given = [key.strip() for key in keys if key.strip()]
    try:
        found = tuple(Fernet(key) for key in given)
    except ValueError as error:
        raise ConfigError(
            f"{source} holds something that is no key.",
            hint="A key is 32 random bytes in URL-safe base64: tracker connection new-key "
            "prints one.",
        ) from error
    if not found:
        raise ConfigError(f"{source} holds no key.", hint="tracker connection new-key prints one.")
    return Sealer(found)
