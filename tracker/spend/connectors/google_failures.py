"""What Google Ads means by its errors.

An error is ``{"error": {code, status, message, details}}``, in an array when it was streamed, and
after rows when it came late. ``details`` name the reason: ``errorCode`` is one kind and its value.
"""

from __future__ import annotations

import re

import msgspec

from tracker.spend.connectors.answers import peeked, said
from tracker.spend.connectors.failures import Cause, Terminal, Transient, Unauthorised

PLATFORM = "Google Ads"
#: Waits that the documentation names for the two budgets of query resources, in seconds.
QUERY_RESOURCES = {
    "EXCESSIVE_SHORT_TERM_QUERY_RESOURCE_CONSUMPTION": 300.0,
    "EXCESSIVE_LONG_TERM_QUERY_RESOURCE_CONSUMPTION": 1800.0,
}
#: Other exhausted quotas: the documentation says to double the wait from ten seconds.
QUOTA_GROWTH = 10.0
#: Errors of a whole account, by code: what is wrong, what to do.
_ACCOUNT = {
    "CUSTOMER_NOT_ENABLED": (
        "The account is not active: it is suspended, closed or not set up to its end.",
        "Open the account in Google Ads and see what it asks for.",
    ),
    "CUSTOMER_NOT_FOUND": ("There is no such account.", "Check the account's number."),
    "INVALID_CUSTOMER_ID": ("The account's number is not valid.", "It has ten digits."),
    "REQUESTED_METRICS_FOR_MANAGER": (
        "This is a manager account, which spends nothing itself.",
        "Choose the accounts below it instead.",
    ),
}
_PERMISSION = {
    "USER_PERMISSION_DENIED": (
        "The log-in may not see this account.",
        "Give it access in Google Ads, or name the manager account through which it has it.",
    ),
    "CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION": (
        "The Google Cloud project is approved for test accounts only.",
        "Apply for basic access to the Google Ads API.",
    ),
    "DEVELOPER_TOKEN_NOT_APPROVED": (
        "The developer token is approved for test accounts only.",
        "Apply for basic access to the Google Ads API.",
    ),
}
_PASSING = frozenset(
    {
        "INTERNAL_ERROR",
        "TRANSIENT_ERROR",
        "UNAVAILABLE",
        "DEADLINE_EXCEEDED",
        "CONCURRENT_MODIFICATION",
    }
)


class _Quota(msgspec.Struct, rename="camel"):
    retry_delay: str = ""


class _Details(msgspec.Struct, rename="camel"):
    quota_error_details: _Quota | None = None


class _Fault(msgspec.Struct, rename="camel"):
    error_code: dict[str, str] = {}
    message: str = ""
    details: _Details | None = None


class _Detail(msgspec.Struct):
    errors: list[_Fault] = []


class Error(msgspec.Struct):
    """The inside of ``error``."""

    code: int = 0
    message: str = ""
    status: str = ""
    details: list[_Detail] = []


class Envelope(msgspec.Struct):
    """An element that may be an error instead of rows."""

    error: Error | None = None


def error_in(body: bytes) -> Error | None:
    """The error that an answer or an element is, alone or in an array."""
    one = peeked(body, Envelope)
    if one is None:
        many = peeked(body, list[Envelope]) or []
        one = next((envelope for envelope in many if envelope.error), None)
    return one.error if one else None


def failure(status: int, error: Error | None) -> Exception:
    """What an error amounts to; ``status`` is that of HTTP, for an answer without a body."""
    error = error or Error()
    status = error.code or status
    codes = [
        code for detail in error.details for e in detail.errors for code in e.error_code.values()
    ]
    kinds = {kind for detail in error.details for e in detail.errors for kind in e.error_code}
    if status == 401 or "authenticationError" in kinds:
        return _authentication(codes, error)
    if status == 429 or "quotaError" in kinds:
        return _quota(codes, error)
    for table, cause in ((_ACCOUNT, Cause.ACCOUNT), (_PERMISSION, Cause.PERMISSION)):
        for code in codes:
            if code in table:
                what, hint = table[code]
                return _terminal(what, cause, code, hint)
    if status >= 500 or status == 408 or _PASSING & {*codes, error.status}:
        return Transient(f"{PLATFORM} has a problem of its own (HTTP {status}).")
    code = codes[0] if codes else error.status or f"HTTP {status}"
    if status == 403:
        return _terminal("The log-in may not do this.", Cause.PERMISSION, code, "")
    if not error.status and not codes:
        return Transient(f"{PLATFORM} gave an unexpected answer (HTTP {status}).")
    words = said(next((e.message for d in error.details for e in d.errors), error.message))
    return _terminal(
        f"It does not take the request: {words}",
        Cause.REQUEST,
        code,
        "This version of the program asks for something that the platform does not know; update "
        "it, or set another version of the API.",
    )


def _authentication(codes: list[str], error: Error) -> Exception:
    for code in codes:
        if code in _ACCOUNT:
            what, hint = _ACCOUNT[code]
            return _terminal(what, Cause.ACCOUNT, code, hint)
    code = codes[0] if codes else error.status or "UNAUTHENTICATED"
    refused = "The authorisation was not accepted, even with a new token."
    return Unauthorised(_terminal(refused, Cause.AUTHORISATION, code, "Connect the account again."))


def _quota(codes: list[str], error: Error) -> Transient:
    for code in codes:
        if code in QUERY_RESOURCES:
            return Transient(
                f"{PLATFORM} asks for a pause: the account's reports took too much of its quota.",
                delay=QUERY_RESOURCES[code],
            )
    delays = [
        _seconds(e.details.quota_error_details.retry_delay)
        for detail in error.details
        for e in detail.errors
        if e.details and e.details.quota_error_details
    ]
    return Transient(
        f"{PLATFORM} asks for fewer requests.",
        delay=max((delay for delay in delays if delay is not None), default=None),
        grow_from=QUOTA_GROWTH,
    )


def _seconds(text: str) -> float | None:
    """``60s`` or ``1.5s``."""
    found = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,9})?)s", text)
    return float(found[1]) if found else None


def _terminal(what: str, cause: Cause, code: str, hint: str) -> Terminal:
    return Terminal(
        f"{PLATFORM}: {what} ({said(code)})", cause=cause, vendor_code=said(code), hint=hint
    )
