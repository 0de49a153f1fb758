"""SQL text that lies beside its caller as one ``.sql`` file per query.

A file may have parts that not every call needs, each between a line ``-- if NAME`` (or
``-- unless NAME``) and a line ``-- end``; they may nest. Planning a statement takes as long as its
text is, whatever it finds, and most slices are small: what a cheap look has shown to be without
effect is left out.

A line ``-- include NAME.sql`` stands for the statement of that file beside it, which has no parts.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_PART = re.compile(r"\s*-- (?P<word>if|unless|end)\b ?(?P<name>\w*)\s*\Z")
_INCLUDE = re.compile(r"^ *-- include (?P<name>\w+\.sql)\n", re.MULTILINE)


@cache
def load_sql(package: str, name: str, parts: frozenset[str] = frozenset()) -> str:
    """The statement in ``name`` (``.sql`` may be left off) of ``package``, read once per process.

    ``parts``: the names of the parts that are wanted. Lines that are comments are left out: driver
    and engine would read them at every call, which takes a small report some milliseconds. Raises
    FileNotFoundError for a missing query and ValueError for parts that it does not have or that do
    not end: mistakes of packaging, not operating errors.
    """
    file = name if name.endswith(".sql") else f"{name}.sql"
    text = files(package).joinpath(file).read_text(encoding="utf-8")
    whole = _INCLUDE.sub(lambda found: load_sql(package, found["name"]), text)
    return choose_parts(whole, parts, source=file)


def choose_parts(text: str, parts: frozenset[str], *, source: str) -> str:
    """``text`` with the wanted parts alone and without lines that are comments."""
    kept: list[str] = []
    known: set[str] = set()
    open_parts: list[bool] = []
    for line in text.splitlines(keepends=True):
        found = _PART.match(line)
        if found is None:
            if all(open_parts) and not line.lstrip().startswith("--"):
                kept.append(line)
        elif found["word"] != "end":
            known.add(found["name"])
            open_parts.append((found["name"] in parts) == (found["word"] == "if"))
        elif open_parts:
            open_parts.pop()
        else:
            raise ValueError(f"{source}: a part ends that did not begin.")
    if open_parts or parts - known:
        raise ValueError(f"{source}: has the parts {sorted(known)}, asked for {sorted(parts)}.")
    return "".join(kept)
