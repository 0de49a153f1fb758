"""Who may do what: the one place that decides. Pages, API and commands all ask here."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from sqlalchemy import Engine

from tracker.accounts.memberships import Membership, memberships_of
from tracker.accounts.rights import Right
from tracker.accounts.sites import Site, find_site, list_sites
from tracker.accounts.tokens import Token
from tracker.accounts.users import User
from tracker.errors import AccessDenied, NotFound

__all__ = ["Principal", "PrincipalKind", "Right", "require_site", "require_tenant", "visible_sites"]


class PrincipalKind(enum.StrEnum):
    """How a caller has proved who it is."""

    USER = "user"
    TOKEN = "token"
    LOCAL_OWNER = "local_owner"


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller whose identity is proven; ``id`` is for logs and limits.

    Make it with ``of_user``, ``of_token`` or ``local_owner`` and keep it for one request only:
    it holds the memberships of the moment it was made.
    """

    kind: PrincipalKind
    id: str
    user: User | None = None
    token: Token | None = None
    memberships: tuple[Membership, ...] = ()

    @classmethod
    def of_user(cls, db: Engine, user: User) -> Principal:
        """A logged-in user with the roles held now."""
        return cls(PrincipalKind.USER, user.id, user=user, memberships=memberships_of(db, user.id))

    @classmethod
    def of_token(cls, token: Token) -> Principal:
        """The holder of an API token."""
        return cls(PrincipalKind.TOKEN, token.id, token=token)

    @classmethod
    def local_owner(cls) -> Principal:
        """Who can open the control socket or the data directory: every right everywhere."""
        return cls(PrincipalKind.LOCAL_OWNER, "local")

    def right_on(self, site: Site) -> Right | None:
        """The highest right on a site; None when the caller may not know that it exists."""
        if self.kind is PrincipalKind.LOCAL_OWNER:
            return Right.ADMIN
        if self.token is not None:
            here = self.token.tenant == site.tenant and self.token.site in (None, site.key)
            return self.token.scope if here else None
        for member in self.memberships:
            if member.tenant == site.tenant and member.reaches(site.key):
                return member.role.right
        return None

    def right_in(self, tenant: str) -> Right | None:
        """The highest right on a tenant as a whole; None when limited to some of its sites."""
        if self.kind is PrincipalKind.LOCAL_OWNER:
            return Right.ADMIN
        if self.token is not None:
            whole = self.token.tenant == tenant and self.token.site is None
            return self.token.scope if whole else None
        for member in self.memberships:
            if member.tenant == tenant and member.sites is None:
                return member.role.right
        return None


def require_site(db: Engine, principal: Principal, site_key: str, right: Right) -> Site:
    """The site, if the caller has the right.

    NotFound, the same for a site that does not exist and one the caller may not know of;
    AccessDenied (403) when the caller may see it but not do this.
    """
    site = find_site(db, site_key)
    held = principal.right_on(site) if site else None
    if site is None or held is None:
        raise NotFound(f"No site {site_key!r}.", hint="Check the key, or ask for access to it.")
    _require(held, right, f"the site {site_key!r}")
    return site


def require_tenant(principal: Principal, tenant: str, right: Right) -> None:
    """Nothing, if the caller has the right on the tenant as a whole; NotFound, AccessDenied."""
    held = principal.right_in(tenant)
    if held is None:
        raise NotFound(f"No tenant {tenant!r}.", hint="Check the id, or ask for access to it.")
    _require(held, right, f"the tenant {tenant!r}")


def visible_sites(db: Engine, principal: Principal) -> list[Site]:
    """The sites that the caller may read, oldest first."""
    if principal.kind is PrincipalKind.LOCAL_OWNER:
        return list_sites(db)
    if principal.token is not None:
        tenants = [principal.token.tenant]
    else:
        tenants = [member.tenant for member in principal.memberships]
    sites = [site for tenant in tenants for site in list_sites(db, tenant)]
    rights = {site.key: principal.right_on(site) for site in sites}
    readable = [s for s in sites if (held := rights[s.key]) and held.covers(Right.READ)]
    return sorted(readable, key=lambda site: (site.created_at, site.key))


def _require(held: Right, right: Right, what: str) -> None:
    if not held.covers(right):
        raise AccessDenied(
            f"You may {_VERBS[held]} {what}, but this needs the right to {_VERBS[right]} it.",
            hint="Ask an owner of the account for it.",
        )


_VERBS = {
    Right.READ: "read",
    Right.WRITE: "write",
    Right.ADMIN: "administer",
    Right.SPEND: "send spend to",
}
