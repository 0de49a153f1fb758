"""Look-ups that are kept in memory: within their bound, and no longer than they are used."""

from __future__ import annotations

from tracker.warehouse.remembered import Remembered


def test_a_value_is_loaded_once_and_what_was_used_longest_ago_goes_first() -> None:
    remembered, loaded = Remembered(10), []

    def value(key: str, size: int) -> str:
        def load() -> str:
            loaded.append(key)
            return key * size

        return remembered.get(key, load)

    assert [value("a", 4), value("b", 4), value("a", 4)] == ["aaaa", "bbbb", "aaaa"]
    assert loaded == ["a", "b"]
    # Twelve are too many: b goes, as a was used after it.
    value("c", 4)
    value("a", 4)
    assert loaded == ["a", "b", "c"]
    value("b", 4)
    assert loaded == ["a", "b", "c", "b"]


def test_a_value_beyond_the_bound_is_given_and_not_kept() -> None:
    remembered = Remembered(3)
    assert remembered.get("small", lambda: "ab") == "ab"
    assert remembered.get("large", lambda: "abcd") == "abcd"
    assert remembered.get("large", lambda: "again") == "again"
    assert remembered.get("small", lambda: "other") == "ab"
