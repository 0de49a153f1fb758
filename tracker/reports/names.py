"""Names of keywords: the form in which they are compared, and which are of the site's brand."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from tracker.accounts.sites import Site
from tracker.reports.request import Brand


def normal_form(text: str) -> str:
    """The form in which names are compared: width folded, lower case, single spaces, trimmed."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text).lower()).strip()


def one_sigma(text: str) -> str:
    """Greek text in lower case without the sigma of the ends of words, to look for parts in: in
    capitals both are Σ, and within a word the part's last letter is the other one."""
    return text.lower().replace("ς", "σ")


def brand_terms(site: Site) -> list[str]:
    """The site's brand terms in normal form."""
    return [term for term in map(normal_form, site.brand_terms) if term]


def brand_of(keyword: str, terms: Iterable[str]) -> Brand:
    """Whether a keyword in normal form has one of these terms."""
    return Brand.BRAND if any(term in keyword for term in terms) else Brand.NON_BRAND
