"""The record of job runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from tracker.accounts.runs import (
    Run,
    abandon_runs,
    finish_run,
    get_run,
    list_runs,
    note_progress,
    prune_runs,
    start_run,
)
from tracker.errors import InvalidInput, NotFound

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def test_a_run_is_recorded_from_start_to_end(any_db: Engine) -> None:
    run = start_run(any_db, job="spend", site="aaaaaaaaaa", trigger="manual", now=NOON)
    note_progress(any_db, run, 500, 2000)
    running = get_run(any_db, run)
    assert (running.status, running.done, running.expected) == ("running", 500, 2000)

    finish_run(
        any_db,
        run,
        "held",
        rows=2000,
        totals={"cost": "12.50", "days": 3},
        error="would erase 3 days\0",
        warnings=["第 7 行"],
        now=NOON + DAY,
    )
    note_progress(any_db, run, 1)
    assert get_run(any_db, run) == Run(
        id=run,
        job="spend",
        site="aaaaaaaaaa",
        trigger="manual",
        status="held",
        started_at=NOON,
        finished_at=NOON + DAY,
        done=500,
        expected=2000,
        rows=2000,
        totals={"cost": "12.50", "days": 3},
        error="would erase 3 days\ufffd",
        warnings=("第 7 行",),
    )


def test_a_run_finishes_once(any_db: Engine) -> None:
    run = start_run(any_db, job="spend", site=None, trigger="schedule")
    status: Any = "running"
    with pytest.raises(InvalidInput, match="cannot finish as 'running'"):
        finish_run(any_db, run, status)
    finish_run(any_db, run, "ok")
    with pytest.raises(NotFound, match="in progress"):
        finish_run(any_db, run, "failed", error="too late")
    assert get_run(any_db, run).status == "ok"
    with pytest.raises(NotFound):
        get_run(any_db, "nosuchrun")


def test_runs_are_listed_newest_first_by_every_filter_and_page(any_db: Engine) -> None:
    ids = []
    for n in range(6):
        run = start_run(
            any_db,
            job="spend" if n % 2 else "reconcile",
            site="aaaaaaaaaa" if n < 3 else None,
            trigger="schedule",
            now=NOON + n * DAY,
        )
        ids.append(run)
    finish_run(any_db, ids[1], "failed", error="no such file")

    def found(**filters: Any) -> list[int]:
        return [ids.index(run.id) for run in list_runs(any_db, **filters)]

    assert found() == [5, 4, 3, 2, 1, 0]
    assert found(limit=2, offset=1) == [4, 3]
    assert found(job="spend") == [5, 3, 1]
    assert found(site="aaaaaaaaaa") == [2, 1, 0]
    assert found(job="spend", status="failed") == [1]


def test_runs_that_died_with_their_process_are_failed_at_the_next_start(any_db: Engine) -> None:
    done = start_run(any_db, job="spend", site=None, trigger="schedule")
    finish_run(any_db, done, "ok")
    lost = start_run(any_db, job="spend", site=None, trigger="schedule")
    other = start_run(any_db, job="import", site=None, trigger="manual")
    assert abandon_runs(any_db, jobs=["spend"]) == 1
    assert get_run(any_db, lost).status == "failed"
    assert "ended before" in get_run(any_db, lost).error
    assert get_run(any_db, done).status == "ok"
    assert get_run(any_db, other).status == "running"
    assert abandon_runs(any_db) == 1


def test_runs_older_than_400_days_are_forgotten(any_db: Engine) -> None:
    old, kept, running = (
        start_run(any_db, job="spend", site=None, trigger="schedule", now=NOON - days * DAY)
        for days in (401, 400, 500)
    )
    finish_run(any_db, old, "ok")
    finish_run(any_db, kept, "ok")
    assert prune_runs(any_db, now=NOON) == 1
    assert {run.id for run in list_runs(any_db)} == {kept, running}
