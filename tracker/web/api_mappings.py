"""Remembered column mappings of spend files, by the API. They hold for the whole company, as those
that an import has used do."""

from __future__ import annotations

from functools import partial

import msgspec
from anyio import to_thread
from starlette.responses import Response

from tracker.spend.remembered import define, forget, remembered
from tracker.web.api import json_answer
from tracker.web.call import Call
from tracker.web.json_bodies import decode, read_json

#: Columns of a header.
TITLES = 1000


class Layout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``header``: the column names of the files, in their order; ``columns``: field → column."""

    header: list[str]
    columns: dict[str, str]
    platform: str = ""
    currency: str = ""


class MappingId(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The mapping that is meant."""

    id: str


async def mappings(call: Call) -> Response:
    """``{"mappings": [{"id", "columns", "platform", "currency", "used_at"}]}``, newest first."""
    found = await to_thread.run_sync(remembered, call.parts.db, call.site.tenant)
    return json_answer({"mappings": found})


async def define_mapping(call: Call) -> Response:
    """Remember columns for files with a header: ``{"id": …}``."""
    wish = decode(await read_json(call), Layout)
    work = partial(
        define, call.parts.db, call.site.tenant, wish.header[:TITLES], wish.columns,
        wish.platform, wish.currency,
    )  # fmt: skip
    return json_answer({"id": await to_thread.run_sync(work)})


async def drop_mapping(call: Call) -> Response:
    """Forget one."""
    wish = decode(await read_json(call), MappingId)
    await to_thread.run_sync(forget, call.parts.db, call.site.tenant, wish.id)
    return json_answer({"removed": wish.id})
