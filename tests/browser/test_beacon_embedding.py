"""The HTML that EMBEDDING.md tells people to paste does what it says, in Chromium."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.servers import Collector, CompanySite, settled

pytestmark = pytest.mark.browser

GUIDE = Path(__file__).parents[2] / "snippet" / "EMBEDDING.md"


def _blocks() -> list[tuple[str, str]]:
    """(heading, HTML) of every block of the guide, the PHP one by the tag that it prints."""
    found: list[tuple[str, str]] = []
    for section in GUIDE.read_text(encoding="utf-8").split("\n## ")[1:]:
        heading, _, text = section.partition("\n")
        for language, block in re.findall(r"```(html|php)\n(.*?)```", text, re.DOTALL):
            printed = re.search(r"\?>(.*?)<\?php", block, re.DOTALL)
            found.append((heading, printed[1] if language == "php" and printed else block))
    return found


BLOCKS = _blocks()
TAGS = [(heading, block) for heading, block in BLOCKS if "https://HOST/t" in block]


def _page(block: str, collector: Collector, assets: Path) -> str:
    manifest = json.loads((assets / "manifest.json").read_text())
    version = manifest["version"]
    words = {
        "https://HOST": collector.url,
        "KEY": "k-test",
        "SECOND-HASH": manifest["files"][f"t-extra-{version}.js"]["integrity"],
        "HASH": manifest["files"][f"t-{version}.js"]["integrity"],
        "VERSION": version,
    }
    for word, value in words.items():
        block = block.replace(word, value)
    return f'<!doctype html><meta charset="utf-8"><title>Pasted</title><body>{block}</body>'


def test_the_guide_has_a_tag_for_every_place_it_speaks_of() -> None:
    headings = {heading for heading, _ in TAGS}
    assert headings == {
        "Any page",
        "Google Tag Manager",
        "WordPress",
        "Shopify",
        "A version that never changes",
        "Consent",
        "Visit codes, for sales",
    }


@pytest.mark.parametrize(("heading", "block"), TAGS, ids=[heading for heading, _ in TAGS])
def test_a_pasted_tag_delivers_a_page_view(
    page: Page,
    company: CompanySite,
    collector: Collector,
    assets: Path,
    heading: str,
    block: str,
) -> None:
    company.pages["pasted.html"] = _page(block, collector, assets)
    page.goto(f"{company.url}/pasted.html?gclid=G1")
    (event,) = collector.wait_for("pageview")
    assert (event["s"], event["d"]) == ("k-test", "Pasted")
    assert ("u" in event) is (heading != "Consent")
    assert ("k" in event) is ('data-extra="code"' in block)


def test_the_event_of_another_tag_is_kept_until_the_beacon_is_there(
    page: Page, company: CompanySite, collector: Collector, assets: Path
) -> None:
    tag, event = (block for heading, block in BLOCKS if heading == "Google Tag Manager")
    company.pages["pasted.html"] = _page(event + tag, collector, assets)
    page.goto(f"{company.url}/pasted.html")
    (inquiry,) = collector.wait_for("inquiry")
    assert (inquiry["x"], inquiry["c"]) == ("50.00", "EUR")


@pytest.mark.parametrize(("answer", "granted"), [("Yes", True), ("No", False)])
def test_the_banner_of_the_guide_gives_and_refuses_consent(
    page: Page,
    company: CompanySite,
    collector: Collector,
    assets: Path,
    answer: str,
    granted: bool,
) -> None:
    (banner,) = (block for heading, block in BLOCKS if heading == "Consent")
    company.pages["pasted.html"] = _page(banner, collector, assets)
    page.goto(f"{company.url}/pasted.html")
    collector.wait_for("pageview")
    page.click(f"text={answer}")
    page.evaluate("tracker('after')")
    assert ("u" in collector.wait_for("after")[0]) is granted


def test_the_policy_of_the_guide_is_enough_with_a_nonce_and_the_second_file(
    page: Page, company: CompanySite, collector: Collector
) -> None:
    text = GUIDE.read_text(encoding="utf-8").partition("\n## Content-Security-Policy\n")[2]
    policy = re.search(r"```\n(.*?)\n```", text, re.DOTALL)
    assert policy
    connect = policy[1].partition("connect-src")[2].replace("https://HOST", collector.url)
    for count, sources in enumerate((collector.url, "'nonce-r4nd0m'"), start=1):
        company.embedding.headers["Content_Security_Policy"] = (
            f"default-src 'none'; script-src {sources}; connect-src{connect}"
        )
        company.pages["policy.html"] = (
            '<!doctype html><title>Policy</title><script nonce="r4nd0m" defer'
            ' src="{tracker}/t.js" data-site="k-test" data-extra="code"></script>'
        )
        page.goto(f"{company.url}/policy.html")
        views = collector.wait_for("pageview", count)
        settled(page, collector)
    assert ["k" in event for event in views] == [True, True]
    assert {post.method for post in collector.posts} == {"POST"}


def test_the_image_of_the_guide_tells_the_whole_address() -> None:
    (image,) = (block for _, block in BLOCKS if "noscript" in block)
    assert "/p.gif?s=KEY" in image
    assert 'referrerpolicy="no-referrer-when-downgrade"' in image
