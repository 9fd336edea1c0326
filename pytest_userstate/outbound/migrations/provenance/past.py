"""What was so at which time, out of the pages that migrations have left behind.

Each row that a migration wrote or deleted is still there, with the number of the
transaction that did so; and the numbers tell the migrations apart.
"""

from __future__ import annotations

import bisect
import collections
import collections.abc as cabc
import functools
import struct
import typing as typ

from pytest_userstate.outbound.migrations.provenance.relation import (
    COLUMN,
    CONSTRAINT,
    FIRST_USER_OID,
    INDEX,
    ITSELF,
    Part,
)
from pytest_userstate.outbound.migrations.provenance.rows import (
    NOT_NULL,
    CatalogRow,
    PgAttrdef,
    PgAttribute,
    PgClass,
    PgConstraint,
    PgDescription,
    PgIndex,
    PgInherits,
    PgNamespace,
    PgRewrite,
    PgType,
    Reader,
    Rest,
)

BEFORE = -1
SCHEMA: Part = ("schema", 0)
DOMAIN: Part = ("domain", 0)
NAME = ""
_OF_NONE = {SCHEMA, DOMAIN}
_ALL = range(1 << 32)
_USERS = range(FIRST_USER_OID, 1 << 32)
_ARRAY_OF_ONE = struct.Struct("<20xh")


Page = tuple[int, bytes]
"""The number of a table, and one of its pages."""


Fact = tuple[int, Part, str | int, bytes, tuple[typ.Any, ...]]
"""What a row says about a part of a relation; or about a schema, or a domain.

The number of the relation, schema, or domain; the part; what tells it from other facts
about the same part (`NAME`: it has the name); that name; what else is compared.
"""


class Past:
    """The facts that were true after some migration, by when they began and ended.

    A time is the number of the migration, from 0; `BEFORE` is before the first one.

    Parameters
    ----------
    readers : mapping
        What reads the tables of the catalog, by their numbers.
    pages : iterable of Page
        Their pages.
    bounds : sequence of int
        The smallest number that a transaction could have before the first
        migration, and after each.
    rolled_back : container of int
        The transactions that did not take place.
    long_values : callable
        Returns the pages of the tables where values lie that are too long for the
        others.
    """

    def __init__(
        self,
        readers: cabc.Mapping[int, Reader],
        pages: cabc.Iterable[Page],
        *,
        bounds: cabc.Sequence[int],
        rolled_back: cabc.Container[int],
        long_values: cabc.Callable[[], cabc.Iterable[Page]],
    ) -> None:
        """Read them."""
        self.begun: dict[int, list[Fact]] = collections.defaultdict(list)
        self.ended: dict[int, list[Fact]] = collections.defaultdict(list)
        self._readers = readers
        self._bounds = bounds
        self._rolled_back = rolled_back
        self._long_pages = long_values
        self._time = functools.cache(self._time_of)
        self._pages: dict[type, list[Page]] = collections.defaultdict(list)
        for table, page in pages:
            self._pages[readers[table].kind].append((table, page))
        self._note_facts()

    def _note_facts(self) -> None:
        classes = list(self._rows(PgClass))
        indexes = list(self._rows(PgIndex))
        tables = {row.oid for *_, row, _ in classes if row.is_table_or_view}
        table_of = {row.indexrelid: row.indrelid for *_, row, _ in indexes}
        for first, last, row, rest in classes:
            owner = table_of.get(row.oid, row.oid)
            if owner in tables:
                self._note(first, last, _of_class(row, rest, owner))
        for first, last, row, rest in indexes:
            if row.indrelid in tables:
                self._note(first, last, _of_index(row, rest))
        among = {PgAttribute: tables, PgDescription: tables, PgNamespace: _ALL}
        for kind, fact_of in _FACTS.items():
            for first, last, row, rest in self._rows(kind, among.get(kind, _USERS)):
                fact = fact_of(row, rest)
                if fact[0] in tables or fact[1] in _OF_NONE:
                    self._note(first, last, fact)

    def _note(self, first: int, last: int, fact: Fact) -> None:
        self.begun[first].append(fact)
        if last < len(self._bounds) - 1:
            self.ended[last].append(fact)

    def _rows(
        self, kind: type[CatalogRow], among: cabc.Container[int] = _USERS
    ) -> cabc.Iterator[tuple[int, int, typ.Any, Rest | None]]:
        """Yield the rows of a table that were there after some migration.

        They come with the times from which and until which they were there.
        """
        never = len(self._bounds) - 1  # or after the last migration, by its tool
        long_value = self._long_value
        for table, page in self._pages[kind]:
            reader = self._readers[table]
            for begun, ended, row, stored in reader.versions(page, among):
                if begun in self._rolled_back:
                    continue
                has_ended = ended and ended not in self._rolled_back
                first = self._time(begun)
                last = self._time(ended) if has_ended else never
                if first < last:
                    rest = stored and Rest(reader, stored, long_value)
                    yield first, last, row, rest

    def _time_of(self, transaction: int) -> int:
        return bisect.bisect_right(self._bounds, transaction) - 1

    def _long_value(self, table: int, number: int) -> bytes:
        """Put together what is cut into pieces."""
        pieces = self._pieces[table, number]
        return b"".join(pieces[each] for each in sorted(pieces))

    @functools.cached_property
    def _pieces(self) -> dict[tuple[int, int], dict[int, bytes]]:
        """The pieces of each long value; they are never changed."""
        found: dict[tuple[int, int], dict[int, bytes]] = collections.defaultdict(dict)
        for table, page in self._long_pages():
            reader = self._readers[table]
            for *_, piece, stored in reader.versions(page, _ALL):
                rest = stored and Rest(reader, stored, self._long_value)
                data = rest and rest.values["chunk_data"]
                found[table, piece.chunk_id][piece.chunk_seq] = (
                    data.meaning if data else b""
                )
        return found


def _of_class(row: PgClass, rest: Rest | None, owner: int) -> Fact:
    if not row.is_table_or_view:
        return (owner, (INDEX, row.oid), NAME, row.relname, (row.relam, rest))
    values = (
        row.relnamespace,
        row.relkind,
        row.relpersistence,
        row.relrowsecurity,
        row.relforcerowsecurity,
        rest.values["relpartbound"] if rest and row.relispartition else None,
    )
    return (owner, ITSELF, NAME, row.relname, values)


def _of_index(row: PgIndex, rest: Rest | None) -> Fact:
    return (row.indrelid, (INDEX, row.indexrelid), "index", b"", (*row[2:], rest))


def _of_constraint(row: PgConstraint, rest: Rest | None) -> Fact:
    if row.contype == NOT_NULL:
        key = rest.values["conkey"] if rest else None
        [number] = _ARRAY_OF_ONE.unpack_from(key.meaning) if key else [0]
        return (row.conrelid, (COLUMN, number), "not valid", b"", ())
    values = (*row[2:], rest)
    return (row.conrelid, (CONSTRAINT, row.oid), NAME, row.conname, values)


def _of_description(row: PgDescription, rest: Rest | None) -> Fact:
    part = (COLUMN, row.objsubid) if row.objsubid else ITSELF
    return (row.objoid, part, "comment", b"", (rest,))


_FACTS: dict[type[CatalogRow], cabc.Callable[[typ.Any, Rest | None], Fact]] = {
    PgAttribute: lambda row, _: (
        row.attrelid,
        (COLUMN, row.attnum),
        NAME,
        row.attname,
        row[2:],
    ),
    PgAttrdef: lambda row, rest: (
        row.adrelid,
        (COLUMN, row.adnum),
        "default",
        b"",
        (rest,),
    ),
    PgConstraint: _of_constraint,
    PgInherits: lambda row, _: (
        row.inhrelid,
        ITSELF,
        row.inhseqno,
        b"",
        (row.inhparent,),
    ),
    PgRewrite: lambda row, rest: (row.ev_class, ITSELF, "query", b"", (rest,)),
    PgDescription: _of_description,
    PgNamespace: lambda row, _: (row.oid, SCHEMA, NAME, row.nspname, ()),
    PgType: lambda row, _: (row.oid, DOMAIN, NAME, b"", (row.typnotnull,)),
}
