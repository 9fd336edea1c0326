"""Drafts of migrations: in SQL, in files of a layout, and tried in a copy."""

from __future__ import annotations

import posixpath
import re
import typing as typ

import attrs
import psycopg
from psycopg import sql

from pytest_userstate.domain.converters import identifier
from pytest_userstate.domain.drafts import (
    AddColumns,
    Change,
    CreateTable,
    DraftFile,
    NewColumn,
    RequireValue,
)
from pytest_userstate.domain.ports import UntriableError
from pytest_userstate.domain.snapshot import SchemaSnapshot
from pytest_userstate.outbound.proving.rows import (
    Connection,
    quoted,
    relation,
    trusted,
)

_LIMITS: typ.Final = (
    "SET LOCAL lock_timeout = '5s';\nSET LOCAL statement_timeout = '60s';\n"
)


@attrs.frozen
class Statements:
    """A change and its reverse."""

    up: str
    down: str


def statements(change: Change) -> Statements:
    """Write a change and its reverse in SQL."""
    table = f"{identifier(change.schema)}.{identifier(change.table)}"
    if isinstance(change, CreateTable):
        lines = [_definition(column) for column in change.columns]
        if change.key:
            lines.append(f"PRIMARY KEY ({', '.join(map(identifier, change.key))})")
        body = ",\n    ".join(lines)
        up, down = f"CREATE TABLE {table} (\n    {body}\n);", f"DROP TABLE {table};"
    elif isinstance(change, AddColumns):
        added = ",\n".join(f"    ADD COLUMN {_definition(c)}" for c in change.columns)
        dropped = ",\n".join(
            f"    DROP COLUMN {identifier(c.name)}" for c in change.columns
        )
        up, down = f"ALTER TABLE {table}\n{added};", f"ALTER TABLE {table}\n{dropped};"
    else:
        column = identifier(change.column)
        alter = f"ALTER TABLE {table} ALTER COLUMN {column}"
        default = [] if change.has_default else [f"{alter} SET DEFAULT 1;"]
        without = [] if change.has_default else [f"{alter} DROP DEFAULT;"]
        # Names of the catalog, in quotes where they need them.
        update = f"UPDATE {table} SET {column} = 1 WHERE {column} IS NULL;"  # noqa: S608
        up = "\n".join([*default, update, f"{alter} SET NOT NULL;"])
        down = "\n".join([f"{alter} DROP NOT NULL;", *without])
    return Statements(f"{_LIMITS}{up}\n", f"{_LIMITS}{down}\n")


def _definition(column: NewColumn) -> str:
    parts = [identifier(column.name), column.data_type]
    parts += [] if column.is_nullable else ["NOT NULL"]
    parts += [f"DEFAULT {column.default}"] if column.default is not None else []
    if column.references:
        schema, table, key = map(identifier, column.references)
        parts.append(f"REFERENCES {schema}.{table} ({key}) ON DELETE CASCADE")
    return " ".join(parts)


# How the file of a tool is written; of the others, `PAIRS` have two files.
_MARKED: typ.Final[dict[str, str]] = {
    "goose": "-- +goose Up\n{up}\n-- +goose Down\n{down}",
    "dbmate": "-- migrate:up\n{up}\n-- migrate:down\n{down}",
    "sql-migrate": "-- +migrate Up\n{up}\n-- +migrate Down\n{down}",
    "rambler": "-- rambler up\n{up}\n-- rambler down\n{down}",
    "micrate": "-- +micrate Up\n{up}\n-- +micrate Down\n{down}",
    "tern": "{up}\n---- create above / drop below ----\n\n{down}",
    "mybatis": "{up}\n-- //@UNDO\n{down}",
    "play": "# --- !Ups\n{up}\n# --- !Downs\n{down}",
    "alembic": '''"""{title}."""

from alembic import op

revision = "{version}"
down_revision = "{last}"
branch_labels = None
depends_on = None


def upgrade():
    op.execute("""
{up}    """)


def downgrade():
    op.execute("""
{down}    """)
''',
}
_DJANGO: typ.Final = '''from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("{app}", "{last}")]
    operations = [
        migrations.RunSQL(
            """
{up}            """,
            reverse_sql="""
{down}            """,
        )
    ]
'''
_UP_DOWN: typ.Final = re.compile(r"(?<![A-Za-z])up(?![A-Za-z])")
_VERSION: typ.Final = re.compile(r"\d[\d-]*")
_UNNAMED: typ.Final = frozenset(
    {"drizzle", "command", "dump", "sqitch", "liquibase", "graphile-migrate"}
)
"""Layouts whose next migration needs more than a file: a plan, a journal, a hash."""


def next_files(
    layout: str, last: str, name: str, script: Statements, *, version: str = ""
) -> tuple[DraftFile, ...]:
    """Return the files of the next migration, named as the last one is.

    Parameters
    ----------
    layout : str
        The name of the layout.
    last : str
        The path of the last migration, relative to the folder of all.
    name : str
        What the new one does, in words joined by underscores.
    script : Statements
        The change, and its reverse.
    version : str
        The last migration's version, where a file names it.

    Examples
    --------
    >>> script = Statements("SELECT 1;", "SELECT 2;")
    >>> [file.path for file in next_files("tool", "09_a.up.sql", "b", script)]
    ['10_b.up.sql', '10_b.down.sql']
    >>> [file.path for file in next_files("flyway", "V9__create_a.sql", "b", script)]
    ['V10__b.sql']
    """
    if layout in _UNNAMED:
        return (DraftFile(path=f"{name}.sql", text=script.up),)
    if layout == "django":
        return (_of_django(last, name, script),)
    if layout == "alembic":
        number = (
            f"{int(version[:12] or '0', 16) + 1:012x}" if _is_hex(version) else name
        )
        text = _MARKED[layout].format(
            title=name.replace("_", " ").capitalize(),
            version=number,
            last=version,
            up=script.up,
            down=script.down,
        )
        return (DraftFile(path=f"{number}_{name}.py", text=text),)
    path = _next_path(last, name)
    if layout in _MARKED:
        text = _MARKED[layout].format(up=script.up, down=script.down)
        return (DraftFile(path=path, text=text),)
    up = DraftFile(path=path, text=script.up)
    reverse = _UP_DOWN.sub("down", posixpath.basename(path))
    if reverse == posixpath.basename(path):
        return (up,)
    return up, DraftFile(
        path=posixpath.join(posixpath.dirname(path), reverse), text=script.down
    )


def _of_django(last: str, name: str, script: Statements) -> DraftFile:
    folder, _, file = last.rpartition("/")
    app = posixpath.basename(posixpath.dirname(folder))
    path = _next_path(last, name)
    text = _DJANGO.format(
        app=app, last=file.removesuffix(".py"), up=script.up, down=script.down
    )
    return DraftFile(path=path, text=text)


def _is_hex(version: str) -> bool:
    return bool(re.fullmatch(r"[0-9a-f]{12,}", version))


def _next_path(last: str, name: str) -> str:
    """Return the path of the next migration: its number raised, its name another."""
    folder, _, file = last.rpartition("/")
    named = folder.rpartition("/")[2] if not _VERSION.search(file) else file
    match = _VERSION.search(named)
    if match is None:
        return f"{name}.sql"
    version = _raised(match[0].rstrip("-"))
    rest = named[match.start() + len(match[0].rstrip("-")) :]
    separator = re.match(r"[^A-Za-z0-9]*", rest)
    suffix = re.search(r"(\.[A-Za-z.]+)?$", rest)
    lead = named[: match.start()] + version + (separator[0] if separator else "_")
    renewed = f"{lead}{name}{suffix[0] if suffix and named == file else ''}"
    return renewed if named == file else f"{renewed}/{file}"


def _raised(version: str) -> str:
    """Raise the last number of a version, and keep its width.

    >>> _raised("0009"), _raised("2025-06-01-102059")
    ('0010', '2025-06-01-102100')
    """
    *lead, last = version.split("-")
    number = int(last) + 1
    if len(last) in {6, 14} and number % 100 > 59:
        number += 40
    return "-".join([*lead, f"{number:0{len(last)}}"])


def old_rows(
    connection: Connection, change: Change, snapshot: SchemaSnapshot
) -> list[tuple[typ.Any, ...]]:
    """Return the rows of the table, in the columns that it had before."""
    table = snapshot.table(change.table, schema=change.schema)
    if table is None:
        return []
    filled = change.column if isinstance(change, RequireValue) else ""
    query = sql.SQL("SELECT {} FROM {} ORDER BY 1").format(
        sql.SQL(", ").join(
            sql.SQL("{}::text").format(sql.Identifier(column.name))
            for column in table.columns
            if column.name != filled
        ),
        relation(table),
    )
    return connection.execute(query).fetchall()


def applied(connection: Connection, script: str) -> None:
    """Run a script in one transaction."""
    try:
        with connection.transaction():
            connection.execute(trusted(script), prepare=False)
    except psycopg.Error as error:
        raise UntriableError(quoted(error)) from error
