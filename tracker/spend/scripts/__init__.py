"""Scripts to paste into an ad account: they run there daily and push its spend to us."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Final

#: Platform to the file of its script.
SCRIPTS: Final = {"google": "google.js", "microsoft": "microsoft.js"}


def script_for(platform: str, endpoint: str, token: str) -> str:
    """The platform's script with our address and a token in their places."""
    source = files(__package__).joinpath(SCRIPTS[platform]).read_text(encoding="utf-8")
    for place, value in (("@ENDPOINT@", endpoint), ("@TOKEN@", token)):
        source = source.replace(f'"{place}"', json.dumps(value, ensure_ascii=False))
    return source
