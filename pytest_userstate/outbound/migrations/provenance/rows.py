"""The rows of the catalog's tables that say what the schema is.

Each class is named after a table, and has those of its first columns that are
compared, in the table's order; `_MATTERS` tells of which rows they are. A number is
an `oid`, or as the server counts; a letter is the number of its character. What
varies in length, or comes after it, is in a row's `Rest`, which is read only where
two rows differ in it.
"""

from __future__ import annotations

import collections.abc as cabc
import functools
import itertools
import operator
import typing as typ

from pytest_userstate.domain.errors import ServerError
from pytest_userstate.outbound.migrations.provenance.heap import (
    TOO_NEW,
    Heap,
    Stored,
    Version,
)
from pytest_userstate.outbound.migrations.provenance.relation import TABLES_AND_VIEWS
from pytest_userstate.outbound.migrations.provenance.stored import (
    Pieces,
    Text,
    Tree,
    size_of,
)

_PG_CLASS = 1259  # its number never changes
NOT_NULL = ord("n")
_TABLES_AND_VIEWS = frozenset(TABLES_AND_VIEWS.encode())
_TABLES_VIEWS_AND_INDEXES = frozenset(b"iI") | _TABLES_AND_VIEWS
_TRIGGER, _DOMAIN = b"td"


class PgClass(typ.NamedTuple):
    """A relation of any kind. The rest: `reloptions`, `relpartbound`."""

    oid: int
    relname: bytes
    relnamespace: int
    relam: int
    relpersistence: int
    relkind: int
    relrowsecurity: int
    relforcerowsecurity: int
    relispartition: int

    @property
    def is_table_or_view(self) -> bool:
        """Whether it is no index."""
        return self.relkind in _TABLES_AND_VIEWS


class PgAttribute(typ.NamedTuple):
    """A column."""

    attrelid: int
    attname: bytes
    atttypid: int
    attnum: int
    atttypmod: int
    attnotnull: int
    attidentity: int
    attgenerated: int
    attisdropped: int
    attcollation: int


class PgAttrdef(typ.NamedTuple):
    """A column's default, or how it is generated. The rest: `adbin`."""

    oid: int
    adrelid: int
    adnum: int


class PgConstraint(typ.NamedTuple):
    """A constraint. The rest: `conkey`, `confkey`, `confdelsetcols`, `conbin`."""

    oid: int
    conname: bytes
    contype: int
    condeferrable: int
    condeferred: int
    conenforced: int
    convalidated: int
    conrelid: int
    confrelid: int
    confupdtype: int
    confdeltype: int
    confmatchtype: int
    connoinherit: int
    conperiod: int


class PgIndex(typ.NamedTuple):
    """An index, beside its row in `pg_class`.

    The rest: `indkey`, `indcollation`, `indclass`, `indoption`, `indexprs`,
    `indpred`.
    """

    indexrelid: int
    indrelid: int
    indnkeyatts: int
    indisunique: int
    indnullsnotdistinct: int
    indisclustered: int
    indisvalid: int


class PgInherits(typ.NamedTuple):
    """A parent of a table, or of an index."""

    inhrelid: int
    inhparent: int
    inhseqno: int


class PgRewrite(typ.NamedTuple):
    """A rule. The rest: `ev_action`."""

    oid: int
    rulename: bytes
    ev_class: int


class PgDescription(typ.NamedTuple):
    """A comment. The rest: `description`."""

    objoid: int
    classoid: int
    objsubid: int


class PgNamespace(typ.NamedTuple):
    """A schema."""

    oid: int
    nspname: bytes


class PgType(typ.NamedTuple):
    """A type."""

    oid: int
    typtype: int
    typnotnull: int


class Piece(typ.NamedTuple):
    """A piece of a long value. The rest: `chunk_data`."""

    chunk_id: int
    chunk_seq: int


CatalogRow = (
    PgClass
    | PgAttribute
    | PgAttrdef
    | PgConstraint
    | PgIndex
    | PgInherits
    | PgRewrite
    | PgDescription
    | PgNamespace
    | PgType
    | Piece
)
_CLASSES: dict[str, type[CatalogRow]] = {
    "pg_attrdef": PgAttrdef,
    "pg_attribute": PgAttribute,
    "pg_class": PgClass,
    "pg_constraint": PgConstraint,
    "pg_description": PgDescription,
    "pg_index": PgIndex,
    "pg_inherits": PgInherits,
    "pg_namespace": PgNamespace,
    "pg_rewrite": PgRewrite,
    "pg_type": PgType,
}
_MATTERS: dict[type[CatalogRow], cabc.Callable[[typ.Any], bool]] = {
    PgAttribute: lambda row: row.attnum > 0 and not row.attisdropped,
    PgClass: lambda row: row.relkind in _TABLES_VIEWS_AND_INDEXES,
    # That a column is not null is told by its own flag.
    PgConstraint: lambda row: (
        not row.convalidated
        if row.contype == NOT_NULL
        else row.conrelid > 0 and row.contype != _TRIGGER
    ),
    PgDescription: lambda row: row.classoid == _PG_CLASS,
    PgRewrite: lambda row: row.rulename.startswith(b"_RETURN\0"),  # a view's query
    PgType: lambda row: row.typtype == _DOMAIN,  # which may be not null itself
}
_NOT_IN_OLDER_VERSIONS = {"conenforced", "conperiod", "indnullsnotdistinct"}
_IN_REST: dict[str, type[Text]] = {
    **dict.fromkeys(("adbin", "conbin", "ev_action", "relpartbound"), Tree),
    **dict.fromkeys(("indexprs", "indpred"), Tree),
    **dict.fromkeys(("chunk_data", "description", "reloptions"), Text),
    **dict.fromkeys(("conkey", "confkey", "confdelsetcols"), Text),
    **dict.fromkeys(("indclass", "indcollation", "indkey", "indoption"), Text),
}
_ALIGNMENTS = {"c": 1, "s": 2, "i": 4, "d": 8}
_FORMATS = {1: "B", 2: "h", 4: "I", 8: "Q", 64: "64s"}


_Versions = cabc.Callable[[bytes, cabc.Container[int]], cabc.Iterator[Version[typ.Any]]]


class Attribute(typ.NamedTuple):
    """A column of a table of the catalog, as `pg_attribute` describes it."""

    name: str
    size: int
    alignment: str

    def aligned(self, offset: int) -> int:
        """Return where it can stand, from an offset on."""
        step = _ALIGNMENTS[self.alignment]
        return -(-offset // step) * step


class Reader:
    """Reads the rows of one table.

    Parameters
    ----------
    kind : type
        The class of its rows.
    attributes : sequence of Attribute
        All columns that the table has in this server, in order.
    """

    def __init__(
        self, kind: type[CatalogRow], attributes: cabc.Sequence[Attribute]
    ) -> None:
        """Find out where in a row each value is."""
        self.kind = kind
        head = list(itertools.takewhile(lambda each: each.size > 0, attributes))
        last = max(n for n, each in enumerate(head, 1) if each.name in kind._fields)
        self.in_rest, self.number_of_first = attributes[last:], last
        form, self.start_of_rest, names = self._layout(head[:last])
        heap = Heap(
            form,
            row=_maker(kind, names),
            matters=_MATTERS.get(kind),
            with_rest=any(each.name in _IN_REST for each in self.in_rest),
        )
        self.versions: _Versions = heap.versions

    def _layout(self, head: cabc.Sequence[Attribute]) -> tuple[str, int, list[str]]:
        """Return the form of the values that are always in the same place."""
        form, names, offset = "", [], 0
        for each in head:
            start = each.aligned(offset)
            form += f"{start - offset}x"
            if each.name in self.kind._fields:
                form += _FORMATS[each.size]
                names.append(each.name)
            else:
                form += f"{each.size}x"
            offset = start + each.size
        return form, offset, names


def _maker(
    kind: type[CatalogRow], names: cabc.Sequence[str]
) -> cabc.Callable[[tuple[typ.Any, ...]], CatalogRow]:
    """Return what makes a row of the values of these columns."""
    new = functools.partial(tuple.__new__, kind)
    absent = [name for name in kind._fields if name not in names]
    if not absent:
        return new
    if unknown := sorted({*absent} - _NOT_IN_OLDER_VERSIONS):
        message = f"PostgreSQL's catalog has no {unknown[0]}: {TOO_NEW}"
        raise ServerError(message)
    in_order = operator.itemgetter(
        *([*names, *absent].index(name) for name in kind._fields)
    )
    others = (None,) * len(absent)
    return lambda values: new(in_order(values + others))


class Rest:
    """The values of a row whose places depend on those before them.

    Parameters
    ----------
    reader : Reader
        What has read the others.
    stored : Stored
        How its row stores them.
    pieces : callable
        Returns what lies elsewhere.
    """

    __slots__ = ("_pieces", "_reader", "_stored", "_values")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, reader: Reader, stored: Stored, pieces: Pieces) -> None:
        """Read nothing yet."""
        self._reader = reader
        self._stored = stored
        self._pieces = pieces
        self._values: dict[str, Text | None] | None = None

    def __eq__(self, other: object) -> bool:
        """Whether what is compared is the same in both."""
        if not isinstance(other, Rest):
            return NotImplemented
        return self._stored == other._stored or self.values == other.values

    @property
    def values(self) -> dict[str, Text | None]:
        """The values that are compared; None where there is none."""
        if self._values is None:
            self._values = {
                name: _IN_REST[name](value, self._pieces) if value else None
                for name, value in self._all()
                if name in _IN_REST
            }
        return self._values

    def _all(self) -> cabc.Iterator[tuple[str, bytes | None]]:
        reader, (nulls, data) = self._reader, self._stored
        offset = start = reader.start_of_rest
        for number, each in enumerate(reader.in_rest, reader.number_of_first):
            if nulls and not nulls[number >> 3] >> (number & 7) & 1:
                yield each.name, None
                continue
            # What need not be filled up to its alignment never begins with a zero.
            if each.size > 0 or data[offset - start] == 0:
                offset = each.aligned(offset)
            place = offset - start
            size = each.size if each.size > 0 else size_of(data, place)
            yield each.name, data[place : place + size]
            offset += size


def readers(layout: str) -> dict[int, Reader]:
    """Return what reads each table of the catalog, by the table's number.

    Parameters
    ----------
    layout : str
        A line for each of their columns: the table's number and name, the column's
        name, size, and alignment.
    """
    tables: dict[tuple[int, str], list[Attribute]] = {}
    for line in layout.splitlines():
        number, table, name, size, alignment = line.split()
        attribute = Attribute(name, int(size), alignment)
        tables.setdefault((int(number), table), []).append(attribute)
    return {
        number: Reader(_CLASSES.get(table, Piece), attributes)
        for (number, table), attributes in tables.items()
    }
