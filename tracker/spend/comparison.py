"""What an import changes: its lines against those that stand, unit by unit, in one pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field

from tracker.spend.lines import Campaign, Line, Unit, campaign_of, keyword_of, shown_keyword
from tracker.spend.staging import Staging
from tracker.spend.standing import Ledger, StandingSlice

#: Vanished keywords are named up to this number; all of them are counted up to ``COUNTED``.
NAMED = 50
COUNTED = 200_000


@dataclass(slots=True)
class Sums:
    """Totals of lines; ``cost`` in millionths."""

    lines: int = 0
    impressions: int = 0
    clicks: int = 0
    cost: int = 0

    def add(self, line: Line) -> None:
        """Count a line in."""
        self.lines += 1
        self.impressions += line.impressions
        self.clicks += line.clicks
        self.cost += line.cost


@dataclass(slots=True)
class Change:
    """One unit before and after. Campaigns before come with their cost, in millionths."""

    before: Sums = field(default_factory=Sums)
    after: Sums = field(default_factory=Sums)
    same: bool = True
    campaigns_before: dict[Campaign, int] = field(default_factory=dict)
    campaigns_after: set[Campaign] = field(default_factory=set)


@dataclass(slots=True)
class Comparison:
    """Changes by unit; a unit that is absent has no line on either side."""

    changes: dict[Unit, Change] = field(default_factory=dict)
    vanished: set[str] = field(default_factory=set)

    def of(self, unit: Unit) -> Change:
        """The change of a unit."""
        return self.changes.get(unit) or Change()

    def vanished_keywords(self) -> list[str]:
        """The first keywords, in order, that had lines in a unit and have none there now."""
        return [shown_keyword(naming) for naming in sorted(self.vanished)[:NAMED]]


def compare_staged(
    staging: Staging, ledger: Ledger, replaced: Sequence[StandingSlice], wanted: Set[Unit]
) -> Comparison:
    """The lines of the ``wanted`` units that are staged, against those of the slices replaced."""
    if replaced:
        return compare(staging.lines(wanted), ledger.lines(replaced))
    comparison = Comparison()
    for unit, *sums in staging.units():
        if unit in wanted:
            # What campaigns they are matters only where others disappear.
            comparison.changes[unit] = Change(after=Sums(*sums), same=False)
    return comparison


def compare(after: Iterable[Line], before: Iterable[Line]) -> Comparison:
    """Both sides are ordered by account, day, last day and key, and hold a key once."""
    comparison = Comparison()
    keyword = _Keyword(comparison.vanished)
    change = Change()
    unit: Unit | None = None
    for new, old in _pairs(iter(after), iter(before)):
        line = new or old
        assert line is not None
        if unit is None or line[:3] != unit:
            keyword.close()
            unit = line.unit
            change = comparison.changes.setdefault(unit, Change())
        keyword.see(line.key, new=new is not None)
        _count(change, new, old)
    keyword.close()
    return comparison


def _count(change: Change, new: Line | None, old: Line | None) -> None:
    if new != old:
        change.same = False
    if old is not None:
        change.before.add(old)
        campaign = campaign_of(old.key)
        change.campaigns_before[campaign] = change.campaigns_before.get(campaign, 0) + old.cost
    if new is not None:
        change.after.add(new)
        change.campaigns_after.add(campaign_of(new.key))


def _pairs(
    after: Iterator[Line], before: Iterator[Line]
) -> Iterator[tuple[Line | None, Line | None]]:
    """The two sides side by side: lines with one key together, others alone."""
    new, old = next(after, None), next(before, None)
    while new is not None or old is not None:
        place_new = None if new is None else new[:4]
        place_old = None if old is None else old[:4]
        if place_old is None or (place_new is not None and place_new < place_old):
            yield new, None
            new = next(after, None)
        elif place_new is None or place_old < place_new:
            yield None, old
            old = next(before, None)
        else:
            yield new, old
            new, old = next(after, None), next(before, None)


class _Keyword:
    """Finds keywords of which no line is on the new side, while the lines of a unit pass in order.

    ``_pending`` had only old lines so far; ``_alive`` is the key of the latest new line. Names are
    taken out of keys only where something is missing, which is rare.
    """

    def __init__(self, vanished: set[str]) -> None:
        self._vanished = vanished
        self._pending: str | None = None
        self._alive: str | None = None

    def see(self, key: str, *, new: bool) -> None:
        """The next line, on the new side or on the old one alone."""
        if new:
            if self._pending is not None:
                if keyword_of(key) == self._pending:
                    self._pending = None
                self._drop()
            self._alive = key
            return
        naming = keyword_of(key)
        if naming != self._pending:
            self._drop()
            if self._alive is None or keyword_of(self._alive) != naming:
                self._pending = naming

    def close(self) -> None:
        """The unit has no more lines."""
        self._drop()
        self._alive = None

    def _drop(self) -> None:
        if self._pending is not None and len(self._vanished) < COUNTED:
            self._vanished.add(self._pending)
        self._pending = None
