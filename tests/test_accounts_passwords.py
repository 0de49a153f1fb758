"""How passwords are kept, with the parameters of production."""

from __future__ import annotations

import pytest
from argon2 import extract_parameters
from argon2.low_level import Type
from sqlalchemy import Engine, select

from tracker.accounts import schema
from tracker.accounts.passwords import hash_password, needs_rehash, password_matches
from tracker.accounts.users import add_user, authenticate

pytestmark = pytest.mark.usefixtures("strong_passwords")


def test_a_password_is_stored_as_a_strong_argon2id_hash_only(sqlite_db: Engine) -> None:
    user = add_user(sqlite_db, email="ann@pumps.example", password="correct horse")
    with sqlite_db.connect() as connection:
        row = connection.execute(select(schema.users)).one()
    assert "correct horse" not in repr(row)
    parameters = extract_parameters(row.password)
    # The least that OWASP's password storage cheat sheet allows is 19 MiB and 2 passes.
    assert parameters.type is Type.ID
    assert parameters.memory_cost >= 19 * 1024
    assert parameters.time_cost >= 2
    assert authenticate(sqlite_db, user.email, "correct horse") == user


def test_equal_passwords_have_different_hashes_and_both_match() -> None:
    first, second = hash_password("correct horse"), hash_password("correct horse")
    assert first != second
    assert password_matches(first, "correct horse")
    assert password_matches(second, "correct horse")
    assert not password_matches(first, "correct horsf")
    assert not needs_rehash(first)


def test_nothing_matches_where_no_hash_is_stored() -> None:
    assert not password_matches(None, "nobody has this password")
    assert not password_matches("not a hash", "correct horse")
    assert not password_matches(hash_password("x" * 256), "x" * 257)
