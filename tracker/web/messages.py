"""Translations of the messages that other parts write and people meet in pages.

Business code writes its messages in English with the values inside, several sentences in a row
where it has more to say. Each known message finds its values again, so that its translation can
carry them; what is not known is shown as it stands rather than not at all. What can reach a page
is known: a test compares this with the sources.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial

from tracker.errors import TrackerError
from tracker.spend.findings import KINDS
from tracker.web.i18n import DEFAULT, Language, msgid
from tracker.web.messages_accounts import ACCOUNTS
from tracker.web.messages_connections import CONNECTIONS
from tracker.web.messages_general import GENERAL
from tracker.web.messages_imports import CONVERSIONS, FILES, SPEND
from tracker.web.messages_invalid import INVALID
from tracker.web.messages_on_pages import ON_PAGES
from tracker.web.messages_rates import RATES
from tracker.web.messages_reports import REPORTS
from tracker.web.messages_sources import SOURCES

#: Messages, hints and parts of them, with the values as %(name)s, as the raising code writes them.
#: Words of findings about spend are written where they are found.
FINDINGS = tuple(words for _, words in KINDS.values())
KNOWN = (
    *(*GENERAL, *FILES, *SPEND, *CONVERSIONS, *FINDINGS, *CONNECTIONS, *ACCOUNTS, *RATES, *INVALID),
    *(*REPORTS, *SOURCES),
)

#: Columns as messages name them.
_FIELDS = {
    "day": msgid("Day"),
    "account": msgid("Account"),
    "campaign": msgid("Campaign"),
    "campaign id": msgid("Campaign ID"),
    "ad group": msgid("Ad group"),
    "ad group id": msgid("Ad group ID"),
    "keyword": msgid("Keyword"),
    "keyword id": msgid("Keyword ID"),
    "match type": msgid("Match type"),
    "device": msgid("Device"),
    "network": msgid("Network"),
    "filter": msgid("Filter"),
    "impressions": msgid("Impressions"),
    "clicks": msgid("Clicks"),
    "cost": msgid("Cost"),
    "currency": msgid("Currency"),
    "conversions": msgid("Conversions"),
    "value": msgid("Value"),
    "stage": msgid("Stage"),
    "time": msgid("Time"),
    "id": msgid("ID"),
    "e-mail": msgid("E-mail"),
    "email": msgid("E-mail"),
    "phone": msgid("Phone"),
}
#: Values that are texts of ours, by their name in the pattern, and what parts their entries.
#: All other values come from outside (names, cells) and stay as they are.
_OURS = {
    "message": "",
    "words": "",
    "reason": "",
    "expected": "",
    "where": "",
    "delimiter": "",
    "gone": "",
    "right": "",
    "needed": "",
    "field": "",
    "level": "",
    "part": "; ",
    "missing": "; ",
    "figures": "; ",
    "fields": " and ",
}
#: Values that are lists of names or days, with words between them.
_LISTS = frozenset({"names", "days", "falls", "columns"})
_MORE = re.compile(r" and ([0-9]+) more(?=[),.]|$)")
_FALL = re.compile(r": (\S+) to (\S+?)(?=,|$| and )")
_SPAN = re.compile(r"(?<=[0-9]) to (?=[0-9])")
_PAIR = re.compile(r"(?<=['\"]) and (?=['\"])")
#: A message is taken apart at no more places than this; what follows is one piece.
_SENTENCES = 20


def translated(speech: Language, error: TrackerError) -> tuple[str, str]:
    """Message and hint of an error in the language, in English where no translation is known."""
    return translated_text(speech, error.message), translated_text(speech, error.hint)


def translated_text(speech: Language, text: str) -> str:
    """A message of one or more sentences, or several of them in lines, in the language."""
    if speech.tag == DEFAULT:
        return _on_a_page(text)
    reader = _Reader(speech)
    return "\n".join(reader.read(line).text for line in text.split("\n"))


def _on_a_page(text: str) -> str:
    """An English text that names the page's fields where it named options of a command."""
    if "--" not in text and ": tracker " not in text:
        return text
    for known, words in ON_PAGES.items():
        text = _pattern(known).expression.sub(partial(_reworded, words), text)
    return text


def _reworded(words: str, match: re.Match[str]) -> str:
    return _filled(words, match.groupdict())


def translated_scope(speech: Language, text: str) -> str:
    """The part of a day that a spend file covers: ``all``, or ``device: mobile; network: …``."""
    if speech.tag == DEFAULT:
        return text
    return speech.gettext(msgid("All")) if text == "all" else _Reader(speech).value("part", text)


def translated_outcome(speech: Language, text: str) -> str:
    """Why a run failed: a message, or one after the name of the file that it is about."""
    if speech.tag == DEFAULT:
        return _on_a_page(text)
    name, sign, rest = text.partition(": ")
    reader = _Reader(speech)
    after_name = bool(sign) and reader.read(rest).sure > reader.read(text).sure
    return (
        f"{name}：{translated_text(speech, rest)}" if after_name else translated_text(speech, text)
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    """A translation, and how many characters of the original it is sure of."""

    text: str
    sure: int


@dataclass(slots=True)
class _Reader:
    """Reads a line as that sequence of known messages which explains most of its characters."""

    speech: Language
    _read: dict[str, _Reading] = field(default_factory=dict)

    def read(self, text: str, depth: int = 0) -> _Reading:
        """The best reading of a text; the text itself where nothing is known."""
        known = self._read.get(text)
        if known is None:
            known = self._read[text] = self._best(text, depth)
        return known

    def _best(self, text: str, depth: int) -> _Reading:
        best = self._whole(text)
        if depth >= _SENTENCES:
            return best
        for match in re.finditer(r"(?<=[.。]) +", text):
            head = self._whole(text[: match.start()])
            rest = self.read(text[match.end() :], depth + 1)
            if head.sure + rest.sure > best.sure:
                best = _Reading(_joined(head.text, rest.text), head.sure + rest.sure)
        return best

    def _whole(self, text: str) -> _Reading:
        """The text as one known message."""
        best = _Reading(text, 0)
        for known in KNOWN:
            pattern = _pattern(known)
            if len(text) < pattern.sure or not text.startswith(pattern.start):
                continue
            match = pattern.expression.fullmatch(text)
            if match is None:
                continue
            values = {name: self._value(name, one) for name, one in match.groupdict().items()}
            sure = pattern.sure + sum(value.sure for value in values.values())
            if sure > best.sure:
                texts = {name: value.text for name, value in values.items()}
                best = _Reading(_filled(self.speech.gettext(known), texts), sure)
        return best

    def value(self, name: str, text: str) -> str:
        """A value of a message in the language, by the name that patterns give it."""
        return self._value(name, text).text

    def _value(self, name: str, text: str) -> _Reading:
        if name in _LISTS:
            return _Reading(self._list(text), 0)
        if name not in _OURS:
            return _Reading(text, 0)
        separator = _OURS[name]
        parts = [self._part(part) for part in (text.split(separator) if separator else [text])]
        joint = "；" if separator == "; " else "、"
        return _Reading(joint.join(part.text for part in parts), sum(part.sure for part in parts))

    def _part(self, text: str) -> _Reading:
        """A name of a column, ``device: mobile``, or a message in the message."""
        name, sign, rest = text.partition(": ")
        if name not in _FIELDS:
            return self.read(text)
        title = self.speech.gettext(_FIELDS[name])
        return _Reading(f"{title}：{rest}" if sign else title, len(name))

    def _list(self, text: str) -> str:
        """``a, b and 3 more`` and ``2026-03-01 to 2026-03-07``, without touching the names."""
        more = self.speech.gettext(msgid(" and %(count)s more"))
        text = _MORE.sub(lambda match: more % {"count": match[1]}, text)
        fall = self.speech.gettext(msgid(": %(before)s to %(after)s"))
        text = _FALL.sub(lambda match: fall % {"before": match[1], "after": match[2]}, text)
        text = _PAIR.sub(self.speech.gettext(msgid(" and ")), text)
        return _SPAN.sub(self.speech.gettext(msgid(" to ")), text)


@dataclass(frozen=True, slots=True)
class _Pattern:
    expression: re.Pattern[str]
    start: str
    sure: int


@lru_cache(maxsize=1024)
def _pattern(known: str) -> _Pattern:
    texts = re.split(r"%\((?:\w+)\)s", known)
    names = re.findall(r"%\((\w+)\)s", known)
    parts = [re.escape(texts[0])]
    for name, text in zip(names, texts[1:], strict=True):
        parts += [f"(?P<{name}>.+?)", re.escape(text)]
    return _Pattern(re.compile("".join(parts), re.DOTALL), texts[0], sum(map(len, texts)))


def _filled(text: str, values: Mapping[str, str]) -> str:
    # A text without values is no format: it may hold a bare per cent sign.
    return text % values if values else text


def _joined(head: str, rest: str) -> str:
    """Two sentences: with a space between them unless the first ends as Chinese does."""
    return f"{head}{rest}" if head.endswith(("。", "；", "：")) else f"{head} {rest}"
