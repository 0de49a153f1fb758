"""Users, passwords, failed log-ins, sessions and the first set-up."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine, select, text, update

from tracker.accounts import schema
from tracker.accounts.database import write
from tracker.accounts.memberships import (
    Membership,
    members_of,
    memberships_of,
    remove_membership,
    set_membership,
)
from tracker.accounts.rights import Role
from tracker.accounts.sessions import (
    LIFETIME,
    add_session,
    csrf_matches,
    csrf_token,
    list_sessions,
    resolve_session,
    revoke_session,
)
from tracker.accounts.state import has_owner, set_up
from tracker.accounts.tenants import list_tenants
from tracker.accounts.users import (
    User,
    add_user,
    authenticate,
    change_password,
    disable_user,
    find_user,
    get_user,
    list_users,
    update_user,
)
from tracker.errors import AccessDenied, InvalidInput, NotFound, RateLimited, TrackerError

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
RIGHT, WRONG = "correct horse", "battery staple"


def refusal(db: Engine, email: str, password: str, ip: str = "", now: datetime = NOON) -> str:
    """The message of a log-in that must fail."""
    with pytest.raises(TrackerError) as caught:
        authenticate(db, email, password, ip=ip, now=now)
    assert isinstance(caught.value, AccessDenied | RateLimited)
    return caught.value.message


@pytest.fixture
def ann(any_db: Engine) -> User:
    """A user without memberships."""
    return add_user(any_db, email=" Ann@Pumps.example", password=RIGHT, language="zh")


def test_the_right_password_gives_the_user_whatever_the_case_of_the_email(
    any_db: Engine, ann: User
) -> None:
    assert (ann.email, ann.name, ann.language) == ("ann@pumps.example", "ann", "zh")
    assert authenticate(any_db, "ANN@pumps.example ", RIGHT) == ann
    assert get_user(any_db, ann.id) == find_user(any_db, "Ann@pumps.example") == ann
    assert list_users(any_db) == [ann]


def test_unknown_email_wrong_password_and_disabled_user_read_the_same(
    any_db: Engine, ann: User
) -> None:
    wrong = refusal(any_db, ann.email, WRONG)
    unknown = refusal(any_db, "nobody@pumps.example", RIGHT)
    disable_user(any_db, ann.id)
    disabled = refusal(any_db, ann.email, RIGHT)
    assert wrong == unknown == disabled == "Wrong e-mail or password."
    disable_user(any_db, ann.id, disabled=False)
    assert authenticate(any_db, ann.email, RIGHT) == ann


def test_a_hash_with_old_parameters_is_renewed_at_log_in(any_db: Engine, ann: User) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1, hash_len=16).hash(RIGHT)
    with write(any_db) as connection:
        connection.execute(update(schema.users).values(password=weak))
    assert authenticate(any_db, ann.email, RIGHT) == ann
    with any_db.connect() as connection:
        stored = connection.execute(select(schema.users.c.password)).scalar_one()
    assert stored != weak
    assert authenticate(any_db, ann.email, RIGHT) == ann


def test_failures_back_off_longer_each_time_and_a_success_forgets_them(
    any_db: Engine, ann: User
) -> None:
    def wait(now: datetime) -> int:
        with pytest.raises(RateLimited) as caught:
            authenticate(any_db, ann.email, RIGHT, ip="203.0.113.7", now=now)
        return caught.value.retry_after

    for _ in range(5):
        refusal(any_db, ann.email, WRONG, ip="203.0.113.7")
    assert wait(NOON) == 30, "even the right password waits"
    assert wait(NOON + 20 * SECOND) == 10, "waiting attempts do not make it longer"
    refusal(any_db, ann.email, WRONG, ip="203.0.113.7", now=NOON + 30 * SECOND)
    assert wait(NOON + 30 * SECOND) == 60
    assert authenticate(any_db, ann.email, RIGHT, ip="198.51.100.1", now=NOON) == ann

    later = NOON + 90 * SECOND
    assert authenticate(any_db, ann.email, RIGHT, ip="203.0.113.7", now=later) == ann
    for _ in range(4):
        refusal(any_db, ann.email, WRONG, ip="203.0.113.7", now=later)
    assert authenticate(any_db, ann.email, RIGHT, ip="203.0.113.7", now=later) == ann


def test_an_unknown_email_is_limited_like_a_known_one(any_db: Engine) -> None:
    """Otherwise the limit itself would tell which e-mails exist."""
    for _ in range(5):
        refusal(any_db, "nobody@pumps.example", WRONG)
    with pytest.raises(RateLimited):
        authenticate(any_db, "nobody@pumps.example", WRONG, now=NOON)


def test_attempts_sent_at_once_cannot_slip_past_the_limit(any_db: Engine, ann: User) -> None:
    with ThreadPoolExecutor(8) as pool:
        messages = list(pool.map(lambda _: refusal(any_db, ann.email, WRONG), range(40)))
    assert sum(message == "Wrong e-mail or password." for message in messages) == 5


def test_a_clock_that_was_set_back_locks_nobody_out(any_db: Engine, ann: User) -> None:
    for _ in range(5):
        refusal(any_db, ann.email, WRONG, now=NOON + timedelta(days=300))
    assert authenticate(any_db, ann.email, RIGHT, now=NOON) == ann


def test_a_day_without_failures_forgets_them(any_db: Engine, ann: User) -> None:
    for _ in range(5):
        refusal(any_db, ann.email, WRONG)
    tomorrow = NOON + timedelta(days=1, seconds=1)
    assert authenticate(any_db, ann.email, RIGHT, now=tomorrow) == ann
    with any_db.connect() as connection:
        kept = connection.execute(text("SELECT failures FROM login_failures")).scalars().all()
    assert kept == [0]


def test_bad_users_are_refused(any_db: Engine, ann: User) -> None:
    with pytest.raises(InvalidInput, match=r"ann@pumps\.example already"):
        add_user(any_db, email="ANN@pumps.example", password=RIGHT)
    with pytest.raises(InvalidInput, match="password has 7 characters; 8 to 256"):
        add_user(any_db, email="bob@pumps.example", password="x" * 7)
    with pytest.raises(InvalidInput, match="password has 257"):
        add_user(any_db, email="bob@pumps.example", password="x" * 257)
    for email in ("bob", "bob@", "@pumps.example", "b ob@x", "a@b@c", "x" * 250 + "@x.example"):
        with pytest.raises(InvalidInput, match="Not an e-mail address"):
            add_user(any_db, email=email, password=RIGHT)
    with pytest.raises(InvalidInput, match="Unknown language 'de'"):
        update_user(any_db, ann.id, language="de")
    with pytest.raises(NotFound):
        get_user(any_db, "nobody")
    with pytest.raises(NotFound):
        change_password(any_db, "nobody", RIGHT)
    assert list_users(any_db) == [ann]


def test_name_and_language_can_be_changed(any_db: Engine, ann: User) -> None:
    assert update_user(any_db, ann.id, name="安", language="en").name == "安"
    assert get_user(any_db, ann.id).language == "en"


def test_a_new_password_ends_every_session_but_the_one_it_was_set_in(
    any_db: Engine, ann: User
) -> None:
    here, here_secret = add_session(any_db, user=ann.id)
    _, elsewhere_secret = add_session(any_db, user=ann.id)
    change_password(any_db, ann.id, WRONG, keep_session=here.id)

    assert resolve_session(any_db, here_secret) is not None
    assert resolve_session(any_db, elsewhere_secret) is None
    assert authenticate(any_db, ann.email, WRONG) == ann
    assert refusal(any_db, ann.email, RIGHT) == "Wrong e-mail or password."


def test_a_session_slides_and_ends_after_thirty_quiet_days(any_db: Engine, ann: User) -> None:
    session, secret = add_session(
        any_db, user=ann.id, ip="203.0.113.7", user_agent="Firefox\x00" + "x" * 300, now=NOON
    )
    assert resolve_session(any_db, secret, now=NOON) == session
    assert (session.user, session.ip, len(session.user_agent)) == (ann.id, "203.0.113.7", 200)
    last = NOON + LIFETIME - SECOND
    moved = resolve_session(any_db, secret, now=last)
    assert moved is not None
    assert moved.expires_at == last + LIFETIME
    assert resolve_session(any_db, secret, now=last + LIFETIME - SECOND) is not None
    assert resolve_session(any_db, secret, now=last + 3 * LIFETIME) is None


def test_the_store_holds_no_session_secret(any_db: Engine, ann: User) -> None:
    _, secret = add_session(any_db, user=ann.id)
    with any_db.connect() as connection:
        stored = connection.execute(select(schema.sessions)).all()
    assert secret not in repr(stored)
    assert resolve_session(any_db, secret + "x") is None
    assert resolve_session(any_db, "") is None


def test_a_user_ends_only_his_own_sessions(any_db: Engine, ann: User) -> None:
    bob = add_user(any_db, email="bob@pumps.example", password=RIGHT)
    session, secret = add_session(any_db, user=ann.id)
    assert not revoke_session(any_db, session.id, user=bob.id)
    assert list_sessions(any_db, ann.id) == [session]
    assert revoke_session(any_db, session.id, user=ann.id)
    assert resolve_session(any_db, secret) is None
    assert not revoke_session(any_db, session.id)


def test_a_disabled_user_is_out_at_once(any_db: Engine, ann: User) -> None:
    _, secret = add_session(any_db, user=ann.id)
    disable_user(any_db, ann.id)
    assert resolve_session(any_db, secret) is None


def test_csrf_tokens_belong_to_one_session() -> None:
    assert csrf_matches("one", csrf_token("one"))
    assert not csrf_matches("two", csrf_token("one"))
    assert not csrf_matches("one", "")
    assert not csrf_matches("one", "不是")


def test_the_first_set_up_makes_the_owner_once(any_db: Engine) -> None:
    assert not has_owner(any_db)
    tenant, user = set_up(any_db, email="ann@pumps.example", password=RIGHT, tenant="Pumps")
    assert has_owner(any_db)
    assert memberships_of(any_db, user.id) == (Membership(user.id, tenant.id, Role.OWNER),)
    assert authenticate(any_db, user.email, RIGHT) == user
    with pytest.raises(InvalidInput, match="has an owner already"):
        set_up(any_db, email="eve@pumps.example", password=RIGHT)
    assert list_users(any_db) == [user]


def test_of_two_first_set_ups_at_once_one_succeeds(any_db: Engine) -> None:
    def attempt(n: int) -> bool:
        try:
            set_up(any_db, email=f"user{n}@pumps.example", password=RIGHT)
        except InvalidInput:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(attempt, range(4))) == 1
    assert len(list_users(any_db)) == len(list_tenants(any_db)) == 1


def test_a_failed_set_up_leaves_nothing_behind(any_db: Engine, ann: User) -> None:
    with pytest.raises(InvalidInput, match="already"):
        set_up(any_db, email=ann.email, password=RIGHT)
    assert list_tenants(any_db) == []
    assert not has_owner(any_db)


def test_a_tenant_never_loses_its_last_owner(any_db: Engine) -> None:
    tenant, owner = set_up(any_db, email="ann@pumps.example", password=RIGHT)
    with pytest.raises(InvalidInput, match="needs an owner"):
        remove_membership(any_db, user=owner.id, tenant=tenant.id)
    with pytest.raises(InvalidInput, match="needs an owner"):
        set_membership(any_db, user=owner.id, tenant=tenant.id, role=Role.VIEWER)
    assert members_of(any_db, tenant.id) == (Membership(owner.id, tenant.id, Role.OWNER),)

    bob = add_user(any_db, email="bob@pumps.example", password=RIGHT)
    set_membership(any_db, user=bob.id, tenant=tenant.id, role=Role.OWNER)
    remove_membership(any_db, user=owner.id, tenant=tenant.id)
    assert [member.user for member in members_of(any_db, tenant.id)] == [bob.id]
    with pytest.raises(NotFound, match="is no member"):
        remove_membership(any_db, user=owner.id, tenant=tenant.id)
