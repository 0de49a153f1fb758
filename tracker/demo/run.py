"""``tracker demo``: fill a data directory through the real path, show the report, serve it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec

from tracker.accounts import goals, sites
from tracker.accounts.sites import Site
from tracker.accounts.state import has_owner, set_up
from tracker.accounts.tenants import list_tenants
from tracker.commands.progress import Progress
from tracker.commands.table import COMMANDS
from tracker.config import Settings
from tracker.demo.catalogue import BAIDU, COMPANY, GOOGLE, HOST
from tracker.demo.connect import connect_platforms
from tracker.demo.desk import work_on
from tracker.demo.files import write_files
from tracker.demo.history import Cost, make_history
from tracker.demo.page import routes
from tracker.demo.platforms import simulated, write_rows
from tracker.errors import InvalidInput
from tracker.parts import Parts, open_parts
from tracker.period import local_day, parse_zone
from tracker.requests.conversions import ImportConversions
from tracker.requests.events import ImportEvents
from tracker.requests.reports import ReportKeywords
from tracker.requests.spend import ImportRates, ImportSpend
from tracker.requests.upkeep import Reconcile
from tracker.server import run_server

#: The demo's log-in: it holds nothing but made-up data.
EMAIL = "demo@hydra-pumps.example"
PASSWORD = "pumps-and-keywords"
ZONE = "Asia/Shanghai"
MARKER = "demo.json"
#: Where the demo's files lie, below the data directory.
FOLDER = "demo"
#: So many days up to yesterday come from Baidu's and Google's interfaces, earlier ones in files.
CONNECTED_DAYS = 14
DAY = timedelta(days=1)
#: A click on an ad of the catalogue.
AD = "utm_source=baidu&utm_medium=cpc&utm_campaign=工业水泵&utm_term=卧式多级泵"


@dataclass(frozen=True, slots=True)
class Screen:
    """How the demo speaks: results, remarks, progress of a step, and the report."""

    say: Callable[[str], None]
    note: Callable[[str], None]
    progress: Callable[[str], AbstractContextManager[Progress]]
    show: Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demo made: the site, and the days of its history."""

    site: str
    first: date
    last: date


def run_demo(settings: Settings, screen: Screen, *, seed: int, days: int, leave: bool) -> None:
    """Fill, report, and serve unless ``leave``. A directory that is filled is served as it is.

    InvalidInput for a data directory that holds something else.
    """
    with simulated(settings.data / FOLDER) as platforms:
        _run(replace(settings, platforms=str(platforms)), screen, seed, days, leave=leave)


def _run(settings: Settings, screen: Screen, seed: int, days: int, *, leave: bool) -> None:
    demo = fill(settings, screen, seed=seed, days=days)
    if leave:
        return
    page = f"http://{settings.host}:{settings.port}/demo/"
    screen.say(f"\nDashboard  http://{settings.host}:{settings.port}/sites/{demo.site}/keywords")
    screen.say(f"Log in     {EMAIL}   password {PASSWORD}")
    screen.say(f"Demo page  {page}?{AD}")
    screen.say("Click around the demo page, then look at Live. Ctrl-C ends.\n")
    run_server(settings, role="all", workers=1, announce=screen.note, extra=routes(demo.site))


def fill(settings: Settings, screen: Screen, *, seed: int, days: int) -> Demo:
    """Make the company and its history, unless this directory has them."""
    marker = settings.data / MARKER
    if marker.is_file():
        with open_parts(settings) as parts:
            demo = msgspec.json.decode(marker.read_bytes(), type=Demo)
            _show(parts, screen, demo)
        return demo
    with open_parts(settings) as parts:
        if has_owner(parts.db):
            raise InvalidInput(
                f"{settings.data} holds another installation, or a demo that was not finished.",
                hint="Remove that directory if it is the demo, or set TRACKER_DATA to another.",
            )
        demo = _fill(parts, screen, seed, days)
        _show(parts, screen, demo)
        marker.write_bytes(msgspec.json.encode(demo))
    return demo


def _fill(parts: Parts, screen: Screen, seed: int, days: int) -> Demo:
    started = monotonic()
    zone = parse_zone(ZONE)
    now = parts.clock()
    last = local_day(now, zone)
    first = last - timedelta(days=days - 1)
    site = _company(parts)
    history = make_history(seed, days, last, zone, now)
    since = last - timedelta(days=min(CONNECTED_DAYS, days // 2))
    leads = work_on(history.inquiries, zone, now)
    files = write_files(history, leads, parts.settings.data / FOLDER, first, last, since)
    write_rows(parts.settings.data / FOLDER, _of_connections(history.costs))
    imports: list[tuple[str, msgspec.Struct]] = [
        ("rates-import", ImportRates(str(files["rates"]), site.key)),
        ("events-import", ImportEvents(str(files["events"]), site.key)),
        ("spend-import", ImportSpend(str(files["baidu"]), site.key)),
        ("spend-import", ImportSpend(str(files["google"]), site.key, account=GOOGLE.account)),
        ("spend-import", ImportSpend(str(files["microsoft"]), site.key)),
    ]
    if leads:  # a short history may have none
        imports.append(("conversions-import", ImportConversions(str(files["leads"]), site.key)))
    for name, request in imports:
        _do(parts, screen, name, request)
    for line in connect_platforms(parts, site, since, last - DAY, screen.progress):
        screen.note(line)
    _do(parts, screen, "reconcile", Reconcile())
    screen.note(f"{days} days of {COMPANY} filled in {monotonic() - started:.0f} s")
    return Demo(site.key, first, last)


def _do(parts: Parts, screen: Screen, name: str, request: msgspec.Struct) -> None:
    text = name.replace("-", " ") + " " + Path(getattr(request, "file", "")).name
    with screen.progress(text) as progress:
        result: Any = COMMANDS[name].run(parts, request, progress)
    screen.note(f"{text}: {_counts(result)}")


def _of_connections(costs: Iterable[Cost]) -> list[Cost]:
    """What the platforms know: also the days that came in files, which they are asked for once a
    week."""
    return [one for one in costs if one.account in (BAIDU, GOOGLE)]


def _company(parts: Parts) -> Site:
    set_up(parts.db, email=EMAIL, password=PASSWORD, name="Demo", tenant=COMPANY)
    site = sites.add_site(
        parts.db,
        tenant=list_tenants(parts.db)[0].id,
        name=COMPANY,
        domains=[HOST, "127.0.0.1", "localhost"],
        timezone=ZONE,
        currency="CNY",
        margin=Decimal("0.35"),
        brand_terms=["海德拉", "hydra"],
    )
    # Totals count the leads that the desk makes of them.
    goals.add_goal(
        parts.db,
        site=site.key,
        name="Inquiry form",
        kind="event",
        pattern="inquiry",
        is_primary=False,
    )
    return site


def _show(parts: Parts, screen: Screen, demo: Demo) -> None:
    request = ReportKeywords(
        site=demo.site, first=demo.first.isoformat(), last=demo.last.isoformat()
    )
    report = COMMANDS["report-keywords"].run(parts, request, lambda *_: None)
    screen.show(msgspec.to_builtins(report))


def _counts(result: Any) -> str:
    plain = msgspec.to_builtins(result)
    names = ("lines", "imported", "rows", "added", "builds", "slices")
    return ", ".join(f"{plain[name]} {name}" for name in names if plain.get(name) is not None)
