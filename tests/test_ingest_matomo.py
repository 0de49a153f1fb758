"""The Matomo Tracking HTTP API, over HTTP, into rows of ``events`` and a keyword report."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from tests.ingest import CHROME, Ingest
from tests.serving import serving
from tests.world import World
from tracker.accounts.tokens import add_token
from tracker.app import create_app
from tracker.ingest.endpoint import GIF
from tracker.ingest.spool import SpoolLimits
from tracker.warehouse.client import Warehouse

PAGE = "https://www.pump.example/pumps"
VISITOR = "af344a398df83874"


@pytest.fixture
def ingest(sqlite_db: Engine, tmp_path: Path, warehouse_embedded: Warehouse) -> Iterator[Ingest]:
    """A server with all entrances, and what belongs to it."""
    with Ingest(sqlite_db, tmp_path / "spool", warehouse_embedded) as found:
        yield found


def params(ingest: Ingest, **given: Any) -> dict[str, str]:
    """A page view; parameters of ``None`` are left out."""
    base = {"idsite": ingest.site.key, "rec": 1, "url": PAGE, "_id": VISITOR}
    return {name: str(value) for name, value in (base | given).items() if value is not None}


def track(ingest: Ingest, **given: Any) -> httpx.Response:
    """One request by GET."""
    return ingest.client.get(
        "/matomo.php", params=params(ingest, **given), headers={"user-agent": CHROME}
    )


def bulk(ingest: Ingest, *requests: Any, agent: str = CHROME, **fields: Any) -> httpx.Response:
    """A bulk request."""
    return ingest.client.post(
        "/matomo.php",
        content=json.dumps({"requests": requests, **fields}),
        headers={"user-agent": agent},
    )


def query(ingest: Ingest, **given: Any) -> str:
    return "?" + urlencode(params(ingest, **given))


def taken(answer: httpx.Response) -> None:
    """The request was answered with the image, and its event was counted."""
    assert (answer.status_code, answer.content) == (200, GIF), answer.text
    assert "x-tracker-dropped" not in answer.headers


def rows(ingest: Ingest) -> list[dict[str, Any]]:
    """The stored events, oldest first."""
    ingest.drain()
    return sorted(ingest.rows(), key=lambda row: (row["received"], row["time"], row["name"]))


def one(ingest: Ingest, **given: Any) -> dict[str, Any]:
    """The row that a request becomes."""
    taken(track(ingest, **given))
    (row,) = rows(ingest)
    return row


def secret(ingest: Ingest, scope: str = "write") -> str:
    return add_token(ingest.db, tenant=ingest.site.tenant, site=None, scope=scope)[1]


# --- kinds of requests --------------------------------------------------------------------------


def test_a_page_view_becomes_a_row_with_its_source(ingest: Ingest) -> None:
    row = one(
        ingest,
        url=f"{PAGE}?mtm_source=baidu&mtm_medium=cpc&mtm_campaign=Pumps&mtm_kwd=%E6%B3%B5",
        action_name="Pumps / Large",
        urlref="https://www.baidu.com/s?wd=x",
        res="1280x1024",
        lang="zh-CN,zh;q=0.9",
        rand="351459",
        dimension2="gold",
        cvar='{"1":["OS","iphone 5.0"],"2":["Accounts",3]}',
    )
    assert (row["site"], row["name"], row["origin"]) == (ingest.site.key, "pageview", "matomo")
    assert (row["platform"], row["keyword"], row["campaign"]) == ("baidu", "泵", "Pumps")
    assert (row["title"], row["screen"], row["language"]) == ("Pumps / Large", "1280x1024", "zh-CN")
    assert (row["visitor"], row["memory"]) == (int(VISITOR, 16), "stored")
    assert row["props"] == {"OS": "iphone 5.0", "Accounts": "3", "dimension2": "gold"}
    assert row["time"] == row["received"] == ingest.now


ITEMS = '[["SKU-1","Pump","Large",100.5,2],["SKU-2","","",0,1]]'


@pytest.mark.parametrize(
    ("given", "name", "props", "value"),
    [
        (
            {"e_c": " Video ", "e_a": "Play", "e_n": "Tour", "e_v": "2.5"},
            "Video/Play",
            {"name": "Tour"},
            "2.500000",
        ),
        ({"e_c": "Video", "e_a": " "}, "pageview", {}, None),
        (
            {"search": "泵", "search_cat": "products", "search_count": "0"},
            "site_search",
            {"keyword": "泵", "category": "products", "count": "0"},
            None,
        ),
        (
            {"link": "https://partner.example/x", "url": "https://partner.example/x"},
            "outbound",
            {"url": "https://partner.example/x"},
            None,
        ),
        (
            {"download": "https://www.pump.example/a.pdf"},
            "download",
            {"url": "https://www.pump.example/a.pdf"},
            None,
        ),
        ({"ping": "1", "e_c": "a", "e_a": "b"}, "engagement", {}, None),
        (
            {"c_n": "Ad", "c_p": "a.png", "c_t": "/x"},
            "content_impression",
            {"name": "Ad", "piece": "a.png", "target": "/x"},
            None,
        ),
        (
            {"c_n": "Ad", "c_i": "click"},
            "content_interaction",
            {"name": "Ad", "interaction": "click"},
            None,
        ),
        (
            {"idgoal": "0", "revenue": "201", "ec_items": ITEMS},
            "ecommerce_cart",
            {"skus": "SKU-1,SKU-2"},
            "201.000000",
        ),
        (
            {
                "idgoal": "0",
                "ec_id": "A-7",
                "revenue": "199.9",
                "ec_st": "180",
                "ec_tx": "19.9",
                "ec_items": ITEMS,
            },
            "ecommerce_order",
            {"order_id": "A-7", "subtotal": "180", "tax": "19.9", "skus": "SKU-1,SKU-2"},
            "199.900000",
        ),
        ({"idgoal": "3", "revenue": "50"}, "goal:3", {}, "50.000000"),
    ],
)
def test_each_kind_of_request_is_an_event_of_its_name(
    ingest: Ingest, given: dict[str, str], name: str, props: dict[str, str], value: str | None
) -> None:
    row = one(ingest, **given)
    assert (row["name"], row["props"]) == (name, props)
    assert (str(row["value"]) if row["value"] is not None else None) == value
    assert row["flags"] == ""


def test_a_plug_ins_own_request_is_no_event(ingest: Ingest) -> None:
    taken(track(ingest, ca="1", ma_id="x"))
    assert rows(ingest) == []


@pytest.mark.parametrize("path", ["/matomo.php", "/piwik.php"])
def test_a_form_may_be_posted(ingest: Ingest, path: str) -> None:
    answer = ingest.client.post(
        f"{path}?rec=1&idsite=ignored",
        data=params(ingest, action_name="泵"),
        headers={"user-agent": CHROME, "origin": "https://www.pump.example"},
    )
    taken(answer)
    assert answer.headers["access-control-allow-origin"] == "https://www.pump.example"
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert rows(ingest)[0]["title"] == "泵"


def test_no_image_is_sent_where_none_is_wanted(ingest: Ingest) -> None:
    answer = track(ingest, send_image=0)
    assert (answer.status_code, answer.content) == (204, b"")
    assert len(rows(ingest)) == 1


# --- which site, which page ---------------------------------------------------------------------


def test_a_number_means_the_site_that_has_the_pages_host(ingest: Ingest) -> None:
    assert one(ingest, idsite=1)["site"] == ingest.site.key


def test_an_image_without_an_address_is_about_the_page_it_stands_on(ingest: Ingest) -> None:
    answer = ingest.client.get(
        "/matomo.php?idsite=1&rec=1", headers={"user-agent": CHROME, "referer": PAGE}
    )
    taken(answer)
    (row,) = rows(ingest)
    assert (row["host"], row["path"]) == ("www.pump.example", "/pumps")


@pytest.mark.parametrize(
    ("given", "campaign", "keyword"),
    [
        ({"_rcn": "Spring", "_rck": "pump+"}, "Spring", "pump+"),
        ({"_rcn": "Spring", "url": PAGE + "?a=1#x"}, "Spring", ""),
        ({"_rcn": "Spring", "url": PAGE + "?utm_campaign=Own&utm_source=x"}, "Own", ""),
        ({"_rcn": "Spring", "_refts": "1"}, "", ""),
        ({"_rcn": "Spring", "_refts": "0"}, "Spring", ""),
    ],
)
def test_a_campaign_beside_the_address_counts_while_it_is_fresh(
    ingest: Ingest, given: dict[str, str], campaign: str, keyword: str
) -> None:
    row = one(ingest, **given)
    assert (row["campaign"], row["keyword"]) == (campaign, keyword)


# --- who, when, from where ----------------------------------------------------------------------


def test_a_visitor_is_named_by_cid_id_or_user(ingest: Ingest) -> None:
    taken(track(ingest, cid="00000000000000ff"))
    taken(track(ingest, _id=None, uid="li@firm.example"))
    taken(track(ingest, cookie=0))
    found = {row["name"]: row for row in rows(ingest) if row["name"] == "identify"}
    assert found["identify"]["props"] == {}
    memories = [(row["visitor"] == 255, row["memory"]) for row in rows(ingest)]
    assert sorted(memories) == [
        (False, "daily"),
        (False, "stored"),
        (False, "stored"),
        (True, "stored"),
    ]


def test_a_user_joins_the_visitors_of_all_his_devices(ingest: Ingest) -> None:
    for visitor in ("00000000000000aa", "00000000000000bb", "00000000000000aa"):
        taken(track(ingest, _id=visitor, uid="Customer-7"))
        ingest.now += timedelta(minutes=1)
    ingest.drain()
    joined = ingest.rows("identities")
    assert {(row["kind"], row["visitor"]) for row in joined} == {("user", 0xAA), ("user", 0xBB)}
    assert len({row["hash"] for row in joined}) == 1
    assert len(joined) == 2


@pytest.mark.parametrize("form", ["{:%Y-%m-%d %H:%M:%S}", "{:%Y-%m-%dT%H:%M:%SZ}", "unix"])
@pytest.mark.parametrize(("back", "token"), [(23, False), (29 * 24, True)])
def test_a_time_is_taken_for_a_day_or_with_a_token_for_thirty(
    ingest: Ingest, form: str, back: int, token: bool
) -> None:
    time = ingest.now - timedelta(hours=back)
    text = str(int(time.timestamp())) if form == "unix" else form.format(time)
    row = one(ingest, cdt=text, token_auth=secret(ingest) if token else None)
    assert row["time"] == time


@pytest.mark.parametrize(("back", "token"), [(25, False), (31 * 24, True), (-1, True)])
def test_a_time_beyond_that_is_refused(ingest: Ingest, back: int, token: bool) -> None:
    time = ingest.now - timedelta(hours=back)
    answer = track(
        ingest, cdt=f"{time:%Y-%m-%d %H:%M:%S}", token_auth=secret(ingest) if token else None
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("cdt ")
    assert rows(ingest) == []


def test_address_and_user_agent_are_believed_with_a_token_only(ingest: Ingest) -> None:
    said = {"cip": "203.0.113.77", "ua": CHROME.replace("Windows NT 10.0", "X11; Linux x86_64")}
    taken(track(ingest, **said, rand="1"))
    taken(track(ingest, **said, rand="2", token_auth=secret(ingest)))
    assert sorted((row["ip"], row["os"]) for row in rows(ingest)) == [
        ("127.0.0.0", "Windows"),
        ("203.0.113.0", "Linux"),
    ]


def test_an_address_that_is_none_is_refused(ingest: Ingest) -> None:
    answer = track(ingest, cip="300.1.1.1", token_auth=secret(ingest))
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "cip '300.1.1.1' is not an IP address."


def test_a_programs_own_name_is_not_the_visitors(ingest: Ingest) -> None:
    agent = "python-requests/2.32"
    assert bulk(ingest, query(ingest), agent=agent).headers["x-tracker-dropped"] == "bot"
    answer = bulk(ingest, query(ingest), agent=agent, token_auth=secret(ingest))
    assert "x-tracker-dropped" not in answer.headers
    assert [row["user_agent"] for row in rows(ingest)] == [""]


@pytest.mark.parametrize("given", ["read", "trk_invented", "anonymous"])
def test_a_wrong_token_refuses_the_whole_request(ingest: Ingest, given: str) -> None:
    token = secret(ingest, "read") if given == "read" else given
    for answer in (track(ingest, token_auth=token), bulk(ingest, query(ingest), token_auth=token)):
        assert answer.status_code == 401
    assert rows(ingest) == []


# --- bulk ---------------------------------------------------------------------------------------


def test_a_bulk_request_takes_what_is_good_and_names_the_rest(ingest: Ingest) -> None:
    answer = bulk(
        ingest,
        query(ingest, action_name="first"),
        "?idsite=1&rec=1&url=https%3A%2F%2Fnobody.example%2F",
        query(ingest, rec=0),
        7,
        params(ingest, action_name="as an object"),
    )
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "success",
        "tracked": 2,
        "invalid": 3,
        "invalid_indices": [1, 2, 3],
    }
    assert {row["title"] for row in rows(ingest)} == {"first", "as an object"}


def test_a_bulk_request_of_a_thousand_is_taken_and_one_more_refused(ingest: Ingest) -> None:
    many = [query(ingest, action_name=number) for number in range(1000)]
    assert bulk(ingest, *many).json()["tracked"] == 1000
    assert bulk(ingest, *many, many[0]).status_code == 400
    assert len(rows(ingest)) == 1000


# --- exactly once -------------------------------------------------------------------------------


def ids(ingest: Ingest) -> int:
    return len({row["event_id"] for row in rows(ingest)})


def test_a_bulk_request_sent_again_changes_nothing(ingest: Ingest) -> None:
    when = f"{ingest.now - timedelta(hours=3):%Y-%m-%d %H:%M:%S}"
    same = query(ingest, cdt=when)
    for _ in range(2):
        bulk(ingest, same, same, query(ingest, cdt=when, action_name="other"))
        ingest.now += timedelta(minutes=20)
    assert ids(ingest) == 3


def test_a_random_number_tells_repetitions_from_other_views(ingest: Ingest) -> None:
    for rand in ("1", "2", "1"):
        taken(track(ingest, rand=rand))
        ingest.now += timedelta(minutes=10)
    assert ids(ingest) == 2


def test_without_one_equal_requests_within_seconds_are_one(ingest: Ingest) -> None:
    for pause in (1, 10, 0):
        taken(track(ingest))
        ingest.now += timedelta(seconds=pause)
    assert ids(ingest) == 2


# --- what is wrong ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        {"rec": None},
        {"rec": 0},
        {"idsite": None},
        {"idsite": "zzzzzzzzzz", "url": None},
        {"idsite": 1, "url": "https://nobody.example/"},
        {"cdt": "yesterday"},
        {"cdt": "9" * 30},
    ],
)
def test_a_request_that_cannot_be_used_is_refused(ingest: Ingest, given: dict[str, Any]) -> None:
    answer = track(ingest, **given)
    assert answer.status_code == 400
    assert answer.json()["error"]["hint"]
    assert rows(ingest) == []


@pytest.mark.parametrize(
    "body", [b"{", b"{}", b'{"requests":[]}', b'{"requests":{}}', b'{"requests":[""]}']
)
def test_a_malformed_bulk_request_is_refused(ingest: Ingest, body: bytes) -> None:
    assert ingest.client.post("/matomo.php", content=body).status_code == 400


def test_what_the_beacons_endpoint_drops_is_dropped_here(ingest: Ingest) -> None:
    answer = track(ingest, url="https://elsewhere.example/")
    assert (answer.status_code, answer.headers["x-tracker-dropped"]) == (200, "origin")
    answer = ingest.client.get(
        "/matomo.php", params=params(ingest), headers={"dnt": "1", "user-agent": CHROME}
    )
    assert answer.headers["x-tracker-dropped"] == "privacy_signal"
    assert rows(ingest) == []


TEXTS = st.text(max_size=40) | st.sampled_from(
    [PAGE, "0", "1", "A-7", "[[1]]", '{"1":["a"]}', "1e9999"]
)
NAMES = [
    "url",
    "urlref",
    "_id",
    "cid",
    "uid",
    "res",
    "cdt",
    "idgoal",
    "ec_id",
    "revenue",
    "e_c",
    "e_a",
    "e_v",
    "ec_items",
    "cvar",
    "_rcn",
    "_rck",
    "_refts",
    "search",
    "link",
    "ping",
    "lang",
    "cip",
    "ua",
    "rand",
    "send_image",
    "dimension1",
    "c_n",
    "cookie",
]


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.dictionaries(st.sampled_from(NAMES), TEXTS, max_size=8), max_size=4),
    st.binary(max_size=60),
)
def test_no_request_makes_the_server_fail(
    ingest: Ingest, given: list[dict[str, str]], junk: bytes
) -> None:
    objects = [{"rec": "1", "idsite": ingest.site.key} | fields for fields in given]
    assert bulk(ingest, *objects).status_code in (200, 400)
    assert bulk(ingest, *objects, token_auth=secret(ingest)).status_code in (200, 400)
    for fields in objects[:1]:
        assert track(ingest, **fields).status_code in (200, 204, 400)
    assert ingest.client.post("/piwik.php", content=junk).status_code == 400


# --- in the report ------------------------------------------------------------------------------


SPEND = "Day,Campaign,Ad group,Keyword,Impressions,Clicks,Cost\n2026-11-01,c,g,pump,90,3,100.50\n"


def test_goals_and_orders_count_once_for_the_keyword_that_brought_them(
    sqlite_db: Engine, tmp_path: Path, warehouse_embedded: Warehouse
) -> None:
    world = World(warehouse_embedded, sqlite_db, tmp_path)
    inquiry = world.goal("Inquiry", kind="event", pattern="inquiry")
    world.goal("Brochure", kind="event", pattern="goal:4")
    world.goal("Order", kind="event", pattern="ecommerce_order", use_event_value=True)
    landing = "https://pump.example/?mtm_source=baidu&mtm_medium=cpc&mtm_campaign=c&mtm_kwd=pump"
    base = {"idsite": world.site.key, "rec": 1, "_id": VISITOR, "url": "https://pump.example/"}
    order = {"idgoal": 0, "ec_id": "A-1", "revenue": "1200.50"}
    with (
        serving(create_app(world.parts, role="ingest")) as url,
        httpx.Client(base_url=url, headers={"user-agent": CHROME}) as client,
    ):
        for step in (
            {"url": landing},
            {"idgoal": "Inquiry"},
            {"idgoal": inquiry.id},
            {"idgoal": 4, "revenue": 7},
            order,
            order | {"rand": "an opened again confirmation"},
        ):
            assert (
                client.get("/matomo.php", params=cast(dict[str, str], base | step)).status_code
                == 200
            )
            world.now += timedelta(minutes=5)
        world.now += timedelta(days=3)
        assert client.get("/matomo.php", params=cast(dict[str, str], base | order)).is_success
    world.loader.drain()
    world.reconcile()
    world.spend(SPEND, platform="baidu", currency="CNY")
    world.reconcile()
    (row,) = world.report("2026-11-01", "2026-11-05").rows
    assert (row.keyword, row.platform, row.visits) == ("pump", "baidu", 1)
    assert Decimal(str(row.cost)) == Decimal("100.5")
    assert Decimal(str(row.conversions)) == 4
    assert Decimal(str(row.revenue)) == Decimal("1200.5")


def test_a_user_whose_event_found_no_room_is_joined_by_the_next_one(
    sqlite_db: Engine, tmp_path: Path, warehouse_embedded: Warehouse
) -> None:
    limits = SpoolLimits(segment_age=0.02, budget_bytes=100_000, measure_every=0)
    with Ingest(sqlite_db, tmp_path / "spool", warehouse_embedded, limits=limits) as ingest:
        full = tmp_path / "spool" / "failed" / "full"
        full.write_bytes(b"x" * 200_000)
        assert track(ingest, uid="Customer-7").status_code == 503
        full.unlink()
        taken(track(ingest, uid="Customer-7"))
        ingest.drain()
        assert len(ingest.rows("identities")) == 1
