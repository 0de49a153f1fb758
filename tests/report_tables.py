"""Reports as tables for tests: rows by name, and what fields are expected to hold."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tracker.reports.result import KeywordReport


def by_name(report: KeywordReport) -> dict[str, dict[str, Any]]:
    """Rows in JSON by their keyword, or by their reason in parentheses; names are unique."""
    rows = [msgspec.to_builtins(row) for row in report.rows]
    found = {row["keyword"] or f"({row['reason']})": row for row in rows}
    assert len(found) == len(rows)
    return found


def names(report: KeywordReport) -> list[str]:
    """Keywords, or reasons in parentheses, in the order of the rows."""
    return [row.keyword or f"({row.reason})" for row in report.rows]


def has(row: Any, **expected: Any) -> None:
    """Each named field of a row, of totals or of anything else has this value; ratios nearly."""
    row = row if isinstance(row, dict) else msgspec.to_builtins(row)
    wanted = {
        name: pytest.approx(value, rel=1e-12) if isinstance(value, float) else value
        for name, value in expected.items()
    }
    assert {name: row[name] for name in wanted} == wanted


def incomplete(report: KeywordReport) -> list[tuple[str, str, str, str]]:
    """(kind, source, first day, last day) of everything that makes the report provisional."""
    return [(item.kind, item.source, item.first, item.last) for item in report.incomplete]
