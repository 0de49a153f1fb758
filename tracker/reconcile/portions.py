"""Marks dealt into builds: each reads a bounded number of events, and few that it does not need."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import chain

from tracker.accounts.marks import Mark, Slice
from tracker.reconcile.calendar import runs_of

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

    def halves(self) -> list[Portion]:
        """Two portions with half of the sites each, of one site with half of its days; none of one
        day of a site."""
        of_site = len({piece.site for piece in self.slices}) > 1
        keys = [str(piece.site if of_site else piece.day) for piece in self.slices]
        values = sorted(set(keys))
        if len(values) == 1:
            return []
        first = set(values[: len(values) // 2])
        parts = (
            [mark for mark, key in zip(self.marks, keys, strict=True) if (key in first) is is_first]
            for is_first in (True, False)
        )
        return [Portion(marks) for marks in parts]


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
    held = _Held(most_slices, most_runs)
    for run in sorted(_runs(of_kind, counts), key=lambda run: (run.first, run.count, run.site)):
        # Of a run that is dealt to several portions each reads what it does not need: one that does
        # not fit begins a portion.
        fits = not held.is_wide_with(run) and held.add_whole(run)
        if not fits and held.portion.marks:
            yield held.portion
            held = _Held(most_slices, most_runs)
            fits = held.add_whole(run)
        if fits:
            continue
        before, *events = run.events
        begun = run.first
        for number, own in enumerate(events):
            day = run.first + timedelta(days=number)
            for mark in run.days[number]:
                begins = held.begins(mark.slice)
                taken = own + before if begins else own
                fits = taken <= LARGE_SLICE and held.has_room(1, taken, begins)
                if held.portion.marks and not fits:
                    yield held.portion
                    held = _Held(most_slices, most_runs)
                    begins, taken, begun = True, own + before, day
                held.add(mark, taken, begins)
            held.reach(begun, run)
            before = own
    if held.portion.marks:
        yield held.portion


@dataclass(frozen=True, slots=True)
class _Run:
    """Days of a site that follow each other and have the same buckets: the marks of each, and about
    how many events a slice has of the day before them and of each."""

    site: str
    first: date
    days: Sequence[Sequence[Mark]]
    events: Sequence[int]

    @property
    def count(self) -> int:
        """Its number of days."""
        return len(self.days)

    @property
    def last(self) -> date:
        """Its last day."""
        return self.first + timedelta(days=self.count - 1)


def _runs(of_kind: Iterable[Mark], counts: Counts) -> Iterator[_Run]:
    of_site: dict[str, dict[date, list[Mark]]] = defaultdict(lambda: defaultdict(list))
    for mark in of_kind:
        of_site[mark.slice.site][mark.slice.day].append(mark)
    for site, of_day in of_site.items():
        for marks in of_day.values():
            marks.sort(key=lambda mark: mark.slice.bucket)
        buckets = {day: tuple(mark.slice.bucket for mark in marks) for day, marks in of_day.items()}
        for first, count, _ in runs_of(sorted(of_day), buckets.__getitem__):
            days = [first + timedelta(days=number) for number in range(-1, count)]
            events = [counts.get((site, day), 0) for day in days]
            yield _Run(site, first, [of_day[day] for day in days[1:]], events)


@dataclass(slots=True)
class _Held:
    """A portion that is being filled, with so many slices and runs at most; the last day of each
    site and bucket in it, and the days between which its runs lie."""

    most_slices: int
    most_runs: int
    portion: Portion = field(default_factory=Portion)
    latest: dict[tuple[str, int], int] = field(default_factory=dict)
    first: date = date.max
    last: date = date.min
    shortest: int = 0

    def begins(self, piece: Slice) -> bool:
        """Whether the day before it has to be read for this slice."""
        return self.latest.get((piece.site, piece.bucket)) != piece.day.toordinal() - 1

    def has_room(self, slices: int, events: int, runs: int) -> bool:
        """Whether so much more fits; nothing beside a large slice, which is built in passes."""
        held = self.portion
        return (
            passes_of(len(held.marks), held.events) == 1
            and len(held.marks) + slices <= self.most_slices
            and held.events + events <= CHUNK_EVENTS
            and held.runs + runs <= self.most_runs
        )

    def is_wide_with(self, run: _Run) -> bool:
        """Whether a run would make the statement read many days for others in vain."""
        if not self.portion.marks:
            return False
        width = (max(self.last, run.last) - min(self.first, run.first)).days + 1
        return width > 2 * min(self.shortest, run.count) + 7

    def add_whole(self, run: _Run) -> bool:
        """Hold a run, if all of it fits; whether it does."""
        before, *events = run.events
        marks, begin = [*chain(*run.days)], sum(self.begins(one.slice) for one in run.days[0])
        taken = len(run.days[0]) * sum(events) + begin * before
        fits = max(events) + before <= LARGE_SLICE and self.has_room(len(marks), taken, begin)
        if fits:
            self.portion.marks += marks
            self.portion.events += taken
            self.portion.runs += begin
            last = run.last.toordinal()
            self.latest |= {(run.site, mark.slice.bucket): last for mark in run.days[0]}
            self.reach(run.first, run)
        return fits

    def add(self, mark: Mark, events: int, begins: bool) -> None:
        """Hold a slice that takes so many events to read."""
        self.portion.marks.append(mark)
        self.portion.events += events
        self.portion.runs += begins
        self.latest[mark.slice.site, mark.slice.bucket] = mark.slice.day.toordinal()

    def reach(self, begun: date, run: _Run) -> None:
        """Hold the days of this run from one on."""
        count = (run.last - begun).days + 1
        self.first = min(self.first, begun)
        self.last = max(self.last, run.last)
        self.shortest = min(self.shortest or count, count)
