"""Matomo's own SDK for Node.js, reporting to us: single requests, a bulk one, and the report."""

from __future__ import annotations

import json
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.browser.conftest import ROOT
from tests.ingest import CHROME
from tests.serving import serving
from tests.world import World
from tracker.accounts.tokens import add_token
from tracker.app import create_app
from tracker.warehouse.client import Warehouse

pytestmark = pytest.mark.browser

SCRIPT = """
const MatomoTracker = require("matomo-tracker");
const { url, site, common, landing } = JSON.parse(process.argv[1]);
const tracker = new MatomoTracker(site, url + "/matomo.php");
tracker.on("error", (error) => { console.error(error); process.exit(1); });
tracker.track({ ...common, url: landing, action_name: "Pumps", cdt: "2026-10-31 10:00:00" });
tracker.trackBulk(
  [
    { ...common, e_c: "Quote", e_a: "Asked", e_n: "IS-80" },
    { ...common, idgoal: "Inquiry", revenue: 20 },
    { ...common, idgoal: 0, ec_id: "A-1", revenue: 380 },
    { ...common, idgoal: 0, ec_id: "A-1", revenue: 380 },
  ].map((event) => ({ ...event, url: "https://pump.example/thanks", cdt: "2026-10-31 10:05:00" })),
  (answer) => console.log(answer),
);
"""
SPEND = "Day,Campaign,Ad group,Keyword,Impressions,Clicks,Cost\n2026-10-31,c,g,pump,90,3,100\n"


@pytest.mark.parametrize("named", ["by its key", "by a number"])
def test_what_the_sdk_reports_is_in_the_keyword_report(
    assets: Path,  # noqa: ARG001 -- it says what is missing where Node or the packages are
    sqlite_db: Engine,
    warehouse_embedded: Warehouse,
    tmp_path: Path,
    named: str,
) -> None:
    world = World(warehouse_embedded, sqlite_db, tmp_path)
    world.goal("Inquiry", kind="event", pattern="inquiry", use_event_value=True)
    world.goal("Order", kind="event", pattern="ecommerce_order", use_event_value=True)
    _, secret = add_token(world.db, tenant=world.tenant, site=world.site.key, scope="write")
    world.spend(SPEND, platform="baidu", currency="CNY")
    given = {
        "site": world.site.key if named == "by its key" else 1,
        "common": {"token_auth": secret, "ua": CHROME, "cip": "203.0.113.9",
                   "_id": "af344a398df83874"},
        "landing": "https://pump.example/?mtm_source=baidu&mtm_medium=cpc&mtm_campaign=c"
                   "&mtm_kwd=pump",
    }  # fmt: skip
    with serving(create_app(world.parts, role="ingest")) as url:
        done = subprocess.run(
            [str(shutil.which("node")), "-e", SCRIPT, json.dumps(given | {"url": url})],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            cwd=ROOT,
        )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["tracked"] == 4
    world.loader.drain()
    world.reconcile()
    (row,) = world.report("2026-10-31", "2026-10-31").rows
    assert (row.keyword, row.platform, row.visits) == ("pump", "baidu", 1)
    assert Decimal(str(row.conversions)) == 2
    assert Decimal(str(row.revenue)) == 400
    addresses = world.rows("SELECT DISTINCT ip, os FROM events")
    assert addresses == [("203.0.113.0", "Windows")]
