"""The target of most audits: migrations, applied to an embedded server."""

from __future__ import annotations

import collections.abc as cabc
import contextlib

import attrs

from pytest_userstate.application.settings import PostgresSettings
from pytest_userstate.domain.ports import TargetDescription
from pytest_userstate.domain.snapshot import SchemaSnapshot
from pytest_userstate.outbound.migrations.annotation import annotate
from pytest_userstate.outbound.migrations.discovery import Target
from pytest_userstate.outbound.migrations.provenance import History
from pytest_userstate.outbound.migrations.runner import MigrationRunner, run_script
from pytest_userstate.outbound.postgres.binaries import Binaries, find_binaries
from pytest_userstate.outbound.postgres.catalogue import (
    PostgresSchemaSnapshotRepository,
)
from pytest_userstate.outbound.postgres.server import (
    OWNER,
    SUPERUSER,
    EmbeddedServer,
)
from pytest_userstate.outbound.postgres.stubs import STUBS


def needs_all_databases(settings: PostgresSettings) -> bool:
    """Whether something runs as superuser: only that can copy the other databases."""
    return settings.superuser or settings.setup is not None


@attrs.frozen
class Script:
    """A file of SQL that is no migration.

    Parameters
    ----------
    path : str
        The file, relative to the repository.
    sql : str
        What it says.
    """

    path: str
    sql: str


@attrs.frozen
class MigratedDatabase:
    """A database with all migrations applied, on a server that is running."""

    server: EmbeddedServer
    target: Target
    history: History

    @property
    def server_version(self) -> str:
        """The server's version, such as ``18.6``."""
        return self.server.version

    @property
    def applied(self) -> int:
        """How many migrations were applied."""
        return self.history.applied

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is surprising about the migrations."""
        return self.target.plan.warnings

    def load(self) -> SchemaSnapshot:
        """Return the schema, each fact with the migration that made it."""
        repository = PostgresSchemaSnapshotRepository(
            self.server.connect,
            bookkeeping=self.target.plan.bookkeeping_tables,
        )
        return annotate(repository.load(), self.history)


@attrs.frozen(kw_only=True)
class MigrationsTarget:
    """Migrations to be applied to an embedded server.

    Parameters
    ----------
    target : Target
        The migrations, and how they were found.
    binaries : Binaries or None
        The server's programs; None where nothing will run.
    launched : EmbeddedServer or None
        A server that is starting already; the first `open` uses it.
    setup : Script or None
        SQL to be run first, as superuser.
    settings : PostgresSettings
        How the migrations are run.
    """

    target: Target
    binaries: Binaries | None
    launched: EmbeddedServer | None = None
    setup: Script | None
    settings: PostgresSettings

    @property
    def description(self) -> TargetDescription:
        """What is audited and how it was found."""
        plan = self.target.plan
        server = f"PostgreSQL from {self.binaries.origin}" if self.binaries else ""
        return TargetDescription(
            kind="migrations",
            path=self.target.shown,
            layout=plan.layout,
            migrations=len(plan.migrations),
            digest=self.target.digest,
            found=self.target.found,
            server=server or "no server is needed",
        )

    @property
    def role(self) -> str:
        """The role that the migrations run as, and that owns what they make."""
        return SUPERUSER if self.settings.superuser else OWNER

    @contextlib.contextmanager
    def open(self) -> cabc.Iterator[MigratedDatabase]:
        """Start the server, apply the migrations, and stop it afterwards."""
        server = self.launched or EmbeddedServer(
            self.binaries or find_binaries(),
            stub_extensions=STUBS,
            all_databases=needs_all_databases(self.settings),
        )
        with contextlib.ExitStack() as stack:
            stack.enter_context(server)
            yield MigratedDatabase(server, self.target, self._migrate(server))
            if self.launched:
                # It stops while the findings are told; whoever launched it waits.
                server.begin_stop()
                stack.pop_all()

    @contextlib.contextmanager
    def open_with_all_databases(self) -> cabc.Iterator[MigratedDatabase]:
        """Do the same on a server on which databases can be created."""
        binaries = self.binaries or find_binaries()
        with EmbeddedServer(
            binaries, stub_extensions=STUBS, all_databases=True
        ) as server:
            yield MigratedDatabase(server, self.target, self._migrate(server))

    def _migrate(self, server: EmbeddedServer) -> History:
        timeout = self.settings.migration_timeout
        setup = self.setup
        if setup:
            with contextlib.closing(server.connect(user=SUPERUSER)) as connection:
                run_script(connection, setup.path, setup.sql, timeout=timeout)
        with contextlib.closing(server.connect(user=self.role)) as connection:
            return MigrationRunner(connection, timeout=timeout).run(
                self.target.plan, setup=setup.path if setup else ""
            )
