"""A map of a site's own query parameters to fields of the source, proposed from what was seen."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec
from sqlalchemy import Engine

from tracker.accounts.site_rules import MAX_PARAM
from tracker.accounts.sites import Site, update_site
from tracker.ingest.landing import decode
from tracker.ingest.sources.assistants import WITH_ID, WORDS
from tracker.ingest.sources.tags import AD_MARKS, CLICK_IDS, MACRO_FIELDS, TAG_FIELDS
from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

#: Names that are looked at, the most frequent first; samples that are shown, and their length.
MOST = 2_000
SAMPLES, SAMPLE_LENGTH = 3, 40
#: Digits from which on a number is an id of an advertising platform.
ID_DIGITS = 5

_SPLIT = re.compile(r"[-_.\[\]]+")
_STRONG = {word: row.field for row in WORDS for word in row.strong}
_WEAK = {word: row.field for row in WORDS for word in row.weak}
_READ = frozenset(
    (
        *(row.param for row in CLICK_IDS),
        *AD_MARKS,
        *(
            name
            for table in (TAG_FIELDS, MACRO_FIELDS)
            for names in table.values()
            for name in names
        ),
    )
)


class SeenParam(msgspec.Struct, frozen=True):
    """A parameter in the addresses of page views: visits with it, and paid ones among them."""

    param: str
    seen: int
    paid: int
    samples: tuple[str, ...]


class ProposedParam(msgspec.Struct, frozen=True):
    """A parameter and the field that it seems to hold.

    ``share`` is that of the paid visits that have it, 0 to 1, None where there was no paid visit.
    """

    param: str
    field: str
    visits: int
    paid_visits: int
    share: float | None
    samples: tuple[str, ...]


def propose(warehouse: Warehouse, site: Site, since: datetime) -> list[ProposedParam]:
    """What a site's page views since then suggest, the most frequent parameter first.

    Parameters that classification reads anyway, and those that the site has mapped, are left out.
    """
    lines = warehouse.dicts(
        load_sql("tracker.ingest", "params_seen.sql"),
        {"site": site.key, "since": since, "most": MOST},
    )
    total = int(lines[0]["paid_visits"]) if lines else 0
    return proposals(_merged(lines), total, site.settings.param_map)


def apply_map(db: Engine, site: Site, proposed: Iterable[ProposedParam]) -> Site:
    """Add what is proposed to the site's map and return the site; InvalidInput, NotFound."""
    mapping = dict(site.settings.param_map) | {row.param: row.field for row in proposed}
    settings = msgspec.structs.replace(site.settings, param_map=mapping)
    return update_site(db, site.key, settings=settings)


def proposals(
    seen: Iterable[SeenParam], paid_visits: int, known: Mapping[str, str]
) -> list[ProposedParam]:
    """The decision alone: a pure function of what was seen."""
    found = []
    for param in seen:
        field = "" if param.param in known or param.param in _READ else _field(param)
        if field:
            share = round(min(param.paid / paid_visits, 1.0), 4) if paid_visits else None
            shown = tuple(text[:SAMPLE_LENGTH] for text in param.samples[:SAMPLES])
            found.append(ProposedParam(param.param, field, param.seen, param.paid, share, shown))
    return sorted(found, key=lambda row: (-row.paid_visits, -row.visits, row.param))


def _field(param: SeenParam) -> str:
    """The field that a parameter's name and values speak of; empty if none."""
    words = [word for word in _SPLIT.split(param.param) if word]
    # As a whole first: `plan_name` is the word `planname`, and says more than `plan`.
    candidates = ["".join(words), *words]
    field = next((found for word in candidates if (found := _meant(word, param))), "")
    if field not in WITH_ID:
        return field
    named_id = words[-1:] == ["id"] or param.param.endswith("id")
    numbers = bool(param.samples) and all(
        text.isascii() and text.isdigit() and len(text) >= ID_DIGITS for text in param.samples
    )
    return f"{field}_id" if named_id or numbers else field


def _meant(word: str, param: SeenParam) -> str:
    bare = word.removesuffix("id") or word
    for form in (word, bare):
        if form in _STRONG:
            return _STRONG[form]
        if form in _WEAK and param.paid * 2 >= param.seen:
            return _WEAK[form]
    return ""


def _merged(lines: list[dict[str, object]]) -> list[SeenParam]:
    """Parameters by decoded name: 计划 comes in UTF-8 and in GBK."""
    found: dict[str, SeenParam] = {}
    for line in lines:
        name = decode(str(line["param"])).lower()
        if not 0 < len(name) <= MAX_PARAM or re.search(r"[&=?#\x00-\x20]", name):
            continue
        raw = line["samples"]
        samples = tuple(decode(str(text)) for text in (raw if isinstance(raw, list) else ()))
        before = found.get(name, SeenParam(name, 0, 0, ()))
        found[name] = SeenParam(
            name,
            before.seen + int(str(line["seen"])),
            before.paid + int(str(line["paid"])),
            tuple(dict.fromkeys(filter(None, (*before.samples, *samples)))),
        )
    return list(found.values())
