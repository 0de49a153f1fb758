"""What is true of the files themselves: queries, lock files, documents, and what CI checks."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import filter as fnmatch_filter
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

from tracker.config import SETTINGS

ROOT = Path(__file__).parents[1]
CHECK_SUITES = ROOT / ".ci" / "check-suites"
MEBIBYTE = 1 << 20

#: Patterns of queries without a site among their parameters, and why that is right.
WITHOUT_SITE = {
    "spend/any_totals.sql": "totals belong to a tenant, not to sites",
    "spend/term_counts.sql": "search terms belong to a tenant, not to sites",
    "spend/term_contents.sql": "search terms belong to a tenant, not to sites",
    "spend/keywords.sql": "its accounts are tuples that begin with the site",
    "reconcile/spend_days.sql": "spend belongs to ad accounts of a tenant, not to sites",
    "spend/standing_*.sql": "spend and rates belong to a tenant, not to sites",
    "reconcile/horizon.sql": "housekeeping of all sites at once; answers no tenant",
    "reconcile/superseded.sql": "housekeeping of all sites at once; answers no tenant",
    "reports/breakdown_pattern.sql": "reads no table",
    "reconcile/publish.sql": "reads no table",
    "reconcile/daily_events.sql": "housekeeping of all sites at once; answers no tenant",
    "reconcile/lacks_*.sql": "housekeeping of all sites at once; answers no tenant",
    "reconcile/highest_numbers.sql": "housekeeping of all sites at once; answers no tenant",
    "commands/last_event.sql": "housekeeping of all sites at once; answers no tenant",
    "reconcile/fill_*.sql": "housekeeping of all sites at once; answers no tenant",
    "ingest/full_addresses.sql": "housekeeping of all sites at once; answers no tenant",
    "ingest/cut_addresses.sql": "housekeeping of all sites at once; answers no tenant",
    "reconcile/erase_masked.sql": "housekeeping of all sites at once; answers no tenant",
    "reconcile/sweep_*.sql": "housekeeping of all sites at once; answers no tenant",
    "spend/pull_horizon.sql": "housekeeping of all tenants at once; answers no tenant",
    "spend/superseded_*.sql": "housekeeping of all tenants at once; answers no tenant",
    "spend/sweep_*.sql": "housekeeping of all tenants at once; answers no tenant",
}
PARAMETER = re.compile(r"\{(\w+):")


@cache
def tracked() -> tuple[Path, ...]:
    """Files of the repository: committed, or about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    )  # fmt: skip
    return tuple(
        path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()
    )


def texts() -> Iterator[tuple[str, str]]:
    """Name and content of every tracked file that is text."""
    for path in tracked():
        content = path.read_bytes()
        if b"\0" not in content[:8000]:
            yield str(path.relative_to(ROOT)), content.decode("utf-8", errors="replace")


def queries() -> dict[str, str]:
    """Every query by its name within the package; migrations are not queries."""
    package = ROOT / "tracker"
    return {
        str(path.relative_to(package)): path.read_text(encoding="utf-8")
        for path in sorted(package.rglob("*.sql"))
        if path.parent.name != "schema"
    }


def comment_and_body(text: str) -> tuple[str, str]:
    """The header comment of a query, without its dashes, and the rest without comments."""
    lines = text.splitlines()
    end = next((i for i, line in enumerate(lines) if not line.startswith("--")), len(lines))
    body = "\n".join(line.split("--")[0] for line in lines[end:])
    return "\n".join(line.removeprefix("--").strip() for line in lines[:end]), body


@pytest.mark.parametrize("name", queries())
def test_a_query_says_its_question_its_grain_and_every_parameter(name: str) -> None:
    comment, body = comment_and_body(queries()[name])
    for heading in ("Question:", "Grain:", "Parameters:"):
        assert heading in comment, f"{name} begins without a comment line {heading}"
    named = set(re.findall(r"\w+", comment))
    assert set(PARAMETER.findall(body)) <= named


@pytest.mark.parametrize("name", queries())
def test_a_query_takes_the_site_unless_it_is_listed(name: str) -> None:
    _, body = comment_and_body(queries()[name])
    takes_site = bool({"site", "sites"} & set(PARAMETER.findall(body)))
    assert takes_site != any(fnmatch(name, pattern) for pattern in WITHOUT_SITE)


@pytest.mark.parametrize("pattern", WITHOUT_SITE)
def test_the_list_of_queries_without_a_site_names_queries(pattern: str) -> None:
    assert fnmatch_filter(queries(), pattern)


def test_every_query_is_loaded_by_the_code() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("tracker/**/*.py"))
    # A name with a placeholder, such as f"sweep_{table}.sql", loads every query that fits it.
    names = re.findall(r"""["']([\w{}]+)(?:\.sql)["']""", code)
    names += re.findall(r"(?m)^ *-- include (\w+)\.sql$", "\n".join(queries().values()))
    loaded = re.compile("|".join(re.sub(r"\{\w+\}", r"\\w+", name) for name in names))
    unused = [name for name in queries() if not loaded.fullmatch(Path(name).stem)]
    assert unused == []


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    home = re.compile(r"(?<![\w.$}~-])/(?:root|work|home/\w+|Users/\w+)/")
    named = [
        f"{name}: {line.strip()[:100]}"
        for name, text in texts()
        for line in text.splitlines()
        if f"{ROOT}/" in line or home.search(line)
    ]
    assert named == []


def test_the_lock_files_name_versions_and_hashes_and_no_host() -> None:
    pins = (ROOT / "constraints.txt").read_text()
    assert "://" not in pins
    assert not re.search(r"^\s*--(?!hash=)", pins, re.MULTILINE)
    for pin in re.findall(r"^\w.*(?:\n .*)*", pins, re.MULTILINE):
        assert re.match(r"[\w.-]+==\S+", pin), pin
        assert "--hash=sha256:" in pin, pin
    lock = json.loads((ROOT / "package-lock.json").read_text())
    for name, package in lock["packages"].items():
        assert "resolved" not in package, name
        assert not name or package["integrity"].startswith("sha512-"), name


def test_every_requirement_is_locked() -> None:
    normal = re.compile(r"[-_.]+")
    pyproject = (ROOT / "pyproject.toml").read_text()
    names = re.findall(r'^    "([\w.-]+)(?:\[\w+\])?[<>=]', pyproject, re.MULTILINE)
    locked = re.findall(r"^([\w.-]+)==", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert {normal.sub("-", name).lower() for name in names} <= set(locked)


def test_no_file_sets_a_package_registry() -> None:
    setting = re.compile(r"(index-url|find-links|registry) *=? *https?:")
    assert [name for name, text in texts() if setting.search(text)] == []


def test_no_file_holds_a_private_key() -> None:
    key = re.compile("-----BEGIN [A-Z ]*PRIVATE " + "KEY-----")
    assert [name for name, text in texts() if key.search(text)] == []


def test_no_file_is_larger_than_a_mebibyte() -> None:
    assert [path.name for path in tracked() if path.stat().st_size > MEBIBYTE] == []


def table_rows(readme: str) -> list[tuple[str, str, str]]:
    """The settings table of a README: variable, default, explanation."""
    text = (ROOT / readme).read_text(encoding="utf-8")
    return re.findall(r"^\| `(TRACKER_\w+)` \| (?:`(.*?)`)? ?\| (.*) \|$", text, re.MULTILINE)


def test_the_readme_has_the_settings_of_the_program() -> None:
    expected = [(setting.variable, str(setting.default), setting.help) for setting in SETTINGS]
    assert table_rows("README.md") == expected


def test_the_chinese_readme_has_the_same_settings_and_defaults() -> None:
    assert [row[:2] for row in table_rows("README.zh-CN.md")] == [
        row[:2] for row in table_rows("README.md")
    ]


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_what_the_readme_links_to_exists(readme: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / readme).read_text())
    assert [link for link in links if not (ROOT / link).exists()] == []


def write_reports(directory: Path, **counts: tuple[int, int, int]) -> None:
    """JUnit reports by suite: tests, skipped, failures."""
    for suite, (tests, skipped, failures) in counts.items():
        report = (
            f'<testsuite tests="{tests}" skipped="{skipped}" failures="{failures}" errors="0"/>'
        )
        (directory / f"{suite}.xml").write_text(f"<testsuites>{report}</testsuites>")


def check_suites(directory: Path) -> subprocess.CompletedProcess[str]:
    """What CI runs after the tests."""
    command = [sys.executable, str(CHECK_SUITES), str(directory)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


ALL_RAN = {"default": (90, 1, 0), "slow": (2, 0, 0), "browser": (20, 0, 0), "crash": (3, 0, 0)}


def test_ci_passes_when_every_suite_ran(tmp_path: Path) -> None:
    write_reports(tmp_path, **ALL_RAN)
    assert check_suites(tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("suite", "counts", "complaint"),
    [
        ("browser", (20, 20, 0), "no test ran"),
        ("browser", (20, 1, 0), "1 skipped"),
        ("default", (0, 0, 0), "no test ran"),
        ("crash", (3, 0, 1), "1 failed"),
    ],
)
def test_ci_fails_when_a_suite_did_not_really_run(
    suite: str, counts: tuple[int, int, int], complaint: str, tmp_path: Path
) -> None:
    write_reports(tmp_path, **ALL_RAN | {suite: counts})
    done = check_suites(tmp_path)
    assert done.returncode == 1
    assert f"{suite}: {complaint}" in done.stderr


def test_ci_fails_when_a_suite_left_no_report(tmp_path: Path) -> None:
    write_reports(tmp_path, **{name: ALL_RAN[name] for name in ("default", "slow", "crash")})
    done = check_suites(tmp_path)
    assert done.returncode == 1
    assert "browser: no report" in done.stderr
