"""The demo's sales desk: its leads go through the stages of a foreign-trade desk, and import."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from tests.world import World
from tracker.accounts.pipeline import DEFAULT_STAGES
from tracker.demo.desk import Step, work_on
from tracker.demo.files import write_files
from tracker.demo.history import History, make_history
from tracker.requests.conversions import ImportConversions
from tracker.requests.pipeline import ReportPipeline
from tracker.warehouse.client import Warehouse

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)
FIRST, LAST = datetime(2026, 8, 23, tzinfo=ZONE).date(), NOW.astimezone(ZONE).date()


def made() -> tuple[History, list[Step]]:
    history = make_history(1, 90, LAST, ZONE, NOW)
    return history, work_on(history.inquiries, ZONE, NOW)


def test_every_inquiry_becomes_a_lead_whose_stages_follow_each_other() -> None:
    history, steps = made()
    assert steps == made()[1], "the same seed makes the same data"
    assert max(step.time for step in steps) <= NOW
    leads: dict[str, list[Step]] = defaultdict(list)
    for step in steps:
        leads[step.lead].append(step)
    assert len(leads) == len(history.inquiries) > 100
    for lead in leads.values():
        assert lead == sorted(lead, key=lambda step: step.time)
        assert lead[0].stage == "inquiry"
        stages = [step.stage for step in lead]
        assert stages[1:2] in ([], ["valid"], ["invalid"])
        assert "order" not in stages or "quotation" in stages
        assert "lost" not in stages[:-1]
        assert "invalid" not in stages[:-1]
    assert {step.stage for step in steps} == {stage.key for stage in DEFAULT_STAGES}
    assert any(step.value and step.value < 0 for step in steps), "a part of an order is given back"


def test_its_table_is_read_and_fills_the_pipeline(
    sqlite_db: Engine, warehouse_embedded: Warehouse, tmp_path: Path
) -> None:
    history, steps = made()
    world = World(warehouse_embedded, sqlite_db, tmp_path, timezone="Asia/Shanghai")
    files = write_files(history, steps, tmp_path / "demo", FIRST, LAST, LAST)
    taken = world.run("conversions-import", ImportConversions(str(files["leads"]), world.site.key))
    assert taken.added == len(steps)
    world.reconcile()
    period = ReportPipeline(site=world.site.key, first=FIRST.isoformat(), last=LAST.isoformat())
    report = world.run("report-pipeline", period)
    found = {line.stage: float(line.conversions) for line in report.stages}
    assert found == {
        stage.key: sum(
            step.stage == stage.key and not (step.value is not None and step.value < 0)
            for step in steps
        )
        for stage in DEFAULT_STAGES
    }
