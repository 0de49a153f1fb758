"""Every error that this product raises on purpose.

    TrackerError
    ├── ConfigError          a setting, a flag or an argument cannot be used
    ├── InvalidInput         a body, file, row or parameter is wrong (HTTP 400, exit 2)
    │   ├── NotFound         a site, goal, user or report that does not exist (HTTP 404)
    │   ├── TooLarge         a body or file over its limit (HTTP 413)
    │   ├── NeedsConfirmation  an import would remove data; repeat with --replace (HTTP 409)
    │   └── Terminal         an ad platform refuses until somebody acts (spend/connectors/failures)
    ├── AccessDenied         no log-in, or no right to this site (HTTP 401 / 403)
    ├── RateLimited          too many requests; carries ``retry_after`` (HTTP 429)
    └── Unavailable          a dependency is away or full; try again (HTTP 503)
        ├── Transient        an ad platform asks to come back later (spend/connectors/failures)
        ├── EngineHeld       another process holds the embedded engine's directory
        └── WarehouseError   ClickHouse answered with an error of its own
            ├── StatementUnfit    sending it again unchanged cannot succeed
            │   ├── StatementRefused   the statement or its data is bad
            │   └── StatementTooLarge  it needs more memory than one may have
            └── SchemaRefused     the migrations of this program and of the database disagree

A message says what is wrong, which value, what is allowed, and what to do next. It is shown
to users as it stands, so it never holds a secret, a stack trace or an engine's internals.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

_Given = TypeVar("_Given")
_Checked = TypeVar("_Checked")


class TrackerError(Exception):
    """Base of all expected errors: ``code`` is stable for scripts, ``message`` is for people."""

    code = "error"
    status = 500

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class ConfigError(TrackerError):
    """A setting that cannot be used; the message names its key and value."""

    code = "config"
    status = 500


class InvalidInput(TrackerError):
    """Input that is wrong in itself: sending it again unchanged cannot succeed.

    ``field`` names the field of a form or of a record that is wrong, where it is one."""

    code = "invalid"
    status = 400
    field = ""


def of_field(name: str, check: Callable[[_Given], _Checked], given: _Given) -> _Checked:
    """What ``check`` makes of the value; an InvalidInput of it is one of the field."""
    try:
        return check(given)
    except InvalidInput as error:
        error.field = error.field or name
        raise


class NotFound(InvalidInput):
    """The thing named does not exist, or the caller may not know that it does."""

    code = "not_found"
    status = 404


class TooLarge(InvalidInput):
    """Larger than the documented limit."""

    code = "too_large"
    status = 413


class NeedsConfirmation(InvalidInput):
    """The request is well-formed but would remove data; it asks to be repeated with consent."""

    code = "needs_confirmation"
    status = 409


class AccessDenied(TrackerError):
    """Not logged in (401) or without the right (403)."""

    code = "access_denied"
    status = 403

    def __init__(self, message: str, *, hint: str = "", status: int = 403) -> None:
        super().__init__(message, hint=hint)
        self.status = status


class RateLimited(TrackerError):
    """Too many requests; ``retry_after`` is in seconds."""

    code = "rate_limited"
    status = 429

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(TrackerError):
    """A dependency is away or out of room; the same request may succeed later."""

    code = "unavailable"
    status = 503

    def __init__(self, message: str, *, hint: str = "", retry_after: int = 5) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class WarehouseError(Unavailable):
    """ClickHouse refused a statement; ``engine_code`` is its error number, 0 if unknown."""

    code = "warehouse"

    def __init__(self, message: str, *, engine_code: int = 0) -> None:
        super().__init__(message)
        self.engine_code = engine_code


class StatementUnfit(WarehouseError):
    """Sending the statement again unchanged cannot succeed."""

    code = "statement_unfit"
    status = 500


class StatementRefused(StatementUnfit):
    """The statement or its data is bad in itself."""

    code = "statement_refused"
    status = 500


class StatementTooLarge(StatementUnfit):
    """The statement needs more memory than one may have: over less it can succeed."""

    code = "statement_too_large"
    status = 500


class SchemaRefused(WarehouseError):
    """The migrations of this program and those of the database disagree; nothing was changed."""

    code = "schema_refused"
    status = 500


class EngineHeld(Unavailable):
    """Another process holds the directory of the embedded engine; ``pid`` is 0 if unknown."""

    code = "engine_held"

    def __init__(self, message: str, *, hint: str = "", pid: int = 0) -> None:
        super().__init__(message, hint=hint)
        self.pid = pid
