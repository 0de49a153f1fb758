"""Ad platforms as kinds of connections: a connector of ``spend/connectors`` behind each."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import msgspec

from tracker.accounts.connection_accounts import ConnectionAccount
from tracker.accounts.connections import Timetable
from tracker.errors import ConfigError
from tracker.period import Period
from tracker.spend.connections.kinds import Field, Kind, OAuth, Outcome, Task
from tracker.spend.connectors.catalogue import CONNECTORS, Offer
from tracker.spend.connectors.contract import AccountRef, Batch, Capability, Complete, Connector
from tracker.spend.connectors.contract import Schedule as Defaults
from tracker.spend.fact_pull import EXTRAS, pull_account
from tracker.spend.pull import PullTarget

#: Platforms that make a report of many days at the price of one.
_CHUNKS: Final = {"microsoft": 31, "yandex": 31}
#: What a person types; the rest of a grant comes from the platform.
_OPEN: Final = frozenset({"client_id", "app_id", "username", "user_id"})
_OAUTH: Final = {
    "google": OAuth(
        "https://accounts.google.com/o/oauth2/v2/auth",
        "https://oauth2.googleapis.com/token",
        "https://www.googleapis.com/auth/adwords",
        # Only a consent that is given anew comes with a refresh token.
        more={"access_type": "offline", "prompt": "consent"},
    ),
    "microsoft": OAuth(
        "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
        "https://login.microsoftonline.com/common/oauth2/v2.0/token",
        "https://ads.microsoft.com/msads.manage offline_access",
    ),
    "yandex": OAuth("https://oauth.yandex.com/authorize", "https://oauth.yandex.com/token"),
    "baidu": OAuth(
        "https://u.baidu.com/oauth/page/index",
        "https://u.baidu.com/oauth/accessToken",
        style="baidu",
        pkce=False,
        more={"platformId": "4960345965958561794"},
    ),
}


def platform_kinds() -> dict[str, Kind]:
    """A kind for every connector."""
    return {name: _kind(name, offer) for name, offer in CONNECTORS.items()}


def connector_of(task: Task) -> Connector:
    """The connector of a task, with the installation's settings for the platform."""
    offer = CONNECTORS[task.connection.kind]
    known = {one.name for one in fields(offer.settings)}
    values = {name: value for name, value in task.deployment.items() if name in known}
    try:
        settings = msgspec.convert(values, offer.settings, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(
            f"The platforms file is wrong for {task.connection.kind}: {error}."
        ) from error
    return offer.open(task.credentials, task.wire, settings)


def reference(account: ConnectionAccount) -> AccountRef:
    """The account as connectors know it."""
    return AccountRef(
        account.account,
        manager=account.manager,
        login=account.login,
        name=account.name,
        currency=account.currency,
        timezone=account.timezone,
        is_manager=account.is_manager,
    )


def _kind(name: str, offer: Offer) -> Kind:
    secrets = (*offer.secrets, *offer.optional)
    defaults = offer.schedule
    return Kind(
        name,
        offer.name,
        tuple(Field(one, one not in _OPEN, one in offer.secrets) for one in secrets),
        _run,
        _test,
        Timetable(
            at=f"{defaults.first_pull:%H:%M}",
            timezone=defaults.timezone,
            days=defaults.cost_days,
            weekly_days=defaults.weekly_days,
        ),
        has_accounts=True,
        account_fields=offer.account,
        oauth=_OAUTH.get(name),
        kept_days=defaults.kept_days,
        chunk_days=_CHUNKS.get(name, 7),
        passes=1 + len(offer.capabilities & frozenset(EXTRAS)),
    )


async def _test(task: Task) -> Sequence[AccountRef]:
    return await connector_of(task).accounts()


async def _run(task: Task) -> Outcome:
    if task.days is None:
        raise LookupError("an ad platform is asked for days")
    connector = _Fenced(connector_of(task), task.check)
    target = PullTarget(task.connection.tenant, connector, reference(task.account))
    report = await pull_account(task.spend, target, task.days)
    spend = report.spend
    outcome = Outcome(spend.currency, spend.rows, cost=spend.cost, failure=report.failure)
    outcome.counts = {
        "added": spend.added,
        "replaced": spend.replaced,
        "unchanged": spend.unchanged,
    }
    # A failure, also one of the cost itself, kept what follows the cost from being asked for: then
    # the days are asked for again as a whole, and what follows is counted once they are done.
    if report.failure is None or not connector.capabilities & frozenset(EXTRAS):
        outcome.done = set(spend.cost)
        outcome.counts |= {one.want.value: one.rows for one in report.facts}
    outcome.warnings = [
        f"The day {day} was left as it is: a total that covers several days stands for it."
        for day in spend.conflicts
    ]
    return outcome


@dataclass(frozen=True, slots=True)
class _Fenced:
    """A connector whose days count only while the run is still ours: what is complete is
    published by the caller, so it is withheld from a run that was stopped or taken over."""

    inner: Connector
    check: Callable[[], None]

    @property
    def platform(self) -> str:
        return self.inner.platform

    @property
    def capabilities(self) -> frozenset[Capability]:
        return self.inner.capabilities

    @property
    def schedule(self) -> Defaults:
        return self.inner.schedule

    async def fetch(
        self, account: AccountRef, days: Period, want: Capability
    ) -> AsyncGenerator[Batch | Complete, None]:
        async with aclosing(self.inner.fetch(account, days, want)) as stream:
            async for one in stream:
                if isinstance(one, Complete):
                    self.check()
                yield one
        self.check()

    async def accounts(self) -> Sequence[AccountRef]:
        return await self.inner.accounts()


def oauth_of(kind: Kind, deployment: Mapping[str, Any]) -> OAuth | None:
    """The kind's OAuth with the installation's addresses and scope. ``code_url`` is where a code
    is exchanged; by default it is where tokens are renewed, except at Baidu."""
    oauth = kind.oauth
    if oauth is None:
        return None
    renewed_at = deployment.get("token_url") if oauth.style == "standard" else None
    return replace(
        oauth,
        authorise_url=str(deployment.get("authorise_url", oauth.authorise_url)),
        token_url=str(deployment.get("code_url") or renewed_at or oauth.token_url),
        scope=str(deployment.get("scope", oauth.scope)),
    )
