"""Spend files that wait for a decision: accepted or discarded by the page Imports or the API."""

from __future__ import annotations

from functools import partial

import msgspec
from anyio import to_thread
from starlette.responses import RedirectResponse, Response

from tracker.accounts.held_files import HeldFile, held_files
from tracker.errors import InvalidInput
from tracker.spend.holding import accept, discard, held_fields
from tracker.web.api import json_answer
from tracker.web.call import Call
from tracker.web.json_bodies import decode, read_json
from tracker.web.pages_connections import workshop
from tracker.web.pages_imports import refused


class Acceptance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file that is imported; ``partial`` leaves campaigns that it does not have."""

    id: str
    partial: bool = False


class Discarded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file that is thrown away."""

    id: str


async def decide(call: Call) -> Response:
    """Accept (whole, or for the campaigns in it) or discard, as the button says."""
    wish, held = call.form.get("decision", ""), call.form.get("id", "")
    try:
        if wish not in ("accept", "partial", "discard"):
            raise InvalidInput("Choose what to do with the file.")
        await to_thread.run_sync(_decide, call, held, wish)
    except InvalidInput as error:
        return refused(call, error)
    done = "discarded" if wish == "discard" else "accepted"
    return RedirectResponse(f"/sites/{call.site.key}/imports?done={done}", status_code=303)


async def api_held(call: Call) -> Response:
    """``{"held": […]}``, newest first: the file, why it waits, and the id to decide with."""
    found = await to_thread.run_sync(partial(held_files, call.parts.db, call.site.key))
    return json_answer({"held": [held_fields(one) for one in found]})


async def api_accept(call: Call) -> Response:
    """Import a file that waits: the report of the import."""
    wish = decode(await read_json(call), Acceptance)
    deps = workshop(call).spend
    work = partial(accept, deps, call.site, wish.id, partial=wish.partial)
    return json_answer(await to_thread.run_sync(work))


async def api_discard(call: Call) -> Response:
    """Throw a file that waits away: what it was."""
    wish = decode(await read_json(call), Discarded)
    gone = await to_thread.run_sync(discard, workshop(call).spend, call.site, wish.id)
    return json_answer(held_fields(gone))


def _decide(call: Call, held: str, wish: str) -> HeldFile | None:
    deps = workshop(call).spend
    if wish == "discard":
        return discard(deps, call.site, held)
    accept(deps, call.site, held, partial=wish == "partial")
    return None
