"""Lines of spend while they are imported: grouped by unit, equal keys summed, in one fixed order.

A *unit* is (account, day, last day): what one slice stands for, scope apart. A line's *key* is
the text of everything that tells it from other lines of its unit; its first four parts are the
keyword as people see it, so that the lines of a keyword lie together when sorted.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from tracker.spend.files.rows import SpendRow

SEPARATOR = "\x1f"
#: Before an id that stands in the place of a keyword's text.
BY_ID = "\x1e"
MICROS = 1_000_000
#: The parts of a key, as in ``standing_lines.sql``: campaign, ad group, keyword or its id, match
#: type, then what reports rarely show.
KEY_PARTS = (
    "campaign",
    "ad_group",
    "word",
    "match_type",
    "campaign_id",
    "ad_group_id",
    "keyword_id",
    "device",
    "network",
    "kind",
    "reason",
    "currency",
)
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
#: How many of the parts name the keyword.
NAMING = 4


_new = tuple.__new__


class Unit(NamedTuple):
    """Days are ordinals (``date.toordinal``); ``last`` is later than ``day`` in a period total."""

    account: str
    day: int
    last: int

    @property
    def first_day(self) -> date:
        """The day, or the first day of the period."""
        return date.fromordinal(self.day)

    @property
    def last_day(self) -> date:
        """The day, or the last day of the period."""
        return date.fromordinal(self.last)

    def __str__(self) -> str:
        if self.day == self.last:
            return self.first_day.isoformat()
        return f"{self.first_day} to {self.last_day}"


class Line(NamedTuple):
    """Amounts are millionths of the currency; None where the platform says nothing."""

    account: str
    day: int
    last: int
    key: str
    impressions: int
    clicks: int
    cost: int
    conversions: int | None
    value: int | None

    @property
    def unit(self) -> Unit:
        """The slice, scope apart, that the line belongs to."""
        return Unit(self.account, self.day, self.last)


class Campaign(NamedTuple):
    """A campaign as a report names it; either may be empty."""

    id: str
    name: str

    def __str__(self) -> str:
        return self.name or self.id or "(no campaign)"


def key_of(row: SpendRow, currency: str) -> str:
    """The key of a report's row. Without keyword text its id stands in the keyword's place."""
    parts = (
        row.campaign,
        row.ad_group,
        row.keyword or (BY_ID + row.keyword_id if row.keyword_id else ""),
        row.match_type,
        row.campaign_id,
        row.ad_group_id,
        row.keyword_id,
        row.device,
        row.network,
        row.kind,
        row.reason,
        currency,
    )
    key = SEPARATOR.join(parts)
    if key.count(SEPARATOR) == len(parts) - 1 and "\0" not in key:
        return key
    return SEPARATOR.join(part.replace(SEPARATOR, " ").replace("\0", " ") for part in parts)


def line_of(row: SpendRow, unit: Unit, currency: str) -> Line:
    """A report's row as a line of that unit."""
    conversions, value = row.platform_conversions, row.platform_value
    # NOTE: once for each row of an import; the usual constructor takes twice as long.
    return _new(
        Line,
        (
            *unit,
            key_of(row, currency),
            row.impressions,
            row.clicks,
            int(row.cost * MICROS),
            None if conversions is None else _micros(conversions),
            None if value is None else _micros(value),
        ),
    )


@lru_cache(maxsize=1 << 14)
def _micros(amount: Decimal) -> int:
    """Of conversions and their values, which are the same few again and again."""
    return int(amount * MICROS)


def campaign_of(key: str) -> Campaign:
    """The campaign of a line."""
    parts = key.split(SEPARATOR, 5)
    return Campaign(parts[4], parts[0])


def text_of_key(key: str) -> str:
    """The parts of a key as tab-separated text; an id in a keyword's place is no keyword."""
    parts = key.split(SEPARATOR)
    word = KEY_PARTS.index("word")
    if parts[word].startswith(BY_ID):
        parts[word] = ""
    return "\t".join(map(tab_escaped, parts))


def tab_escaped(text: str) -> str:
    """A text as a cell of tab-separated lines."""
    return text.translate(_ESCAPES)


def keyword_of(key: str) -> str:
    """What names the keyword, as the beginning of the key."""
    return SEPARATOR.join(key.split(SEPARATOR, NAMING)[:NAMING])


def shown_keyword(naming: str) -> str:
    """A keyword for people: ``campaign › ad group › keyword (match type)``."""
    campaign, ad_group, word, match_type = naming.split(SEPARATOR)
    path = " › ".join(part for part in (campaign, ad_group, word.replace(BY_ID, "#")) if part)
    return f"{path} ({match_type})" if match_type else path


def amount(micros: int) -> Decimal:
    """Millionths as an exact amount."""
    return Decimal(micros).scaleb(-6)
