"""Messages about reports of invalid clicks, as the raising code writes them."""

from __future__ import annotations

from tracker.web.i18n import msgid

INVALID = (
    msgid("%(name)s has no column for day and invalid clicks; it has: %(titles)s."),
    msgid("Columns are 日期, 过滤点击量 and 过滤金额, as in 360's 无效点击报告."),
    msgid("Write all amounts with one decimal sign."),
    msgid("%(cell)s is no number of clicks."),
    msgid("%(cell)s is no amount from 0 on with at most six decimals."),
    msgid("The file has more than %(count)s days."),
    msgid("The rows of %(day)s add up to more than is kept of a day."),
    msgid("Check the file: it has no report of this kind."),
)
