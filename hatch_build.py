"""Builds the browser's files before a wheel or an sdist is packed, where they are missing.

An sdist carries the built files, so that installing from one needs no Node.js. An editable
install builds nothing: there `npm run build` is run by hand or by make.

A wheel holds the templates and translations of dashboards/ inside tracker/web/; an editable
install reads them where they are.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PAGES = ("templates", "translations")
BUILT = ("tracker/web/assets/manifest.json", "tracker/ingest/country.mmdb")


class FrontEndBuildHook(BuildHookInterface[Any]):
    """Runs `npm ci` and `npm run build` unless every built file is there."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        root = Path(self.root)
        if self.target_name == "wheel":
            for name in PAGES:
                source = root / "dashboards" / name
                build_data["force_include"][str(source)] = f"tracker/web/dashboards/{name}"
        if not all((root / built).is_file() for built in BUILT):
            self._build(root)

    def _build(self, root: Path) -> None:
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError(
                "the browser's files are not built and npm is not found; install Node.js 20 or "
                "later, or build from an sdist, which carries them"
            )
        for command in ([npm, "ci"], [npm, "run", "build"]):
            subprocess.run(command, cwd=root, check=True)
