"""Dated rules of what an ad account's cost really is: fees, tax, recharges with rebate.

- ``fee``: ``value`` percent of the platform cost on top (服务费);
- ``vat``: ``value`` percent on everything (增值税);
- ``recharge``: ``value`` was paid for ``credit`` of balance (返点): from that day until the next
  recharge, cost is paid at the ratio ``value / credit`` (现金比);
- ``monthly``: ``value`` a month, in ``currency``, spread over its days.

A rule holds from ``first`` to ``last``, both included; None is open. The arithmetic is in
``tracker/spend/cost_rules.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, get_args

from sqlalchemy import Engine, delete, insert, select
from sqlalchemy.exc import IntegrityError

from tracker.accounts import schema
from tracker.accounts.ad_accounts import get_ad_account
from tracker.accounts.clock import utc_now
from tracker.accounts.database import write
from tracker.accounts.identifiers import new_id
from tracker.errors import InvalidInput, NotFound
from tracker.money import LIMIT, STEP, parse_amount, parse_currency
from tracker.period import parse_day

RuleKind = Literal["fee", "vat", "recharge", "monthly"]
#: Percent that a fee or tax may have.
MOST_PERCENT = Decimal(100)
#: Cash for each unit of balance, at most: more is a mistake.
MOST_RATIO = 10
#: Rules of one account.
MOST_RULES = 2000

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class CostRule:
    """One rule of an account, (tenant, platform, account)."""

    id: str
    tenant: str
    platform: str
    account: str
    kind: RuleKind
    first: date
    last: date | None
    value: Decimal
    credit: Decimal | None
    currency: str | None
    note: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class RuleDraft:
    """A rule as somebody enters it; ``currency`` None is the account's own."""

    kind: str
    first: date
    last: date | None
    value: Decimal
    credit: Decimal | None = None
    currency: str | None = None
    note: str = ""


def rule_draft(fields: Mapping[str, str]) -> RuleDraft:
    """A rule from plain texts: ``kind``, ``first``, ``value``, and what is not empty of ``last``,
    ``credit``, ``currency``, ``note``. InvalidInput names what cannot be read."""
    last, credit = fields.get("last", ""), fields.get("credit", "")
    return RuleDraft(
        kind=fields.get("kind", "").strip(),
        first=parse_day(fields.get("first", "")),
        last=parse_day(last) if last.strip() else None,
        value=parse_amount(fields.get("value", "")),
        credit=parse_amount(credit) if credit.strip() else None,
        currency=fields.get("currency", "").strip() or None,
        note=fields.get("note", ""),
    )


def add_cost_rule(
    db: Engine, key: Key, draft: RuleDraft, *, now: datetime | None = None
) -> CostRule:
    """Store a rule. The caller marks the spend of the account's sites from its first day on.

    InvalidInput for values that make no sense, NotFound for an account that does not exist.
    """
    account = get_ad_account(db, *key)
    currency = _checked(draft, account.currency)
    others = cost_rules(db, [key])
    if len(others) >= MOST_RULES:
        raise InvalidInput(f"The account has {MOST_RULES} rules; no more are allowed.")
    used = next((one.currency for one in others if one.currency), currency)
    if currency and currency != used:
        raise InvalidInput(
            f"Monthly fees of this account are in {used}, not in {currency}.",
            hint="Enter the fee in that currency.",
        )
    rule = CostRule(
        new_id(), *key, draft.kind, draft.first, draft.last, draft.value,  # type: ignore[arg-type]
        draft.credit if draft.kind == "recharge" else None, currency, draft.note.strip()[:200],
        now or utc_now(),
    )  # fmt: skip
    values = {name: getattr(rule, name) for name in CostRule.__dataclass_fields__}
    try:
        with write(db) as connection:
            connection.execute(insert(schema.cost_rules).values(**values))
    except IntegrityError as error:
        raise NotFound(f"No ad account {key[2]!r} at {key[1]}.") from error
    return rule


def remove_cost_rule(db: Engine, key: Key, rule: str) -> CostRule:
    """Remove a rule of this account and return it, or NotFound."""
    found = next((one for one in cost_rules(db, [key]) if one.id == rule), None)
    if found is None:
        raise NotFound(f"The {key[1]} account {key[2]!r} has no cost rule {rule!r}.")
    with write(db) as connection:
        connection.execute(delete(schema.cost_rules).where(schema.cost_rules.c.id == rule))
    return found


def cost_rules(db: Engine, keys: Iterable[Key]) -> list[CostRule]:
    """The rules of these accounts, oldest first."""
    table, wanted = schema.cost_rules, set(keys)
    if not wanted:
        return []
    query = (
        select(table)
        .where(table.c.tenant.in_({tenant for tenant, _, _ in wanted}))
        .order_by(table.c.first, table.c.created_at, table.c.id)
    )
    with db.connect() as connection:
        rules = [CostRule(**row._mapping) for row in connection.execute(query)]
    return [one for one in rules if (one.tenant, one.platform, one.account) in wanted]


def _checked(draft: RuleDraft, home: str | None) -> str | None:
    """The currency of the rule; InvalidInput if something about it makes no sense."""
    if draft.kind not in get_args(RuleKind):
        allowed = ", ".join(get_args(RuleKind))
        raise InvalidInput(
            f"Unknown kind of cost rule {draft.kind!r}.", hint=f"Allowed: {allowed}."
        )
    if draft.last is not None and draft.last < draft.first:
        raise InvalidInput(f"The rule ends ({draft.last}) before it begins ({draft.first}).")
    if abs(draft.value) > LIMIT or draft.value != draft.value.quantize(STEP) or draft.value < 0:
        raise InvalidInput(
            f"{draft.value} is no value of a cost rule.",
            hint="Allowed: a number from 0 with at most six decimal places.",
        )
    if draft.kind in ("fee", "vat") and draft.value > MOST_PERCENT:
        raise InvalidInput(f"{draft.value} per cent is more than {MOST_PERCENT}.")
    if draft.kind == "recharge":
        _check_recharge(draft)
    if draft.kind != "monthly":
        return None
    currency = draft.currency or home
    if not currency:
        raise InvalidInput("The currency of the monthly fee is not known.", hint="Name it.")
    return parse_currency(currency)


def _check_recharge(draft: RuleDraft) -> None:
    if draft.credit is None or draft.credit <= 0 or draft.credit > LIMIT:
        raise InvalidInput(
            "A recharge needs what was credited for the cash, more than 0.",
            hint="Paid 8000 for a balance of 10000: value 8000, credit 10000.",
        )
    if draft.value > draft.credit * MOST_RATIO:
        raise InvalidInput(
            f"{draft.value} was paid for a balance of {draft.credit}: that is more than "
            f"{MOST_RATIO} times as much.",
            hint="See whether cash and balance were exchanged.",
        )
