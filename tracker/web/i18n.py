"""Languages of the pages: English is written in the sources, others are Babel catalogues.

Catalogues are read as ``.po`` and compiled in memory when the application starts, so that a
wheel, a source checkout and an edited file work alike, without a build step.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from tracker.web.resources import dashboards

#: Language tag → (Babel locale, name of the catalogue, the language's own name).
LANGUAGES = {
    "en": ("en", "", "English"),
    "zh-Hans": ("zh_Hans_CN", "zh_Hans", "简体中文"),
}
DEFAULT = "en"


def msgid(text: str) -> str:
    """Mark a text for translation where it stands; it is translated where it is shown."""
    return text


def term(context: str, text: str) -> tuple[str, str]:
    """Mark a text that one platform calls by another name; the platform is the context."""
    return context, text


@dataclass(frozen=True, slots=True)
class Language:
    """One language: ``tag`` as HTML has it, Babel's locale and the catalogue."""

    tag: str
    name: str
    locale: Locale
    catalogue: NullTranslations

    def gettext(self, text: str) -> str:
        """The translation of a text."""
        return str(self.catalogue.ugettext(text))

    def ngettext(self, one: str, many: str, count: int) -> str:
        """The translation of a text that depends on a count."""
        return str(self.catalogue.ungettext(one, many, count))

    def pgettext(self, context: str, text: str) -> str:
        """The translation for a context (such as a platform), else the general one."""
        special = str(self.catalogue.upgettext(context, text))
        return self.gettext(text) if special == text else special


@lru_cache(maxsize=8)
def language(tag: str) -> Language:
    """The language of a tag of ``LANGUAGES``."""
    locale, catalogue, name = LANGUAGES[tag]
    return Language(tag, name, Locale.parse(locale), _catalogue(catalogue))


def choose_tag(wanted: tuple[str, ...], accept_language: str = "") -> str:
    """The first tag we have among the explicit wishes, else the best of an Accept-Language."""
    for tag in (*wanted, *_accepted(accept_language)):
        match = match_tag(tag)
        if match:
            return match
    return DEFAULT


def match_tag(tag: str) -> str | None:
    """Our tag for a language tag in any spelling (``zh_CN``, ``zh-Hans``, ``en-GB``), or None."""
    normal = tag.strip().replace("_", "-").lower()
    if normal == "zh" or normal.startswith(("zh-hans", "zh-cn", "zh-sg")):
        return "zh-Hans"
    # A reader of Traditional Chinese is served better by Simplified than by English.
    if normal.startswith("zh-"):
        return "zh-Hans"
    return "en" if normal == "en" or normal.startswith("en-") else None


def _accepted(header: str) -> list[str]:
    """Tags of an Accept-Language header by falling quality; malformed parts are skipped."""
    found: list[tuple[float, str]] = []
    for part in header[:500].split(","):
        tag, _, rest = part.partition(";")
        try:
            quality = float(rest.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if tag.strip() and quality > 0:
            found.append((quality, tag))
    return [tag for _, tag in sorted(found, key=lambda entry: -entry[0])]


def _catalogue(name: str) -> NullTranslations:
    if not name:
        return NullTranslations()
    path = dashboards("translations") / name / "LC_MESSAGES" / "messages.po"
    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=name))
    compiled.seek(0)
    return Translations(compiled)
