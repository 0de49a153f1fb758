"""Google Ads: searchStream over GAQL, as far as the connector asks, and the token endpoint."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response

from tests.platforms.scenario import HIDDEN, Ad
from tests.platforms.server import Simulator

DEVICES = {"desktop": "DESKTOP", "mobile": "MOBILE"}
#: HIDDEN spend is in the account's total alone.
CHANNELS = {"pmax": "PERFORMANCE_MAX", HIDDEN: "SMART"}
CHUNK = 10


def error(
    code: int, status: str, kind: str = "", value: str = "", *, delay: str = "", message: str = "no"
) -> dict[str, Any]:
    """An error in the platform's shape."""
    found: dict[str, Any] = {"error": {"code": code, "message": message, "status": status}}
    if kind:
        fault: dict[str, Any] = {"errorCode": {kind: value}, "message": message}
        if delay:
            fault["details"] = {
                "quotaErrorDetails": {"rateScope": "DEVELOPER", "retryDelay": delay}
            }
        found["error"]["details"] = [
            {
                "@type": "type.googleapis.com/google.ads.googleads.v25.errors.GoogleAdsFailure",
                "errors": [fault],
                "requestId": "r1",
            }
        ]
    return found


@dataclass
class GoogleSimulator(Simulator):
    """``late_errors`` follow a stream's rows; ``answers`` stand in for whole answers."""

    refusals: list[dict[str, Any]] = field(default_factory=list)
    late_errors: list[dict[str, Any]] = field(default_factory=list)
    token_path: str = "/token"

    def refusal(self, kind: str) -> Response:
        if kind == "expired":
            return JSONResponse([error(401, "UNAUTHENTICATED")], 401)
        found = error(
            429, "RESOURCE_EXHAUSTED", "quotaError", "RESOURCE_EXHAUSTED",
            delay=f"{self.limit_delay}s",
        )  # fmt: skip
        return JSONResponse([found], 429)

    async def token(self, body: bytes) -> Response:
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if form.get("grant_type") == "authorization_code":
            if not self.coded(form):
                return JSONResponse({"error": "invalid_grant"}, 400)
            form["refresh_token"] = self.refresh_token
        if form.get("refresh_token") != self.refresh_token:
            return JSONResponse({"error": "invalid_grant", "error_description": "Bad Request"}, 400)
        token = {"access_token": self.new_token(), "expires_in": 3600, "token_type": "Bearer"}
        if form.get("grant_type") == "authorization_code":
            token["refresh_token"] = self.refresh_token
        return JSONResponse(token)

    async def answer(self, path: str, headers: Headers, body: bytes) -> Response:
        if headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return self.refusal("expired")
        if path.endswith("customers:listAccessibleCustomers"):
            names = [f"customers/{self.scenario.manager}", "customers/5550001111"]
            return JSONResponse({"resourceNames": names})
        found = re.fullmatch(r"/v25/customers/(\d+)/googleAds:searchStream", path)
        assert found, path
        if self.refusals:
            refusal = self.refusals.pop(0)
            return JSONResponse([refusal], refusal["error"]["code"])
        query = json.loads(body)["query"]
        if " FROM customer_client " in query:
            return self._clients(found[1])
        if found[1] == self.scenario.manager:
            refusal = error(
                400, "INVALID_ARGUMENT", "queryError", "REQUESTED_METRICS_FOR_MANAGER"
            )  # fmt: skip
            return JSONResponse([refusal], 400)
        assert headers["login-customer-id"] == self.scenario.manager
        return self._stream([self._row(ad, query) for ad in self._asked(query)])

    def _asked(self, query: str) -> list[Ad]:
        days = [date.fromisoformat(text) for text in re.findall(r"'(\d{4}-\d\d-\d\d)'", query)]
        ads = self.scenario.of(days[0], days[-1])
        view = query.split(" FROM ")[1].split()[0]
        if view == "keyword_view":
            return [ad for ad in ads if ad.keyword]
        if view == "campaign":
            return [ad for ad in ads if ad.reason and CHANNELS[ad.reason] in query]
        if view == "click_view":
            assert len(days) == 1
            return [ad for ad in ads if ad.clicks and ad.keyword]
        if view == "search_term_view":
            return [ad for ad in ads if ad.keyword]
        return ads

    def _stream(self, rows: list[dict[str, Any]]) -> Response:
        chunks: list[dict[str, Any]] = [
            {"results": rows[at : at + CHUNK], "fieldMask": "customer.id", "requestId": "r"}
            for at in range(0, len(rows), CHUNK)
        ]
        chunks = chunks or [{"fieldMask": "customer.id", "requestId": "r"}]
        if self.late_errors:
            chunks.append(self.late_errors.pop(0))
        return Response(json.dumps(chunks, indent=1), media_type="application/json")

    def _clients(self, root: str) -> Response:
        scenario = self.scenario
        if root != scenario.manager:
            refusal = error(403, "PERMISSION_DENIED", "authorizationError", "CUSTOMER_NOT_ENABLED")
            return JSONResponse([refusal], 403)
        clients = [
            {"id": scenario.manager, "descriptiveName": "Agency", "manager": True},
            {"id": scenario.account, "descriptiveName": "Pump Works", "manager": False},
        ]
        more = {"currencyCode": scenario.currency, "timeZone": scenario.timezone}
        return self._stream([{"customerClient": client | more} for client in clients])

    def _row(self, ad: Ad, query: str) -> dict[str, Any]:
        scenario = self.scenario
        metrics: dict[str, Any] = {
            "clicks": str(ad.clicks), "impressions": str(ad.impressions),
            "costMicros": str(ad.cost), "conversions": float(ad.conversions),
            "conversionsValue": float(ad.value),
            **({"invalidClicks": str(ad.invalid)} if "invalid_clicks" in query else {}),
        }  # fmt: skip
        row: dict[str, Any] = {
            "customer": {
                "resourceName": f"customers/{scenario.account}", "id": scenario.account,
                "currencyCode": scenario.currency, "timeZone": scenario.timezone,
            },
            "campaign": {"id": ad.campaign_id, "name": ad.campaign},
            # Absent fields are left out.
            "metrics": {name: value for name, value in metrics.items() if value not in ("0", 0.0)},
            "segments": {"date": ad.day.isoformat(), "device": DEVICES[ad.device]},
        }  # fmt: skip
        if ad.reason:
            row["campaign"]["advertisingChannelType"] = CHANNELS[ad.reason]
            return row
        criterion = f"customers/{scenario.account}/adGroupCriteria/{ad.ad_group_id}~{ad.keyword_id}"
        info = {"text": ad.keyword, "matchType": ad.match_type.upper()}
        row["adGroup"] = {"id": ad.ad_group_id, "name": ad.ad_group}
        row["adGroupCriterion"] = {
            "resourceName": criterion, "criterionId": ad.keyword_id, "keyword": info,
        }  # fmt: skip
        if "click_view" in query:
            gclid = f"Cj{ad.day:%m%d}-{ad.ad_group_id}-{ad.keyword_id}-{ad.device}"
            row["clickView"] = {"gclid": gclid, "keyword": criterion, "keywordInfo": info}
            del row["customer"], row["metrics"]
        if "search_term_view" in query:
            row["searchTermView"] = {"searchTerm": f"buy {ad.keyword}"}
            row["segments"]["keyword"] = {"adGroupCriterion": criterion, "info": info}
        return row
