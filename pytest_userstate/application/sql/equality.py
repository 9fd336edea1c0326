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
from pytest_userstate.application.sql.expressions import Node, read_expression
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

# PostgreSQL quotes a name that is one of these; any other it writes bare. (Its
# documentation, "SQL Key Words": all but the non-reserved ones.)
_KEYWORDS: typ.Final = frozenset(
    re.findall(
        r"\w+",
        """
    all analyse analyze and any array as asc asymmetric authorization between bigint
    binary bit boolean both case cast char character check coalesce collate
    collation column concurrently constraint create cross current_catalog
    current_date current_role current_schema current_time current_timestamp
    current_user dec decimal default deferrable desc distinct do else end except
    exists extract false fetch float for foreign freeze from full grant greatest
    group grouping having ilike in initially inner inout int integer intersect
    interval into is isnull join json json_array json_arrayagg json_exists
    json_object json_objectagg json_query json_scalar json_serialize json_table
    json_value lateral leading least left like limit localtime localtimestamp
    merge_action national natural nchar none normalize not notnull null nullif
    numeric offset on only or order out outer overlaps overlay placing position
    precision primary real references returning right row select session_user setof
    similar smallint some substring symmetric system_user table tablesample then
    time timestamp to trailing treat trim true union unique user using values
    varchar variadic verbose when where window with xmlattributes xmlconcat
    xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize
    xmltable
        """,
    )
)
_BARE: typ.Final = re.compile(r"[a-z_][a-z0-9_$]*")
_NAMES: typ.Final = frozenset({TokenKind.WORD, TokenKind.QUOTED})
_DOT, _COMMA, _CAST, _OPEN = (
    Token(TokenKind.MARK, mark) for mark in (".", ",", "::", "(")
)
_ARRAY, _AND, _OR = (Token(TokenKind.WORD, word) for word in ("array", "and", "or"))
_CLOSING: typ.Final = {"(": ")", "[": "]"}
_SEPARATE: typ.Final = (
    _COMMA,
    *(Token(TokenKind.WORD, word) for word in ("select", "case", "between")),
)
"""What makes an AND in parentheses belong to something else."""


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


# The tokens of a text, as a tree of brackets.


class _Group(typ.NamedTuple):
    """What is between two brackets, and the first of them."""

    bracket: str
    items: list[Token | _Group]


_Item: typ.TypeAlias = Token | _Group


def _canonical(text: str) -> list[Token]:
    """Return the tokens of a text in one of the ways to write them."""
    items = _grouped([_unquoted(token) for token in tokens(text)])
    while len(items) == 1 and isinstance(items[0], _Group) and items[0].bracket == "(":
        items = items[0].items
    return list(_flattened(_rewritten(items)))


def _unquoted(token: Token) -> Token:
    """Return a name without the quotes that it does not need."""
    is_plain = _BARE.fullmatch(token.text) and token.text not in _KEYWORDS
    return (
        Token(TokenKind.WORD, token.text)
        if is_plain and token.kind is TokenKind.QUOTED
        else token
    )


def _grouped(pieces: list[Token]) -> list[_Item]:
    top: list[_Item] = []
    open_groups = [_Group("", top)]
    for token in pieces:
        is_mark = token.kind is TokenKind.MARK
        if is_mark and token.text in _CLOSING:
            group = _Group(token.text, [])
            open_groups[-1].items.append(group)
            open_groups.append(group)
        elif is_mark and token.text in _CLOSING.values():
            if _CLOSING.get(open_groups[-1].bracket) != token.text:
                raise UnreadableSqlError("a bracket is missing")  # noqa: EM101, TRY003
            open_groups.pop()
        else:
            open_groups[-1].items.append(token)
    if len(open_groups) > 1:
        raise UnreadableSqlError("a bracket is missing")  # noqa: EM101, TRY003
    return top


def _flattened(items: cabc.Iterable[_Item]) -> cabc.Iterator[Token]:
    for item in items:
        if isinstance(item, _Group):
            yield Token(TokenKind.MARK, item.bracket)
            yield from _flattened(item.items)
            yield Token(TokenKind.MARK, _CLOSING[item.bracket])
        else:
            yield item


def _rewritten(items: list[_Item]) -> list[_Item]:
    inner = [
        _Group(item.bracket, _rewritten(item.items))
        if isinstance(item, _Group)
        else item
        for item in items
    ]
    return _spliced(_with_casts_inside(inner))


def _spliced(items: list[_Item]) -> list[_Item]:
    """Write ``a AND (b AND c)`` without parentheses."""
    for connective, other in ((_AND, _OR), (_OR, _AND)):
        spliced: list[_Item] = []
        for at, item in enumerate(items):
            before = items[at - 1] if at else None
            after = items[at + 1] if at + 1 < len(items) else None
            is_operand = (
                isinstance(item, _Group)
                and other not in item.items
                and _is_operand(item, before, after, connective)
            )
            if isinstance(item, _Group) and is_operand:
                spliced += item.items
            else:
                spliced.append(item)
        items = spliced
    return items


def _is_operand(
    group: _Group, before: _Item | None, after: _Item | None, connective: Token
) -> bool:
    """Whether a group is ``(b AND c)`` beside an AND, and nothing else binds it."""
    return (
        group.bracket == "("
        and connective in group.items
        and not any(token in group.items for token in _SEPARATE)
        and before in (None, connective)
        and after in (None, connective)
    )


def _with_casts_inside(items: list[_Item]) -> list[_Item]:
    """Write ``(ARRAY[a, b])::text[]`` as ``ARRAY[(a)::text, (b)::text]``."""
    moved: list[_Item] = []
    at = 0
    while at < len(items):
        elements = _elements(items[at])
        end = _end_of_array_type(items, at + 1) if elements else 0
        if not elements or not end:
            moved.append(items[at])
            at += 1
            continue
        array_type = items[at + 1 : end - 1]
        inside: list[_Item] = []
        for element in elements:
            is_alone = len(element) == 1 and isinstance(element[0], _Group)
            inside += [_COMMA] if inside else []
            inside += element if is_alone else [_Group("(", element)]
            inside += array_type
        moved += [_ARRAY, _Group("[", inside)]
        at = end
    return moved


def _elements(item: _Item) -> list[list[_Item]]:
    """Return what is between the commas of ``(ARRAY[…])``."""
    if not isinstance(item, _Group) or item.bracket != "(" or len(item.items) != 2:
        return []
    word, array = item.items
    if word != _ARRAY or not isinstance(array, _Group):
        return []
    elements: list[list[_Item]] = [[]]
    for part in array.items:
        if part == _COMMA:
            elements.append([])
        else:
            elements[-1].append(part)
    return elements if elements[0] else []


def _end_of_array_type(items: list[_Item], at: int) -> int:
    """Return where a ``::type[]`` ends that begins here, or 0."""
    if items[at : at + 1] != [_CAST]:
        return 0
    for end in range(at + 1, len(items)):
        item = items[end]
        if isinstance(item, _Group):
            if item.bracket == "[":
                return end + 1 if not item.items and end > at + 1 else 0
        elif item.kind not in _NAMES and item != _DOT:
            return 0
    return 0


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
