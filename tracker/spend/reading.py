"""One reading of a spend file: its rows as lines, and what is known once the last one was read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import starmap

from tracker.errors import InvalidInput
from tracker.money import decimal_text
from tracker.period import MAX_DAYS
from tracker.spend.files.reader import SpendFile
from tracker.spend.files.rows import Scope, Total
from tracker.spend.lines import Campaign, Line, Unit, line_of
from tracker.spend.owners import Owners

#: Called with the rows that are done and how many there are, an estimate while the file is read.
Progress = Callable[[int, int | None], None]

#: Progress is told after so many rows; reading is so much of the work, writing the rest.
STEP = 5_000
FIRST_STEP = 500
READING = 0.6


@dataclass(slots=True)
class Reading:
    """``lines`` is read once, to its end; everything else is known then."""

    file: SpendFile
    owners: Owners
    progress: Progress
    devices: set[str] = field(default_factory=set)
    _campaigns: set[tuple[str, str]] = field(default_factory=set)
    _units: dict[tuple[str, date | None], Unit] = field(default_factory=dict)

    def lines(self) -> Iterator[Line]:
        """The file's rows. Accounts and currencies are settled as they first appear."""
        file, units = self.file, self._units
        owners: dict[tuple[str, str], tuple[str, str]] = {}
        campaign = ("", "")
        for count, row in enumerate(file.rows, 1):
            written = (row.account, row.currency)
            owner = owners.get(written)
            if owner is None:
                owner = owners[written] = self.owners.resolve(*written)
            self.devices.add(row.device)
            if campaign != (campaign := (row.campaign_id, row.campaign)) or count == 1:
                self._campaigns.add(campaign)
            account, currency = owner
            unit = units.get((account, row.day)) or self._unit(account, row.day)
            yield line_of(row, unit, currency)
            if not count % STEP or count == FIRST_STEP:
                self.progress(int(READING * count), int(count / (file.progress() or 1)))

    @property
    def campaigns(self) -> set[Campaign]:
        """The campaigns that the file names."""
        return set(starmap(Campaign, self._campaigns))

    @property
    def accounts(self) -> set[str]:
        """The ad accounts that the file has rows of."""
        return {unit.account for unit in self._units.values()}

    @property
    def units(self) -> list[Unit]:
        """The units that have lines, in order."""
        return sorted(self._units.values())

    def span(self) -> tuple[date, date]:
        """The days of the lines and, where the file declares its period, those of the period."""
        first = min(unit.first_day for unit in self.units)
        last = max(unit.last_day for unit in self.units)
        return min(first, self.file.first or first), max(last, self.file.last or last)

    def silent_days(self) -> set[Unit]:
        """Days of the declared period without a line. None where rows could not be read, since
        nobody knows whose days those were."""
        file = self.file
        if file.undated or not (file.first and file.last) or file.problems.total:
            return set()
        first, last = file.first.toordinal(), file.last.toordinal()
        if last - first >= MAX_DAYS:
            return set()
        days = {Unit(a, day, day) for a in self.accounts for day in range(first, last + 1)}
        return days.difference(self.units)

    def scope(self, *, lenient: bool) -> Scope:
        """The scope of the file, which its own totals may narrow or contradict.

        InvalidInput with both numbers where the rows do not add up to the total; ``lenient`` makes
        a warning of it, and rows that were skipped explain it.
        """
        file, total = self.file, self.file.total
        if total is None or file.total_agrees:
            return file.scope
        if total.covers == "filtered" and file.sums.agrees(total):
            return replace(file.scope, filters=(*file.scope.filters, total.label))
        differs = _difference(file, total)
        if not (lenient or file.problems.total):
            raise InvalidInput(
                f"{differs} Rows are missing; nothing was imported.",
                hint="Download the whole report again, or import only the campaigns that it has "
                "with --partial.",
            )
        self.owners.warnings.append(differs)
        return file.scope

    def _unit(self, account: str, day: date | None) -> Unit:
        key = (account, day)
        unit = self._units.get(key)
        if unit is None:
            first, last = day or self.file.first, day or self.file.last
            assert first is not None
            assert last is not None
            unit = self._units[key] = Unit(account, first.toordinal(), last.toordinal())
        return unit


def _difference(file: SpendFile, total: Total) -> str:
    """The file's own total beside the sum of its rows, in words."""
    pairs = (
        ("impressions", total.impressions, file.sums.impressions),
        ("clicks", total.clicks, file.sums.clicks),
        ("cost", decimal_text(total.cost), decimal_text(file.sums.cost)),
    )
    texts = [f"{name} {said}, its rows {have}" for name, said, have in pairs if said is not None]
    return f"The total in line {total.line} ({total.label}) says {'; '.join(texts)}."
