"""The sales pipeline by the API: its stages, its webhooks, and one lead."""

from __future__ import annotations

from typing import Any

import msgspec
from anyio import to_thread
from starlette.responses import Response

from tracker.accounts.pipeline import Role, Stage, pipeline_fields, pipeline_of, set_stages
from tracker.accounts.webhooks import Webhook, add_webhook, list_webhooks, remove_webhook
from tracker.conversions.deliveries import check_fields, signing_key
from tracker.errors import InvalidInput, NotFound
from tracker.reports.leads import lead_steps, list_leads
from tracker.web.api import json_answer
from tracker.web.call import Call
from tracker.web.json_bodies import decode, read_json


class StageFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A stage; see ``tracker.accounts.pipeline.Stage``."""

    key: str
    role: Role
    name: str = ""
    aliases: tuple[str, ...] = ()


class Stages(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All stages in their order; none for the usual ones. ``site`` may be said, and is ignored, so
    that what was read can be sent back."""

    stages: tuple[StageFields, ...]
    site: str = ""


class WebhookFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new webhook: ``fields`` says where in what is sent each field stands."""

    name: str
    fields: dict[str, str] = {}
    signed: bool = False


class WebhookName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The webhook that is meant."""

    webhook: str


async def stages(call: Call) -> Response:
    """``{"site": …, "stages": […]}``, in order."""
    found = await to_thread.run_sync(pipeline_of, call.parts.db, call.site.key)
    return json_answer(pipeline_fields(call.site.key, found))


async def change_stages(call: Call) -> Response:
    """Replace the stages; what is past is computed again."""
    wish = decode(await read_json(call), Stages)
    return json_answer(await to_thread.run_sync(_change, call, wish))


async def webhooks(call: Call) -> Response:
    """``{"webhooks": […]}``, oldest first, without their addresses."""
    found = await to_thread.run_sync(list_webhooks, call.parts.db, call.site.key)
    return json_answer({"webhooks": [_webhook(call, one) for one in found]})


async def add_hook(call: Call) -> Response:
    """A webhook with its ``address``, which is told this once, with status 201."""
    wish = decode(await read_json(call), WebhookFields)
    return json_answer(await to_thread.run_sync(_add_hook, call, wish), status=201)


async def drop_hook(call: Call) -> Response:
    """Let the address of a webhook answer no more."""
    wish = decode(await read_json(call), WebhookName)
    await to_thread.run_sync(remove_webhook, call.parts.db, call.site.key, wish.webhook)
    return json_answer(wish)


async def lead(call: Call) -> Response:
    """The lead that ``lead`` names, with its ``steps``."""
    return json_answer(await to_thread.run_sync(_lead, call))


def _change(call: Call, wish: Stages) -> dict[str, Any]:
    parts, site = call.parts, call.site
    found = set_stages(
        parts.db,
        site.key,
        [Stage(one.key, one.role, one.name, one.aliases) for one in wish.stages],
    )
    # Which stages are orders decides paths, so conversions are computed again.
    parts.actions.goals_changed(site)
    return pipeline_fields(site.key, found)


def _add_hook(call: Call, wish: WebhookFields) -> dict[str, Any]:
    hook, secret = add_webhook(
        call.parts.db,
        site=call.site.key,
        name=wish.name,
        fields=check_fields(wish.fields),
        signed=wish.signed,
        now=call.parts.clock(),
    )
    return _webhook(call, hook) | {"address": f"{call.public_url()}/hooks/{secret}"}


def _webhook(call: Call, hook: Webhook) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(hook)
    del fields["site"]
    key = signing_key(call.parts.settings.secret_key, hook.id) if hook.signed else None
    return fields | {"signing_key": key}


def _lead(call: Call) -> dict[str, Any]:
    wanted = call.request.query_params.get("lead", "")
    if not wanted:
        raise InvalidInput("The parameter 'lead' is missing.", hint="Give the id of a lead.")
    parts, site = call.parts, call.site
    found = list_leads(
        parts.warehouse, parts.db, site, clock=parts.clock, keys=[wanted], limit=1
    ).leads
    if not found:
        raise NotFound(f"No lead {wanted!r}.", hint="Look at the list of leads.")
    fields: dict[str, Any] = msgspec.to_builtins(found[0])
    return fields | {
        "steps": msgspec.to_builtins(lead_steps(parts.warehouse, parts.db, site, wanted))
    }
