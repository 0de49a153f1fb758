"""Column mappings that were used once, found again by the header of the next file.

With the columns goes what the person said beside them: platform and currency, under names that no
field has. A mapping is remembered when an import with it has succeeded, whichever way it came.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import Engine

from tracker.accounts.mappings import (
    first_mapping,
    forget_mapping,
    list_mappings,
    remember_mapping,
)
from tracker.accounts.platforms import parse_platform
from tracker.errors import InvalidInput, NotFound
from tracker.money import parse_currency
from tracker.spend.files.fields import FIELDS
from tracker.spend.files.sample import fingerprint, fingerprints
from tracker.tables.columns import check_mapping, mapped_columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tracker.spend.importer import SpendOptions

_PLATFORM = "@platform"
_CURRENCY = "@currency"


class Remembered(msgspec.Struct, frozen=True):
    """A mapping: ``id`` names the header that it is for, ``columns`` is field → column of it."""

    id: str
    columns: dict[str, str]
    platform: str
    currency: str
    used_at: str


def remembered(db: Engine, tenant: str) -> list[Remembered]:
    """The mappings of a company, the newest first."""
    return [
        Remembered(
            fingerprint,
            {name: title for name, title in mapping.items() if not name.startswith("@")},
            mapping.get(_PLATFORM, ""),
            mapping.get(_CURRENCY, ""),
            used.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        )
        for fingerprint, mapping, used in list_mappings(db, tenant)
    ]


def define(
    db: Engine, tenant: str, titles: Sequence[str], columns: Mapping[str, str],
    platform: str, currency: str,
) -> str:  # fmt: skip
    """Remember columns for files with this header before one was imported; the mapping's id.
    InvalidInput for a field that there is not, or a column that the header does not have."""
    check_mapping(columns, FIELDS)
    if not columns:
        raise InvalidInput("The mapping names no column.", hint="Write it as field: column.")
    mapped_columns(tuple(titles), columns)
    said = {
        _PLATFORM: parse_platform(platform) if platform else "",
        _CURRENCY: parse_currency(currency) if currency else "",
    }
    kept = {**columns, **{name: value for name, value in said.items() if value}}
    remember_mapping(db, tenant, fingerprint(titles), kept)
    return fingerprint(titles)


def forget(db: Engine, tenant: str, mapping: str) -> None:
    """Forget one; NotFound when there is none."""
    if not forget_mapping(db, tenant, mapping):
        raise NotFound(
            f"No mapping {mapping!r} is remembered.", hint="List them: tracker spend mapping list."
        )


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
