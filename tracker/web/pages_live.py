"""Who is on the site now: the page, and the list that it asks for every two seconds."""

from __future__ import annotations

from anyio import to_thread
from starlette.responses import Response

from tracker.web.call import Call


async def show_live(call: Call) -> Response:
    """The page with the visitors of this moment; ``paused=1`` does not ask again."""
    visitors = await to_thread.run_sync(call.parts.actions.live_visitors, call.site)
    paused = call.request.query_params.get("paused") == "1"
    return call.pages.render(
        call, "live.html", visitors=visitors, paused=paused, now=call.parts.clock()
    )


async def live_list(call: Call) -> Response:
    """The list alone."""
    visitors = await to_thread.run_sync(call.parts.actions.live_visitors, call.site)
    return call.pages.render(call, "live_list.html", visitors=visitors, now=call.parts.clock())
