"""A database that migrations were applied to, and how they are applied."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import functools
import typing as typ

import attrs
import psycopg
import psycopg.sql

from pytest_userstate.application.settings import Phase
from pytest_userstate.domain.errors import (
    MigrationError,
    SchemaSnapshotRepositoryError,
)
from pytest_userstate.domain.snapshot import SchemaSnapshot
from pytest_userstate.outbound.migrations.finding.discovery import Target
from pytest_userstate.outbound.migrations.plan import Plan
from pytest_userstate.outbound.migrations.provenance.ledger import annotate
from pytest_userstate.outbound.migrations.running.runner import (
    Migrated,
    MigrationRunner,
    run_script,
)
from pytest_userstate.outbound.migrations_target import MigrationsTarget, SetupScript
from pytest_userstate.outbound.postgres.catalog import (
    PostgresSchemaSnapshotRepository,
)
from pytest_userstate.outbound.postgres.stubs import ICU_COLLATIONS, with_stubs
from pytest_userstate.outbound.snapshot_cache import CachedDatabase

if typ.TYPE_CHECKING:
    from pytest_userstate.outbound.migrations.programs.plan import ProgramPlan
    from pytest_userstate.outbound.postgres.given_server import GivenServer
    from pytest_userstate.outbound.postgres.server import EmbeddedServer
    from pytest_userstate.outbound.proving.scratch import ScratchServer

    Server: typ.TypeAlias = EmbeddedServer | GivenServer

READING_TIMEOUT: typ.Final = "60s"
"""How long a query of the catalog may take: a view can be made to deparse for hours."""


@attrs.frozen
class MigratedDatabase:
    """A database with all migrations applied, on a server that is running."""

    server: Server
    role: str
    """The role that the migrations have run as."""
    target: Target
    migrated: Migrated
    keep: cabc.Callable[[CachedDatabase], None] | None = None
    """Keeps the schema for the next run."""

    @property
    def scratch(self) -> ScratchServer:
        """Where copies of the database are made; all databases have to be there."""
        from pytest_userstate.outbound.proving.scratch import (  # noqa: PLC0415 - rare
            ScratchServer,
        )

        return ScratchServer(self.server, self.role, self.target)

    @property
    def server_version(self) -> str:
        """The server's version, such as ``18.6``."""
        return self.server.version

    @property
    def applied(self) -> int | None:
        """How many migrations were applied, if that is known."""
        return self.migrated.applied

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is surprising about the migrations."""
        migrated = self.migrated
        plan = self.target.plan
        return (*plan.warnings, *migrated.warnings, *migrated.history.warnings)

    def load(self) -> SchemaSnapshot:
        """Return the schema, each fact with the migration that made it."""
        repository = PostgresSchemaSnapshotRepository(
            functools.partial(self.server.connect, has_time=True),
            bookkeeping=self.migrated.bookkeeping_tables,
            statement_timeout=READING_TIMEOUT,
        )
        try:
            snapshot = repository.load()
        except SchemaSnapshotRepositoryError as error:
            cause = error.__cause__
            if isinstance(cause, psycopg.OperationalError) and self.server.has_died:
                raise self.server.lost(cause) from error
            raise
        snapshot = annotate(snapshot, self.migrated.history)
        if self.keep:
            self.keep(
                CachedDatabase(
                    snapshot=snapshot,
                    server_version=self.server_version,
                    applied=self.applied,
                    warnings=self.warnings,
                )
            )
        return snapshot


@attrs.frozen
class Application:
    """Applies the migrations of a target to a server that is running."""

    target: MigrationsTarget
    server: Server

    def migrated(self) -> MigratedDatabase:
        """Apply them all."""
        server = self.server
        migrated = self._apply()
        migrated = attrs.evolve(
            migrated, warnings=(*migrated.warnings, *server.side_effects())
        )
        return MigratedDatabase(server, self.role, self.target.target, migrated)

    @functools.cached_property
    def role(self) -> str:
        """The role that the migrations run as."""
        plan = self.target.target.plan
        platform_role = plan.role if isinstance(plan, Plan) else ""
        superuser = self.target.settings.superuser
        return self.server.role(platform_role, superuser=superuser)

    def _apply(self) -> Migrated:
        setup, plan = self.target.setup, self.target.target.plan
        platform = plan.platform if isinstance(plan, Plan) else ""
        scripts = [
            SetupScript("the tool's platform", platform),
            *([setup] if setup else []),
        ]
        self._run_first([script for script in scripts if script.sql])
        self._configure_sessions()
        path = setup.path if setup else ""
        if isinstance(plan, Plan):
            made = _missing_roles(self.server, plan)
            migrated = self._apply_files(plan, setup=path)
            return attrs.evolve(migrated, warnings=(*made, *migrated.warnings))
        return self._run_program(plan, setup=path)

    def _run_first(self, scripts: list[SetupScript]) -> None:
        """Run what comes before the migrations, as superuser."""
        if not scripts:
            return
        server, timeout = self.server, self.target.settings.migration_timeout
        with contextlib.closing(server.connect(user=server.superuser)) as connection:
            for script in scripts:
                run_script(connection, script.path, script.sql, timeout=timeout)

    def _configure_sessions(self) -> None:
        """Have each connection of the role begin with what is configured."""
        session, server = self.target.session, self.server
        if not session:
            return
        names = map(psycopg.sql.Identifier, (self.role, server.database))
        with contextlib.closing(server.connect(user=server.superuser)) as connection:
            alter = psycopg.sql.SQL("ALTER ROLE {} IN DATABASE {} SET ").format(*names)
            for setting in session:
                try:
                    connection.execute(
                        f"{alter.as_string(connection)}{setting.text}".encode()
                    )
                except psycopg.Error as error:
                    message = _NOT_SET.format(
                        place=f"{setting.file}:{setting.line}",
                        setting=setting.text,
                        error=error.diag.message_primary or str(error).strip(),
                    )
                    raise MigrationError(
                        message, path=setting.file, line=setting.line
                    ) from error

    def _apply_files(self, plan: Plan, *, setup: str) -> Migrated:
        target = self.target
        with contextlib.closing(self.server.connect(user=self.role)) as connection:
            plan, warnings = _with_known_collations(connection, plan)
            runner = MigrationRunner(
                connection,
                timeout=target.settings.migration_timeout,
                show_progress=target.show_progress,
            )
            history = runner.run(plan, setup=setup)
        target.show_progress(Phase.CATALOG, "reading the schema")
        return Migrated(
            history=history,
            applied=history.applied,
            bookkeeping_tables=plan.bookkeeping_tables,
            warnings=warnings,
        )

    def _run_program(self, plan: ProgramPlan, *, setup: str) -> Migrated:
        # Imported here, since files of SQL need none of it, and it costs time.
        from pytest_userstate.outbound.migrations.programs.runner import (  # noqa: PLC0415
            ProgramRunner,
        )

        server, target = self.server, self.target
        target.show_progress(Phase.MIGRATIONS, f"running {plan.program.command}")
        with (
            server.program_access(self.role) as address,
            contextlib.closing(server.connect(user=server.superuser)) as connection,
        ):
            timeout = target.settings.migration_timeout
            runner = ProgramRunner(connection, address, timeout=timeout)
            migrated = runner.run(plan, setup=setup)
        target.show_progress(Phase.CATALOG, "reading the schema")
        return migrated


def _missing_roles(server: Server, plan: Plan) -> tuple[str, ...]:
    """Make the roles that the files grant to and that are missing; say which."""
    if not plan.roles:
        return ()
    with contextlib.closing(server.connect(user=server.superuser)) as connection:
        rows = connection.execute("SELECT rolname FROM pg_catalog.pg_roles").fetchall()
        missing = sorted(plan.roles - {name for (name,) in rows})
        for name in missing:
            role = psycopg.sql.Identifier(name)
            connection.execute(psycopg.sql.SQL("CREATE ROLE {}").format(role))
    if not missing:
        return ()
    names = ", ".join(missing)
    return (f"roles that the file grants to were missing and were made: {names}",)


def _with_known_collations(
    connection: psycopg.Connection[typ.Any], plan: Plan
) -> tuple[Plan, tuple[str, ...]]:
    """Replace collations of ICU by stubs if the server does not know ICU; say which."""
    texts = [batch.sql for m in plan.migrations for batch in m.batches]
    texts = [text for text in texts if "icu" in text.lower()]
    if not texts or connection.execute(_HAS_ICU).fetchone():
        return plan, ()
    migrations, stubs = [], []
    for migration in plan.migrations:
        replaced = [with_stubs(batch.sql) for batch in migration.batches]
        batches = (
            attrs.evolve(batch, sql=other.sql)
            for batch, other in zip(migration.batches, replaced, strict=True)
        )
        migrations.append(attrs.evolve(migration, batches=tuple(batches)))
        stubs += [
            f"{name} ({migration.path}:{line})"
            for other in replaced
            for line, name in other.collations
        ]
    stubs += [
        name for name in ICU_COLLATIONS if any(f'"{name}"' in text for text in texts)
    ]
    warning = _NO_ICU.format(names=", ".join(stubs))
    plan = attrs.evolve(plan, migrations=tuple(migrations))
    return plan, (warning,) if stubs else ()


_HAS_ICU: typ.Final = (
    "SELECT FROM pg_catalog.pg_collation"
    " WHERE collprovider = 'i' AND collname = 'und-x-icu'"
)
_NO_ICU: typ.Final = (
    "the embedded server has no ICU: these collations compare bytes, and have nothing"
    " but the name of the real ones: {names}"
)

_NOT_SET: typ.Final = """\
{place}: a setting of `[postgres] session` is refused.
  setting    SET {setting}
  error      {error}"""
