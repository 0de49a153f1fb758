"""Errors: one JSON shape on every API route, pages for people, never a trace."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web_app import WebWorld
from tests.web_app import companies as companies
from tests.web_app import shared_web as shared_web
from tests.web_app import web as web
from tracker.errors import RateLimited, TooLarge, WarehouseError
from tracker.web.routing import API, ENDPOINTS

#: Routes that ask for no field, and the one whose body is no form: ingest judges events itself.
NO_FIELDS = (
    *("/setup", "/logout", "/preferences", "/runs", "/events"),
    # A token for the scripts is made without any field; these two have tests of their bodies.
    *(
        "/imports/scripts",
        "/api/v1/sites/{site}/spend",
        "/api/v1/sites/{site}/people/{person}/erase",
    ),
)


def error_of(body: Any) -> dict[str, str]:
    """The error in a JSON body, which holds nothing else."""
    assert list(body) == ["error"]
    assert list(body["error"]) == ["code", "message", "hint"]
    assert all(isinstance(value, str) for value in body["error"].values())
    error: dict[str, str] = body["error"]
    return error


@pytest.mark.parametrize("endpoint", API, ids=lambda endpoint: endpoint.path)
@pytest.mark.parametrize("site", ["zzzzzzzzzz", "%00", "'; DROP TABLE sites --", "离心泵"])
def test_every_api_route_answers_errors_in_the_one_shape(
    shared_web: WebWorld, endpoint: Any, site: str
) -> None:
    path = endpoint.path.replace("{site}", site).replace("{run}", "x")
    browser = shared_web.owner
    answer = browser.request(endpoint.method, path, headers={"X-CSRF-Token": browser.csrf})
    if answer.status_code != 200:
        assert error_of(answer.json())["code"] in ("not_found", "invalid")


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v1", "/api/v2/sites", "/api/v1/nothing"])
def test_an_unknown_api_address_is_a_json_error(shared_web: WebWorld, path: str) -> None:
    answer = shared_web.owner.get(path)
    assert answer.status_code == 404
    assert error_of(answer.json())["code"] == "not_found"


def test_a_wrong_method_is_named_with_the_right_ones(shared_web: WebWorld) -> None:
    answer = shared_web.owner.request("DELETE", "/api/v1/sites")
    assert answer.status_code == 405
    assert error_of(answer.json())["code"] == "method_not_allowed"
    assert "GET" in answer.headers["allow"]
    assert shared_web.owner.request("PUT", "/sites").status_code == 405


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "The parameter 'from' is missing."),
        ("from=2026-03-01", "The parameter 'to' is missing."),
        ("from=2026-03-09&to=2026-03-01", "The period ends before it begins"),
        ("from=soon&to=2026-03-01", "Not a day: 'soon'."),
        ("from=2026-03-01&to=2026-03-02&model=best", "Unknown model 'best'."),
        ("from=2026-03-01&to=2026-03-02&model=shapley", "shapley"),
        ("from=2026-03-01&to=2026-03-02&by=visit", "Unknown by 'visit'."),
        ("from=2026-03-01&to=2026-03-02&sort=site", "Unknown sort 'site'."),
        ("from=2026-03-01&to=2026-03-02&order=up", "Unknown order 'up'."),
        ("from=2026-03-01&to=2026-03-02&compare=all", "Unknown compare 'all'."),
        ("from=2026-03-01&to=2026-03-02&limit=-1", "The parameter 'limit' is '-1'."),
        ("from=2026-03-01&to=2026-03-02&limit=١", "The parameter 'limit' is"),
        ("from=2026-03-01&to=2026-03-02&offset=9999999999", "The parameter 'offset'"),
        ("from=2026-03-01&to=2026-03-02&offset=0000000000009999999999", "The parameter 'offset'"),
        ("from=2026-03-01&to=2026-03-02&format=xml", "Unknown format 'xml'."),
        ("from=2026-03-01&to=2026-03-02&goal=nothing", "has no goal 'nothing'"),
        ("from=2026-03-01&to=2026-03-02&modle=first", "Unknown parameter 'modle'."),
    ],
)
def test_a_wrong_parameter_is_named(shared_web: WebWorld, query: str, message: str) -> None:
    answer = shared_web.owner.get(f"/api/v1/sites/{shared_web.site.key}/reports/keywords?{query}")
    assert answer.status_code in (400, 404)
    error = error_of(answer.json())
    assert message in error["message"]
    assert "Traceback" not in answer.text


def test_a_page_says_in_the_readers_language_what_is_wrong(web: WebWorld) -> None:
    browser = web.browser("owner@ours.example", language="zh-CN")
    browser.submit("/preferences", language="zh-Hans")
    path = f"/sites/{web.site.key}/keywords?from=2026-03-09&to=2026-03-01"
    answer = browser.get(path)
    assert answer.status_code == 400
    assert "结束日期早于开始日期：2026-03-09 至 2026-03-01。" in answer.text
    assert "输入有误" in answer.text
    missing = browser.get("/nothing")
    assert missing.status_code == 404
    assert "未找到" in missing.text


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (RuntimeError("secret detail"), 500, "internal"),
        (WarehouseError("The engine is out of memory."), 503, "warehouse"),
        (TooLarge("Too large."), 413, "too_large"),
        (RateLimited("Slow down.", retry_after=7), 429, "rate_limited"),
    ],
)
def test_what_fails_inside_becomes_an_answer_without_its_insides(
    web: WebWorld,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    status: int,
    code: str,
) -> None:
    web.actions.answer = error
    browser = web.owner
    path = f"/api/v1/sites/{web.site.key}/spend/files"
    answer = browser.request(
        "POST", path, files={"file": ("a.csv", b"x")}, headers={"X-CSRF-Token": browser.csrf}
    )
    assert answer.status_code == status
    assert error_of(answer.json())["code"] == code
    assert "secret detail" not in answer.text
    assert ("secret detail" in capsys.readouterr().out) == (status == 500)
    if status == 429:
        assert answer.headers["retry-after"] == "7"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"no boundary", "multipart/form-data"),
        (b"a=%ff%fe", "application/x-www-form-urlencoded"),
        (b"csrf=%00", "application/x-www-form-urlencoded"),
        (b"\xff" * 100, "text/plain"),
        (b'{"file": 1}', "application/json"),
        (b"", ""),
    ],
)
def test_a_broken_body_is_refused_on_every_form(web: WebWorld, body: bytes, kind: str) -> None:
    browser = web.owner
    headers = {"X-CSRF-Token": browser.csrf} | ({"Content-Type": kind} if kind else {})
    for endpoint in ENDPOINTS:
        if endpoint.method != "POST" or endpoint.path.endswith(NO_FIELDS):
            continue
        path = endpoint.path.replace("{site}", web.site.key)
        answer = browser.request("POST", path, content=body, headers=headers)
        assert 400 <= answer.status_code < 500, (path, answer.status_code)
    assert [name for name, _ in web.actions.asked] == []


def test_a_form_larger_than_its_limit_is_refused_before_it_is_read(web: WebWorld) -> None:
    browser = web.owner
    answer = browser.submit("/login", email="x" * 70_000)
    assert answer.status_code == 413
    assert "larger than 65536 bytes" in answer.text


@pytest.mark.parametrize(
    ("form", "page"),
    [
        ("goals/remove", "goals"),
        ("leads/move", "leads"),
        ("people/0000000000000001/card", "people/0000000000000001"),
        ("explore/views/remove", "explore/views"),
        ("explore/views", "explore"),
    ],
)
def test_the_address_of_a_form_leads_to_its_page(
    shared_web: WebWorld, form: str, page: str
) -> None:
    """A refused form stands at an address that can only be sent to: a change of language there,
    or the address entered again, asks for it."""
    base = f"/sites/{shared_web.site.key}"
    answer = shared_web.owner.get(f"{base}/{form}")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{base}/{page}")


def test_a_page_that_refuses_its_filters_can_be_begun_anew(shared_web: WebWorld) -> None:
    page = f"/sites/{shared_web.site.key}/attribution"
    refused = shared_web.owner.get(f"{page}?from=2026-03-09&to=2026-03-01")
    assert refused.status_code == 400
    assert f'<a class="button" href="{page}">Begin anew</a>' in refused.text
    assert "Begin anew" not in shared_web.owner.get(f"{page}/nothing").text
