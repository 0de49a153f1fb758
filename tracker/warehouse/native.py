"""Columns of numbers and days in the engine's Native format, as numpy arrays without a copy.

Layout: blocks; each has the number of its columns and of its rows, then for each column its name,
its type and its values. Numbers of columns, rows and bytes of a text are LEB128.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

#: What a column may be, and how its values lie there.
_TYPES = {"Bool": "?", "Date": "<u2"}
for _bits in (8, 16, 32, 64):
    _TYPES |= {f"UInt{_bits}": f"<u{_bits // 8}", f"Int{_bits}": f"<i{_bits // 8}"}


def read_native(data: bytes) -> dict[str, Array]:
    """Each column by name; days are ``datetime64[D]``. TypeError for a type of another kind.

    NOTE: a result without rows may name no columns, so every name of it gives an empty column.
    """
    found: dict[str, list[Array]] = defaultdict(list)
    place = 0
    while place < len(data):
        columns, place = _number(data, place)
        rows, place = _number(data, place)
        for _ in range(columns):
            name, place = _text(data, place)
            kind, place = _text(data, place)
            if kind not in _TYPES:
                raise TypeError(f"The column {name} is of the type {kind}.")
            values: Array = np.frombuffer(data, _TYPES[kind], rows, place)
            place += values.nbytes
            found[name].append(values.astype("datetime64[D]") if kind == "Date" else values)
    whole = {
        name: parts[0] if len(parts) == 1 else np.concatenate(parts)
        for name, parts in found.items()
    }
    return defaultdict(lambda: np.empty(0, np.int64), whole)


def _number(data: bytes, place: int) -> tuple[int, int]:
    """A number, and where it ends."""
    value = shift = 0
    while True:
        byte = data[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
        shift += 7


def _text(data: bytes, place: int) -> tuple[str, int]:
    size, place = _number(data, place)
    return data[place : place + size].decode(), place + size
