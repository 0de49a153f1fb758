"""Connections as they are stored: secrets sealed, choices kept, nothing revived by a late run."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine, select, update

from tracker.accounts import schema
from tracker.accounts.connection_accounts import (
    WHOLE,
    ConnectionAccount,
    change_account,
    due_accounts,
    enable_account,
    get_account,
    list_accounts,
    store_accounts,
)
from tracker.accounts.connections import (
    Connection,
    NewConnection,
    Timetable,
    add_connection,
    configure_connection,
    disconnect,
    get_connection,
    has_secrets,
    list_connections,
    read_secret,
    reseal,
    set_connection_state,
    store_secret,
)
from tracker.accounts.database import write
from tracker.accounts.sealing import KEY_FILE, SealBroken, Sealer, add_key, new_key, open_sealer
from tracker.accounts.tenants import add_tenant
from tracker.errors import ConfigError, InvalidInput, NotFound

NOW = datetime(2026, 10, 20, 4, 0, tzinfo=UTC)
SECRET = {"refresh_token": "refresh-secret-0000", "client_secret": "client-secret-0000"}


@pytest.fixture
def sealer() -> Sealer:
    return Sealer((Fernet(new_key()),))


def add(db: Engine, sealer: Sealer, **values: object) -> Connection:
    tenant = add_tenant(db, name="Pump Works").id
    given = {"kind": "google", "name": "Google Ads", "secret": SECRET} | values
    return add_connection(db, sealer, NewConnection(tenant=tenant, **given), now=NOW)  # type: ignore[arg-type]


def test_a_connection_comes_back_as_it_was_stored_without_its_secret(
    any_db: Engine, sealer: Sealer
) -> None:
    timetable = Timetable("08:30", "Asia/Shanghai", days=10)
    made = add(any_db, sealer, settings={"client_id": "abc"}, timetable=timetable)

    assert list_connections(any_db, made.tenant) == [made]
    assert (made.state, made.has_secret, made.timetable) == ("active", True, timetable)
    assert "secret-0000" not in repr(made)
    assert read_secret(any_db, sealer, made.id) == SECRET


def test_secrets_are_not_in_the_database_in_any_readable_form(
    sqlite_db: Engine, sealer: Sealer
) -> None:
    add(sqlite_db, sealer)
    sqlite_db.dispose()
    files = Path(sqlite_db.url.database or "").parent.glob("*.db*")
    assert not any(b"secret-0000" in file.read_bytes() for file in files)


def test_another_key_is_told_clearly_and_the_row_of_another_connection_does_not_open(
    sqlite_db: Engine, sealer: Sealer
) -> None:
    one, two = add(sqlite_db, sealer), add(sqlite_db, sealer, secret={"password": "x"})
    with pytest.raises(SealBroken, match="does not open with the encryption key in use"):
        read_secret(sqlite_db, Sealer((Fernet(new_key()),)), one.id)
    table = schema.connections
    with write(sqlite_db) as connection:
        stolen = connection.execute(select(table.c.secret).where(table.c.id == one.id)).scalar_one()
        connection.execute(update(table).where(table.c.id == two.id).values(secret=stolen))
    with pytest.raises(SealBroken):
        read_secret(sqlite_db, sealer, two.id)


def test_a_new_key_opens_what_the_old_one_sealed_and_resealing_lets_the_old_one_go(
    sqlite_db: Engine, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    old = open_sealer("", data, lambda: False)
    made = add(sqlite_db, old)
    assert (data / KEY_FILE).stat().st_mode & 0o777 == 0o600

    add_key(data)
    both = open_sealer("", data, lambda: True)
    assert read_secret(sqlite_db, both, made.id) == SECRET
    assert reseal(sqlite_db, both) == 1
    assert reseal(sqlite_db, both) == 0
    newest = open_sealer((data / KEY_FILE).read_text().split()[0], data, lambda: True)
    assert read_secret(sqlite_db, newest, made.id) == SECRET
    with pytest.raises(SealBroken):
        read_secret(sqlite_db, old, made.id)


def test_a_key_file_that_is_lost_or_open_to_others_is_refused(
    sqlite_db: Engine, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    add(sqlite_db, open_sealer("", data, lambda: has_secrets(sqlite_db)))
    file = data / KEY_FILE
    file.chmod(0o644)
    with pytest.raises(ConfigError, match="can be read by others"):
        open_sealer("", data, lambda: has_secrets(sqlite_db))
    file.unlink()
    with pytest.raises(ConfigError, match="is missing, and stored secrets need it"):
        open_sealer("", data, lambda: has_secrets(sqlite_db))
    assert not file.exists()


@pytest.mark.parametrize("key", ["short", "x" * 44, ","])
def test_a_key_that_is_none_is_refused_without_showing_it(tmp_path: Path, key: str) -> None:
    with pytest.raises(ConfigError) as refused:
        open_sealer(key, tmp_path, lambda: False)
    assert len(key) < 2 or key not in str(refused.value)


def test_what_was_disconnected_has_no_secret_and_is_not_revived(
    any_db: Engine, sealer: Sealer
) -> None:
    made = add(any_db, sealer)
    disconnect(any_db, made.id)

    assert not get_connection(any_db, made.id).has_secret
    assert not set_connection_state(any_db, made.id, "active")
    with pytest.raises(InvalidInput, match="was disconnected"):
        store_secret(any_db, sealer, made.id, SECRET)
    assert not has_secrets(any_db)


def test_a_failure_is_told_once(any_db: Engine, sealer: Sealer) -> None:
    made = add(any_db, sealer)
    said = {"error": "Revoked.", "cause": "authorisation"}
    assert set_connection_state(any_db, made.id, "needs_authorisation", **said, now=NOW)
    assert not set_connection_state(any_db, made.id, "needs_authorisation", **said, now=NOW)
    found = get_connection(any_db, made.id)
    assert (found.error, found.cause, found.failed_at) == ("Revoked.", "authorisation", NOW)
    assert set_connection_state(any_db, made.id, "active")
    assert get_connection(any_db, made.id).failed_at is None


def test_a_connection_of_another_tenant_is_not_found(sqlite_db: Engine, sealer: Sealer) -> None:
    made, other = add(sqlite_db, sealer), add(sqlite_db, sealer)
    with pytest.raises(NotFound):
        get_connection(sqlite_db, made.id, tenant=other.tenant)
    with pytest.raises(NotFound):
        add_connection(sqlite_db, sealer, NewConnection(made.tenant, "google", "x", site="none"))


@pytest.mark.parametrize(
    "wrong",
    [
        Timetable(at="25:00"),
        Timetable(at="²³:00"),
        Timetable(at="8:30"),
        Timetable(timezone="Mars/Olympus"),
        Timetable(days=0),
        Timetable(every_minutes=-1),
    ],
)
def test_a_schedule_that_cannot_be_kept_is_refused(
    sqlite_db: Engine, sealer: Sealer, wrong: Timetable
) -> None:
    made = add(sqlite_db, sealer)
    with pytest.raises(InvalidInput):
        configure_connection(sqlite_db, made.id, timetable=wrong)


def test_listing_accounts_again_keeps_what_a_person_chose(any_db: Engine, sealer: Sealer) -> None:
    made = add(any_db, sealer)
    found = ConnectionAccount(made.id, "123", name="Old", currency="cny", timezone="Asia/Shanghai")
    store_accounts(any_db, [found, ConnectionAccount(made.id, "1", is_manager=True)], now=NOW)
    enable_account(any_db, made.id, "123", True)
    change_account(any_db, made.id, "123", watermark=date(2026, 10, 1), due_at=NOW)

    store_accounts(any_db, [ConnectionAccount(made.id, "123", name="New")], now=NOW)

    kept = get_account(any_db, made.id, "123")
    assert (kept.name, kept.currency, kept.enabled) == ("New", "CNY", True)
    assert (kept.watermark, kept.due_at) == (date(2026, 10, 1), NOW)
    assert [one.account for one in list_accounts(any_db, made.id)] == ["123", "1"]
    assert list_accounts(any_db, made.id, enabled=True) == [kept]


def test_only_what_is_enabled_active_and_in_good_order_is_due(
    any_db: Engine, sealer: Sealer
) -> None:
    made = add(any_db, sealer, kind="mailbox")
    store_accounts(any_db, [ConnectionAccount(made.id, WHOLE, enabled=True)])
    assert [one.connection for one in due_accounts(any_db, NOW)] == [made.id]
    change_account(any_db, made.id, WHOLE, due_at=NOW + timedelta(minutes=1))
    assert due_accounts(any_db, NOW) == []
    change_account(any_db, made.id, WHOLE, due_at=NOW + timedelta(days=365))
    assert len(due_accounts(any_db, NOW)) == 1, "a clock may have been ahead"
    change_account(any_db, made.id, WHOLE, due_at=NOW, error="No permission.")
    assert due_accounts(any_db, NOW) == []
    enable_account(any_db, made.id, WHOLE, True)
    assert len(due_accounts(any_db, NOW)) == 1
    set_connection_state(any_db, made.id, "paused")
    assert due_accounts(any_db, NOW) == []
