"""Who may use which route: the whole table is walked, so that a new route cannot be forgotten."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.routing import Route

from tests.web_app import Browser, WebWorld
from tests.web_app import companies as companies
from tests.web_app import shared_web as shared_web
from tracker.accounts.tokens import add_token
from tracker.web import routing
from tracker.web.guard import Guarded
from tracker.web.routing import ENDPOINTS
from tracker.web.rules import Access, Endpoint, Surface

SITE_ROUTES = [endpoint for endpoint in ENDPOINTS if endpoint.access.right]
NEEDS_LOG_IN = [e for e in ENDPOINTS if e.access not in (Access.PUBLIC, Access.SET_UP)]
#: The only routes that answer without a log-in; adding one here is a decision.
PUBLIC = {
    ("GET", "/assets/{name}"),
    ("GET", "/login"),
    ("POST", "/login"),
    ("POST", "/logout"),
    ("POST", "/preferences"),
    ("GET", "/setup"),
    ("POST", "/setup"),
    # The address is the secret; the handler looks it up.
    ("POST", "/hooks/{secret}"),
}


def named(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path}"


def send(browser: Browser, endpoint: Endpoint, site: str, **headers: str) -> tuple[int, str, str]:
    """Status, location and text of a request to the endpoint with a valid form token."""
    path = endpoint.path.replace("{site}", site).replace("{run}", "unknown")
    path = path.replace("{person}", "00000000000000aa")
    if endpoint.method == "POST":
        headers["X-CSRF-Token"] = browser.csrf
    answer = browser.request(endpoint.method, path, headers=headers)
    return answer.status_code, answer.headers.get("location", ""), answer.text


def test_every_route_of_the_application_has_an_access_rule(shared_web: WebWorld) -> None:
    for route in shared_web.app.routes:
        assert isinstance(route, Route)
        assert isinstance(route.app, Guarded), f"{route.path} is not behind the guard"
        assert isinstance(route.app.endpoint.access, Access)


def test_every_route_of_the_api_is_documented() -> None:
    text = (Path(routing.__file__).parent / "README.md").read_text(encoding="utf-8")
    paths = {e.path.replace("/api/v1/sites/{site}", "") for e in ENDPOINTS if "/api/v1" in e.path}
    assert [
        path for path in sorted(paths) if f"{path}`" not in text and f"{path}?" not in text
    ] == []


def test_only_the_known_routes_are_public() -> None:
    open_ones = {(e.method, e.path) for e in ENDPOINTS if e not in NEEDS_LOG_IN}
    assert open_ones == PUBLIC


def test_every_route_below_a_site_asks_for_a_right_on_that_site() -> None:
    for endpoint in ENDPOINTS:
        assert ("{site}" in endpoint.path) == (endpoint.access.right is not None), named(endpoint)


def test_routes_that_change_something_need_more_than_the_right_to_read() -> None:
    changing = [e for e in SITE_ROUTES if e.method != "GET"]
    assert changing
    for endpoint in changing:
        assert endpoint.access in (
            Access.SITE_WRITE,
            Access.SITE_ADMIN,
            Access.SITE_SPEND,
        ), named(endpoint)


@pytest.mark.parametrize("endpoint", NEEDS_LOG_IN, ids=named)
def test_an_anonymous_caller_is_refused(shared_web: WebWorld, endpoint: Endpoint) -> None:
    status, location, text = send(shared_web.browser(), endpoint, shared_web.site.key)
    if endpoint.surface is Surface.API:
        assert status == 401
        assert '"code":"not_authenticated"' in text
    else:
        assert status == 303
        assert location.startswith("/login")


@pytest.mark.parametrize("endpoint", SITE_ROUTES, ids=named)
def test_a_user_of_another_company_cannot_tell_that_the_site_exists(
    shared_web: WebWorld, endpoint: Endpoint
) -> None:
    stranger = shared_web.stranger
    hidden = send(stranger, endpoint, shared_web.site.key)
    missing = send(stranger, endpoint, "zzzzzzzzzz")
    assert hidden[0] == missing[0] == 404
    assert "Pumps" not in hidden[2]
    assert without_tokens(hidden[2], shared_web.site.key) == without_tokens(
        missing[2], "zzzzzzzzzz"
    )


@pytest.mark.parametrize("endpoint", SITE_ROUTES, ids=named)
def test_a_viewer_reads_but_changes_nothing(shared_web: WebWorld, endpoint: Endpoint) -> None:
    status, _, _ = send(shared_web.viewer, endpoint, shared_web.site.key)
    if endpoint.access is Access.SITE_READ:
        assert status in (200, 303, 400, 404)
    else:
        assert status == 403


@pytest.mark.parametrize(
    "endpoint", [e for e in SITE_ROUTES if e.surface is Surface.API], ids=named
)
def test_a_read_token_reads_its_own_site_only(shared_web: WebWorld, endpoint: Endpoint) -> None:
    site = shared_web.site
    _, secret = add_token(shared_web.db, tenant=site.tenant, site=site.key, scope="read")
    anonymous = shared_web.browser()
    bearer = {"Authorization": f"Bearer {secret}"}
    own, _, _ = send(anonymous, endpoint, site.key, **bearer)
    other, _, _ = send(anonymous, endpoint, shared_web.their_site.key, **bearer)
    assert other == 404
    if endpoint.access is Access.SITE_READ:
        assert own in (200, 400, 404)
    else:
        assert own == 403


@pytest.mark.parametrize("header", ["Bearer trk_unknown", "Bearer", "Basic b3duZXI6eA==", "x"])
def test_a_wrong_authorization_header_is_refused_even_beside_a_session(
    shared_web: WebWorld, header: str
) -> None:
    answer = shared_web.owner.get("/api/v1/sites", Authorization=header)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_token_does_not_open_pages(shared_web: WebWorld) -> None:
    _, secret = add_token(
        shared_web.db, tenant=shared_web.site.tenant, site=shared_web.site.key, scope="admin"
    )
    answer = shared_web.browser().get(
        f"/sites/{shared_web.site.key}/keywords", Authorization=f"Bearer {secret}"
    )
    assert answer.status_code == 303


def without_tokens(text: str, key: str) -> str:
    """A page without what differs between any two requests: the form token and the site asked."""
    head, _, rest = text.partition('name="csrf-token" content="')
    token = rest.partition('"')[0]
    return (head + rest).replace(token, "").replace(key, "") if token else text.replace(key, "")
