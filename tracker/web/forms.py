"""Fields of the pages' forms, read into what the accounts' functions take."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from tracker.accounts.sites import Site, SiteChanges, SiteSettings
from tracker.errors import InvalidInput, of_field
from tracker.money import parse_amount

#: Time zones offered first; any IANA name can be typed.
COMMON_ZONES = (
    *("Asia/Shanghai", "Asia/Hong_Kong", "Asia/Taipei", "Asia/Singapore", "Asia/Tokyo", "UTC"),
    *("Europe/London", "Europe/Berlin", "Europe/Moscow", "America/New_York", "America/Chicago"),
    *("America/Los_Angeles", "America/Sao_Paulo", "Australia/Sydney"),
)
COMMON_CURRENCIES = ("CNY", "USD", "EUR", "GBP", "JPY", "HKD", "RUB", "TWD", "SGD", "AUD")


def whole_number(form: Mapping[str, str], name: str, what: str) -> int:
    """A field that holds digits only; InvalidInput names what it is."""
    text = form.get(name, "").strip()
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        error = InvalidInput(f"Not a whole number for {what}: {text!r}.")
        error.field = name
        raise error
    return int(text)


def optional_share(text: str) -> Decimal | None:
    """A share from per cent as people write it (35, 35%), None when the field is empty."""
    bare = text.strip().removesuffix("%").strip()
    return parse_amount(bare) / 100 if bare else None


def group_shares(text: str) -> dict[str, Decimal]:
    """Shares of groups, one a line: ``valves: 30``, in per cent; InvalidInput for a line that is
    none, and for a group that has two."""
    found: dict[str, Decimal] = {}
    for line in filter(str.strip, text.splitlines()):
        name, mark, share = line.replace("：", ":").rpartition(":")
        number = optional_share(share) if mark else None
        if number is None or not name.strip() or name.strip() in found:
            raise InvalidInput(
                f"Not a product group and its margin: {line.strip()!r}.",
                hint="Write one group a line with its margin in per cent, such as valves: 30.",
            )
        found[name.strip()] = number
    return found


def per_cent(share: Decimal | str | None) -> str:
    """A share as ``optional_share`` reads it."""
    return "" if share is None else f"{(Decimal(share) * 100).normalize():f}"


def optional_amount(text: str) -> Decimal | None:
    """An amount, None when the field is empty."""
    return parse_amount(text) if text.strip() else None


def words(text: str) -> list[str]:
    """Entries of a field that takes one a line, or several between commas of either width."""
    lines = text.replace("，", ",").replace("、", ",").replace("\r", "\n").replace(",", "\n")
    return [entry.strip() for entry in lines.split("\n") if entry.strip()]


def site_changes(form: Mapping[str, str], rules: SiteSettings) -> SiteChanges:
    """All fields of the site's form; ``rules`` are those of which it has some only."""
    half_life = whole_number(form, "half_life_days", "the half-life")
    return SiteChanges(
        name=form.get("name", ""),
        domains=words(form.get("domains", "")),
        timezone=form.get("timezone", "").strip(),
        currency=form.get("currency", ""),
        margin=of_field("margin", optional_share, form.get("margin", "")),
        visit_timeout=whole_number(form, "visit_timeout", "the visit timeout") * 60,
        lookback_days=whole_number(form, "lookback_days", "the lookback"),
        brand_terms=words(form.get("brand_terms", "")),
        settings=msgspec.structs.replace(
            rules,
            half_life_days=half_life,
            group_margins=of_field("group_margins", group_shares, form.get("group_margins", "")),
            tax_rate=of_field("tax_rate", optional_share, form.get("tax_rate", "")) or Decimal(0),
        ),
    )


def site_form(site: Site) -> dict[str, str]:
    """The fields as the site has them now."""
    return {
        "name": site.name,
        "domains": "\n".join(site.domains),
        "timezone": site.timezone,
        "currency": site.currency,
        "margin": per_cent(site.margin),
        "group_margins": "\n".join(
            f"{group}: {per_cent(margin)}" for group, margin in site.settings.group_margins.items()
        ),
        "tax_rate": per_cent(site.settings.tax_rate or None),
        "visit_timeout": str(site.visit_timeout // 60),
        "lookback_days": str(site.lookback_days),
        "half_life_days": str(site.settings.half_life_days),
        "brand_terms": "\n".join(site.brand_terms),
    }
