"""Messages about exchange rates, as the raising code writes them."""

from __future__ import annotations

from tracker.web.i18n import msgid

RATES = (
    msgid("%(value)s is not a rate."),
    msgid("Write it as 7.1042: above 0, with at most nine decimal places."),
    msgid("Base and quote are both %(currency)s."),
    msgid("A currency needs no rate against itself."),
    msgid("No rate %(base)s/%(quote)s from %(first)s to %(last)s."),
    msgid("%(value)s is not a rate: a number above 0 and below %(limit)s."),
    msgid("The rate %(value)s has more than nine decimals."),
    msgid("Columns are day, base, quote, rate and optionally until; or --map rate=…"),
    msgid("day, base, quote and rate"),
    msgid("Line %(line)s has another rate for %(base)s/%(quote)s on %(day)s."),
    msgid("The range %(first)s to %(last)s is upside down or longer than ten years."),
    msgid("Write all rates with one decimal sign."),
    msgid("The file has more than %(count)s rates."),
    msgid("Split it."),
    msgid("Exchange rates hold for every site of the company."),
    msgid("Ask somebody who administers all of them."),
)
