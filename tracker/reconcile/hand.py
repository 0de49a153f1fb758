"""What one run of the reconciler has in hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Engine

from tracker.accounts import marks
from tracker.accounts.marks import Mark, Slice
from tracker.errors import StatementUnfit
from tracker.reconcile.pace import Pace

#: Marks taken by one round, and at most so many of one site. A round of so many takes ten to
#: thirty seconds, and so long a new mark waits at most.
ROUND = 80_000
PER_SITE = 4_000


@dataclass(slots=True)
class Hand:
    """What one run may take, the slices that it has taken and not yet published, and those that
    cannot be built, with the first reason."""

    rounds: int | None
    pace: Pace | None
    slices: set[Slice] = field(default_factory=set)
    refused: set[Slice] = field(default_factory=set)
    reason: StatementUnfit | None = None
    refusals: int = 0

    def take(self, db: Engine) -> list[Mark]:
        """The marks of another round; none without more rounds, or when nothing else is due."""
        if self.rounds == 0:
            return []
        # Those in hand are still marked, and come first as they are older.
        of_one = max(Counter(piece.site for piece in self.slices).values(), default=0)
        taken = marks.take(db, ROUND + len(self.slices), PER_SITE + of_one)
        due = [mark for mark in taken if mark.slice not in self.slices]
        if self.pace is not None:
            due = self.pace.due(due)
        if due and self.rounds is not None:
            self.rounds -= 1
        return due

    def put_down(self, slices: Sequence[Slice], seconds: float) -> None:
        """These have been published, and took so long."""
        self.slices.difference_update(slices)
        if self.pace is not None:
            self.pace.took(slices, seconds)

    def refuse(self, slices: Sequence[Slice], reason: StatementUnfit) -> None:
        """These cannot be built, and are not taken again by this run."""
        self.refused.update(slices)
        self.slices.update(slices)
        self.reason = self.reason or reason
        if self.pace is not None:
            self.pace.rest(slices)
