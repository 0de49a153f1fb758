"""The arithmetic of cost rules: from platform cost (账面消费) to what was really paid (实际现金).

    adjusted = (cost × cash ratio + cost × fee%) × (1 + vat%) + the day's part of monthly fees

- The cash ratio is that of the latest recharge on or before the day, else 1: by date, not by
  which recharge the money came from.
- Fees are percentages of the platform cost; several that hold on a day add up, as taxes do.
- A monthly fee is spread over the days of its calendar month by largest remainder, so that a whole
  month sums to it; a rule that begins or ends within a month has only its days' parts. It is taken
  as entered, with whatever tax is in it.

The factor of a day is rounded to 1e-12, the adjusted cost of an account's day to a millionth, once.
"""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal

from sqlalchemy import Engine

from tracker.accounts.ad_accounts import AdAccount
from tracker.accounts.cost_rules import CostRule, cost_rules

#: A factor is an integer of 1e-12.
PICO = 10**12
MICROS = 1_000_000
_EXACT = Context(prec=60, rounding=ROUND_HALF_UP)

#: (tenant, platform, account, day, factor, fee, currency), for site_spend.sql.
CostRow = tuple[str, str, str, date, int, int, str]


def cost_rows(db: Engine, accounts: Iterable[AdAccount], days: Iterable[date]) -> list[CostRow]:
    """What rules make of the cost of these accounts on these days, where any holds."""
    by_account: dict[tuple[str, str, str], list[CostRule]] = defaultdict(list)
    for rule in cost_rules(db, {(one.tenant, one.platform, one.account) for one in accounts}):
        by_account[rule.tenant, rule.platform, rule.account].append(rule)
    rows: list[CostRow] = []
    for key, rules in sorted(by_account.items()):
        for day in sorted(set(days)):
            held = [rule for rule in rules if holds(rule, day)]
            if held:
                rows.append(_row(key, day, held))
    return rows


def holds(rule: CostRule, day: date) -> bool:
    """Whether a rule holds on a day."""
    return rule.first <= day and (rule.last is None or day <= rule.last)


def factor(rules: Sequence[CostRule]) -> int:
    """What the rules that hold on a day make of its cost, in 1e-12; oldest rule first."""
    ratio, fee, vat = Decimal(1), Decimal(0), Decimal(0)
    for rule in rules:
        if rule.kind == "recharge" and rule.credit:
            ratio = _EXACT.divide(rule.value, rule.credit)
        elif rule.kind == "fee":
            fee += rule.value / 100
        elif rule.kind == "vat":
            vat += rule.value / 100
    exact = _EXACT.multiply(_EXACT.add(ratio, fee), 1 + vat)
    return int(_EXACT.multiply(exact, PICO).to_integral_value(ROUND_HALF_UP))


def day_part(monthly: Decimal, day: date) -> int:
    """A day's part of a monthly amount, in millionths; the days of a month sum to it."""
    micros = int(monthly * MICROS)
    length = calendar.monthrange(day.year, day.month)[1]
    return micros * day.day // length - micros * (day.day - 1) // length


def _row(key: tuple[str, str, str], day: date, rules: Sequence[CostRule]) -> CostRow:
    monthly = [rule for rule in rules if rule.kind == "monthly"]
    currency = next((rule.currency or "" for rule in monthly), "")  # one for all: see add_cost_rule
    return (*key, day, factor(rules), sum(day_part(one.value, day) for one in monthly), currency)
