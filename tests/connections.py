"""A company with connections to simulated platforms, worked off by the real worker, on a clock
that only tests and waits move."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from cryptography.fernet import Fernet

from tests.platforms.qihoo360 import API_SECRET, TOKEN_CODE
from tests.platforms.scenario import Scenario, total
from tests.platforms.server import Simulator
from tests.spend_imports import Desk
from tracker.accounts.connection_accounts import ConnectionAccount, get_account, store_accounts
from tracker.accounts.connection_runs import ConnectionRun, NewRun, list_connection_runs, queue_run
from tracker.accounts.connections import Connection, NewConnection, add_connection, get_connection
from tracker.accounts.sealing import Sealer, new_key
from tracker.spend.connections.kinds import Notice, Workshop
from tracker.spend.connections.schedule import queue_due
from tracker.spend.connections.worker import Worker
from tracker.spend.connectors.http import Patience

#: Secrets that each simulator knows.
SECRETS: Mapping[str, Mapping[str, str]] = {
    "google": {
        "client_id": "app",
        "client_secret": "app-secret-77",
        "refresh_token": "refresh-secret-0000",
    },
    "baidu": {
        "app_id": "app-9",
        "secret_key": "key-secret-55",
        "refresh_token": "refresh-secret-0000",
        "user_id": "1234",
    },
    "360": {
        "api_key": "api-key-secret",
        "api_secret": API_SECRET,
        "username": "pump",
        "password": "password-secret",
    },
    "microsoft": {
        "client_id": "app",
        "client_secret": "app-secret-77",
        "refresh_token": "refresh-secret-0000",
        "developer_token": "developer-secret",
    },
    "yandex": {
        "client_id": "app",
        "client_secret": "app-secret-77",
        "refresh_token": "refresh-secret-0000",
    },
}


def deployment(kind: str, url: str) -> dict[str, dict[str, Any]]:
    """The platforms file that puts a simulator in the platform's place."""
    addresses: dict[str, dict[str, Any]] = {
        "google": {
            "api_url": url,
            "token_url": f"{url}/token",
            "authorise_url": f"{url}/authorise",
            "days_per_query": 2,
        },
        "baidu": {
            "api_url": f"{url}/report",
            "token_url": f"{url}/oauth/refreshToken",
            "authorise_url": f"{url}/authorise",
            "code_url": f"{url}/oauth/accessToken",
            "spacing": 0,
        },
        "360": {"api_url": url, "token_codes": [str(TOKEN_CODE)]},
        "microsoft": {
            "reporting_url": url,
            "token_url": f"{url}/token",
            "authorise_url": f"{url}/authorise",
            "timezone": "Asia/Shanghai",
        },
        "yandex": {
            "api_url": f"{url}/reports",
            "token_url": f"{url}/token",
            "authorise_url": f"{url}/authorise",
            "timezone": "Asia/Shanghai",
        },
    }
    return {kind: addresses[kind]}


@dataclass
class Office:
    """The desk of a company that has connected an account at one platform."""

    desk: Desk
    simulator: Simulator
    url: str
    kind: str = "google"
    sealer: Sealer = field(default_factory=lambda: Sealer((Fernet(new_key()),)))
    told: list[Notice] = field(default_factory=list)

    @property
    def scenario(self) -> Scenario:
        """What the platform knows."""
        return self.simulator.scenario

    def shop(self, holder: str = "test") -> Workshop:
        """A process that works."""

        async def sleep(seconds: float) -> None:
            self.desk.now += timedelta(seconds=seconds)
            await asyncio.sleep(0)

        return Workshop(
            spend=self.desk.deps,
            sealer=lambda: self.sealer,
            holder=holder,
            deployment=deployment(self.kind, self.url),
            sleep=sleep,
            patience=Patience(silence=10.0, answer=30.0),
            notify=self.told.append,
        )

    def connect(self, *, enabled: bool = True, watermark: date | None = None) -> Connection:
        """A connection with the account of the scenario."""
        scenario = self.scenario
        new = NewConnection(
            self.desk.site.tenant,
            self.kind,
            "Our account",
            site=self.desk.site.key,
            secret=SECRETS[self.kind],
        )
        made = add_connection(self.desk.db, self.sealer, new, now=self.desk.now)
        account = ConnectionAccount(
            made.id,
            scenario.account,
            name="Pump Works",
            manager=scenario.manager,
            login=scenario.login,
            currency=scenario.currency,
            timezone=scenario.timezone,
            enabled=enabled,
            watermark=watermark,
        )
        store_accounts(self.desk.db, [account], now=self.desk.now)
        return made

    def ask(self, connection: Connection, first: date, last: date, **values: Any) -> str:
        """Ask for a run over these days."""
        new = NewRun(
            connection.tenant,
            connection.id,
            connection.kind,
            self.scenario.account,
            values.pop("trigger", "manual"),
            first,
            last,
        )
        return queue_run(self.desk.db, replace(new, **values), self.desk.now)

    def work(self, holder: str = "test") -> int:
        """Work off what is due."""
        return Worker(self.shop(holder), jitter=lambda: 0.0).work_off()

    def pass_time(
        self,
        until: datetime,
        *,
        step: timedelta = timedelta(hours=1),
        each: Callable[[datetime], None] = lambda _: None,
    ) -> None:
        """Let the schedule do its work until then, looking once a step."""
        while self.desk.now < until:
            self.desk.now += step
            each(self.desk.now)
            queue_due(self.desk.db, self.desk.now)
            self.work()

    def runs(self, *states: Any) -> list[ConnectionRun]:
        """The runs, oldest first."""
        found = list_connection_runs(
            self.desk.db, tenant=self.desk.site.tenant, states=states, limit=1000
        )
        return found[::-1]

    def state(self, connection: Connection) -> Connection:
        """The connection as it is now."""
        return get_connection(self.desk.db, connection.id)

    def account(self, connection: Connection) -> ConnectionAccount:
        """The account as it is now."""
        return get_account(self.desk.db, connection.id, self.scenario.account)

    def stored(self) -> dict[date, Decimal]:
        """The cost of each day that stands, over all scopes."""
        rows = self.desk.warehouse.rows(
            "SELECT day, sum(cost) FROM spend WHERE (account, day, last_day, scope, pull) IN ("
            "SELECT account, day, last_day, scope, argMax(pull, version) FROM spend_slices "
            "GROUP BY account, day, last_day, scope) GROUP BY day ORDER BY day"
        )
        return {day: Decimal(cost) for day, cost in rows}

    def truth(self, days: Iterable[date] = ()) -> dict[date, Decimal]:
        """What the platform says that each day cost."""
        ads = self.scenario.ads
        wanted = set(days) or {ad.day for ad in ads}
        return {
            day: Decimal(total(ad for ad in ads if ad.day == day)).scaleb(-6)
            for day in sorted(wanted)
        }
