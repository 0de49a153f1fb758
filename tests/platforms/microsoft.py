"""Microsoft Advertising: submit, poll, download of a zipped CSV, and the token endpoint."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response

from tests.platforms.scenario import HIDDEN, Ad
from tests.platforms.server import Simulator

DEVICES = {"desktop": "Computer", "mobile": "Smartphone"}
SIGNATURE = "sig-secret-31"


def fault(code: int, name: str, message: str = "no", *, kind: str = "Operation") -> JSONResponse:
    """An error in one of the platform's two shapes."""
    error = {"Code": code, "ErrorCode": name, "Details": None, "Message": message}
    if kind == "Operation":
        body = {"OperationErrors": [error], "BatchErrors": [], "Type": "ApiFaultDetail"}
    else:
        body = {"Errors": [error], "Type": "AdApiFaultDetail"}
    return JSONResponse(body | {"TrackingId": "65602e3d"}, 400)


@dataclass
class MicrosoftSimulator(Simulator):
    """``pending`` polls come before a report is made; ``expiring`` downloads find the address
    expired; ``refusals`` are answered before anything else."""

    url: str = ""
    pending: int = 0
    expiring: int = 0
    polled: str = "Success"
    refusals: list[Response] = field(default_factory=list)
    reports: dict[str, dict[str, Any]] = field(default_factory=dict)
    signatures: int = 0

    def refusal(self, kind: str) -> Response:
        if kind == "expired":
            return fault(109, "AuthenticationTokenExpired")
        return fault(117, "CallRateExceeded")

    async def token(self, body: bytes) -> Response:
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if form.get("grant_type") == "authorization_code":
            if not self.coded(form):
                return JSONResponse({"error": "invalid_grant"}, 400)
            form["refresh_token"] = self.refresh_token
        else:
            assert "offline_access" in form["scope"]
        if not self.rotate(form["refresh_token"]):
            return JSONResponse({"error": "invalid_grant", "error_description": "AADSTS700"}, 400)
        return JSONResponse(
            {"access_token": self.new_token(), "expires_in": 3600, "token_type": "Bearer",
             "refresh_token": self.refresh_token}
        )  # fmt: skip

    async def answer(self, path: str, headers: Headers, body: bytes) -> Response:
        if path.startswith("/blob/"):
            return self._download(path, headers)
        if headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return self.refusal("expired")
        if self.refusals:
            return self.refusals.pop(0)
        assert headers["developertoken"] == "developer-secret"
        assert headers["customerid"] == self.scenario.manager
        content = json.loads(body)
        if path.endswith("/Submit"):
            report = f"r{len(self.reports)}"
            self.reports[report] = content["ReportRequest"]
            return JSONResponse({"ReportRequestId": report})
        if self.pending:
            self.pending -= 1
            return _status("Pending", None)
        report = content["ReportRequestId"]
        if not self._rows(self.reports[report]):
            return _status("Success", None)
        self.signatures += 1
        return _status(
            self.polled, f"{self.url}/blob/{report}.zip?n={self.signatures}&sig={SIGNATURE}"
        )

    def _download(self, path: str, headers: Headers) -> Response:
        assert "authorization" not in headers, "the token went to another service"
        if self.expiring:
            self.expiring -= 1
            return Response(b"<Error>AuthenticationFailed</Error>", 403)
        asked = self.reports[path.removeprefix("/blob/").removesuffix(".zip")]
        text = io.StringIO()
        rows = csv.DictWriter(
            text, asked["Columns"], quoting=csv.QUOTE_ALL, extrasaction="ignore"
        )  # fmt: skip
        rows.writeheader()
        rows.writerows(self._row(ad) for ad in self._rows(asked))
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("report.csv", text.getvalue().encode("utf-8-sig"))
        return Response(packed.getvalue(), media_type="application/x-zip-compressed")

    def _rows(self, asked: dict[str, Any]) -> list[Ad]:
        first, last = (
            date(one["Year"], one["Month"], one["Day"])
            for one in (
                asked["Time"]["CustomDateRangeStart"],
                asked["Time"]["CustomDateRangeEnd"],
            )
        )
        ads = self.scenario.of(first, last)
        if asked["Type"].startswith("Account"):
            return ads
        return [ad for ad in ads if ad.reason != HIDDEN]

    def _row(self, ad: Ad) -> dict[str, str]:
        return {
            "TimePeriod": ad.day.isoformat(), "AccountId": self.scenario.account,
            "CurrencyCode": self.scenario.currency, "CampaignId": ad.campaign_id,
            "CampaignName": ad.campaign, "AdGroupId": ad.ad_group_id or "--",
            "AdGroupName": ad.ad_group or "--", "KeywordId": ad.keyword_id or "--",
            "Keyword": ad.keyword or "--",
            "BidMatchType": ad.match_type.title() or "--",
            "DeliveredMatchType": "Performance Max" if ad.reason == "pmax" else "--",
            "DeviceType": DEVICES[ad.device], "Network": "Bing and Yahoo! search",
            "Impressions": str(ad.impressions), "Clicks": str(ad.clicks),
            "Spend": str(ad.amount), "Conversions": "1", "ConversionsQualified": "--",
            "LowQualityClicks": str(ad.invalid),
            "Revenue": str(ad.value), "SearchQuery": f"buy {ad.keyword}",
            "MSClickId": f"{ad.day:%m%d}{ad.ad_group_id}{ad.keyword_id}{ad.device}",
        }  # fmt: skip


def _status(status: str, url: str | None) -> Response:
    return JSONResponse({"ReportRequestStatus": {"Status": status, "ReportDownloadUrl": url}})
