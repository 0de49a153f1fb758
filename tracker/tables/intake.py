"""What every import of a file checks first, and what it does about rows that cannot be read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from tracker.errors import InvalidInput, TooLarge
from tracker.tables.problem import Problems

#: The largest file that an import takes unless the settings say otherwise, in bytes.
FILE_LIMIT = 1 << 30
#: So many problems are listed; the rest is a number.
LISTED = 50


def check_file(path: Path, limit: int = FILE_LIMIT, name: str = "") -> None:
    """InvalidInput unless ``path`` is a regular file that can be read; TooLarge over ``limit``.

    A pipe, a device or a directory is refused before anything waits for it. ``name`` is what the
    user calls the file.
    """
    name = name or path.name or str(path)
    try:
        found = path.stat()
    except OSError as error:
        raise InvalidInput(f"Cannot read {name}: {error.strerror or error}.") from error
    if not stat.S_ISREG(found.st_mode):
        kind = "a directory" if stat.S_ISDIR(found.st_mode) else "no regular file"
        raise InvalidInput(f"{name} is {kind}.", hint="Give the path of a downloaded file.")
    if found.st_size > limit:
        raise TooLarge(
            f"{name} has {found.st_size / 2**20:.0f} MiB; the limit is {limit / 2**20:.0f} MiB.",
            hint="Download the report for a shorter period.",
        )
    if not os.access(path, os.R_OK):
        raise InvalidInput(f"Cannot read {name}: permission denied.")


def listed(problems: Problems) -> list[str]:
    """The first problems as texts, and how many more there are."""
    texts = [str(problem) for problem in problems[:LISTED]]
    if problems.total > len(texts):
        texts.append(f"and {problems.total - len(texts)} more")
    return texts


def refuse_problems(problems: Problems, *, skip: bool) -> None:
    """InvalidInput listing what could not be read, unless such rows may be skipped."""
    if not problems.total or skip:
        return
    hint = "Correct the file, or leave those rows out with --skip-bad-rows."
    texts = listed(problems)
    if len(texts) == 1:
        raise InvalidInput(f"{texts[0]} Nothing was imported.", hint=hint)
    raise InvalidInput(
        f"{problems.total} cells or rows cannot be read; nothing was imported.\n"
        + "\n".join(texts),
        hint=f"\n{hint}",
    )
