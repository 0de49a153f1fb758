"""``events import``: past events of any age from a file, through the same steps as the beacon's.

One JSON object a line: ``time`` (RFC 3339 with a zone), ``visitor``, ``name``, ``url``,
``referrer``, ``title``, ``value``, ``currency``, ``props``, ``ip``, ``user_agent``, ``code`` and
``id``, all but ``time`` optional. Unknown keys are ignored. The properties of an ``identify`` may
hold ``email`` and ``phone``.

Nothing is imported unless every line is good, or the caller skips bad ones. An event without an id
has that of its line and of its ordinal among equal lines, so that importing a file again, or a
longer export of the same log, changes nothing. A file is read twice: once for which lines repeat
(a Bloom filter of fixed size, then exact counts of the few candidates), once for the events;
memory does not grow with the file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from pathlib import Path
from typing import Annotated

import msgspec

from tracker.accounts.clock import Clock, from_ms, to_ms
from tracker.accounts.sites import Site
from tracker.errors import InvalidInput
from tracker.ingest.columns import Batch
from tracker.ingest.draft import Draft, Environment, Request
from tracker.ingest.landing import parse_address
from tracker.ingest.payload import (
    NAME_LENGTH,
    VISITOR_LENGTH,
    Beacon,
    PropValue,
    bounded_value,
    event_uuid,
)
from tracker.ingest.repeats import Repeats
from tracker.ingest.staging import Staging
from tracker.ingest.steps import process_one

#: Longest line, in bytes.
LINE_BYTES = 256 * 1024
#: Earliest time of an event (1990-01-01), in ms; and how far one may lie in the future.
EARLIEST = 631_152_000_000
FUTURE = 24 * 3600 * 1000
#: Problems that are kept with their text; all are counted.
KEPT_PROBLEMS = 200
#: Lines between two reports of progress.
EVERY = 2_000

Progress = Callable[[int, int], None]


class HistoryLine(msgspec.Struct, frozen=True):
    """One line of the file."""

    time: Annotated[datetime, msgspec.Meta(tz=True)]
    visitor: str | int | None = None
    name: str | None = None
    url: str | None = None
    referrer: str | None = None
    title: str | None = None
    value: Decimal | None = None
    currency: str | None = None
    props: dict[str, PropValue] | None = None
    ip: str | None = None
    user_agent: str | None = None
    code: str | None = None
    id: str | int | None = None


@dataclass(frozen=True, slots=True)
class LineProblem:
    """What is wrong with a line; lines count from 1."""

    line: int
    text: str


class BadLines(InvalidInput):
    """Some lines cannot be imported, and so none was; ``problems`` has the first of them."""

    def __init__(self, name: str, count: int, problems: tuple[LineProblem, ...]) -> None:
        listed = "; ".join(f"line {p.line}: {p.text}" for p in problems)
        more = f"; and {count - len(problems)} more" if count > len(problems) else ""
        super().__init__(
            f"{name}: {count} bad line(s), nothing was imported: {listed}{more}.",
            hint="Correct them, or leave them out with --skip-bad-rows.",
        )
        self.count = count
        self.problems = problems


@dataclass(slots=True)
class HistoryReport:
    """What an import did, or with ``dry_run`` would do. ``first`` and ``last`` are event times."""

    lines: int = 0
    imported: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    skipped: int = 0
    problems: tuple[LineProblem, ...] = ()
    first: datetime | None = None
    last: datetime | None = None
    dry_run: bool = False


def import_history(
    path: Path,
    site: Site,
    spool_root: Path,
    env: Environment,
    clock: Clock,
    *,
    dry_run: bool = False,
    skip_bad_rows: bool = False,
    progress: Progress | None = None,
) -> HistoryReport:
    """Queue the events of a file for the loader. ``progress`` is given (bytes done, bytes in all).

    BadLines when a line is bad and bad lines are not skipped; InvalidInput for a file that cannot
    be read or is empty; Unavailable when the disk is full. Nothing is queued in any of these.
    """
    total = _size(path)
    report = progress or (lambda done, all_of_them: None)  # noqa: ARG005
    repeats = Repeats(data for _, data, _ in _lines(path))
    reader = _Reader(site, env, to_ms(clock()), repeats)
    with Staging(spool_root, clock) as staging:
        for number, data, done in _lines(path):
            batch = reader.read(number, data)
            if not dry_run:
                staging.add(batch, reader.time)
            if number % EVERY == 0:
                report(done, total)
        outcome = reader.report(dry_run)
        if reader.bad and not skip_bad_rows:
            raise BadLines(path.name, reader.bad, outcome.problems)
        if outcome.lines == 0:
            raise InvalidInput(f"{path.name} has no lines.", hint="One JSON object a line.")
        if not dry_run:
            staging.publish()
    report(total, total)
    return outcome


class _Reader:
    """Turns lines into batches and keeps the tally."""

    def __init__(self, site: Site, env: Environment, now: int, repeats: Repeats) -> None:
        self._site = site
        self._env = env
        self._now = now
        self._repeats = repeats
        self._decoder = msgspec.json.Decoder(HistoryLine)
        self._problems: list[LineProblem] = []
        self._dropped: Counter[str] = Counter()
        self._lines = self._imported = 0
        self._first = self._last = 0
        self.bad = 0
        self.time = 0

    def read(self, number: int, data: bytes) -> Batch:
        """The lines to store for one line of the file; ``time`` is then the event's."""
        batch = Batch()
        self._lines += 1
        try:
            line = self._decode(data)
            beacon = self._beacon(line, data)
        except InvalidInput as error:
            self.bad += 1
            if len(self._problems) < KEPT_PROBLEMS:
                self._problems.append(LineProblem(number, error.message))
            return batch
        self.time = to_ms(line.time)
        reason = process_one(Draft(beacon, self._request(line)), self._env, batch)
        if reason is not None:
            self._dropped[reason.value] += 1
        else:
            self._tally()
        return batch

    def report(self, dry_run: bool) -> HistoryReport:
        """The tally so far."""
        return HistoryReport(
            lines=self._lines,
            imported=self._imported,
            dropped=dict(sorted(self._dropped.items())),
            skipped=self.bad,
            problems=tuple(self._problems),
            first=from_ms(self._first) if self._imported else None,
            last=from_ms(self._last) if self._imported else None,
            dry_run=dry_run,
        )

    def _tally(self) -> None:
        self._first = min(self._first, self.time) if self._imported else self.time
        self._last = max(self._last, self.time) if self._imported else self.time
        self._imported += 1

    def _decode(self, data: bytes) -> HistoryLine:
        if len(data) > LINE_BYTES:
            raise InvalidInput(f"longer than {LINE_BYTES} bytes")
        try:
            line = self._decoder.decode(data)
        except msgspec.ValidationError as error:
            raise InvalidInput(str(error)) from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise InvalidInput("not a JSON object") from error
        self._check(line)
        return line

    def _check(self, line: HistoryLine) -> None:
        time = to_ms(line.time)
        if not EARLIEST <= time <= self._now + FUTURE:
            raise InvalidInput(f"time {line.time.isoformat()} is before 1990 or in the future")
        if line.url:
            page = parse_address(line.url)
            if page is None or page.scheme not in ("http", "https"):
                raise InvalidInput(f"url {line.url[:100]!r} is not an http(s) address")
        _, _, usable = bounded_value(line.value, line.currency or "")
        if not usable or (line.currency and not bounded_value(None, line.currency)[1]):
            raise InvalidInput(f"value {line.value} {line.currency or ''} is not an amount")
        if line.name is not None and not 0 < len(line.name.strip()) <= NAME_LENGTH:
            raise InvalidInput(f"name has to have 1 to {NAME_LENGTH} characters")
        if line.visitor is not None and len(str(line.visitor)) > VISITOR_LENGTH:
            raise InvalidInput(f"visitor is longer than {VISITOR_LENGTH} characters")

    def _beacon(self, line: HistoryLine, data: bytes) -> Beacon:
        return Beacon(
            site=self._site.key,
            event_id=self._event_id(line, data),
            name=line.name or "pageview",
            occurred=to_ms(line.time),
            visitor=None if line.visitor is None else str(line.visitor),
            url=line.url or "",
            referrer=line.referrer,
            title=line.title,
            props=line.props,
            value=line.value,
            currency=line.currency,
            code=line.code,
        )

    def _event_id(self, line: HistoryLine, data: bytes) -> str:
        """The id given; a hash of it when it is no UUID; else that of the line and its ordinal."""
        if line.id is not None and str(line.id).strip():
            text = str(line.id).strip()
            return event_uuid(text) or _digest(b"id", text.encode())
        return _digest(b"%d" % self._repeats.ordinal(data), data)

    def _request(self, line: HistoryLine) -> Request:
        return Request(
            received=self._now,
            origin="import",
            ip=(line.ip or "").strip(),
            user_agent=(line.user_agent or "").strip(),
            trusted=True,
        )


def _digest(kind: bytes, data: bytes) -> str:
    return blake2b(kind + b"\n" + data, digest_size=16, person=b"event").hexdigest()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.") from error


def _lines(path: Path) -> Iterator[tuple[int, bytes, int]]:
    """(line number, line without surrounding space, bytes read so far); empty lines are left out.

    A line longer than the limit comes as its first part, which is long enough to be refused.
    """
    try:
        with path.open("rb") as file:
            number, done = 0, 0
            while data := file.readline(LINE_BYTES * 2):
                done += len(data)
                number += 1
                while not data.endswith(b"\n") and (rest := file.readline(LINE_BYTES)):
                    done += len(rest)
                    if rest.endswith(b"\n"):
                        break
                text = (data.removeprefix(b"\xef\xbb\xbf") if number == 1 else data).strip()
                if text:
                    yield number, text, done
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.") from error
