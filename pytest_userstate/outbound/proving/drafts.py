"""Drafts of migrations: in SQL, in files of a layout, and tried in a copy."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import pathlib
import posixpath
import re
import shutil
import tempfile
import typing as typ

import attrs
import psycopg
from psycopg import sql

from pytest_userstate.domain.converters import identifier
from pytest_userstate.domain.drafts import (
    AddColumns,
    Change,
    CreateTable,
    Draft,
    DraftFile,
    NewColumn,
    RequireValue,
)
from pytest_userstate.domain.errors import UserStateError
from pytest_userstate.domain.ports import UntriableError
from pytest_userstate.domain.snapshot import SchemaSnapshot
from pytest_userstate.outbound.migrations.layout import label
from pytest_userstate.outbound.migrations.next_files import NewMigration
from pytest_userstate.outbound.migrations.plan import Migration, Plan
from pytest_userstate.outbound.migrations.programs.runner import ProgramRunner
from pytest_userstate.outbound.migrations.running.runner import DEFAULT_TIMEOUT
from pytest_userstate.outbound.proving.rows import (
    Connection,
    quoted,
    relation,
    trusted,
)

if typ.TYPE_CHECKING:
    from pytest_userstate.outbound.migrations.finding.discovery import Target
    from pytest_userstate.outbound.migrations.programs.plan import ProgramPlan
    from pytest_userstate.outbound.postgres.connection_strings import Address

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


def new_migration(
    draft: Draft, snapshot: SchemaSnapshot, target: Target
) -> NewMigration:
    """Return the change of a draft, to be the next migration of the target."""
    change = draft.change
    script = statements(change)
    table = snapshot.table(change.table, schema=change.schema)
    return NewMigration(
        name=draft.name,
        up=script.up,
        down=script.down,
        plan=target.plan,
        folder=target.path,
        beside=table.source.path if table and table.source else "",
    )


@attrs.frozen
class Deployment:
    """Applies a draft as the tool of the repository does, and takes it back."""

    target: Target
    new: NewMigration
    files: tuple[DraftFile, ...]
    session: Connection
    address: cabc.Callable[[], contextlib.AbstractContextManager[Address]]

    def up(self) -> None:
        """Apply it.

        An `UntriableError` is raised if it cannot be applied, or if the tool does not
        take the files for its next migration.
        """
        if isinstance(self.new.plan, Plan):
            return applied(self.session, self._sent(self.new.plan))
        return self._run(self.new.plan, "up")

    def down(self) -> None:
        """Take it back."""
        if isinstance(self.new.plan, Plan):
            return applied(self.session, self.new.down)
        return self._run(self.new.plan, "down")

    def _sent(self, plan: Plan) -> str:
        """Return what the tool sends when it reads the files behind the others."""
        layout, options = self.target.layout, self.target.options
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name, "migrations")
            if not _copied(plan, self.target.path, folder, self.target.base):
                return self.new.up
            for file in self.files:
                path = folder / file.path
                path.parent.mkdir(parents=True, exist_ok=True)
                path.unlink(missing_ok=True)
                path.write_text(file.text, encoding="utf-8")
            try:
                read = layout.load(folder, folder, options)
            except UserStateError as error:
                raise UntriableError(str(error)) from error
        names = {file.path for file in self.files}
        last = read.migrations[-1]
        if not isinstance(last, Migration) or last.path not in names:
            if self.files == self.new.plain():
                # Its next migration is no new file.
                return self.new.up
            message = f"{layout.name} does not take {self.files[0].path} for the next"
            raise UntriableError(message)
        return "\n".join(batch.sql for batch in last.batches)

    def _run(self, plan: ProgramPlan, way: str) -> None:
        """Run the program, with the draft among its migrations."""
        [file] = self.files
        program = plan.program
        if program.watched is None:
            script = self.new.up if way == "up" else self.new.down
            return applied(self.session, script)
        arguments = program.arguments
        folder = posixpath.dirname(self.new.beside)
        app = posixpath.basename(posixpath.dirname(folder))
        if way == "down" and program.watched == "django":
            last = re.findall(r'dependencies = \[\("[^"]*", "([^"]*)"\)', file.text)
            arguments = (*arguments, app, *last)
        elif way == "down":
            words = ("downgrade" if word == "upgrade" else word for word in arguments)
            arguments = (*list(words)[:-1], "-1")
        with (
            tempfile.TemporaryDirectory() as name,
            self.address() as address,
        ):
            path = pathlib.Path(name, posixpath.basename(file.path))
            path.write_text(file.text, encoding="utf-8")
            runner = ProgramRunner(self.session, address, timeout=DEFAULT_TIMEOUT)
            try:
                runner.run_beside(plan, arguments, {"file": str(path), "app": app})
            except UserStateError as error:
                raise UntriableError(str(error)) from error
        return None


def _copied(
    plan: Plan, path: pathlib.Path, folder: pathlib.Path, base: pathlib.Path
) -> bool:
    """Copy the migrations, with the files beside them; say whether that is possible."""
    if not path.is_dir():
        return False
    used = {
        pathlib.Path(label(base / migration.path, path)).parts[0]
        for migration in plan.migrations
    }
    if ".." in used:
        return False
    folder.mkdir()
    for entry in path.iterdir():
        if entry.is_file():
            shutil.copy(entry, folder / entry.name)
        elif entry.name in {*used, "meta"}:
            shutil.copytree(entry, folder / entry.name)
    return True


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
