"""Marks dealt into builds: each reads a bounded number of events, and few that it does not need."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from tracker.accounts.marks import Mark, Slice
from tracker.reconcile.calendar import ONE_DAY, runs_of

#: Events that one sessionising statement may read: bounds its memory.
CHUNK_EVENTS = 80_000
#: A day alone that is larger is read in passes of so many events: what is long anyway need not take
#: much memory.
PASS_EVENTS = 50_000
#: Visit slices of one build.
CHUNK_SLICES = 8_000
#: Slices of spend or credit of one build: how much they read is not known before.
CHUNK_DAYS = 400

#: About how many events a slice of a (site, day) has.
Counts = Mapping[tuple[str, date], int]


@dataclass(slots=True)
class Portion:
    """Marks of one kind that make one build, about how many events it reads, and in how many runs
    of days."""

    marks: list[Mark] = field(default_factory=list)
    events: int = 0
    runs: int = 0

    @property
    def slices(self) -> list[Slice]:
        """What is built."""
        return [mark.slice for mark in self.marks]

    @property
    def passes(self) -> int:
        """Into how many statements its visitors are dealt; more than one for a large day alone."""
        return -(-self.events // PASS_EVENTS) if self.events > CHUNK_EVENTS else 1


def spend_portions(of_kind: Sequence[Mark]) -> Iterator[Portion]:
    """Portions of so many slices of spend, by day."""
    ordered = sorted(of_kind, key=lambda mark: (mark.slice.day, mark.slice.site))
    for start in range(0, len(ordered), CHUNK_DAYS):
        yield Portion(ordered[start : start + CHUNK_DAYS])


def day_portions(
    of_kind: Iterable[Mark], counts: Counts, *, most_slices: int = CHUNK_SLICES, most_runs: int
) -> Iterator[Portion]:
    """Portions of visits or of credit: days that follow each other together, because a day is read
    with the one before it; of one site after another.

    A statement reads all days between its first and its last of each of its sites. Runs of days
    that reach much further than others therefore make a portion of their own. ``most_runs`` of one
    portion; one slice alone may exceed the number of events.
    """
    by_day: dict[tuple[str, date], list[Mark]] = defaultdict(list)
    for mark in sorted(of_kind, key=lambda mark: mark.slice.bucket):
        by_day[mark.slice.site, mark.slice.day].append(mark)
    runs = runs_of(by_day, lambda site, day: [one.slice.bucket for one in by_day[site, day]])
    portion, held = Portion(), _Held()
    for site, first, count in sorted(runs, key=lambda run: (run[1], run[2], run[0])):
        if held.slices and held.is_wide_with(first, count):
            yield portion
            portion, held = Portion(), _Held()
        for day in (first + timedelta(days=number) for number in range(count)):
            for mark in by_day[site, day]:
                begins = held.begins(mark.slice)
                events = _size(counts, mark.slice, begins)
                full = (
                    len(portion.marks) >= most_slices
                    or portion.events + events > CHUNK_EVENTS
                    or portion.runs + begins > most_runs
                )
                if held.slices and full:
                    yield portion
                    portion, held = Portion(), _Held()
                    begins, events = True, _size(counts, mark.slice, True)
                portion.marks.append(mark)
                portion.events += events
                portion.runs += begins
                held.add(mark.slice, first, count)
    if held.slices:
        yield portion


@dataclass(slots=True)
class _Held:
    """The slices of a portion that is being filled, and the days between which they lie."""

    slices: set[Slice] = field(default_factory=set)
    first: date = date.max
    last: date = date.min
    shortest: int = 0

    def begins(self, piece: Slice) -> bool:
        """Whether the day before it has to be read for this slice."""
        return replace(piece, day=piece.day - ONE_DAY) not in self.slices

    def is_wide_with(self, first: date, count: int) -> bool:
        """Whether a run would make the statement read many days for others in vain."""
        last = max(self.last, first + timedelta(days=count - 1))
        width = (last - min(self.first, first)).days + 1
        return width > 2 * min(self.shortest, count) + 7

    def add(self, piece: Slice, first: date, count: int) -> None:
        """Hold a slice of this run."""
        self.slices.add(piece)
        self.first = min(self.first, piece.day)
        self.last = max(self.last, first + timedelta(days=count - 1))
        self.shortest = min(self.shortest or count, count)


def _size(counts: Counts, piece: Slice, begins: bool) -> int:
    """About how many events are read for a slice, the day before it too if it begins a run."""
    own = counts.get((piece.site, piece.day), 0)
    return own + counts.get((piece.site, piece.day - ONE_DAY), 0) if begins else own
