"""Private copies of the migrated database, in which trials may change everything."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import functools
import pathlib
import tempfile
import typing as typ

import attrs
import psycopg
import psycopg.sql

from pytest_userstate.domain.drafts import Draft, DraftTrial
from pytest_userstate.domain.evidence import SchemaObject
from pytest_userstate.domain.ports import UntriableError
from pytest_userstate.domain.snapshot import SchemaSnapshot
from pytest_userstate.domain.stale_writes import RevisionToken
from pytest_userstate.outbound.postgres.catalog import (
    PostgresSchemaSnapshotRepository,
)
from pytest_userstate.outbound.proving.drafts import (
    Deployment,
    fill,
    old_rows,
    transferred,
)
from pytest_userstate.outbound.proving.rows import (
    Connection,
    NoRowError,
    RowMaker,
    quoted,
    seed_lines,
)
from pytest_userstate.outbound.proving.writers import Trial

if typ.TYPE_CHECKING:
    from pytest_userstate.outbound.migrated_database import Server
    from pytest_userstate.outbound.migrations.finding.discovery import Target

_DROP_TABLE: typ.Final = "DROP TABLE {table} CASCADE"
_DROP_COLUMN: typ.Final = "ALTER TABLE {table} DROP COLUMN {part} CASCADE"
_DROP_CONSTRAINT: typ.Final = "ALTER TABLE {table} DROP CONSTRAINT {part} CASCADE"
_DROP_INDEX: typ.Final = "DROP INDEX {index} CASCADE"
_IS_CONSTRAINT: typ.Final = """
SELECT 1 FROM pg_catalog.pg_constraint
WHERE conname OPERATOR(pg_catalog.=) %s
  AND conrelid OPERATOR(pg_catalog.=) pg_catalog.to_regclass(%s)
"""
_LIMITS: typ.Final = (
    "SET statement_timeout = '3s'; SET lock_timeout = '3s'; "
    "SET idle_in_transaction_session_timeout = '60s'"
)


@attrs.frozen
class ScratchServer:
    """The server of the migrated database, and the role that owns its schema."""

    server: Server
    role: str
    target: Target

    @contextlib.contextmanager
    def mutations(self) -> cabc.Iterator[RolledBackMutations]:
        """Take objects away in the migrated database itself, and roll it back."""
        connection = self.server.connect(user=self.role)
        with contextlib.closing(connection):
            connection.execute(_LIMITS)
            # The same queries are asked again and again.
            connection.prepare_threshold = 0
            yield RolledBackMutations(connection)

    @contextlib.contextmanager
    def trial(
        self,
        token: RevisionToken,
        snapshot: SchemaSnapshot,
        seeds: cabc.Mapping[str, str],
    ) -> cabc.Iterator[Trial]:
        """Yield a trial of a token, in a copy that is dropped afterwards."""
        with self._copy() as name, contextlib.ExitStack() as stack:
            control, first, second = (
                stack.enter_context(self._session(name)) for _ in range(3)
            )
            maker = RowMaker(control, snapshot, seeds)
            table = snapshot.table(token.table, schema=token.schema)
            if table is None:
                message = f"{token.schema}.{token.table} is gone"
                raise UntriableError(message)
            try:
                row = maker.row(table)
                other = maker.another(row, token.owners) if token.owners else row
            except NoRowError as error:
                where = error.table.qualified_name
                message = f"no row of {where} could be made: {error}"
                raise UntriableError(message, seed_lines(error.table)) from error
            try:
                yield Trial(token, (row, other), (first, second), control, snapshot)
            except psycopg.Error as error:
                if isinstance(error, psycopg.OperationalError) and self.server.has_died:
                    raise self.server.lost(error) from error
                raise UntriableError(quoted(error)) from error

    def draft(
        self, draft: Draft, snapshot: SchemaSnapshot, earlier: cabc.Iterable[Draft]
    ) -> DraftTrial:
        """Apply a draft to a copy that has rows, and its reverse after that."""
        with (
            self._copy() as name,
            self._session(name) as session,
            tempfile.TemporaryDirectory() as folder,
        ):
            with contextlib.suppress(NoRowError):
                fill(RowMaker(session, snapshot, {}), session, draft)
            address = functools.partial(self.server.program_access, self.role, name)
            deployment = Deployment(self.target, session, address, pathlib.Path(folder))
            for step in (step for one in earlier for step in one.steps):
                deployment.up(step, snapshot)
            first = PostgresSchemaSnapshotRepository(session).load()
            before = old_rows(session, draft, snapshot)
            items = transferred(session, draft, is_kept=False)
            files = [
                file for step in draft.steps for file in deployment.up(step, snapshot)
            ]
            after = PostgresSchemaSnapshotRepository(session).load()
            lost = before - old_rows(session, draft, snapshot)
            lost += items - transferred(session, draft, is_kept=True)
            for _ in draft.steps:
                deployment.down()
            restored = PostgresSchemaSnapshotRepository(session).load()
            lost += items - transferred(session, draft, is_kept=False)
        return DraftTrial(
            files=tuple(files),
            after=after,
            is_restored=restored == first,
            rows=len(before) + len(items),
            is_lossless=not lost,
        )

    @contextlib.contextmanager
    def _copy(self) -> cabc.Iterator[str]:
        """Make a copy of the migrated database, and drop it afterwards."""
        server = self.server
        admin = server.connect(
            dbname=server.maintenance_database, user=server.superuser
        )
        name = f"{server.prefix_of_copies}_proof"
        with (
            contextlib.closing(admin),
            private_copy(server, admin, name, owner=self.role),
        ):
            yield name

    @contextlib.contextmanager
    def _session(self, name: str) -> cabc.Iterator[Connection]:
        connection = self.server.connect(dbname=name, user=self.role)
        with contextlib.closing(connection):
            connection.execute(_LIMITS)
            yield connection


@attrs.frozen
class RolledBackMutations:
    """A connection to the migrated database whose transactions are rolled back."""

    connection: Connection

    def without(self, lost: cabc.Iterable[SchemaObject]) -> SchemaSnapshot:
        """Drop the objects, read the schema, and roll back."""
        with self.connection.transaction(force_rollback=True):
            # A table comes last: its parts go along with it.
            for gone in sorted(lost, key=str, reverse=True):
                self._drop(gone)
            return PostgresSchemaSnapshotRepository(self.connection).load()

    def _drop(self, gone: SchemaObject) -> None:
        part = gone.constraint or gone.column
        values = {
            "table": psycopg.sql.Identifier(gone.schema, gone.table),
            "part": psycopg.sql.Identifier(part),
            "index": psycopg.sql.Identifier(gone.schema, part),
        }
        statement = _DROP_TABLE
        if gone.column:
            statement = _DROP_COLUMN
        elif gone.constraint:
            row = self.connection.execute(
                _IS_CONSTRAINT, [gone.constraint, values["table"].as_string()]
            ).fetchone()
            statement = _DROP_CONSTRAINT if row else _DROP_INDEX
        try:
            self.connection.execute(psycopg.sql.SQL(statement).format(**values))
        except psycopg.Error as error:
            raise UntriableError(quoted(error)) from error


@contextlib.contextmanager
def private_copy(
    server: Server,
    admin: Connection,
    name: str,
    *,
    owner: str,
    is_kept: cabc.Callable[[], bool] = lambda: False,
) -> cabc.Iterator[str]:
    """Copy the migrated database under a name, and drop the copy unless it is kept.

    Raises
    ------
    ServerError
        When the server is gone, or has no room for another database.
    """
    copy = psycopg.sql.Identifier(name)
    create = psycopg.sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
        copy, psycopg.sql.Identifier(server.database), psycopg.sql.Identifier(owner)
    )
    try:
        admin.execute(create)
    except psycopg.OperationalError as error:
        raise server.lost(error) from error
    try:
        yield name
    finally:
        if not is_kept():
            drop = psycopg.sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            # If the server died, the database is gone, and the next query reports it.
            with contextlib.suppress(psycopg.OperationalError):
                admin.execute(drop.format(copy))
