"""What a failed call to ClickHouse means: the statement is bad, or the engine is away or full.

The difference decides what the loader does with a segment: one that is refused is set aside,
one that could not be taken is kept and tried again. An error that this module does not know
counts as *away*, so that nothing is set aside by mistake.
"""

from __future__ import annotations

import re

from clickhouse_connect.driver.exceptions import DataError, NotSupportedError, ProgrammingError
from clickhouse_connect.driver.exceptions import Error as DriverError
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ReadTimeoutError

from tracker.errors import (
    StatementRefused,
    StatementTooLarge,
    TrackerError,
    Unavailable,
    WarehouseError,
)

# Names of the engine's errors that speak of the statement or of its data. UNKNOWN_TABLE and
# UNKNOWN_DATABASE are not among them: a migration cures those and the statement stays as it is.
_REFUSED_NAMES = (
    "AMBIGUOUS_COLUMN_NAME AMBIGUOUS_IDENTIFIER ARGUMENT_OUT_OF_BOUND ATTEMPT_TO_READ_AFTER_EOF "
    "BAD_ARGUMENTS BAD_GET BAD_QUERY_PARAMETER BAD_TYPE_OF_FIELD CYCLIC_ALIASES "
    "CANNOT_CONVERT_TYPE CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN CANNOT_READ_ALL_DATA "
    "CANNOT_READ_ARRAY_FROM_TEXT CANNOT_READ_MAP_FROM_TEXT CANNOT_SKIP_UNKNOWN_FIELD "
    "COLUMN_QUERIED_MORE_THAN_ONCE DECIMAL_OVERFLOW DUPLICATE_COLUMN "
    "EMPTY_LIST_OF_COLUMNS_QUERIED EXPECTED_ALL_OR_ANY FUNCTION_THROW_IF_VALUE_IS_NON_ZERO "
    "ILLEGAL_AGGREGATION ILLEGAL_COLUMN ILLEGAL_DIVISION ILLEGAL_TYPE_OF_ARGUMENT "
    "INCORRECT_DATA INVALID_JOIN_ON_EXPRESSION MULTIPLE_EXPRESSIONS_FOR_ALIAS "
    "NOT_AN_AGGREGATE NOT_FOUND_COLUMN_IN_BLOCK NOT_IMPLEMENTED NO_COMMON_TYPE "
    "NO_SUCH_COLUMN_IN_TABLE NUMBER_OF_ARGUMENTS_DOESNT_MATCH "
    "NUMBER_OF_COLUMNS_DOESNT_MATCH SIZES_OF_ARRAYS_DONT_MATCH SYNTAX_ERROR "
    "TOO_FEW_ARGUMENTS_FOR_FUNCTION TOO_LARGE_STRING_SIZE TOO_MANY_ARGUMENTS_FOR_FUNCTION "
    "TYPE_MISMATCH UNEXPECTED_EXPRESSION UNKNOWN_AGGREGATE_FUNCTION UNKNOWN_ELEMENT_IN_AST "
    "UNKNOWN_ELEMENT_OF_ENUM UNKNOWN_FORMAT UNKNOWN_FUNCTION UNKNOWN_IDENTIFIER "
    "UNKNOWN_QUERY_PARAMETER UNKNOWN_SETTING UNKNOWN_TYPE UNSUPPORTED_METHOD "
    "VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE VIOLATED_CONSTRAINT"
)
_REFUSED = frozenset(_REFUSED_NAMES.split())
_REFUSED_PREFIXES = ("CANNOT_PARSE_", "ILLEGAL_SYNTAX_")
# NOTE: the engine uses TOO_MANY_PARTS both for a table that cannot merge fast enough (wait) and
# for one insert that touches over 100 partitions (it never succeeds).
_TOO_MANY_PARTITIONS = "partitions for single INSERT block"

# That of the statement itself. A limit of all statements together is met by whoever comes last.
_OWN_LIMIT = re.compile(r"Query memory limit|\(for query\)")

_HINTS = {
    "UNKNOWN_TABLE": "Run `tracker migrate`: a table of the warehouse is missing.",
    "UNKNOWN_DATABASE": "Create that database on the server, or correct the warehouse URL.",
    "AUTHENTICATION_FAILED": "Check the user and password of the warehouse URL.",
    "MEMORY_LIMIT_EXCEEDED": "Ask for a shorter period, or raise the memory limit.",
    "TIMEOUT_EXCEEDED": "Ask for a shorter period, or raise the time limit.",
    "NOT_ENOUGH_SPACE": "Free disk space where ClickHouse keeps its data.",
}
_NOISE = (
    re.compile(r"\s*Stack trace.*", re.DOTALL),
    re.compile(r"^.*?server response:\s*", re.DOTALL),
    re.compile(r"(?:Code: \d+\. )?DB::Exception: "),
    re.compile(r"\s*\(version [^()]*(?:\([^()]*\)[^()]*)*\)"),
    re.compile(r"\s*\(in file/uri [^()]*\)"),
    re.compile(r":?\s*[Ww]hile executing [^:]*(?=:|\.|$)"),
    re.compile(r":\s*data for INSERT was parsed from (?:file|query|stdin)"),
)
# What the driver refuses by itself, before the engine sees it.
_OWN_CHECKS = (DataError, NotSupportedError, ProgrammingError)
_NAME = re.compile(r"\(([A-Z][A-Z0-9_]+)\)\.?\s*$")
_MAX_MESSAGE = 600


def translate(error: Exception, target: str) -> TrackerError:
    """The error of this product's tree for one that the driver raised about ``target``.

    ``target`` is the warehouse's address without a password. What the driver itself refuses (a
    column that is not there, a value that does not fit, one that Python cannot represent)
    counts as a refused statement.
    """
    if isinstance(error, DriverError) and (error.code or "Code: " in str(error)):
        return _engine_error(error)
    if isinstance(error, (DriverError, HTTPError, OSError)) and not isinstance(error, _OWN_CHECKS):
        return _transport_error(error, target)
    return StatementRefused(f"The statement or a value of it is unusable: {error}")


def _engine_error(error: DriverError) -> WarehouseError:
    text = str(error)
    message = _clean(text)
    name = error.name or ""
    kind = _kind(name, text)
    hint = f" {_HINTS[name]}" if name in _HINTS else ""
    label = " ".join(part for part in (str(error.code or ""), name) if part)
    return kind(f"ClickHouse: {message} [{label}].{hint}", engine_code=error.code or 0)


def _kind(name: str, text: str) -> type[WarehouseError]:
    if name in _REFUSED or name.startswith(_REFUSED_PREFIXES) or _TOO_MANY_PARTITIONS in text:
        return StatementRefused
    if name == "MEMORY_LIMIT_EXCEEDED" and _OWN_LIMIT.search(text):
        return StatementTooLarge
    return WarehouseError


def _clean(text: str) -> str:
    for pattern in _NOISE:
        text = pattern.sub("", text)
    while (shorter := _NAME.sub("", text).rstrip()) != text:
        text = shorter
    text = " ".join(text.split()).rstrip(" .:")
    return text if len(text) <= _MAX_MESSAGE else f"{text[:_MAX_MESSAGE]}…"


def _transport_error(error: Exception, target: str) -> Unavailable:
    cause = _root(error)
    if isinstance(cause, ReadTimeoutError):
        return Unavailable(
            f"ClickHouse at {target} did not answer in time.",
            hint="The statement may still run there; check the server's load.",
        )
    if isinstance(cause, (ConnectTimeoutError, NewConnectionError, ConnectionRefusedError)):
        return Unavailable(
            f"ClickHouse at {target} cannot be reached.",
            hint="Check that the server runs and that host and port are right.",
        )
    if status := re.search(r"HTTP status (\d+)", str(error)):
        return Unavailable(
            f"ClickHouse at {target} answered with HTTP status {status[1]}.",
            hint="Check the server, and any proxy before it.",
        )
    if isinstance(cause, OSError) and cause.strerror:
        return Unavailable(
            f"ClickHouse at {target} could not take the call: {cause.strerror}.",
            hint="Check the disk and the network.",
        )
    return Unavailable(
        f"The connection to ClickHouse at {target} failed: {_clean(str(error))}.",
        hint="Check that the server runs.",
    )


def _root(error: BaseException) -> BaseException:
    """The deepest cause that still says what kind of failure it was."""
    known = (ReadTimeoutError, ConnectTimeoutError, NewConnectionError)
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, known):
            return seen
        reason = getattr(seen, "reason", None)
        if isinstance(reason, known):
            return reason
        last = seen
        seen = seen.__cause__ or seen.__context__
    return last
