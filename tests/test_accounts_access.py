"""Who may do what with which site: users by role, tokens by scope, the local owner."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, delete, select

from tests.test_accounts_sites import pump_site
from tracker.accounts import schema
from tracker.accounts.access import (
    Principal,
    Right,
    require_site,
    require_tenant,
    visible_sites,
)
from tracker.accounts.database import write
from tracker.accounts.memberships import memberships_of, set_membership
from tracker.accounts.rights import Role, parse_role
from tracker.accounts.sites import Site
from tracker.accounts.state import set_up
from tracker.accounts.tenants import Tenant, add_tenant
from tracker.accounts.tokens import add_token, list_tokens, resolve_token, revoke_token
from tracker.accounts.users import User, add_user
from tracker.errors import AccessDenied, InvalidInput, NotFound

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Cast:
    """Two tenants: ours with two sites and an owner, and another with one site."""

    ours: Tenant
    owner: User
    pumps: Site
    valves: Site
    theirs: Tenant
    foreign: Site


@pytest.fixture
def cast(any_db: Engine) -> Cast:
    """The tenants, sites and owner that the tests below speak of."""
    ours, owner = set_up(any_db, email="ann@pumps.example", password="correct horse")
    theirs = add_tenant(any_db, name="Theirs")
    pumps, valves = (pump_site(any_db, tenant=ours.id) for _ in range(2))
    foreign = pump_site(any_db, tenant=theirs.id)
    return Cast(ours, owner, pumps, valves, theirs, foreign)


def allowed(db: Engine, principal: Principal, site: Site) -> str:
    """What a principal may do, as a word: the highest right, or ``unknown``."""
    held = "unknown"
    for right in (Right.READ, Right.WRITE, Right.ADMIN):
        try:
            assert require_site(db, principal, site.key, right) == site
            held = right.value
        except AccessDenied:
            assert held != "unknown", "who may not read must not learn that the site exists"
        except NotFound:
            assert held == "unknown"
    return held


def member(db: Engine, cast: Cast, role: Role, sites: Iterable[str] | None = None) -> Principal:
    """A user with that role in our tenant."""
    user = add_user(db, email=f"{role}@pumps.example", password="correct horse")
    set_membership(db, user=user.id, tenant=cast.ours.id, role=role, sites=sites)
    return Principal.of_user(db, user)


def test_roles_give_their_rights_in_their_own_tenant_only(any_db: Engine, cast: Cast) -> None:
    owner = Principal.of_user(any_db, cast.owner)
    for principal, right in [
        (owner, "admin"),
        (member(any_db, cast, Role.EDITOR), "write"),
        (member(any_db, cast, Role.VIEWER), "read"),
    ]:
        assert allowed(any_db, principal, cast.pumps) == right
        assert allowed(any_db, principal, cast.valves) == right
        assert allowed(any_db, principal, cast.foreign) == "unknown"
        assert visible_sites(any_db, principal) == sorted(
            [cast.pumps, cast.valves], key=lambda site: (site.created_at, site.key)
        )


def test_a_user_without_memberships_sees_nothing(any_db: Engine, cast: Cast) -> None:
    user = add_user(any_db, email="new@pumps.example", password="correct horse")
    principal = Principal.of_user(any_db, user)
    assert allowed(any_db, principal, cast.pumps) == "unknown"
    assert visible_sites(any_db, principal) == []


def test_a_site_out_of_reach_reads_as_one_that_does_not_exist(any_db: Engine, cast: Cast) -> None:
    owner = Principal.of_user(any_db, cast.owner)
    messages = []
    for key in (cast.foreign.key, "nosuchsite"):
        with pytest.raises(NotFound) as caught:
            require_site(any_db, owner, key, Right.READ)
        messages.append(str(caught.value).replace(key, "KEY"))
    assert messages[0] == messages[1]


def test_a_restricted_member_reaches_the_listed_sites_only(any_db: Engine, cast: Cast) -> None:
    editor = member(any_db, cast, Role.EDITOR, [cast.pumps.key])
    assert allowed(any_db, editor, cast.pumps) == "write"
    assert allowed(any_db, editor, cast.valves) == "unknown"
    assert visible_sites(any_db, editor) == [cast.pumps]
    with pytest.raises(NotFound):
        require_tenant(editor, cast.ours.id, Right.READ)


def test_losing_the_last_listed_site_does_not_open_the_others(any_db: Engine, cast: Cast) -> None:
    viewer = member(any_db, cast, Role.VIEWER, [cast.pumps.key])
    with write(any_db) as connection:
        connection.execute(delete(schema.sites).where(schema.sites.c.key == cast.pumps.key))
    assert viewer.user is not None
    after = Principal.of_user(any_db, viewer.user)
    assert allowed(any_db, after, cast.valves) == "unknown"
    assert visible_sites(any_db, after) == []


def test_a_restriction_can_be_lifted_and_must_be_possible(any_db: Engine, cast: Cast) -> None:
    viewer = member(any_db, cast, Role.VIEWER, [cast.pumps.key])
    user, ours = viewer.id, cast.ours.id
    for sites in ([cast.foreign.key], ["nosuchsite"]):
        with pytest.raises(NotFound, match="The tenant has no site"):
            set_membership(any_db, user=user, tenant=ours, role=Role.VIEWER, sites=sites)
    with pytest.raises(InvalidInput, match="owner has all sites"):
        set_membership(any_db, user=user, tenant=ours, role=Role.OWNER, sites=[cast.pumps.key])
    [unchanged] = memberships_of(any_db, user)
    assert unchanged.sites == frozenset([cast.pumps.key])
    set_membership(any_db, user=user, tenant=ours, role=Role.EDITOR)
    [lifted] = memberships_of(any_db, user)
    assert (lifted.role, lifted.sites) == (Role.EDITOR, None)
    with pytest.raises(NotFound, match="No user 'nobody'"):
        set_membership(any_db, user="nobody", tenant=ours, role=Role.EDITOR)


def test_tokens_give_their_scope_on_their_site_or_tenant(any_db: Engine, cast: Cast) -> None:
    for scope in (Right.READ, Right.WRITE, Right.ADMIN):
        one, _ = add_token(any_db, tenant=cast.ours.id, site=cast.pumps.key, scope=scope)
        both, _ = add_token(any_db, tenant=cast.ours.id, site=None, scope=scope)
        assert allowed(any_db, Principal.of_token(one), cast.pumps) == scope.value
        assert allowed(any_db, Principal.of_token(one), cast.valves) == "unknown"
        assert visible_sites(any_db, Principal.of_token(one)) == [cast.pumps]
        assert allowed(any_db, Principal.of_token(both), cast.valves) == scope.value
        assert allowed(any_db, Principal.of_token(both), cast.foreign) == "unknown"
        with pytest.raises(NotFound):
            require_tenant(Principal.of_token(one), cast.ours.id, Right.READ)
        require_tenant(Principal.of_token(both), cast.ours.id, scope)


def test_a_token_for_spend_sends_spend_and_reads_nothing(any_db: Engine, cast: Cast) -> None:
    token, _ = add_token(any_db, tenant=cast.ours.id, site=cast.pumps.key, scope="spend")
    holder = Principal.of_token(token)
    assert require_site(any_db, holder, cast.pumps.key, Right.SPEND) == cast.pumps
    for right in (Right.READ, Right.WRITE, Right.ADMIN):
        with pytest.raises(AccessDenied, match="You may send spend to the site"):
            require_site(any_db, holder, cast.pumps.key, right)
    with pytest.raises(NotFound):
        require_site(any_db, holder, cast.valves.key, Right.SPEND)
    assert visible_sites(any_db, holder) == []
    viewer = member(any_db, cast, Role.VIEWER)
    with pytest.raises(AccessDenied, match="the right to send spend to it"):
        require_site(any_db, viewer, cast.pumps.key, Right.SPEND)
    editor = member(any_db, cast, Role.EDITOR)
    assert require_site(any_db, editor, cast.pumps.key, Right.SPEND) == cast.pumps


def test_the_local_owner_may_do_everything(any_db: Engine, cast: Cast) -> None:
    local = Principal.local_owner()
    assert allowed(any_db, local, cast.foreign) == "admin"
    assert len(visible_sites(any_db, local)) == 3
    require_tenant(local, cast.theirs.id, Right.ADMIN)
    with pytest.raises(NotFound):
        require_site(any_db, local, "nosuchsite", Right.READ)


def test_rights_on_a_tenant_follow_the_role(any_db: Engine, cast: Cast) -> None:
    owner = Principal.of_user(any_db, cast.owner)
    require_tenant(owner, cast.ours.id, Right.ADMIN)
    with pytest.raises(NotFound, match="No tenant"):
        require_tenant(owner, cast.theirs.id, Right.READ)
    with pytest.raises(AccessDenied, match="needs the right to administer") as caught:
        require_tenant(member(any_db, cast, Role.EDITOR), cast.ours.id, Right.ADMIN)
    assert caught.value.status == 403


def test_a_token_works_until_it_is_revoked_and_its_secret_is_not_kept(
    any_db: Engine, cast: Cast
) -> None:
    token, secret = add_token(
        any_db, tenant=cast.ours.id, site=cast.pumps.key, scope="read", name="BI", now=NOON
    )
    assert secret.startswith("trk_")
    assert secret.startswith(token.hint)
    assert resolve_token(any_db, secret, now=NOON) == token
    with any_db.connect() as connection:
        assert secret not in repr(connection.execute(select(schema.tokens)).all())

    with pytest.raises(NotFound, match="No token"):
        revoke_token(any_db, token.id, tenant=cast.theirs.id)
    revoke_token(any_db, token.id, tenant=cast.ours.id)
    assert resolve_token(any_db, secret) is None
    with pytest.raises(InvalidInput, match="revoked already"):
        revoke_token(any_db, token.id)
    [listed] = list_tokens(any_db, site=cast.pumps.key)
    assert listed.revoked_at is not None
    assert listed.last_used_at == NOON


def test_the_last_use_of_a_token_is_noted_at_most_once_a_minute(any_db: Engine, cast: Cast) -> None:
    _, secret = add_token(any_db, tenant=cast.ours.id, site=None, scope="read", now=NOON)
    for seconds, noted in [(0, 0), (59, 0), (60, 60), (61, 60)]:
        resolve_token(any_db, secret, now=NOON + timedelta(seconds=seconds))
        [token] = list_tokens(any_db, tenant=cast.ours.id)
        assert token.last_used_at == NOON + timedelta(seconds=noted)


def test_bad_tokens_and_secrets_are_refused(any_db: Engine, cast: Cast) -> None:
    with pytest.raises(InvalidInput, match="Unknown scope 'root'"):
        add_token(any_db, tenant=cast.ours.id, site=None, scope="root")
    with pytest.raises(NotFound, match="has no site"):
        add_token(any_db, tenant=cast.ours.id, site=cast.foreign.key, scope="read")
    with pytest.raises(NotFound, match="No tenant 'nobody'"):
        add_token(any_db, tenant="nobody", site=None, scope="read")
    with pytest.raises(InvalidInput, match="Unknown role 'god'"):
        parse_role("god")
    for secret in ("", "trk_", "trk_nope", "x" * 10_000, "trk_\x00"):
        assert resolve_token(any_db, secret) is None
    assert list_tokens(any_db) == []
