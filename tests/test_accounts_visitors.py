"""What the store has of visitors: salts, buckets, the erasure list, and cards of people."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select

from tests.test_accounts_sites import pump_site
from tracker.accounts import person_cards, schema
from tracker.accounts.buckets import UNDEALT, BucketPlan, add_bucket_plan, dealing_for, plans_of
from tracker.accounts.card_wish import CardWish
from tracker.accounts.person_cards import Card, amend_card, card_of
from tracker.accounts.salts import delete_old_salts, expires_at, make_salts, salt_of
from tracker.accounts.suppression import suppress_visitors, suppressed_among
from tracker.errors import InvalidInput, NotFound

MARCH_1 = date(2026, 3, 1)
#: 20:00 on 1 March in Shanghai.
EVENING = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def salts_kept(db: Engine) -> int:
    """How many salts the store has."""
    with db.connect() as connection:
        return connection.execute(select(func.count()).select_from(schema.salts)).scalar_one()


def test_everybody_gets_the_same_salt_of_a_site_and_date(any_db: Engine) -> None:
    site, other = pump_site(any_db), pump_site(any_db)
    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(lambda _: salt_of(any_db, site, MARCH_1, now=EVENING), range(24)))
    salt = given[0]
    assert salt is not None
    assert len(salt) == 32
    assert set(given) == {salt}
    assert salt_of(any_db, other, MARCH_1, now=EVENING) != salt
    assert salt_of(any_db, site, MARCH_1 + timedelta(days=1), now=EVENING) != salt


def test_salts_are_made_a_day_ahead_in_the_sites_own_zone(any_db: Engine) -> None:
    shanghai, hawaii = pump_site(any_db), pump_site(any_db, timezone="Pacific/Honolulu")
    now = datetime(2026, 3, 1, 17, tzinfo=UTC)  # 01:00 on 2 March there, 07:00 on 1 March here
    make_salts(any_db, [shanghai, hawaii], now=now)
    with any_db.connect() as connection:
        kept = set(connection.execute(select(schema.salts.c.site, schema.salts.c.day)).all())
    march = [date(2026, 3, n) for n in range(4)[1:]]
    assert kept == {
        (shanghai.key, march[1]),
        (shanghai.key, march[2]),
        (hawaii.key, march[0]),
        (hawaii.key, march[1]),
    }
    before = salt_of(any_db, shanghai, march[1], now=now)
    make_salts(any_db, [shanghai, hawaii], now=now + HOUR)
    make_salts(any_db, [])
    assert salt_of(any_db, shanghai, march[1], now=now) == before
    assert salts_kept(any_db) == 4


def test_a_salt_is_gone_48_hours_after_its_date_and_is_not_made_again(any_db: Engine) -> None:
    site = pump_site(any_db)
    # 1 March ends in Shanghai at 16:00 UTC.
    end = datetime(2026, 3, 3, 16, tzinfo=UTC)
    assert expires_at(site, MARCH_1) == end
    salt = salt_of(any_db, site, MARCH_1, now=EVENING)
    assert salt_of(any_db, site, MARCH_1, now=end - HOUR) == salt
    assert salt_of(any_db, site, MARCH_1, now=end) is None, "even before the job has deleted it"

    assert delete_old_salts(any_db, now=end - HOUR) == 0
    assert delete_old_salts(any_db, now=end) == 1
    assert salt_of(any_db, site, MARCH_1, now=end) is None
    assert salts_kept(any_db) == 0


def test_a_day_with_a_change_of_the_clock_ends_when_its_people_say(sqlite_db: Engine) -> None:
    """29 March 2026 has 23 hours in Berlin: it begins at 23:00 UTC and ends at 22:00."""
    berlin = pump_site(sqlite_db, timezone="Europe/Berlin")
    assert expires_at(berlin, date(2026, 3, 28)) == datetime(2026, 3, 30, 23, tzinfo=UTC)
    assert expires_at(berlin, date(2026, 3, 29)) == datetime(2026, 3, 31, 22, tzinfo=UTC)


def test_a_site_has_one_bucket_until_a_plan_begins(any_db: Engine) -> None:
    grown, small = pump_site(any_db).key, pump_site(any_db).key
    add_bucket_plan(any_db, grown, date(2026, 5, 1), 16)
    add_bucket_plan(any_db, grown, date(2026, 3, 1), 2)
    add_bucket_plan(any_db, grown, date(2026, 3, 1), 4)
    plans = plans_of(any_db, [grown, small])
    assert plans == {
        grown: [BucketPlan(date(2026, 3, 1), 4), BucketPlan(date(2026, 5, 1), 16)],
        small: [],
    }
    days = [date(2026, 2, 28), date(2026, 3, 1), date(2026, 4, 30), date(2026, 5, 1)]
    assert [dealing_for(plans[grown], day).count for day in days] == [1, 4, 4, 16]
    assert dealing_for(plans[small], days[0]) == UNDEALT


def test_only_powers_of_two_make_a_plan(any_db: Engine) -> None:
    site = pump_site(any_db).key
    for buckets in (0, -2, 3, 6, 8192):
        with pytest.raises(InvalidInput, match=f"cannot have {buckets} buckets"):
            add_bucket_plan(any_db, site, MARCH_1, buckets)
    with pytest.raises(NotFound, match="No site 'nosuchsite'"):
        add_bucket_plan(any_db, "nosuchsite", MARCH_1, 2)
    assert plans_of(any_db, [site]) == {site: []}


def test_the_erasure_list_is_per_site_and_answers_for_many_at_once(any_db: Engine) -> None:
    one, two = pump_site(any_db).key, pump_site(any_db).key
    visitors = [f"visitor-{n}" for n in range(1500)]
    suppress_visitors(any_db, one, visitors[::2])
    suppress_visitors(any_db, one, [visitors[0], visitors[0]])
    suppress_visitors(any_db, one, [])
    assert suppressed_among(any_db, one, visitors) == set(visitors[::2])
    assert suppressed_among(any_db, two, visitors) == frozenset()
    assert suppressed_among(any_db, one, []) == frozenset()


def test_what_two_people_write_on_one_card_at_once_stays(
    any_db: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, person = pump_site(any_db).key, ["0123456789abcdef"]
    amend_card(any_db, site, person, CardWish(name="Li"), now=EVENING)
    checked, other = person_cards._checked, ThreadPoolExecutor(1)

    def meanwhile() -> None:
        amend_card(any_db, site, person, CardWish(company="Mines"), now=EVENING)

    begun: list[Future[None]] = []

    def slow(card: Card) -> Card:
        if not begun:
            begun.append(other.submit(meanwhile))
            wait(begun, timeout=0.5)
        return checked(card)

    monkeypatch.setattr(person_cards, "_checked", slow)
    amend_card(any_db, site, person, CardWish(owner="Wang"), now=EVENING + HOUR)
    begun[0].result(10)
    assert card_of(any_db, site, person) == Card(name="Li", company="Mines", owner="Wang")
