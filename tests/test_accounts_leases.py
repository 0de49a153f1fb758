"""Leases: one holder at a time, known by a fence that only grows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from tracker.accounts.leases import LONGEST, acquire, is_current, release, renew

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TTL = timedelta(seconds=30)


def test_a_held_lease_is_refused_until_it_expires(any_db: Engine) -> None:
    first = acquire(any_db, "reconcile", "node-1", TTL, NOON)
    assert first is not None
    assert acquire(any_db, "reconcile", "node-2", TTL, NOON + TTL - TTL / 1000) is None
    assert acquire(any_db, "reconcile", "node-1", TTL, NOON) is None
    assert acquire(any_db, "other", "node-2", TTL, NOON) is not None

    second = acquire(any_db, "reconcile", "node-2", TTL, NOON + TTL)
    assert second is not None
    assert second.fence > first.fence
    assert second.expires_at == NOON + 2 * TTL


def test_a_holder_that_slept_past_its_expiry_learns_that_it_was_replaced(any_db: Engine) -> None:
    first = acquire(any_db, "reconcile", "node-1", TTL, NOON)
    assert first is not None
    assert is_current(any_db, first)
    second = acquire(any_db, "reconcile", "node-1", TTL, NOON + TTL)
    assert second is not None

    assert not is_current(any_db, first), "even by a lease under the same holder's name"
    assert renew(any_db, first, TTL, NOON + TTL) is None
    release(any_db, first, NOON + TTL)
    assert is_current(any_db, second), "a late release must not take it from the next holder"
    assert acquire(any_db, "reconcile", "node-3", TTL, NOON + TTL) is None


def test_a_renewed_lease_keeps_its_fence_and_lasts_longer(any_db: Engine) -> None:
    lease = acquire(any_db, "reconcile", "node-1", TTL, NOON)
    assert lease is not None
    longer = renew(any_db, lease, TTL, NOON + TTL / 2)
    assert longer is not None
    assert longer.fence == lease.fence
    assert acquire(any_db, "reconcile", "node-2", TTL, NOON + TTL) is None
    assert acquire(any_db, "reconcile", "node-2", TTL, NOON + 2 * TTL) is not None


def test_an_expired_lease_that_nobody_took_can_still_be_renewed(any_db: Engine) -> None:
    lease = acquire(any_db, "reconcile", "node-1", TTL, NOON)
    assert lease is not None
    assert renew(any_db, lease, TTL, NOON + 3 * TTL) is not None
    assert is_current(any_db, lease)


def test_a_released_lease_is_free_at_once_and_no_longer_current(any_db: Engine) -> None:
    lease = acquire(any_db, "reconcile", "node-1", TTL, NOON)
    assert lease is not None
    release(any_db, lease, NOON)
    assert not is_current(any_db, lease)
    assert renew(any_db, lease, TTL, NOON) is None
    after = acquire(any_db, "reconcile", "node-2", TTL, NOON)
    assert after is not None
    assert after.fence > lease.fence


def test_a_lease_that_a_clock_released_too_late_is_free(any_db: Engine) -> None:
    ahead = acquire(any_db, "reconcile", "node-1", TTL, NOON + timedelta(days=365))
    assert ahead is not None
    release(any_db, ahead, NOON + timedelta(days=365))
    assert acquire(any_db, "reconcile", "node-2", TTL, NOON) is not None
    assert acquire(any_db, "reconcile", "node-3", TTL, NOON) is None


def test_a_lease_that_a_clock_far_ahead_has_left_is_free(any_db: Engine) -> None:
    ahead = acquire(any_db, "reconcile", "node-1", TTL, NOON + timedelta(days=365))
    assert ahead is not None
    second = acquire(any_db, "reconcile", "node-2", TTL, NOON)
    assert second is not None
    assert second.fence > ahead.fence
    assert not is_current(any_db, ahead)


def test_a_lease_of_a_clock_a_little_ahead_is_held(any_db: Engine) -> None:
    # Erasing holds the lease of building for half an hour, which a build has for two minutes.
    assert acquire(any_db, "reconcile", "node-1", LONGEST / 2, NOON + LONGEST / 3) is not None
    assert acquire(any_db, "reconcile", "node-2", TTL, NOON) is None


def test_of_many_that_try_at_once_one_gets_it(any_db: Engine) -> None:
    for round_ in range(5):
        now = NOON + round_ * TTL
        with ThreadPoolExecutor(8) as pool:
            tries = [
                pool.submit(acquire, any_db, "reconcile", f"node-{n}", TTL, now) for n in range(8)
            ]
        got = [lease for done in tries if (lease := done.result())]
        assert len(got) == 1
        assert got[0].fence == round_ + 1
