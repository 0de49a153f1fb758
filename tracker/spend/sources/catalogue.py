"""The sources that can be connected besides ad platforms."""

from __future__ import annotations

from tracker.spend.connections.kinds import Kind
from tracker.spend.sources import mailbox, object_storage, sftp, web_address


def source_kinds() -> dict[str, Kind]:
    """A kind for every source, by name."""
    every = (web_address.kind(), mailbox.kind(), sftp.kind(), object_storage.kind())
    return {one.name: one for one in every}
