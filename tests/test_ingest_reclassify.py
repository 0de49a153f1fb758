"""``tracker reclassify``: history follows the rules of now, and nothing else changes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine

from tests.ingest import Ingest
from tests.world import HOME, World, ad, at
from tracker.accounts.sites import Site, update_site
from tracker.ingest.classify import Source
from tracker.ingest.columns import AddressColumns, ClientColumns, EventColumns, PageColumns
from tracker.ingest.reclassify import KEPT, OUTCOME, reclassify
from tracker.requests.events import Reclassify
from tracker.requests.upkeep import Rebuild
from tracker.warehouse.client import Warehouse

#: A click on an ad, told in words that only this site uses.
OWN_WORDS = HOME + "?来源=baidu&guanjianci=%E6%B0%B4%E6%B3%B5&jihua=pumps"
MAP = {"来源": "source", "guanjianci": "keyword", "jihua": "campaign"}


@pytest.fixture
def world(warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path) -> World:
    """A site with a visitor whose address says nothing yet, and one whose address always did."""
    world = World(warehouse_embedded, sqlite_db, tmp_path)
    world.goal("Order", kind="event", pattern="order", use_event_value=True)
    world.events(
        [
            at("09-01 10:00", "li", OWN_WORDS),
            at("09-01 10:05", "li", HOME + "cart", name="order", value="300", currency="CNY"),
            at("09-02 10:00", "wang", ad("oil pump", campaign="oil", bd_vid="b%2Fd%3D1%262")),
            at("09-02 10:01", "wang", HOME + "a", referrer=HOME),
        ]
    )
    world.reconcile()
    return world


def with_map(site: Site, db: Engine, params: dict[str, str]) -> Site:
    """The site with another map of parameters."""
    settings = msgspec.structs.replace(site.settings, param_map=params)
    return update_site(db, site.key, settings=settings)


def remap(world: World, params: dict[str, str]) -> None:
    world.site = with_map(world.site, world.db, params)


def run(world: World, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = world.run("reclassify", Reclassify(world.site.key, **more))
    return found


def standing(world: World, columns: str) -> list[tuple[Any, ...]]:
    return world.rows(
        f"SELECT {columns} FROM (SELECT * FROM events ORDER BY revision DESC LIMIT 1 BY event_id)"
        " ORDER BY time"
    )


def test_history_follows_a_new_map_of_parameters(world: World) -> None:
    before = world.report("2026-09-01", "2026-09-02")
    assert run(world) == {"events": 4, "changed": 0, "cut": 0, "dry_run": False, "left": 0}
    remap(world, MAP)
    assert run(world, dry_run=True)["changed"] == 1
    assert world.rows("SELECT count() FROM events") == [(4,)]
    assert run(world) == {"events": 4, "changed": 1, "cut": 0, "dry_run": False, "left": 0}
    after = world.report("2026-09-01", "2026-09-02")
    assert standing(world, "keyword, campaign, platform, paid, revision")[0] == (
        "水泵", "pumps", "baidu", True, 1,
    )  # fmt: skip
    assert after.totals.visits == before.totals.visits == 2
    assert str(after.totals.revenue) == str(before.totals.revenue) == "300.00"
    sources = world.rows(
        "SELECT keyword FROM visits INNER JOIN sources USING (site, source_key) "
        "WHERE (day, bucket, build) IN (SELECT day, bucket, max(build) FROM slices "
        "WHERE kind = 'visits' GROUP BY day, bucket) ORDER BY start"
    )
    assert sources == [("水泵",), ("oil pump",)]


def test_a_second_run_changes_nothing_and_a_map_taken_back_brings_all_back(world: World) -> None:
    first = world.report("2026-09-01", "2026-09-02")
    remap(world, MAP)
    run(world)
    assert run(world)["changed"] == 0
    remap(world, {})
    assert run(world)["changed"] == 1
    assert run(world)["changed"] == 0
    assert [row[0] for row in standing(world, "revision")] == [2, 0, 0, 0]
    again = world.report("2026-09-01", "2026-09-02")
    assert (again.rows, again.totals) == (first.rows, first.totals)
    world.run("rebuild", Rebuild(world.site.key))
    assert world.report("2026-09-01", "2026-09-02").totals == first.totals


def test_every_other_column_of_an_event_stays_as_it_was(world: World) -> None:
    columns = ", ".join(name for name in KEPT)
    before = standing(world, columns)
    remap(world, MAP)
    run(world)
    assert standing(world, columns) == before


def test_a_click_id_that_was_taken_out_of_the_address_is_still_known(world: World) -> None:
    stored = standing(world, "click_id_kind, click_id, query")[2]
    assert stored[:2] == ("bd_vid", "b/d=1&2")
    world.warehouse.execute(
        "ALTER TABLE events UPDATE platform = '', paid = 0 WHERE click_id != ''",
        settings={"mutations_sync": 1},
    )
    assert run(world)["changed"] == 1
    assert standing(world, "click_id_kind, click_id, query")[2] == stored
    assert standing(world, "platform, paid")[2] == ("baidu", True)


def test_an_address_that_was_cut_stays_as_it_is(world: World) -> None:
    world.events([at("09-03 10:00", "zhao", HOME + "?" + "x" * 3000 + "&来源=baidu")])
    remap(world, MAP)
    found = run(world)
    assert (found["changed"], found["cut"]) == (1, 1)


def test_duplicates_of_an_event_count_once_after_it_too(
    warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path
) -> None:
    with Ingest(sqlite_db, tmp_path / "spool", warehouse_embedded) as ingest:
        event = ingest.event(l="https://www.pump.example/?guanjianci=pump&laiyuan=baidu")
        ingest.post(event)
        ingest.now += timedelta(seconds=5)
        ingest.post(event | {"a": 2, "l": "https://www.pump.example/?laiyuan=360"})
        ingest.drain()
        site = with_map(ingest.site, sqlite_db, {"laiyuan": "source", "guanjianci": "keyword"})
        assert reclassify(warehouse_embedded, site, ingest.root, ingest.clock).changed == 2
        assert ingest.drain().events == 2
        rows = [(r["attempt"], r["revision"], r["platform"]) for r in ingest.rows()]
        assert sorted(rows) == [(1, 0, ""), (1, 1, "baidu"), (2, 0, ""), (2, 1, "360")]
        assert reclassify(warehouse_embedded, site, ingest.root, ingest.clock).changed == 0


def test_the_statements_name_every_column_of_an_event(warehouse_embedded: Warehouse) -> None:
    described = warehouse_embedded.rows("DESCRIBE TABLE events")
    columns = [name for name, _, kind, *_ in described if kind != "MATERIALIZED"]
    known = {*EventColumns.__struct_fields__, *ClientColumns.__struct_fields__}
    known |= {*PageColumns.__struct_fields__, *AddressColumns.__struct_fields__}
    known |= {*Source.__struct_fields__, "revision"}
    assert set(columns) == known
    assert set(KEPT) | set(OUTCOME) | {"rules_version", "revision"} | {
        "host", "path", "query", "referrer",
    } == known  # fmt: skip
