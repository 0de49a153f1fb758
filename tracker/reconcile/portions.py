"""Marks dealt into builds: each reads a bounded number of events, and few that it does not need."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from tracker.accounts.marks import Mark, Slice
from tracker.reconcile.calendar import ONE_DAY, runs_of

#: Events that one sessionising statement may read: bounds its memory, some 500 bytes an event. Most
#: of what a small build takes is planning, so that large ones make long histories faster.
CHUNK_EVENTS = 400_000
#: A slice of more events is a portion alone, in passes of so many events: what is long anyway need
#: not take much memory.
LARGE_SLICE = 80_000
PASS_EVENTS = 50_000
#: Visit slices of one build.
CHUNK_SLICES = 20_000
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


def passes_of(slices: int, events: int) -> int:
    """Into how many statements the visitors of these slices are dealt, which have so many events;
    more than one for a large slice alone."""
    return -(-events // PASS_EVENTS) if slices == 1 and events > LARGE_SLICE else 1


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
    held = _Held()
    for site, first, count in sorted(runs, key=lambda run: (run[1], run[2], run[0])):
        if held.portion.marks and held.is_wide_with(first, count):
            yield held.portion
            held = _Held()
        before = counts.get((site, first - ONE_DAY), 0)
        for number in range(count):
            day = first + timedelta(days=number)
            own = counts.get((site, day), 0)
            for mark in by_day[site, day]:
                begins = held.begins(mark.slice)
                events = own + before if begins else own
                full = (
                    len(held.portion.marks) >= most_slices
                    or held.portion.events + events > CHUNK_EVENTS
                    or events > LARGE_SLICE
                    or passes_of(len(held.portion.marks), held.portion.events) > 1
                    or held.portion.runs + begins > most_runs
                )
                if held.portion.marks and full:
                    yield held.portion
                    held = _Held()
                    begins, events = True, own + before
                held.add(mark, events, begins)
            held.reach(day, first, count)
            before = own
    if held.portion.marks:
        yield held.portion


@dataclass(slots=True)
class _Held:
    """A portion that is being filled, the last day of each site and bucket in it, and the days
    between which its runs lie."""

    portion: Portion = field(default_factory=Portion)
    latest: dict[tuple[str, int], int] = field(default_factory=dict)
    first: date = date.max
    last: date = date.min
    shortest: int = 0

    def begins(self, piece: Slice) -> bool:
        """Whether the day before it has to be read for this slice."""
        return self.latest.get((piece.site, piece.bucket)) != piece.day.toordinal() - 1

    def is_wide_with(self, first: date, count: int) -> bool:
        """Whether a run would make the statement read many days for others in vain."""
        last = max(self.last, first + timedelta(days=count - 1))
        width = (last - min(self.first, first)).days + 1
        return width > 2 * min(self.shortest, count) + 7

    def add(self, mark: Mark, events: int, begins: bool) -> None:
        """Hold a slice that takes so many events to read."""
        self.portion.marks.append(mark)
        self.portion.events += events
        self.portion.runs += begins
        self.latest[mark.slice.site, mark.slice.bucket] = mark.slice.day.toordinal()

    def reach(self, day: date, first: date, count: int) -> None:
        """Hold a day of this run."""
        self.first = min(self.first, day)
        self.last = max(self.last, first + timedelta(days=count - 1))
        self.shortest = min(self.shortest or count, count)
