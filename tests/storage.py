"""Places that list files, on loopback: an SFTP server (asyncssh's own) and an S3 storage that
checks signatures as the specification has them, by other code than the client's."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote
from xml.sax.saxutils import escape

import asyncssh
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

LISTING = "<ListBucketResult><Name>reports</Name>{}</ListBucketResult>"
ITEM = (
    "<Contents><Key>{}</Key><LastModified>2026-09-{:02}T00:00:00.000Z</LastModified>"
    "<ETag>&quot;{}&quot;</ETag><Size>{}</Size></Contents>"
)
#: Keys in one page of a listing.
PAGE = 2


@dataclass
class Storage:
    """One bucket, ``reports``, as an ASGI app. ``faults`` are statuses that come first."""

    objects: dict[str, bytes] = field(default_factory=dict)
    days: dict[str, int] = field(default_factory=dict)
    faults: list[int] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    secret: str = "storage-secret"
    region: str = "cn-test"
    endless: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that is signed well."""
        await self._answer(Request(scope, receive))(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        if self.faults:
            status = self.faults.pop(0)
            headers = {"location": "http://127.0.0.1:1/"} if status == 302 else {}
            return Response(b"<html>", status, headers, "text/html")
        if not self._signed(request):
            return refusal("SignatureDoesNotMatch", 403)
        bucket, _, key = unquote(request.scope["raw_path"].decode()).lstrip("/").partition("/")
        if bucket != "reports":
            return refusal("NoSuchBucket", 404)
        if not key:
            return self._list(request)
        if key not in self.objects:
            return refusal("NoSuchKey", 404)
        self.opened.append(key)
        return Response(self.objects[key], headers={"etag": f'"{digest(self.objects[key])}"'})

    def _list(self, request: Request) -> Response:
        query = request.query_params
        prefix, after = query.get("prefix", ""), query.get("continuation-token", "")
        flat = query.get("delimiter") == "/"
        found = [key for key in sorted(self.objects) if key.startswith(prefix) and key > after]
        if flat:
            found = [key for key in found if "/" not in key[len(prefix) :]]
        page = found[:PAGE]
        text = "".join(
            ITEM.format(escape(quote(key)), self.days.get(key, 1), digest(self.objects[key]),
                        len(self.objects[key])) for key in page
        )  # fmt: skip
        more = len(found) > PAGE or self.endless
        token = f"<NextContinuationToken>{page[-1] if page else after}</NextContinuationToken>"
        text += f"<IsTruncated>{str(more).lower()}</IsTruncated>{token if more else ''}"
        text += "<EncodingType>url</EncodingType>"
        return Response(LISTING.format(text), media_type="application/xml")

    def _signed(self, request: Request) -> bool:
        """AWS Signature Version 4, computed from what was received."""
        given = request.headers.get("authorization", "")
        if not given.startswith("AWS4-HMAC-SHA256 "):
            return False
        parts = dict(one.strip().split("=", 1) for one in given[17:].split(","))
        key_id, day, region, service, _ = parts["Credential"].split("/")
        names = parts["SignedHeaders"].split(";")
        if (key_id, region, service) != ("key-id", self.region, "s3") or "host" not in names:
            return False
        pairs = sorted(
            (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
            for name, value in request.query_params.multi_items()
        )
        canonical = "\n".join([
            request.method,
            request.scope["raw_path"].decode(),
            "&".join(f"{name}={value}" for name, value in pairs),
            *(f"{name}:{request.headers[name].strip()}" for name in names),
            "",
            parts["SignedHeaders"],
            request.headers["x-amz-content-sha256"],
        ])  # fmt: skip
        key = f"AWS4{self.secret}".encode()
        for part in (day, region, service, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        text = "\n".join([
            "AWS4-HMAC-SHA256",
            request.headers["x-amz-date"],
            f"{day}/{region}/{service}/aws4_request",
            hashlib.sha256(canonical.encode()).hexdigest(),
        ])  # fmt: skip
        return hmac.new(key, text.encode(), "sha256").hexdigest() == parts["Signature"]


def refusal(code: str, status: int) -> Response:
    """An error in the storage's own shape."""
    text = f"<Error><Code>{code}</Code><Message>No.</Message></Error>"
    return Response(text, status, media_type="application/xml")


def digest(content: bytes) -> str:
    """An ETag."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


class _Door(asyncssh.SSHServer):
    """Lets ``ann`` in with a password, and a list of keys."""

    def __init__(self, keys: Sequence[asyncssh.SSHKey]) -> None:
        self._keys = [key.get_fingerprint() for key in keys]

    def begin_auth(self, _: str) -> bool:
        """Everybody has to prove something."""
        return True

    def password_auth_supported(self) -> bool:
        """They do."""
        return True

    def validate_password(self, username: str, password: str) -> bool:
        """One user, one password."""
        return (username, password) == ("ann", "right")

    def public_key_auth_supported(self) -> bool:
        """They do."""
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """One of those."""
        return username == "ann" and key.get_fingerprint() in self._keys


@dataclass
class Sftp:
    """A server that is running; ``root`` is what users see as /."""

    port: int
    root: Path
    host_key: str
    opened: list[str]


@contextmanager
def sftp(root: Path, *keys: asyncssh.SSHKey) -> Iterator[Sftp]:
    """A server on loopback, in a thread and an event loop of its own."""
    host_key = asyncssh.generate_private_key("ssh-ed25519")
    opened: list[str] = []
    loop, started, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    ports: list[int] = []

    class Files(asyncssh.SFTPServer):
        def __init__(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
            super().__init__(chan, chroot=str(root).encode())

        def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
            opened.append(path.decode("utf-8", "replace"))
            return super().open(path, pflags, attrs)

    async def serve() -> None:
        server = await asyncssh.listen(
            "127.0.0.1", 0, server_factory=lambda: _Door(keys), server_host_keys=[host_key],
            sftp_factory=Files, config=None,
        )  # fmt: skip
        ports.append(server.get_port())
        started.set()
        await stop.wait()
        server.close()
        await server.wait_closed()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert started.wait(30)
    try:
        yield Sftp(ports[0], root, host_key.get_fingerprint(), opened)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(30)
        loop.close()
