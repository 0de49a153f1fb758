"""The example for Node.js in the beacon's documents, run as it stands there."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.test_ingest_server_events import Shop, example
from tests.test_ingest_server_events import shop as shop
from tracker.accounts.sites import update_site

pytestmark = pytest.mark.browser


def test_the_node_example_of_the_documents_works(assets: Path, shop: Shop) -> None:  # noqa: ARG001
    update_site(shop.world.db, shop.world.site.key, domains=["company.example"])
    done = subprocess.run(
        [str(shutil.which("node")), "--input-type=module", "-e", example("js", shop)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout.strip()) == (0, '{"accepted":1,"dropped":{}}'), done.stderr
    (row,) = shop.rows()
    assert (row["name"], str(row["value"]), row["currency"]) == ("order", "1299.900000", "EUR")
