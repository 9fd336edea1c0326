"""Rows for trials, made from the schema alone where that is possible.

Columns that have to be filled get the first value that the checks accept: PostgreSQL
evaluates the checks over candidates, in one query for columns that share a check. A
required foreign key gets a row made on the way. What cannot be made this way (a check
with a pattern that no candidate meets, a trigger that wants more) is a seed statement
in the configuration.
"""

from __future__ import annotations

import collections.abc as cabc
import functools
import re
import typing as typ

import attrs
import psycopg
from psycopg import sql

from pytest_userstate.domain.snapshot import (
    Column,
    ForeignKey,
    SchemaSnapshot,
    Table,
    TableKind,
)
from pytest_userstate.outbound.proving.values import candidates, conditions_of

Connection = psycopg.Connection[typ.Any]
Values: typ.TypeAlias = dict[str, str | None]

_MOST_COMBINATIONS: typ.Final = 100_000
_PARTITION_CONDITIONS: typ.Final = """
SELECT pg_catalog.pg_get_partition_constraintdef(relid)
FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass(%s)) WHERE isleaf
"""


class NoRowError(Exception):
    """A row cannot be made: which table's, and why."""

    def __init__(self, table: Table, reason: str) -> None:
        """Keep the table."""
        super().__init__(reason)
        self.table = table


@attrs.frozen
class Row:
    """A row that is there, its values as text."""

    table: Table
    values: Values

    def condition(self, but: cabc.Container[str]) -> sql.Composable:
        """Return the condition that finds it, without these columns if it can."""
        keys = [key for key in self.table.keys if key <= self.values.keys()]
        names = next((key for key in keys if not any(n in but for n in key)), None)
        columns = [
            column
            for column in self.table.columns
            if (column.name in names if names else _is_comparable(column))
            and column.name not in but
        ]
        return sql.SQL(" AND ").join(
            [
                sql.SQL("{} IS NOT DISTINCT FROM {}").format(
                    sql.Identifier(column.name),
                    typed(self.values[column.name], column.data_type),
                )
                for column in columns
            ]
            or [sql.Composed([sql.SQL("true")])]
        )


def _is_comparable(column: Column) -> bool:
    return column.has_equality and column.generated is None


def typed(value: str | None, data_type: str) -> sql.Composed:
    """Return a value as a literal of a type, both as the catalog writes them."""
    return sql.SQL("CAST({} AS {})").format(sql.Literal(value), trusted(data_type))


def quoted(error: psycopg.Error) -> str:
    """Return what the server said of an error, as a reason."""
    return f"PostgreSQL says: {error.diag.message_primary or error}"


def trusted(text: str) -> sql.SQL:
    """Return SQL that the server itself has written, such as a type or a check."""
    return sql.SQL(text)  # pyright: ignore[reportArgumentType]


def relation(table: Table) -> sql.Identifier:
    """Return the name of a table in SQL."""
    return sql.Identifier(table.schema, table.name)


class RowMaker:
    """Makes rows in a scratch database, as the role that owns the schema."""

    def __init__(
        self,
        connection: Connection,
        snapshot: SchemaSnapshot,
        seeds: cabc.Mapping[str, str],
    ) -> None:
        """Keep where to make them; `seeds` are statements, by qualified names."""
        self._connection = connection
        self.snapshot = snapshot
        self._seeds = dict(seeds)

    def row(self, table: Table) -> Row:
        """Return a row of the table: one that is there, or a new one.

        Raises
        ------
        NoRowError
            When none can be made.
        """
        return self._row(table, ())

    def another(self, row: Row, same: cabc.Collection[str]) -> Row:
        """Return a second row that shares only these columns with the first."""
        fixed = {name: row.values[name] for name in same}
        return self._new(row.table, (), fixed=fixed, number=1)

    def _row(self, table: Table, path: tuple[Table, ...]) -> Row:
        if table.forces_row_security:
            statement = "ALTER TABLE {} NO FORCE ROW LEVEL SECURITY"
            self._run(table, sql.SQL(statement).format(relation(table)))
        if seed := self._seeds.pop(table.qualified_name, None):
            self._run(table, trusted(seed))
        rows = self._run(
            table,
            sql.SQL("SELECT {} FROM {} LIMIT 1").format(_texts(table), relation(table)),
        )
        return _row_of(table, rows) if rows else self._new(table, path)

    def _new(
        self,
        table: Table,
        path: tuple[Table, ...],
        *,
        fixed: cabc.Mapping[str, str | None] = {},
        number: int = 0,
    ) -> Row:
        if table in path:
            names = " → ".join(each.qualified_name for each in (*path, table))
            reason = f"its required foreign keys go round in a circle: {names}"
            raise NoRowError(table, reason)
        known = dict(fixed)
        for key in self._required_keys(table, known):
            known.update(self._parent_values(key, table, path, number))
        values = known | self._values(table, known, number)
        columns = {c.name: c for c in table.columns if c.name in values}
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING {}")
        if not columns:
            statement = sql.SQL("INSERT INTO {0} DEFAULT VALUES RETURNING {3}")
        return _row_of(
            table,
            self._run(
                table,
                statement.format(
                    relation(table),
                    sql.SQL(", ").join(map(sql.Identifier, columns)),
                    sql.SQL(", ").join(
                        typed(values[name], column.data_type)
                        for name, column in columns.items()
                    ),
                    _texts(table),
                ),
            ),
        )

    def _required_keys(
        self, table: Table, known: cabc.Container[str]
    ) -> list[ForeignKey]:
        required = {c.name for c in table.columns if not c.is_nullable}
        return [
            key
            for key in table.foreign_keys
            if key.is_enforced
            and any(name in required for name in key.columns)
            and not all(name in known for name in key.columns)
        ]

    def _parent_values(
        self, key: ForeignKey, table: Table, path: tuple[Table, ...], number: int
    ) -> Values:
        parent = self.snapshot.table(key.target_table, schema=key.target_schema)
        if parent is None:
            place = f"{key.target_schema}.{key.target_table}"
            reason = f"{key.name} refers to {place}, which was not read"
            raise NoRowError(table, reason)
        is_part_of_key = any({*key.columns} & columns for columns in table.keys)
        if number and is_part_of_key:
            row = self._new(parent, (*path, table), number=number)
        else:
            row = self._row(parent, (*path, table))
        pairs = zip(key.columns, key.target_columns, strict=True)
        return {name: row.values[target] for name, target in pairs}

    def _values(
        self, table: Table, known: cabc.Mapping[str, str | None], number: int
    ) -> Values:
        """Return values for the columns that need one, as the checks want them."""
        conditions = self._conditions(table)
        shared = [
            (condition, frozenset(columns_in(condition, table)))
            for condition in conditions
        ]
        open_columns = [
            column
            for column in table.columns
            if column.generated is None
            and column.name not in known
            and (_is_required(column) or any(column.name in own for _, own in shared))
        ]
        values: Values = {}
        for columns in _components(open_columns, [own for _, own in shared]):
            names = {column.name for column in columns}
            own = [text for text, involved in shared if involved & names]
            tied = (involved for _, involved in shared if involved & names)
            also = frozenset[str]().union(*tied) - names
            given = [c for c in table.columns if c.name in also and c.name in known]
            choices: list[tuple[Column, cabc.Sequence[sql.Composable]]] = [
                (column, self._choices(column, table, own, number))
                for column in columns
            ]
            choices += [(c, [typed(known[c.name], c.data_type)]) for c in given]
            values |= self._search(table, choices, own)
        return {name: value for name, value in values.items() if name not in known}

    def _conditions(self, table: Table) -> list[str]:
        conditions = conditions_of(table, self.snapshot)
        if table.kind is TableKind.PARTITIONED or table.partition_of:
            rows = self._connection.execute(
                _PARTITION_CONDITIONS, [relation(table).as_string()]
            ).fetchall()
            if not rows:
                raise NoRowError(table, "it is partitioned, and has no partition")
            conditions += [rows[0][0]] if rows[0][0] else []
        generated = {c.name for c in table.columns if c.generated is not None}
        return [
            condition
            for condition in conditions
            if generated.isdisjoint(columns_in(condition, table))
        ]

    def _choices(
        self, column: Column, table: Table, conditions: list[str], number: int
    ) -> list[sql.Composable]:
        base_type = self.snapshot.base_type(column)
        choices: list[sql.Composable] = []
        if column.default is not None:
            default = sql.SQL("CAST({} AS {})")
            choices.append(default.format(trusted(column.default), trusted(base_type)))
        elif column.is_nullable:
            choices.append(typed(None, base_type))
        values = [
            value
            for value in candidates(column, self.snapshot, conditions)
            if self._is_valid(value, base_type)
        ]
        if any(column.name in key for key in table.keys):
            values = values[number:]
        choices += [typed(value, base_type) for value in values]
        if not choices:
            reason = f"no value of type {column.data_type} is known for {column.name}"
            raise NoRowError(table, reason)
        return choices

    @functools.cache  # noqa: B019 - as long as the trials
    def _is_valid(self, value: str, data_type: str) -> bool:
        """Whether the type takes the text: a check can name values of other types."""
        try:
            query = sql.SQL("SELECT {}").format(typed(value, data_type))
            self._connection.execute(query)
        except psycopg.DataError:
            return False
        return True

    def _search(
        self,
        table: Table,
        choices: list[tuple[Column, cabc.Sequence[sql.Composable]]],
        conditions: list[str],
    ) -> Values:
        """Return the first combination of values that meets the conditions."""
        most = int(_MOST_COMBINATIONS ** (1 / len(choices)))
        lists = [
            sql.SQL("(VALUES {}) AS {}({})").format(
                sql.SQL(", ").join(sql.SQL("({})").format(v) for v in values[:most]),
                sql.Identifier(f"choice_{column.name}"),
                sql.Identifier(column.name),
            )
            for column, values in choices
        ]
        query = sql.SQL("SELECT {} FROM {} WHERE {} LIMIT 1").format(
            sql.SQL(", ").join(
                sql.SQL("{}::text").format(sql.Identifier(c.name)) for c, _ in choices
            ),
            sql.SQL(" CROSS JOIN ").join(lists),
            sql.SQL(" AND ").join(
                [
                    sql.SQL("(({}) IS NOT FALSE)").format(trusted(condition))
                    for condition in conditions
                ]
                or [sql.Composed([sql.SQL("true")])]
            ),
        )
        rows = self._run(table, query)
        if not rows:
            names = ", ".join(column.name for column, _ in choices)
            reason = f"no value was found for {names} that meets {conditions[0]}"
            raise NoRowError(table, reason)
        columns = [column.name for column, _ in choices]
        return dict(zip(columns, rows[0], strict=True))

    def _run(
        self, table: Table, statement: sql.SQL | sql.Composed
    ) -> list[tuple[typ.Any, ...]]:
        try:
            cursor = self._connection.execute(statement)
        except psycopg.Error as error:
            raise NoRowError(table, quoted(error)) from error
        return cursor.fetchall() if cursor.description else []


def seed_lines(table: Table) -> tuple[str, ...]:
    """Return the lines of a configuration that would make a row of the table."""
    columns = [c.name for c in table.columns if _is_required(c)]
    names = sql.SQL(", ").join(map(sql.Identifier, columns)).as_string()
    blanks = ", ".join("…" for _ in columns)
    insert = f"INSERT INTO {relation(table).as_string()} ({names})"
    return (
        "[[prove.rows]]",
        f'table = "{table.qualified_name}"',
        f"sql = '''{insert} VALUES ({blanks})'''",
    )


def _is_required(column: Column) -> bool:
    return not (
        column.is_nullable
        or column.default is not None
        or column.identity is not None
        or column.generated is not None
    )


def columns_in(condition: str, table: Table) -> list[str]:
    """Return the columns that a condition may name."""
    text = re.sub(r"'(?:[^']|'')*'", "''", condition)
    return [
        column.name
        for column in table.columns
        if re.search(rf"(?<![\w$]){re.escape(column.name)}(?![\w$])", text)
    ]


def _components(
    columns: list[Column], shared: list[frozenset[str]]
) -> list[list[Column]]:
    """Group the columns that conditions tie together."""
    groups = [{column.name} for column in columns]
    for names in shared:
        tied = [group for group in groups if group & names]
        groups = [group for group in groups if not group & names]
        groups += [set().union(*tied)] if tied else []
    return [[c for c in columns if c.name in group] for group in groups]


def _texts(table: Table) -> sql.Composed:
    return sql.SQL(", ").join(
        sql.SQL("{}::text").format(sql.Identifier(column.name))
        for column in table.columns
    )


def _row_of(table: Table, rows: list[tuple[typ.Any, ...]]) -> Row:
    if not rows:
        raise NoRowError(table, "an insert was accepted, but no row is there")
    names = (column.name for column in table.columns)
    return Row(table, dict(zip(names, rows[0], strict=True)))
