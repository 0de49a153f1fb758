"""What an import of offline conversions did, or would do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from decimal import Decimal

import msgspec

from tracker.accounts.platforms import is_known
from tracker.conversions.offline_fact import Fact
from tracker.money import decimal_text

#: So many unknown platforms are named, and so many lines of each.
MOST = 10


class StageReport(msgspec.Struct, frozen=True):
    """Rows of one stage and currency in the file; ``value`` is their sum as decimal text, null
    where none states a value."""

    stage: str
    currency: str
    rows: int
    value: str | None


class OfflineReport(msgspec.Struct, frozen=True):
    """``rows`` are those of the file that could be read: ``added`` with a new id, ``replaced``
    where one says something else than before, ``removed`` where it withdraws one, ``unchanged``.
    The days are the site's local ones. ``version`` tells these rows from older ones of the same
    id; it is null where nothing was written.
    """

    site: str
    file: str
    first: str
    last: str
    rows: int
    skipped: int
    added: int
    replaced: int
    removed: int
    unchanged: int
    stages: list[StageReport]
    problems: list[str]
    warnings: list[str]
    dry_run: bool
    changed: bool
    version: int | None


@dataclass(slots=True)
class Counts:
    """What the rows of a file are, against what stands."""

    added: int = 0
    replaced: int = 0
    removed: int = 0
    unchanged: int = 0

    def news(self, fact: Fact, before: Fact | None) -> bool:
        """Whether a fact differs from what stands; counts it as what it is."""
        gone = before is None or before.removed
        if before == fact or (fact.removed and gone):
            self.unchanged += 1
            return False
        if fact.removed:
            self.removed += 1
        elif gone:
            self.added += 1
        else:
            self.replaced += 1
        return True


@dataclass(slots=True)
class StageSums:
    """Rows and values by (stage, currency)."""

    sums: dict[tuple[str, str], tuple[int, Decimal | None]] = field(default_factory=dict)

    def add(self, stage: str, currency: str, value: Decimal | None) -> None:
        """Count a row."""
        rows, total = self.sums.get((stage, currency), (0, None))
        if value is not None:
            total = (total or Decimal(0)) + value
        self.sums[stage, currency] = (rows + 1, total)

    def report(self) -> list[StageReport]:
        """By stage and currency."""
        return [
            StageReport(stage, currency, rows, decimal_text(total))
            for (stage, currency), (rows, total) in sorted(self.sums.items())
        ]


@dataclass(slots=True)
class UnknownPlatforms:
    """Platforms that rows name and nobody knows. They are kept as they are, but no visit and no
    keyword is found under them."""

    lines: dict[str, list[int]] = field(default_factory=dict)
    rows: Counter[str] = field(default_factory=Counter)

    def add(self, platform: str, line: int) -> None:
        """Note the platform of a row, if it is none that is known."""
        if not platform or is_known(platform):
            return
        if platform not in self.lines and len(self.lines) == MOST:
            return
        self.rows[platform] += 1
        lines = self.lines.setdefault(platform, [])
        if len(lines) < MOST:
            lines.append(line)

    def warnings(self, advertised: Collection[str]) -> list[str]:
        """Sentences that name the lines; ``advertised`` are platforms of the site's own spend."""
        return [
            f"{platform!r} is no platform from which visits are recognised (lines "
            f"{self._named(platform)}). Check the column Platform."
            for platform in self.lines
            if platform not in advertised
        ]

    def _named(self, platform: str) -> str:
        lines = self.lines[platform]
        more = self.rows[platform] - len(lines)
        return ", ".join(map(str, lines)) + (f" and {more} more" if more else "")
