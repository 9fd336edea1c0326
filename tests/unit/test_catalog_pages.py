"""The pages of the catalog: a form that is not known is told, and never guessed."""

from __future__ import annotations

import struct

import pytest

from pytest_userstate.domain.errors import ServerError
from pytest_userstate.outbound.migrations.provenance.heap import Heap, Version
from pytest_userstate.outbound.migrations.provenance.rows import readers

SIZE = 8192
UPDATED_IN_A_SAVEPOINT = 0x1000
ONLY_LOCKED = 0x1080
ABORTED = 0x1800


def page(*rows: bytes, layout: int = 4, state: int = 1) -> bytes:
    """Return a page with these rows, the first at its end."""
    pointers, data = b"", b""
    for row in rows:
        data = row.ljust(-(-len(row) // 8) * 8, b"\0") + data
        pointer = SIZE - len(data) | state << 15 | len(row) << 17
        pointers += struct.pack("<I", pointer)
    end = 24 + len(pointers)
    head = struct.pack("<12xHHHHI", end, SIZE - len(data), SIZE, SIZE | layout, 0)
    return head + pointers + data.rjust(SIZE - end, b"\0")


def row(number: int, *, ended: int = 0, mask: int = 0, more: bytes = b"") -> bytes:
    """Return a row that transaction 700 wrote, and whose first value is a number."""
    return struct.pack("<II4x6xHHBxI", 700, ended, 2, mask, 24, number) + more


def versions(page: bytes) -> list[Version[tuple[int, ...]]]:
    """Return what is read of a page."""
    heap: Heap[tuple[int, ...]] = Heap("I", row=tuple, matters=None, with_rest=True)
    return list(heap.versions(page, range(1000)))


def test_rows_that_are_there_and_that_are_gone() -> None:
    """With what comes after the first value; those of no interest are left out."""
    found = versions(page(row(1, more=b"x"), row(2000), row(2, ended=701)))
    assert found == [(700, 0, (1,), (b"", b"x")), (700, 701, (2,), (b"", b""))]


@pytest.mark.parametrize("state", [0, 2, 3])
def test_pointers_to_no_row(state: int) -> None:
    """They are unused, lead to another one, or are dead."""
    assert versions(page(row(1), state=state)) == []


@pytest.mark.parametrize("mask", [ONLY_LOCKED, ABORTED])
def test_a_row_that_several_have_locked(mask: int) -> None:
    """It is still there."""
    assert versions(page(row(1, ended=5, mask=mask)))[0][1] == 0


def test_a_row_that_several_have_ended() -> None:
    """Which of them did is not told by the page."""
    with pytest.raises(ServerError, match="locked by\nseveral transactions"):
        versions(page(row(1, ended=5, mask=UPDATED_IN_A_SAVEPOINT)))


def test_a_layout_of_another_version() -> None:
    """As a PostgreSQL to come may have."""
    with pytest.raises(ServerError, match="layout 5, not 4"):
        versions(page(row(1), layout=5))


def test_a_catalog_without_a_column() -> None:
    """As a PostgreSQL to come may have."""
    with pytest.raises(ServerError, match="has no nspname: this server is newer"):
        readers("2615 pg_namespace oid 4 i")
