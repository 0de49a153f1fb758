"""Messages about what a report is asked for, as the raising code writes them."""

from __future__ import annotations

from tracker.web.i18n import msgid

REPORTS = (
    msgid("Unknown dimension %(value)s."),
    msgid("Unknown metric %(value)s."),
    msgid("At most %(count)s dimensions can be chained."),
    msgid("No metric is named."),
    msgid("The report cannot be sorted by %(value)s."),
    msgid("The markov model is not available in breakdowns."),
    msgid("The filter is longer than %(count)s characters."),
    msgid("The filter has more than %(count)s brackets within another."),
    msgid("The filter has more than %(count)s conditions."),
    msgid("The filter has %(value)s where %(expected)s should be."),
    msgid("The filter ends where %(expected)s should be."),
    msgid("Write it as: %(value)s."),
    msgid("a closing quote"),
    msgid("a closing bracket"),
    msgid("and, or, or the end"),
    msgid("the name of a dimension"),
    msgid("is, contains or matches"),
    msgid("a value"),
    msgid("A page of a visit and its landing page are not known together."),
    msgid("Leave out one of: %(names)s."),
    msgid("The filter's regular expression %(value)s cannot be read."),
    msgid("The syntax is RE2's."),
    msgid("The report has more than %(count)s rows."),
    msgid("The view's address has %(count)s characters; at most %(most)s are kept."),
    msgid("Shorten its filter."),
    msgid("The site has %(count)s views; no more are kept."),
    msgid("Remove one first."),
    msgid("No view %(value)s."),
    msgid("What to look for is longer than %(count)s characters."),
    msgid("More than %(count)s people have tags."),
    msgid("Leave out person_tag."),
    msgid("Choose fewer dimensions, a shorter period or a filter."),
)
