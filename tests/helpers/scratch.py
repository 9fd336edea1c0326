"""A migrated database, and the server on which copies of it are tried out."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import pathlib

import attrs
from psycopg import sql

from pytest_userstate.domain.snapshot import SchemaSnapshot
from pytest_userstate.outbound.migrations.finding.discovery import Target
from pytest_userstate.outbound.migrations.plan import Plan
from pytest_userstate.outbound.migrations.tools import registry
from pytest_userstate.outbound.postgres.catalog import (
    PostgresSchemaSnapshotRepository,
)
from pytest_userstate.outbound.postgres.server import EmbeddedServer
from pytest_userstate.outbound.postgres.settings import OWNER, SUPERUSER
from pytest_userstate.outbound.proving.scratch import ScratchServer
from tests.helpers.servers import wheel

NOWHERE = pathlib.Path("nowhere")
PLAIN = Plan(layout="plain", migrations=())


def target_of(plan: Plan) -> Target:
    """Return migrations that are in no folder."""
    return Target(
        path=NOWHERE,
        relative_path="nowhere",
        plan=plan,
        found="by a test",
        digest="",
        base=NOWHERE,
        layout=registry.layout(plan.layout),
    )


@attrs.frozen
class Migrated:
    """A server with tables, as the migrations of a repository leave them."""

    server: EmbeddedServer
    target: Target

    @property
    def scratch(self) -> ScratchServer:
        """Where trials change what they like."""
        return ScratchServer(self.server, OWNER, self.target)

    def load(self) -> SchemaSnapshot:
        """Read the schema."""
        return PostgresSchemaSnapshotRepository(self.server.connect).load()

    def execute(self, statements: str) -> None:
        """Run statements as the owner."""
        with contextlib.closing(self.server.connect()) as session:
            session.execute(statements)

    def contents(self) -> dict[str, object]:
        """Return everything that a trial could leave: rows, sequences, databases."""
        with contextlib.closing(self.server.connect(user=SUPERUSER)) as session:
            tables = session.execute(
                "SELECT schemaname, tablename FROM pg_tables"
                " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
            ).fetchall()
            rows: dict[str, object] = {
                f"{schema}.{table}": session.execute(
                    sql.SQL("SELECT t::text, xmin::text FROM {} AS t").format(
                        sql.Identifier(schema, table)
                    )
                ).fetchall()
                for schema, table in tables
            }
            for name, query in _EVERYTHING.items():
                rows[name] = session.execute(query).fetchall()
        return rows


_EVERYTHING = {
    "sequences": "SELECT * FROM pg_sequences ORDER BY 1, 2",
    "databases": "SELECT oid, datname FROM pg_database ORDER BY 1",
    "roles": "SELECT oid, rolname FROM pg_roles ORDER BY 1",
    "objects": "SELECT classid, objid, refobjid FROM pg_depend ORDER BY 1, 2, 3",
    "classes": "SELECT oid, relname, relforcerowsecurity FROM pg_class ORDER BY 1",
}


@contextlib.contextmanager
def migrated(ddl: str, plan: Plan = PLAIN) -> cabc.Iterator[Migrated]:
    """Start a server with the tables."""
    with EmbeddedServer(wheel(), all_databases=True) as server:
        database = Migrated(server, target_of(plan))
        if ddl:
            database.execute(ddl)
        yield database
