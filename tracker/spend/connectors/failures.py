"""How a pull fails: in a way that passes, or in one that a person has to see to.

    TrackerError
    ├── Unavailable
    │   └── Transient     asking again later can succeed; nothing has to be changed
    └── InvalidInput
        └── Terminal      asking again cannot succeed until somebody acts

Messages are for marketers: they name the platform, what it said and what to do. They never hold
a token, a password or an address with a signature in it.
"""

from __future__ import annotations

from enum import StrEnum
from math import ceil

from tracker.errors import InvalidInput, Unavailable

#: Seconds until the next attempt where the platform names no delay.
USUAL_DELAY = 60.0


class Cause(StrEnum):
    """Why a pull cannot succeed: stable for pages, alerts and scripts."""

    AUTHORISATION = "authorisation"  # revoked, expired, wrong password: connect again
    PERMISSION = "permission"  # the log-in may not see this account
    ACCOUNT = "account"  # no such account, suspended, or a manager account
    REQUEST = "request"  # the platform does not know what we ask for
    ANSWER = "answer"  # we do not understand what the platform says
    SETTING = "setting"  # something is missing or wrong in the connection


class Transient(Unavailable):
    """``delay`` is the wait that the platform asked for, in seconds; None if it named none, and
    then waits grow from ``grow_from``, if the platform's documentation says so."""

    code = "platform_transient"

    def __init__(
        self,
        message: str,
        *,
        delay: float | None = None,
        grow_from: float | None = None,
        hint: str = "",
    ) -> None:
        wait = USUAL_DELAY if delay is None else delay
        super().__init__(message, hint=hint, retry_after=max(1, ceil(wait)))
        self.delay = delay
        self.grow_from = grow_from


class Terminal(InvalidInput):
    """``cause`` says what kind of thing is wrong; ``vendor_code`` is the platform's own code."""

    code = "platform_terminal"

    def __init__(
        self, message: str, *, cause: Cause, vendor_code: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.cause = cause
        self.vendor_code = vendor_code


class Unauthorised(Exception):
    """Within a connector only: the platform did not take the access token of this request.

    ``failure`` is what it amounts to if a new token is not taken either.
    """

    def __init__(self, failure: Terminal) -> None:
        super().__init__("the access token was not accepted")
        self.failure = failure
