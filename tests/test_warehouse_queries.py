"""The warehouse answers the same on both forms: parameters, results, inserts, settings."""

from __future__ import annotations

import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from tracker.errors import InvalidInput, StatementRefused, Unavailable
from tracker.warehouse.client import Warehouse, open_warehouse
from tracker.warehouse.lock import DirectoryLock
from tracker.warehouse.sql import load_sql

INSTANT = datetime(2026, 1, 31, 23, 59, 59, 123000, tzinfo=UTC)
AWKWARD = 'o\'clock \\ "quoted" `tick` {site:String} \t tab \n line 百度推广 😀 %s -- ; \0 end'

VALUES = [
    ("String", AWKWARD),
    ("String", ""),
    ("Date", date(2026, 2, 28)),
    ("DateTime64(3, 'UTC')", INSTANT),
    ("Decimal(18, 6)", Decimal("-123456789012.654321")),
    ("Decimal(18, 6)", Decimal("0.000001")),
    ("UInt64", 2**64 - 1),
    ("Int64", -(2**63)),
    ("Bool", True),
    ("UUID", UUID("0189f7a0-6d7c-7b0e-8a44-9d1f2c3b4a5d")),
    ("Nullable(String)", None),
    ("Nullable(String)", "\\N"),
    ("Nullable(Decimal(18, 6))", None),
    ("Array(String)", [AWKWARD, "", "b"]),
    ("Array(String)", []),
    ("Array(UInt64)", [0, 2**64 - 1]),
    ("Array(Date)", [date(2026, 1, 1), date(2026, 12, 31)]),
    ("Array(DateTime64(3, 'UTC'))", [INSTANT, INSTANT + timedelta(days=1)]),
    ("Array(Decimal(18, 6))", [Decimal("1.000001"), Decimal("-2.5")]),
    ("Array(Nullable(String))", ["a", None]),
    ("Array(Tuple(String, Date, UInt32))", [(AWKWARD, date(2026, 1, 1), 7)]),
    ("Map(String, String)", {"k'ey": AWKWARD, "": "v"}),
    ("Tuple(String, Nullable(UInt8))", ("x", None)),
]


@pytest.mark.parametrize(("kind", "value"), VALUES, ids=[kind for kind, _ in VALUES])
def test_a_typed_parameter_comes_back_as_it_went(
    warehouse: Warehouse, kind: str, value: object
) -> None:
    assert warehouse.rows(f"SELECT {{value:{kind}}}", {"value": value}) == [(value,)]


def test_a_local_time_reaches_the_engine_as_its_utc_instant(warehouse: Warehouse) -> None:
    shanghai = INSTANT.astimezone(ZoneInfo("Asia/Shanghai"))
    sql = "SELECT {t:DateTime64(3, 'UTC')}, toUnixTimestamp64Milli({t:DateTime64(3, 'UTC')})"
    expected = [(INSTANT, int(INSTANT.timestamp() * 1000))]
    assert warehouse.rows(sql, {"t": shanghai}) == expected
    assert warehouse.rows(sql, {"t": shanghai})[0][0].utcoffset() == timedelta(0)


def test_a_time_without_a_zone_is_refused(warehouse: Warehouse) -> None:
    naive = INSTANT.replace(tzinfo=None)
    with pytest.raises(InvalidInput, match="parameter since has no time zone"):
        warehouse.rows("SELECT {since:DateTime64(3, 'UTC')}", {"since": naive})


def test_the_session_counts_days_in_utc(warehouse: Warehouse) -> None:
    assert warehouse.rows("SELECT timezone(), toString(toDateTime(0))") == [
        ("UTC", "1970-01-01 00:00:00")
    ]


def test_dicts_carry_the_names_of_the_columns(warehouse: Warehouse) -> None:
    sql = "SELECT number AS n, toString(number) AS text FROM numbers(2)"
    assert warehouse.dicts(sql) == [{"n": 0, "text": "0"}, {"n": 1, "text": "1"}]


def test_a_query_without_rows_gives_an_empty_list(warehouse: Warehouse) -> None:
    assert warehouse.rows("SELECT number FROM numbers(5) WHERE number > 9") == []
    assert warehouse.dicts("SELECT number FROM numbers(5) WHERE number > 9") == []
    assert list(warehouse.stream("SELECT number FROM numbers(5) WHERE number > 9")) == []
    assert warehouse.rows("SELECT number FROM numbers(5) LIMIT 0") == []


def test_three_hundred_slices_go_as_one_parameter_of_a_query_and_of_an_insert(
    warehouse: Warehouse,
) -> None:
    slices = [(f"site-{n:03d}-百度", date(2026, 1, 1) + timedelta(days=n), n) for n in range(300)]
    parameter = {"slices": slices}
    kind = "Array(Tuple(String, Date, UInt32))"
    unfolded = f"SELECT s.1, s.2, s.3 FROM (SELECT arrayJoin({{slices:{kind}}}) AS s) ORDER BY s.3"
    assert warehouse.rows(unfolded, parameter) == slices
    assert list(warehouse.stream(unfolded, parameter)) == slices
    warehouse.execute(
        "CREATE TABLE cut (site String, day Date, bucket UInt32) ENGINE = MergeTree ORDER BY site"
    )
    warehouse.execute(f"INSERT INTO cut {unfolded}", parameter)
    assert warehouse.rows("SELECT * FROM cut ORDER BY bucket") == slices


def test_a_stream_that_is_left_early_gives_its_client_back(warehouse: Warehouse) -> None:
    for _ in range(6):  # more often than the pool has clients
        rows = warehouse.stream("SELECT number FROM numbers(200000)")
        assert [next(rows)[0] for _ in range(3)] == [0, 1, 2]
        rows.close()
    assert warehouse.rows("SELECT 1") == [(1,)]


def test_an_error_in_the_middle_of_a_stream_is_raised_there(warehouse: Warehouse) -> None:
    sql = "SELECT throwIf(number = 150000) FROM numbers(1000000)"
    rows = warehouse.stream(sql, settings={"max_block_size": 10_000, "max_threads": 1})
    next(rows)
    with pytest.raises(StatementRefused, match="FUNCTION_THROW_IF_VALUE_IS_NON_ZERO"):
        for _ in rows:
            pass


def test_settings_hold_for_their_own_statement_only(warehouse: Warehouse) -> None:
    value = "SELECT value FROM system.settings WHERE name = 'max_memory_usage'"
    before = warehouse.rows(value)
    assert warehouse.rows(value, settings={"max_memory_usage": 123456789}) == [("123456789",)]
    create = "CREATE TABLE limits (value String) ENGINE = MergeTree ORDER BY value"
    warehouse.execute(create, settings={"max_memory_usage": 123456789})
    copy = f"-- the limit that holds\nINSERT INTO limits {value};"
    warehouse.execute(copy, settings={"max_memory_usage": 123456789})
    assert warehouse.rows("SELECT * FROM limits") == [("123456789",)]
    assert warehouse.rows(value) == before


def test_a_memory_limit_is_the_engine_s_trouble_and_not_the_statement_s(
    warehouse: Warehouse,
) -> None:
    with pytest.raises(Unavailable, match="MEMORY_LIMIT_EXCEEDED") as caught:
        warehouse.rows(
            "SELECT uniqExact(number) FROM numbers(10000000)",
            settings={"max_memory_usage": 1_000_000},
        )
    assert not isinstance(caught.value, StatementRefused)


def test_a_time_limit_of_the_engine_is_no_fault_of_the_statement(warehouse: Warehouse) -> None:
    with pytest.raises(Unavailable, match="TIMEOUT_EXCEEDED") as caught:
        warehouse.rows(
            "SELECT sum(sleepEachRow(0.1)) FROM numbers(25)",
            settings={"max_execution_time": 0.2, "max_block_size": 1},
        )
    assert not isinstance(caught.value, StatementRefused)


def test_an_insert_of_too_many_partitions_is_refused_as_bad_data(warehouse: Warehouse) -> None:
    days = "SELECT toDateTime64(toDate('2026-01-01') + number, 3, 'UTC') FROM numbers(101)"
    with pytest.raises(StatementRefused, match="TOO_MANY_PARTS"):
        warehouse.execute(f"INSERT INTO events (time) {days}")
    assert warehouse.rows("SELECT count() FROM events") == [(0,)]


def test_sql_lies_beside_its_caller_and_is_read_by_name() -> None:
    text = load_sql("tracker.warehouse.schema", "0001_facts")
    assert "CREATE TABLE IF NOT EXISTS events" in text
    assert load_sql("tracker.warehouse.schema", "0001_facts.sql") == text
    with pytest.raises(FileNotFoundError):
        load_sql("tracker.warehouse.schema", "0000_nothing")


def test_rows_of_python_values_are_inserted(warehouse: Warehouse) -> None:
    rows = [("acme", date(2026, 1, 1), "USD", "CNY", Decimal("7.123456789"), 2**64 - 1)]
    columns = ("tenant", "day", "base", "quote", "rate", "version")
    warehouse.insert("rates", columns, rows)
    warehouse.insert("rates", columns, [])
    assert warehouse.rows(f"SELECT {', '.join(columns)} FROM rates") == rows


def test_json_lines_are_inserted_from_bytes_and_from_a_file(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    line = (
        b'{"tenant":"acme","day":"2026-01-0%d","base":"USD","quote":"CNY",'
        b'"rate":"7.1","version":18446744073709551615}\n'
    )
    warehouse.insert_json("rates", line % 1 + line % 2)
    path = tmp_path / "segment.ndjson"
    path.write_bytes(line % 3)
    warehouse.insert_json("rates", path)
    assert warehouse.rows("SELECT day, rate, version FROM rates ORDER BY day") == [
        (date(2026, 1, day), Decimal("7.1"), 2**64 - 1) for day in (1, 2, 3)
    ]


def test_json_lines_take_the_defaults_of_their_columns_and_fill_dictionaries(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = b'{"site":"s","path":"/%d","props":{"a":"1"},"value":"1.5","paid":true}\n'
    warehouse.insert_json("events", line % 1)
    odd = tmp_path / "it's {1..2}"  # a pattern for the engine
    odd.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(odd))
    warehouse.insert_json("events", line % 2)
    assert list(odd.iterdir()) == []
    found = warehouse.rows("SELECT path, attempt, props, value, paid, title FROM events ORDER BY 1")
    assert found == [(f"/{n}", 1, {"a": "1"}, Decimal("1.5"), True, "") for n in (1, 2)]


def test_a_bad_line_after_many_good_ones_refuses_them_all(warehouse: Warehouse) -> None:
    good = b'{"tenant":"a","day":"2026-01-01","version":1}\n' * 150_000
    with pytest.raises(StatementRefused):
        warehouse.insert_json("rates", good + b"?\n")
    assert warehouse.rows("SELECT count() FROM rates") == [(0,)]


def test_json_times_keep_their_milliseconds(warehouse: Warehouse) -> None:
    line = b'{"site":"s","kind":"email","time":"2026-01-31T23:59:59.123Z"}\n'
    warehouse.insert_json("identities", line)
    assert warehouse.rows("SELECT time FROM identities") == [(INSTANT,)]


@pytest.mark.parametrize(
    "bad",
    [b'{"tenant":"b","day":"soon"}\n', b'{"tenant":"b","colour":"red"}\n', b'{"tenant":\n', b"?\n"],
    ids=["a wrong value", "an unknown key", "a torn line", "no json"],
)
def test_one_bad_line_refuses_the_whole_block(warehouse: Warehouse, bad: bytes) -> None:
    good = b'{"tenant":"a","day":"2026-01-01","version":1}\n'
    with pytest.raises(StatementRefused) as caught:
        warehouse.insert_json("rates", good + bad + good)
    assert caught.value.engine_code > 0
    assert warehouse.rows("SELECT count() FROM rates") == [(0,)]


@pytest.mark.parametrize(
    ("columns", "row"),
    [
        (("version",), ("many",)),
        (("version",), (-1,)),
        (("version",), (None,)),
        (("day",), ("2026-01-01",)),
        (("colour",), ("red",)),
        (("tenant", "day"), ("a",)),
    ],
)
def test_a_row_that_does_not_fit_its_table_is_refused(
    warehouse: Warehouse, columns: tuple[str, ...], row: tuple[object, ...]
) -> None:
    for token in (None, "token"):
        with pytest.raises(StatementRefused):
            warehouse.insert("rates", columns, [row], token=token)
    assert warehouse.rows("SELECT count() FROM rates") == [(0,)]


def test_a_file_that_is_not_there_is_not_blamed_on_the_engine(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError):
        warehouse.insert_json("rates", tmp_path / "gone.ndjson")


def test_a_second_engine_in_one_process_is_refused_and_its_directory_freed(
    warehouse_embedded: Warehouse, tmp_path: Path
) -> None:
    with pytest.raises(Unavailable, match="a process can open one engine directory only"):
        open_warehouse(f"chdb://{tmp_path}")
    with DirectoryLock(tmp_path):
        warehouse_embedded.ping()


@pytest.mark.parametrize("way", ["json", "file", "rows"])
def test_an_insert_repeated_with_its_token_counts_once(
    warehouse: Warehouse, way: str, tmp_path: Path
) -> None:
    line = b'{"site":"s","kind":"email","time":"2026-01-31T23:59:59.123Z"}\n'
    path = tmp_path / "segment.ndjson"
    path.write_bytes(line)
    for token in ("one", "one", "two", "one"):
        if way == "json":
            warehouse.insert_json("identities", line, token=token)
        elif way == "file":
            warehouse.insert_json("identities", path, token=token)
        else:
            row = ("s", "email", INSTANT)
            warehouse.insert("identities", ("site", "kind", "time"), [row], token=token)
    assert warehouse.rows("SELECT count() FROM identities") == [(2,)]


def test_eight_threads_read_and_write_at_once(warehouse: Warehouse) -> None:
    start = threading.Barrier(8)

    def work(thread: int) -> int:
        start.wait()
        total = 0
        for turn in range(5):
            token = f"{thread}-{turn}"
            row = (f"s{thread}", "email", INSTANT + timedelta(seconds=turn))
            warehouse.insert("identities", ("site", "kind", "time"), [row], token=token)
            sql = "SELECT count() FROM identities WHERE site = {site:String}"
            total += warehouse.rows(sql, {"site": f"s{thread}"})[0][0]
        return total

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(work, range(8))) == [15] * 8
    assert warehouse.rows("SELECT count() FROM identities") == [(40,)]


def test_arrays_are_the_columns_of_all_blocks(warehouse: Warehouse) -> None:
    found = warehouse.arrays(
        "SELECT number AS n, toInt64(-number) AS below, toUInt8(number % 3) AS third, "
        "toUInt16(7) AS small, toInt32(-1) AS minus, number % 2 = 0 AND true AS even, "
        "toDate('2026-02-28') + number % 2 AS day FROM numbers({count:UInt64}) "
        "SETTINGS max_block_size = 1000",
        {"count": 5000},
    )
    assert found["n"].tolist() == list(range(5000))
    assert found["below"].tolist() == [-number for number in range(5000)]
    assert found["third"].tolist() == [number % 3 for number in range(5000)]
    assert set(found["small"].tolist()) | set(found["minus"].tolist()) == {7, -1}
    assert found["even"].tolist() == [number % 2 == 0 for number in range(5000)]
    assert found["day"][:2].tolist() == [date(2026, 2, 28), date(2026, 3, 1)]
    top = warehouse.arrays("SELECT {most:UInt64} AS most", {"most": 2**64 - 1})
    assert top["most"].tolist() == [2**64 - 1]


def test_arrays_of_no_rows_are_empty_and_those_of_texts_are_refused(warehouse: Warehouse) -> None:
    assert len(warehouse.arrays("SELECT number AS n FROM numbers(0)")["n"]) == 0
    with pytest.raises(StatementRefused, match="The column t is of the type String"):
        warehouse.arrays("SELECT 'a' AS t")
