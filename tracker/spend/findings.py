"""Findings about the cost of a site: their kinds, how bad each is, and their words."""

from __future__ import annotations

from datetime import date

import msgspec

from tracker.accounts.ad_accounts import AdAccount

#: Worst first.
SEVERITIES = ("error", "warning", "information")


def msgid(text: str) -> str:
    """Marks words for the catalogue of translations; pages look them up by what they are here."""
    return text


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something to look at. ``kind`` and ``values`` are for programs, ``detail`` for people; days
    are YYYY-MM-DD or null."""

    kind: str
    severity: str
    platform: str
    account: str
    first: str | None = msgspec.field(name="from")
    last: str | None = msgspec.field(name="to")
    detail: str
    values: dict[str, str]


#: Each kind: how bad it is, and its words.
KINDS = {
    "source_failed": ("error", msgid("The source %(source)s does not deliver: %(words)s")),
    "counted_twice": (
        "error",
        msgid(
            "The accounts %(account)s and %(other)s have the same cost on %(count)s days, last on "
            "%(day)s: one of them is probably the other under another name, and counted twice."
        ),
    ),
    "currency_mismatch": (
        "error",
        msgid("The account is kept in %(known)s, and its cost of %(days)s came in %(found)s."),
    ),
    "rate_missing": (
        "warning",
        msgid(
            "No exchange rate %(base)s/%(quote)s for %(days)s (days: %(count)s): the cost of these "
            "days is unknown in the reports."
        ),
    ),
    "file_waits": (
        "warning",
        msgid(
            "The file %(file)s waits for a decision on the page Imports since %(day)s: %(words)s"
        ),
    ),
    "days_missing": ("warning", msgid("No cost was imported for %(days)s (days: %(count)s).")),
    "old_numbers": (
        "warning",
        msgid("The newest cost is of %(day)s, %(age)s days ago; it was imported on %(imported)s."),
    ),
    "spend_stopped": (
        "warning",
        msgid("Nothing was spent since %(day)s, after %(amount)s %(currency)s a day before."),
    ),
    "unallocated_jump": (
        "warning",
        msgid(
            "%(now)s of the cost of the last %(count)s days belongs to no keyword; before it was "
            "%(before)s."
        ),
    ),
    "not_linked": ("warning", msgid("The account has spend and belongs to no site.")),
    "timezone_mismatch": (
        "information",
        msgid(
            "The account's days are those of %(known)s, the site's those of %(site)s: cost and "
            "visits of a day are not of the same hours."
        ),
    ),
    "overlap": (
        "information",
        msgid("%(days)s came from several sources (%(sources)s); %(source)s counts, once."),
    ),
    "totals_old": (
        "information",
        msgid(
            "The account's total of %(days)s is older than its rows, so the gap between them is "
            "not counted until totals are pulled again."
        ),
    ),
}


def span(first: date, last: date) -> str:
    """Days as words."""
    return first.isoformat() if first == last else f"{first} to {last}"


def finding(
    kind: str,
    account: AdAccount,
    first: date | None = None,
    last: date | None = None,
    **values: object,
) -> Finding:
    """A finding of this kind; ``values`` are those of its words."""
    severity, words = KINDS[kind]
    texts = {"account": account.account} | {name: str(value) for name, value in values.items()}
    return Finding(
        kind=kind,
        severity=severity,
        platform=account.platform,
        account=account.account,
        first=first.isoformat() if first else None,
        last=last.isoformat() if last else None,
        detail=words % texts,
        values=texts,
    )
