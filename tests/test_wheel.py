"""The wheel, installed into an empty environment on a ClickHouse server: nothing may be missing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.chserver_process import ChServer
from tracker.warehouse.client import open_warehouse
from tracker.warehouse.migrate import read_migrations

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
BUILD_SECONDS = 180
SECONDS = 60


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, made as `make dist` makes it."""
    into = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(into), cwd=ROOT)
    (made,) = into.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin directory of an environment that holds the wheel and what it requires, no extra."""
    directory = tmp_path_factory.mktemp("installed")
    # NOTE: pip wants a hash of everything as soon as a constraint has one, of our wheel too, so
    # only the versions of the lock are taken.
    pins = re.findall(r"^\w.*?(?= \\$)", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    versions = directory / "versions.txt"
    versions.write_text("\n".join(pins))
    run(sys.executable, "-m", "venv", "--without-pip", str(directory / "venv"))
    into = ("--python", str(directory / "venv/bin/python"), "--disable-pip-version-check")
    install = ("install", "--quiet", "--no-compile", "-c", str(versions), str(wheel))
    run(sys.executable, "-m", "pip", *into, *install)
    return directory / "venv" / "bin"


@pytest.fixture
def environment(chserver: ChServer, tmp_path: Path) -> dict[str, str]:
    """Settings of an installation on a ClickHouse server, and nothing else of ours."""
    return {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "TRACKER_DATA": str(tmp_path / "data"),
        "TRACKER_CLICKHOUSE_URL": chserver.url,
    }


def run(
    *command: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str = "",
) -> str:
    """Standard output of a command that must succeed."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=env,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stdout}\n{done.stderr}"
    return done.stdout


@contextmanager
def serving(program: Path, env: Mapping[str, str], cwd: Path) -> Iterator[str]:
    """A server of the installed program on a free port; gives its address."""
    command = [str(program), "serve", "--port", "0"]
    process = subprocess.Popen(command, env=env, cwd=cwd, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if found := re.search(r"Serving (http://\S+)", line):
                yield found[1]
                return
        raise AssertionError(f"tracker serve ended with {process.wait(SECONDS)}")
    finally:
        process.terminate()
        process.communicate(timeout=SECONDS)


def fetch(url: str) -> str:
    """The body of an answer that is 200."""
    with urlopen(url, timeout=SECONDS) as response:
        content: bytes = response.read()
    return content.decode()


def test_the_wheel_holds_every_file_that_the_program_reads(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    data = {".sql", ".py", ".mako", ".json", ".yml", ".txt"}
    source = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "tracker").rglob("*")
        if path.is_file() and path.suffix in data
    }
    pages = {
        f"tracker/web/{path.relative_to(ROOT)}"
        for name in ("templates", "translations")
        for path in (ROOT / "dashboards" / name).rglob("*")
        if path.suffix in {".html", ".po"}
    }
    built = {"tracker/web/assets/t.js", "tracker/web/assets/app.css", "tracker/ingest/country.mmdb"}
    assert pages
    assert source | pages | built <= held


def test_the_wheel_holds_nothing_of_the_repository_besides_the_package(wheel: Path) -> None:
    top = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name for name in top if not name.endswith(".dist-info")} == {"tracker"}


def test_the_embedded_engine_is_an_extra(installed: Path) -> None:
    program = "import importlib.util; print(importlib.util.find_spec('chdb'))"
    assert run(str(installed / "python"), "-c", program).strip() == "None"


def test_help_works_without_the_embedded_engine(installed: Path, tmp_path: Path) -> None:
    assert "reconcile" in run(str(installed / "tracker"), "--help", cwd=tmp_path)


def test_both_stores_migrate(
    installed: Path, environment: dict[str, str], chserver: ChServer, tmp_path: Path
) -> None:
    tracker = str(installed / "tracker")
    owner = (tracker, "init", "--owner", "owner@example.com", "--password-stdin")
    run(*owner, env=environment, cwd=tmp_path, stdin="a long pass phrase\n")
    run(tracker, "reconcile", env=environment, cwd=tmp_path)
    with open_warehouse(chserver.url) as warehouse:
        rows = warehouse.rows("SELECT number FROM schema_migrations ORDER BY number")
    assert [number for (number,) in rows] == [entry.number for entry in read_migrations()]


def test_the_installed_program_serves_pages_and_the_beacon(
    installed: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    with serving(installed / "tracker", environment, tmp_path) as address:
        assert json.loads(fetch(f"{address}/health")) == {"ok": True}
        assert "sendBeacon" in fetch(f"{address}/t.js")
        page = fetch(f"{address}/login?lang=zh-Hans")
        style = re.search(r'href="(/assets/app\.css[^"]*)"', page)
        assert style
        assert fetch(address + style[1])


def test_without_the_embedded_engine_the_default_says_what_to_install(
    installed: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    settings = {k: v for k, v in environment.items() if k != "TRACKER_CLICKHOUSE_URL"}
    done = subprocess.run(
        [str(installed / "tracker"), "reconcile"],
        env=settings,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 1
    assert "tracker[embedded]" in done.stderr
    assert "Traceback" not in done.stderr
