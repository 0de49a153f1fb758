"""The address of a page, taken apart: host, path, query, and its parameters decoded.

Percent-encoded values decode as UTF-8 or, where they are not UTF-8, as GB18030 (the superset of
GBK and GB2312 in which older Chinese engines and tags write). A few short GBK words are valid
UTF-8 too (``%D2%BB`` is 一 in GBK and a Cyrillic letter in UTF-8): those are read as GBK only
where the address itself speaks of a Chinese network.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_to_bytes

#: More parameters than this in one URL are not looked at.
MAX_PARAMS = 128
_CHINESE = re.compile(r"baidu|bd_vid|sogou|haosou|qhclickid|so\.com|360|ie=gb|sm\.cn|toutiao", re.I)
_HOST = re.compile(r"^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


@dataclass(frozen=True, slots=True)
class Address:
    """A URL in parts: lower-case host without port and ``www`` kept, raw path and raw query."""

    scheme: str
    host: str
    path: str
    query: str

    @property
    def chinese(self) -> bool:
        """Whether the address itself names a Chinese network or character set."""
        return _CHINESE.search(f"{self.host}?{self.query}") is not None

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Raw (name, value) pairs in order, the name decoded and lower-cased."""
        for part in self.query.split("&", MAX_PARAMS)[:MAX_PARAMS] if self.query else ():
            name, _, value = part.partition("=")
            if name:
                yield (decode(name) if "%" in name else name).lower(), value


def parse_address(url: str) -> Address | None:
    """Take a URL apart; None when it has no scheme and host that can be a web page's.

    Short ones are remembered: a site's pages come again and again.

    A fragment that is a route (``#/a``, ``#!/a``) belongs to the path; parameters within a
    fragment join the query; any other fragment is dropped.
    """
    return _parse_again(url) if len(url) <= 256 else _parse(url)


def _parse(url: str) -> Address | None:
    plain = url if url.isprintable() else _CONTROL.sub("", url)
    scheme, mark, rest = plain.strip().partition("://")
    scheme = scheme.lower()
    if not mark or scheme not in ("http", "https", "android-app", "ios-app"):
        return None
    rest, _, fragment = rest.partition("#")
    rest, _, query = rest.partition("?")
    authority, slash, path = rest.partition("/")
    host = _clean_host(authority)
    if host is None:
        return None
    path = slash + path
    if fragment:
        path, query = _with_fragment(path, query, fragment)
    return Address(scheme, host, path or "/", query)


_parse_again = lru_cache(maxsize=8_192)(_parse)


@lru_cache(maxsize=16_384)
def _clean_host(authority: str) -> str | None:
    host = authority.rpartition("@")[2].lower()
    if host.startswith("["):
        return host.partition("]")[0] + "]" if "]" in host else None
    host = host.partition(":")[0].rstrip(".")
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            return None
    return host if len(host) <= 253 and _HOST.match(host) else None


def _with_fragment(path: str, query: str, fragment: str) -> tuple[str, str]:
    route, _, parameters = fragment.partition("?")
    if route[:1] in "/!" and route:
        path = f"{path}#{route}"
    elif not parameters and "utm_" in route:
        parameters = route
    return path, f"{query}&{parameters}" if query and parameters else query or parameters


def decode(raw: str, *, chinese: bool = False) -> str:
    """A raw parameter as text: ``+`` is a space, percent escapes are UTF-8 or GB18030."""
    if "%" not in raw:
        return (raw.replace("+", " ") if "+" in raw else raw).strip()
    data = unquote_to_bytes(raw.replace("+", " "))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("gb18030", errors="replace")
    else:
        if chinese and _maybe_gbk(text):
            text = _as_gbk(data) or text
    return (text if text.isprintable() else _CONTROL.sub(" ", text)).strip()


def _maybe_gbk(text: str) -> bool:
    letters = [c for c in text if not c.isascii()]
    return bool(letters) and all(c < "\u0800" for c in letters)


def _as_gbk(data: bytes) -> str | None:
    try:
        return data.decode("gb2312")
    except UnicodeDecodeError:
        return None


def without_param(query: str, name: str, value: str) -> str:
    """The raw query without the parameter of that (lower-case) name and decoded value."""
    kept = []
    for part in query.split("&"):
        key, _, raw = part.partition("=")
        if key.lower() != name or decode(raw) != value:
            kept.append(part)
    return "&".join(kept)
