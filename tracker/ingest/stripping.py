"""What is taken out of an address before anything reads or stores it.

Parameters of ``sources.personal`` and those that the site names leave the query, and session ids
that Java servers write into the path (``/cart;jsessionid=…``) leave the path. It comes before
classification, so that no such value reaches a field, and so that the outcome can be made again
from what is stored.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from tracker.ingest.landing import Address, decode
from tracker.ingest.sources.personal import PERSONAL_PARAMS
from tracker.ingest.sources.tags import CLICK_IDS

_PATH_SESSION = re.compile(r";(?:jsessionid|phpsessid|sid)=[^/?#;]*", re.IGNORECASE)
_MARKS = str.maketrans("", "", "-_.")
_CLICK_PARAMS = frozenset(row.param for row in CLICK_IDS)


def stripped(address: Address, names: frozenset[str]) -> Address:
    """The address without what is not to be stored; ``names`` are the site's own, in lower case."""
    query = without_params(address.query, names) if "=" in address.query else address.query
    path = _PATH_SESSION.sub("", address.path) if ";" in address.path else address.path
    if query == address.query and path == address.path:
        return address
    return replace(address, query=query, path=path or "/")


def stored_form(address: Address) -> str:
    """An address as text."""
    query = f"?{address.query}" if address.query else ""
    return f"{address.scheme}://{address.host}{address.path}{query}"


def without_click_ids(address: Address) -> Address:
    """The address of one of the site's own pages, as a referrer, without the networks' click ids.

    The landing's event has them; with them every visitor's second page had a referrer of its own.
    """
    if "=" not in address.query:
        return address
    parts = address.query.split("&")
    kept = [part for part in parts if part.partition("=")[0].lower() not in _CLICK_PARAMS]
    return address if len(kept) == len(parts) else replace(address, query="&".join(kept))


def without_params(query: str, names: frozenset[str]) -> str:
    """The raw query without personal parameters and without those of the names given."""
    parts = query.split("&")
    kept = [part for part in parts if not _is_stripped(part.partition("=")[0], names)]
    return query if len(kept) == len(parts) else "&".join(kept)


@lru_cache(maxsize=16_384)
def _is_stripped(raw: str, names: frozenset[str]) -> bool:
    name = (decode(raw) if "%" in raw else raw).lower()
    if name in names:
        return True
    inner = name.rstrip("]").rpartition("[")[2] if name.endswith("]") else name
    return inner.translate(_MARKS) in PERSONAL_PARAMS
