"""How commands print what visitors and platforms have written."""

from __future__ import annotations

import pytest

from tracker.cli.output import fail, note, say, table
from tracker.errors import InvalidInput

HOSTILE = "离心泵\x1b]0;pwned\x07\x1b[2J\x9b31m end"


def test_escape_sequences_of_visitors_do_not_reach_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    table("", ("keyword", ">visits"), [(HOSTILE, 7), (None, 0)])
    say(f"{HOSTILE}\nsecond line")
    note(HOSTILE)
    assert fail(InvalidInput(f"No keyword {HOSTILE}.")) == 2
    printed = capsys.readouterr()
    for text in (printed.out, printed.err):
        assert "离心泵\N{REPLACEMENT CHARACTER}]0;pwned" in text
        assert not {"\x1b", "\x07", "\x9b"} & set(text)
    assert "end\nsecond line\n" in printed.out
