"""Requests about goals."""

from __future__ import annotations

import msgspec

from tracker.accounts.goal_wish import GoalWish


class AddGoal(GoalWish, frozen=True):
    """``tracker goal add``."""


class RemoveGoal(msgspec.Struct, frozen=True):
    """``tracker goal remove``."""

    site: str
    name: str
