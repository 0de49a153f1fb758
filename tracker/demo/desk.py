"""The demo's sales desk: what became of each inquiry, stage by stage.

Deterministic: the same inquiry always ends in the same way. The better a keyword sells, the more of
its inquiries are valid.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from tracker.demo.history import Inquiry
from tracker.money import CENT

_INVALID = ("学生作业 a student", "推销 wants to sell to us", "无法联系 no answer")
_LOST = ("价格 too dear", "买了别家 bought elsewhere", "项目取消 project stopped")
#: Of so many orders one is given back in part.
_RETURNS = 4


@dataclass(frozen=True, slots=True)
class Step:
    """A row of the desk's table, by its own clock; ``email`` is the one that the inquiry left."""

    number: str
    lead: str
    time: datetime
    stage: str
    email: str
    value: Decimal | None = None
    reason: str = ""


def work_on(inquiries: Iterable[Inquiry], zone: ZoneInfo, now: datetime) -> list[Step]:
    """What the desk in this time zone has entered by ``now``, lead by lead."""
    return [
        step
        for number, inquiry in enumerate(inquiries, 1001)
        for step in _lead(f"IQ-{number}", inquiry, inquiry.time.astimezone(zone))
        if step.time <= now
    ]


def _lead(lead: str, inquiry: Inquiry, asked: datetime) -> Iterator[Step]:
    chance = random.Random(inquiry.email)
    day = timedelta(days=1)
    moment = asked

    def step(stage: str, value: Decimal | None = None, reason: str = "") -> Step:
        return Step(f"{lead}-{stage}", lead, moment, stage, inquiry.email, value, reason)

    yield step("inquiry")
    moment += timedelta(hours=chance.randrange(2, 40))
    valid = min(0.9, 0.35 + 1.8 * inquiry.keyword.order)
    if chance.random() > valid:
        yield step("invalid", reason=chance.choice(_INVALID))
        return
    yield step("valid")
    moment += timedelta(hours=chance.randrange(1, 30))
    yield step("contacted")
    if chance.random() < 0.35:
        moment += day * chance.randrange(1, 3)
        yield step("sample")
    worth = Decimal(inquiry.keyword.value * chance.randrange(60, 150)) / 100
    moment += day * chance.randrange(1, 3)
    yield step("quotation", (worth * Decimal("1.08")).quantize(CENT))
    signed = asked + day * (inquiry.campaign.lag + chance.randrange(-4, 5))
    moment = max(moment + day / 2, signed)
    if chance.random() > inquiry.keyword.order / valid:
        yield step("lost", reason=chance.choice(_LOST))
        return
    yield step("order", worth.quantize(CENT))
    moment += day * chance.randrange(5, 12)
    yield step("shipped")
    moment += day * chance.randrange(1, 10)
    yield step("payment", worth.quantize(CENT))
    if chance.randrange(_RETURNS) == 0:
        moment += day * 3
        back = -(worth / 10).quantize(CENT)
        yield Step(f"{lead}-returned", lead, moment, "order", inquiry.email, back)
