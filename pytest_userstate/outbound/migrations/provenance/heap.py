"""Reads the rows of a table from its pages: those that are gone as well.

PostgreSQL changes a row by writing another one, and marks the old one with the
transaction that did so. Both stay in the table's pages for as long as a transaction
that is older than them has not ended. Pages have had this form since PostgreSQL 8.3,
on machines that store the lowest byte first.
"""

from __future__ import annotations

import collections.abc as cabc
import struct
import typing as typ

from pytest_userstate.domain.errors import ServerError

_PAGE = struct.Struct("<12xH4xH")  # where the pointers end; size and layout
_LAYOUT = 4
_FIRST_POINTER = 24
_STATE, _IS_A_ROW = 0x18000, 0x08000
_START, _LENGTH = 0x7FFF, 17  # the bits that tell; how far to shift
_ROW = "<II12xHx"  # begun, ended; a mask
_BEGINNING, _NULLS = 22, 23  # where a row says where its values begin; and its nulls
_BEGINNINGS = (24, 32)  # without nulls, and with those of up to 72 columns
_HAS_NULLS = 0x0001
_HAS_NO_END = 0x0800 | 0x0080  # nobody ended it, or somebody only locked it
_HAS_SEVERAL_ENDS = 0x1000


Stored = tuple[bytes, bytes]
"""What comes after the first values of a row: a bit for each value of the whole row,
set where there is one (empty: there are all); and the data."""
_LOCKED = """\
which migration made what cannot be read: a row of PostgreSQL's catalog was locked by
several transactions, or savepoints, and changed. Let migrations change tables by ALTER
TABLE, and lock no rows of pg_class and the like."""

TOO_NEW = """\
this server is newer than any that is known here.
Name another server's pg_ctl: --postgresql-exec /path/to/bin/pg_ctl"""

Row = typ.TypeVar("Row")
Version = tuple[int, int, Row, Stored | None]
"""The transactions that wrote a row and that ended it (0: none), and what it says."""


class Heap(typ.Generic[Row]):
    """Reads the pages of one table.

    Parameters
    ----------
    values : str
        The form of its first values, as the module `struct` has it: they are never
        null, and of fixed size. The very first is a number (an `oid`).
    row : callable
        Makes a row of these values.
    matters : callable or None
        Tells whether a row is of interest; None: all are.
    with_rest : bool
        Whether the other values are of interest.
    """

    def __init__(
        self,
        values: str,
        *,
        row: cabc.Callable[[tuple[typ.Any, ...]], Row],
        matters: cabc.Callable[[Row], bool] | None,
        with_rest: bool,
    ) -> None:
        """Read nothing yet."""
        self._size = struct.calcsize(f"<{values}")
        self._row = row
        self._matters = matters
        self._with_rest = with_rest
        self._forms = {
            begin: struct.Struct(f"{_ROW}{begin - _NULLS}x{values}")
            for begin in _BEGINNINGS
        }

    def versions(
        self, page: bytes, among: cabc.Container[int]
    ) -> cabc.Iterator[Version[Row]]:
        """Yield the rows in a page, whatever became of their transactions.

        Parameters
        ----------
        page : bytes
            A page.
        among : container of int
            The numbers of interest.

        Raises
        ------
        ServerError
            When the page has another form than the one that is known.
        """
        forms, row_of, matters = self._forms, self._row, self._matters
        words = memoryview(page).cast("I")
        for pointer in _pointers(page, words):
            if pointer & _STATE != _IS_A_ROW:
                continue
            start = pointer & _START
            begin = page[start + _BEGINNING]
            if words[start + begin >> 2] not in among:
                continue
            found = forms[begin].unpack_from(page, start)
            row = row_of(found[3:])
            if matters is not None and not matters(row):
                continue
            begun, ended, mask = found[:3]
            if mask & _HAS_NO_END:
                ended = 0
            elif mask & _HAS_SEVERAL_ENDS:
                raise ServerError(_LOCKED)
            stored = None
            if self._with_rest:
                data = start + begin
                stored = (
                    page[start + _NULLS : data] if mask & _HAS_NULLS else b"",
                    page[data + self._size : start + (pointer >> _LENGTH)],
                )
            yield begun, ended, row, stored


def _pointers(page: bytes, words: memoryview) -> memoryview:
    end, form = _PAGE.unpack_from(page)
    if form & 0xFF != _LAYOUT:
        message = (
            f"a page of PostgreSQL's catalog has layout {form & 0xFF}, not {_LAYOUT}:"
            f" {TOO_NEW}"
        )
        raise ServerError(message)
    return words[_FIRST_POINTER >> 2 : end >> 2]
