"""Names that people give to things: trimmed, of one line, bounded."""

from __future__ import annotations

from tracker.errors import InvalidInput


def checked_name(text: str, what: str, *, longest: int = 200) -> str:
    """The trimmed name, or InvalidInput when it is empty, too long or has control characters."""
    name = text.strip()
    if not name:
        raise InvalidInput(f"The {what} needs a name.")
    if len(name) > longest:
        raise InvalidInput(
            f"The name of the {what} has {len(name)} characters; at most {longest} are allowed."
        )
    if any(ord(character) < 32 or ord(character) == 127 for character in name):
        raise InvalidInput(f"The name of the {what} holds control characters: {name!r}.")
    return name
