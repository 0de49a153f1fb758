"""Expected revenue of open leads: P(order | stage, age) × the mean value of an order.

P comes from the site's own leads that are decided: ordered, closed (invalid, lost), or open for
more than ``STALE`` days, which counts as not ordered. Of those that stayed in the stage at least
as long as the lead in question has, the share that ordered later; where few did, it is drawn
towards the share of the whole stage, and that towards the share of all leads:

    p0          = (orders + 1) / (decided + 2)
    p(stage)    = (orders of the stage + K p0) / (decided of the stage + K)
    p(stage, a) = (orders of those that stayed ≥ a + K p(stage)) / (those that stayed ≥ a + K)

with K = ``PRIOR`` leads. Exact fractions; no simulation.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from tracker.accounts.pipeline import CLOSED, WON, Pipeline
from tracker.money import CENT

#: An open lead older than this counts as one that will not order.
STALE = timedelta(days=365)
#: How many leads the share of the whole weighs.
PRIOR = 5


@dataclass(frozen=True, slots=True)
class Track:
    """A lead's steps through the stages: (time, stage key), in order; at least one."""

    lead: str
    steps: Sequence[tuple[datetime, str]]


@dataclass(frozen=True, slots=True)
class OpenLead:
    """A lead that may still order: its stage, the days it has been there, and its chance."""

    lead: str
    stage: str
    days: int
    chance: Fraction


@dataclass(frozen=True, slots=True)
class _Stay:
    """How long a decided lead stayed in a stage, and whether it ordered later."""

    stage: str
    length: timedelta
    ordered: bool


def open_leads(tracks: Iterable[Track], pipeline: Pipeline, now: datetime) -> list[OpenLead]:
    """The open leads with their chances, in the order of ``tracks``."""
    won, closed = set(pipeline.keys(*WON)), set(pipeline.keys(*CLOSED))
    stays: list[_Stay] = []
    waiting: list[Track] = []
    orders = decided = 0
    for track in tracks:
        ordered = next((n for n, (_, stage) in enumerate(track.steps) if stage in won), None)
        over = ordered is not None or track.steps[-1][1] in closed
        if not over and now - track.steps[-1][0] <= STALE:
            waiting.append(track)
            continue
        decided += 1
        orders += ordered is not None
        stays += _stays(track, ordered, now)
    chances = _Chances(stays, Fraction(orders + 1, decided + 2))
    return [_open(track, chances, now) for track in waiting]


def expected_value(chance: Fraction, mean: Decimal, cent: Decimal = CENT) -> Decimal:
    """Chance × mean, to a ``cent``."""
    exact = mean * Decimal(chance.numerator) / Decimal(chance.denominator)
    return exact.quantize(cent, ROUND_HALF_UP)


def _open(track: Track, chances: _Chances, now: datetime) -> OpenLead:
    since, stage = track.steps[-1]
    age = max(now - since, timedelta())
    return OpenLead(track.lead, stage, age.days, chances.of(stage, age))


def _stays(track: Track, ordered: int | None, now: datetime) -> list[_Stay]:
    """The stages of a decided lead up to its order."""
    found = []
    for n, (entered, stage) in enumerate(track.steps[:ordered]):
        left = track.steps[n + 1][0] if n + 1 < len(track.steps) else now
        found.append(_Stay(stage, left - entered, ordered is not None))
    return found


class _Chances:
    """Shares of leads that ordered, by stage and by how long they stayed there."""

    def __init__(self, stays: Sequence[_Stay], overall: Fraction) -> None:
        self._overall = overall
        by_stage: dict[str, list[_Stay]] = defaultdict(list)
        for stay in stays:
            by_stage[stay.stage].append(stay)
        self._lengths: dict[str, list[timedelta]] = {}
        #: By stage and place: how many of the stays from there on ended in an order.
        self._orders: dict[str, list[int]] = {}
        for stage, found in by_stage.items():
            found.sort(key=lambda stay: stay.length)
            self._lengths[stage] = [stay.length for stay in found]
            tail = [0]
            for stay in reversed(found):
                tail.append(tail[-1] + stay.ordered)
            self._orders[stage] = tail[::-1]

    def of(self, stage: str, age: timedelta) -> Fraction:
        """P(order | in the stage for ``age``)."""
        lengths = self._lengths.get(stage, [])
        orders = self._orders.get(stage, [0])
        whole = (orders[0] + PRIOR * self._overall) / Fraction(len(lengths) + PRIOR)
        place = bisect_left(lengths, age)
        return (orders[place] + PRIOR * whole) / Fraction(len(lengths) - place + PRIOR)
