"""Whose spend a row is: the ad account that it belongs to, and the currency it was paid in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Engine

from tracker.accounts.ad_accounts import (
    AdAccount,
    campaign_sites,
    find_ad_account,
    list_ad_accounts,
    standing_name,
    upsert_ad_account,
)
from tracker.accounts.clock import Clock
from tracker.accounts.marks import Slice, mark
from tracker.accounts.platforms import home_currency
from tracker.accounts.sites import Site
from tracker.errors import InvalidInput
from tracker.money import parse_currency
from tracker.spend.standing import Ledger, Window
from tracker.tables.currency_marks import currencies_of

#: The account of a platform whose files name none, until the platform has another one.
UNNAMED = "default"


@dataclass(slots=True)
class Owner:
    """An ad account of this import. ``known`` is what was stored of it before.

    ``currency`` is None until a row has told it; ``guessed`` when nothing but the site did.
    """

    account: str
    known: AdAccount | None
    currency: str | None = None
    guessed: bool = False


@dataclass(slots=True)
class Owners:
    """The accounts of one import, resolved as its rows name them.

    ``account`` and ``currency`` are what the user named, "" if nothing; ``mark`` is a code or sign
    beside the costs of the file, such as ``$``. Errors: InvalidInput when the account is not clear,
    is another site's, or has another currency than it had, or than the costs are marked with.
    """

    db: Engine
    site: Site
    platform: str
    account: str = ""
    currency: str = ""
    mark: str = ""
    warnings: list[str] = field(default_factory=list)
    found: dict[str, Owner] = field(default_factory=dict)
    _written: dict[str, Owner] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.account = self._canonical(self.account) if self.account.strip() else ""
        self.currency = parse_currency(self.currency) if self.currency.strip() else ""

    def resolve(self, written: str, currency: str) -> tuple[str, str]:
        """(account, currency) of rows that name these; "" for what they do not say."""
        owner = self._written.get(written)
        if owner is None:
            owner = self._written[written] = self._owner(written)
        return owner.account, self._paid_in(owner, currency)

    def store(self) -> list[AdAccount]:
        """Store what is now known of the accounts, and return all that is."""
        return [
            upsert_ad_account(
                self.db,
                AdAccount(
                    self.site.tenant,
                    self.platform,
                    owner.account,
                    currency=None if owner.guessed else owner.currency,
                    site=None if owner.known and owner.known.site else self.site.key,
                ),
            )
            for owner in self.found.values()
        ]

    def _owner(self, written: str) -> Owner:
        name = self._name(written)
        if name in self.found:
            return self.found[name]
        known = find_ad_account(self.db, self.site.tenant, self.platform, name)
        if known is not None:
            self._refuse_other_site(known)
        self.found[name] = owner = Owner(name, known)
        return owner

    def _name(self, written: str) -> str:
        if not self.account:
            return self._canonical(written) if written else self._unnamed()
        others = sorted({*self._written, written} - {""})
        if len(others) > 1:
            raise InvalidInput(
                f"The file has rows of several ad accounts ({', '.join(others[:5])}), so --account "
                f"{self.account} cannot hold for all of them.",
                hint="Leave --account out, and each row goes to its own account.",
            )
        if written and self._canonical(written) != self.account:
            self.warnings.append(
                f"The file names its ad account {written!r}; it is stored as {self.account!r}, "
                "as --account says."
            )
        return self.account

    def _canonical(self, written: str) -> str:
        return standing_name(self.db, self.site.tenant, self.platform, written)

    def _unnamed(self) -> str:
        every = [
            account
            for account in list_ad_accounts(self.db, self.site.tenant)
            if account.platform == self.platform
        ]
        if {account.account for account in every} <= {UNNAMED}:
            return UNNAMED
        # NOTE: those of other sites are not named: who sends spend here may not know of them.
        there = [one.account for one in every if self._may_know(one)]
        if not there:
            raise InvalidInput(
                f"The file does not name its ad account, and the company has accounts at "
                f"{self.platform} already.",
                hint="Name the file's account with --account.",
            )
        raise InvalidInput(
            f"The file does not name its ad account, and there are accounts at {self.platform} "
            f"already: {', '.join(there)}.",
            hint=f"Say which one it is, such as --account {there[0]!r}, or give a new name.",
        )

    def _may_know(self, known: AdAccount) -> bool:
        """Whether the account is of this site, or of none, or a campaign of it is."""
        return known.site is None or self.site.key in linked_sites(self.db, known)

    def _refuse_other_site(self, known: AdAccount) -> None:
        if self._may_know(known):
            return
        # NOTE: without the other site's name: who sends spend here may not know of that one.
        raise InvalidInput(
            f"The {self.platform} account {known.account!r} belongs to another site of this "
            f"company, not to {self.site.name} ({self.site.key}).",
            hint="Import the file for that site, or name another account with --account.",
        )

    def _paid_in(self, owner: Owner, written: str) -> str:
        if written and self.currency and written != self.currency:
            raise InvalidInput(
                f"The file is in {written}, not in {self.currency} as --currency says.",
                hint="Leave --currency out.",
            )
        currency = written or self.currency
        if currency and owner.currency == currency and not owner.guessed:
            return currency
        return self._settle(owner, currency)

    def _settle(self, owner: Owner, said: str) -> str:
        """Check what a row says against its account; where it is silent, find the currency."""
        stored = owner.known.currency if owner.known else None
        if said and stored and said != stored:
            raise InvalidInput(
                f"The {self.platform} account {owner.account!r} is kept in {stored}, the file is "
                f"in {said}.",
                hint="An ad account has one currency: name another account with --account.",
            )
        told = None if owner.guessed else owner.currency
        currency = said or stored or told or home_currency(self.platform)
        guessed = currency is None
        currency = currency or self.site.currency
        if owner.currency not in (None, currency):
            raise InvalidInput(
                f"The account {owner.account!r} has rows in {owner.currency} and in {currency}.",
                hint="An ad account has one currency; split the file, or name it with --currency.",
            )
        if self.mark and currency not in currencies_of(self.mark):
            raise InvalidInput(
                f"The costs are marked {self.mark}, but the currency of the account "
                f"{owner.account!r} is {currency}.",
                hint="Name the currency with --currency, or another account with --account.",
            )
        if guessed and owner.currency is None:
            self.warnings.append(
                f"The file names no currency; its cost is taken as {currency}, the site's. "
                "If that is wrong, import it again with --currency."
            )
        owner.currency, owner.guessed = currency, guessed
        return currency


def linked_sites(db: Engine, account: AdAccount) -> set[str]:
    """The sites that the account's spend belongs to: its own, and those of single campaigns."""
    given = campaign_sites(db, account.tenant, account.platform, account.account)
    return {*given.values(), *([account.site] if account.site else [])}


def link_accounts(owners: Owners, ledger: Ledger, clock: Clock) -> set[str]:
    """Store what an import knows of its accounts; the sites that their spend belongs to.

    The older spend of an account that had no site until now becomes this site's.
    """
    db = owners.db
    orphans = frozenset(one.account for one in owners.found.values() if _without_site(one))
    sites = {site for account in owners.store() for site in linked_sites(db, account)}
    if orphans:
        mark_older(db, ledger, orphans, sites, clock)
    return sites


def mark_older(
    db: Engine, ledger: Ledger, accounts: frozenset[str], sites: set[str], clock: Clock
) -> None:
    """Let all spend that stands for these accounts be computed for the sites: they have just been
    given to them."""
    slices = ledger.slices(Window(accounts, date(1970, 1, 1), date(2149, 1, 1)))
    dirty = {Slice("spend", site, one.unit.first_day) for site in sites for one in slices}
    mark(db, dirty, now=clock())


def _without_site(owner: Owner) -> bool:
    """Whether the account was stored before, for no site: its older spend gets one only now."""
    return owner.known is not None and owner.known.site is None
