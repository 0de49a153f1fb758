"""Scripts that an ad account runs to send its spend: to copy, with this site's address in them."""

from __future__ import annotations

from functools import partial

from anyio import to_thread
from starlette.responses import Response

from tracker.accounts.rights import Right
from tracker.accounts.tokens import add_token
from tracker.spend.scripts import SCRIPTS, script_for
from tracker.web.call import Call
from tracker.web.i18n import msgid
from tracker.web.vocabulary import platform_name

#: What stands in the token's place until one is made.
NO_TOKEN = "trk_…"
_PLACES = {
    "google": msgid("Google Ads › Tools › Bulk actions › Scripts: new script, frequency daily."),
    "microsoft": msgid("Microsoft Advertising › Tools › Scripts: new script, frequency daily."),
}


async def show_scripts(call: Call) -> Response:
    """The scripts, with a place for the token."""
    return await to_thread.run_sync(partial(_page, call, NO_TOKEN))


async def make_token(call: Call) -> Response:
    """Make a token that may send spend only, and show the scripts with it, this once."""
    make = partial(
        add_token,
        call.parts.db,
        tenant=call.site.tenant,
        site=call.site.key,
        scope=Right.SPEND,
        name=call.text(msgid("Script of an ad account")),
        now=call.parts.clock(),
    )
    _, secret = await to_thread.run_sync(make)
    return await to_thread.run_sync(partial(_page, call, secret))


def _page(call: Call, token: str) -> Response:
    endpoint = call.public_url() + f"/api/v1/sites/{call.site.key}/spend"
    scripts = [
        (
            platform,
            platform_name(call.language, platform),
            call.text(_PLACES[platform]),
            script_for(platform, endpoint, token),
        )
        for platform in SCRIPTS
    ]
    return call.pages.render(
        call, "scripts.html", scripts=scripts, endpoint=endpoint, made=token != NO_TOKEN
    )
