"""Column mappings that were used once, found again by the header of the next file.

With the columns goes what the person said beside them: platform and currency, under names that no
field has. A mapping is remembered when an import with it has succeeded, whichever way it came.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from tracker.accounts.mappings import first_mapping, remember_mapping
from tracker.spend.files.sample import fingerprint, fingerprints

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracker.spend.importer import SpendOptions

_PLATFORM = "@platform"
_CURRENCY = "@currency"


def recall(db: Engine, tenant: str, path: Path, options: SpendOptions) -> tuple[SpendOptions, bool]:
    """The options with the mapping remembered for the file's header, and whether there was one.
    Options that have a mapping stay as they are."""
    if options.mapping:
        return options, False
    found = first_mapping(db, tenant, lambda: fingerprints(path, options.filename))
    if found is None:
        return options, False
    mapping = {name: title for name, title in found.items() if not name.startswith("@")}
    return (
        replace(
            options,
            mapping=mapping,
            platform=options.platform or found.get(_PLATFORM, ""),
            currency=options.currency or found.get(_CURRENCY, ""),
        ),
        True,
    )


def remember(db: Engine, tenant: str, titles: Sequence[str], options: SpendOptions) -> None:
    """Keep the mapping of an import that has succeeded."""
    if not options.mapping:
        return
    said = {_PLATFORM: options.platform, _CURRENCY: options.currency}
    kept = {**options.mapping, **{name: value for name, value in said.items() if value}}
    remember_mapping(db, tenant, fingerprint(titles), kept)
