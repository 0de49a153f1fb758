"""Attribution: rule models over 1 million touches in SQL, and the Markov chain over 500 channels.

    python -m bench.attribution [--quick] [--json]

100,000 people with 10 touches each on average, of whom all converted for the rule models and three
in ten for the chain. 60% of a person's touches are of the 12 channels of his topic, the rest of
all 500 by Zipf's law. ``--quick`` takes a tenth of the people. Processor time, with the wall
clock beside it: the machine may be shared.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
from numpy.typing import NDArray

from tracker.attribution.chain import Paths
from tracker.attribution.markov import removal_effects
from tracker.warehouse.client import Warehouse, open_warehouse
from tracker.warehouse.migrate import migrate
from tracker.warehouse.sql import load_sql

PEOPLE, CHANNELS, TOUCHES = 100_000, 500, 10
DAY = 86_400_000

#: Visits of person `p`: up to 19 of them an hour apart, of channels by hashes of their numbers.
VISITS = """
INSERT INTO visits
    (site, day, bucket, build, visitor, visit_id, start, touch, source_key, channel, paid)
SELECT 'bench00000', toDate('2026-06-01'), 0, 1, p, cityHash64(p, i),
    toDateTime64('2026-06-01 00:00:00', 3, 'UTC') + i * 3600 + p % 3600, true,
    1 + cityHash64(p, i) % {channels:UInt64}, if(cityHash64(i, p) % 4 = 0, 'Direct', 'Paid Search'),
    cityHash64(i, p) % 4 != 0
FROM (SELECT number AS p, arrayJoin(range(1 + cityHash64(number) % 19)) AS i
    FROM numbers({people:UInt64}))
"""
CONVERSIONS = """
INSERT INTO conversions (site, day, build, conversion_id, goal, time, path_time, visitor, person,
    value, value_site)
SELECT 'bench00000', toDate('2026-06-01'), 1, number + 1, 'order', t, t, number, number,
    99.99, 99.99
FROM (SELECT number, toDateTime64('2026-06-03 00:00:00', 3, 'UTC') AS t
    FROM numbers({people:UInt64}))
"""


def journeys(people: int) -> Paths:
    """The paths of the chain."""
    random = np.random.default_rng(1)
    share = 1 / np.arange(1, CHANNELS + 1)
    topics = [random.permutation(CHANNELS)[:12] for _ in range(60)]
    paths: list[list[int]] = []
    for length in random.geometric(1 / TOUCHES, people):
        own: NDArray[np.int64] = topics[random.integers(60)][random.integers(0, 12, length)]
        other = random.choice(CHANNELS, length, p=share / share.sum())
        paths.append(np.where(random.random(length) < 0.6, own, other).tolist())
    won = (random.random(people) < 0.3).astype(int).tolist()
    return Paths(paths, won, [100 * one for one in won], [1 - one for one in won])


def rule_models(warehouse: Warehouse) -> None:
    """Credit of every rule model for the conversions that are there."""
    warehouse.execute(
        load_sql("tracker.attribution", "credits.sql", frozenset({"valued"})),
        {
            "build": 1,
            "sites": [(["bench00000"], 90 * DAY, 7 * DAY)],
            "names": ["bench00000"],
            "lookbacks": [],
            "days": [(["bench00000"], "2026-06-01", 1)],
            "first": "2026-06-01",
            "last": "2026-06-01",
            "since": "2026-03-02",
            "until": "2026-06-01",
            "resets": [],
            "fresh": [(["bench00000"], [0], "2026-06-01", 1)],
        },
        settings={"max_memory_usage": 1 << 30},
    )


def timed(work: Callable[[], object]) -> dict[str, float]:
    """Seconds of processor and of the clock."""
    wall, processor = perf_counter(), process_time()
    work()
    return {
        "cpu_s": round(process_time() - processor, 2),
        "wall_s": round(perf_counter() - wall, 2),
    }


def measure(people: int) -> dict[str, object]:
    """Every figure."""
    paths = journeys(people)
    found: dict[str, object] = {"people": people, "touches": sum(map(len, paths.paths))}
    for order in (1, 2):
        found[f"markov_{order}"] = timed(partial(removal_effects, paths, CHANNELS, order))
    with (
        tempfile.TemporaryDirectory() as folder,
        open_warehouse(f"chdb://{Path(folder) / 'engine'}") as warehouse,
    ):
        migrate(warehouse)
        warehouse.execute(VISITS, {"people": people, "channels": CHANNELS})
        warehouse.execute(CONVERSIONS, {"people": people})
        found["sql_touches"] = warehouse.rows("SELECT count() FROM visits")[0][0]
        found["rule_models"] = timed(lambda: rule_models(warehouse))
        checks = warehouse.rows("SELECT model, sum(weight) FROM credits GROUP BY model")
        assert {int(weight) for _, weight in checks} == {people * 10**9}
    return found


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = measure(PEOPLE // 10 if arguments.quick else PEOPLE)
    if arguments.json:
        print(json.dumps(found))  # noqa: T201
        return
    for name, value in found.items():
        print(f"{name}: {value}")  # noqa: T201


if __name__ == "__main__":
    main()
