"""Makes hostile requests for the public entrances: mutations of what their clients really send.

Everything follows from the seed, so that a request that is answered wrongly can be made again.
"""

from __future__ import annotations

import gzip
import json
import random
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from tests.ingest import CHROME

Headers = list[tuple[bytes, bytes]]

TEXTS = (
    "", "\x00", "\ud800", "\U0010ffff", "a" * 10_000, "😀" * 300, "-1", "1e400", "NaN", "null", "%",
    "%00%ff", "%u4e00", "../../etc/passwd", "'; DROP TABLE events --", "{{7*7}}", "<script>", "\\",
    "\u2028", "\u202e", "http://", "https://[::1", "https://pump.example:99999/", "//pump.example",
    "javascript:alert(1)", "https://xn--/", "https://pump.example/" + "a/" * 2_000,
    "https://pump.example/?" + "&".join(f"p{n}=1" for n in range(300)),
    "https://www.pump.example/?gclid=1&bd_vid=2&utm_source=%CB%AE&utm_term=%", "K3F7", "identify",
    "https://pump.example/#!/a?utm_source=x", "li@example.com", "+86 21 5555 0100", "CNY", "0" * 32,
)  # fmt: skip
NUMBERS = (0, -1, 1, 2**31, 2**53, 2**63, 2**64, -(2**63), 10**400, 0.1, -0.0, 1e308, 5e-324)
ADDRESSES = (
    "",
    "203.0.113.7",
    "::1",
    "unknown",
    "1.2.3.4, 5.6.7.8",
    "[::",
    "%",
    "999.1.1.1",
    "1" * 400,
)
NAMES = (*"vsinotaulrdwgpxckb", "name", "url", "domain", "referrer", "props", "revenue", "zz")


@dataclass(frozen=True, slots=True)
class Hostile:
    """One request."""

    method: str
    path: str
    query: bytes
    headers: Headers
    body: bytes


class Generator:
    """Makes requests for ``site``, a key, or the domain pump.example."""

    def __init__(self, site: str, seed: int) -> None:
        self._site = site
        self._chance = random.Random(seed)
        self._makers = (
            *(self._beacon,) * 5, self._image, self._pixel, *(self._plausible,) * 2,
            *(self._matomo,) * 2,
        )  # fmt: skip

    def next(self) -> Hostile:
        """Another request."""
        return self._chance.choice(self._makers)()

    # --- entrances ------------------------------------------------------------------------------

    def _beacon(self) -> Hostile:
        count = self._chance.choice((1, 1, 1, 1, 2, 2, 5, 5, 20, 101))
        events: Any = [self._mutated(self._event()) for _ in range(count)]
        return self._post("/e", self._encoded(events if count > 1 else events[0]))

    def _image(self) -> Hostile:
        text = quote(self._encoded(self._mutated(self._event())))
        return self._get("/e", b"d=" + text.encode())

    def _pixel(self) -> Hostile:
        fields = {"s": self._site, "l": self._text(), "r": self._text(), "n": self._text()}
        return self._get("/p.gif", self._query(fields))

    def _plausible(self) -> Hostile:
        compact = {"n": "pageview", "u": "https://pump.example/", "d": "pump.example", "r": "",
                   "p": {"a": "b"}, "$": {"amount": "5.00", "currency": "EUR"}}  # fmt: skip
        full = {"name": "Order", "url": "https://pump.example/a", "domain": "pump.example",
                "props": {"n": 1}, "revenue": {"amount": 5, "currency": "CNY"}}  # fmt: skip
        event = self._mutated(dict(self._chance.choice((compact, full))))
        return self._post("/api/event", self._encoded(event))

    def _matomo(self) -> Hostile:
        fields = {"idsite": self._site, "rec": "1", "url": "https://pump.example/", "rand": "1",
                  "action_name": "a", "_id": "af344a398df83874", "e_c": "c", "e_a": "a",
                  "idgoal": "0", "revenue": "5", "cdt": "2026-09-15 00:00:00", "token_auth": "x",
                  "cvar": '{"1":["a","b"]}', "_rcn": "c", "uid": "u", "res": "1x1"}  # fmt: skip
        some = {name: fields[name] for name in fields if self._chance.random() < 0.7}
        some = {name: self._text() if self._chance.random() < 0.3 else value
                for name, value in some.items()}  # fmt: skip
        query = self._query(some)
        kind = self._chance.randrange(3)
        if kind == 0:
            return self._get("/matomo.php", query)
        if kind == 1:
            return self._post("/matomo.php", query, b"application/x-www-form-urlencoded")
        bulk = {
            "requests": [f"?{query.decode('latin-1')}", self._json(2)],
            "token_auth": self._json(1),
        }
        return self._post("/matomo.php", self._encoded(bulk), b"application/json")

    # --- their parts ----------------------------------------------------------------------------

    def _event(self) -> dict[str, Any]:
        return {
            "v": 1,
            "s": self._site,
            "i": f"{self._chance.getrandbits(128):032x}",
            "n": "pageview",
            "o": 1_700_000_000_000,
            "t": 1_700_000_001_500,
            "a": 1,
            "u": "0123456789abcdef",
            "l": "https://www.pump.example/?utm_source=baidu&keywordid=7",
            "r": "https://www.baidu.com/",
            "p": {"sku": "IS-80"},
        }

    def _mutated(self, event: dict[str, Any]) -> dict[str, Any]:
        for _ in range(self._chance.choice((0, 1, 1, 2, 3))):
            if self._chance.random() < 0.1:
                event.pop(self._chance.choice(list(event) or ["s"]), None)
            else:
                event[self._chance.choice(NAMES)] = self._json(3)
        return event

    def _json(self, depth: int) -> Any:
        kind = self._chance.randrange(9 if depth else 6)
        if kind == 0:
            return self._chance.choice((None, True, False))
        if kind == 1:
            return self._chance.choice(NUMBERS)
        if kind < 6:
            return self._text()
        count = self._chance.choice((0, 1, 3, 40))
        if kind == 6:
            return [self._json(depth - 1) for _ in range(min(count, 5))]
        return {self._text()[:80]: self._json(0 if count > 3 else depth - 1) for _ in range(count)}

    def _text(self) -> str:
        text = self._chance.choice(TEXTS)
        if self._chance.random() < 0.3:
            return text[: self._chance.randrange(len(text) + 1)] + chr(
                self._chance.randrange(0xD800)
            )
        return text

    def _encoded(self, value: Any) -> bytes:
        """JSON, mostly; sometimes with bytes flipped, cut, doubled or put in."""
        data = json.dumps(value, ensure_ascii=self._chance.random() < 0.5).encode(
            errors="surrogatepass"
        )
        if self._chance.random() < 0.75 or not data:
            return data
        at = self._chance.randrange(len(data))
        return self._chance.choice((
            data[:at],
            data[:at] + self._chance.randbytes(1) + data[at + 1 :],
            data[:at] + data,
            data[:at] + self._chance.randbytes(9) + data[at:],
            b"[" * self._chance.choice((1, 500, 20_000)) + data,
            self._chance.randbytes(self._chance.randrange(400)),
        ))  # fmt: skip

    def _query(self, fields: dict[str, str]) -> bytes:
        text = urlencode(fields, errors="surrogatepass").encode()
        return text if self._chance.random() < 0.8 else text[: len(text) // 2] + b"%&=&%zz=%\xff"

    def _get(self, path: str, query: bytes) -> Hostile:
        return Hostile("GET", path, query, self._headers(), b"")

    def _post(self, path: str, body: bytes, kind: bytes = b"text/plain") -> Hostile:
        headers = [*self._headers(), (b"content-type", kind)]
        chance = self._chance.random()
        if chance < 0.1:
            body = gzip.compress(body, 1)
            headers.append((b"content-encoding", b"gzip"))
            if chance < 0.05:
                body = body[: self._chance.randrange(len(body))]
        elif chance < 0.13:
            headers.append(
                (b"content-encoding", self._chance.choice((b"br", b"", b"gzip", b"\xff")))
            )
        if self._chance.random() < 0.1:
            length = self._chance.choice((b"-1", b"0", b"9" * 30, b"x", b"70000"))
            headers.append((b"content-length", length))
        return Hostile("POST", path, b"", headers, body)

    def _headers(self) -> Headers:
        headers: Headers = []
        if self._chance.random() < 0.9:
            agent = CHROME if self._chance.random() < 0.8 else self._text()
            headers.append((b"user-agent", agent.encode(errors="surrogatepass")))
        if self._chance.random() < 0.3:
            headers.append((b"x-forwarded-for", self._chance.choice(ADDRESSES).encode()))
        if self._chance.random() < 0.3:
            origin = self._chance.choice((b"https://pump.example", b"null", b"https://[", b"\xff"))
            headers.append((b"origin", origin))
        if self._chance.random() < 0.1:
            headers.append(
                (b"authorization", b"Bearer " + self._text()[:200].encode(errors="replace"))
            )
        if self._chance.random() < 0.1:
            headers.append((b"cookie", b"_trk=" + self._text()[:200].encode(errors="replace")))
        if self._chance.random() < 0.1:
            headers.append((b"referer", self._text()[:3_000].encode(errors="surrogatepass")))
        return headers
