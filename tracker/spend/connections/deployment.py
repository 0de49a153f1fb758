"""What an installation says of the platforms: addresses, versions, an application of its own.

A TOML file with a table per kind, named by TRACKER_PLATFORMS:

    [google]
    version = "v26"                    # a field of the connector's settings class
    client_id = "….apps.googleusercontent.com"   # stands in for what connections do not have
    client_secret = "…"

Everything that the platforms' documents leave open is such a field; see the settings class at the
top of each ``spend/connectors/<platform>.py``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tracker.errors import ConfigError

Deployment = Mapping[str, Mapping[str, Any]]


def load_deployment(path: str, kinds: Iterable[str]) -> Deployment:
    """The file's tables by kind, {} without a file. ConfigError for one that cannot be read, and
    for a table of no kind."""
    if not path:
        return {}
    try:
        found = tomllib.loads(Path(path).expanduser().read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"The platforms file {path} cannot be read: {error}.") from error
    known = sorted(kinds)
    for name, table in found.items():
        if name not in known or not isinstance(table, dict):
            raise ConfigError(
                f"The platforms file {path} has {name!r}, which is no table of a platform.",
                hint="Known: " + ", ".join(known) + ".",
            )
    return found
