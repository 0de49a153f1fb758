"""Yandex Direct: the Reports service with its queue, and the token endpoint."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response

from tests.platforms.scenario import HIDDEN, Ad
from tests.platforms.server import Simulator


def error(code: int, words: str = "no", status: int = 400) -> JSONResponse:
    """An error in the platform's shape."""
    found = {
        "error_code": code, "error_string": words, "error_detail": "detail", "request_id": "1",
    }  # fmt: skip
    return JSONResponse({"error": found}, status)


@dataclass
class YandexSimulator(Simulator):
    """``queue`` are the answers before a report is made: 201 or 202. A report of more than
    ``most_days`` is too big. A report of a name made before is answered as it was made."""

    queue: list[int] = field(default_factory=list)
    most_days: int = 99
    refusals: list[Response] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    made: dict[str, Response] = field(default_factory=dict)

    def refusal(self, kind: str) -> Response:
        if kind == "expired":
            return error(53, "Authorization error")
        answer = error(56, "Limit")
        answer.headers["retryIn"] = str(self.limit_delay)
        return answer

    async def token(self, body: bytes) -> Response:
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if form.get("grant_type") == "authorization_code":
            if not self.coded(form):
                return JSONResponse({"error": "bad_verification_code"}, 400)
            form["refresh_token"] = self.refresh_token
        if not self.rotate(form["refresh_token"]):
            return JSONResponse({"error": "invalid_grant", "error_description": "expired"}, 400)
        return JSONResponse(
            {"access_token": self.new_token(), "expires_in": 3600, "token_type": "bearer",
             "refresh_token": self.refresh_token}
        )  # fmt: skip

    async def answer(self, path: str, headers: Headers, body: bytes) -> Response:
        assert path == "/reports"
        if headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return self.refusal("expired")
        assert headers["client-login"] == self.scenario.login
        assert (headers["skipreportheader"], headers["returnmoneyinmicros"]) == ("true", "false")
        if self.refusals:
            return self.refusals.pop(0)
        self.bodies.append(body)
        if self.queue:
            return Response(b"", self.queue.pop(0), {"retryIn": "9"})
        params = json.loads(body)["params"]
        if params["ReportName"] not in self.made:
            self.made[params["ReportName"]] = self._report(params, headers)
        return self.made[params["ReportName"]]

    def _report(self, params: dict[str, Any], headers: Headers) -> Response:
        first, last = (
            date.fromisoformat(params["SelectionCriteria"][name]) for name in ("DateFrom", "DateTo")
        )
        if (last - first).days >= self.most_days:
            return Response(b"<html>Bad Gateway</html>", 502)
        ads = self.scenario.of(first, last)
        if not params["ReportType"].startswith("ACCOUNT"):
            ads = [ad for ad in ads if ad.reason != HIDDEN]
        rows = [self._row(ad) for ad in ads]
        columns = params["FieldNames"]
        lines = ["\t".join(columns), *("\t".join(row[name] for name in columns) for row in rows)]
        if headers["skipreportsummary"] == "false":
            lines.append(f"Total rows: {len(rows)}")
        return Response("\n".join(lines) + "\n", media_type="text/tab-separated-values")

    def _row(self, ad: Ad) -> dict[str, str]:
        return {
            "Date": ad.day.isoformat(), "CampaignId": ad.campaign_id, "CampaignName": ad.campaign,
            "AdGroupId": ad.ad_group_id or "--", "AdGroupName": ad.ad_group or "--",
            "CriterionId": ad.keyword_id or "205", "Criterion": ad.keyword or "---autotargeting",
            "CriterionType": ad.reason.upper() or "KEYWORD", "Device": ad.device.upper(),
            "Impressions": str(ad.impressions), "Clicks": str(ad.clicks), "Cost": str(ad.amount),
            "Conversions": "--", "Query": f"buy {ad.keyword}",
        }  # fmt: skip
