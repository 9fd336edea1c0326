"""The target of most audits: migrations, applied to a server."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import functools
import typing as typ

import attrs

from pytest_userstate.application.settings import (
    Phase,
    PostgresSettings,
    ShowProgress,
    show_nothing,
)
from pytest_userstate.domain.errors import MigrationError, ToolError
from pytest_userstate.domain.ports import OpenTarget, TargetDescription
from pytest_userstate.outbound.migrations.finding.discovery import Target
from pytest_userstate.outbound.migrations.plan import Plan
from pytest_userstate.outbound.migrations.sql import statements
from pytest_userstate.outbound.postgres.binaries import Binaries, find_binaries
from pytest_userstate.outbound.postgres.stubs import STUBS
from pytest_userstate.outbound.snapshot_cache import (
    CachedDatabase,
    SnapshotCache,
    key_of,
)

if typ.TYPE_CHECKING:
    from pytest_userstate.outbound.migrated_database import MigratedDatabase, Server
    from pytest_userstate.outbound.migrations.programs.plan import ProgramPlan
    from pytest_userstate.outbound.postgres.connection_strings import ConnectionString
    from pytest_userstate.outbound.postgres.server import EmbeddedServer


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


_READING_SOURCES: typ.Final = "reading the sources"


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
    show_progress: ShowProgress = show_nothing
    # Where the schema is kept between runs; None if it has to be made anew.
    cache: SnapshotCache | None = None

    @functools.cached_property
    def _key(self) -> str:
        binaries = self.binaries or find_binaries()
        return key_of(self.target, binaries, self.session, self.settings)

    @functools.cached_property
    def cached(self) -> CachedDatabase | None:
        """What an earlier run has kept, if nothing has changed since."""
        return self.cache.find(self._key) if self.cache else None

    @property
    def description(self) -> TargetDescription:
        """What is audited and how it was found."""
        plan = self.target.plan
        server = f"PostgreSQL from {self.binaries.origin}" if self.binaries else ""
        if self.given:
            server = f"a scratch database on {self.given.origin}"
        if self.cached:
            server = f"snapshot from cache, of PostgreSQL {self.cached.server_version}"
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

    def launch(self) -> cabc.Callable[[], None] | None:
        """Start the embedded server without waiting for it; return what ends it.

        None if no server is needed.
        """
        if self.cached or self.given:
            return None
        server = self._embedded(all_databases=self._needs_all_databases)
        try:
            server.launch()
        except ToolError:  # which is met again, and said, when somebody needs it
            return server.close
        self._launched.append(server)
        return server.close

    @contextlib.contextmanager
    def open(self) -> cabc.Iterator[MigratedDatabase | CachedDatabase]:
        """Start the server, apply the migrations, and stop it afterwards.

        Nothing is started if an earlier run has kept the schema.
        """
        if self.cached:
            self.show_progress(Phase.SOURCES, _READING_SOURCES)
            yield self.cached
            return
        keep = functools.partial(self.cache.keep, self._key) if self.cache else None
        launched = self._launched.pop() if self._launched else None
        self.show_progress(Phase.SERVER, "starting PostgreSQL")
        with launched or self._server(
            all_databases=self._needs_all_databases
        ) as server:
            yield attrs.evolve(self._migrated(server), keep=keep)
        self.show_progress(Phase.SOURCES, _READING_SOURCES)

    @property
    def _needs_all_databases(self) -> bool:
        return self.is_copied or needs_all_databases(self.settings, self.target.plan)

    @contextlib.contextmanager
    def open_with_all_databases(self) -> cabc.Iterator[MigratedDatabase]:
        """Do the same on a server on which databases can be created."""
        with self._server(all_databases=True) as server:
            yield self._migrated(server)

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

    def _migrated(self, server: Server) -> MigratedDatabase:
        # A run that finds the schema in the cache needs none of it: 60 ms.
        from pytest_userstate.outbound.migrated_database import (  # noqa: PLC0415
            Application,
        )

        return Application(self, server).migrated()


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
