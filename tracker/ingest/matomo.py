"""The parameters of the Matomo Tracking HTTP API, in the words of the beacon's wire format.

One request is one event, of the first of these kinds that its parameters name:

==================  ==========================  ==================================================
parameters          event                       properties and value
==================  ==========================  ==================================================
``ping=1``          ``engagement``
``idgoal=0 ec_id``  ``ecommerce_order``         ``order_id subtotal tax shipping discount skus``,
                                                value ``revenue``
``idgoal=0``        ``ecommerce_cart``          the same without ``order_id``
``idgoal=G``        see ``goal_event``          value ``revenue``
``e_c``, ``e_a``    ``<e_c>/<e_a>``             ``name`` is ``e_n``, value ``e_v``
``search``          ``site_search``             ``keyword category count``
``link``            ``outbound``                ``url``
``download``        ``download``                ``url``
``c_i``             ``content_interaction``     ``name piece target interaction``
``c_n``             ``content_impression``      ``name piece target``
none of them        ``pageview``
==================  ==========================  ==================================================

Every event may have custom variables (``cvar``, ``_cvar``: name → value) and ``dimensionN``.
``ca=1`` with none of the kinds above is a plug-in's own and no event. Amounts are in the site's
currency, since Matomo's have none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import msgspec

from tracker.accounts.clock import to_ms
from tracker.errors import InvalidInput
from tracker.ingest.payload import PROP_VALUE_LENGTH, PropValue
from tracker.ingest.plausible import amount

#: How far back ``cdt`` may lie without a token, as with Matomo, and with one; in ms.
DAY = 24 * 3600 * 1000
LONGEST = 30 * DAY
#: How far ``cdt`` may lie in the future, in ms.
AHEAD = 60_000
#: Age of an attribution (``_refts``) up to which it is that of the visit under way, in ms.
FRESH = 30 * 60 * 1000
#: Names of parameters by which an address tells its campaign.
_TAGS = ("utm_", "mtm_", "pk_", "matomo_", "piwik_")
_ITEMS = msgspec.json.Decoder(list[list[Any]])
_VARIABLES = msgspec.json.Decoder(dict[str, list[Any]])

Params = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Action:
    """What a request reports. ``order`` names an order, of which there is one."""

    name: str
    props: dict[str, PropValue]
    value: Decimal | None = None
    order: str = ""


def action(params: Params, goal_event: Callable[[str], str]) -> Action | None:
    """The event of a request, None when it reports none; ``goal_event`` names that of a goal."""
    found = _kind(params, goal_event)
    if found is None:
        return None
    props = found.props | _variables(params)
    for key, value in params.items():
        if key.startswith("dimension") and key[9:].isdecimal() and value:
            props[key] = value
    return Action(found.name, props, found.value, found.order)


def _kind(params: Params, goal_event: Callable[[str], str]) -> Action | None:
    def has(name: str) -> bool:
        return bool(params.get(name, "").strip())

    if params.get("ping") == "1":
        return Action("engagement", {})
    if has("idgoal"):
        goal = params["idgoal"].strip()
        return _sale(params) if goal == "0" else Action(goal_event(goal), {}, _revenue(params))
    if has("e_c") and has("e_a"):
        name = f"{params['e_c'].strip()}/{params['e_a'].strip()}"
        return Action(name, _named(params, name="e_n"), amount(params.get("e_v") or None))
    if has("search"):
        words = _named(params, keyword="search", category="search_cat", count="search_count")
        return Action("site_search", words)
    for name, event in (("link", "outbound"), ("download", "download")):
        if has(name):
            return Action(event, _named(params, url=name))
    if has("c_n"):
        done = _named(params, name="c_n", piece="c_p", target="c_t", interaction="c_i")
        return Action("content_interaction" if has("c_i") else "content_impression", done)
    return None if params.get("ca") == "1" else Action("pageview", {})


def _sale(params: Params) -> Action:
    props = _named(params, subtotal="ec_st", tax="ec_tx", shipping="ec_sh", discount="ec_dt")
    skus = _skus(params.get("ec_items", ""))
    if skus:
        props["skus"] = skus
    order = params.get("ec_id", "").strip()
    if not order:
        return Action("ecommerce_cart", props, _revenue(params))
    return Action("ecommerce_order", {"order_id": order, **props}, _revenue(params), order)


def _revenue(params: Params) -> Decimal | None:
    return amount(params.get("revenue") or None)


def _named(params: Params, **names: str) -> dict[str, PropValue]:
    given = {name: params.get(source, "").strip() for name, source in names.items()}
    return {name: value for name, value in given.items() if value}


def _skus(items: str) -> str:
    """The articles of an order, those that fit into a property, separated by commas."""
    try:
        rows = _ITEMS.decode(items) if items else []
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return ""
    text = ""
    for sku in (str(row[0]) for row in rows if row and isinstance(row[0], str | int)):
        longer = f"{text},{sku}" if text else sku
        if len(longer) > PROP_VALUE_LENGTH:
            break
        text = longer
    return text


def _variables(params: Params) -> dict[str, PropValue]:
    found: dict[str, PropValue] = {}
    for source in ("_cvar", "cvar"):
        try:
            given = _VARIABLES.decode(params[source]) if params.get(source) else {}
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            continue
        for pair in given.values():
            if len(pair) == 2 and isinstance(pair[0], str) and isinstance(pair[1], str | int):
                found[pair[0]] = pair[1]
    return found


def goal_event(pattern: str | None, name: str | None, wanted: str) -> str:
    """The event by which a conversion of a goal is counted.

    Of a goal of ours, named by ``idgoal`` or by its id: what its own pattern waits for. Else, a
    number as Matomo gives its goals: ``goal:<number>``, for which a goal can wait that was added
    as ``--event goal:3``, before or after. A goal for a path has ``goal:<name>``: no page was seen.
    """
    return pattern or f"goal:{name or wanted}"


def page(params: Params, received: int) -> str:
    """The page's URL; a campaign given beside it (``_rcn``, ``_rck``) stands in it as tags.

    A campaign counts only where the address does not tell one itself, and where it belongs to the
    visit under way: browsers go on sending that of a visit months ago, with its time in ``_refts``.
    """
    url = params.get("url", "").strip()
    if url in (params.get("link"), params.get("download")):
        url = ""  # SDKs repeat the target there
    tags = {"mtm_campaign": params.get("_rcn", ""), "mtm_keyword": params.get("_rck", "")}
    given = {name: value for name, value in tags.items() if value.strip()}
    if not url or not given or not is_fresh(params, received) or _is_tagged(url):
        return url
    address, mark, fragment = url.partition("#")
    separator = "&" if "?" in address else "?"
    return f"{address}{separator}{urlencode(given)}{mark}{fragment}"


def is_fresh(params: Params, received: int) -> bool:
    """Whether the attribution of a request is that of the visit under way."""
    since = params.get("_refts", "").strip()
    if not since.isdecimal() or len(since) > 12 or int(since) == 0:
        return True
    return received - int(since) * 1000 <= FRESH


def _is_tagged(url: str) -> bool:
    query = url.partition("?")[2]
    return any(part.lower().startswith(_TAGS) for part in query.split("&"))


def occurred(params: Params, now: int, *, trusted: bool) -> int | None:
    """The time of ``cdt`` in UTC ms, None where there is none; InvalidInput when it is not allowed.

    ``YYYY-MM-DD HH:MM:SS`` in UTC, RFC 3339, or seconds since 1970.
    """
    text = params.get("cdt", "").strip()
    if not text:
        return None
    time = _instant(text)
    if time is None:
        raise InvalidInput(
            f"cdt {text[:40]!r} is not a time.", hint="Write 2026-04-05 06:07:08 in UTC."
        )
    if time > now + AHEAD:
        raise InvalidInput(f"cdt {text[:40]!r} lies in the future.")
    if now - time > (LONGEST if trusted else DAY):
        raise InvalidInput(
            f"cdt {text[:40]!r} lies too far back: 24 hours are allowed, 30 days with token_auth.",
            hint="Import older events with: tracker events import.",
        )
    return time


def _instant(text: str) -> int | None:
    if text.isascii() and text.isdecimal():
        return int(text) * 1000 if len(text) <= 11 else None
    try:
        found = datetime.fromisoformat(text)
        return to_ms(found if found.tzinfo else found.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None


def screen(params: Params) -> tuple[int, int] | None:
    """Width and height of ``res``."""
    width, _, height = params.get("res", "").lower().partition("x")
    if not (width.isdecimal() and height.isdecimal() and len(width + height) <= 12):
        return None
    return int(width), int(height)


def visitor(params: Params) -> str:
    """The visitor id: ``cid``, ``_id`` or ``uid``; none where the browser keeps no cookie.

    NOTE: without cookies Matomo's script makes up an id for every page.
    """
    if params.get("cookie") == "0":
        return params.get("cid", "").strip() or params.get("uid", "").strip()
    return next((params[name].strip() for name in ("cid", "_id", "uid") if params.get(name)), "")
