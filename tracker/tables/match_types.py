"""Match types of keywords by the words that reports and sales files have for them."""

from __future__ import annotations

from typing import Final

_WORDS: Final = (
    ("smart", ("智能", "smart")),
    ("exact", ("精确", "完全匹配", "exact")),
    ("phrase", ("短语", "词组", "phrase")),
    ("broad", ("广泛", "broad")),
)


def canonical_match_type(text: str) -> str:
    """exact, phrase, broad or smart; "" for anything else."""
    plain = text.casefold()
    return next((name for name, words in _WORDS if any(word in plain for word in words)), "")
