"""Importing spend files: what stands afterwards, and what the keyword report then says."""

from __future__ import annotations

import os
import random
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.spend_imports import HEADER, Desk
from tests.spend_reports import PAYLOADS
from tracker.errors import InvalidInput, NeedsConfirmation, TooLarge
from tracker.spend.importer import SpendDeps, SpendOptions, import_spend_file
from tracker.warehouse.client import Warehouse

TWO_DAYS = (
    "2026-09-01,Pumps,multi,multistage pump,100,4,8.75",
    "2026-09-01,Pumps,slurry,slurry pump,900,12,100.50",
    "2026-09-02,Valves,gate,gate valve,80,3,12",
)


@pytest.fixture
def desk(sqlite_db: Engine, warehouse_embedded: Warehouse, tmp_path: Path) -> Desk:
    return Desk.open(sqlite_db, warehouse_embedded, tmp_path)


def test_a_report_becomes_the_cost_of_its_keywords(desk: Desk) -> None:
    report = desk.rows(*TWO_DAYS)
    assert (report.rows, report.days, report.added) == (3, 2, 2)
    assert (report.cost, report.clicks, report.impressions) == ("121.25", 19, 1080)
    assert (report.first, report.last, report.changed) == ("2026-09-01", "2026-09-02", True)
    assert [(day.day, day.cost) for day in report.by_day] == [
        ("2026-09-01", "109.25"),
        ("2026-09-02", "12.00"),
    ]
    assert desk.dirty() == {("spend", date(2026, 9, 1)), ("spend", date(2026, 9, 2))}
    assert desk.costs() == {
        "multistage pump": "8.75",
        "slurry pump": "100.50",
        "gate valve": "12.00",
        "*": "121.25",
    }


def test_the_http_form_of_the_warehouse_stores_the_same(
    sqlite_db: Engine, warehouse_http: Warehouse, tmp_path: Path
) -> None:
    desk = Desk.open(sqlite_db, warehouse_http, tmp_path)
    desk.rows(*TWO_DAYS)
    assert not desk.rows(*TWO_DAYS).changed
    assert desk.costs()["*"] == "121.25"


def test_either_kind_of_metadata_store_serves_an_import(
    any_db: Engine, warehouse_embedded: Warehouse, tmp_path: Path
) -> None:
    desk = Desk.open(any_db, warehouse_embedded, tmp_path)
    desk.rows(*TWO_DAYS)
    assert not desk.rows(*TWO_DAYS).changed
    assert desk.costs()["*"] == "121.25"


def test_standing_lines_are_compared_in_portions(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.spend.standing.CHUNK_LINES", 2)
    rows = [f"2026-09-{n % 9 + 1:02d},C,g,pump {n},1,1,{n}" for n in range(40)]
    desk.rows(*rows)
    assert not desk.rows(*reversed(rows)).changed
    assert desk.rows(*rows[1:]).removed_keyword_names == ["C › g › pump 0"]


def test_the_same_file_again_changes_nothing(desk: Desk) -> None:
    desk.rows(*TWO_DAYS)
    stands = desk.standing()
    desk.reconcile()
    again = desk.rows(*TWO_DAYS)
    assert (again.changed, again.pull, again.unchanged) == (False, None, 2)
    assert desk.standing() == stands
    assert desk.dirty() == set()


def test_the_same_rows_in_another_order_and_split_change_nothing(desk: Desk) -> None:
    desk.rows(*TWO_DAYS)
    again = desk.rows(
        "2026-09-02,Valves,gate,gate valve,80,3,12.00",
        "2026-09-01,Pumps,slurry,slurry pump,400,5,60.25",
        "2026-09-01,Pumps,multi,multistage pump,100,4,8.75",
        "2026-09-01,Pumps,slurry,slurry pump,500,7,40.25",
    )
    assert not again.changed


def test_rows_with_an_equal_key_are_summed(desk: Desk) -> None:
    report = desk.rows(
        "2026-09-01,Pumps,multi,pump,100,4,8.75", "2026-09-01,Pumps,multi,pump,50,1,1.25"
    )
    assert report.rows == 2
    assert report.by_day[0].rows == 1
    assert desk.warehouse.rows("SELECT impressions, clicks, toString(cost) FROM spend") == [
        (150, 5, "10")
    ]


def test_rows_of_one_keyword_without_ids_that_differ_in_match_type_or_address_are_all_counted(
    desk: Desk,
) -> None:
    header = "日期,推广计划,推广单元,关键词,匹配模式,访问URL,展现,点击,消费"
    rows = [
        "2026-09-01,Pumps,multi,pump,短语,https://pump.example/a,100,4,8.75",
        "2026-09-01,Pumps,multi,pump,短语,https://pump.example/b,50,1,1.25",
        "2026-09-01,Pumps,multi,pump,精确,https://pump.example/a,30,2,4.00",
    ]
    report = desk.run(desk.file(rows, header), platform="baidu")
    assert (report.rows, report.by_day[0].rows) == (3, 2)
    found = desk.report()
    assert sorted((row.match_type, row.cost) for row in found.rows) == [
        ("exact", "4.00"), ("phrase", "10.00"),
    ]  # fmt: skip
    assert (found.totals.cost, found.totals.clicks) == ("14.00", 7)
    assert not desk.run(desk.file(rows[::-1], header), platform="baidu").changed


def test_a_restated_file_replaces_only_the_days_it_changes(desk: Desk) -> None:
    first = desk.rows(*TWO_DAYS).pull
    desk.reconcile()
    restated = desk.rows(*TWO_DAYS[:2], "2026-09-02,Valves,gate,gate valve,80,3,12.50")
    assert (restated.replaced, restated.unchanged) == (1, 1)
    assert (restated.cost_before, restated.cost_after) == ("121.25", "121.75")
    assert desk.standing() == {
        ("2026-09-01", "2026-09-01", ""): first,
        ("2026-09-02", "2026-09-02", ""): restated.pull,
    }
    assert desk.dirty() == {("spend", date(2026, 9, 2))}
    assert desk.costs()["gate valve"] == "12.50"


def test_a_keyword_that_vanished_is_gone(desk: Desk) -> None:
    desk.rows(*TWO_DAYS)
    desk.costs()
    report = desk.rows(TWO_DAYS[1])
    assert report.removed_keywords == 1
    assert report.removed_keyword_names == ["Pumps › multi › multistage pump"]
    assert desk.costs() == {"slurry pump": "100.50", "gate valve": "12.00", "*": "112.50"}


def test_a_dry_run_tells_what_would_change_and_changes_nothing(desk: Desk) -> None:
    desk.rows(*TWO_DAYS)
    desk.reconcile()
    stands = desk.standing()
    report = desk.rows("2026-09-01,Pumps,multi,multistage pump,100,4,9.00", dry_run=True)
    assert (report.dry_run, report.changed, report.pull, report.replaced) == (True, True, None, 1)
    assert (report.cost_before, report.cost_after) == ("109.25", "9.00")
    assert "109.25 to 9.00" in report.asks[0]
    assert desk.standing() == stands
    assert desk.dirty() == set()
    assert desk.warehouse.rows("SELECT count() FROM spend") == [(3,)]


def test_a_fall_of_more_than_30_per_cent_asks_first(desk: Desk) -> None:
    desk.rows("2026-09-01,Pumps,multi,pump,100,4,100")
    with pytest.raises(NeedsConfirmation, match=r"2026-09-01: 100\.00 to 69\.99.*--replace"):
        desk.rows("2026-09-01,Pumps,multi,pump,100,4,69.99")
    assert desk.costs()["*"] == "100.00"
    assert desk.rows("2026-09-01,Pumps,multi,pump,100,4,70").changed
    assert desk.rows("2026-09-01,Pumps,multi,pump,100,4,1", replace=True).changed
    assert desk.costs()["*"] == "1.00"


def test_a_file_that_would_remove_a_campaign_asks_first(desk: Desk) -> None:
    desk.rows("2026-09-01,Pumps,g,pump,1,1,100", "2026-09-01,Valves,g,valve,1,1,1")
    with pytest.raises(NeedsConfirmation, match=r"remove 1 campaign: Valves \(2026-09-01\)"):
        desk.rows("2026-09-01,Pumps,g,pump,1,1,101")
    report = desk.rows("2026-09-01,Pumps,g,pump,1,1,101", replace=True)
    assert report.removed_campaigns == ["Valves"]
    assert desk.costs() == {"pump": "101.00", "*": "101.00"}


def test_a_campaign_renamed_under_its_id_is_not_removed(desk: Desk) -> None:
    header = f"{HEADER},Campaign ID"
    desk.run(desk.file(["2026-09-01,Pumps,g,pump,1,1,5,77"], header), platform="baidu")
    renamed = desk.file(["2026-09-01,New pumps,g,pump,1,1,5,77"], header)
    assert desk.run(renamed, platform="baidu").removed_campaigns == []


def test_partial_replaces_only_the_campaigns_present(desk: Desk) -> None:
    desk.rows("2026-09-01,Pumps,g,pump,10,1,100", "2026-09-01,Valves,g,valve,5,1,40")
    report = desk.rows("2026-09-01,Valves,g,ball valve,6,2,35", partial=True)
    assert (report.cost, report.cost_after) == ("35.00", "135.00")
    assert report.removed_campaigns == []
    assert desk.costs() == {"pump": "100.00", "ball valve": "35.00", "*": "135.00"}
    assert not desk.rows("2026-09-01,Valves,g,ball valve,6,2,35", partial=True).changed


def test_a_file_without_days_over_a_longer_range_is_refused_with_the_clicks(desk: Desk) -> None:
    path = PAYLOADS / "google" / "keywords-en-undated.csv"
    with pytest.raises(InvalidInput, match="Segment › Time › Day") as refused:
        desk.run(path)
    assert "2026-09-01 to 2026-09-30" in str(refused.value)
    assert desk.standing() == {}


def test_a_period_total_counts_only_where_the_period_is_whole(desk: Desk) -> None:
    path = PAYLOADS / "google" / "keywords-en-undated.csv"
    report = desk.run(path, period_total=True, currency="CNY")
    assert (report.first, report.last, report.days) == ("2026-09-01", "2026-09-30", 1)
    assert desk.standing() == {("2026-09-01", "2026-09-30", ""): report.pull}
    assert desk.costs()["*"] == "1115.75"
    assert desk.report("2026-09-01", "2026-09-29").totals.cost is None
    assert not desk.run(path, period_total=True, currency="CNY").changed


def test_days_and_a_period_total_are_never_counted_together(desk: Desk) -> None:
    total = PAYLOADS / "google" / "keywords-en-undated.csv"
    desk.run(total, period_total=True, currency="CNY")
    day = desk.file(["2026-09-03,Pumps EN,Multistage,pump,1,1,5"])
    with pytest.raises(NeedsConfirmation, match=r"2026-09-01 to 2026-09-30.*twice"):
        desk.run(day, platform="google")
    desk.run(day, platform="google", replace=True)
    assert desk.costs()["*"] == "5.00"
    with pytest.raises(NeedsConfirmation, match="2026-09-03"):
        desk.run(total, period_total=True, currency="CNY")


def test_days_that_cover_a_period_total_take_its_place(desk: Desk) -> None:
    desk.run(PAYLOADS / "google" / "keywords-en-undated.csv", period_total=True, currency="CNY")
    rows = [f"2026-09-{d:02d},Pumps EN,Multistage,pump,1,1,40" for d in range(1, 31)]
    report = desk.run(desk.file(rows), platform="google")
    assert report.removed == 1
    assert desk.costs()["*"] == "1200.00"


def test_a_declared_day_without_rows_is_stored_as_a_day_without_spend(desk: Desk) -> None:
    desk.run(PAYLOADS / "google" / "keywords-en.csv")
    assert len(desk.standing()) == 13
    assert desk.warehouse.rows("SELECT count() FROM spend") == [(4,)]


def test_a_day_that_is_not_over_is_not_stored_as_one_without_spend(desk: Desk) -> None:
    desk.now = desk.now.replace(day=10)
    desk.run(PAYLOADS / "google" / "keywords-en.csv")
    assert {day for day, _, _ in desk.standing()} == {f"2026-09-{d:02d}" for d in range(1, 10)}


def test_a_declared_day_that_lost_its_rows_asks_first(desk: Desk) -> None:
    text = (PAYLOADS / "google" / "keywords-en.csv").read_text(encoding="utf-8")
    desk.rows("2026-09-05,Pumps EN,Multistage,pump,1,1,3", platform="google", currency="USD")
    path = desk.directory / "google.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(NeedsConfirmation, match=r"2026-09-05: 3\.00 to 0\.00"):
        desk.run(path)
    desk.run(path, replace=True)
    assert ("2026-09-05", "2026-09-05", "") in desk.standing()
    desk.reconcile()
    assert desk.report("2026-09-05", "2026-09-05").totals.cost is None


def test_a_file_whose_rows_miss_its_own_total_is_refused_with_both_numbers(desk: Desk) -> None:
    text = (PAYLOADS / "baidu" / "keywords.csv").read_text(encoding="utf-8")
    path = desk.directory / "cut.csv"
    lines = text.splitlines(keepends=True)
    path.write_text("".join(lines[:9] + lines[10:]), encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"cost 123\.25, its rows 114\.50"):
        desk.run(path)
    assert desk.standing() == {}
    assert "cost 123.25, its rows 114.50" in desk.run(path, partial=True).warnings[0]


def test_a_file_whose_only_total_is_of_a_filtered_list_replaces_only_that_list(desk: Desk) -> None:
    rows = ["2026-09-01,Pumps,g,pump,10,1,5.00", "Total: Filtered keywords,--,--,--,10,1,5.00"]
    report = desk.run(desk.file(rows), platform="google")
    assert "Filtered keywords" in report.scope
    ((_, _, scope),) = desk.standing()
    assert scope.startswith("filter=")
    with pytest.raises(NeedsConfirmation, match="--replace"):
        desk.run(desk.file(["2026-09-01,Pumps,g,pump,10,1,2.00"]), platform="google")
    desk.run(desk.file(["2026-09-01,Pumps,g,pump,10,1,6.00"]), platform="google")
    assert desk.standing().keys() == {("2026-09-01", "2026-09-01", "")}


def test_every_bad_cell_is_named_and_nothing_is_imported(desk: Desk) -> None:
    rows = [TWO_DAYS[0], "2026-09-01,Pumps,g,pump,many,2,x", "yesterday,Pumps,g,pump,1,2,3"]
    with pytest.raises(InvalidInput) as refused:
        desk.rows(*rows)
    message = str(refused.value)
    assert "line 3, column Impressions" in message
    assert "line 3, column Cost" in message
    assert "line 4, column Date" in message
    assert "--skip-bad-rows" in message
    assert desk.standing() == {}


def test_bad_rows_can_be_skipped_and_are_reported(desk: Desk) -> None:
    report = desk.rows(*TWO_DAYS, "2026-09-01,Pumps,g,pump,many,2,x", skip_bad_rows=True)
    assert (report.rows, report.skipped, len(report.problems)) == (3, 1, 2)
    assert desk.costs()["*"] == "121.25"


def test_fifty_problems_are_listed_and_all_are_counted(desk: Desk) -> None:
    rows = [f"2026-09-01,Pumps,g,pump {n},1,1,x" for n in range(70)]
    with pytest.raises(InvalidInput, match="70 cells or rows") as refused:
        desk.rows(*rows)
    assert "and 20 more" in str(refused.value)
    assert str(refused.value).count("column Cost") == 50


def test_only_bad_rows_import_nothing_even_when_they_may_be_skipped(desk: Desk) -> None:
    with pytest.raises(InvalidInput, match="nothing was imported"):
        desk.rows("2026-09-01,Pumps,g,pump,1,1,x", skip_bad_rows=True)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.csv", b""),
        ("header.csv", f"{HEADER}\n".encode()),
        ("cut.csv", f"{HEADER}\n2026-09-01,A,g,pump,1,1,5.00\n2026-09-01,A,g,pu".encode()),
        ("latin.csv", f"{HEADER}\n2026-09-01,A,g,".encode() + b"\xff\xfe\x81\n"),
        ("page.csv", b"<!DOCTYPE html><html><body>log in</body></html>"),
        ("book.xlsx", b"PK\x03\x04 half a workbook"),
    ],
)
def test_a_file_that_cannot_be_used_leaves_no_trace(desk: Desk, name: str, content: bytes) -> None:
    path = desk.directory / name
    path.write_bytes(content)
    with pytest.raises(InvalidInput):
        desk.run(path, platform="baidu")
    assert desk.standing() == {}
    assert desk.dirty() == set()


def test_what_is_no_regular_file_is_refused_at_once(desk: Desk) -> None:
    os.mkfifo(desk.directory / "pipe")
    with pytest.raises(InvalidInput, match="no regular file"):
        desk.run(desk.directory / "pipe", platform="baidu")
    with pytest.raises(InvalidInput, match="a directory"):
        desk.run(desk.directory, platform="baidu")
    with pytest.raises(InvalidInput, match="Cannot read"):
        desk.run(desk.directory / "nothing.csv", platform="baidu")


def test_a_file_over_the_limit_is_refused(desk: Desk) -> None:
    path = desk.file(TWO_DAYS)
    deps = SpendDeps(desk.warehouse, desk.db, file_limit=10)
    with pytest.raises(TooLarge, match="limit"):
        import_spend_file(deps, desk.site, path, SpendOptions(platform="baidu"))


def test_years_of_days_are_written_in_inserts_that_the_engine_takes(desk: Desk) -> None:
    """The engine takes 100 monthly partitions at once."""
    rows = [f"{2012 + n // 12}-{n % 12 + 1:02d}-01,A,g,pump,1,1,1" for n in range(108)]
    assert desk.rows(*rows).added == 108
    assert desk.warehouse.rows("SELECT uniqExact(day) FROM spend") == [(108,)]


def test_progress_rises_to_the_number_of_rows(desk: Desk) -> None:
    path = desk.file(f"2026-09-01,A,g,pump {n},1,1,1" for n in range(12_000))
    seen: list[tuple[int, int | None]] = []
    import_spend_file(
        desk.deps,
        desk.site,
        path,
        SpendOptions(platform="baidu"),
        lambda done, expected: seen.append((done, expected)),
    )
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1] == (12_000, 12_000)
    assert len(seen) > 3


def test_importing_again_in_any_mixture_changes_no_total(desk: Desk) -> None:
    """Property: whatever the order and repetition of imports, each file's last one counts once."""
    rng = random.Random(20260901)
    days = [
        [
            f"2026-09-{day:02d},C{rng.randrange(3)},g{rng.randrange(2)},"
            f"kw {rng.randrange(6)},{rng.randrange(99)},{rng.randrange(9)},{rng.randrange(999)}.37"
            for _ in range(rng.randrange(1, 9))
        ]
        for day in range(1, 6)
    ]
    cents = sum(int(row.rsplit(",", 1)[1].replace(".", "")) for day in days for row in day)
    whole = f"{cents // 100}.{cents % 100:02d}"
    for _ in range(3):
        order = [*range(5), *rng.choices(range(5), k=4)]
        rng.shuffle(order)
        for day in order:
            desk.rows(*rng.sample(days[day], len(days[day])))
        assert desk.costs()["*"] == whole
    assert not desk.rows(*[row for day in days for row in day]).changed


def test_signs_that_mean_something_on_the_way_to_the_warehouse_arrive_as_they_are(
    desk: Desk,
) -> None:
    odd = ['"a\tb"', '"line\nbreak"', "back\\slash", "\\N", '"quote""d"', "\x1eid", "泵 \u2028x"]
    rows = [f"2026-09-01,C,G,{word},10,1,{number}.000001" for number, word in enumerate(odd)]
    first = desk.rows(*rows)
    stored = desk.warehouse.rows("SELECT keyword, cost FROM spend ORDER BY cost")
    assert [keyword for keyword, _ in stored] == [
        "a\tb", "line\nbreak", "back\\slash", "\\N", 'quote"d', "id", "泵 \u2028x",
    ]  # fmt: skip
    assert [f"{cost:f}" for _, cost in stored] == [f"{n}.000001" for n in range(len(odd))]
    assert first.rows == len(odd)
    again = desk.rows(*rows)
    assert (again.unchanged, again.changed, again.pull) == (1, False, None)


UNKNOWN = "Fecha,Palabra,Gasto,Pulsaciones,Vistas"
COLUMNS = {
    "day": "Fecha",
    "keyword": "Palabra",
    "cost": "Gasto",
    "clicks": "Pulsaciones",
    "impressions": "Vistas",
}


def test_a_mapping_that_was_used_is_found_again_by_the_header(desk: Desk) -> None:
    first = desk.file(["2026-09-01,pump,10.50,5,100"], header=UNKNOWN)
    with pytest.raises(InvalidInput, match="no header of a keyword report"):
        desk.run(first)
    desk.run(first, mapping=COLUMNS, platform="yandex", currency="EUR")
    other = desk.file(["2026-09-02,pump,11.50,5,100"], header=UNKNOWN.lower(), name="next.csv")
    report = desk.run(other)
    assert (report.platform, report.currency, report.cost) == ("yandex", "EUR", "11.50")
    assert "chosen for this layout before" in " ".join(report.warnings)
    changed = desk.file(["2026-09-02,pump,11.50,5,100"], header=UNKNOWN + "x", name="x.csv")
    with pytest.raises(InvalidInput, match="no header of a keyword report"):
        desk.run(changed)


def test_a_mapping_is_remembered_only_when_its_import_succeeded(desk: Desk) -> None:
    file = desk.file(["2026-09-01,pump,ten,5,100"], header=UNKNOWN)
    with pytest.raises(InvalidInput, match="ten"):
        desk.run(file, mapping=COLUMNS, platform="yandex")
    good = desk.file(["2026-09-01,pump,10,5,100"], header=UNKNOWN)
    desk.run(good, mapping=COLUMNS, platform="yandex", dry_run=True)
    with pytest.raises(InvalidInput, match="no header of a keyword report"):
        desk.run(good)
