"""Every text of the pages exists in English and in Simplified Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel import Locale
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from tracker.accounts.pipeline import ROLE_NAMES, Pipeline, Stage
from tracker.accounts.platforms import named_platform
from tracker.web.formats import Formats
from tracker.web.i18n import LANGUAGES, choose_tag, language
from tracker.web.messages import KNOWN, translated_text
from tracker.web.resources import dashboards
from tracker.web.stages import ROLES
from tracker.web.vocabulary import PLATFORMS

ROOT = Path(__file__).parents[1]
MARKERS = {"msgid": None, "term": ((1, "c"), 2)}
KEYWORDS = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    **MARKERS,
}
CATALOGUE = dashboards("translations") / "zh_Hans" / "LC_MESSAGES" / "messages.po"
PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def texts() -> Iterator[tuple[str | None, str | tuple[str, ...]]]:
    """Context and text of everything marked for translation in the code and the templates."""
    for directory, method in (
        (ROOT / "tracker" / "web", [("**.py", "python")]),
        (ROOT / "tracker" / "spend", [("**.py", "python")]),
        # Findings about spend are worded where they are found.
        (ROOT / "tracker" / "spend", [("**.py", "python")]),
        (dashboards("templates"), [("**.html", "jinja2")]),
    ):
        options = {"**.html": {"trim_blocks": "true", "lstrip_blocks": "true"}}
        for _, _, message, _, context in extract_from_dir(
            str(directory),
            method,
            options,
            KEYWORDS,
        ):
            yield context, message


def test_every_text_has_a_chinese_translation() -> None:
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="zh_Hans")
    found = list(texts())
    assert len(found) > 200
    missing = []
    for context, text in found:
        entry = catalogue.get(text if isinstance(text, str) else text[0], context)
        if entry is None or not entry.string or entry.fuzzy:
            missing.append(text)
    assert missing == []


def test_no_text_of_a_template_without_values_has_a_percent_sign() -> None:
    """It is looked up with the sign doubled, and the catalogue, where it is not, is missed."""
    block = re.compile(r"{% trans %}(?P<text>.*?){% endtrans %}", re.DOTALL)
    for file in sorted((ROOT / "dashboards" / "templates").rglob("*.html")):
        for found in block.finditer(file.read_text(encoding="utf-8")):
            assert "%" not in found["text"], (file.name, found["text"])


def test_the_catalogue_holds_nothing_that_is_not_used() -> None:
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="zh_Hans")
    used = {(context, text if isinstance(text, str) else text[0]) for context, text in texts()}
    entries = {
        (entry.context, entry.id if isinstance(entry.id, str) else entry.id[0])
        for entry in catalogue
        if entry.id
    }
    assert entries - used == set()


def test_a_translation_has_the_values_of_its_text() -> None:
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="zh_Hans")
    for entry in catalogue:
        original = entry.id if isinstance(entry.id, str) else entry.id[0]
        assert entry.string is not None
        translation = entry.string if isinstance(entry.string, str) else entry.string[0]
        wanted = set(PLACEHOLDER.findall(original))
        # A noun of the English sentence may be left out where Chinese says it otherwise.
        assert wanted - set(PLACEHOLDER.findall(translation)) <= {"what"}, original
        assert set(PLACEHOLDER.findall(translation)) <= wanted, original


@pytest.mark.parametrize("known", KNOWN)
def test_a_known_message_is_one_that_the_code_writes(known: str) -> None:
    """A message that was reworded would silently be shown in English."""
    pieces = [piece for piece in PLACEHOLDER.sub("\0", known).split("\0") if len(piece) > 3]
    assert any(all(piece in source for piece in pieces) for source in sources()), known


@cache
def sources() -> list[str]:
    """The texts of the modules, with strings of several lines in one."""
    return [
        re.sub(r'"\s*\n\s*f?"', "", path.read_text(encoding="utf-8"))
        for path in (ROOT / "tracker").rglob("*.py")
        if not path.name.startswith("messages")
    ]


def test_messages_carry_their_values_into_the_translation() -> None:
    chinese = language("zh-Hans")
    for text, wanted in [
        ("Unknown time zone 'Mars/Base'.", "未知时区 'Mars/Base'。"),
        ("Not a day: '31.12.'.", "不是有效日期：'31.12.'。"),
        ("No such message is known.", "No such message is known."),
    ]:
        assert translated_text(chinese, text) == wanted
        assert translated_text(language("en"), text) == text


@pytest.mark.parametrize("tag", LANGUAGES)
def test_what_pages_call_a_platform_or_a_stage_names_it_in_files(tag: str) -> None:
    speech = language(tag)
    for name, title in PLATFORMS.items():
        assert named_platform(speech.gettext(title)) == name
    # A stage of another role has its name, or its key.
    assert {*ROLE_NAMES, "other"} == set(ROLES)
    for role in ROLE_NAMES:
        name = speech.gettext(ROLES[role])
        assert Pipeline((Stage("own", role),)).key_of(name) == "own"


def test_words_follow_the_platform_that_the_report_is_filtered_by() -> None:
    chinese, english = language("zh-Hans"), language("en")
    assert chinese.pgettext("google", "Cost") == "费用"
    assert chinese.pgettext("sogou", "Cost") == "消耗"
    assert chinese.pgettext("baidu", "Cost") == "消费"
    assert chinese.pgettext("360", "Ad group") == "推广组"
    assert chinese.pgettext("mixed", "Ad group") == "单元"
    assert english.pgettext("google", "Cost") == "Cost"


@given(st.text(max_size=200))
def test_any_accept_language_header_gives_a_language(header: str) -> None:
    assert choose_tag((header,), header) in ("en", "zh-Hans")


@pytest.mark.parametrize(
    ("tag", "amount", "percent", "days", "instant"),
    [
        ("en", "CN¥1,234.50", "85.3%", "Mar 1 – 7, 2026", "Mar 18, 2026, 12:00:00 PM"),
        ("zh-Hans", "¥1,234.50", "85.3%", "2026年3月1日至7日", "2026年3月18日 12:00:00"),
    ],
)
def test_figures_are_written_as_the_language_writes_them(
    tag: str, amount: str, percent: str, days: str, instant: str
) -> None:
    show = Formats(language(tag).locale, ZoneInfo("Asia/Shanghai"))
    assert show.money("1234.5", "CNY") == amount
    assert show.percent(0.8531) == percent
    assert without_thin_spaces(show.days("2026-03-01", "2026-03-07")) == days
    assert without_thin_spaces(show.instant(datetime(2026, 3, 18, 4, tzinfo=UTC))) == instant
    assert show.amount("1234567.891", "JPY") == "1,234,568"
    assert show.credit("0.3333333") == "0.33"
    assert show.signed(-0.051) == "-5.1%"
    assert show.signed(0.12, points=True) == "+12"


def test_half_a_unit_is_rounded_up_as_reports_and_charts_do() -> None:
    show = Formats(Locale.parse("en"), ZoneInfo("UTC"))
    assert (show.amount("0.125", "CNY"), show.amount("-0.125", "CNY")) == ("0.13", "-0.13")
    assert (show.amount("2.5", "JPY"), show.amount("0.0125", "KWD")) == ("3", "0.013")
    assert (show.money("12.5", "JPY"), show.headline("10000.5", "JPY")) == ("¥13", "¥10,001")
    assert (show.credit("0.125"), show.ratio(0.125), show.percent(0.1225)) == (
        *("0.13", "0.13", "12.3%"),
    )
    assert (show.signed(0.0625, points=True), show.signed(-0.0125)) == ("+6.3", "-1.3%")


@given(st.decimals(min_value=Decimal("-1e12"), max_value=Decimal("1e12"), places=6))
def test_any_amount_is_shown(amount: Decimal) -> None:
    show = Formats(Locale.parse("zh_Hans_CN"), ZoneInfo("UTC"))
    for currency in ("CNY", "USD", "JPY", "KWD"):
        assert show.amount(str(amount), currency)
        assert show.money(str(amount), currency)
        assert show.headline(str(amount), currency)


def test_nothing_is_a_dash() -> None:
    show = Formats(Locale.parse("en"), ZoneInfo("UTC"))
    values = (show.count(None), show.money(None, "CNY"), show.percent(None), show.ratio(None))
    assert set(values) == {"–"}


def without_thin_spaces(text: str) -> str:
    """Babel puts thin spaces around the dash of an interval."""
    return re.sub(r"[\u2009\u202f]", " ", text)
