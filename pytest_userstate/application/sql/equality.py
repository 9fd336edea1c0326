"""Whether two pieces of SQL say the same.

What a test expects is written by hand, and PostgreSQL adds parentheses, casts and
schemas when it deparses it: ``status <> 'draft'`` becomes
``(status <> 'draft'::public.route_status)``. Two deparsed texts differ, too: after a
dump was restored, and between major versions. The comparison undoes what PostgreSQL
adds, and nothing else: if it is not sure, the two are different.
"""

from __future__ import annotations

import collections.abc as cabc
import itertools
import re
import typing as typ

import attrs

from pytest_userstate.application.sql.data_types import type_of_column
from pytest_userstate.application.sql.expressions import (
    Node,
    canonical,
    read_expression,
)
from pytest_userstate.application.sql.tokens import (
    END,
    Token,
    TokenKind,
    UnreadableSqlError,
    tokens,
)
from pytest_userstate.domain.ports import Clause
from pytest_userstate.domain.relations import Domain, Table, View
from pytest_userstate.domain.snapshot import SchemaSnapshot

SEARCH_PATH: typ.Final = ("public",)
"""The schemas in which a bare name is looked up unless a database has others."""

_OF_DOMAINS: typ.Final = {
    Clause.CHECK: Clause.DOMAIN_CHECK,
    Clause.DEFAULT: Clause.DOMAIN_DEFAULT,
}
_TOO_HARD: typ.Final = (UnreadableSqlError, RecursionError)
"""Why a text is compared in a simpler way."""
_NUMERIC: typ.Final = frozenset(
    {"smallint", "integer", "bigint", "numeric", "real", "double precision"}
)
_RELABELLED: typ.Final = "text"
_TIMES: typ.Final = frozenset(
    {"timestamp with time zone", "timestamp without time zone"}
)
_MIDNIGHT: typ.Final = re.compile(r"(\d{4}-\d\d-\d\d) 00:00:00(\+00)?")

_NAMES: typ.Final = frozenset({TokenKind.WORD, TokenKind.QUOTED})
_DOT, _CAST, _OPEN = (Token(TokenKind.MARK, mark) for mark in (".", "::", "("))


def same_expression(
    expected: str,
    actual: str,
    *,
    varchars: cabc.Set[str] = frozenset(),
    search_path: cabc.Sequence[str] = SEARCH_PATH,
) -> bool:
    """Whether an expression that PostgreSQL deparsed is the expected one.

    PostgreSQL adds a cast to ``text`` to columns of type ``character varying``
    (`varchars`) whenever they are compared. The search path has the schemas in which
    a name without a schema is looked up.
    """
    try:
        return _Comparison(varchars, search_path).same(
            read_expression(expected), read_expression(actual)
        )
    except _TOO_HARD:
        return same_text(expected, actual)


@attrs.frozen(kw_only=True)
class Clauses:
    """The clauses of a table, view or domain, which may say what is expected.

    If the texts do not show it, the database that the snapshot was read from decides:
    it writes the expected text as it writes its own.
    """

    snapshot: SchemaSnapshot
    owner: Table | View | Domain
    # The column of a default, or of a generated column.
    column: str = ""

    @property
    def columns(self) -> frozenset[str]:
        """The names of the owner's columns."""
        columns = () if isinstance(self.owner, Domain) else self.owner.columns
        return frozenset(column.name for column in columns)

    def same(self, clause: Clause, expected: str, actual: str) -> bool:
        """Whether a deparsed clause says what is written by hand."""
        owner = self.owner
        if same_expression(
            expected,
            actual,
            varchars=varchars(owner),
            search_path=self.snapshot.search_path,
        ):
            return True
        if self.snapshot.deparser is None:
            return False
        if isinstance(owner, Domain):
            clause = _OF_DOMAINS.get(clause, clause)
        if clause is Clause.PARTITION_BOUND:
            owner = self._partitioned_table() or owner
        deparsed = self.snapshot.deparser.deparse(
            clause, expected, schema=owner.schema, name=owner.name, column=self.column
        )
        return deparsed is not None and same_text(deparsed, actual)

    def _partitioned_table(self) -> Table | None:
        """Return the table that the owner is a partition of."""
        parent = self.owner.partition_of if isinstance(self.owner, Table) else None
        tables = self.snapshot.tables
        return next((table for table in tables if table.qualified_name == parent), None)


def varchars(owner: Table | View | Domain) -> frozenset[str]:
    """Return what PostgreSQL casts to ``text`` to compare it: columns, or ``VALUE``."""
    types = (
        {"value": owner.data_type}
        if isinstance(owner, Domain)
        else {column.name: column.data_type for column in owner.columns}
    )
    return frozenset(
        name
        for name, text in types.items()
        if type_of_column(text).name == "character varying"
    )


def same_text(one: str, other: str) -> bool:
    """Whether two texts differ only in what PostgreSQL can write in two ways.

    These are blanks, case, quotes around names, parentheses around the whole, and
    what a dump changes when it is restored.

    >>> same_text('a AND ("b" AND c)', "(a and b and c)")
    True
    >>> same_text("(ARRAY['a'::varchar])::text[]", "ARRAY[('a'::varchar)::text]")
    True
    """
    try:
        return one == other or _canonical(one) == _canonical(other)
    except _TOO_HARD:
        return one.split() == other.split()


def same_query(one: str, other: str) -> bool:
    """Whether two queries of views say the same.

    PostgreSQL 14 and 15 write a column with its relation (``users.id``) also if
    there is only one, which 16 and newer do not.

    >>> same_query("SELECT users.id FROM public.users", "SELECT id FROM public.users")
    True
    >>> same_query("SELECT users.id FROM public.users", "SELECT nr FROM public.users")
    False
    """
    if one == other:
        return True
    try:
        left, right = _canonical(one), _canonical(other)
    except _TOO_HARD:
        return one.split() == other.split()
    dropped = _dropped(left, right)
    return dropped is not None and len(dropped) <= 1


@attrs.frozen
class _Comparison:
    """Comparing trees: the expected one on the left, the actual one on the right."""

    varchars: cabc.Set[str]
    search_path: cabc.Sequence[str]

    def same(self, expected: Node, actual: Node) -> bool:
        """Whether the two say the same."""
        if _names_relation(actual):
            return self._same_relation(expected, actual)
        if actual.kind == "cast" and self._is_added(expected, actual):
            return True
        if expected.kind != actual.kind or len(expected.parts) != len(actual.parts):
            return False
        if not self._same_own(expected, actual):
            return False
        if expected.kind in {"and", "or"}:
            return self._same_in_any_order(expected, actual)
        return all(map(self.same, expected.parts, actual.parts))

    def _same_own(self, expected: Node, actual: Node) -> bool:
        match expected.kind:
            case "call" | "collate" | "operator":
                return self._same_name(expected, actual)
            case "cast":
                if expected.data_type is None or actual.data_type is None:
                    return False
                return expected.data_type.means(actual.data_type, self.search_path)
            case "number":
                return _same_number(expected.text, actual.text)
            case _:
                return (expected.text, expected.schema) == (actual.text, actual.schema)

    def _same_in_any_order(self, expected: Node, actual: Node) -> bool:
        remaining = list(actual.parts)
        for part in expected.parts:
            for at, other in enumerate(remaining):
                if self.same(part, other):
                    del remaining[at]
                    break
            else:
                return False
        return True

    def _is_added(self, expected: Node, actual: Node) -> bool:
        """Whether a cast is one that PostgreSQL added on its own."""
        (inner,) = actual.parts
        if _is_constant(inner):
            return self.same(expected, inner) or _same_constant(expected, actual)
        is_relabelled = (
            expected.kind != "cast"
            and inner.kind == "name"
            and inner.text in self.varchars
            and str(actual.data_type) == _RELABELLED
        )
        return is_relabelled and self.same(expected, inner)

    def _same_name(self, expected: Node, actual: Node) -> bool:
        """Whether a name, with or without its schema, is the actual one."""
        if expected.text != actual.text:
            return False
        if expected.schema or not actual.schema:
            return expected.schema == actual.schema
        return actual.schema in self.search_path

    def _same_relation(self, expected: Node, actual: Node) -> bool:
        """Whether ``'users_id_seq'`` is ``'public.users_id_seq'::regclass``."""
        if expected.kind == "cast":
            if expected.data_type != actual.data_type:
                return False
            (expected,) = expected.parts
        if expected.kind != "string":
            return False
        try:
            names = (
                read_expression(expected.text),
                read_expression(actual.parts[0].text),
            )
        except UnreadableSqlError:
            return expected.text == actual.parts[0].text
        return all(node.kind == "name" for node in names) and self._same_name(*names)


def _names_relation(node: Node) -> bool:
    return str(node.data_type) == "regclass" and node.parts[0].kind == "string"


def _is_constant(node: Node) -> bool:
    match node.kind:
        case "string" | "number":
            return True
        case "constant":
            return node.text == "null"
        case "array" | "cast":
            return all(map(_is_constant, node.parts))
        case _:
            return False


def _same_constant(expected: Node, actual: Node) -> bool:
    """Whether ``'-1'::integer`` is the expected ``-1``, or midnight a date."""
    (inner,) = actual.parts
    data_type = str(actual.data_type)
    if expected.kind == "string" and data_type in _TIMES:
        midnight = _MIDNIGHT.fullmatch(inner.text)
        return midnight is not None and midnight[1] == expected.text
    is_number = actual.data_type is not None and actual.data_type.name in _NUMERIC
    return (
        is_number
        and expected.kind == "number"
        and _same_number(expected.text, inner.text)
    )


def _same_number(expected: str, actual: str) -> bool:
    """Whether two numbers are the same but for a point at the end."""
    return expected.removesuffix(".") == actual.removesuffix(".")


def _canonical(text: str) -> list[Token]:
    return canonical(tokens(text))


def _dropped(left: list[Token], right: list[Token]) -> set[Token] | None:
    """Return the relations that only one side writes out, or None if they differ."""
    relations: set[Token] = set()
    places = [0, 0]
    while places[0] < len(left) or places[1] < len(right):
        for full, bare, side in ((left, right, 0), (right, left, 1)):
            name = _qualifier(full, places[side])
            other = _qualifier(bare, places[1 - side])
            if name and not other and _is_relation(name, bare):
                relations.add(name)
                places[side] += 2
        one, other_one = (
            left[places[0] : places[0] + 1],
            right[places[1] : places[1] + 1],
        )
        if one != other_one:
            return None
        places = [place + 1 for place in places]
    return relations


def _qualifier(side: cabc.Sequence[Token], at: int) -> Token | None:
    """Return the relation before a column, if there is one here."""
    name = side[at : at + 3]
    if len(name) < 3 or name[1] != _DOT or name[0].kind not in _NAMES:
        return None
    before = side[at - 1] if at else None
    follows = side[at + 3] if at + 3 < len(side) else None
    # A dot before: the middle of a name. Else a type, or a function: their schema
    # always counts.
    return None if before in (_DOT, _CAST) or follows == _OPEN else name[0]


def _is_relation(name: Token, query: list[Token]) -> bool:
    """Whether the query has a relation of this name, and not only a schema."""
    return any(
        token == name and follows != _DOT
        for token, follows in itertools.pairwise((*query, END))
    )
