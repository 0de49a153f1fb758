"""Files that cover a part of an account's day, beside and over files that cover all of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from tests.spend_imports import HEADER, Desk
from tests.spend_reports import PAYLOADS
from tracker.errors import NeedsConfirmation
from tracker.spend.files.rows import Scope
from tracker.spend.scope import apart, holds, parse_scope, scope_text
from tracker.warehouse.client import Warehouse

PC = PAYLOADS / "360" / "keywords-pc.csv"
MOBILE_HEADER = "时间,推广计划,推广组,关键词,展示次数,点击次数,总费用,平均排名（移动端）"
PC_HEADER = "时间,推广计划,推广组,关键词,展示次数,点击次数,总费用,平均排名（计算机）"
WITH_DEVICE = f"{HEADER},Device"


@pytest.fixture
def desk(sqlite_db: Engine, warehouse_embedded: Warehouse, tmp_path: Path) -> Desk:
    return Desk.open(sqlite_db, warehouse_embedded, tmp_path)


def pc(desk: Desk, cost: str) -> Path:
    return desk.file([f"2026-09-01,水泵,多级泵,离心泵,10,1,{cost},1.0"], PC_HEADER, "pc.csv")


def mobile(desk: Desk, cost: str) -> Path:
    return desk.file([f"2026-09-01,水泵,多级泵,离心泵,10,1,{cost},1.0"], MOBILE_HEADER, "m.csv")


def everything(desk: Desk, cost: str) -> Path:
    return desk.file([f"2026-09-01,水泵,多级泵,离心泵,10,1,{cost}"], name="all.csv")


def test_files_of_two_devices_stand_beside_each_other_in_either_order(desk: Desk) -> None:
    desk.run(pc(desk, "6.00"))
    desk.run(mobile(desk, "4.00"))
    assert {scope for _, _, scope in desk.standing()} == {"device=desktop", "device=mobile"}
    assert desk.costs()["*"] == "10.00"
    desk.run(pc(desk, "7.00"))
    assert desk.costs()["*"] == "11.00"
    assert not desk.run(mobile(desk, "4.00")).changed


def test_a_file_of_all_devices_takes_the_place_of_the_single_ones(desk: Desk) -> None:
    desk.run(pc(desk, "6.00"))
    desk.run(mobile(desk, "4.00"))
    report = desk.run(everything(desk, "10.00"), platform="360")
    assert report.removed == 2
    assert desk.standing() == {("2026-09-01", "2026-09-01", ""): report.pull}
    assert desk.costs()["*"] == "10.00"
    assert not desk.run(everything(desk, "10.00"), platform="360").changed


def test_the_fall_is_measured_against_all_that_a_wider_file_replaces(desk: Desk) -> None:
    desk.run(pc(desk, "6.00"))
    desk.run(mobile(desk, "4.00"))
    with pytest.raises(NeedsConfirmation, match=r"10\.00 to 6\.50"):
        desk.run(everything(desk, "6.50"), platform="360")


def test_a_file_of_one_device_over_one_without_devices_is_held(desk: Desk) -> None:
    desk.run(everything(desk, "10.00"), platform="360")
    with pytest.raises(NeedsConfirmation, match="covers only a part of the day, and 2026-09-01"):
        desk.run(mobile(desk, "4.00"))
    assert desk.costs()["*"] == "10.00"
    desk.run(mobile(desk, "4.00"), replace=True)
    assert desk.costs()["*"] == "4.00"


def test_a_file_of_one_device_replaces_its_part_of_one_that_names_devices(desk: Desk) -> None:
    rows = ["2026-09-01,水泵,多级泵,离心泵,10,1,6,PC", "2026-09-01,水泵,多级泵,离心泵,10,1,4,移动"]
    desk.run(desk.file(rows, WITH_DEVICE), platform="360")
    report = desk.run(mobile(desk, "3.50"))
    assert desk.standing() == {("2026-09-01", "2026-09-01", ""): report.pull}
    assert desk.costs()["*"] == "9.50"
    assert not desk.run(mobile(desk, "3.50")).changed


def test_a_declared_day_that_lost_its_part_loses_only_that(desk: Desk) -> None:
    desk.run(everything(desk, "50.00"), platform="baidu", account="baidu-泵业")
    stands = desk.standing()
    lines = (PAYLOADS / "baidu" / "keywords-mobile.csv").read_text(encoding="utf-8").splitlines()
    lines[2] = "1. 时间范围：20260901-20260902"
    path = desk.directory / "mobile.csv"
    path.write_text("\n".join(lines).replace("2026-09-01,", "2026-09-02,"), encoding="utf-8")
    report = desk.run(path)
    assert (report.added, report.days) == (1, 1)
    assert stands.items() <= desk.standing().items()
    path.write_text(path.read_text(encoding="utf-8").replace("2026-09-02,", "2026-09-01,"))
    with pytest.raises(NeedsConfirmation, match=r"2026-09-02: 4\.25 to 0\.00"):
        desk.run(path)


def test_the_scope_in_a_preamble_counts(desk: Desk) -> None:
    desk.run(PAYLOADS / "baidu" / "keywords-mobile.csv")
    ((_, _, scope),) = desk.standing()
    assert parse_scope(scope) == Scope(("mobile",), ("搜索推广",))
    desk.run(PAYLOADS / "baidu" / "keywords.csv")
    assert {scope for _, _, scope in desk.standing()} == {""}
    assert desk.costs()["*"] == "123.25"


words = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=8)
parts = st.lists(words, max_size=3, unique=True).map(lambda found: tuple(sorted(found)))
scopes = st.builds(Scope, parts, parts, parts)


@given(scopes)
def test_a_scope_is_read_back_from_its_text(scope: Scope) -> None:
    assert parse_scope(scope_text(scope)) == scope


@given(scopes, scopes)
def test_scopes_that_hold_one_another_are_never_apart(one: Scope, other: Scope) -> None:
    assert holds(one, one)
    assert holds(Scope(), one)
    assert apart(one, other) == apart(other, one)
    assert not (holds(one, other) and apart(one, other))
    if holds(one, other) and holds(other, one):
        assert scope_text(one) == scope_text(other)
