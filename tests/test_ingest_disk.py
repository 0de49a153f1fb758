"""A disk that is really full, or read-only: no event that was acknowledged is lost.

Real file systems, mounted small in a namespace of their own. Where neither root nor an ordinary
user may mount one, as in many containers, these tests are skipped; ``test_spool`` has the same
errors raised by the calls.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.installation import PATIENCE

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def namespace(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What stands before a command that may mount; skips where nothing does."""
    if shutil.which("unshare") is None:
        pytest.skip("mounting a small disk needs `unshare` (util-linux)")
    forms = [["unshare", "--mount"], ["unshare", "--user", "--map-root-user", "--mount"]]
    problem = ""
    for form in forms[os.geteuid() != 0 :]:
        done = _run(form, "probe", tmp_path_factory.mktemp("probe"))
        if done.returncode == 0:
            return form
        problem = done.stderr.strip().splitlines()[-1]
    pytest.skip(f"mounting a small disk is not permitted here: {problem}")


def _run(form: list[str], test: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*form, sys.executable, "-m", "tests.disk_program", test, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE * 3,
    )


def _found(form: list[str], test: str, folder: Path) -> Any:
    done = _run(form, test, folder)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)


def test_a_full_and_a_read_only_disk_refuse_lose_nothing_and_heal(
    namespace: list[str], tmp_path: Path
) -> None:
    found = _found(namespace, "spool", tmp_path)
    full, read_only = found["full"], found["read_only"]
    assert "No space left on device" in full["refusals"][0]
    assert "Read-only file system" in read_only["refusals"][0]
    acknowledged = {one.upper() for one in full["acknowledged"] + read_only["acknowledged"]}
    assert len(acknowledged) > 100
    assert found["stored"].keys() >= acknowledged
    assert set(found["stored"].values()) == {1}


@pytest.mark.slow
def test_a_server_whose_whole_disk_was_full_goes_on_by_itself(
    namespace: list[str], tmp_path: Path
) -> None:
    found = _found(namespace, "server", tmp_path)
    assert found["reason"] == "No space left on device"
    assert found["acknowledged"] >= 2
    assert (found["failed"], found["waiting"]) == (0, 0)
