"""What every schema snapshot repository does, the fake one included."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

import attrs
import psycopg
import pytest
from psycopg import sql

from pytest_userstate.domain.errors import SchemaSnapshotRepositoryError
from pytest_userstate.domain.ports import SchemaSnapshotRepository
from pytest_userstate.domain.snapshot import Column, SchemaSnapshot, Table
from pytest_userstate.outbound.postgres.catalog import (
    PostgresSchemaSnapshotRepository,
)
from pytest_userstate.outbound.postgres.server import EmbeddedServer
from tests.helpers.fakes import FakeSchemaSnapshotRepository

USERS = Table(
    "users",
    [Column("id", "uuid"), Column("display_name", "text", is_nullable=True)],
)
THEMES = Table("Interest themes", [Column("title", "character varying(80)")])


class Storage(typ.Protocol):
    """Somewhere with a schema, and the repository that reads it."""

    repository: SchemaSnapshotRepository

    def create(self, table: Table) -> None:
        """Create a table of plain columns."""

    def drop(self, table: Table) -> None:
        """Drop it again."""

    def fail(self, operation: typ.Literal["connect", "query"]) -> None:
        """See to it that the operation fails from now on."""


class PostgresStorage:
    """A database."""

    def __init__(self, server: EmbeddedServer, database: psycopg.Connection) -> None:
        self._connect = lambda: server.connect(dbname=database.info.dbname)
        self._database = database
        self.repository = PostgresSchemaSnapshotRepository(self._open)

    def create(self, table: Table) -> None:
        """Create a table of plain columns."""
        columns = sql.SQL(", ").join(
            sql.SQL("{} {} {}").format(
                sql.Identifier(column.name),
                sql.SQL(column.data_type),
                sql.SQL("" if column.is_nullable else "NOT NULL"),
            )
            for column in table.columns
        )
        self._database.execute(
            sql.SQL("CREATE TABLE {} ({})").format(sql.Identifier(table.name), columns)
        )

    def drop(self, table: Table) -> None:
        """Drop it again."""
        name = sql.Identifier(table.name)
        self._database.execute(sql.SQL("DROP TABLE {}").format(name))

    def fail(self, operation: typ.Literal["connect", "query"]) -> None:
        """Lead the repository nowhere, or into an aborted transaction."""
        working = self._connect
        match operation:
            case "connect":
                self._connect = lambda: psycopg.connect("host=/nowhere")
            case "query":

                def connect_to_aborted_transaction() -> psycopg.Connection:
                    connection = working()
                    connection.execute("BEGIN")
                    with pytest.raises(psycopg.errors.DivisionByZero):
                        connection.execute("SELECT 1 / 0")
                    return connection

                self._connect = connect_to_aborted_transaction

    def _open(self) -> psycopg.Connection:
        return self._connect()


class FakeStorage:
    """The memory of a fake."""

    def __init__(self) -> None:
        self.repository = FakeSchemaSnapshotRepository(
            SchemaSnapshot(schemas=["public"])
        )

    def create(self, table: Table) -> None:
        """Put the table into the snapshot."""
        self._set_tables([*self.repository.snapshot.tables, table])

    def drop(self, table: Table) -> None:
        """Take it out again."""
        tables = self.repository.snapshot.tables
        self._set_tables(kept for kept in tables if kept != table)

    def fail(self, operation: typ.Literal["connect", "query"]) -> None:
        """Tell the fake."""
        self.repository.failing = operation

    def _set_tables(self, tables: cabc.Iterable[Table]) -> None:
        snapshot = self.repository.snapshot
        self.repository.snapshot = attrs.evolve(snapshot, tables=tables)


class SchemaSnapshotRepositoryContract:
    """The contract; a subclass gives the fixture `storage`."""

    def test_an_empty_schema_has_no_relations(self, storage: Storage) -> None:
        """Only the schema that every database starts with."""
        snapshot = storage.repository.load()
        assert (snapshot.tables, snapshot.views) == ((), ())
        assert snapshot.schemas == ("public",)

    def test_tables_are_given_with_their_columns(self, storage: Storage) -> None:
        """In canonical order."""
        storage.create(USERS)
        storage.create(THEMES)
        assert storage.repository.load().tables == (THEMES, USERS)

    def test_two_loads_of_one_schema_are_equal(self, storage: Storage) -> None:
        """Nothing in a snapshot depends on when it was taken."""
        storage.create(USERS)
        assert storage.repository.load() == storage.repository.load()

    def test_each_load_shows_the_schema_as_it_stands(self, storage: Storage) -> None:
        """Nothing is remembered between loads."""
        storage.create(USERS)
        before = storage.repository.load()
        storage.create(THEMES)
        storage.drop(USERS)
        after = storage.repository.load()
        assert (before.tables, after.tables) == ((USERS,), (THEMES,))

    @pytest.mark.parametrize("operation", ["connect", "query"])
    def test_an_error_says_what_failed_and_why(
        self, storage: Storage, operation: typ.Literal["connect", "query"]
    ) -> None:
        """The operation, and the error that it failed with."""
        storage.fail(operation)
        with pytest.raises(SchemaSnapshotRepositoryError) as caught:
            storage.repository.load()
        assert caught.value.operation == operation
        assert caught.value.__cause__ is not None
        assert str(caught.value.__cause__).strip().splitlines()[0] in str(caught.value)


class TestPostgresSchemaSnapshotRepository(SchemaSnapshotRepositoryContract):
    """The repository that reads PostgreSQL's catalogs."""

    @pytest.fixture
    def storage(
        self, server: EmbeddedServer, database: psycopg.Connection
    ) -> PostgresStorage:
        """Return a real database."""
        return PostgresStorage(server, database)


class TestFakeSchemaSnapshotRepository(SchemaSnapshotRepositoryContract):
    """The one that tests use in its place."""

    @pytest.fixture
    def storage(self) -> FakeStorage:
        """Return a fake's memory."""
        return FakeStorage()
