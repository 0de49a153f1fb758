"""A folder in S3-compatible storage: Amazon S3, Alibaba OSS, Tencent COS, Cloudflare R2, MinIO …

Needs a key that may list the bucket and read its objects; nothing is written or removed there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from tracker.accounts.connections import Timetable
from tracker.spend.connections.kinds import Field, Kind, Outcome, Task
from tracker.spend.connectors.contract import AccountRef
from tracker.spend.connectors.failures import Cause, Terminal
from tracker.spend.sources.arrivals import arrivals
from tracker.spend.sources.listing import WHERE, private_allowed, take_new

NAME = "s3"
ENDPOINT = "s3.amazonaws.com"
REGION = "us-east-1"
#: Endpoints that take the bucket as part of the host only.
VIRTUAL = (".myqcloud.com", ".myhuaweicloud.com", ".aliyuncs.com")
_REGION = re.compile(r"(?:^|\.)(?:s3[.-]|oss-|cos\.|obs\.)([a-z]{2}-[a-z0-9-]+)\.")


@dataclass(frozen=True, slots=True)
class Storage:
    """What is asked for what. ``endpoint`` is host and port; ``prefix`` is "" or ends with ``/``.
    ``private`` allows our own network, ``ca_file`` certificates of one's own."""

    endpoint: str
    secure: bool
    region: str
    bucket: str
    prefix: str
    access_key: str
    secret_key: str
    virtual: bool = False
    private: bool = False
    ca_file: str = ""


async def run(task: Task) -> Outcome:
    """Import the new files of the folder."""
    # Loaded only where somebody has such a connection.
    from tracker.spend.sources.bucket import Bucket

    with arrivals(task) as taken:
        bucket = Bucket(await _storage(task), task.connection.settings)
        await take_new(taken, bucket, task.wire.sleep)
        return taken.done()


async def test(task: Task) -> Sequence[AccountRef]:
    """List the folder; read nothing."""
    from tracker.spend.sources.bucket import Bucket

    await Bucket(await _storage(task), task.connection.settings).files()
    return ()


def kind() -> Kind:
    """The row of the catalogue."""
    fields = (
        Field("endpoint", required=False),
        Field("region", required=False),
        Field("bucket"),
        Field("access_key"),
        Field("secret_key", secret=True),
    )
    return Kind(
        NAME, "S3-compatible storage", (*fields, *WHERE), run, test, Timetable(every_minutes=60)
    )


async def _storage(task: Task) -> Storage:
    grant, settings = await task.credentials.get(), task.connection.settings
    private = private_allowed(task)
    endpoint, secure = _endpoint(settings.get("endpoint", "").strip(), private=private)
    region = _REGION.search(endpoint)
    folder = settings.get("folder", "").strip().strip("/")
    return Storage(
        endpoint,
        secure,
        settings.get("region", "").strip() or (region[1] if region else REGION),
        settings.get("bucket", "").strip(),
        f"{folder}/" if folder else "",
        settings.get("access_key", "").strip(),
        grant.need("secret_key", "the storage"),
        endpoint.partition(":")[0].endswith(VIRTUAL),
        private,
        str(task.deployment.get("ca_file", "")),
    )


def _endpoint(text: str, *, private: bool) -> tuple[str, bool]:
    """Host and port, and whether it is https; http only where our own network is allowed."""
    try:
        parts = urlsplit(text if "://" in text else f"https://{text or ENDPOINT}")
        plain = parts.scheme == "http" and private
        good = (parts.scheme == "https" or plain) and parts.hostname and not parts.username
        if good and parts.path in ("", "/") and not parts.query:
            port = f":{parts.port}" if parts.port else ""
            return f"{parts.hostname}{port}", not plain
    except ValueError:
        pass
    raise Terminal(
        f"{text[:100]!r} is no address of a storage.",
        cause=Cause.SETTING,
        hint="Write it as https://host, without the bucket.",
    )
