"""Set-up, log-in, log-out, password, language and theme, and the headers of every answer."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import Engine
from starlette.routing import Route

from tests.web_app import NOW, PASSWORD, SETUP_CODE, Browser, WebWorld, enter
from tests.web_app import companies as companies
from tests.web_app import fresh_web as fresh_web
from tests.web_app import web as web
from tests.world import World
from tracker.accounts.sessions import add_session, list_sessions, revoke_sessions
from tracker.accounts.users import find_user
from tracker.warehouse.client import Warehouse
from tracker.web.routing import ENDPOINTS

OWNER = "owner@ours.example"


def set_up_form(**changes: str) -> dict[str, str]:
    """A valid set-up, with changes."""
    return {
        "code": SETUP_CODE,
        "company": "Pump Works",
        "email": "boss@pumps.example",
        "password": PASSWORD,
        "repeated": PASSWORD,
    } | changes


def test_before_the_set_up_every_page_leads_to_it(fresh_web: Browser) -> None:
    for path in ("/", "/sites", "/login", "/sites/abc/keywords"):
        assert fresh_web.get(path).headers["location"] == "/setup"


def test_the_set_up_makes_the_owner_logs_in_and_closes_behind_him(fresh_web: Browser) -> None:
    answer = fresh_web.submit("/setup", **set_up_form())
    assert (answer.status_code, answer.headers["location"]) == (303, "/sites")
    assert "Add a site" in fresh_web.page("/sites")
    assert fresh_web.get("/setup").status_code == 404
    assert fresh_web.submit("/setup", **set_up_form(email="two@pumps.example")).status_code == 404


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"code": "wrong"}, "not the set-up code"),
        ({"code": ""}, "not the set-up code"),
        ({"repeated": "something else"}, "two passwords differ"),
        ({"password": "short", "repeated": "short"}, "5 characters; 8 to 256"),
        ({"email": "nobody"}, "Not an e-mail address"),
        ({"company": " "}, "needs a name"),
    ],
)
def test_a_wrong_set_up_makes_nobody_and_keeps_what_was_typed(
    fresh_web: Browser, changes: dict[str, str], problem: str
) -> None:
    answer = fresh_web.submit("/setup", **set_up_form(**changes))
    assert answer.status_code == 400
    assert problem in answer.text
    assert PASSWORD not in answer.text
    if "company" not in changes:
        assert 'value="Pump Works"' in answer.text
    assert fresh_web.get("/sites").headers["location"] == "/setup"


def test_log_in_leads_to_where_one_wanted_to_go(web: WebWorld) -> None:
    browser = web.browser()
    wanted = f"/sites/{web.site.key}/keywords?model=first"
    login = browser.get(wanted).headers["location"]
    page = browser.page(login)
    assert f'name="next" value="{wanted}"' in page
    answer = browser.submit("/login", email=OWNER.upper(), password=PASSWORD, next=wanted)
    assert (answer.status_code, answer.headers["location"]) == (303, wanted)
    assert "Pumps &amp; Valves" in browser.page("/sites")


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "/\t/evil.example",
        "javascript:alert(1)",
        "evil.example",
        "//[",
        "http://[evil.example",
        "//evil\u2100.example",
        "",
    ],
)
def test_log_in_never_leads_to_another_site(web: WebWorld, target: str) -> None:
    answer = web.browser().submit("/login", email=OWNER, password=PASSWORD, next=target)
    assert answer.headers["location"] == "/sites"


def test_the_session_cookie_is_hidden_from_scripts_and_from_other_sites(web: WebWorld) -> None:
    answer = web.browser().submit("/login", email=OWNER, password=PASSWORD)
    cookie = answer.headers["set-cookie"]
    assert re.search(r"tracker_session=.{40,};.*HttpOnly.*SameSite=lax", cookie)
    assert "Secure" not in cookie


def test_over_https_cookies_are_secure_and_bound_to_the_host(web: WebWorld) -> None:
    answer = web.browser().get("https://testserver/login")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-tracker_form=")
    assert "Secure" in cookie
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


def test_a_wrong_password_says_no_more_than_that(web: WebWorld) -> None:
    wrong = web.browser().submit("/login", email=OWNER, password="wrong password")
    unknown = web.browser().submit("/login", email="nobody@ours.example", password=PASSWORD)
    assert wrong.status_code == unknown.status_code == 401
    for answer in (wrong, unknown):
        assert "Wrong e-mail or password." in answer.text
        assert "tracker_session" not in answer.headers.get("set-cookie", "")


def test_too_many_wrong_passwords_have_to_wait_even_with_the_right_one(web: WebWorld) -> None:
    browser = web.browser(language="zh-CN")
    for _ in range(5):
        assert browser.submit("/login", email=OWNER, password="wrong password").status_code == 401
    answer = browser.submit("/login", email=OWNER, password=PASSWORD)
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "30"
    assert "请在 30 秒后重试" in answer.text


def test_behind_a_trusted_proxy_whoever_fails_keeps_nobody_else_out(
    warehouse_embedded: Warehouse, sqlite_db: Engine, tmp_path: Path
) -> None:
    world = World(warehouse_embedded, sqlite_db, tmp_path)
    browser = enter(world)
    browser.cookies.clear()
    user = find_user(world.db, "owner@pump.example")
    assert user is not None
    revoke_sessions(world.db, user.id)

    def log_in(address: str, password: str) -> int:
        fields = {"csrf": browser.csrf, "email": user.email, "password": password}
        given = {"X-Forwarded-For": f"198.51.100.1, {address}"}
        return browser.request("POST", "/login", data=fields, headers=given).status_code

    answers = [log_in("203.0.113.9", "wrong password") for _ in range(6)]
    assert answers == [401] * 5 + [429]
    assert log_in("203.0.113.7", PASSWORD) == 303
    (session,) = list_sessions(world.db, user.id, now=world.now)
    assert session.ip == "203.0.113.7"


def test_log_out_ends_the_session_on_the_server_too(web: WebWorld) -> None:
    browser = web.owner
    secret = browser.cookies["tracker_session"]
    assert browser.submit("/logout").headers["location"] == "/login"
    browser.cookies.set("tracker_session", secret)
    assert browser.get("/sites").status_code == 303


def test_the_form_to_log_in_gives_a_session_each_time(web: WebWorld) -> None:
    browser = web.browser()
    browser.get("/login")
    for _ in range(2):
        browser.submit("/login", email=OWNER, password=PASSWORD, once="k")
        assert browser.get("/sites").status_code == 200
        browser.submit("/logout")


def test_a_new_password_works_and_ends_the_other_sessions(web: WebWorld) -> None:
    here, there = web.owner, web.owner
    new = "a better password"
    answer = here.submit("/account", present=PASSWORD, password=new, repeated=new)
    assert "The password has been changed." in answer.text
    assert here.get("/sites").status_code == 200
    assert there.get("/sites").status_code == 303
    assert web.browser().submit("/login", email=OWNER, password=new).status_code == 303


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"present": "wrong", "password": "a" * 9, "repeated": "a" * 9}, "present password"),
        ({"present": PASSWORD, "password": "a" * 9, "repeated": "b" * 9}, "passwords differ"),
        ({"present": PASSWORD, "password": "short", "repeated": "short"}, "5 characters"),
    ],
)
def test_a_password_is_not_changed_by_a_wrong_form(
    web: WebWorld, fields: dict[str, str], problem: str
) -> None:
    answer = web.owner.submit("/account", **fields)
    assert answer.status_code == 400
    assert problem in answer.text
    assert web.browser().submit("/login", email=OWNER, password=PASSWORD).status_code == 303


def test_a_form_without_its_token_changes_nothing(web: WebWorld) -> None:
    browser = web.owner
    posts = [
        endpoint
        for endpoint in ENDPOINTS
        if endpoint.method == "POST" and endpoint.path != "/setup" and not endpoint.own_secret
    ]
    for endpoint in posts:
        path = endpoint.path.replace("{site}", web.site.key)
        for token in ("", "0" * 64, "é"):
            answer = browser.request("POST", path, data={"csrf": token})
            assert answer.status_code == 403, path
    assert web.actions.asked == []
    assert browser.get("/sites").status_code == 200


def test_a_form_from_another_origin_is_refused_whatever_it_carries(web: WebWorld) -> None:
    browser = web.owner
    for origin in ("https://evil.example", "null", "http://[", "//["):
        answer = browser.request(
            "POST", "/logout", data={"csrf": browser.csrf}, headers={"Origin": origin}
        )
        assert answer.status_code == 403
    own = {"Origin": "http://testserver"}
    answer = browser.request("POST", "/logout", data={"csrf": browser.csrf}, headers=own)
    assert answer.status_code == 303


def test_the_token_of_one_session_does_not_serve_another(web: WebWorld) -> None:
    victim, attacker = web.owner, web.stranger
    answer = victim.request("POST", "/logout", data={"csrf": attacker.csrf})
    assert answer.status_code == 403


def test_the_language_follows_the_switch_then_the_user_then_the_browser(web: WebWorld) -> None:
    anonymous = web.browser(language="fr;q=0.9, zh-TW;q=0.8, en;q=0.1")
    assert '<html lang="zh-Hans"' in anonymous.page("/login")
    assert '<html lang="en"' in web.browser(language="de").page("/login")
    browser = web.browser(OWNER, language="zh-CN")
    assert '<html lang="zh-Hans"' in browser.page("/sites"), "who never chose has the browser's"
    answer = browser.submit("/preferences", language="en", next="/account")
    assert answer.headers["location"] == "/account"
    assert '<html lang="en"' in browser.page("/sites")
    other = web.browser(OWNER, language="zh-CN")
    assert '<html lang="en"' in other.page("/sites"), "the user keeps the language"


def test_the_theme_is_kept_and_nonsense_is_not(web: WebWorld) -> None:
    browser = web.browser()
    assert "data-theme" not in browser.page("/login")
    browser.submit("/preferences", theme="dark", next="/login")
    assert 'data-theme="dark"' in browser.page("/login")
    answer = browser.submit("/preferences", theme='"><script>', language="xx", next="//evil")
    assert answer.headers["location"] == "/sites"
    assert 'data-theme="dark"' in browser.page("/login")


def test_every_page_forbids_inline_scripts_and_has_none(web: WebWorld) -> None:
    browser = web.owner
    pages = [r.path for r in web.app.routes if isinstance(r, Route) and "GET" in (r.methods or ())]
    for path in pages:
        if path.startswith(("/api", "/assets")):
            continue
        answer = browser.get(path.replace("{site}", web.site.key))
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "private, no-store"
        assert not re.search(r"<script(?![^>]* src=)", answer.text), path
        assert not re.search(r'<[^>]+\s(style|on\w+)="', answer.text), path


def test_an_expired_session_is_no_session(web: WebWorld) -> None:
    user = find_user(web.db, OWNER)
    assert user is not None
    _, secret = add_session(web.db, user=user.id, now=NOW.replace(year=NOW.year - 1))
    browser = web.browser()
    browser.cookies.set("tracker_session", secret)
    assert browser.get("/sites").status_code == 303


def test_a_form_sent_after_the_session_ended_is_said_to_be_lost(web: WebWorld) -> None:
    page = f"/sites/{web.site.key}/goals"
    browser = web.browser()
    browser.page("/login")
    answer = browser.submit(page, name="Inquiry", kind="page", pattern="/thanks")
    assert answer.status_code == 303
    log_in = browser.page(answer.headers["location"])
    assert "what you sent was not saved" in log_in
    assert f'name="next" value="{page}"' in log_in
    assert "not saved" not in browser.page(f"/login?next={page}")


def test_a_part_asked_for_after_the_session_ended_leads_back_to_its_page(web: WebWorld) -> None:
    page = f"/sites/{web.site.key}/live"
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{page}?paused=1"}
    answer = web.browser().get(f"{page}/list", **headers)
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == f"/login?next={page.replace('/', '%2F')}%3Fpaused%3D1"
    headers["HX-Current-URL"] = "http://["
    answer = web.browser().get(f"{page}/list", **headers)
    assert (answer.status_code, "%2Flive%2Flist" in answer.headers["hx-redirect"]) == (401, True)
