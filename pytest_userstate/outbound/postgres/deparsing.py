"""Having PostgreSQL write a piece of SQL as it writes what is in its catalog.

The SQL is tried on a temporary copy of its table, in a transaction that is rolled
back. The copy has the table's name, so that what names the table works there; it is
looked up last, so that queries inside of the SQL read the real one.
"""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import typing as typ

import attrs
import psycopg
import psycopg.rows
from psycopg import sql

from pytest_userstate.domain.ports import Clause

Connection = psycopg.Connection[typ.Any]

_SEARCH_PATH: typ.Final = "SELECT pg_catalog.current_setting('search_path')"
_SET_SEARCH_PATH: typ.Final = "SELECT pg_catalog.set_config('search_path', %s, true)"
_BASE_TYPE: typ.Final = """
SELECT pg_catalog.format_type(typbasetype, typtypmod) FROM pg_catalog.pg_type
WHERE typnamespace OPERATOR(pg_catalog.=) pg_catalog.to_regnamespace(%s)
  AND typname OPERATOR(pg_catalog.=) %s
"""
_COLUMN_TYPE: typ.Final = """
SELECT pg_catalog.format_type(atttypid, atttypmod) FROM pg_catalog.pg_attribute
WHERE attrelid OPERATOR(pg_catalog.=) pg_catalog.to_regclass(%s)
  AND attname OPERATOR(pg_catalog.=) %s
"""
_PARTITION_KEY: typ.Final = (
    "SELECT pg_catalog.pg_get_partkeydef(pg_catalog.to_regclass(%s))"
)


@attrs.frozen
class _Recipe:
    """How to try a clause: the statements, and the query for what became of it."""

    statements: tuple[typ.LiteralString, ...]
    query: typ.LiteralString


_COPY: typ.Final = "CREATE TEMPORARY TABLE {copy} (LIKE {table})"
_CONSTRAINT: typ.Final = "ALTER TABLE {copy} ADD CONSTRAINT userstate_clause {sql}"
_CHECK: typ.Final = "ALTER TABLE {copy} ADD CONSTRAINT userstate_clause CHECK ({sql})"
_IS_NULL: typ.Final = (
    "ALTER TABLE {copy} ADD CONSTRAINT userstate_clause CHECK (({sql}) IS NULL)"
)
_OF_CONSTRAINT: typ.Final = (
    " FROM pg_constraint WHERE conname = 'userstate_clause' AND connamespace"
    " = pg_my_temp_schema()"
)
_OF_DEFAULT: typ.Final = (
    "SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef JOIN pg_attribute"
    " ON attrelid = adrelid AND attnum = adnum"
    " WHERE adrelid = {copy_text}::regclass AND attname = {column_text}"
)
_RECIPES: typ.Final[cabc.Mapping[Clause, _Recipe]] = {
    Clause.CHECK: _Recipe(
        (_COPY, _CHECK), "SELECT pg_get_expr(conbin, conrelid)" + _OF_CONSTRAINT
    ),
    Clause.EXCLUSION: _Recipe(
        (_COPY, _CONSTRAINT), "SELECT pg_get_constraintdef(oid)" + _OF_CONSTRAINT
    ),
    Clause.DOMAIN_CHECK: _Recipe(
        (
            (
                "CREATE DOMAIN pg_temp.userstate_domain AS {base_type}"
                " CONSTRAINT userstate_clause CHECK ({sql})"
            ),
        ),
        "SELECT pg_get_expr(conbin, 0)" + _OF_CONSTRAINT,
    ),
    Clause.DOMAIN_DEFAULT: _Recipe(
        ("CREATE DOMAIN pg_temp.userstate_clause AS {base_type} DEFAULT {sql}",),
        "SELECT pg_get_expr(typdefaultbin, 0) FROM pg_type"
        " WHERE oid = 'pg_temp.userstate_clause'::regtype",
    ),
    Clause.DEFAULT: _Recipe(
        (_COPY, "ALTER TABLE {copy} ALTER COLUMN {column} SET DEFAULT {sql}"),
        _OF_DEFAULT,
    ),
    Clause.GENERATED: _Recipe(
        (
            _COPY,
            "ALTER TABLE {copy} DROP COLUMN {column}",
            (
                "ALTER TABLE {copy} ADD COLUMN {column} {column_type}"
                " GENERATED ALWAYS AS ({sql}) STORED"
            ),
        ),
        _OF_DEFAULT,
    ),
    Clause.POLICY: _Recipe(
        (_COPY, "CREATE POLICY userstate_clause ON {copy} USING ({sql})"),
        "SELECT pg_get_expr(polqual, polrelid) FROM pg_policy"
        " WHERE polrelid = {copy_text}::regclass",
    ),
    # An index would take a COLLATE away from the expression.
    Clause.INDEX_KEY: _Recipe(
        (_COPY, _IS_NULL),
        r"SELECT regexp_replace(pg_get_expr(conbin, conrelid), '^\((.*) IS NULL\)$',"
        r" '\1')" + _OF_CONSTRAINT,
    ),
    Clause.TRIGGER_CONDITION: _Recipe(
        (
            _COPY,
            (
                "CREATE TRIGGER userstate_clause AFTER UPDATE ON {copy} FOR EACH ROW"
                " WHEN ({sql})"
                " EXECUTE FUNCTION pg_catalog.suppress_redundant_updates_trigger()"
            ),
        ),
        "SELECT split_part(split_part(pg_get_triggerdef(oid),"
        " ' FOR EACH ROW WHEN ', 2), ' EXECUTE FUNCTION suppress_', 1)"
        " FROM pg_trigger WHERE tgrelid = {copy_text}::regclass",
    ),
    Clause.PARTITION_KEY: _Recipe(
        (_COPY + " PARTITION BY {sql}",),
        "SELECT pg_get_partkeydef({copy_text}::regclass)",
    ),
    Clause.PARTITION_BOUND: _Recipe(
        (
            _COPY + " PARTITION BY {partition_key}",
            "CREATE TEMPORARY TABLE pg_temp.userstate_clause PARTITION OF {copy} {sql}",
        ),
        "SELECT pg_get_expr(relpartbound, oid) FROM pg_class"
        " WHERE oid = 'pg_temp.userstate_clause'::regclass",
    ),
}


class PostgresDeparser:
    """Asks a PostgreSQL database, if it lets temporary tables be made.

    What opens a connection is called for each question; an open connection is left as
    it was. The settings are the statement that sets, for a transaction, everything
    that deparsed text depends on.
    """

    def __init__(
        self, connect: cabc.Callable[[], Connection] | Connection, settings: bytes
    ) -> None:
        self._connect = connect
        self._settings = settings

    def deparse(
        self, clause: Clause, sql: str, *, schema: str, name: str, column: str = ""
    ) -> str | None:
        """Return a piece of SQL as PostgreSQL writes it, or None if it cannot."""
        try:
            with self._connection() as connection:
                cursor = psycopg.Cursor(connection, row_factory=psycopg.rows.tuple_row)
                with connection.transaction(force_rollback=True):
                    return self._deparsed(cursor, clause, sql, (schema, name), column)
        except psycopg.Error:
            return None

    def _deparsed(
        self,
        cursor: psycopg.Cursor[tuple[typ.Any, ...]],
        clause: Clause,
        text: str,
        place: tuple[str, str],
        column: str,
    ) -> str | None:
        recipe = _RECIPES[clause]
        parts = self._parts(cursor, clause, text, place, column)
        path = _only(cursor.execute(_SEARCH_PATH))
        path = f"{path}, pg_temp" if path else "pg_temp"
        cursor.execute(_SET_SEARCH_PATH, (path,))
        for statement in recipe.statements:
            # Prepared, since only one statement can be: the text may hold several.
            cursor.execute(sql.SQL(statement).format(**parts), prepare=True)
        cursor.execute(self._settings, prepare=False)
        row = cursor.execute(sql.SQL(recipe.query).format(**parts)).fetchone()
        return None if row is None else row[0]

    def _parts(
        self,
        cursor: psycopg.Cursor[tuple[typ.Any, ...]],
        clause: Clause,
        text: str,
        place: tuple[str, str],
        column: str,
    ) -> dict[str, sql.Composable]:
        table, copy = sql.Identifier(*place), sql.Identifier("pg_temp", place[1])
        parts: dict[str, sql.Composable] = {
            "table": table,
            "copy": copy,
            "copy_text": sql.Literal(copy.as_string(None)),
            "column": sql.Identifier(column),
            "column_text": sql.Literal(column),
            "sql": _raw(text),
        }
        table_text = table.as_string(None)
        match clause:
            case Clause.DOMAIN_CHECK | Clause.DOMAIN_DEFAULT:
                schema = sql.Identifier(place[0]).as_string(None)
                cursor.execute(_BASE_TYPE, (schema, place[1]))
                parts["base_type"] = _raw(_only(cursor))
            case Clause.GENERATED:
                cursor.execute(_COLUMN_TYPE, (table_text, column))
                parts["column_type"] = _raw(_only(cursor))
            case Clause.PARTITION_BOUND:
                cursor.execute(_PARTITION_KEY, (table_text,))
                parts["partition_key"] = _raw(_only(cursor))
        return parts

    @contextlib.contextmanager
    def _connection(self) -> cabc.Iterator[Connection]:
        if callable(self._connect):
            with contextlib.closing(self._connect()) as connection:
                yield connection
        else:
            yield self._connect


def _raw(text: str) -> sql.Composable:
    """Return text that somebody wrote as SQL, to be run as such."""
    return sql.SQL(text)  # pyright: ignore[reportArgumentType] - not a literal


def _only(cursor: psycopg.Cursor[tuple[typ.Any, ...]]) -> str:
    row = cursor.fetchone()
    return "" if row is None or row[0] is None else row[0]
