"""To which row of the keyword report each source and each keyword belongs, and its name.

It follows from two published builds, that of the keywords and that of the resolution, so it is read
once for them and remembered: statements then add up by plain keys, without a join. (Planning the
joins was half of the work of a small site's report.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from tracker.reports.published import Published
from tracker.warehouse.client import Warehouse
from tracker.warehouse.native import Array
from tracker.warehouse.sql import load_sql

PACKAGE = "tracker.reports"
#: The row of a fact that is not in the report.
LEFT_OUT = -1


class RowKey(NamedTuple):
    """A keyword, or (0, platform, reason) of what could not be given to one."""

    keyword_key: int
    platform: str
    reason: str

    @property
    def text(self) -> str:
        """The row's ``key`` in JSON: stable between reports."""
        if self.keyword_key:
            return f"k{self.keyword_key:016x}"
        return f"u:{self.platform}:{self.reason}"


#: Credit of conversions without a touch, which have the source 0; and what no look-up knows.
NO_TOUCH, UNKNOWN = RowKey(0, "", "no_touch"), RowKey(0, "", "")


class Name(NamedTuple):
    """A keyword, or a row on which a platform puts cost without one; columns of
    keyword_names.sql."""

    keyword_key: int
    canonical_key: int
    kind: str
    reason: str
    platform: str
    account: str
    campaign: str
    ad_group: str
    keyword: str
    keyword_id: str
    match_type: str
    keyword_norm: str
    campaign_norm: str
    ad_group_norm: str


class Names:
    """The keywords of one build, as columns; those that count as themselves are found by key."""

    def __init__(self, columns: Mapping[str, Sequence[Any]]) -> None:
        self.columns = [columns[name] for name in Name._fields]
        keys, canonical = self.columns[:2]
        pairs = enumerate(zip(keys, canonical, strict=True))
        self._places = {key: place for place, (key, counts_as) in pairs if key == counts_as}

    def __len__(self) -> int:
        return len(self.columns[0])

    def get(self, key: int) -> Name | None:
        """The keyword of that key, if there is one."""
        place = self._places.get(key)
        return None if place is None else Name(*(column[place] for column in self.columns))

    def every(self) -> Iterator[Name]:
        """Every keyword that counts as itself."""
        return (one for one in map(Name, *self.columns) if one.keyword_key == one.canonical_key)


@dataclass(frozen=True, slots=True)
class Places:
    """The row and the platform of each key. ``keys`` ascend and begin with 0; a key that is not
    among them leads to ``unknown``."""

    keys: Array
    rows: Array
    platforms: Array
    unknown: int

    @classmethod
    def of(cls, keys: Array, rows: Array, platforms: Sequence[str], unknown: int) -> Places:
        """From columns in any order."""
        order = np.argsort(keys)
        return cls(keys[order], rows[order], np.array(platforms, np.str_)[order], unknown)

    def only(self, platform: str, kept: Array | None) -> Places:
        """Those of a platform ("" for all), on rows that are kept: others lead nowhere."""
        if not platform and kept is None:
            return self
        stays = np.full(len(self.keys), fill_value=True)
        if platform:
            stays &= self.platforms == platform
        if kept is not None:
            stays &= kept[self.rows]
        return Places(self.keys, np.where(stays, self.rows, LEFT_OUT), self.platforms, LEFT_OUT)

    def find(self, keys: Array) -> Array:
        """The row of each of these keys."""
        at = np.searchsorted(self.keys, keys)
        at[at == len(self.keys)] = 0
        return np.where(self.keys[at] == keys, self.rows[at], self.unknown)


@dataclass(frozen=True, slots=True)
class KeywordIndex:
    """All rows that a report can have, in the order of their texts: first one for each of
    ``keyed``, the keywords by ascending key, then ``reasons``. Those of ``keyed`` that are not
    ``are_keywords`` hold what a platform gives to none, such as Performance Max."""

    keyed: Array
    are_keywords: Array
    reasons: list[RowKey]
    sources: Places
    keywords: Places
    names: Names

    def __len__(self) -> int:
        return len(self.sources.keys) + len(self.keywords.keys)

    @property
    def size(self) -> int:
        """How many rows there are."""
        return len(self.keyed) + len(self.reasons)

    def key(self, row: int) -> RowKey:
        """What a row stands for."""
        if row < len(self.keyed):
            return RowKey(int(self.keyed[row]), "", "")
        return self.reasons[row - len(self.keyed)]

    def kept(self, keys: Sequence[int]) -> Array:
        """Whether each row is that of one of these keywords."""
        found = np.isin(self.keyed, np.array(keys, np.uint64))
        return np.concatenate((found, np.full(len(self.reasons), fill_value=False)))


def keyword_index(warehouse: Warehouse, site: str, state: Published) -> KeywordIndex:
    """The index of a published state."""
    keywords, resolution = state.of("keywords").newest, state.of("resolution").newest

    def names() -> Names:
        params = {"site": site, "keywords": keywords}
        return Names(warehouse.columns(load_sql(PACKAGE, "keyword_names.sql"), params))

    def index() -> KeywordIndex:
        params = {"site": site, "resolution": resolution}
        sources = warehouse.columns(load_sql(PACKAGE, "keyword_sources.sql"), params)
        return _index(warehouse.remembered.get(("names", site, keywords), names), sources)

    return warehouse.remembered.get(("index", site, keywords, resolution), index)


def _index(names: Names, sources: Mapping[str, Sequence[Any]]) -> KeywordIndex:
    # The key 0 is of credit without a touch, and of no spend.
    source_keys, found = _with_zero(sources["source_key"]), _with_zero(sources["keyword_key"])
    keyword_keys, canonical = map(_with_zero, names.columns[:2])
    keyed = np.setdiff1d(np.concatenate((found, canonical)), np.zeros(1, np.uint64))
    platforms = ["", *sources["platform"]]
    unkeyed = np.flatnonzero(found[1:] == 0).tolist()
    lacking = [RowKey(0, sources["platform"][one], sources["reason"][one]) for one in unkeyed]
    reasons = sorted({NO_TOUCH, UNKNOWN, *lacking}, key=lambda key: key.text)
    places = {key: place for place, key in enumerate(reasons, len(keyed))}
    rows = np.searchsorted(keyed, found)
    rows[0] = places[NO_TOUCH]
    rows[np.array(unkeyed, np.intp) + 1] = [places[key] for key in lacking]
    spent = np.searchsorted(keyed, canonical)
    spent[0] = unknown = places[UNKNOWN]
    of_keywords = ["", *names.columns[Name._fields.index("platform")]]
    is_keyword = np.array(names.columns[Name._fields.index("kind")], np.str_) == "keyword"
    return KeywordIndex(
        keyed=keyed,
        are_keywords=np.isin(keyed, keyword_keys[1:][is_keyword]),
        reasons=reasons,
        sources=Places.of(source_keys, rows, platforms, unknown),
        keywords=Places.of(keyword_keys, spent, of_keywords, unknown),
        names=names,
    )


def _with_zero(keys: Sequence[int]) -> Array:
    return np.array([0, *keys], np.uint64)
