"""Migrations run once, in order, and refuse what they do not know."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tracker.errors import SchemaRefused, StatementRefused
from tracker.warehouse.client import Warehouse
from tracker.warehouse.migrate import migrate, pending, read_migrations
from tracker.warehouse.template import Layout, statements

ONE = """-- the first table; a comment with {braces} and an end;
CREATE TABLE IF NOT EXISTS one {on_cluster}
(
    id   UInt64,       -- may be {unexpanded}
    text String DEFAULT '{name} -- no comment; '
)
ENGINE = {engine:ReplacingMergeTree(id)}
ORDER BY id
SETTINGS {fsync};
CREATE TABLE IF NOT EXISTS other {on_cluster} (id UInt64) ENGINE = {engine:MergeTree} ORDER BY id;
"""
TWO = "ALTER TABLE one ADD COLUMN IF NOT EXISTS size UInt8 DEFAULT 7;\n"


@pytest.fixture
def blank(warehouse: Warehouse) -> Iterator[Warehouse]:
    """A warehouse that remembers no migration, for the length of a test."""
    warehouse.execute("RENAME TABLE schema_migrations TO kept_migrations")
    yield warehouse
    warehouse.execute("DROP TABLE IF EXISTS schema_migrations SYNC")
    warehouse.execute("RENAME TABLE kept_migrations TO schema_migrations")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two migrations."""
    (tmp_path / "0001_one.sql").write_text(ONE)
    (tmp_path / "0002_two.sql").write_text(TWO)
    (tmp_path / "README").write_text("not a migration")
    return tmp_path


def test_pending_migrations_are_applied_once_and_in_order(blank: Warehouse, folder: Path) -> None:
    assert pending(blank, folder) == ["0001_one", "0002_two"]
    assert migrate(blank, folder) == ["0001_one", "0002_two"]
    assert pending(blank, folder) == []
    assert migrate(blank, folder) == []
    blank.execute("INSERT INTO one (id) SELECT 1")
    assert blank.rows("SELECT * FROM one") == [(1, "{name} -- no comment; ", 7)]
    engines = (
        "SELECT name, engine FROM system.tables "
        "WHERE database = currentDatabase() AND name IN ('one', 'other') ORDER BY name"
    )
    assert blank.rows(engines) == [("one", "ReplacingMergeTree"), ("other", "MergeTree")]


def test_a_later_migration_is_added_to_those_that_ran(blank: Warehouse, folder: Path) -> None:
    (folder / "0002_two.sql").unlink()
    assert migrate(blank, folder) == ["0001_one"]
    (folder / "0002_two.sql").write_text(TWO)
    assert pending(blank, folder) == ["0002_two"]
    assert migrate(blank, folder) == ["0002_two"]


def test_an_edited_migration_is_refused_by_name(blank: Warehouse, folder: Path) -> None:
    migrate(blank, folder)
    (folder / "0001_one.sql").write_text(ONE + "-- a word\n")
    (folder / "0003_three.sql").write_text(
        "CREATE TABLE IF NOT EXISTS three (a Int8) ENGINE = Log;"
    )
    with pytest.raises(SchemaRefused, match=r"0001_one\.sql was changed .* migration 0004_"):
        migrate(blank, folder)
    with pytest.raises(SchemaRefused, match=r"0001_one\.sql was changed"):
        pending(blank, folder)
    assert blank.rows("EXISTS TABLE three") == [(0,)]


def test_a_database_that_is_newer_than_the_program_is_refused(
    blank: Warehouse, folder: Path
) -> None:
    migrate(blank, folder)
    (folder / "0002_two.sql").unlink()
    with pytest.raises(SchemaRefused, match=r"has migration 0002_two.*knows up to 0001"):
        migrate(blank, folder)


def test_a_migration_that_failed_half_way_runs_again_after_it_is_corrected(
    blank: Warehouse, folder: Path
) -> None:
    (folder / "0002_two.sql").write_text(f"{TWO}ALTER TABLE nowhere MODIFY COLUMN x UInt8;\n")
    with pytest.raises(Exception, match="nowhere") as caught:
        migrate(blank, folder)
    assert "0002_two.sql" in str(caught.value)
    assert pending(blank, folder) == ["0002_two"]
    assert blank.rows("SELECT size FROM one") == []
    (folder / "0002_two.sql").write_text(TWO)
    assert migrate(blank, folder) == ["0002_two"]


def test_two_that_migrate_at_once_agree(blank: Warehouse, folder: Path) -> None:
    with ThreadPoolExecutor(2) as threads:
        done = list(threads.map(lambda _: migrate(blank, folder), range(2)))
    assert {name for names in done for name in names} == {"0001_one", "0002_two"}
    assert pending(blank, folder) == []
    assert migrate(blank, folder) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "CREATE TABLE IF NOT EXISTS t {cluster} (a Int8) ENGINE = Log;",
            r"placeholder \{cluster\}",
        ),
        ("CREATE TABLE IF NOT EXISTS t (a Int8) ENGINE = {engine:Log};", r"\{engine:Log\}"),
        (
            "CREATE TABLE IF NOT EXISTS t (a Int8) ENGINE = {engin:MergeTree};",
            r"\{engin:MergeTree\}",
        ),
        ("CREATE TABLE t (a Int8) ENGINE = Log;", "must say IF NOT EXISTS"),
        ("DROP TABLE t;", "must say IF EXISTS"),
        ("ALTER TABLE t ADD COLUMN a Int8;", "must say IF NOT EXISTS"),
        ("ALTER TABLE t DROP COLUMN a;", "must say IF EXISTS"),
        ("INSERT INTO t SELECT 1;", "INSERT cannot"),
    ],
)
def test_a_bad_file_is_refused_before_anything_runs(
    blank: Warehouse, folder: Path, text: str, message: str
) -> None:
    (folder / "0002_two.sql").write_text(text)
    with pytest.raises(SchemaRefused, match=rf"0002_two\.sql.*{message}"):
        migrate(blank, folder)
    assert blank.rows("EXISTS TABLE one") == [(0,)]


def test_a_number_may_be_left_out_and_filled_later(blank: Warehouse, folder: Path) -> None:
    (folder / "0004_four.sql").write_text(TWO)
    assert migrate(blank, folder)[-1] == "0004_four"
    (folder / "0003_three.sql").write_text(TWO)
    assert migrate(blank, folder) == ["0003_three"]
    assert migrate(blank, folder) == []


@pytest.mark.parametrize("name", ["0002_again.sql", "3_three.sql", "0003-x.sql"])
def test_a_file_that_breaks_the_numbering_is_refused(
    warehouse_embedded: Warehouse, folder: Path, name: str
) -> None:
    (folder / name).write_text(TWO)
    with pytest.raises(SchemaRefused, match=r"should have number|is not named like"):
        migrate(warehouse_embedded, folder)


def test_a_parameter_of_a_view_is_no_placeholder() -> None:
    text = "CREATE VIEW IF NOT EXISTS v AS SELECT {day:Date}, '{fsync}', `{x}`;"
    assert statements(text, Layout(), "v.sql") == [text.removesuffix(";")]


def test_the_own_migrations_are_applied_and_well_formed(warehouse: Warehouse) -> None:
    assert pending(warehouse) == []
    assert migrate(warehouse) == []
    names = [migration.name for migration in read_migrations()]
    assert warehouse.rows("SELECT name FROM schema_migrations ORDER BY number") == [
        (name,) for name in names
    ]


def test_tables_of_facts_are_written_to_disk_before_an_insert_returns(
    warehouse_http: Warehouse,
) -> None:
    for table in ("events", "spend", "offline_conversions"):
        text = warehouse_http.rows(f"SHOW CREATE TABLE {table}")[0][0]
        assert "fsync_after_insert = 1" in text
        assert "fsync_part_directory = 1" in text


def test_events_of_a_new_installation_differ_in_their_blocks_alone() -> None:
    first, second = (
        next(s for s in statements(one.text, Layout(), one.name) if "EXISTS events" in s)
        for one in read_migrations()[:2]
    )

    def columns(create: str) -> list[str]:
        return [" ".join(line.partition("--")[0].split()) for line in create.splitlines()]

    *same, last = columns(first)
    assert same == [*columns(second)[:-1], columns(second)[-1] + ","]
    assert last == "index_granularity = 1024"


def test_a_token_table_has_a_window_for_tokens(warehouse: Warehouse) -> None:
    text = warehouse.rows("SHOW CREATE TABLE events")[0][0]
    assert "non_replicated_deduplication_window" in text


def test_a_statement_of_a_migration_that_is_no_sql_names_its_file(
    blank: Warehouse, folder: Path
) -> None:
    (folder / "0002_two.sql").write_text("ALTER TABEL one;")
    with pytest.raises(StatementRefused, match=r"0002_two\.sql.*SYNTAX_ERROR"):
        migrate(blank, folder)


def test_events_of_before_their_columns_were_made_smaller_stay_as_they_are(
    warehouse: Warehouse,
) -> None:
    before, after = (
        one.text.replace("TABLE IF NOT EXISTS events ", "TABLE IF NOT EXISTS old_events ").replace(
            "ALTER TABLE events ", "ALTER TABLE old_events "
        )
        for one in read_migrations()
        if one.number in (1, 3)
    )
    create = next(s for s in statements(before, Layout(durable=False), "one") if "old_events" in s)
    (alter,) = statements(after, Layout(durable=False), "three")
    warehouse.execute(create)
    try:
        warehouse.execute(
            "INSERT INTO old_events (site, time, event_id, path, title, user_agent, click_id) "
            "SELECT 's', toDateTime64('2026-01-31 08:00:00.123', 3, 'UTC') - number, "
            "generateUUIDv4(), concat('/', toString(number)), '', 'x', 'c' FROM numbers(50)"
        )
        rows = "SELECT * FROM old_events ORDER BY event_id"
        kept = warehouse.dicts(rows)
        for _ in range(2):
            warehouse.execute(alter, settings={"mutations_sync": 2})
            assert warehouse.dicts(rows) == kept
    finally:
        warehouse.execute("DROP TABLE IF EXISTS old_events SYNC")
