"""Ad accounts: the grid of accounts and sites, campaign by campaign, and the rules of cost."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from urllib.parse import urlencode

from anyio import to_thread
from starlette.responses import RedirectResponse, Response

from tracker.errors import InvalidInput
from tracker.reconcile.account_view import RuleView
from tracker.spend.invalid_clicks import InvalidReport
from tracker.web.account_care import (
    add,
    campaigns_seen,
    invalid_seen,
    list_seen,
    place,
    remove,
    sites_seen,
    take_invalid,
)
from tracker.web.call import Call
from tracker.web.i18n import msgid
from tracker.web.messages import translated
from tracker.web.pages_imports import keep_upload
from tracker.web.vocabulary import platform_name

RULES = {
    "recharge": msgid("Recharge with rebate"),
    "fee": msgid("Fee, % of the cost"),
    "vat": msgid("Tax, % on top"),
    "monthly": msgid("Fee a month"),
}
_EMPTY = {"kind": "recharge", "first": "", "last": "", "value": "", "credit": "", "note": ""}


async def show_accounts(call: Call) -> Response:
    """The grid; ``platform`` and ``account`` open one of them."""
    return await to_thread.run_sync(partial(_page, call, _EMPTY))


async def move(call: Call) -> Response:
    """Let an account, or a campaign, belong to another site."""
    return await _done(call, place)


async def add_one(call: Call) -> Response:
    """Add a rule of the account's cost."""
    return await _done(call, add)


async def remove_one(call: Call) -> Response:
    """Remove a rule of the account's cost."""
    return await _done(call, remove)


async def take_report(call: Call) -> Response:
    """Import a report of invalid clicks for an account, and say what it holds."""
    return await to_thread.run_sync(_take, call)


def _take(call: Call) -> Response:
    try:
        upload = keep_upload(call)
        try:
            taken = take_invalid(call, upload, call.form)
        finally:
            upload.path.unlink(missing_ok=True)
    except InvalidInput as error:
        problem = " ".join(translated(call.language, error)).strip()
        return _page(call, _EMPTY, problem=problem, status=400)
    return _page(call, _EMPTY, taken=taken)


async def _done(call: Call, change: Callable[[Call, dict[str, str]], object]) -> Response:
    form = dict(call.form)
    try:
        await to_thread.run_sync(change, call, form)
    except InvalidInput as error:
        problem = " ".join(translated(call.language, error)).strip()
        render = partial(_page, call, _EMPTY | form, problem=problem, status=400)
        return await to_thread.run_sync(render)
    opened = form.get("opened") == "1"
    where = {name: form.get(name, "") for name in ("platform", "account")} if opened else {}
    query = f"?{urlencode(where)}" if where else ""
    return RedirectResponse(f"/sites/{call.site.key}/accounts{query}", status_code=303)


def _page(
    call: Call,
    form: dict[str, str],
    *,
    problem: str = "",
    status: int = 200,
    taken: InvalidReport | None = None,
) -> Response:
    asked = call.form if call.form else call.request.query_params
    wanted = (asked.get("platform", ""), asked.get("account", ""))
    accounts = list_seen(call)
    invalid = invalid_seen(call)
    opened = next((one for one in accounts if (one.platform, one.account) == wanted), None)
    return call.pages.render(
        call,
        "accounts.html",
        status=status,
        accounts=[
            (
                platform_name(call.language, one.platform),
                one,
                urlencode({"platform": one.platform, "account": one.account}),
                invalid.get((one.platform, one.account)),
            )
            for one in accounts
        ],
        sites=[(site.key, site.name) for site in sites_seen(call)],
        names={site.key: site.name for site in sites_seen(call)},
        opened=opened,
        opened_platform=platform_name(call.language, opened.platform) if opened else "",
        campaigns=campaigns_seen(call, opened) if opened else [],
        rules=[(call.text(RULES[rule.kind]), rule, _value(call, rule)) for rule in opened.rules]
        if opened
        else [],
        kinds=[(kind, call.text(title)) for kind, title in RULES.items()],
        form=form,
        problem=problem,
        taken=taken,
    )


def _value(call: Call, rule: RuleView) -> str:
    number = call.formats.credit
    if rule.kind == "recharge":
        return f"{number(rule.value)} / {number(rule.credit)}"
    return f"{number(rule.value)} {rule.currency}" if rule.currency else f"{number(rule.value)}%"
