"""Reconcile: the same facts give the same tables, in whatever order and portions they arrive."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import pytest
from sqlalchemy import Engine, update

from tests import terms
from tests.clicks import tell
from tests.world import HOME, World, ad, at
from tracker.accounts import marks
from tracker.accounts.buckets import add_bucket_plan, dealing_for, plans_of
from tracker.accounts.database import write
from tracker.accounts.marks import Slice, mark
from tracker.accounts.schema import bucket_plans
from tracker.accounts.sites import SiteSettings, update_site
from tracker.commands.conversions import offline_deps
from tracker.conversions.entries import take_entries
from tracker.conversions.entry import Entry
from tracker.errors import Unavailable
from tracker.reconcile.bucket_plans import buckets_of, plan_buckets
from tracker.reconcile.build import BuildContext
from tracker.reconcile.portions import CHUNK_EVENTS
from tracker.reconcile.reconciler import Outcome
from tracker.requests.upkeep import Rebuild
from tracker.warehouse.client import Warehouse
from tracker.warehouse.migrate import migrate
from tracker.warehouse.sql import load_sql

#: Events of a build that make a reconcile several: the next begins before one is published.
FEW_EVENTS = 30
#: Marks of a round that make a reconcile several: one is taken while another is in hand.
FEW_MARKS = 5
#: Derived tables with the publication that says which of their rows count.
TABLES = {
    "hits": ("visits", "day, bucket"),
    "visits": ("visits", "day, bucket"),
    "conversions": ("credits", "day"),
    "credits": ("credits", "day"),
    "site_spend": ("spend", "day"),
    "term_spend": ("spend", "day"),
    "keywords": ("keywords", ""),
    "resolution": ("resolution", ""),
}
_LIVE = (
    "WHERE (day, bucket, build) IN"
    " (SELECT day, bucket, max(build) FROM slices WHERE kind = 'visits' GROUP BY day, bucket)"
)
SPEND = (
    "day,platform,campaign,ad group,keyword,clicks,impressions,cost\n"
    "{day},baidu,pumps,water,water pump,10,100,50\n"
    "{day},baidu,valves,ball,ball valve,10,100,70\n"
)
GOOGLE = (
    "day,campaign,campaign id,ad group,ad group id,keyword,keyword id,clicks,impressions,cost\n"
    "2026-09-02,pumps,11,steel,21,steel pump,31,10,100,90\n"
)

RATES = "day,base,quote,rate\n" + "".join(
    f"2026-09-{day:02},USD,CNY,7.{day}\n" for day in range(1, 31)
)


@pytest.fixture
def world(warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path) -> World:
    return World(warehouse_embedded, sqlite_db, tmp_path, lookback_days=30)


def tables(world: World) -> dict[str, list[tuple[Any, ...]]]:
    """Every published row of every derived table of the site, without its build, in order."""
    found = {}
    for table, (kind, key) in TABLES.items():
        columns = f"{key}, build" if key else "build"
        group = f"GROUP BY {key}" if key else ""
        found[table] = world.rows(
            f"SELECT * EXCEPT build FROM {table} WHERE site = '{world.site.key}' AND ({columns}) IN"
            f" (SELECT {f'{key}, ' if key else ''}max(build) FROM slices WHERE kind = '{kind}'"
            f" AND site = '{world.site.key}' {group}) ORDER BY ALL"
        )
    # Sources of states that no longer stand stay known, and nothing refers to them.
    used = {key for (key,) in world.rows("SELECT DISTINCT supplied_key FROM conversions")}
    used |= {key for (key,) in world.rows(f"SELECT DISTINCT source_key FROM visits {_LIVE}")}
    # Its rows are (site, source key, keyword key, …).
    found["resolution"] = [row for row in found["resolution"] if row[1] in used]
    return found


def events(chance: random.Random) -> list[dict[str, Any]]:
    """Ten people over two weeks, across midnights, some with orders, some on two devices."""
    lines: list[dict[str, Any]] = []
    for person in range(10):
        day, hour = chance.randrange(1, 8), chance.randrange(24)
        for visit in range(chance.randrange(1, 5)):
            day += chance.choice([0, 0, 1, 3])
            hour = (hour + chance.choice([0, 1, 7])) % 24
            time = f"09-{day:02} {hour:02}:{chance.randrange(50):02}"
            # Some click ids are brought by several people: the first of them owns it.
            click = f"{HOME}?gclid=g{chance.randrange(6)}"
            url = chance.choice(
                [ad("water pump"), ad("ball valve", campaign="valves"), HOME, click]
            )
            lines.append(at(time, f"p{person}-{visit % 2}", url, id=f"{len(lines):032x}"))
            if chance.random() < 0.3:
                # Two devices of a person, known as his by an event that may come late.
                known: dict[str, Any] = {"name": "identify", "props": {"user": f"u{person}"}}
                lines.append(
                    at(f"{time}:30", f"p{person}-{visit % 2}", id=f"{len(lines):032x}", **known)
                )
            if chance.random() < 0.5:
                # Of every gain: by its group, its cost or the margin of the site.
                props = ({"product_group": "Valves"}, {"order_cost": "60.5"}, {})[person % 3]
                order: dict[str, Any] = {"name": "order", "value": "100", "currency": "CNY"}
                order["props"] = props
                lines.append(
                    at(
                        f"{time[:-1]}9:30",
                        f"p{person}-{visit % 2}",
                        id=f"{len(lines):032x}",
                        **order,
                    )
                )
    return lines


def arrivals(world: World, seed: int) -> list[Callable[[], Any]]:
    """Everything that happens to the site, as pieces that may come in any order."""
    lines = events(random.Random(seed))
    third = len(lines) // 3
    orders = "id,lead,time,stage,value,visitor\n{row}\n"
    sold = "id,lead,time,stage,value,currency,user\n{row}\n"
    named = "id,lead,time,stage,value,platform,campaign,keyword\n{row}\n"

    def corrected() -> None:
        world.offline(sold.format(row="c1,L5,2026-09-11T10:00:00Z,order,500,USD,u5"))
        world.offline(sold.format(row="c1,L5,2026-09-13T10:00:00Z,order,400,CNY,u5"))

    def withdrawn() -> None:
        world.offline(sold.format(row="x1,L6,2026-09-05T10:00:00Z,order,500,CNY,u6"))
        gone = Entry(id="x1", stage="order", time="2026-09-05", removed=True)
        take_entries(offline_deps(world.parts, world.site), world.site, [gone])

    return [
        *(
            lambda part=part: world.events(part)
            for part in (lines[:third], lines[third : 2 * third], lines[2 * third :])
        ),
        lambda: world.spend(SPEND.format(day="2026-09-02"), platform="baidu"),
        lambda: world.spend(SPEND.format(day="2026-09-09"), platform="baidu"),
        lambda: world.spend(GOOGLE, platform="google", account="7"),
        lambda: terms.tell(
            world,
            terms.term("steel pump price", "12.34"),
            terms.term("what is a pump", "1", keyword_id="99"),
            day=date(2026, 9, 2),
        ),
        *(
            lambda click=click: tell(
                world,
                f"g{click}",
                day=date(2026, 9, 1 + 3 * (click % 3)),
                keyword_id="31",
                keyword="steel pump",
            )
            for click in (0, 1, 2, 3, 9)  # nobody brings the last one
        ),
        lambda: world.offline(orders.format(row="i1,L1,2026-09-10T10:00:00Z,inquiry,,p1-0")),
        lambda: world.offline(orders.format(row="o1,L1,2026-09-12T10:00:00Z,order,900,p1-0")),
        lambda: world.offline("id,time,stage,click id\ng1,2026-09-12,order,g1\n"),
        lambda: world.offline("id,time,stage,click id\ng9,2026-09-12,order,g9\n"),
        lambda: world.rates(RATES),
        lambda: world.offline(sold.format(row="i5,L5,2026-09-06T10:00:00Z,inquiry,,,u5")),
        corrected,
        withdrawn,
        lambda: world.offline(sold.format(row="o7,L7,2026-09-07T10:00:00Z,order,70,USD,u5")),
        lambda: world.offline(sold.format(row="o8,L8,2026-09-10T10:00:00Z,order,80,CNY,u8")),
        lambda: world.offline(sold.format(row="r8,L8,2026-09-12T10:00:00Z,order,-30,CNY,u8")),
        lambda: world.offline(
            named.format(row="s1,L9,2026-09-03T22:00:00Z,inquiry,,baidu,pumps,water pump")
        ),
        lambda: world.offline(
            named.format(row="s2,L9,2026-09-13T10:00:00Z,order,99,baidu,pumps,water pump")
        ),
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "repeat_orders"), [(1, "open"), (2, "inherit")])
def test_facts_in_any_order_end_in_the_same_tables(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
    repeat_orders: Literal["open", "inherit"],
) -> None:
    settings = SiteSettings(
        repeat_orders=repeat_orders,
        tax_rate=Decimal("0.13"),
        group_margins={"valves": Decimal("0.3")},
    )
    world.site = update_site(world.db, world.site.key, settings=settings)
    world.goal("order", kind="event", pattern="order", use_event_value=True)
    # Of a lookback that leaves touches out, and of paths that begin anew.
    world.goal("again", kind="event", pattern="order", lookback_days=3, reset_path=True)
    for arrive in arrivals(world, seed):
        arrive()
    world.reconcile()
    expected = tables(world)
    assert all(expected.values())
    chance = random.Random(seed)
    order = arrivals(world, seed)
    for most in (CHUNK_EVENTS, FEW_EVENTS):
        if most == FEW_EVENTS:
            take_few(monkeypatch)
        forget(world)
        chance.shuffle(order)
        for arrive in order:
            arrive()
            if chance.random() < 0.6:
                world.reconcile()
        world.reconcile()
        assert tables(world) == expected


def take_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a reconcile be several rounds of several builds."""
    monkeypatch.setattr("tracker.reconcile.portions.CHUNK_EVENTS", FEW_EVENTS)
    monkeypatch.setattr("tracker.reconcile.hand.ROUND", FEW_MARKS)
    monkeypatch.setattr("tracker.reconcile.hand.PER_SITE", FEW_MARKS)


def forget(world: World) -> None:
    """Take every fact and every derived row of the world away; settings stay."""
    facts = ("events", "identities", "spend", "spend_slices", "offline_conversions", "rates")
    for table in (
        *facts,
        "search_terms",
        "fact_slices",
        "click_lookups",
        "clicks",
        "person_members",
        "sources",
        "slices",
    ):
        world.warehouse.execute(f"TRUNCATE TABLE {table}")
    for table in TABLES:
        world.warehouse.execute(f"TRUNCATE TABLE {table}")


@pytest.mark.slow
def test_a_reconcile_that_dies_anywhere_is_repeated_to_the_same_tables(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.goal("order", kind="event", pattern="order", use_event_value=True)
    for arrive in arrivals(world, 6):
        arrive()
    world.reconcile()
    expected = tables(world)
    forget(world)
    for arrive in arrivals(world, 6):
        arrive()
    execute, insert = Warehouse.execute, Warehouse.insert
    left = 0

    def dies(real: Callable[..., Any]) -> Callable[..., Any]:
        def write(*args: Any, **options: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                raise Unavailable("The engine has gone away.")
            return real(*args, **options)

        return write

    monkeypatch.setattr(Warehouse, "execute", dies(execute))
    monkeypatch.setattr(Warehouse, "insert", dies(insert))
    take_few(monkeypatch)
    deaths = 0
    for steps in (1, 3, 5, 8, 11, 15, 20):
        left = steps
        try:
            world.reconcile()
        except Unavailable:
            deaths += 1
    left = 0
    world.reconcile()
    assert deaths > 3
    assert tables(world) == expected


@pytest.mark.slow
def test_a_rebuild_of_some_days_gives_the_same_rows_under_new_builds(world: World) -> None:
    world.goal("order", kind="event", pattern="order", use_event_value=True)
    for arrive in arrivals(world, 3):
        arrive()
    world.reconcile()
    before = tables(world)
    builds = world.rows("SELECT max(build) FROM slices")
    result = world.run("rebuild", Rebuild(world.site.key, "2026-09-02", "2026-09-05"))
    assert result.slices
    assert world.rows("SELECT max(build) FROM slices") > builds
    rebuilt = world.rows(
        f"SELECT DISTINCT day FROM slices WHERE kind = 'visits' AND build > {builds[0][0]}"
    )
    assert {day for (day,) in rebuilt} <= {date(2026, 9, day) for day in range(2, 6)}
    assert tables(world) == before
    world.run("rebuild", Rebuild(world.site.key))
    assert tables(world) == before


def test_what_is_marked_again_while_it_is_in_hand_is_built_once_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = [date(2026, 9, day) for day in range(2, 8)]
    world.events([at(f"{day:%m-%d} 10:00", "p1", HOME) for day in days])
    world.reconcile()
    slices = [Slice("visits", world.site.key, day) for day in days]
    monkeypatch.setattr("tracker.reconcile.hand.ROUND", 1)
    mark(world.db, slices)
    built: list[int] = []

    def again(outcome: Outcome) -> None:
        built.append(outcome.slices)
        if len(built) == 1:
            mark(world.db, slices)

    outcome = world.parts.reconciler().run(progress=again)
    assert outcome.left == 0
    # The first has been published when all are marked again, and the second is in hand.
    assert built[-1] == outcome.slices == len(days) + 2


def test_events_written_before_their_source_key_was_kept_have_it_computed(world: World) -> None:
    world.warehouse.execute("ALTER TABLE events DROP COLUMN source_key")
    world.events([at("09-02 10:00", "p1", ad("old")), at("09-02 11:00", "p2", ad("both"))])
    world.warehouse.execute(
        "ALTER TABLE schema_migrations DELETE WHERE number = 80", settings={"mutations_sync": 2}
    )
    migrate(world.warehouse)
    world.events([at("09-02 12:00", "p3", ad("both")), at("09-02 13:00", "p4", ad("new"))])
    world.reconcile()
    found = world.rows(
        "SELECT s.keyword, count() FROM hits AS h INNER JOIN sources AS s"
        " ON h.site = s.site AND h.tag_key = s.source_key GROUP BY s.keyword"
    )
    assert dict(found) == {"old": 1, "both": 2, "new": 1}


def test_of_copies_that_differ_in_their_visitor_alone_one_stands_in_every_build(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.events([at("09-02 10:00", "p1", HOME, id=f"{n:032x}") for n in range(20)])
    world.reconcile()
    before = tables(world)
    world.warehouse.execute(
        "INSERT INTO events SELECT * REPLACE (visitor + 1 AS visitor) FROM events"
    )
    for least in (10_000, 0):
        monkeypatch.setattr("tracker.reconcile.visit_build.LARGE", least)
        world.run("rebuild", Rebuild(world.site.key))
        assert tables(world) == before


#: Of these parts of a statement just one is right, or it has parameters of its own; all others may
#: be there without need.
EXCLUSIVE = {"goals", "stages", "plain", "props", "engaged", "dealt", "groups"}


@pytest.mark.slow
def test_parts_of_statements_that_are_not_needed_change_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.goal("order", kind="event", pattern="order", use_event_value=True)
    world.goal("first", kind="event", pattern="order", counting="person")
    for arrive in arrivals(world, 5):
        arrive()
    world.warehouse.execute("TRUNCATE TABLE rates")
    world.reconcile()
    expected = tables(world)
    added: set[str] = set()

    def with_all(package: str, name: str, parts: frozenset[str] = frozenset()) -> str:
        text = files(package).joinpath(name).read_text(encoding="utf-8")
        known = set(re.findall(r"(?m)^ *-- (?:if|unless) (\w+)$", text))
        more = known - EXCLUSIVE - parts
        added.update(more)
        return load_sql(package, name, parts | more)

    monkeypatch.setattr("tracker.reconcile.build.load_sql", with_all)
    monkeypatch.setattr("tracker.reconcile.following.load_sql", with_all)
    world.run("rebuild", Rebuild(world.site.key))
    assert {"repeated", "large", "late", "rates", "resets", "lookbacks", "gaps"} <= added
    assert tables(world) == expected


def test_no_statement_of_a_build_plans_its_aliases_over_and_over(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an alias stands for is planned at each of its uses, so that a chain of aliases in one
    step grows like a power: these statements had up to ten expressions for each different one."""
    world.goal("order", kind="event", pattern="order", use_event_value=True)
    for arrive in arrivals(world, 5):
        arrive()
    statements: dict[str, tuple[str, Any]] = {}
    real = Warehouse.execute

    def seen(warehouse: Warehouse, sql: str, params: Any = None, **options: Any) -> None:
        if found := re.match(r"INSERT INTO (\w+)", sql):
            longest = statements.get(found[1], ("", None))
            statements[found[1]] = max((sql, params), longest, key=lambda one: len(one[0]))
        real(warehouse, sql, params, **options)

    monkeypatch.setattr(Warehouse, "execute", seen)
    world.reconcile()
    assert {"hits", "visits", "conversions", "credits", "site_spend", "resolution"} <= set(
        statements
    )
    for table, (sql, params) in statements.items():
        select = re.search(r"(?m)^(WITH|SELECT)\b", sql)
        if select is None:
            continue
        tree = world.warehouse.rows(f"EXPLAIN QUERY TREE {sql[select.start() :]}", params)
        nodes = [found[1] for (line,) in tree if (found := re.search(r"\bid: (\d+)", line))]
        assert len(nodes) <= 2 * len(set(nodes)), (table, len(nodes), len(set(nodes)))


@pytest.mark.slow
@pytest.mark.parametrize("ranges", [True, False])
def test_days_dealt_into_buckets_hold_the_same_visits_as_one_slice(
    world: World, ranges: bool
) -> None:
    world.goal("order", kind="event", pattern="order", use_event_value=True)
    for arrive in arrivals(world, 4):
        arrive()
    world.reconcile()
    whole = tables(world)
    forget(world)
    add_bucket_plan(world.db, world.site.key, date(2026, 9, 4), 8)
    with write(world.db) as connection:  # a plan of before dealt by remainder
        connection.execute(update(bucket_plans).values(ranges=ranges))
    for arrive in arrivals(world, 4):
        arrive()
        world.reconcile()
    dealt = tables(world)
    assert len(world.rows("SELECT DISTINCT bucket FROM visits")) > 2
    for table in ("conversions", "credits", "site_spend", "resolution"):
        assert dealt[table] == whole[table]
    assert len(dealt["visits"]) == len(whole["visits"])


@pytest.mark.slow
def test_a_goal_that_changes_counts_in_history_as_if_it_had_always_been(world: World) -> None:
    for arrive in arrivals(world, 5):
        arrive()
    world.reconcile()
    world.goal("order", kind="event", pattern="order", use_event_value=True)
    world.run("rebuild", Rebuild(world.site.key))
    late = tables(world)
    forget(world)
    for arrive in arrivals(world, 5):
        arrive()
    world.reconcile()
    assert tables(world) == late


def test_a_site_that_grows_is_dealt_into_more_buckets_from_a_day_without_facts(
    world: World,
) -> None:
    assert [buckets_of(events) for events in (0, 2000, 2001, 4000, 10**9)] == [1, 1, 16, 16, 4096]
    world.warehouse.execute(
        "INSERT INTO events (site, time, received, event_id, visitor) SELECT "
        f"'{world.site.key}', toDateTime64('2026-10-30 10:00:00', 3, 'UTC'), now64(3), "
        "generateUUIDv4(), number FROM numbers(3000)"
    )
    assert plan_buckets(world.warehouse, world.db, world.now) == {world.site.key: 16}
    plans = plans_of(world.db, [world.site.key])[world.site.key]
    today = world.now.date()
    assert [dealing_for(plans, today + timedelta(days=n)).count for n in (0, 1, 2)] == [1, 1, 16]
    assert plan_buckets(world.warehouse, world.db, world.now) == {}
    with write(world.db) as connection:  # as plans of before were
        connection.execute(update(bucket_plans).values(ranges=False))
    assert plan_buckets(world.warehouse, world.db, world.now) == {world.site.key: 16}
    assert plan_buckets(world.warehouse, world.db, world.now) == {}


def test_a_site_with_a_large_backlog_does_not_keep_others_waiting(world: World) -> None:
    other = world.another_site()
    start = date(2020, 1, 1)
    large = [Slice("visits", world.site.key, start + timedelta(days=n)) for n in range(1000)]
    marks.mark(world.db, large)
    marks.mark(world.db, [Slice("visits", other.key, start)])
    taken = marks.take(world.db, 2000, 400)
    assert len([mark for mark in taken if mark.slice.site == world.site.key]) == 400
    assert other.key in {mark.slice.site for mark in taken}


@pytest.mark.slow
def test_a_day_too_large_for_one_statement_is_built_by_several_with_the_same_result(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.goal("order", kind="event", pattern="order", use_event_value=True)
    world.events(events(random.Random(4)))
    world.reconcile()
    at_once = tables(world)
    assert at_once["credits"]
    monkeypatch.setattr("tracker.reconcile.portions.LARGE_SLICE", 4)
    monkeypatch.setattr("tracker.reconcile.portions.PASS_EVENTS", 3)
    passes: list[object] = []

    def seen(context: BuildContext, package: str, name: str, *given: Any) -> None:
        passes.append(given[0].get("passes"))
        run(context, package, name, *given)

    run = BuildContext.run
    monkeypatch.setattr(BuildContext, "run", seen)
    world.run("rebuild", Rebuild(world.site.key))
    assert tables(world) == at_once
    assert {1, None} < set(passes)
