"""Work of a build that is done beside other work of it."""

from __future__ import annotations

from threading import Event

import pytest
from sqlalchemy import create_engine

from tracker.reconcile.build import BuildContext
from tracker.warehouse.client import Warehouse


@pytest.fixture
def context(warehouse_embedded: Warehouse) -> BuildContext:
    return BuildContext(warehouse_embedded, create_engine("sqlite://"), {}, 1, 1 << 30)


def test_the_block_and_the_work_beside_it_run_at_once(context: BuildContext) -> None:
    block, work = Event(), Event()

    def meet() -> str:
        work.set()
        assert block.wait(10)
        return "met"

    with context.beside(meet) as found:
        assert work.wait(10)
        block.set()
    assert found.result() == "met"


def test_what_the_work_raises_is_raised_at_the_end_of_the_block(context: BuildContext) -> None:
    reached = []
    with pytest.raises(ZeroDivisionError), context.beside(lambda: 1 / 0):
        reached.append(True)
    assert reached


def test_a_block_that_fails_is_left_when_the_work_has_ended(context: BuildContext) -> None:
    go, ended = Event(), Event()

    def work() -> None:
        assert go.wait(10)
        ended.set()

    def fail() -> None:
        go.set()
        raise LookupError

    with pytest.raises(LookupError), context.beside(work):
        fail()
    assert ended.is_set()
