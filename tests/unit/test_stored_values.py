"""Values in the forms in which PostgreSQL stores them, without a server."""

from __future__ import annotations

import struct

import pytest

from pytest_userstate.domain.errors import ServerError
from pytest_userstate.outbound.migrations.provenance.stored import (
    Text,
    Tree,
    content,
    size_of,
)

PGLZ, LZ4 = 0, 1


def nowhere(table: int, number: int) -> bytes:
    """Fail where something is looked up."""
    raise LookupError(table, number)


def plain(text: bytes) -> bytes:
    """Return it as a long value that is not compressed."""
    return struct.pack("<I", (len(text) + 4) << 2) + text


def compressed(data: bytes, length: int, method: int) -> bytes:
    """Return it as a value that is compressed."""
    head = struct.pack("<II", (len(data) + 8) << 2 | 2, length | method << 30)
    return head + data


@pytest.mark.parametrize(
    ("stored", "says"),
    [
        (b"\x09abc", b"abc"),
        (plain(b"abc"), b"abc"),
        # Three as they are, then six that stand three back.
        (compressed(b"\x08abc\x03\x03", 9, PGLZ), b"abcabcabc"),
        # 18 and the byte that follows: 20 of them.
        (compressed(b"\x02a\x0f\x01\x02", 21, PGLZ), b"a" * 21),
        (compressed(b"\x30abc", 3, LZ4), b"abc"),
        (compressed(b"\x15a\x01\x00\x10b", 11, LZ4), b"a" * 10 + b"b"),
        (compressed(b"\x1fa\x01\x00\xff\x01\x10b", 277, LZ4), b"a" * 276 + b"b"),
    ],
)
def test_values_in_a_row(stored: bytes, says: bytes) -> None:
    """Short, long, and compressed in either way."""
    assert content(stored, nowhere) == says
    assert size_of(stored + b"more", 0) == len(stored)


def test_values_elsewhere() -> None:
    """A pointer says in which table, under which number, and how."""
    many = struct.pack("<I", 21) + b"\x02a\x0f\x01\x02"
    pieces = {(7, 5): b"abc", (7, 6): many}
    for number, whole, says in ((5, 3, b"abc"), (6, 21, b"a" * 21)):
        there = len(pieces[7, number])
        pointer = struct.pack("<BBIIII", 1, 18, whole + 4, there, number, 7)
        found = content(pointer, lambda table, number: pieces[table, number])
        assert found == says
        assert size_of(pointer, 0) == len(pointer)


@pytest.mark.parametrize(
    "stored",
    [
        compressed(b"\x01\x00\x00", 9, PGLZ),
        compressed(b"\x02a\x00\x02", 9, PGLZ),
        compressed(b"\x15a\x00\x00\x10b", 11, LZ4),
    ],
)
def test_what_cannot_be_decompressed(stored: bytes) -> None:
    """It is told, and read no further."""
    with pytest.raises(ServerError, match="cannot be decompressed"):
        content(stored, nowhere)


def test_comparing() -> None:
    """By what they say; an expression wherever it was written."""
    short, long = b"\x09abc", plain(b"abc")
    assert Text(short, nowhere) == Text(long, nowhere)
    assert Text(short, nowhere) != Text(b"\x09abd", nowhere)
    here, there = (plain(b"{CONST :x 1 :location %d}" % n) for n in (7, 70))
    assert Tree(here, nowhere) == Tree(there, nowhere)
    assert Text(here, nowhere) != Text(there, nowhere)
