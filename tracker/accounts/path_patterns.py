"""Path patterns: which pages of a site a goal or a rule of admission means."""

from __future__ import annotations

import re
from urllib.parse import quote

from tracker.errors import InvalidInput

_SPLIT = re.compile(r"(\*\*|\*)")
_PIECES = {"**": "[^?#]*", "*": "[^/?#]*"}


def path_regex(pattern: str) -> str:
    """The anchored regular expression (RE2 syntax) of a path pattern.

    ``*`` stands for anything within a segment, also nothing; ``**`` for anything across segments;
    ``/**`` at the end also for the path before it. All else is literal, a trailing slash makes no
    difference, and the query and fragment of the tested path are ignored. Characters beyond ASCII
    match themselves and their percent-encoded form, which is what browsers report.
    """
    stem = pattern.rstrip("/")
    # "/docs/**" means everything below /docs and /docs itself.
    tail = stem.endswith("/**")
    stem = stem[:-3] if tail else stem
    body = "".join(_PIECES.get(piece) or _literal(piece) for piece in _SPLIT.split(stem))
    # NOTE: [\s\S] and not "." because RE2's "." stops at a newline, which a path may hold encoded.
    return rf"^{body}{'(?:/[^?#]*)?' if tail else '/?'}(?:[?#][\s\S]*)?$"


def _literal(text: str) -> str:
    return "".join(
        re.escape(character) if character.isascii() else f"(?:{character}|(?i:{quote(character)}))"
        for character in text
    )


def check_path(pattern: str) -> None:
    """InvalidInput for what is no path pattern."""
    if not pattern.startswith(("/", "*")):
        raise InvalidInput(
            f"The path pattern {pattern!r} does not begin with a slash.",
            hint="Write the path only, such as /thank-you or /orders/*/done.",
        )
    if "?" in pattern or "#" in pattern:
        raise InvalidInput(
            f"The path pattern {pattern!r} holds a query or fragment, which goals ignore.",
            hint="Leave out everything from ? or # on.",
        )
    if "***" in pattern:
        raise InvalidInput(f"The path pattern {pattern!r} holds ***.", hint="Use * or **.")
