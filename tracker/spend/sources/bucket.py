"""A bucket, by the minio client. Imported only where it is used (see ``object_storage.py``).

The client builds and signs requests; connections are made here, only to addresses that were
checked, without following redirects, and with answers bounded in size.
"""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree.ElementTree import ParseError

import certifi
import urllib3
from minio import Minio
from minio.error import MinioException, S3Error
from minio.helpers import check_bucket_name
from urllib3.exceptions import HTTPError, SSLError

from tracker.errors import TrackerError
from tracker.spend.connectors.failures import Cause, Terminal, Transient
from tracker.spend.sources.addresses import reachable_now
from tracker.spend.sources.fetching import LIMIT, SECONDS
from tracker.spend.sources.listing import ENTRIES, Remote, bounded, depth, shown
from tracker.spend.sources.object_storage import Storage

#: Bytes of an answer that is no file, and requests of one listing.
ANSWER = 8 << 20
REQUESTS = 500
CHUNK = 1 << 20
_SILENCE = urllib3.Timeout(connect=30.0, read=60.0)
#: What storages answer that a person has to put right, and in what.
_KEYS = frozenset({"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"})
_REGIONS = frozenset(
    {"AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect", "Redirect"}
)
_PASSING = frozenset({"SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout"})


class Bucket:
    """A folder of a bucket. Objects appear whole, so nothing has to settle."""

    settling = 0.0

    def __init__(self, storage: Storage, settings: Mapping[str, str]) -> None:
        self._storage, self._levels = storage, depth(settings)
        try:
            check_bucket_name(storage.bucket)
            self._client = Minio(
                storage.endpoint,
                access_key=storage.access_key,
                secret_key=storage.secret_key,
                secure=storage.secure,
                region=storage.region,
                http_client=_Pool(storage),
            )
        except ValueError as error:
            raise Terminal(
                f"{storage.bucket[:100]!r} is no name of a bucket.",
                cause=Cause.SETTING,
                hint="Write bucket and address as the storage's own pages show them.",
            ) from error
        if storage.virtual:
            self._client.enable_virtual_style_endpoint()  # type: ignore[no-untyped-call]

    async def files(self) -> list[Remote]:
        """See ``Place``."""
        return await asyncio.to_thread(self._files)

    async def download(self, one: Remote, into: Path) -> bool:
        """See ``Place``."""
        return await asyncio.to_thread(self._download, one, into)

    def _files(self) -> list[Remote]:
        storage, found = self._storage, []
        with _told(storage):
            for one in self._client.list_objects(
                storage.bucket, prefix=storage.prefix or None, recursive=self._levels > 0
            ):
                name = one.object_name or ""
                if one.is_dir or not name.startswith(storage.prefix) or name.endswith("/"):
                    continue
                changed = one.last_modified.timestamp() if one.last_modified else 0.0
                version = f"{one.size or 0} {_etag(one.etag) or changed}"
                within = name[len(storage.prefix) :]
                found.append(Remote(name, name, within, one.size or 0, version, changed))
                if len(found) > ENTRIES:
                    bounded(found)
        return found

    def _download(self, one: Remote, into: Path) -> bool:
        assert isinstance(one.path, str)
        size, until = 0, time.monotonic() + SECONDS
        with _told(self._storage):
            try:
                answer = self._client.get_object(self._storage.bucket, one.path)
            except S3Error as error:
                if error.code == "NoSuchKey":
                    return False  # it was taken away meanwhile
                raise
            try:
                with into.open("wb") as out:
                    for chunk in answer.stream(CHUNK):
                        size += len(chunk)
                        if size > LIMIT or time.monotonic() > until:
                            raise Transient("The storage takes too long to send a file.")
                        out.write(chunk)
            finally:
                answer.close()
            etag = _etag(answer.headers.get("etag"))
        return size == one.size and (not etag or one.version == f"{size} {etag}")


def _etag(text: str | None) -> str:
    return (text or "").removeprefix("W/").strip('"').lower()


class _Pool(urllib3.PoolManager):
    """Connects to addresses that were checked, and proves the host that was named."""

    def __init__(self, storage: Storage) -> None:
        super().__init__(timeout=_SILENCE, ca_certs=storage.ca_file or certifi.where())
        self._private, self._left = storage.private, REQUESTS

    def urlopen(  # type: ignore[override]
        self, method: str, url: str, **options: Any
    ) -> urllib3.BaseHTTPResponse:
        """One request, as the client asks for it."""
        self._left -= 1
        if self._left < 0:
            raise Transient("The storage's list of files has no end.")
        place = urlsplit(url)
        host, secure = place.hostname or "", place.scheme == "https"
        port = place.port or (443 if secure else 80)
        address = reachable_now(host, port, private=self._private)
        proof = {"server_hostname": host, "assert_hostname": host} if secure else {}
        pool = self.connection_from_host(address, port, place.scheme, pool_kwargs=proof)
        whole = options.pop("preload_content", True)
        options["redirect"] = False
        answer = pool.urlopen(
            method,
            f"{place.path}?{place.query}" if place.query else place.path,
            preload_content=False,
            retries=False,
            assert_same_host=False,
            **options,
        )
        if answer.status in (408, 425, 429) or answer.status >= 500:
            answer.close()
            raise Transient(f"The storage answered with status {answer.status}.")
        return _read(answer) if whole or answer.status not in (200, 206) else answer


def _read(answer: urllib3.BaseHTTPResponse) -> urllib3.HTTPResponse:
    """The answer with its body in memory, if that is small enough."""
    content = answer.read(ANSWER + 1, decode_content=True)
    answer.close()
    if len(content) > ANSWER:
        raise Transient(f"The storage sent an answer of more than {ANSWER >> 20} MiB.")
    headers = {
        name: value
        for name, value in answer.headers.items()
        if name.lower() not in ("content-length", "content-encoding", "transfer-encoding")
    }
    return urllib3.HTTPResponse(io.BytesIO(content), headers, answer.status, preload_content=True)


@contextmanager
def _told(storage: Storage) -> Iterator[None]:
    """What goes wrong, as Transient or Terminal. Nothing of what the storage says is passed on
    but its code: it may repeat what was sent."""
    try:
        yield
    except TrackerError:
        raise
    except S3Error as error:
        raise _refused(storage, error) from error
    except SSLError as error:
        raise Terminal(
            f"The certificate of {storage.endpoint} is not valid.",
            cause=Cause.SETTING,
            hint="Check the address of the storage.",
        ) from error
    except (HTTPError, OSError) as error:
        raise Transient(f"The storage does not answer ({type(error).__name__}).") from error
    except (MinioException, ParseError, ValueError) as error:
        raise Terminal(
            f"{storage.endpoint} does not answer as S3-compatible storage does.",
            cause=Cause.SETTING,
            hint="Check the address of the storage.",
        ) from error


def _refused(storage: Storage, error: S3Error) -> Terminal | Transient:
    code = shown(error.code or "")[:60]
    if code in _PASSING:
        return Transient(f"The storage asks to come back later ({code}).")
    if code in _KEYS:
        return Terminal(
            f"The storage refuses the access key ({code}).",
            cause=Cause.AUTHORISATION,
            hint="Enter access key and secret key again, or make new ones.",
        )
    if code in _REGIONS:
        return Terminal(
            f"The bucket is not in the region {storage.region!r} ({code}).",
            cause=Cause.SETTING,
            hint="Enter the region of the bucket and the address of the storage there.",
        )
    if code == "NoSuchBucket":
        return Terminal(
            f"The storage has no bucket {storage.bucket!r}.",
            cause=Cause.SETTING,
            hint="Check its name, region and the address of the storage.",
        )
    if code == "AccessDenied":
        return Terminal(
            f"The key may not list or read {storage.bucket!r}.",
            cause=Cause.PERMISSION,
            hint="Allow it s3:ListBucket for the bucket and s3:GetObject for the folder.",
        )
    return Terminal(
        f"The storage does not do what it was asked for ({code}).",
        cause=Cause.REQUEST,
        hint="Its documents say what the code means.",
    )
