"""Runs ``manage.py migrate``, led to the audit's database, and watches it.

``manage.py`` itself is run, so that the settings are those that it chooses; what
is replaced of them is where the database is, when the first connection is made.
"""

from __future__ import annotations

import ast
import functools
import os
import runpy
import sys
import typing as typ

from .changes import Changes, Part, UnknownError
from .reporting import Pipe, Statements, described, line_of_error

# Options of a connection that name the server and the user.
_WHERE = (
    *("host", "hostaddr", "port", "service", "servicefile", "user", "password"),
    *("passfile", "dbname", "sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl"),
    *("sslnegotiation", "channel_binding", "require_auth", "gssencmode", "krbsrvname"),
    *("target_session_attrs", "load_balance_hosts", "assume_role"),
)
_NO_DRIVER = "psycopg"


def run(task: dict[str, typ.Any]) -> int:
    """Run the command; return its exit status."""
    pipe = Pipe(task["pipe"])
    sys.path.insert(0, os.getcwd())  # as Python does for a script
    try:
        import django.db.migrations.executor
    except ImportError as error:
        pipe.tell("missing", package="django", error=str(error))
        return 1
    from django.core.exceptions import ImproperlyConfigured

    try:
        import django.db.backends.postgresql.base  # noqa: F401
    except ImproperlyConfigured as error:
        pipe.tell("missing", package=_NO_DRIVER, error=str(error))
        return 1
    with pipe.own_work():
        _lead(pipe, task["where"])
        watch = _Watch(pipe)
        if task["new"]:
            _add(**task["new"])
        else:
            watch.start()
    sys.argv[:] = ["manage.py", *task["arguments"]]
    try:
        runpy.run_path("manage.py", run_name="__main__")
    except SystemExit as end:
        if end.code:
            raise
    except BaseException as error:
        watch.fail(error)
        raise
    watch.finish()
    return 0


def _add(folder: str, app: str) -> None:
    """Let Django find more migrations of an app."""
    from django.db.migrations.loader import MigrationLoader

    load_disk = MigrationLoader.load_disk

    def extended(self: typ.Any) -> None:
        load_disk(self)
        for file in sorted(os.listdir(folder)):
            name = file[: -len(".py")]
            migration = runpy.run_path(os.path.join(folder, file))["Migration"]
            self.disk_migrations[app, name] = migration(name, app)

    MigrationLoader.load_disk = extended


def _lead(pipe: Pipe, where: dict[str, str]) -> None:
    """Lead the default database, and its copies, to the audit's; others nowhere."""
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.backends.postgresql.base import DatabaseWrapper

    connect = BaseDatabaseWrapper.connect
    parameters = DatabaseWrapper.get_connection_params
    names: dict[str, object] = {}

    def connected(self: typ.Any) -> typ.Any:
        with pipe.own_work():
            if self.vendor != "postgresql":
                engine = self.settings_dict["ENGINE"]
                pipe.refuse(
                    f"the database {self.alias!r} of the settings is of {engine}, not"
                    " of PostgreSQL"
                )
        return connect(self)

    def led(self: typ.Any) -> typ.Any:
        with pipe.own_work():
            lead(self)
        return parameters(self)

    def lead(self: typ.Any) -> None:
        given = self.settings_dict
        if not names:  # as they are in the settings, before any is replaced
            names.update(
                {alias: settings.get("NAME") for alias, settings in _databases()}
            )
        mirrored = (given.get("TEST") or {}).get("MIRROR")
        is_a_copy = (
            names.get(self.alias) == names.get("default") or mirrored == "default"
        )
        if not is_a_copy:
            pipe.refuse(
                f"the database {self.alias!r} of the settings is not the default one,"
                " which is what is audited"
            )
        options = given.get("OPTIONS") or {}
        kept = {key: value for key, value in options.items() if key not in _WHERE}
        self.settings_dict.update(where, OPTIONS=kept)

    BaseDatabaseWrapper.connect = connected
    DatabaseWrapper.get_connection_params = led


def _databases() -> typ.Iterable[tuple[str, dict[str, typ.Any]]]:
    from django.conf import settings

    return [*settings.DATABASES.items()]


class _Watch:
    """Hears of each migration from Django, and reports it."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._changes = Changes(self._ask)
        self._connection: typ.Any = None
        self._statements = Statements()
        self._line = 0
        self._is_told = False

    def start(self) -> None:
        """Let every migration that is applied from now on be watched."""
        from django.db.migrations.executor import MigrationExecutor
        from django.db.migrations.migration import Migration

        apply_one, apply_operations = MigrationExecutor.apply_migration, Migration.apply
        watch = self

        def applied(
            self: typ.Any, state: typ.Any, migration: typ.Any, **options: typ.Any
        ) -> typ.Any:
            with watch.own_work():
                watch.begin(self.connection, migration)
            with self.connection.execute_wrapper(watch.executed):
                state = apply_one(self, state, migration, **options)
            with watch.own_work():
                watch.applied(self.connection, migration)
            return state

        def apply(self: typ.Any, *arguments: typ.Any, **options: typ.Any) -> typ.Any:
            with watch.own_work():
                lines = _lines_of_operations(_file(self), len(self.operations))
                for operation, line in zip(self.operations, lines):
                    watch.note_line(operation, line, "state_forwards")
                    watch.note_line(operation, line, "database_forwards")
            return apply_operations(self, *arguments, **options)

        MigrationExecutor.apply_migration = applied  # pyright: ignore[reportAttributeAccessIssue]
        Migration.apply = apply

    def own_work(self) -> typ.ContextManager[None]:
        """Return a context in which an error is not the repository's."""
        return self._pipe.own_work()

    def begin(self, connection: typ.Any, migration: typ.Any) -> None:
        """Report that a migration is next."""
        if not self._is_told:
            self._is_told = True
            self._pipe.tell(
                "context",
                table="django_migrations",
                schema=None,
                heads=None,
                parts=self._look(connection),
            )
        self._statements.begin(_file(migration))
        self._pipe.tell("begin", **_named(migration))

    def applied(self, connection: typ.Any, migration: typ.Any) -> None:
        """Report a migration that has been applied and recorded."""
        self._pipe.tell(
            "applied",
            **_named(migration),
            statements=self._statements.noted(),
            parts=self._look(connection),
        )
        self._statements.begin("")

    def note_line(self, operation: typ.Any, line: int, method: str) -> None:
        """Note the line of an operation while it is at work."""
        forwards = getattr(operation, method)

        @functools.wraps(forwards)
        def watched(*arguments: typ.Any, **options: typ.Any) -> typ.Any:
            self._line = line
            result = forwards(*arguments, **options)
            self._line = 0  # where it failed, the line stays
            return result

        setattr(operation, method, watched)

    def executed(
        self,
        execute: typ.Any,
        sql: typ.Any,
        parameters: typ.Any,
        many: bool,  # noqa: FBT001 - Django calls it so
        context: typ.Any,
    ) -> typ.Any:
        """Take note of a statement, and let it be executed."""
        self._statements.note(sql, line=self._line)
        return execute(sql, parameters, many, context)

    def fail(self, error: BaseException) -> None:
        """Report where it went wrong, if that was in a migration."""
        if self._statements.file:
            line = line_of_error(error, self._statements.file) or self._line
            self._pipe.tell("failed", line=line, **described(error))

    def finish(self) -> None:
        """Report that Django has come to its end."""
        self._pipe.tell("finished")

    def _look(self, connection: typ.Any) -> list[Part] | None:
        self._connection = connection
        try:
            return self._changes.look()
        except UnknownError:
            return None

    def _ask(self, sql: str) -> list[typ.Any]:
        with self._connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())


def _file(migration: typ.Any) -> str:
    """Return the file of a migration as the interpreter names it."""
    return str(sys.modules[type(migration).__module__].__file__)


def _named(migration: typ.Any) -> dict[str, str]:
    module = type(migration).__module__
    return {"path": _file(migration), "module": module}


def _lines_of_operations(file: str, count: int) -> list[int]:
    """Return the line of each operation, where the file lists them; else zeroes."""
    try:
        with open(file, encoding="utf-8") as source:
            tree = ast.parse(source.read())
    except (OSError, SyntaxError, ValueError):
        return [0] * count
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.List):
            names = [
                target.id for target in node.targets if isinstance(target, ast.Name)
            ]
            if names == ["operations"] and len(node.value.elts) == count:
                return [element.lineno for element in node.value.elts]
    return [0] * count
