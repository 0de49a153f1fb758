"""One log-in at an SFTP server, by asyncssh. Imported only where it is used (see ``sftp.py``)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh

from tracker.spend.connectors.failures import Cause, Terminal, Transient
from tracker.spend.sources.fetching import LIMIT, SECONDS
from tracker.spend.sources.listing import ENTRIES, Remote, bounded, depth, shown
from tracker.spend.sources.sftp import Login

#: Seconds for the log-in, and for one answer of the server.
SILENCE = 60.0
CHUNK = 1 << 20
_KEY_LINE = re.compile(r"\b((?:ssh|ecdsa|sk)-[\w.@-]+)\s+([A-Za-z0-9+/=]{40,})")
_FINGERPRINT = re.compile(r"(?:SHA256:)?([A-Za-z0-9+/]{43})=?")


@asynccontextmanager
async def session(login: Login, settings: Mapping[str, str]) -> AsyncIterator[Folder]:
    """Logged in, with the host key proved. Raises Transient and Terminal only."""
    pins = host_keys(login.host_keys)
    shown_key: list[asyncssh.SSHKey] = []
    with _told(login, pins, shown_key):
        async with asyncio.timeout(SILENCE):
            connection = await asyncssh.connect(
                login.address,
                login.port,
                username=login.username,
                password=login.password or None,
                client_keys=_client_keys(login),
                client_factory=lambda: _Client(pins, shown_key),
                # Neither the files nor the agent of whoever runs the program have a say.
                known_hosts=([], [], []),
                config=None,
                agent_path=None,
                gss_host=None,
            )
        async with connection:
            async with asyncio.timeout(SILENCE):
                client = await _sftp(connection)
            async with client:
                yield Folder(client, settings.get("folder", "").strip() or ".", depth(settings))


class Folder:
    """A folder of the server; names are bytes, as SFTP has them."""

    settling = 5.0

    def __init__(self, client: asyncssh.SFTPClient, folder: str, levels: int) -> None:
        self._client, self._folder, self._levels = client, folder.encode(), levels

    async def files(self) -> list[Remote]:
        """See ``Place``."""
        found: list[Remote] = []
        async with asyncio.timeout(SECONDS):
            try:
                await self._walk(self._folder, "", self._levels, found)
            except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath) as error:
                raise Terminal(
                    f"The server has no folder {shown(self._folder.decode())!r}.",
                    cause=Cause.SETTING,
                    hint="Write it as an SFTP program shows it after the log-in.",
                ) from error
        return found

    async def download(self, one: Remote, into: Path) -> bool:
        """See ``Place``."""
        assert isinstance(one.path, bytes)
        try:
            async with asyncio.timeout(SECONDS):
                size = await self._copy(one.path, into)
                after = await self._client.stat(one.path)
        except asyncssh.SFTPNoSuchFile:
            return False  # it was taken away meanwhile
        return size == one.size and _version(after) == one.version

    async def _copy(self, path: bytes, into: Path) -> int:
        size = 0
        async with self._client.open(path, "rb", encoding=None) as file:
            with into.open("wb") as out:
                while size <= LIMIT:
                    chunk: Any = await file.read(CHUNK)  # the stubs say text
                    if not chunk:
                        break
                    size += len(chunk)
                    await asyncio.to_thread(out.write, chunk)
        return size

    async def _walk(self, folder: bytes, within: str, levels: int, found: list[Remote]) -> None:
        async for entry in self._client.scandir(folder):
            name = entry.filename
            assert isinstance(name, bytes)
            if name in (b".", b"..") or b"/" in name or b"\0" in name:
                continue
            path, below = folder.rstrip(b"/") + b"/" + name, within + _decoded(name)
            if entry.attrs.type == asyncssh.FILEXFER_TYPE_DIRECTORY:
                if levels > 0 and not name.startswith(b"."):
                    await self._walk(path, below + "/", levels - 1, found)
            elif entry.attrs.size is not None and entry.attrs.type in _FILES:
                found.append(_remote(path, below, entry.attrs))
                if len(found) > ENTRIES:
                    bounded(found)


_FILES = (asyncssh.FILEXFER_TYPE_REGULAR, asyncssh.FILEXFER_TYPE_UNKNOWN)


def _remote(path: bytes, within: str, attrs: asyncssh.SFTPAttrs) -> Remote:
    return Remote(
        path, _decoded(path), within, attrs.size or 0, _version(attrs), float(attrs.mtime or 0)
    )


def _version(attrs: asyncssh.SFTPAttrs) -> str:
    return f"{attrs.size} {attrs.mtime or 0}"


def _decoded(name: bytes) -> str:
    """A name as text: servers in China may write it in GBK."""
    try:
        return name.decode()
    except UnicodeDecodeError:
        return name.decode("gb18030", "replace")


def host_keys(entered: str) -> frozenset[str]:
    """The fingerprints that a person entered, as fingerprints or as public keys."""
    found = set()
    for kind, data in _KEY_LINE.findall(entered):
        try:
            found.add(asyncssh.import_public_key(f"{kind} {data}").get_fingerprint())
        except asyncssh.KeyImportError:
            raise _no_key(data) from None
    for word in re.split(r"[\s,;，；]+", _KEY_LINE.sub(" ", entered)):
        if not word:
            continue
        match = _FINGERPRINT.fullmatch(word)
        if match is None:
            raise _no_key(word)
        found.add(f"SHA256:{match[1]}")
    return frozenset(found)


def _no_key(text: str) -> Terminal:
    return Terminal(
        f"{text[:60]!r} is no fingerprint of a host key.",
        cause=Cause.SETTING,
        hint="Write it as SHA256:… with 43 characters, or paste the public key.",
    )


@dataclass(slots=True)
class _Client(asyncssh.SSHClient):
    """Trusts the keys that were entered, and keeps what the server showed."""

    pins: frozenset[str]
    shown_key: list[asyncssh.SSHKey]

    def validate_host_public_key(
        self,
        host: str,  # noqa: ARG002
        addr: str,  # noqa: ARG002
        port: int,  # noqa: ARG002
        key: asyncssh.SSHKey,
    ) -> bool:
        """Whether it is one of those."""
        self.shown_key[:] = [key]
        return key.get_fingerprint() in self.pins


def _client_keys(login: Login) -> list[asyncssh.SSHKey] | None:
    """The private key; None keeps the library from looking for files of its own."""
    if not login.private_key:
        return None
    try:
        return [asyncssh.import_private_key(login.private_key, login.passphrase or None)]
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
        raise Terminal(
            "The private key cannot be read.",
            cause=Cause.SETTING,
            hint="Paste the whole key with its first and last line, and its passphrase if it has "
            "one.",
        ) from error


async def _sftp(connection: asyncssh.SSHClientConnection) -> asyncssh.SFTPClient:
    try:
        return await connection.start_sftp_client(path_encoding=None)
    except asyncssh.ChannelOpenError as error:
        raise Terminal(
            "The server lets us in, but offers no SFTP to this user.",
            cause=Cause.PERMISSION,
            hint="Ask whoever runs it to allow SFTP for the user.",
        ) from error


@contextmanager
def _told(login: Login, pins: frozenset[str], shown_key: list[asyncssh.SSHKey]) -> Iterator[None]:
    """What goes wrong, as Transient or Terminal."""
    host = login.host
    try:
        yield
    except asyncssh.HostKeyNotVerifiable as error:
        raise _other_key(host, pins, shown_key) from error
    except asyncssh.PermissionDenied as error:
        raise Terminal(
            f"{host} refuses the user name, the password or the key.",
            cause=Cause.AUTHORISATION,
            hint="Check them with whoever runs the server.",
        ) from error
    except (asyncssh.KeyExchangeFailed, asyncssh.ProtocolError) as error:
        raise Terminal(
            f"{host} does not speak SSH in a way that is safe today.",
            cause=Cause.SETTING,
            hint="Check server and port; a very old server has to be updated.",
        ) from error
    except asyncssh.SFTPPermissionDenied as error:
        raise Terminal(
            f"{host} does not let this user read the folder or its files.",
            cause=Cause.PERMISSION,
            hint="Ask whoever runs it for the right to read.",
        ) from error
    except (asyncssh.Error, OSError, TimeoutError) as error:
        raise Transient(f"{host} does not answer ({type(error).__name__}).") from error


def _other_key(host: str, pins: frozenset[str], shown_key: list[asyncssh.SSHKey]) -> Terminal:
    key = shown_key[0] if shown_key else None
    told = f"{key.get_algorithm()} {key.get_fingerprint()}" if key else "none"
    if not pins:
        return Terminal(
            f"The host key of {host} is not entered yet; the server shows {told}.",
            cause=Cause.SETTING,
            hint="Ask whoever runs the server whether this is its key, then enter the part from "
            "SHA256 on as host key.",
        )
    return Terminal(
        f"{host} shows another host key than the one entered: {told}.",
        cause=Cause.SETTING,
        hint="Nothing was sent to it. The server was renewed, or somebody stands between: ask "
        "whoever runs it before you enter the new key.",
    )
