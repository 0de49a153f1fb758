"""SQL text that lies beside its caller as one ``.sql`` file per query."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def load_sql(package: str, name: str) -> str:
    """The text of ``name`` (``.sql`` may be left off) in ``package``, read once per process.

    Raises FileNotFoundError: a missing query is a packaging mistake, not an operating error.
    """
    file = name if name.endswith(".sql") else f"{name}.sql"
    return files(package).joinpath(file).read_text(encoding="utf-8")
