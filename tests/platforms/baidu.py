"""Baidu 营销: getReportData with its pages, its labels and its nulls, and the token endpoint."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response

from tests.platforms.scenario import HIDDEN, Ad
from tests.platforms.server import Simulator

QUOTA_CODE = 8501
NULL = 1.7976931348623158e303
KINDS = {"": (0, "关键词"), "word_package": (1, "词包"), "auto_expansion": (3, "自动扩量")}
MATCHES = {
    "smart": (0, "智能"),
    "phrase": (17, "短语"),
    "exact": (48, "精确"),
    "broad": (99, "广泛"),
}
DEVICES = {"desktop": (0, "计算机"), "mobile": (1, "移动")}


@dataclass
class BaiduSimulator(Simulator):
    """``labels`` writes enums as words, ``as_object`` the data as an object; ``deleted`` marks
    every name; ``most`` is the largest page that the platform gives. ``shrinks`` drops a row of
    the account after so many pages. ``failures`` are answered before anything else."""

    labels: bool = False
    as_object: bool = False
    deleted: bool = False
    most: int = 5
    shrinks: int = -1
    failures: list[dict[str, Any]] = field(default_factory=list)
    token_path: str = "/oauth/refreshToken"

    def refusal(self, kind: str) -> Response:
        code, words = (QUOTA_CODE, "quota") if kind == "limit" else (8301, "token")
        return failed(2, code, words)

    async def token(self, body: bytes) -> Response:
        content = json.loads(body)
        assert (content["appId"], content["userId"]) == ("app-9", 1234)
        if content.get("grantType") == "auth_code":
            good = (content["authCode"], content["secretKey"]) == (self.code, "key-secret-55")
            self.code = ""
            if not good:
                return JSONResponse({"code": 400102, "message": "authCode invalid", "data": None})
            content["refreshToken"] = self.refresh_token
        if not self.rotate(content["refreshToken"]):
            return JSONResponse({"code": 400101, "message": "refreshToken invalid", "data": None})
        token = self.new_token()
        data = {
            "accessToken": token, "refreshToken": self.refresh_token, "openId": "o",
            "expiresTime": "2026-10-21 12:00:00", "expiresIn": 86_400,
            "refreshExpiresIn": 2_592_000, "userId": 1234,
        }  # fmt: skip
        return JSONResponse({"code": 0, "message": "success", "data": data})

    async def answer(self, path: str, headers: Headers, body: bytes) -> Response:
        if path == "/oauth/accessToken":
            return await self.token(body)
        assert (path, headers["content-type"]) == ("/report", "application/json")
        content = json.loads(body)
        assert content["header"]["userName"] == self.scenario.login
        if content["header"]["accessToken"] not in self.tokens:
            return self.refusal("expired")
        if self.failures:
            return JSONResponse(self.failures.pop(0))
        asked = content["body"]
        ads = self.scenario.of(
            date.fromisoformat(asked["startDate"]), date.fromisoformat(asked["endDate"])
        )
        if asked["reportType"] == 2208157:
            rows = [self._sum(ads)] if ads else []
        else:
            rows = [self._row(ad, asked["columns"]) for ad in ads if ad.reason != HIDDEN]
        size, start = min(asked["rowCount"], self.most), asked["startRow"]
        page = rows[start : start + size]
        data = {"rowCount": len(page), "totalRowCount": len(rows), "rows": page}
        if self.shrinks >= 0 and ads:
            self.shrinks -= 1
            if self.shrinks < 0:
                self.scenario.drop(ads[0].day, ads[0].keyword_id)
        header = {"status": 0, "desc": "success", "failures": [], "rquota": 49999, "traceid": "t"}
        return Response(
            json.dumps({"header": header, "body": {"data": data if self.as_object else [data]}}),
            media_type="application/json",
        )

    def _enum(self, table: dict[str, tuple[int, str]], key: str) -> int | str:
        return table[key][1 if self.labels else 0]

    def _row(self, ad: Ad, columns: list[str]) -> dict[str, Any]:
        mark = "[已删除]" if self.deleted else ""
        row = {
            "date": ad.day.isoformat(), "userName": self.scenario.login,
            "userId": int(self.scenario.account), "campaignId": int(ad.campaign_id),
            "campaignNameStatus": ad.campaign + mark,
            "adGroupId": int(ad.ad_group_id or 0), "adGroupNameStatus": (ad.ad_group + mark),
            "winfoIdTypeEnum": self._enum(KINDS, ad.reason), "wInfoId": int(ad.keyword_id or 71),
            "wInfoNameStatus": (ad.keyword or "词包甲") + mark,
            "device": self._enum(DEVICES, ad.device),
            "mixWmatchEnum": MATCHES[ad.match_type][1] if ad.match_type == "broad" and ad.match_type
            else self._enum(MATCHES, ad.match_type or "smart"),
            "queryWord": f"buy {ad.keyword}", "impression": ad.impressions, "click": ad.clicks,
            "cost": float(ad.amount), "conversions": NULL,
        }  # fmt: skip
        return {column: row[column] for column in columns}

    def _sum(self, ads: list[Ad]) -> dict[str, Any]:
        return {
            "date": ads[0].day.isoformat(), "userName": self.scenario.login,
            "userId": int(self.scenario.account), "impression": sum(ad.impressions for ad in ads),
            "click": NULL, "cost": float(sum(ad.amount for ad in ads)),
        }  # fmt: skip


def failed(status: int, code: int, words: str) -> JSONResponse:
    """HTTP 200 with a header that says no."""
    failure = {"code": code, "message": words, "position": "", "field": "", "id": None}
    header = {"status": status, "desc": "failure", "failures": [failure], "oprs": 1, "succ": 0}
    return JSONResponse({"header": header, "body": {}})
