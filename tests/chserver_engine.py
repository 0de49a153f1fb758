"""The engine side of the test server: one statement on one chDB connection of its own."""

from __future__ import annotations

import gzip
import re
import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import chdb
import lz4.frame  # type: ignore[import-untyped]
from backports import zstd

_CODE = re.compile(r"Code: (\d+)\. ?")
_FORMAT = re.compile(rb"\bFORMAT\s+(\w+)\s*;?\s*\Z", re.IGNORECASE)
_DATA_INSERT = re.compile(
    rb"\s*(?P<head>INSERT\s+INTO\s.*?)\s*(?P<settings>\bSETTINGS\s[^\n]*?)?"
    rb"\s*\bFORMAT\s+(?P<format>\w+)\s*?(?:\n|\r\n| (?=[{\[])|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_WITH_RESULT = re.compile(rb"(?:\s|--[^\n]*\n|\()*(SELECT|WITH|SHOW|DESC|EXISTS|EXPLAIN)", re.I)
_SETTING = re.compile(r"[A-Za-z_]\w*\Z")
# Native blocks, and text rows without a header, can be sent block by block.
_STREAMABLE = frozenset({"Native", "TabSeparated", "JSONEachRow", "CSV", "RowBinary"})


class EngineError(Exception):
    """An exception of the engine, with its text as the HTTP interface sends it."""

    def __init__(self, code: int, text: str, name: str = "") -> None:
        super().__init__(f"Code: {code}. DB::Exception: {text} ({name})" if name else text)
        self.code = code


@dataclass(frozen=True)
class Statement:
    """One request; ``text`` includes the data of an insert, ``whole`` forbids streaming."""

    text: bytes
    parameters: Mapping[str, str]
    settings: Mapping[str, str]
    database: str
    format: str
    whole: bool


@dataclass
class Result:
    """Bytes of a finished statement, or a stream whose first block was already made."""

    connection: Any
    format: str = ""
    body: bytes = b""
    stream: Any = None
    summary: dict[str, str] = field(default_factory=dict)

    def next_chunk(self) -> bytes:
        """The next block; empty at the end."""
        first, self.body = self.body, b""
        return first or _next(self.stream)

    def compressed(self, accepted: str) -> tuple[bytes, str]:
        """The body in the first of lz4, zstd and gzip that the client accepts."""
        for encoding, compress in _COMPRESSORS.items():
            if encoding in accepted and self.body:
                return compress(self.body), encoding
        return self.body, ""

    def close(self) -> None:
        """End the statement's connection."""
        if self.stream is not None:
            self.stream.close()
        self.connection.close()


class Engine:
    """One in-memory engine; each statement has a connection, so settings never leak."""

    def __init__(self) -> None:
        self._anchor = chdb.connect(":memory:")

    def close(self) -> None:
        """Close the engine: its data is gone."""
        self._anchor.close()

    def run(self, statement: Statement) -> Result:
        """Run a statement; raises EngineError for what happens before its first block."""
        connection = chdb.connect(":memory:")
        try:
            result = _run(connection, statement)
        except BaseException as error:
            connection.close()
            if not isinstance(error, EngineError) and _CODE.search(str(error)):
                raise _engine_error(error) from error
            raise
        if result.stream is None:
            connection.close()
        return result


def _run(connection: Any, statement: Statement) -> Result:
    if statement.database:
        connection.query(f"USE `{statement.database}`")
    if statement.settings:
        assignments = [_assignment(*item) for item in statement.settings.items()]
        connection.query("SET " + ", ".join(assignments))
    insert = _DATA_INSERT.match(statement.text)
    if insert and insert.end() < len(statement.text):
        return _insert(connection, insert, statement.text[insert.end() :])
    text = statement.text.decode()
    if not _WITH_RESULT.match(statement.text):
        done = connection.query(text, "TabSeparated", params=dict(statement.parameters))
        return Result(connection, body=done.bytes() or b"", summary=_summary(done))
    embedded = _FORMAT.search(statement.text)
    format_ = embedded[1].decode() if embedded else statement.format
    if statement.whole or format_ not in _STREAMABLE:
        done = connection.query(text, format_, params=dict(statement.parameters))
        return Result(connection, format_, done.bytes() or b"", summary=_summary(done))
    stream = connection.send_query(text, format_, params=dict(statement.parameters))
    return Result(connection, format_, _next(stream), stream)


def _insert(connection: Any, insert: re.Match[bytes], data: bytes) -> Result:
    """An insert with data, from a file: the engine takes inline data in text formats only."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "insert.data")
        path.write_bytes(data)
        head, settings = insert["head"].decode(), (insert["settings"] or b"").decode()
        format_ = insert["format"].decode()
        sql = f"{head} FROM INFILE '{path}' {settings} FORMAT {format_}"
        done = connection.query(sql, "TabSeparated")
    summary = _summary(done)
    return Result(connection, summary=summary | {"written_rows": summary["read_rows"]})


def _assignment(name: str, value: str) -> str:
    if not _SETTING.match(name):
        raise EngineError(115, f"Setting {name} is neither a builtin setting nor custom.")
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"{name} = '{escaped}'"


def _next(stream: Any) -> bytes:
    try:
        for chunk in stream:
            if data := chunk.bytes():
                return bytes(data)
    except Exception as error:
        raise _engine_error(error) from error
    return b""


def _summary(result: Any) -> dict[str, str]:
    return {
        "read_rows": str(result.rows_read()),
        "read_bytes": str(result.bytes_read()),
        "elapsed_ns": str(int(result.elapsed() * 1e9)),
    }


def _engine_error(error: BaseException) -> EngineError:
    text = str(error)
    match = _CODE.search(text)
    if match is None:
        return EngineError(1002, text, "UNKNOWN_EXCEPTION")
    # A server's text ends with its version; the client is expected to cut it off.
    return EngineError(
        int(match[1]), f"{text[match.start() :].rstrip()} (version 26.9.2.1 (official build))"
    )


def decompress(data: bytes, encoding: str) -> bytes:
    """A request body as its Content-Encoding says."""
    if not encoding:
        return data
    return bytes(_DECOMPRESSORS[encoding](data))


_COMPRESSORS = {"lz4": lz4.frame.compress, "zstd": zstd.compress, "gzip": gzip.compress}
_DECOMPRESSORS = {
    "lz4": lz4.frame.decompress,
    "zstd": zstd.decompress,
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
}
