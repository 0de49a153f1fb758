"""Settings: one table of name, default and help, read from the environment and a TOML file.

The environment (``TRACKER_NAME``) wins over the file (``name = …``), the file over the default.
The file is the one named by ``TRACKER_CONFIG``, else ``tracker.toml`` in the working directory if
there is one. An unknown key, in either place, is an error that names it.
"""

from __future__ import annotations

import os
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tracker.errors import ConfigError

PREFIX = "TRACKER_"
CONFIG_FILE = "tracker.toml"
#: Read by the test suite and the Makefile, not by the program.
FOREIGN = frozenset({"TRACKER_CONFIG", "TRACKER_SKIP_BROWSER"})


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting; its type is that of its default."""

    name: str
    default: str | int
    help: str

    @property
    def variable(self) -> str:
        """The environment variable."""
        return PREFIX + self.name.upper()


SETTINGS: tuple[Setting, ...] = (
    Setting("data", "./data", "Directory of everything that is stored: engine, metadata, spool"),
    Setting("clickhouse_url", "", "http(s)://user:password@host:port/db; empty = embedded in DATA"),
    Setting("database_url", "", "postgresql://… or sqlite:///…; empty = SQLite in DATA"),
    Setting("host", "127.0.0.1", "Address to listen on"),
    Setting("port", 8000, "Port to listen on"),
    Setting("public_url", "", "Address that browsers use; empty = http://HOST:PORT"),
    Setting("secret_key", "", "Signs sessions; empty = made once in DATA/secret.key"),
    Setting("encryption_key", "", "Seals secrets of connections; empty = DATA/connections.key"),
    Setting("platforms", "", "TOML file with addresses and settings of ad platforms; empty = none"),
    Setting("alert_url", "", "Where to POST what needs attention, as JSON; empty = nowhere"),
    Setting("rates_url", "", "Daily exchange rates: ecb, an https or file address; empty = none"),
    Setting("trusted_proxies", "127.0.0.1/32,::1/128", "Proxies whose X-Forwarded-For counts"),
    Setting("city_mmdb", "", "MMDB file with cities; empty = country only"),
    Setting("network_mmdb", "", "MMDB file with network owners (ASN); empty = none"),
    Setting("ip2region", "", "ip2region files (.xdb), comma between; empty = none"),
    Setting("hosting_networks", "", "File with networks of data centres; empty = packaged list"),
    Setting("spool_mb", 2048, "Disk budget of events that wait for ClickHouse, MiB; then 503"),
    Setting("memory_mb", 512, "Memory limit of one job statement in ClickHouse, MiB"),
    Setting("pool", 8, "Simultaneous ClickHouse calls of one process"),
    Setting("log_level", "info", "debug, info, warning or error"),
)  # fmt: skip

LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings as read; see the table for meanings. ``data`` is absolute."""

    data: Path
    clickhouse_url: str
    database_url: str
    host: str
    port: int
    public_url: str
    secret_key: str
    encryption_key: str
    platforms: str
    alert_url: str
    rates_url: str
    trusted_proxies: tuple[str, ...]
    city_mmdb: str
    network_mmdb: str
    ip2region: str
    hosting_networks: str
    spool_mb: int
    memory_mb: int
    pool: int
    log_level: str

    @property
    def warehouse_url(self) -> str:
        """Where ClickHouse is; the embedded engine's directory by default."""
        return self.clickhouse_url or f"chdb://{self.data / 'clickhouse'}"

    @property
    def metadata_url(self) -> str:
        """Where accounts, sites and runs are; a SQLite file by default."""
        return self.database_url or f"sqlite:///{self.data / 'tracker.db'}"

    @property
    def address(self) -> str:
        """The address that browsers use, without a slash at the end."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"

    @property
    def spool(self) -> Path:
        """Where acknowledged events wait for the loader."""
        return self.data / "spool"

    @property
    def watch(self) -> Path:
        """Where spend files are dropped: one folder a site."""
        return self.data / "watch"

    @property
    def held(self) -> Path:
        """Where spend files wait that a person has to decide on."""
        return self.data / "held"

    @property
    def socket(self) -> Path:
        """The owner's door to a running server."""
        return self.data / "tracker.sock"


def load_settings(
    environment: Mapping[str, str] | None = None, **overrides: str | int | None
) -> Settings:
    """Settings from overrides (command-line flags), environment, file and defaults.

    ConfigError names the key, its value and what is allowed.
    """
    variables = os.environ if environment is None else environment
    values: dict[str, str | int] = {setting.name: setting.default for setting in SETTINGS}
    values |= _from_file(variables)
    values |= _from_environment(variables)
    values |= {name: value for name, value in overrides.items() if value is not None}
    return _checked({setting.name: _typed(setting, values[setting.name]) for setting in SETTINGS})


def secret_key(settings: Settings) -> str:
    """The key that signs sessions: the setting, or one made once with mode 0600 in DATA."""
    if settings.secret_key:
        return settings.secret_key
    file = settings.data / "secret.key"
    settings.data.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_text().strip()
    with os.fdopen(handle, "w") as target:
        key = secrets.token_urlsafe(32)
        target.write(key + "\n")
    return key


def _from_environment(variables: Mapping[str, str]) -> dict[str, str | int]:
    known = {setting.variable: setting.name for setting in SETTINGS}
    found: dict[str, str | int] = {}
    for variable, value in variables.items():
        if not variable.startswith(PREFIX) or variable in FOREIGN:
            continue
        if variable not in known:
            raise ConfigError(
                f"Unknown setting {variable} in the environment.",
                hint="Known: " + ", ".join(sorted(known)) + ".",
            )
        if value:
            found[known[variable]] = value
    return found


def _from_file(variables: Mapping[str, str]) -> dict[str, str | int]:
    named = variables.get("TRACKER_CONFIG")
    file = Path(named or CONFIG_FILE)
    if not named and not file.is_file():
        return {}
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"The settings file {file} cannot be read: {error}.") from error
    known = {setting.name for setting in SETTINGS}
    for key, value in content.items():
        if key not in known or not isinstance(value, str | int):
            raise ConfigError(
                f"Unknown setting {key!r} in {file}.",
                hint="Known: " + ", ".join(sorted(known)) + ".",
            )
    return content


def _typed(setting: Setting, value: str | int) -> str | int:
    if isinstance(setting.default, str):
        return str(value)
    try:
        number = int(value)
    except ValueError as error:
        raise ConfigError(f"{setting.variable} is {value!r}; it must be a whole number.") from error
    low = 0 if setting.name == "port" else 1
    high = 65535 if setting.name == "port" else 1 << 20
    if not low <= number <= high:
        raise ConfigError(f"{setting.variable} is {number}; allowed are {low} to {high}.")
    return number


def _checked(values: dict[str, str | int]) -> Settings:
    proxies = tuple(
        part.strip() for part in str(values["trusted_proxies"]).split(",") if part.strip()
    )
    level = str(values["log_level"]).lower()
    if level not in LEVELS:
        raise ConfigError(
            f"TRACKER_LOG_LEVEL is {level!r}.", hint="Allowed: " + ", ".join(LEVELS) + "."
        )
    _check_public(str(values["public_url"]))
    if (alert := str(values["alert_url"])) and not _is_address(alert, ("https", "http")):
        raise ConfigError(
            f"TRACKER_ALERT_URL is {alert!r}; it must begin with https:// or http://.",
            hint="Write the whole address, such as https://chat.example.com/hooks/1.",
        )
    _check_rates(str(values["rates_url"]))
    return Settings(
        data=Path(str(values["data"])).expanduser().resolve(),
        clickhouse_url=str(values["clickhouse_url"]),
        database_url=str(values["database_url"]),
        host=str(values["host"]),
        port=int(values["port"]),
        public_url=str(values["public_url"]),
        secret_key=str(values["secret_key"]),
        encryption_key=str(values["encryption_key"]),
        platforms=str(values["platforms"]),
        alert_url=str(values["alert_url"]),
        rates_url=str(values["rates_url"]),
        trusted_proxies=proxies,
        city_mmdb=str(values["city_mmdb"]),
        network_mmdb=str(values["network_mmdb"]),
        ip2region=str(values["ip2region"]),
        hosting_networks=str(values["hosting_networks"]),
        spool_mb=int(values["spool_mb"]),
        memory_mb=int(values["memory_mb"]),
        pool=int(values["pool"]),
        log_level=level,
    )


def _check_public(url: str) -> None:
    """NOTE: without its scheme the snippet would name a path of the company's own pages."""
    scheme, mark, host = url.partition("://")
    if url and not (mark and scheme in ("http", "https") and host.strip("/")):
        raise ConfigError(
            f"TRACKER_PUBLIC_URL is {url!r}; it must begin with https:// or http://.",
            hint="Write the whole address, such as https://t.example.com.",
        )


def _check_rates(source: str) -> None:
    if source in ("", "ecb") or _is_address(source, ("https", "http")) or _is_file(source):
        return
    raise ConfigError(
        f"TRACKER_RATES_URL is {source!r}; allowed are ecb, an https:// address, or a file: "
        "address with a whole path.",
        hint="Such as https://rates.example.com/daily.json or file:///var/lib/rates.csv.",
    )


def _is_address(text: str, schemes: tuple[str, ...]) -> bool:
    """Whether a text is a whole address of one of these schemes."""
    try:
        parts = urlsplit(text)
        # NOTE: reading the port is what checks it.
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _is_file(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return (parts.scheme, parts.path[:1]) == ("file", "/") and parts.netloc in ("", "localhost")


def make_data(settings: Settings) -> None:
    """The data directory, for its owner only; ConfigError when it cannot be made."""
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"The data directory {settings.data} cannot be used: {error.strerror}.",
            hint="Set TRACKER_DATA to a directory that this user can write.",
        ) from error
