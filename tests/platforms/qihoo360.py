"""360 点睛: clientLogin, keywordCount and keyword, with a lock after five wrong log-ins."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import parse_qs

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response

from tests.platforms.scenario import Ad
from tests.platforms.server import Simulator

API_SECRET = "0123456789abcdefFEDCBA9876543210"
TYPES = {"desktop": "computer", "mobile": "mobile"}
TOKEN_CODE = 70001
NOT_READY = 70109


def failures(code: int, words: str) -> JSONResponse:
    """HTTP 200 that says no."""
    return JSONResponse({"failures": [{"code": code, "message": words}]})


@dataclass
class Qihoo360Simulator(Simulator):
    """``rows`` a page. ``refusals`` are answered before anything else. ``shrinks`` drops a row
    after so many pages."""

    password: str = "password-secret"
    rows: int = 5
    wrong: int = 0
    shrinks: int = -1
    refusals: list[Response] = field(default_factory=list)
    token_path: str = "/account/clientLogin"

    def refusal(self, kind: str) -> Response:
        if kind == "expired":
            return failures(TOKEN_CODE, "accessToken expired")
        return Response(b"", 429, {"Retry-After": str(self.limit_delay)})

    async def token(self, body: bytes) -> Response:
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        assert (form["username"], form["format"]) == ("pump", "json")
        secret = API_SECRET.encode()
        cipher = Cipher(algorithms.AES(secret[:16]), modes.CBC(secret[16:])).decryptor()
        digest = cipher.update(bytes.fromhex(form["passwd"])) + cipher.finalize()
        if self.wrong >= 5:
            return failures(1002, "locked until tomorrow")
        if digest.decode() != hashlib.md5(self.password.encode()).hexdigest():
            self.wrong += 1
            return failures(1001, "wrong password")
        return JSONResponse({"uid": 1, "accessToken": self.new_token()})

    async def answer(self, path: str, headers: Headers, body: bytes) -> Response:
        assert headers["apikey"] == "api-key-secret"
        if headers.get("accesstoken", "") not in self.tokens:
            return self.refusal("expired")
        if self.refusals:
            return self.refusals.pop(0)
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        assert form["startDate"] == form["endDate"]
        day = date.fromisoformat(form["startDate"])
        ads = self.scenario.of(day, day)
        if path.endswith("/keywordCount"):
            pages = math.ceil(len(ads) / self.rows)
            return JSONResponse({"totalNumber": len(ads), "totalPage": pages})
        start = (int(form["page"]) - 1) * self.rows
        page = ads[start : start + self.rows]
        if self.shrinks >= 0 and page:
            self.shrinks -= 1
            if self.shrinks < 0:
                self.scenario.drop(page[0].day, page[0].keyword_id)
        return JSONResponse({"keywordList": [_row(ad) for ad in page] or None})


def _row(ad: Ad) -> dict[str, Any]:
    return {
        "date": ad.day.isoformat(), "type": TYPES[ad.device], "campaignId": ad.campaign_id,
        "campaignName": ad.campaign, "groupId": ad.ad_group_id, "groupName": ad.ad_group,
        "keywordId": ad.keyword_id, "keyword": ad.keyword, "views": str(ad.impressions),
        "clicks": str(ad.clicks), "totalCost": str(ad.amount), "avgPosition": "1",
    }  # fmt: skip
