"""SQL text that lies beside its caller as one ``.sql`` file per query."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def load_sql(package: str, name: str) -> str:
    """The statement in ``name`` (``.sql`` may be left off) of ``package``, read once per process.

    Lines that are comments are left out: driver and engine would read them at every call, which
    takes a small report some milliseconds. Raises FileNotFoundError: a missing query is a packaging
    mistake, not an operating error.
    """
    file = name if name.endswith(".sql") else f"{name}.sql"
    text = files(package).joinpath(file).read_text(encoding="utf-8")
    return "".join(
        line for line in text.splitlines(keepends=True) if not line.lstrip().startswith("--")
    )
