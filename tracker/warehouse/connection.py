"""Clients of the two forms of ClickHouse, with the settings that make them behave alike."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import clickhouse_connect
from clickhouse_connect import common
from clickhouse_connect.driver.exceptions import ProgrammingError

from tracker.errors import ConfigError, Unavailable
from tracker.warehouse.address import EmbeddedAddress, ServerAddress

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_CONNECT_TIMEOUT = 10  # seconds
# ``session_timezone`` keeps a host's zone out of every date function; ``async_insert`` off means
# that an insert which returned is written; without parallel parsing the blocks of a repeated
# insert are cut alike, which deduplication by token needs. The look for chains of comparisons
# (a < b AND b < 5) took two fifths of planning a long statement, and ours say it themselves.
_SETTINGS: dict[str, Any] = {
    "session_timezone": "UTC",
    "async_insert": 0,
    "input_format_parallel_parsing": 0,
    "optimize_and_compare_chain": 0,
}
#: The embedded engine's allocator gives memory back to the system after half a second. By itself it
#: keeps it for five, in which the statements of a large rebuild, each with memory of its own, take
#: 50 MiB more together; at once would cost a quarter more processor time.
_ALLOCATOR = ("JE_MALLOC_CONF", "dirty_decay_ms:500")


def embedded_client(address: EmbeddedAddress) -> Client:
    """A client of the engine in this process; the first one opens it (about 1.2 s)."""
    path = str(address.directory) if address.directory else ":memory:"
    os.environ.setdefault(*_ALLOCATOR)  # read when the engine's library is loaded
    try:
        return _client(interface="chdb", path=path)
    except ImportError as error:
        raise ConfigError(
            "The embedded ClickHouse engine is not installed.",
            hint="Install the extra `embedded` (chdb), or set the URL of a ClickHouse server.",
        ) from error
    except ProgrammingError as error:
        raise Unavailable(
            f"The embedded ClickHouse engine cannot open {address}: {error}",
            hint="Check the directory; a process can open one engine directory only.",
        ) from error


def server_client(address: ServerAddress, *, timeout: int) -> Client:
    """A client of a server; asks it for its version and settings, so it must be reachable."""
    return _client(
        interface=address.scheme,
        host=address.host,
        port=address.port,
        username=address.user,
        password=address.password,
        database=address.database,
        connect_timeout=_CONNECT_TIMEOUT,
        send_receive_timeout=timeout,
        autogenerate_session_id=False,
        # A parameter may be a list of hundreds of slices: too long for a URL.
        form_encode_query_params=True,
        dedicated_pool=True,
    )


def _client(**arguments: Any) -> Client:
    # NOTE: settings of the driver are global to the process. Without this one a dict parameter is
    # sent as JSON, which the engine does not read as a Map.
    common.set_setting("dict_parameter_format", "map")
    return clickhouse_connect.get_client(
        settings=dict(_SETTINGS), tz_mode="aware", show_clickhouse_errors="scrub", **arguments
    )
