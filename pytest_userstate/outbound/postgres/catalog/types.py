"""Types: the queries, and what the audit needs to know of a type in use."""

from __future__ import annotations

import collections.abc as cabc
import string
import typing as typ

import attrs

if typ.TYPE_CHECKING:
    from pytest_userstate.outbound.postgres.catalog.relations import AttributeRow


# What only newer versions have: since when, how to ask, what it was before.
_NEWER: typ.Final = {
    "nulls_distinct": (150_000, "NOT indnullsnotdistinct", "true"),
    "set_columns": (150_000, "confdelsetcols", "NULL::int2[]"),
    "is_enforced": (180_000, "conenforced", "true"),
    "is_temporal": (180_000, "conperiod", "false"),
    "inherits": (160_000, "inherit_option", "rolinherit"),
}


R = typ.TypeVar("R")


@attrs.frozen(eq=False)
class Query(typ.Generic[R]):
    """A query, and what makes a named tuple of an answer, in the same order.

    Names with a dollar sign are replaced by columns that only newer versions have.
    """

    make: cabc.Callable[[cabc.Iterable[typ.Any]], R]
    sql: typ.LiteralString

    def rows(self, answers: cabc.Iterable[tuple[typ.Any, ...]]) -> list[R]:
        """Return the answers as named tuples."""
        return list(map(self.make, answers))

    def text(self, server_version: int) -> str:
        """Return the query for a server of this version."""
        words = {
            name: newer if server_version >= since else older
            for name, (since, newer, older) in _NEWER.items()
        }
        return string.Template(self.sql).substitute(words)


class UserTypeRow(typ.NamedTuple):
    """An enumerated type, a domain, a composite type or a range."""

    oid: int
    name: str
    schema: int
    kind: str
    base: int
    modifier: int
    is_not_null: bool
    collation: int
    default: str | None
    owner: int
    relation: int


USER_TYPES: typ.Final[Query[UserTypeRow]] = Query(
    UserTypeRow._make,
    """
    SELECT oid, typname, typnamespace, typtype, typbasetype, typtypmod, typnotnull,
      typcollation, pg_get_expr(typdefaultbin, 0), typowner, typrelid
    FROM pg_type
    WHERE oid >= 16384 AND (typtype IN ('e', 'd', 'r') OR typtype = 'c'
      AND typrelid IN (SELECT oid FROM pg_class WHERE relkind = 'c'))
    """,
)


class LabelRow(typ.NamedTuple):
    """A label of an enumerated type."""

    type: int
    label: str


LABELS: typ.Final[Query[LabelRow]] = Query(
    LabelRow._make,
    "SELECT enumtypid, enumlabel FROM pg_enum ORDER BY enumtypid, enumsortorder",
)


class RangeRow(typ.NamedTuple):
    """What a range type is made of."""

    type: int
    subtype: str
    collation: str | None
    operator_class: str | None
    canonical: str | None
    difference: str | None


RANGES: typ.Final[Query[RangeRow]] = Query(
    RangeRow._make,
    """
    SELECT rngtypid, format_type(rngsubtype, NULL),
      CASE WHEN rngcollation NOT IN (0, 100) THEN rngcollation::regcollation::text END,
      (SELECT concat(nspname, '.', opcname) FROM pg_opclass
        JOIN pg_namespace ON pg_namespace.oid = opcnamespace
        WHERE pg_opclass.oid = rngsubopc AND NOT opcdefault),
      nullif(rngcanonical::oid, 0)::regproc::text,
      nullif(rngsubdiff::oid, 0)::regproc::text
    FROM pg_range
    WHERE rngtypid >= 16384
    """,
)


class OperatorClassRow(typ.NamedTuple):
    """An operator class that is the default for its type."""

    oid: int
    type: int
    knows_equality: bool


# 403 and 405 are btree and hash, whose classes have an operator for equality.
OPERATOR_CLASSES: typ.Final[Query[OperatorClassRow]] = Query(
    OperatorClassRow._make,
    "SELECT oid, opcintype, opcmethod IN (403, 405) FROM pg_opclass WHERE opcdefault",
)


class CoercionRow(typ.NamedTuple):
    """A type whose values are taken for those of another as they are."""

    source: int
    target: int


COERCIONS: typ.Final[Query[CoercionRow]] = Query(
    CoercionRow._make,
    """
    SELECT castsource, casttarget FROM pg_cast
    WHERE castmethod = 'b' AND castcontext = 'i'
    """,
)


class TypeRow(typ.NamedTuple):
    """A type in use, with a modifier, and as PostgreSQL writes the two."""

    oid: int
    modifier: int
    text: str
    kind: str
    base: int
    element: int
    relation: int
    is_not_null: bool
    collation: int


TYPES: typ.Final[Query[TypeRow]] = Query(
    TypeRow._make,
    """
    SELECT used.oid, used.modifier, format_type(used.oid, used.modifier),
      typtype, typbasetype,
      CASE WHEN typsubscript = 'array_subscript_handler'::regproc
        THEN typelem ELSE 0 END,
      typrelid, typnotnull, typcollation
    FROM unnest(%s::oid[], %s::int4[]) AS used (oid, modifier)
      JOIN pg_type ON pg_type.oid = used.oid
    """,
)


class CollationRow(typ.NamedTuple):
    """A collation, with its schema unless it is PostgreSQL's own."""

    oid: int
    text: str


COLLATIONS: typ.Final[Query[CollationRow]] = Query(
    CollationRow._make,
    """
    SELECT pg_collation.oid,
      CASE WHEN nspname = 'pg_catalog' THEN collname::text
        ELSE concat(nspname, '.', collname) END
    FROM pg_collation JOIN pg_namespace ON pg_namespace.oid = collnamespace
    WHERE pg_collation.oid = ANY (%s::oid[])
    """,
)


Look = cabc.Callable[[set[tuple[int, int]]], cabc.Iterable[TypeRow]]
ANY_MODIFIER: typ.Final = -1


@attrs.frozen(kw_only=True)
class TypeFacts:
    """A type with its modifier, as a column or domain uses it."""

    text: str
    is_domain: bool
    is_never_null: bool  # a domain that excludes null, itself or further down
    # For DISTINCT and keys, that is: the `=` of `box` and `circle` compares areas.
    has_equality: bool
    collation: int


class Types:
    """The types in use, and those that they are made of."""

    def __init__(
        self,
        in_use: set[tuple[int, int]],
        *,
        look: Look,
        attributes: cabc.Mapping[int, cabc.Sequence[AttributeRow]],
        with_equality: cabc.Set[int],
    ) -> None:
        """Look up the types, then those that they are made of, and so on."""
        self._attributes = attributes
        self._equality = dict.fromkeys(with_equality, True)
        self._types: dict[int, TypeRow] = {}
        self._facts: dict[tuple[int, int], TypeFacts] = {}
        rows: list[TypeRow] = []
        while in_use:
            new = list(look(in_use))
            rows += new
            self._types.update((row.oid, row) for row in new)
            parts = {part for row in new for part in (row.base, row.element) if part}
            in_use = {(part, ANY_MODIFIER) for part in parts - self._types.keys()}
        for row in rows:
            self._facts[row.oid, row.modifier] = self._facts_of(row)

    def __getitem__(self, type_and_modifier: tuple[int, int]) -> TypeFacts:
        """Return the facts of a type with its modifier."""
        return self._facts[type_and_modifier]

    def _facts_of(self, row: TypeRow) -> TypeFacts:
        return TypeFacts(
            text=row.text,
            is_domain=row.kind == "d",
            is_never_null=self._is_never_null(row),
            has_equality=self._has_equality(row.oid),
            collation=row.collation,
        )

    def _is_never_null(self, row: TypeRow) -> bool:
        """Whether a domain, or a domain that it is based on, excludes null."""
        while row.kind == "d":
            if row.is_not_null:
                return True
            row = self._types[row.base]
        return False

    def _has_equality(self, oid: int) -> bool:
        if oid not in self._equality:
            self._equality[oid] = self._find_equality(self._types[oid])
        return self._equality[oid]

    def _find_equality(self, row: TypeRow) -> bool:
        match row.kind:
            case "d":
                return self._has_equality(row.base)
            case "e" | "r" | "m":  # enumerated types, ranges, multiranges
                return True
            case "c":
                attributes = self._attributes.get(row.relation, ())
                types = [attribute.type for attribute in attributes]
                return bool(types) and all(map(self._has_equality, types))
            case _:
                return bool(row.element) and self._has_equality(row.element)
