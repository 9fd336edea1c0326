"""The target of most audits: migrations, applied to a server."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import functools
import typing as typ

import attrs
import psycopg
import psycopg.sql

from pytest_userstate.application.settings import PostgresSettings, show_nothing
from pytest_userstate.domain.errors import (
    MigrationError,
    SchemaSnapshotRepositoryError,
    ToolError,
)
from pytest_userstate.domain.ports import OpenTarget, TargetDescription
from pytest_userstate.domain.snapshot import SchemaSnapshot
from pytest_userstate.outbound.migrations.finding.discovery import Target
from pytest_userstate.outbound.migrations.plan import Plan
from pytest_userstate.outbound.migrations.provenance.ledger import annotate
from pytest_userstate.outbound.migrations.running.runner import (
    Migrated,
    MigrationRunner,
    run_script,
)
from pytest_userstate.outbound.migrations.sql import statements
from pytest_userstate.outbound.postgres.binaries import Binaries, find_binaries
from pytest_userstate.outbound.postgres.catalog import (
    PostgresSchemaSnapshotRepository,
)
from pytest_userstate.outbound.postgres.stubs import ICU_COLLATIONS, STUBS, with_stubs

if typ.TYPE_CHECKING:
    from pytest_userstate.outbound.migrations.programs.plan import ProgramPlan
    from pytest_userstate.outbound.postgres.connection_strings import ConnectionString
    from pytest_userstate.outbound.postgres.given_server import GivenServer
    from pytest_userstate.outbound.postgres.server import EmbeddedServer
    from pytest_userstate.outbound.proving.scratch import ScratchServer

    Server: typ.TypeAlias = EmbeddedServer | GivenServer

READING_TIMEOUT: typ.Final = "60s"
"""How long a query of the catalog may take: a view can be made to deparse for hours."""


def needs_all_databases(settings: PostgresSettings, plan: Plan | ProgramPlan) -> bool:
    """Whether something may use the other databases.

    Only a superuser can copy them; but a command of the repository's own may
    connect to `postgres` first.
    """
    is_a_command = not isinstance(plan, Plan) and plan.program.watched is None
    return settings.superuser or settings.setup is not None or is_a_command


@attrs.frozen
class SetupScript:
    """A file of SQL that is no migration."""

    # The file, relative to the repository.
    path: str
    # What it says.
    sql: str


@attrs.frozen
class SessionSetting:
    """A setting that each connection that migrates begins with."""

    # The configuration file, and the line that has it.
    file: str
    line: int
    # What follows SET.
    text: str


EXPECTED_SETTING: typ.Final = (
    "expected one statement SET name = value,\nsuch as SET app.environment = 'test',"
    " which each connection that migrates begins with"
)


_NOT_SET: typ.Final = """\
{place}: a setting of `[postgres] session` is refused.
  setting    SET {setting}
  error      {error}"""


def read_session_setting(statement: str, file: str, line: int) -> SessionSetting | None:
    """Return the setting of a statement; None if it is not one ``SET``."""
    found = statements(statement)
    if len(found) != 1 or found[0].words[0] != "set":
        return None
    words = found[0].words
    if words[1] in {"local", "transaction", "constraints"} or words[1:3] in {
        ("session", "authorization"),
        ("session", "characteristics"),
    }:
        return None
    text = found[0].text[len("set") :].lstrip()
    if words[1] == "session":
        text = text[len("session") :].lstrip()
    return SessionSetting(file, line, text)


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


@attrs.frozen
class MigratedDatabase:
    """A database with all migrations applied, on a server that is running."""

    server: Server
    role: str
    """The role that the migrations have run as."""
    target: Target
    migrated: Migrated

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
        return annotate(snapshot, self.migrated.history)


@attrs.frozen(kw_only=True)
class MigrationsTarget:
    """Migrations to be applied to the embedded server, or to one that is given."""

    # The migrations, and how they were found.
    target: Target
    # The embedded server's programs; None where nothing will run, or not there.
    binaries: Binaries | None
    # The server to use in its place.
    given: ConnectionString | None = None
    # SQL to be run first, as superuser.
    setup: SetupScript | None
    # What each connection that migrates begins with.
    session: tuple[SessionSetting, ...] = ()
    # How the migrations are run.
    settings: PostgresSettings
    # Whether copies of the migrated database will be made.
    is_copied: bool = False
    # Called with what is being done, in a few words.
    show_progress: cabc.Callable[[str], None] = show_nothing

    @property
    def description(self) -> TargetDescription:
        """What is audited and how it was found."""
        plan = self.target.plan
        server = f"PostgreSQL from {self.binaries.origin}" if self.binaries else ""
        if self.given:
            server = f"a scratch database on {self.given.origin}"
        found = self.target.found
        if not isinstance(plan, Plan):
            found = f"{found}; runs {plan.program.command}"
        return TargetDescription(
            kind="migrations",
            path=self.target.relative_path,
            layout=plan.layout,
            migrations=len(plan.migrations) or None,
            digest=self.target.digest,
            found=found,
            server=server or "no server is needed",
        )

    _launched: list[EmbeddedServer] = attrs.field(factory=list, init=False, eq=False)

    def launch(self) -> cabc.Callable[[], None]:
        """Start the embedded server without waiting for it; return what ends it."""
        server = self._embedded(all_databases=self._needs_all_databases)
        try:
            server.launch()
        except ToolError:  # which is met again, and said, when somebody needs it
            return server.close
        self._launched.append(server)
        return server.close

    @contextlib.contextmanager
    def open(self) -> cabc.Iterator[MigratedDatabase]:
        """Start the server, apply the migrations, and stop it afterwards."""
        launched = self._launched.pop() if self._launched else None
        self.show_progress("starting PostgreSQL")
        with launched or self._server(
            all_databases=self._needs_all_databases
        ) as server:
            yield self._migrate(server)

    @property
    def _needs_all_databases(self) -> bool:
        return self.is_copied or needs_all_databases(self.settings, self.target.plan)

    @contextlib.contextmanager
    def open_with_all_databases(self) -> cabc.Iterator[MigratedDatabase]:
        """Do the same on a server on which databases can be created."""
        with self._server(all_databases=True) as server:
            yield self._migrate(server)

    def _server(self, *, all_databases: bool) -> Server:
        if self.given:
            from pytest_userstate.outbound.postgres.given_server import (  # noqa: PLC0415 - rare
                GivenServer,
            )

            return GivenServer(self.given)
        return self._embedded(all_databases=all_databases)

    def _embedded(self, *, all_databases: bool) -> EmbeddedServer:
        binaries = self.binaries or find_binaries()
        from pytest_userstate.outbound.postgres.server import (  # noqa: PLC0415 - POSIX
            EmbeddedServer,
        )

        return EmbeddedServer(
            binaries,
            stub_extensions=STUBS,
            all_databases=all_databases,
            listens=not isinstance(self.target.plan, Plan),
        )

    def _migrate(self, server: Server) -> MigratedDatabase:
        plan = self.target.plan
        platform_role = plan.role if isinstance(plan, Plan) else ""
        role = server.role(platform_role, superuser=self.settings.superuser)
        migrated = self._apply(server, role)
        migrated = attrs.evolve(
            migrated, warnings=(*migrated.warnings, *server.side_effects())
        )
        return MigratedDatabase(server, role, self.target, migrated)

    def _apply(self, server: Server, role: str) -> Migrated:
        setup, plan = self.setup, self.target.plan
        platform = plan.platform if isinstance(plan, Plan) else ""
        scripts = [
            SetupScript("the tool's platform", platform),
            *([setup] if setup else []),
        ]
        self._run_first(server, [each for each in scripts if each.sql])
        self._configure_sessions(server, role)
        path = setup.path if setup else ""
        if isinstance(plan, Plan):
            made = _missing_roles(server, plan)
            migrated = self._apply_files(server, role, plan, setup=path)
            return attrs.evolve(migrated, warnings=(*made, *migrated.warnings))
        return self._run_program(server, role, plan, setup=path)

    def _run_first(self, server: Server, scripts: list[SetupScript]) -> None:
        """Run what comes before the migrations, as superuser."""
        if not scripts:
            return
        timeout = self.settings.migration_timeout
        with contextlib.closing(server.connect(user=server.superuser)) as connection:
            for script in scripts:
                run_script(connection, script.path, script.sql, timeout=timeout)

    def _configure_sessions(self, server: Server, role: str) -> None:
        """Have each connection of the role begin with what is configured."""
        if not self.session:
            return
        names = map(psycopg.sql.Identifier, (role, server.database))
        with contextlib.closing(server.connect(user=server.superuser)) as connection:
            alter = psycopg.sql.SQL("ALTER ROLE {} IN DATABASE {} SET ").format(*names)
            for setting in self.session:
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

    def _apply_files(
        self, server: Server, role: str, plan: Plan, *, setup: str
    ) -> Migrated:
        timeout = self.settings.migration_timeout
        with contextlib.closing(server.connect(user=role)) as connection:
            plan, warnings = _with_known_collations(connection, plan)
            runner = MigrationRunner(
                connection, timeout=timeout, show_progress=self.show_progress
            )
            history = runner.run(plan, setup=setup)
        self.show_progress("reading the schema")
        return Migrated(
            history=history,
            applied=history.applied,
            bookkeeping_tables=plan.bookkeeping_tables,
            warnings=warnings,
        )

    def _run_program(
        self, server: Server, role: str, plan: ProgramPlan, *, setup: str
    ) -> Migrated:
        # Imported here, since files of SQL need none of it, and it costs time.
        from pytest_userstate.outbound.migrations.programs.runner import (  # noqa: PLC0415
            ProgramRunner,
        )

        self.show_progress(f"running {plan.program.command}")
        with (
            server.program_access(role) as address,
            contextlib.closing(server.connect(user=server.superuser)) as connection,
        ):
            runner = ProgramRunner(
                connection, address, timeout=self.settings.migration_timeout
            )
            return runner.run(plan, setup=setup)


@attrs.frozen
class UnreadableTarget:
    """Migrations that cannot even be read: opening them says why."""

    error: MigrationError

    @property
    def description(self) -> TargetDescription:
        """What is known of the target: that it cannot be read."""
        return TargetDescription(
            kind="migrations", found="they cannot be read", server="no server is needed"
        )

    def open(self) -> contextlib.AbstractContextManager[OpenTarget]:
        """Raise the error."""
        raise self.error
