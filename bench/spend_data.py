"""Keyword rows for the figures of spend: for a file, a platform's answer and a raw insert."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

FIRST = date(2026, 6, 1)
PER_GROUP = 20
PER_CAMPAIGN = 500


@dataclass(frozen=True, slots=True)
class Shape:
    """So many keywords, each with a row on each of so many days."""

    keywords: int
    days: int

    @property
    def rows(self) -> int:
        """All of them."""
        return self.keywords * self.days

    @property
    def last(self) -> date:
        """The last day."""
        return FIRST + timedelta(days=self.days - 1)


@dataclass(frozen=True, slots=True)
class Row:
    """One keyword on one day; ``micros`` is its cost."""

    day: date
    number: int
    impressions: int
    clicks: int
    micros: int


def rows_of(shape: Shape, first: date, last: date, bumped: date | None = None) -> Iterator[Row]:
    """Rows of these days in order. On the day ``bumped`` the platform has corrected one cost."""
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        seed = day.toordinal()
        for number in range(shape.keywords):
            mixed = (number * 2654435761 + seed * 40503) & 0xFFFFFF
            clicks = mixed % 17
            extra = 10_000 if day == bumped and number == 0 else 0
            micros = clicks * (mixed % 4_000 + 120) * 1_000 + extra
            yield Row(day, number, mixed % 900 + clicks, clicks, micros)


def group_of(number: int) -> int:
    """The ad group of a keyword."""
    return number // PER_GROUP


def campaign_of(number: int) -> int:
    """The campaign of a keyword."""
    return number // PER_CAMPAIGN


def write_report(path: Path, shape: Shape, bumped: date | None = None) -> Path:
    """A Google Ads keyword report of all the rows, with its total."""
    impressions = clicks = micros = 0
    with path.open("w", encoding="utf-8") as out:
        out.write("Search keyword report\n")
        out.write(f'"{FIRST:%B %-d, %Y} - {shape.last:%B %-d, %Y}"\n')
        out.write(
            "Day,Campaign,Campaign ID,Ad group,Ad group ID,Keyword,Keyword ID,Match type,"
            "Currency code,Clicks,Impr.,Cost,Conversions\n"
        )
        for row in rows_of(shape, FIRST, shape.last, bumped):
            n, cost = row.number, f"{row.micros // 1_000_000}.{row.micros // 10_000 % 100:02}"
            out.write(
                f"{row.day},Pumps {campaign_of(n)},{9000 + campaign_of(n)},Group {group_of(n)},"
                f"{70_000 + group_of(n)},submersible pump {n},{500_000 + n},Exact match,CNY,"
                f"{row.clicks},{row.impressions},{cost},{row.clicks % 3}.00\n"
            )
            impressions += row.impressions
            clicks += row.clicks
            micros += row.micros // 10_000 * 10_000
        total = f"{micros // 1_000_000}.{micros // 10_000 % 100:02}"
        out.write(f"Total: All keywords, --, --, --, --, --, --, --,CNY,{clicks},{impressions},")
        out.write(f"{total},0.00\n")
    return path
