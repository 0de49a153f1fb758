"""Ad accounts by the API: the list with sites and rules, moves, and changes of rules."""

from __future__ import annotations

import msgspec
from anyio import to_thread
from starlette.responses import Response

from tracker.reconcile.account_view import AccountView, CampaignView, rule_view
from tracker.web.account_care import (
    add,
    campaigns_seen,
    invalid_seen,
    list_seen,
    place,
    remove,
    take_invalid,
)
from tracker.web.api import json_answer
from tracker.web.call import Call
from tracker.web.json_bodies import decode, read_json
from tracker.web.pages_imports import keep_upload


class Placement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where an account, or a campaign of it, goes; ``site`` "" is none, or the account's own."""

    platform: str
    account: str
    site: str
    campaign: str = ""


class RuleFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule as ``rule_draft`` reads it: days YYYY-MM-DD, amounts as decimal text."""

    platform: str
    account: str
    kind: str
    first: str = msgspec.field(name="from")
    value: str
    last: str = msgspec.field(name="to", default="")
    credit: str = ""
    currency: str = ""
    note: str = ""


class RuleName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rule that is meant."""

    platform: str
    account: str
    rule: str


async def accounts(call: Call) -> Response:
    """``{"accounts": […]}``: those that the caller may see, each with its campaigns, and with the
    clicks that the platform took back as invalid over the last 30 days."""
    found = await to_thread.run_sync(_accounts, call)
    invalid = await to_thread.run_sync(invalid_seen, call)
    return json_answer(
        {
            "accounts": [
                msgspec.to_builtins(one)
                | {"campaigns": campaigns, "invalid": invalid.get((one.platform, one.account))}
                for one, campaigns in found
            ]
        }
    )


async def move(call: Call) -> Response:
    """Let an account or a campaign belong to another site."""
    wish = decode(await read_json(call), Placement)
    await to_thread.run_sync(place, call, msgspec.structs.asdict(wish))
    return json_answer(wish)


async def import_invalid(call: Call) -> Response:
    """A report of invalid clicks as the field ``file``, with ``platform`` and ``account``."""
    return json_answer(await to_thread.run_sync(_import_invalid, call))


async def add_rule(call: Call) -> Response:
    """Add a rule of an account's cost: the rule, with status 201."""
    wish = decode(await read_json(call), RuleFields)
    rule = await to_thread.run_sync(add, call, msgspec.structs.asdict(wish))
    return json_answer(rule_view(rule), status=201)


async def drop_rule(call: Call) -> Response:
    """Remove a rule: what it was."""
    wish = decode(await read_json(call), RuleName)
    rule = await to_thread.run_sync(remove, call, msgspec.structs.asdict(wish))
    return json_answer(rule_view(rule))


def _accounts(call: Call) -> list[tuple[AccountView, list[CampaignView]]]:
    return [(one, campaigns_seen(call, one)) for one in list_seen(call)]


def _import_invalid(call: Call) -> object:
    upload = keep_upload(call)
    try:
        dry_run = call.form.get("dry_run", "") in ("1", "true")
        return take_invalid(call, upload, call.form, dry_run=dry_run)
    finally:
        upload.path.unlink(missing_ok=True)
