"""The address of a warehouse: which form of ClickHouse, and where."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from tracker.errors import ConfigError

FORMS = (
    "chdb:///absolute/directory, chdb://memory, http(s)://[user:password@]host[:port]/[database]"
)
_DEFAULT_PORTS = {"http": 8123, "https": 8443}


@dataclass(frozen=True, slots=True)
class EmbeddedAddress:
    """The engine in this process; ``directory`` is None for one that lives in memory."""

    directory: Path | None

    def __str__(self) -> str:
        return f"chdb://{self.directory}" if self.directory else "chdb://memory"


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """A ClickHouse server's HTTP interface. Its text never has the password."""

    scheme: str
    host: str
    port: int
    user: str
    password: str
    database: str

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}/{self.database}"

    def __repr__(self) -> str:
        return f"ServerAddress({self})"


def parse_address(url: str) -> EmbeddedAddress | ServerAddress:
    """Read a warehouse URL; raises ConfigError, without the password, for any other form."""
    parts = urlsplit(url)
    if parts.scheme == "chdb":
        return _embedded(url, parts)
    if parts.scheme in _DEFAULT_PORTS:
        return _server(parts)
    raise ConfigError(
        f"A warehouse URL cannot start with {parts.scheme or 'nothing'}:.", hint=_hint()
    )


def _embedded(url: str, parts: SplitResult) -> EmbeddedAddress:
    if parts.netloc == "memory" and parts.path in ("", "/"):
        return EmbeddedAddress(None)
    if parts.netloc or len(parts.path) < 2 or parts.query or parts.fragment:
        raise ConfigError(f"The warehouse URL {url!r} names no absolute directory.", hint=_hint())
    return EmbeddedAddress(Path(unquote(parts.path)))


def _server(parts: SplitResult) -> ServerAddress:
    database = unquote(parts.path.strip("/"))
    try:
        port = parts.port or _DEFAULT_PORTS[parts.scheme]
    except ValueError:
        raise ConfigError("The port of the warehouse URL is not a number.", hint=_hint()) from None
    if not parts.hostname or "/" in database or parts.query or parts.fragment:
        raise ConfigError(
            f"The warehouse URL for host {parts.hostname!r} and database {database!r} has a part "
            "that is missing or has no meaning.",
            hint=_hint(),
        )
    return ServerAddress(
        scheme=parts.scheme,
        host=parts.hostname,
        port=port,
        user=unquote(parts.username or "default"),
        password=unquote(parts.password or ""),
        database=database or "default",
    )


def _hint() -> str:
    return f"Use one of: {FORMS}."
