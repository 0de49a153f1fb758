"""Filters of a breakdown: a small language, read into a tree.

    country is "DE", "AT" and (device is mobile or not landing_page contains "/blog")

``DIMENSION is VALUE, …`` compares exactly with any of the values, ``contains`` looks for any of
them in the text whatever its case, ``matches`` is a regular expression (RE2). ``not`` binds
closer than ``and``, ``and`` closer than ``or``. A value is quoted unless it is one word; a quote or
backslash within is written after a backslash, line breaks as ``\\n`` and ``\\r`` (forms would
change them); ``""`` is "not known".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from tracker.errors import InvalidInput
from tracker.reports.dimensions import OF_GOALS, dimension

#: More than two values of the longest kind, the paths of pages.
LONGEST = 5000
MOST_CONDITIONS = 40
DEEPEST = 20
OPERATORS = ("is", "contains", "matches")
_TOKEN = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([(),])|([^\s(),"]+))')
_HINT = 'Write it as: country is "DE" and not (landing_page contains "/blog").'


@dataclass(frozen=True, slots=True)
class Test:
    """One dimension against values."""

    dimension: str
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Join:
    """Parts of which all (``and``), any (``or``) or the only one not (``not``) must hold."""

    word: str
    parts: tuple[Condition, ...]


Condition = Test | Join


def read_filter(text: str) -> Condition | None:
    """The tree of a filter, None for an empty one; InvalidInput says what is wrong where."""
    if not text.strip():
        return None
    if len(text) > LONGEST:
        raise InvalidInput(f"The filter is longer than {LONGEST} characters.")
    reader = _Reader(text)
    found = reader.any_of(0)
    if reader.word or reader.is_quoted:
        reader.fail("and, or, or the end")
    return found


def tests_of(condition: Condition | None) -> Iterator[Test]:
    """Every test in the tree."""
    match condition:
        case Test():
            yield condition
        case Join():
            for part in condition.parts:
                yield from tests_of(part)


def naming(condition: Condition | None, *, holds: bool = True) -> Condition | None:
    """The part of the tree that says of which goals or stages a fact has to be; None where it only
    says of which not. A fact without a stage is of none that was named."""
    match condition:
        case Test(name, operator, values) if holds and name in OF_GOALS:
            named = tuple(value for value in values if value)
            return Test(name, operator, named) if named else None
        case Join("not", (part,)):
            return naming(part, holds=not holds)
        case Join(word, parts):
            found = tuple(one for part in parts if (one := naming(part, holds=holds)))
            opposite = {"and": "or", "or": "and"}
            return Join(word if holds else opposite[word], found) if found else None
    return None


def filter_text(condition: Condition) -> str:
    """The filter that reads as this tree; every value is quoted."""
    match condition:
        case Test(name, operator, values):
            return f"{name} {operator} {', '.join(map(_quoted, values))}"
        case Join("not", (part,)):
            return f"not {_bracketed(part)}"
        case Join(word, parts):
            return f" {word} ".join(map(_bracketed, parts))


def _bracketed(part: Condition) -> str:
    text = filter_text(part)
    return f"({text})" if isinstance(part, Join) and part.word != "not" else text


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\n", "\\n").replace("\r", "\\r") + '"'


def _plain(escaped: re.Match[str]) -> str:
    return {"n": "\n", "r": "\r"}.get(escaped[1], escaped[1])


class _Reader:
    """One token at a time; ``word`` is empty at the end."""

    def __init__(self, text: str) -> None:
        self._text, self._end, self._tests = text, 0, 0
        self.word, self.is_quoted = "", False
        self.step()

    def step(self) -> None:
        """Go to the next token."""
        found = _TOKEN.match(self._text, self._end)
        self.word, self.is_quoted = "", False
        if found is None:
            if self._text[self._end :].strip():
                self._end = len(self._text.rstrip()) - 1
                self.fail("a closing quote")
            return
        self._end = found.end()
        self.is_quoted = found[1] is not None
        self.word = re.sub(r"\\(.)", _plain, found[1]) if self.is_quoted else found[2] or found[3]

    def any_of(self, depth: int) -> Condition:
        """Parts with ``or`` between them."""
        if depth > DEEPEST:
            raise InvalidInput(f"The filter has more than {DEEPEST} brackets within another.")
        parts = [self._all_of(depth)]
        while self._at("or"):
            self.step()
            parts.append(self._all_of(depth))
        return parts[0] if len(parts) == 1 else Join("or", tuple(parts))

    def fail(self, wanted: str) -> NoReturn:
        """Refuse the token that is here."""
        if not self.word and not self.is_quoted:
            raise InvalidInput(f"The filter ends where {wanted} should be.", hint=_HINT)
        raise InvalidInput(f"The filter has {self.word!r} where {wanted} should be.", hint=_HINT)

    def _all_of(self, depth: int) -> Condition:
        parts = [self._one(depth)]
        while self._at("and"):
            self.step()
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else Join("and", tuple(parts))

    def _one(self, depth: int) -> Condition:
        negations = 0
        while self._at("not"):
            self.step()
            negations += 1
        found = self._bracket(depth) if self._at("(") else self._test()
        return Join("not", (found,)) if negations % 2 else found

    def _bracket(self, depth: int) -> Condition:
        self.step()
        found = self.any_of(depth + 1)
        if not self._at(")"):
            self.fail("a closing bracket")
        self.step()
        return found

    def _test(self) -> Test:
        self._tests += 1
        if self._tests > MOST_CONDITIONS:
            raise InvalidInput(f"The filter has more than {MOST_CONDITIONS} conditions.")
        if self.is_quoted or not self.word or self.word in "(),":
            self.fail("the name of a dimension")
        name = dimension(self.word).name
        self.step()
        operator = self.word
        if self.is_quoted or operator not in OPERATORS:
            self.fail("is, contains or matches")
        self.step()
        return Test(name, operator, tuple(self._values()))

    def _values(self) -> Iterator[str]:
        while True:
            if not self.is_quoted and (not self.word or self.word in "(),"):
                self.fail("a value")
            yield self.word
            self.step()
            if not self._at(","):
                return
            self.step()

    def _at(self, word: str) -> bool:
        return self.word == word and not self.is_quoted
