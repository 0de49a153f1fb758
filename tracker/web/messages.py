"""Translations of the error messages that people meet in pages.

Business code writes its messages in English with the values inside. Each pattern here finds the
values of one message again, so that its translation can carry them; a message without a pattern
is shown as it stands rather than not at all.
"""

from __future__ import annotations

import re

from tracker.errors import TrackerError
from tracker.web.i18n import Language, msgid

#: Messages and hints with the values as %(name)s, exactly as the raising code writes them.
KNOWN = (
    msgid("Unknown time zone %(value)s."),
    msgid("Use an IANA name such as Asia/Shanghai or UTC."),
    msgid("Not a day: %(value)s."),
    msgid("Write it as YYYY-MM-DD."),
    msgid("The period ends before it begins: %(first)s to %(last)s."),
    msgid("Swap --from and --to."),
    msgid("The period has %(days)s days; at most %(most)s are allowed."),
    msgid("Unknown currency %(value)s."),
    msgid("Use a three-letter ISO 4217 code such as CNY, USD."),
    msgid("Not an amount: %(value)s."),
    msgid("Write it as 1234.56."),
    msgid("Not a domain: %(value)s."),
    msgid("Write a host name such as www.example.com, without scheme, port or path."),
    msgid("The %(what)s needs a name."),
    msgid("A site needs at least one domain."),
    msgid("The margin is %(value)s; it must be above 0, at most 1, with up to six decimals."),
    msgid("Write 35 per cent as 0.35."),
    msgid("The visit timeout is %(value)s s; allowed are %(least)s to %(most)s s."),
    msgid("The lookback is %(value)s days; allowed are %(least)s to %(most)s."),
    msgid("The site %(site)s has a goal named %(goal)s already."),
    msgid("Choose another name, or remove that goal first."),
    msgid("The path pattern %(value)s does not begin with a slash."),
    msgid("Write the path only, such as /thank-you or /orders/*/done."),
    msgid("The path pattern %(value)s holds a query or fragment, which goals ignore."),
    msgid("Leave out everything from ? or # on."),
    msgid("The goal's pattern has %(count)s characters; 1 to 1000 are allowed."),
    msgid("Wrong e-mail or password."),
    msgid("Check both and try again."),
    msgid("Too many failed log-ins; try again in %(seconds)s s."),
    msgid("Not an e-mail address: %(value)s."),
    msgid("Write it as name@example.com."),
    msgid("The password has %(count)s characters; %(least)s to %(most)s are allowed."),
    msgid("No site %(value)s."),
    msgid("Check the key, or ask for access to it."),
    msgid("There is nothing at %(path)s."),
    msgid("Check the address."),
    msgid("Ask an owner of the account for it."),
    msgid("The server could not answer this request."),
    msgid("Try again; if it keeps failing, look into the server's log."),
    msgid("This form has expired or was sent from another site."),
    msgid("Go back, load the page again and repeat."),
    msgid("No file was sent."),
    msgid("Choose a file in the field %(field)s."),
    msgid("The file is empty."),
    msgid("Choose the file as it was downloaded."),
    msgid("This preview has expired."),
    msgid("Choose the file again; nothing was imported."),
    msgid("Not a column mapping: %(value)s."),
    msgid("Write field=column, such as cost=花费."),
    msgid("The request is larger than %(limit)s bytes."),
    msgid("Split the file."),
    msgid("Not a whole number for %(what)s: %(value)s."),
    msgid("The goal's value is %(value)s; allowed are 0 to %(most)s."),
    msgid("There is a user with the e-mail %(email)s already."),
    msgid("This installation has an owner already."),
    msgid("Log in, or ask the owner."),
    msgid("This installation is set up already."),
    msgid("Log in instead."),
    msgid("Only an owner of the account adds sites."),
    msgid("Account settings > Tracking > Final URL suffix"),
    msgid("Settings > Account level options > Final URL suffix"),
    msgid("Append it to the landing page of each keyword (访问URL), after ? or &"),
    msgid("Append it to the landing page of each keyword (访问网址), after ? or &"),
    msgid("Campaign settings > URL parameters"),
    msgid("No macros are known: append it to each keyword's landing page, with your own names"),
    msgid("Unknown %(name)s %(value)s."),
)


def translated(speech: Language, error: TrackerError) -> tuple[str, str]:
    """Message and hint of an error in the language, in English where no translation is known."""
    return translated_text(speech, error.message), translated_text(speech, error.hint)


def translated_text(speech: Language, text: str) -> str:
    """One message in the language."""
    for known in KNOWN:
        match = _pattern(known).fullmatch(text)
        if match:
            values = match.groupdict()
            # A text without values is no format: it may hold a bare per cent sign.
            return speech.gettext(known) % values if values else speech.gettext(known)
    return text


def _pattern(known: str) -> re.Pattern[str]:
    # re caches compiled patterns, and error pages are rare.
    escaped = re.escape(known)
    return re.compile(re.sub(r"%\\\((\w+)\\\)s", r"(?P<\1>.+?)", escaped), re.DOTALL)
