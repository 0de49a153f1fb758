"""Data health of a site: what is wrong with its cost, or may be, and how old it is."""

from __future__ import annotations

from urllib.parse import urlencode

from anyio import to_thread
from starlette.responses import Response

from tracker.accounts.rights import Right
from tracker.spend.findings import KINDS, Finding
from tracker.spend.health import Health, HealthDeps, site_health
from tracker.web.call import Call
from tracker.web.i18n import msgid
from tracker.web.messages import translated_text
from tracker.web.vocabulary import platform_name

SEVERITIES = {
    "error": (msgid("Error"), "bad"),
    "warning": (msgid("Warning"), "warn"),
    "information": (msgid("Note"), ""),
}
_AT_CONNECTIONS = ("source_failed", "days_missing", "old_numbers", "totals_old")
_AT_ACCOUNTS = ("not_linked", "counted_twice", "currency_mismatch")
ORIGINS = {
    "api": msgid("Connection"),
    "push": msgid("Script in the account"),
    "file": msgid("File"),
    "watch": msgid("Watch folder"),
    "mailbox": msgid("Mailbox"),
    "web_address": msgid("HTTPS address"),
    "sftp": msgid("SFTP server"),
    "s3": msgid("S3-compatible storage"),
}


async def show_health(call: Call) -> Response:
    """The findings, worst first, and the accounts."""
    health = await to_thread.run_sync(check_health, call)
    return call.pages.render(
        call,
        "health.html",
        findings=[
            (
                *_severity(call, one),
                platform_name(call.language, one.platform),
                one,
                words(call, one),
                where(call, one),
            )
            for one in health.findings
        ],
        accounts=[
            (platform_name(call.language, one.platform), one, origin_name(call, one.origin))
            for one in health.accounts
        ],
    )


def where(call: Call, finding: Finding) -> tuple[str, str]:
    """Address and title of the page where a finding is put right, "" for one that is none."""
    base = f"/sites/{call.site.key}"
    if finding.kind in _AT_CONNECTIONS and call.may(Right.WRITE):
        return f"{base}/connections", call.text(msgid("Connections"))
    if finding.kind == "rate_missing":
        days = {"first": finding.first or "", "last": finding.last or ""}
        query = urlencode({"base": finding.values["base"], **days})
        return f"{base}/rates?{query}#enter", call.text(msgid("Enter the rate"))
    if finding.kind in _AT_ACCOUNTS:
        query = urlencode({"platform": finding.platform, "account": finding.account})
        return f"{base}/accounts?{query}", call.text(msgid("Ad accounts"))
    return "", ""


def check_health(call: Call) -> Health:
    """What is found now."""
    deps = HealthDeps(call.parts.warehouse, call.parts.db, call.parts.clock())
    return site_health(deps, call.site)


def words(call: Call, finding: Finding) -> str:
    """A finding in the reader's language."""
    values: dict[str, str] = dict(finding.values)
    if finding.first and finding.last:
        values["days"] = call.formats.days(finding.first, finding.last)
    if "source" in values and finding.kind == "overlap":
        values["source"] = origin_name(call, values["source"])
        names = values["sources"].split(", ")
        values["sources"] = ", ".join(origin_name(call, name) for name in names)
    if "words" in values:
        values["words"] = translated_text(call.language, values["words"])
    return call.language.gettext(KINDS[finding.kind][1]) % values


def origin_name(call: Call, origin: str | None) -> str:
    """How spend came, in words; an unknown one as it stands."""
    return call.text(ORIGINS[origin]) if origin in ORIGINS else origin or ""


def _severity(call: Call, finding: Finding) -> tuple[str, str]:
    title, tone = SEVERITIES[finding.severity]
    return call.text(title), tone
