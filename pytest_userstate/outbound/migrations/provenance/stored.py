"""Reads values of varying length in the form in which PostgreSQL stores them.

A short one stands in its row as it is, a long one is compressed, and what is longer
still is cut into pieces, which lie in a table of their own (TOAST).
"""

from __future__ import annotations

import collections.abc as cabc
import re
import struct

from pytest_userstate.domain.errors import ServerError

_ELSEWHERE = 0x01
_POINTER = struct.Struct("<2xIIII")  # its size; its size there, and how; number; table
_SIZE = (1 << 30) - 1  # the other two bits say how it is compressed
_LOCATION = re.compile(rb" :(?:location|stmt_location|stmt_len) -?[0-9]+")

Pieces = cabc.Callable[[int, int], bytes]
"""Puts together what lies elsewhere: in which table, and under which number."""


def size_of(row: bytes, offset: int) -> int:
    """Return how many bytes the value takes that begins at an offset."""
    first = row[offset]
    if first == _ELSEWHERE:
        return _POINTER.size
    if first & 1:
        return first >> 1
    return _number(row, offset) >> 2


class Text:
    """A text that is compared by what it says, and read only where that is needed.

    Parameters
    ----------
    stored : bytes
        How its row stores it.
    pieces : callable
        Returns what lies elsewhere.
    """

    __slots__ = ("_pieces", "_stored")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, stored: bytes, pieces: Pieces) -> None:
        """Read nothing yet."""
        self._stored = stored
        self._pieces = pieces

    def __eq__(self, other: object) -> bool:
        """Whether both say the same."""
        if not isinstance(other, Text):
            return NotImplemented
        return self._stored == other._stored or self.meaning == other.meaning

    @property
    def meaning(self) -> bytes:
        """What it says."""
        return content(self._stored, self._pieces)


class Tree(Text):
    """An expression or a query, which is the same wherever it was written.

    Up to PostgreSQL 16 it tells where in its statement each part of it stood.
    """

    __slots__ = ()

    @property
    def meaning(self) -> bytes:
        """What it says, without where."""
        return _LOCATION.sub(b"", super().meaning)


def content(stored: bytes, pieces: Pieces) -> bytes:
    """Return a value in full."""
    first = stored[0]
    if first == _ELSEWHERE:
        whole, there, number, table = _POINTER.unpack_from(stored)
        found = pieces(table, number)
        return _decompressed(found) if there & _SIZE < whole - 4 else found
    if first & 1:
        return stored[1:]
    return _decompressed(stored[4:]) if first & 2 else stored[4:]


def _decompressed(data: bytes) -> bytes:
    """Return what was compressed; its size and the method come first."""
    head = _number(data, 0)
    if head >> 30:
        return bytes(_from_lz4(data[4:]))
    return bytes(_from_pglz(data[4:], head & _SIZE))


def _from_pglz(data: bytes, length: int) -> bytearray:
    """Undo PostgreSQL's own compression: eight items after each byte of flags."""
    found, at = bytearray(), 0
    while len(found) < length:
        flags, at = data[at], at + 1
        for item in range(8):
            if at >= len(data):
                break
            if flags >> item & 1:
                distance = (data[at] & 0xF0) << 4 | data[at + 1]
                repeated, at = (data[at] & 0x0F) + 3, at + 2
                if repeated == 18:
                    repeated, at = repeated + data[at], at + 1
                _repeat(found, distance, repeated)
            else:
                found.append(data[at])
                at += 1
    return found


def _from_lz4(data: bytes) -> bytearray:
    """Undo LZ4's block format: what is new, then what is repeated, in turn."""
    found, at = bytearray(), 0
    while True:
        token, at = data[at], at + 1
        new, at = _extended(token >> 4, data, at)
        found += data[at : at + new]
        at += new
        if at >= len(data):
            return found
        distance, at = int.from_bytes(data[at : at + 2], "little"), at + 2
        repeated, at = _extended(token & 0x0F, data, at)
        _repeat(found, distance, repeated + 4)


def _extended(number: int, data: bytes, at: int) -> tuple[int, int]:
    """Add the bytes that follow a number with all four bits set."""
    more = number == 0x0F
    while more:
        number, more, at = number + data[at], data[at] == 0xFF, at + 1
    return number, at


def _repeat(found: bytearray, distance: int, count: int) -> None:
    """Append what stands so far back, which may reach into what it appends."""
    if not 0 < distance <= len(found):
        message = "a value of PostgreSQL's catalog cannot be decompressed"
        raise ServerError(message)
    while count > 0:
        part = found[-distance:][:count]
        found += part
        count -= len(part)


def _number(data: bytes, offset: int) -> int:
    return int.from_bytes(data[offset : offset + 4], "little")
