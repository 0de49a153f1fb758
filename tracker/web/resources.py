"""Where the templates, translations and built front-end files are.

An installed package holds them inside ``tracker/web``; a source checkout has templates and
translations in ``dashboards/`` beside the package, and built files once ``npm run build`` ran.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

_HERE = Path(__file__).parent
ASSETS = _HERE / "assets"


def dashboards(name: str) -> Path:
    """The directory ``templates`` or ``translations``; FileNotFoundError if it is gone."""
    for base in (_HERE / "dashboards", _HERE.parent.parent / "dashboards"):
        if (base / name).is_dir():
            return base / name
    raise FileNotFoundError(f"dashboards/{name} is missing from the package")


def asset_versions(directory: Path = ASSETS) -> dict[str, str]:
    """File name to a hash of its content, for addresses that may be cached for ever."""
    if not directory.is_dir():
        return {}
    files = (path for path in directory.iterdir() if path.is_file())
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:12] for path in files}
