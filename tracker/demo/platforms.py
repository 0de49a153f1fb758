"""Two ad platforms on loopback that speak as Google Ads and Baidu 营销 do, for the demo alone.

They know one account each and answer whatever token they are shown: what is to be seen is how
connections run, not how a platform guards itself. Google's total of a day is above its keywords
(a campaign that names none), so that the report has a gap to show.
"""

from __future__ import annotations

import json
import re
import socket
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tracker.demo.catalogue import BAIDU, GOOGLE
from tracker.demo.history import Cost, keyword_id

ROWS = "platforms.json"
#: What a day of Google's costs beyond its keywords, as a share, and clicks it did not charge for.
HIDDEN_SHARE, INVALID_EVERY = 25, 12
_DAY = re.compile(r"'(\d{4}-\d\d-\d\d)'")
_TOTALS = 2208157
_MATCH = {"exact": 48, "phrase": 17, "broad": 0}


class Row(msgspec.Struct, frozen=True):
    """A keyword's day as a platform knows it; ``cost`` in millionths of the currency."""

    platform: str
    day: date
    campaign: str
    campaign_id: str
    ad_group: str
    ad_group_id: str
    keyword: str
    keyword_id: str
    match: str
    impressions: int
    clicks: int
    cost: int


def write_rows(folder: Path, costs: Iterable[Cost]) -> None:
    """Keep what the platforms know, for as long as the demo is served again."""
    rows = []
    for one in costs:
        place = one.account.campaigns.index(one.campaign) + 1
        rows.append(
            Row(
                one.account.platform,
                one.day,
                one.campaign.name,
                str(8_100 + place),
                one.campaign.ad_group,
                str(71_000 + place),
                one.keyword.text,
                keyword_id(one.account, one.campaign, one.keyword),
                one.keyword.match,
                one.impressions,
                one.clicks,
                int(one.cost * 1_000_000),
            )
        )
    (folder / ROWS).write_bytes(msgspec.json.encode(rows))


@contextmanager
def simulated(folder: Path) -> Iterator[Path]:
    """Both platforms, with the rows in ``folder``, for as long as the block lasts. Yields the file
    that puts them in the place of the real ones (TRACKER_PLATFORMS)."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(_app(folder), log_config=None, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    # NOTE: in a thread there are no signal handlers to take from the server of the pages.
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.005)
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        with tempfile.TemporaryDirectory(prefix="tracker-demo-") as place:
            file = Path(place) / "platforms.toml"
            file.write_text(
                f'[google]\napi_url = "{base}/google"\ntoken_url = "{base}/google/token"\n'
                f'[baidu]\napi_url = "{base}/baidu"\ntoken_url = "{base}/baidu/token"\n',
                encoding="utf-8",
            )
            yield file
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


def _app(folder: Path) -> Starlette:
    def known(platform: str, first: date, last: date) -> list[Row]:
        file = folder / ROWS
        rows = msgspec.json.decode(file.read_bytes(), type=list[Row]) if file.is_file() else []
        return [one for one in rows if one.platform == platform and first <= one.day <= last]

    async def google_token(_: Request) -> Response:
        return JSONResponse({"access_token": "demo", "expires_in": 3600, "token_type": "Bearer"})

    async def google_accounts(_: Request) -> Response:
        return JSONResponse({"resourceNames": [f"customers/{GOOGLE.account}"]})

    async def google(request: Request) -> Response:
        query = json.loads(await request.body())["query"]
        if " FROM customer_client " in query:
            return _stream([{"customerClient": _google_account()}])
        days = [date.fromisoformat(text) for text in _DAY.findall(query)]
        return _stream(_google_rows(query, known("google", days[0], days[-1])))

    async def baidu_token(_: Request) -> Response:
        data = {"accessToken": "demo", "refreshToken": "demo", "expiresIn": 86_400}
        return JSONResponse({"code": 0, "message": "success", "data": data})

    async def baidu(request: Request) -> Response:
        asked = json.loads(await request.body())["body"]
        first, last = (date.fromisoformat(asked[name]) for name in ("startDate", "endDate"))
        rows = _baidu_rows(asked, known("baidu", first, last))
        page = rows[asked["startRow"] :][: asked["rowCount"]]
        data = {"rowCount": len(page), "totalRowCount": len(rows), "rows": page}
        header = {"status": 0, "desc": "success", "failures": []}
        return JSONResponse({"header": header, "body": {"data": [data]}})

    versions = "/google/{version}"
    return Starlette(
        routes=[
            Route("/google/token", google_token, methods=["POST"]),
            Route(f"{versions}/customers:listAccessibleCustomers", google_accounts),
            Route(
                f"{versions}/customers/{{customer}}/googleAds:searchStream",
                google,
                methods=["POST"],
            ),
            Route("/baidu/token", baidu_token, methods=["POST"]),
            Route("/baidu", baidu, methods=["POST"]),
        ]
    )


def _stream(results: Sequence[dict[str, Any]]) -> Response:
    return JSONResponse([{"results": results}] if results else [])


def _google_account() -> dict[str, Any]:
    return {
        "id": GOOGLE.account,
        "descriptiveName": "Hydra Pumps Export",
        "currencyCode": GOOGLE.currency,
        "timeZone": "Asia/Shanghai",
        "manager": False,
    }


def _google_rows(query: str, rows: Sequence[Row]) -> list[dict[str, Any]]:
    if " FROM keyword_view " in query or " FROM search_term_view " in query:
        return [_google_row(one, terms=" FROM search_term_view " in query) for one in rows]
    return _google_totals(rows) if " FROM customer " in query else []


def _google_row(row: Row, *, terms: bool) -> dict[str, Any]:
    keyword = {"text": row.keyword, "matchType": row.match.upper()}
    found: dict[str, Any] = {
        "customer": _google_customer(),
        "campaign": {"id": row.campaign_id, "name": row.campaign},
        "adGroup": {"id": row.ad_group_id, "name": row.ad_group},
        "segments": {"date": row.day.isoformat(), "device": "DESKTOP"},
        "metrics": _google_metrics(row.impressions, row.clicks, row.cost),
    }
    if terms:
        resource = f"customers/{GOOGLE.account}/adGroupCriteria/{row.ad_group_id}~{row.keyword_id}"
        found["searchTermView"] = {"searchTerm": f"buy {row.keyword}"}
        found["segments"]["keyword"] = {"adGroupCriterion": resource, "info": keyword}
    else:
        found["adGroupCriterion"] = {"criterionId": row.keyword_id, "keyword": keyword}
    return found


def _google_totals(rows: Sequence[Row]) -> list[dict[str, Any]]:
    totals = []
    for day in sorted({one.day for one in rows}):
        of_day = [one for one in rows if one.day == day]
        cost = sum(one.cost for one in of_day)
        clicks = sum(one.clicks for one in of_day)
        hidden = cost // HIDDEN_SHARE // 10_000 * 10_000
        metrics = _google_metrics(sum(one.impressions for one in of_day), clicks, cost + hidden)
        metrics["invalidClicks"] = str(clicks // INVALID_EVERY)
        totals.append(
            {
                "customer": _google_customer(),
                "segments": {"date": day.isoformat()},
                "metrics": metrics,
            }
        )
    return totals


def _google_customer() -> dict[str, str]:
    return {"id": GOOGLE.account, "currencyCode": GOOGLE.currency, "timeZone": "Asia/Shanghai"}


def _google_metrics(impressions: int, clicks: int, cost: int) -> dict[str, Any]:
    return {"impressions": str(impressions), "clicks": str(clicks), "costMicros": str(cost)}


def _baidu_rows(asked: dict[str, Any], rows: Sequence[Row]) -> list[dict[str, Any]]:
    if asked["reportType"] == _TOTALS:
        return [_baidu_total(rows)] if rows else []
    return [
        {name: value for name, value in _baidu_row(one).items() if name in asked["columns"]}
        for one in rows
    ]


def _baidu_total(rows: Sequence[Row]) -> dict[str, Any]:
    return {
        "date": rows[0].day.isoformat(),
        "userName": BAIDU.account,
        "userId": 1,
        "impression": sum(one.impressions for one in rows),
        "click": sum(one.clicks for one in rows),
        "cost": sum(one.cost for one in rows) / 1_000_000,
    }


def _baidu_row(row: Row) -> dict[str, Any]:
    return {
        "date": row.day.isoformat(),
        "userName": BAIDU.account,
        "userId": 1,
        "campaignId": int(row.campaign_id),
        "campaignNameStatus": row.campaign,
        "adGroupId": int(row.ad_group_id),
        "adGroupNameStatus": row.ad_group,
        "winfoIdTypeEnum": 0,
        "wInfoId": int(row.keyword_id),
        "wInfoNameStatus": row.keyword,
        "device": 0,
        "mixWmatchEnum": _MATCH[row.match],
        "queryWord": f"{row.keyword} 厂家",
        "impression": row.impressions,
        "click": row.clicks,
        "cost": row.cost / 1_000_000,
    }
