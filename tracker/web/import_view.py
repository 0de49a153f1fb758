"""An import's report as its page shows it.

The report has the shape that the command prints as JSON: figures, and lists of texts or rows.
Figures with a known name get words; what a later version adds is shown under its own name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tracker.web.formats import NOTHING, Formats
from tracker.web.i18n import Language, msgid
from tracker.web.messages import translated_scope, translated_text
from tracker.web.vocabulary import platform_name

_NAMES = {
    "file": msgid("File"),
    "platform": msgid("Platform"),
    "account": msgid("Account"),
    "currency": msgid("Currency"),
    "layout": msgid("Layout"),
    "scope": msgid("Scope"),
    "first": msgid("First day"),
    "last": msgid("Last day"),
    "rows": msgid("Rows"),
    "skipped": msgid("Skipped rows"),
    "impressions": msgid("Impressions"),
    "clicks": msgid("Clicks"),
    "cost": msgid("Cost"),
    "days": msgid("Days"),
    "added": msgid("Added"),
    "replaced": msgid("Replaced"),
    "unchanged": msgid("Unchanged"),
    "removed": msgid("Removed"),
    "cost_before": msgid("Cost before"),
    "cost_after": msgid("Cost after"),
    "removed_campaigns": msgid("Campaigns that disappear"),
    "removed_keywords": msgid("Keywords that disappear"),
    "removed_keyword_names": msgid("Keywords that disappear"),
    "by_day": msgid("By day"),
    "stages": msgid("Stages"),
    "stage": msgid("Stage"),
    "value": msgid("Value"),
    "day": msgid("Day"),
    "last_day": msgid("Last day"),
    "change": msgid("Change"),
    "name": msgid("Name"),
    "builds": msgid("Computed results"),
    "slices": msgid("Computed days"),
    "left": msgid("Still to compute"),
    "superseded": msgid("Superseded results removed"),
    "files": msgid("Files"),
    "status": msgid("Outcome"),
    "held": msgid("Waiting for a decision"),
    "failed": msgid("Failed"),
    "error": msgid("Error"),
    "hint": msgid("What to do"),
    "superseded_pulls": msgid("Superseded imports removed"),
}
_CHANGES = {
    "added": msgid("Added"),
    "replaced": msgid("Replaced"),
    "unchanged": msgid("Unchanged"),
}
_STATUSES = {
    "ok": msgid("Done"),
    "held": msgid("Waits for a decision"),
    "failed": msgid("Failed"),
}
#: Figures that the page says in another way.
_SILENT = frozenset(
    {"site", "dry_run", "changed", "pull", "version", "asks", "warnings", "problems"}
)
#: At most this many entries of a list are shown; the count is always shown.
_LONGEST = 50


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of the report: its name, the entries shown and how many there are in all."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    count: int


def figure_title(speech: Language, name: str) -> str:
    """The words for a figure of a report or a run."""
    known = _NAMES.get(name)
    return speech.gettext(known) if known else name.replace("_", " ").capitalize()


class ImportView:
    """Figures and lists of one import."""

    def __init__(self, report: Mapping[str, object], speech: Language, formats: Formats) -> None:
        self._report, self._speech, self._formats = report, speech, formats

    def figures(self) -> list[tuple[str, str]]:
        """Name and value of everything that is one value."""
        return [
            (self._title(name), self._cell(name, value))
            for name, value in self._report.items()
            if name not in _SILENT and not isinstance(value, Mapping | list | tuple)
        ]

    def texts(self, name: str) -> list[str]:
        """``asks``, ``warnings`` or ``problems``: whole sentences, in the reader's language."""
        found = self._report.get(name)
        texts = found if isinstance(found, list | tuple) else ()
        return [translated_text(self._speech, str(text)) for text in texts]

    @property
    def changes_nothing(self) -> bool:
        """Whether everything stands already as the file has it."""
        return self._report.get("changed") is False

    def lists(self) -> list[Listing]:
        """Problems, days, totals by currency: everything that has several entries."""
        found = []
        for name, value in self._report.items():
            if isinstance(value, Mapping):
                value = [{"name": key, "value": entry} for key, entry in value.items()]
            if isinstance(value, list | tuple) and value and name not in _SILENT:
                found.append(self._listing(name, value))
        return found

    def _listing(self, name: str, entries: Sequence[object]) -> Listing:
        first = entries[0]
        columns = tuple(str(key) for key in first) if isinstance(first, Mapping) else ()
        return Listing(
            title=self._title(name),
            headings=tuple(self._title(column) for column in columns),
            rows=tuple(self._row(entry, columns) for entry in entries[:_LONGEST]),
            count=len(entries),
        )

    def _row(self, entry: object, columns: tuple[str, ...]) -> tuple[str, ...]:
        if isinstance(entry, Mapping):
            return tuple(self._cell(column, entry.get(column)) for column in columns)
        return (self._text(entry),)

    def _cell(self, column: str, value: object) -> str:
        text = str(value or "")
        if column == "change" and text in _CHANGES:
            return self._speech.gettext(_CHANGES[text])
        if column == "status" and text in _STATUSES:
            return self._speech.gettext(_STATUSES[text])
        if column in ("error", "hint") and text:
            return translated_text(self._speech, text)
        if column == "scope" and text:
            return translated_scope(self._speech, text)
        if column == "platform" and text:
            return platform_name(self._speech, text)
        return self._text(value)

    def _title(self, name: str) -> str:
        return figure_title(self._speech, name)

    def _text(self, value: object) -> str:
        if value is None or value == "":
            return NOTHING
        if isinstance(value, bool):
            return self._speech.gettext("Yes") if value else self._speech.gettext("No")
        if isinstance(value, int):
            return self._formats.count(value)
        return str(value)
