"""Messages about ad accounts and the rules of their cost, as the raising code writes them."""

from __future__ import annotations

from tracker.web.i18n import msgid

ACCOUNTS = (
    msgid("No ad account %(value)s at %(platform)s."),
    msgid("You may not change what belongs to that site."),
    msgid("There is no site %(value)s that the account could belong to."),
    msgid("The %(platform)s account %(value)s has no cost rule %(rule)s."),
    msgid("The account has %(count)s rules; no more are allowed."),
    msgid("Monthly fees of this account are in %(known)s, not in %(currency)s."),
    msgid("Enter the fee in that currency."),
    msgid("Unknown kind of cost rule %(value)s."),
    msgid("The rule ends (%(last)s) before it begins (%(first)s)."),
    msgid("%(value)s is no value of a cost rule."),
    msgid("Allowed: a number from 0 with at most six decimal places."),
    msgid("%(value)s per cent is more than %(limit)s."),
    msgid("The currency of the monthly fee is not known."),
    msgid("Name it."),
    msgid("A recharge needs what was credited for the cash, more than 0."),
    msgid("Paid 8000 for a balance of 10000: value 8000, credit 10000."),
    msgid(
        "%(value)s was paid for a balance of %(credit)s: that is more than %(count)s times as much."
    ),
    msgid("See whether cash and balance were exchanged."),
)
