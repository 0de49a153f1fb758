"""A folder on an SFTP server: reports that a platform, an agency or a program puts there.

The server has to show the host key that the connection names; one that shows another is not
talked to. Nothing is written or removed there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tracker.accounts.connections import Timetable
from tracker.spend.connections.kinds import Field, Kind, Outcome, Task
from tracker.spend.connectors.contract import AccountRef
from tracker.spend.connectors.failures import Cause, Terminal
from tracker.spend.sources.addresses import reachable
from tracker.spend.sources.arrivals import arrivals
from tracker.spend.sources.listing import WHERE, private_allowed, take_new

NAME = "sftp"
PORT = 22


@dataclass(frozen=True, slots=True)
class Login:
    """How the server is reached; ``address`` was checked, ``host_keys`` are the fingerprints (or
    public keys) as a person entered them."""

    host: str
    address: str
    port: int
    username: str
    password: str
    private_key: str
    passphrase: str
    host_keys: str


async def run(task: Task) -> Outcome:
    """Import the new files of the folder."""
    # The library takes half a second to load: only where somebody has such a connection.
    from tracker.spend.sources.sftp_session import session

    with arrivals(task) as taken:
        async with session(await _login(task), task.connection.settings) as place:
            await take_new(taken, place, task.wire.sleep)
        return taken.done()


async def test(task: Task) -> Sequence[AccountRef]:
    """Log in and look at the folder; open nothing."""
    from tracker.spend.sources.sftp_session import session

    async with session(await _login(task), task.connection.settings) as place:
        await place.files()
    return ()


def kind() -> Kind:
    """The row of the catalogue."""
    fields = (
        Field("server"),
        Field("port", required=False),
        Field("username"),
        Field("password", secret=True, required=False),
        Field("private_key", secret=True, required=False, lines=True),
        Field("passphrase", secret=True, required=False),
        Field("host_key", required=False),
    )
    return Kind(NAME, "SFTP server", (*fields, *WHERE), run, test, Timetable(every_minutes=60))


async def _login(task: Task) -> Login:
    grant, settings = await task.credentials.get(), task.connection.settings
    host, port = settings.get("server", "").strip(), settings.get("port", "").strip() or str(PORT)
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise Terminal(f"{port!r} is no port.", cause=Cause.SETTING, hint="Usually it is 22.")
    password, private_key = grant.get("password"), grant.get("private_key")
    if not password and not private_key:
        raise Terminal(
            "The connection has neither a password nor a private key.",
            cause=Cause.SETTING,
            hint="Enter one of them.",
        )
    return Login(
        host,
        await reachable(host, int(port), private=private_allowed(task)),
        int(port),
        settings.get("username", "").strip(),
        password,
        private_key,
        grant.get("passphrase"),
        settings.get("host_key", ""),
    )
