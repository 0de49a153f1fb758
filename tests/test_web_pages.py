"""The pages beside the report: sites, settings, goals, imports, runs, tokens, live visitors."""

from __future__ import annotations

import errno
import os
import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine
from starlette.routing import Route

from tests.web_app import NOW, Browser, WebWorld, live_visitor
from tests.web_app import companies as companies
from tests.web_app import web as web
from tests.world import World
from tracker.accounts.goals import list_goals
from tracker.accounts.runs import finish_run, start_run
from tracker.accounts.sites import get_site, list_sites
from tracker.accounts.tokens import list_tokens, resolve_token
from tracker.app import create_app
from tracker.errors import InvalidInput, NeedsConfirmation
from tracker.tables.columns import UnclearColumns
from tracker.warehouse.client import Warehouse
from tracker.web.guard import Guarded
from tracker.web.parts import FileOptions

SITE_FORM = {
    "name": "New pumps",
    "domains": "new.example, 询盘.cn",
    "timezone": "Asia/Shanghai",
    "currency": "cny",
    "margin": "35%",
    "tax_rate": "13%",
    "visit_timeout": "45",
    "lookback_days": "60",
    "half_life_days": "14",
    "brand_terms": "环宇\nHuanyu",
}
GOAL_FORM = {"name": "Inquiry", "kind": "path", "pattern": "/thanks/**", "worth": "none"}
#: Routes of the whole application that answer anybody without the guard, and why.
OPEN = {
    "/health": "says only that the process answers",
    "/e": "the beacon's endpoint",
    "/t.js": "the beacon",
}


def test_a_site_is_added_by_an_owner_and_leads_to_its_snippet(web: WebWorld) -> None:
    browser = web.owner
    answer = browser.submit("/sites/new", **SITE_FORM)
    assert answer.status_code == 303
    (added,) = (site for site in list_sites(web.db) if site.name == "New pumps")
    assert answer.headers["location"] == f"/sites/{added.key}/install"
    assert added.domains == ("new.example", "xn--vzyt26b.cn")
    assert (added.currency, added.margin) == ("CNY", Decimal("0.35"))
    assert (added.visit_timeout, added.lookback_days) == (2700, 60)
    assert (added.settings.half_life_days, added.settings.tax_rate) == (14, Decimal("0.13"))
    assert added.brand_terms == ("环宇", "huanyu")
    assert web.actions.asked == [("site_changed", (None, added.key))]
    page = browser.page(f"/sites/{added.key}/install")
    snippet = f'<script defer src="http://testserver/t.js" data-site="{added.key}"></script>'
    assert snippet.replace("<", "&lt;").replace(">", "&gt;").replace('"', "&#34;") in page
    assert "New pumps" in browser.page("/sites")


def test_only_an_owner_adds_sites(web: WebWorld) -> None:
    assert "Add a site" not in web.viewer.page("/sites")
    assert web.viewer.get("/sites/new").status_code == 403
    assert web.viewer.submit("/sites/new", **SITE_FORM).status_code == 403
    forged = web.owner.submit("/sites/new", **SITE_FORM, tenant=web.their_site.tenant)
    assert forged.status_code == 404
    assert len(list_sites(web.db)) == 2


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"timezone": "Mars/Base"}, "未知时区 'Mars/Base'。"),
        ({"currency": "XXZ"}, "未知货币 'XXZ'。"),
        ({"domains": "not a domain"}, "不是有效域名：'not a domain'。"),
        ({"domains": ""}, "站点至少需要一个域名。"),
        ({"margin": "much"}, "不是有效金额：'much'。"),
        ({"margin": "350"}, "毛利率为 3.5"),
        ({"visit_timeout": "0.5"}, "不是整数：'0.5'。"),
        ({"lookback_days": "400"}, "回溯期为 400 天；允许 1 到 365 天。"),
        ({"half_life_days": "91"}, "半衰期为 91 天；允许 1 到 90 天。"),
        ({"tax_rate": "100"}, "税率为 1；必须不小于 0、小于 1，最多六位小数。"),
        ({"half_life_days": ""}, "不是整数：''。"),
        ({"name": "  "}, "请填写名称。"),
    ],
)
def test_wrong_settings_change_nothing_and_are_explained_in_chinese(
    web: WebWorld, changes: dict[str, str], problem: str
) -> None:
    browser = web.owner
    browser.submit("/preferences", language="zh-Hans")
    path = f"/sites/{web.site.key}/settings"
    answer = browser.submit(path, **SITE_FORM | changes)
    assert answer.status_code == 400
    assert problem.replace("'", "&#39;") in answer.text
    assert 'value="45"' in answer.text or "visit_timeout" in changes, "what was typed stays"
    assert get_site(web.db, web.site.key) == web.site
    assert web.actions.asked == []


def test_settings_are_shown_as_they_are_and_kept_as_typed(web: WebWorld) -> None:
    browser, path = web.owner, f"/sites/{web.site.key}/settings"
    assert browser.submit(path, **SITE_FORM).status_code == 303
    page = browser.page(path)
    assert 'name="margin" type="text" value="35"' in page
    assert "new.example\nxn--vzyt26b.cn</textarea>" in page
    assert web.actions.asked == [("site_changed", (web.site.key, web.site.key))]


def test_a_goal_is_added_listed_and_removed(web: WebWorld) -> None:
    browser, path = web.owner, f"/sites/{web.site.key}/goals"
    assert browser.submit(path, **GOAL_FORM).status_code == 303
    order = {"name": "订单", "kind": "event", "pattern": "order", "worth": "fixed", "value": "12.5"}
    assert browser.submit(path, **order).status_code == 303
    goals = {goal.name: goal for goal in list_goals(web.db, web.site.key)}
    first, second = goals["Inquiry"], goals["订单"]
    assert (first.kind, first.pattern, first.value) == ("path", "/thanks/**", None)
    assert (second.kind, second.value, second.currency) == ("event", Decimal("12.5"), "CNY")
    page = browser.page(path)
    assert "订单" in page
    assert "CN¥12.50" in page
    assert browser.submit(path + "/remove", name="Inquiry").status_code == 303
    assert [goal.name for goal in list_goals(web.db, web.site.key)] == ["订单"]
    assert web.actions.asked == [("goals_changed", web.site.key)] * 3


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"pattern": ""},
        {"pattern": "thanks"},
        {"pattern": "/thanks?x=1"},
        {"worth": "fixed", "value": ""},
        {"worth": "fixed", "value": "much"},
        {"worth": "fixed", "value": "-1"},
    ],
)
def test_a_wrong_goal_is_refused_and_stays_in_the_form(
    web: WebWorld, changes: dict[str, str]
) -> None:
    form = GOAL_FORM | changes
    answer = web.owner.submit(f"/sites/{web.site.key}/goals", **form)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert f'value="{form["pattern"]}"' in answer.text
    assert list_goals(web.db, web.site.key) == []


def test_a_viewer_sees_goals_without_buttons(web: WebWorld) -> None:
    web.owner.submit(f"/sites/{web.site.key}/goals", **GOAL_FORM)
    page = web.viewer.page(f"/sites/{web.site.key}/goals")
    assert "Inquiry" in page
    assert "Remove" not in page
    assert "Add the goal" not in page


def test_a_token_is_shown_once_works_and_can_be_revoked(web: WebWorld) -> None:
    browser, path = web.owner, f"/sites/{web.site.key}/tokens"
    page = browser.submit(path, name="BI", scope="read").text
    found = re.search(r"trk_[\w-]{43}", page)
    assert found
    secret = found[0]
    assert secret not in browser.page(path)
    anonymous = web.browser()
    goals = f"/api/v1/sites/{web.site.key}/goals"
    assert anonymous.get(goals, Authorization=f"Bearer {secret}").json() == {"goals": []}
    (token,) = list_tokens(web.db, site=web.site.key)
    assert browser.submit(path + "/revoke", token=token.id).status_code == 303
    assert anonymous.get(goals, Authorization=f"Bearer {secret}").status_code == 401
    assert "Revoked" in browser.page(path)


def test_a_token_of_another_site_cannot_be_revoked_here(web: WebWorld) -> None:
    stranger = web.stranger
    stranger.submit(f"/sites/{web.their_site.key}/tokens", name="Theirs", scope="read")
    (token,) = list_tokens(web.db, site=web.their_site.key)
    answer = web.owner.submit(f"/sites/{web.site.key}/tokens/revoke", token=token.id)
    assert answer.status_code == 404
    assert list_tokens(web.db, site=web.their_site.key)[0].revoked_at is None


REPORT = {
    "file": "百度.csv",
    "platform": "baidu",
    "rows": 12,
    "cost": "123.45",
    "removed_campaigns": ["Old campaign"],
    "problems": ["Line 4, column 消费: '1,2,3' is not an amount."],
    "warnings": [],
    "asks": ["The cost of 2026-03-02 falls by 40%."],
    "changed": True,
    "by_day": [{"day": "2026-03-01", "change": "added", "rows": 12, "cost": "123.45"}],
}


def upload_and_confirm(web: WebWorld, browser: Browser) -> tuple[str, str]:
    """A preview, and the ticket in it."""
    path = f"/sites/{web.site.key}/imports"
    page = browser.upload(path, "C:\\tmp\\百度.csv", b"a,b\n1,2\n", kind="spend", account="a1")
    assert page.status_code == 200, page.text
    ticket = re.search(r'name="ticket" value="([^"]+)"', page.text)
    assert ticket
    return page.text, ticket[1]


def test_an_upload_shows_what_it_would_change_before_it_changes_anything(web: WebWorld) -> None:
    web.actions.answer = REPORT
    browser = web.owner
    page, ticket = upload_and_confirm(web, browser)
    expected = FileOptions(filename="百度.csv", dry_run=True, account="a1")
    assert web.actions.asked == [("spend", (web.site.key, expected))]
    for text in ("Nothing is imported yet", "123.45", "Old campaign", "Line 4", "falls by 40%"):
        assert text in page
    path = f"/sites/{web.site.key}/imports/confirm"
    done = browser.submit(path, ticket=ticket, kind="spend", account="a1", replace="1")
    assert "is imported" in done.text
    real = FileOptions(filename="百度.csv", account="a1", replace=True)
    assert web.actions.asked[1] == ("spend", (web.site.key, real))
    assert web.actions.contents == [b"a,b\n1,2\n"] * 2
    assert list(web.parts.settings.uploads.iterdir()) == [], "nothing is left behind"
    runs = browser.page(f"/sites/{web.site.key}/runs")
    assert "Spend import" in runs
    assert "百度.csv" in runs
    again = browser.submit(path, ticket=ticket, kind="spend")
    assert again.status_code == 400
    assert "This preview has expired." in again.text


def test_a_file_for_which_there_is_no_room_is_told_and_leaves_nothing(
    web: WebWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("tracker.web.uploads.shutil.copyfileobj", full)
    answer = web.owner.upload(f"/sites/{web.site.key}/imports", "a.csv", b"x", kind="spend")
    assert answer.status_code == 503
    assert "The file could not be stored: No space left on device." in answer.text
    assert list(web.parts.settings.uploads.iterdir()) == []


def test_an_import_that_asks_is_confirmed_with_replace(web: WebWorld) -> None:
    web.actions.answer = NeedsConfirmation("It would remove 3 campaigns.", hint="Use --replace.")
    answer = web.owner.upload(f"/sites/{web.site.key}/imports", "a.csv", b"x", kind="spend")
    assert answer.status_code == 409
    assert "It would remove 3 campaigns." in answer.text
    assert 'name="ticket"' in answer.text
    assert 'name="replace"' in answer.text


def test_a_bad_file_is_explained_and_can_be_tried_with_other_options(web: WebWorld) -> None:
    web.actions.answer = InvalidInput("Which column is the cost?", hint="Choose one.")
    browser, path = web.owner, f"/sites/{web.site.key}/imports"
    answer = browser.upload(path, "a.csv", b"x", kind="conversions")
    assert answer.status_code == 400
    assert "Which column is the cost?" in answer.text
    ticket = re.search(r'name="ticket" value="([^"]+)"', answer.text)
    assert ticket
    web.actions.answer = REPORT
    again = browser.submit(
        path + "/confirm", ticket=ticket[1], kind="conversions", preview="1", columns="cost=花费"
    )
    assert "Nothing is imported yet" in again.text
    kind, asked = web.actions.asked[-1]
    assert kind == "conversions"
    assert asked == (
        web.site.key,
        FileOptions(filename="a.csv", dry_run=True, columns={"cost": "花费"}),
    )


def test_the_columns_of_an_unknown_table_are_chosen_from_its_own(web: WebWorld) -> None:
    web.actions.answer = UnclearColumns("a.csv has no header of a keyword report that is known.")
    browser, path = web.owner, f"/sites/{web.site.key}/imports"
    table = b"Stand 2026\nFecha,Keyword,Gasto,<b>x</b>\n2026-09-01,pump,10.50,1\n"
    answer = browser.upload(path, "a.csv", table, kind="spend", platform="yandex")
    assert answer.status_code == 400
    assert "Which column is what" in answer.text
    assert '<option value="Keyword" selected>' in answer.text, "what is known is proposed"
    assert "<td>10.50</td>" in answer.text
    assert "<b>x</b>" not in answer.text
    ticket = re.search(r'name="ticket" value="([^"]+)"', answer.text)
    assert ticket
    web.actions.answer = REPORT
    chosen = {"map_day": "Fecha", "map_keyword": "Keyword", "map_cost": "Gasto", "map_clicks": ""}
    again = browser.submit(
        path + "/confirm", ticket=ticket[1], kind="spend", preview="1", platform="yandex", **chosen
    )
    assert '<option value="Gasto" selected>' in again.text, "the choice stays for the import"
    columns = {"day": "Fecha", "keyword": "Keyword", "cost": "Gasto"}
    expected = FileOptions(filename="a.csv", dry_run=True, platform="yandex", columns=columns)
    assert web.actions.asked[-1] == ("spend", (web.site.key, expected))


def test_the_scripts_hold_this_sites_address_and_a_token_of_their_own(web: WebWorld) -> None:
    path = f"/sites/{web.site.key}/imports/scripts"
    page = web.owner.page(path)
    assert f"/api/v1/sites/{web.site.key}/spend" in page
    assert "trk_…" in page
    made = web.owner.submit(path)
    assert made.status_code == 200
    secret = re.search(r"const TOKEN = &#34;(trk_[\w-]+)&#34;", made.text)
    assert secret
    token = resolve_token(web.db, secret[1], now=NOW)
    assert token
    assert (token.scope, token.site) == ("spend", web.site.key)
    assert web.viewer.submit(path).status_code == 403


@pytest.mark.parametrize("content", [b"", None])
def test_an_upload_without_content_is_refused(web: WebWorld, content: bytes | None) -> None:
    browser, path = web.owner, f"/sites/{web.site.key}/imports"
    answer = (
        browser.submit(path, kind="spend")
        if content is None
        else browser.upload(path, "a.csv", content, kind="spend")
    )
    assert answer.status_code == 400
    assert "No file was sent." in answer.text or "The file is empty." in answer.text
    assert web.actions.asked == []


def test_a_ticket_serves_only_whom_it_was_given_to(web: WebWorld) -> None:
    web.actions.answer = REPORT
    _, ticket = upload_and_confirm(web, web.owner)
    theirs = f"/sites/{web.their_site.key}/imports/confirm"
    for wrong in (ticket, ticket[:-2] + "xx", "", "é", "a.b.c"):
        answer = web.stranger.submit(theirs, ticket=wrong, kind="spend")
        assert answer.status_code == 400
    assert len(web.actions.asked) == 1


def test_the_api_imports_a_file_with_a_write_token(web: WebWorld) -> None:
    web.actions.answer = REPORT
    page = web.owner.submit(f"/sites/{web.site.key}/tokens", name="CRM", scope="write").text
    secret = re.findall(r"trk_[\w-]{43}", page)[0]
    for kind in ("spend", "conversions"):
        answer = web.browser().request(
            "POST",
            f"/api/v1/sites/{web.site.key}/{kind}/files",
            files={"file": ("orders.csv", b"x")},
            data={"dry_run": "true", "skip_bad_rows": "1"},
            headers={"Authorization": f"Bearer {secret}"},
        )
        assert answer.json() == REPORT
        options = FileOptions(filename="orders.csv", dry_run=True, skip_bad_rows=True)
        assert web.actions.asked[-1] == (kind, (web.site.key, options))
    assert list(web.parts.settings.uploads.iterdir()) == []


def test_live_visitors_are_shown_as_text_with_their_keyword(web: WebWorld) -> None:
    web.actions.visitors = [live_visitor()]
    browser = web.viewer
    for path in (f"/sites/{web.site.key}/live", f"/sites/{web.site.key}/live/list"):
        page = browser.page(path)
        for text in ("1 visitor in the last 5 minutes", "离心泵厂家", "Baidu", "China", "Mobile"):
            assert text in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
        assert "12:00:00" in page, "the site's time, not UTC"
    assert 'hx-trigger="every 2s"' in browser.page(f"/sites/{web.site.key}/live")
    paused = browser.page(f"/sites/{web.site.key}/live?paused=1")
    assert "every 2s" not in paused
    assert "http-equiv" not in paused
    web.actions.visitors = []
    assert "Nobody is on the site right now." in browser.page(f"/sites/{web.site.key}/live")


def test_runs_of_shared_jobs_hide_their_figures_from_companies_that_share(web: WebWorld) -> None:
    shared = start_run(web.db, job="reconcile", site=None, trigger="schedule", now=NOW)
    finish_run(web.db, shared, "failed", error="their secret", totals={"events": 4711}, now=NOW)
    own = start_run(web.db, job="spend", site=web.site.key, trigger="manual", now=NOW)
    end = NOW + timedelta(seconds=3)
    finish_run(web.db, own, "ok", rows=12, totals={"cost": "9.50"}, now=end)
    theirs = start_run(web.db, job="spend", site=web.their_site.key, trigger="manual", now=NOW)
    finish_run(web.db, theirs, "failed", error="not yours", now=NOW)
    page = web.viewer.page(f"/sites/{web.site.key}/runs")
    for text in ("Compute reports", "Failed", "Import from watch folders", "9.50", "3.0"):
        assert text in page
    for text in ("their secret", "4711", "not yours"):
        assert text not in page
    listed = web.owner.get(f"/api/v1/sites/{web.site.key}/runs").json()["runs"]
    assert [(run["id"], run["error"]) for run in listed if run["id"] != own] == [(shared, "")]
    assert web.owner.get(f"/api/v1/sites/{web.site.key}/runs/{own}").json()["rows"] == 12
    assert web.owner.get(f"/api/v1/sites/{web.site.key}/runs/{theirs}").status_code == 404


def test_computing_can_be_asked_for(web: WebWorld) -> None:
    assert web.owner.submit(f"/sites/{web.site.key}/runs").status_code == 303
    assert web.actions.asked == [("run reconcile", web.site.key)]


def test_a_versioned_asset_is_kept_for_ever_and_nothing_else_is_served(web: WebWorld) -> None:
    browser = web.browser()
    style = re.search(r'href="(/assets/app\.css\?v=\w+)"', browser.page("/login"))
    assert style, "build the front end with: npm run build"
    answer = browser.get(style[1])
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]
    assert "immutable" not in browser.get("/assets/app.css").headers["cache-control"]
    for name in ("../parts.py", "..%2fparts.py", "%2e%2e%2fparts.py", "nothing.js", ".", "%00"):
        assert browser.get(f"/assets/{name}").status_code == 404


@pytest.mark.parametrize("tag", ["en", "zh-Hans"])
def test_every_page_renders_in_both_languages(web: WebWorld, tag: str) -> None:
    browser = web.owner
    browser.submit("/preferences", language=tag)
    web.actions.visitors = [live_visitor()]
    for section in (
        *("keywords", "live", "goals", "imports", "runs", "install", "settings", "tokens"),
    ):
        page = browser.page(f"/sites/{web.site.key}/{section}")
        assert f'<html lang="{tag}"' in page
        heading = re.search(r"<h1>(.*?)</h1>", page)
        assert heading
        assert heading[1].isascii() == (tag == "en") or section == "tokens"


def test_nothing_of_the_whole_application_is_open_but_what_is_listed(
    warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path
) -> None:
    world = World(warehouse_embedded, sqlite_db, tmp_path)
    app = create_app(world.parts, role="web")
    for route in app.routes:
        assert isinstance(route, Route)
        if isinstance(route.app, Guarded):
            continue
        assert route.path in OPEN or re.fullmatch(r"/t[\w.-]*\.js", route.path), route.path
