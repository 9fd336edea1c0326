"""The tables of keywords: what can be said about each kind of object and part."""

from __future__ import annotations

import collections.abc as cabc
import functools
import itertools
import re
import typing as typ

import attrs

from pytest_userstate.application.asserting import arguments
from pytest_userstate.application.asserting.arguments import (
    UNSPECIFIED,
    ObjectName,
)
from pytest_userstate.application.asserting.failures import with_source
from pytest_userstate.application.asserting.matching import (
    NOT_KNOWN,
    OTHER_ORDER,
    Keyword,
    Keywords,
    PartKind,
    Subject,
    in_words,
)
from pytest_userstate.application.schema_words import (
    check_in_words,
    column_in_words,
    foreign_key_in_words,
    index_in_words,
    key_in_words,
    policy_in_words,
    trigger_in_words,
)
from pytest_userstate.application.sql.data_types import type_of_column
from pytest_userstate.application.sql.equality import Clauses, same_expression
from pytest_userstate.application.sql.tokens import (
    END,
    Token,
    TokenKind,
    UnreadableSqlError,
    tokens,
)
from pytest_userstate.domain.columns import (
    CheckConstraint,
    Column,
    ExclusionConstraint,
    ForeignKey,
    Generated,
    Identity,
    Index,
    KeyConstraint,
    Policy,
    Trigger,
)
from pytest_userstate.domain.converters import in_quotes, in_sql
from pytest_userstate.domain.ports import Clause
from pytest_userstate.domain.snapshot import (
    Extension,
    Table,
)

__tracebackhide__ = True  # a failing test shows its own line, not ours

ColumnNames: typ.TypeAlias = str | cabc.Iterable[str]
Action: typ.TypeAlias = typ.Literal[
    "no action", "restrict", "cascade", "set null", "set default"
]
Match: typ.TypeAlias = typ.Literal["simple", "full"]
GeneratedKind: typ.TypeAlias = typ.Literal["stored", "virtual"]
IdentityKind: typ.TypeAlias = typ.Literal["always", "by default"]
Timing: typ.TypeAlias = typ.Literal["before", "after", "instead of"]
Event: typ.TypeAlias = typ.Literal["insert", "update", "delete", "truncate"]
Level: typ.TypeAlias = typ.Literal["row", "statement"]
Command: typ.TypeAlias = typ.Literal["all", "select", "insert", "update", "delete"]

_CHECK: typ.Final = re.compile(
    r"CHECK\s*(?P<expression>.*?)(\s+(NO INHERIT|NOT VALID|NOT ENFORCED))*", re.DOTALL
)
_PLAIN: typ.Final = re.compile(r'[\w$ ]+|"(?:[^"]|"")+"')
_CONNECTING: typ.Final = frozenset(
    {"all", "and", "any", "array", "between", "in", "is", "like", "not", "null", "or"}
)
"""Words that PostgreSQL puts in place of others."""
_HOLDS_OF_EQUALS: typ.Final = frozenset({"=", "&&", "~=", "@>", "<@", "<=", ">="})
"""Operators that hold between a value and itself."""


# How keywords are read and compared.


def _clause(clause: Clause, get: typ.Any, **options: typ.Any) -> Keyword:
    """Read SQL that may be written as in a migration."""
    return Keyword(
        get,
        arguments.text,
        same=lambda expected, fact, clauses: clauses.same(clause, expected, fact),
        hint=_other_spelling,
        **options,
    )


def _expression(clause: Clause, get: typ.Any) -> Keyword:
    return _clause(clause, get, is_optional=True)


def _other_spelling(expected: str, fact: str) -> str:
    """Show what to write if both mention the same names, numbers and texts."""
    if not _mentioned(expected) == _mentioned(fact) != set():
        return ""
    return f"if both are meant to say the same, write it as PostgreSQL does: {fact}"


def _mentioned(sql: str) -> set[Token]:
    """Return the names, numbers and texts in a piece of SQL, types of casts apart."""
    try:
        pieces = tokens(sql)
    except UnreadableSqlError:
        return set()
    words = {TokenKind.WORD, TokenKind.QUOTED}
    return {
        Token(TokenKind.WORD, piece.text) if piece.kind in words else piece
        for before, piece in itertools.pairwise([END, *pieces])
        if piece.kind in {*words, TokenKind.STRING, TokenKind.NUMBER}
        and before.text != "::"
        and piece.text not in _CONNECTING
    }


def _type(get: str) -> Keyword:
    return Keyword(
        get,
        arguments.type_name,
        same=lambda expected, fact, clauses: expected.means(
            type_of_column(fact), clauses.snapshot.search_path
        ),
    )


def _choice(
    get: typ.Any, choices: cabc.Iterable[str], *, is_optional: bool = False
) -> Keyword:
    read = functools.partial(arguments.choice, choices=tuple(map(str, choices)))
    return Keyword(get, read, is_optional=is_optional)


def _flag(get: typ.Any) -> Keyword:
    return Keyword(get, arguments.flag)


def _name(get: typ.Any) -> Keyword:
    return Keyword(get, arguments.identifier)


def _quoted(get: str, read: typ.Any = arguments.text) -> Keyword:
    """Read a text that is shown in quotation marks, and may be missing."""
    words = lambda value: "none" if value is None else repr(value)  # noqa: E731
    return Keyword(get, read, is_optional=True, words=words)


def _columns(get: typ.Any) -> Keyword:
    """Read the columns of a key, in order; they come first in a call."""
    return Keyword(
        get,
        arguments.columns,
        is_first=True,
        columns=tuple,
        hint=lambda expected, fact: OTHER_ORDER * (sorted(expected) == sorted(fact)),
    )


def _names_in_any_order(get: typ.Any, *, are_columns: bool = False) -> Keyword:
    return Keyword(
        get,
        arguments.names_or_none,
        same=lambda expected, fact, _: sorted(expected) == sorted(fact),
        columns=tuple if are_columns else lambda _: (),
    )


# The parts of tables and views.

COLUMN: typ.Final = PartKind[Column](
    name="column",
    plural="columns",
    parts=lambda owner: owner.columns,
    words=column_in_words,
    keywords={
        "data_type": _type("data_type"),
        "nullable": _flag("is_nullable"),
        "default": _expression(Clause.DEFAULT, "default"),
        "generated": _choice("generated", Generated, is_optional=True),
        "expression": _clause(Clause.GENERATED, "expression"),
        "identity": _choice("identity", Identity, is_optional=True),
        "primary_key": _flag("is_primary_key"),
        "collation": _quoted("collation", arguments.collation),
        "comment": _quoted("comment"),
    },
    dropped="column",
)


def _is_valid(key: KeyConstraint, table: Table) -> bool:
    """Whether the index behind a key is; a partition of a table may lack it."""
    return all(
        index.is_valid for index in table.indexes if index.constraint == key.name
    )


_KEY: Keywords = {
    "columns": _columns("columns"),
    "name": _name("name"),
    "included": _names_in_any_order("included"),
    "deferrable": _flag("is_deferrable"),
    "initially_deferred": _flag("is_initially_deferred"),
    "temporal": _flag("is_temporal"),
}


# What makes columns unique beside a unique constraint on them.


def makes_unique(table: Table, columns: cabc.Iterable[str]) -> list[str]:
    """Return what makes columns unique, taken together, or some of them alone."""
    names = set(columns)
    reasons = [
        with_source(key_in_words(key), key.source)
        for key in table.unique_constraints
        if names.issuperset(key.columns)
    ]
    return reasons + otherwise_unique(table, names, is_same=names.issuperset)


def otherwise_unique(
    table: Table,
    columns: cabc.Iterable[str],
    *,
    is_same: cabc.Callable[[set[str]], bool] | None = None,
) -> list[str]:
    """Return what makes these columns unique without a unique constraint."""
    key, is_same = table.primary_key, is_same or set(columns).__eq__
    reasons = []
    if key and is_same(set(key.columns)):
        reasons.append(f"the primary key {key_in_words(key)}")
    reasons += [
        f"the index: {index_in_words(index)}"
        for index in table.indexes
        if index.is_unique
        and index.is_valid
        and index.constraint is None
        and _is_of_all_rows(index)
        and is_same(set(index.columns))
    ]
    reasons += [
        f"the exclusion constraint {check_in_words(constraint)}"
        for constraint in table.exclusion_constraints
        if (compared := constraint.operators)
        and _HOLDS_OF_EQUALS.issuperset(compared.values())
        and is_same({*compared})
    ]
    return reasons


def _is_of_all_rows(index: Index) -> bool:
    """Whether no two rows without nulls escape a unique index."""
    if index.predicate is None:
        return True
    not_null = [f"{in_quotes(name)} IS NOT NULL" for name in index.columns]
    return any(
        same_expression(condition, index.predicate)
        for condition in ("true", *not_null, " AND ".join(not_null))
    )


_VALID: Keywords = {
    "valid": Keyword(
        _is_valid,
        arguments.flag,
        words=lambda is_valid: (
            "yes" if is_valid else "no: its index is not, as some partition lacks it"
        ),
    )
}
PRIMARY_KEY: typ.Final = PartKind[KeyConstraint](
    name="primary key",
    plural="primary keys",
    parts=lambda table: [table.primary_key] if table.primary_key else [],
    words=key_in_words,
    keywords=_KEY,
    implied=_VALID,
    dropped="constraint",
)
UNIQUE: typ.Final = PartKind[KeyConstraint](
    name="unique constraint",
    plural="unique constraints",
    parts=lambda table: table.unique_constraints,
    words=key_in_words,
    keywords={**_KEY, "nulls_distinct": _flag("nulls_distinct")},
    implied=_VALID,
    dropped="constraint",
    hints=lambda subject, facts: otherwise_unique(
        subject.owner, facts.get("columns", ())
    ),
)


def on_delete_with_columns(action: object, columns: object) -> object:
    """Return what ``on_delete`` says together with its columns: ``set null (a)``."""
    if action is not UNSPECIFIED:
        action = arguments.choice(action, "on_delete", typ.get_args(Action))
    if columns is UNSPECIFIED:
        return action
    if action not in {"set null", "set default"}:
        message = "on_delete_columns goes with on_delete='set null' or 'set default'"
        raise TypeError(message)
    return (
        f"{action} ({in_sql(sorted(arguments.columns(columns, 'on_delete_columns')))})"
    )


def _about_target(subject: Subject, facts: dict[str, typ.Any]) -> cabc.Iterator[str]:
    place = facts.get("references")
    if isinstance(place, ObjectName) and not subject.snapshot.table(
        place.name, schema=place.schema
    ):
        yield f"there is no table {place}"


FOREIGN_KEY: typ.Final = PartKind[ForeignKey](
    name="foreign key",
    plural="foreign keys",
    parts=lambda table: table.foreign_keys,
    words=foreign_key_in_words,
    keywords={
        "columns": _columns("columns"),
        "references": Keyword(
            lambda key, _: ObjectName(key.target_schema, key.target_table),
            arguments.place,
        ),
        "references_columns": Keyword("target_columns", arguments.names_or_none),
        "on_update": _choice("on_update", typ.get_args(Action)),
        "on_delete": Keyword("on_delete", arguments.text),
        "match": _choice("match", typ.get_args(Match)),
        "deferrable": _flag("is_deferrable"),
        "initially_deferred": _flag("is_initially_deferred"),
        "validated": _flag("is_validated"),
        "enforced": _flag("is_enforced"),
        "temporal": _flag("is_temporal"),
        "name": _name("name"),
    },
    dropped="constraint",
    hints=_about_target,
)


def _condition(check: CheckConstraint, _: object) -> str:
    """Return the condition of a check constraint, without what is around it."""
    match = _CHECK.fullmatch(check.definition)
    return match["expression"] if match else check.definition


CHECK: typ.Final = PartKind[CheckConstraint](
    name="check constraint",
    plural="check constraints",
    parts=lambda owner: owner.check_constraints,
    words=check_in_words,
    keywords={
        "expression": _clause(Clause.CHECK, _condition, is_first=True),
        "name": _name("name"),
        "columns": _names_in_any_order("columns", are_columns=True),
        "validated": _flag("is_validated"),
        "enforced": _flag("is_enforced"),
    },
    dropped="constraint",
)
EXCLUSION: typ.Final = PartKind[ExclusionConstraint](
    name="exclusion constraint",
    plural="exclusion constraints",
    parts=lambda table: table.exclusion_constraints,
    words=check_in_words,
    keywords={
        "definition": _clause(Clause.EXCLUSION, "definition", is_first=True),
        "name": _name("name"),
    },
    dropped="constraint",
)


def _index_columns(value: object, what: str) -> tuple[str, ...]:
    """Return the columns and expressions that a caller named."""
    expected = arguments.one_or_several(value, what)
    if not expected:
        message = f"{what}: name at least one column or expression"
        raise ValueError(message)
    for item in filter(_is_plain, expected):
        arguments.identifier(item, what)
    return expected


def _is_plain(text: str) -> bool:
    """Whether it is the name of a column, and no expression."""
    return _PLAIN.fullmatch(text) is not None


def _plain_columns(expected: cabc.Iterable[str]) -> list[str]:
    return [arguments.identifier(item) for item in expected if _is_plain(item)]


def _same_index_columns(
    expected: tuple[str, ...], fact: tuple[str, ...], clauses: Clauses
) -> bool:
    names = clauses.columns

    def same(expected: str, column: str) -> bool:
        if column in names:
            return _is_plain(expected) and arguments.identifier(expected) == column
        return clauses.same(Clause.INDEX_KEY, expected, column)

    return len(expected) == len(fact) and all(map(same, expected, fact))


def may_be_on(index: Index, columns: typ.Any, clauses: Clauses) -> bool:
    """Whether an index is on these columns, or on what may be the same expressions."""

    def alike(expected: str, column: str) -> bool:
        return _same_index_columns((expected,), (column,), clauses) or (
            not _is_plain(expected)
            and _mentioned(expected) == _mentioned(column) != set()
        )

    return len(columns) == len(index.columns) and all(
        map(alike, columns, index.columns)
    )


def _primary(index: Index, owner: object) -> bool:
    key = owner.primary_key if isinstance(owner, Table) else None
    return key is not None and index.constraint == key.name


INDEX: typ.Final = PartKind[Index](
    name="index",
    plural="indexes",
    parts=lambda owner: owner.indexes,
    words=index_in_words,
    keywords={
        "columns": Keyword(
            "columns",
            _index_columns,
            same=_same_index_columns,
            words=", ".join,
            is_first=True,
            columns=_plain_columns,
            hint=lambda expected, fact: (
                OTHER_ORDER * (sorted(expected) == sorted(fact))
            ),
        ),
        "name": _name("name"),
        "method": _name("method"),
        "unique": Keyword(
            lambda index, _: (index.is_unique, index.is_valid),
            lambda value, what: (arguments.flag(value, what), True),
            # An index that is not valid keeps nothing unique, and is no other index.
            same=lambda expected, fact, _: (
                expected[0] is fact[0] and (fact[1] or not fact[0])
            ),
            words=lambda fact: (
                in_words(fact[0])
                + ", but the index is not valid" * (fact[0] and not fact[1])
            ),
        ),
        "where": _expression(Clause.CHECK, "predicate"),
        "included": _names_in_any_order("included"),
        "nulls_distinct": _flag("nulls_distinct"),
        "valid": _flag("is_valid"),
        "primary": _flag(_primary),
        "clustered": _flag("is_clustered"),
    },
    dropped="index",
)


VOID_INDEX: typ.Final = attrs.evolve(
    INDEX, keywords={**INDEX.keywords, "unique": _flag("is_unique")}
)
"""An index that a call says is not valid: `unique` is what it was created as."""


def _if_known(attribute: str) -> cabc.Callable[[Trigger, object], object]:
    """Return a getter of what only a trigger that was read from a server says."""
    return lambda trigger, _: (
        getattr(trigger, attribute) if trigger.timing else NOT_KNOWN
    )


TRIGGER: typ.Final = PartKind[Trigger](
    name="trigger",
    plural="triggers",
    parts=lambda owner: owner.triggers,
    words=trigger_in_words,
    keywords={
        "function": Keyword(
            "function", lambda value, what: str(arguments.place(value, what))
        ),
        "timing": _choice(_if_known("timing"), typ.get_args(Timing)),
        "events": Keyword(
            _if_known("events"),
            functools.partial(arguments.several_choices, choices=typ.get_args(Event)),
            same=lambda expected, fact, _: expected == {*fact},
            words=lambda events: " or ".join(sorted(events)),
        ),
        "update_of": _names_in_any_order(_if_known("update_of")),
        "level": _choice(_if_known("level"), typ.get_args(Level)),
        "when": _expression(Clause.TRIGGER_CONDITION, _if_known("when")),
        "enabled": _flag("is_enabled"),
        "constraint": _flag("is_constraint"),
    },
)
POLICY: typ.Final = PartKind[Policy](
    name="policy",
    plural="policies",
    parts=lambda table: table.policies,
    words=policy_in_words,
    keywords={
        "command": _choice("command", typ.get_args(Command)),
        "roles": _names_in_any_order("roles"),
        "permissive": _flag("is_permissive"),
        "using": _expression(Clause.POLICY, "using"),
        "check": _expression(Clause.POLICY, "check"),
    },
)
CONSTRAINTS: typ.Final = (FOREIGN_KEY, UNIQUE, CHECK, EXCLUSION, PRIMARY_KEY)

# Whole objects.

TABLE: typ.Final[Keywords] = {
    "kind": Keyword("kind", arguments.text),
    "by": _clause(Clause.PARTITION_KEY, "partition_key"),
    "partition of": Keyword(
        lambda table, _: table.partition_of or "no table", arguments.text
    ),
    "bound": _clause(Clause.PARTITION_BOUND, "partition_bound"),
    "enabled": _flag("has_row_security"),
    "forced": _flag("forces_row_security"),
}
DOMAIN: typ.Final[Keywords] = {
    "data_type": _type("data_type"),
    "nullable": _flag("is_nullable"),
    "default": _expression(Clause.DEFAULT, "default"),
    "collation": _quoted("collation", arguments.collation),
}
SEQUENCE: typ.Final[Keywords] = {
    "data_type": _type("data_type"),
    **{
        name: Keyword(name, arguments.whole_number)
        for name in ("start", "increment", "minimum", "maximum", "cache")
    },
    "cycles": _flag("cycles"),
    "owned_by": Keyword("owned_by", arguments.column_place, is_optional=True),
}
COMMENT: typ.Final[Keywords] = {"comment": _quoted("comment")}
EXTENSION: typ.Final = PartKind[Extension](
    name="extension",
    plural="extensions",
    parts=lambda snapshot: snapshot.extensions,
    words=lambda extension: f"version {extension.version} in schema {extension.schema}",
    keywords={
        "version": Keyword("version", arguments.text),
        "schema": _name("schema"),
        "stub": _flag("is_stub"),
    },
)
