"""Statements with parts: which lines stay, and what is refused."""

from __future__ import annotations

import pytest

from tracker.warehouse.sql import choose_parts, load_sql

STATEMENT = """-- Question: what?
SELECT 1
    -- if joined
    , b
    -- unless plain
    , c
    -- end
    -- end
-- unless joined
    , d
-- end
FROM a
"""


@pytest.mark.parametrize(
    ("parts", "kept"),
    [
        (set(), "SELECT 1 , d FROM a"),
        ({"joined"}, "SELECT 1 , b , c FROM a"),
        ({"joined", "plain"}, "SELECT 1 , b FROM a"),
        ({"plain"}, "SELECT 1 , d FROM a"),
    ],
)
def test_the_wanted_parts_stay(parts: set[str], kept: str) -> None:
    assert choose_parts(STATEMENT, frozenset(parts), source="a.sql").split() == kept.split()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (STATEMENT, {"large"}),
        ("SELECT 1\n-- if a\n, 2\n", set()),
        ("SELECT 1\n-- end\n", set()),
    ],
)
def test_a_part_that_is_missing_or_has_no_end_is_refused(text: str, parts: set[str]) -> None:
    with pytest.raises(ValueError, match=r"a\.sql"):
        choose_parts(text, frozenset(parts), source="a.sql")


def test_a_comment_that_begins_like_a_part_is_a_comment() -> None:
    text = "-- if nothing is found, nothing is written\nSELECT 1\n"
    assert choose_parts(text, frozenset(), source="a.sql") == "SELECT 1\n"


def test_the_name_of_a_statement_needs_no_ending() -> None:
    assert load_sql("tracker.visits", "met") == load_sql("tracker.visits", "met.sql")


def test_a_statement_that_is_included_stands_there_without_its_comments() -> None:
    words = load_sql("tracker.reports", "source_words.sql")
    for name in ("lead_sources.sql", "people_first.sql", "person_visits.sql"):
        text = load_sql("tracker.reports", name)
        assert text.count(words) == 1
        assert "--" not in text
