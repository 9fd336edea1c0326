"""Runs Alembic, or Flask-Migrate, led to the audit's database, and watches it.

Every connection through SQLAlchemy goes to the audit's server, whatever the URL
that ``env.py`` makes of its settings. What Alembic does is left to Alembic.
"""

from __future__ import annotations

import os
import sys
import typing as typ

from .changes import Changes, Part, UnknownError
from .reporting import Pipe, Statements, described, line_of_error

# Arguments of a driver that name the server and the user.
_WHERE = (
    *("host", "hostaddr", "port", "dsn", "service", "servicefile", "unix_sock"),
    *("user", "password", "passfile", "database", "dbname", "require_auth"),
    *("ssl", "sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "sslnegotiation"),
    *("ssl_context", "direct_tls", "channel_binding", "gssencmode", "krbsrvname"),
    *("target_session_attrs", "load_balance_hosts"),
)
_DRIVERS = (("psycopg2", "psycopg2"), ("psycopg", "psycopg"), ("asyncpg", "asyncpg"))


def run(task: dict[str, typ.Any]) -> int:
    """Run the command; return its exit status."""
    pipe = Pipe(task["pipe"])
    try:
        import alembic.config
        from sqlalchemy.engine.url import make_url

        if task["tool"] == "flask":
            import flask_migrate  # noqa: F401
    except ImportError as error:
        package = "Flask-Migrate" if task["tool"] == "flask" else "alembic"
        pipe.tell("missing", package=package, error=str(error))
        return 1
    # As `python -m alembic` has it; only now, since many a repository has a folder
    # of the name.
    sys.path.insert(0, os.getcwd())
    sys.argv[:] = [task["tool"], *task["arguments"]]
    with pipe.own_work():
        _lead(pipe, task["url"], make_url)
        watch = _Watch(pipe)
        if task["new"]:
            _add(task["new"]["folder"])
        else:
            watch.start()
    try:
        if task["tool"] == "flask":
            _run_flask()
        else:
            _command_line(pipe, alembic.config, task["url"]).main(task["arguments"])
    except BaseException as error:
        watch.fail(error)
        raise
    watch.finish()
    return 0


def _add(folder: str) -> None:
    """Let Alembic find revisions in one more folder."""
    from alembic.script import ScriptDirectory

    from_config = ScriptDirectory.from_config

    def extended(config: typ.Any) -> typ.Any:
        given = config.get_main_option("version_locations")
        separators = ("path_separator", "version_path_separator")
        names = [name for name in separators if config.get_main_option(name)]
        separator = {"space": " ", "newline": "\n", "os": os.pathsep}.get(
            config.get_main_option(names[0]) if names else "space", " "
        )
        if not given:
            given = os.path.join(config.get_main_option("script_location"), "versions")
            config.set_main_option("version_path_separator", "os")
            config.set_main_option("path_separator", "os")
            separator = os.pathsep
        both = f"{given}{separator}{folder}".replace("%", "%%")
        config.set_main_option("version_locations", both)
        return from_config(config)

    ScriptDirectory.from_config = extended  # type: ignore[method-assign]


def _run_flask() -> None:
    """Run Flask's command line, which ends in an exit, whatever came of it."""
    import flask.cli

    try:
        flask.cli.main()
    except SystemExit as end:
        if end.code:
            raise


def _command_line(pipe: Pipe, config_module: typ.Any, url: str) -> typ.Any:
    """Return Alembic's command line, which sets ``sqlalchemy.url`` first."""

    class CommandLine(config_module.CommandLine):  # type: ignore[misc]
        def run_cmd(self, config: typ.Any, options: typ.Any) -> None:
            with pipe.own_work():
                given = ""
                # Without an alembic.ini there is no such section to read.
                if config.file_config.has_section(config.config_ini_section):
                    given = config.get_main_option("sqlalchemy.url") or ""
                ours = f"{_driver(given)}://{url.partition('://')[2]}"
                config.set_main_option("sqlalchemy.url", ours.replace("%", "%%"))
            super().run_cmd(config, options)

    return CommandLine(prog="alembic")


def _driver(given: str) -> str:
    """Return the dialect and driver of the URL that is replaced, if they are right."""
    scheme = given.partition(":")[0]
    if scheme.startswith("postgresql+"):
        return scheme
    for module, driver in _DRIVERS:
        try:
            __import__(module)
        except ImportError:
            continue
        return f"postgresql+{driver}"
    return "postgresql"


def _lead(pipe: Pipe, url: str, make_url: typ.Callable[[str], typ.Any]) -> None:
    """Lead every connection to the database of the URL."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    elsewhere: set[str] = set()

    def led(
        dialect: typ.Any, arguments: typ.Any, given: dict[str, typ.Any]
    ) -> tuple[typ.Any, dict[str, typ.Any]]:
        if dialect.name != "postgresql":
            pipe.refuse(
                f"env.py connects to a database of {dialect.name}, not of PostgreSQL"
            )
        ours_first, ours = dialect.create_connect_args(make_url(url))
        place = _place(arguments, given)
        if place != _place(ours_first, ours):
            elsewhere.add(place)
        if len(elsewhere) > 1:
            listed = " and ".join(sorted(elsewhere))
            pipe.refuse(f"env.py connects to more than one database: {listed}")
        kept = {name: value for name, value in given.items() if name not in _WHERE}
        return ours_first, {**kept, **ours}

    def connect(
        dialect: typ.Any, _: object, arguments: typ.Any, given: dict[str, typ.Any]
    ) -> typ.Any:
        with pipe.own_work():
            first, named = led(dialect, arguments, given)
        return dialect.connect(*first, **named)

    event.listen(Engine, "do_connect", connect)


def _place(arguments: typ.Sequence[typ.Any], given: dict[str, typ.Any]) -> str:
    """Name the database that a driver was to connect to, without secrets."""
    values = dict(given)
    for text in map(str, arguments):
        for part in text.split():
            name, _, value = part.partition("=")
            values[name] = value
    database = values.get("dbname") or values.get("database") or "?"
    host, port = values.get("host") or "localhost", values.get("port") or 5432
    return f"{database} on {host}:{port}"


class _Watch:
    """Hears of each revision from Alembic, and reports it."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._changes = Changes(self._ask)
        self._connection: typ.Any = None
        self._statements = Statements()
        self._is_asking = False

    def start(self) -> None:
        """Let every environment that is configured from now on be watched."""
        from alembic.runtime.environment import EnvironmentContext
        from sqlalchemy import event
        from sqlalchemy.engine import Engine

        configure = EnvironmentContext.configure
        watch = self

        def configured(
            self: typ.Any, *arguments: typ.Any, **options: typ.Any
        ) -> typ.Any:
            with watch.own_work():
                steps = self.context_opts.get("fn")
                if steps is not None and not hasattr(steps, "is_watched"):
                    self.context_opts["fn"] = watch.watched(steps)
                others = options.get("on_version_apply") or ()
                others = tuple(others) if hasattr(others, "__iter__") else (others,)
                options["on_version_apply"] = (*others, watch.applied)
            return configure(self, *arguments, **options)

        EnvironmentContext.configure = configured  # type: ignore[method-assign]
        event.listen(Engine, "before_cursor_execute", self._execute)

    def watched(self, steps: typ.Any) -> typ.Any:
        """Return Alembic's source of steps, with a report before each step."""

        def watched(heads: typ.Any, context: typ.Any) -> typ.Iterator[typ.Any]:
            context_told = False
            for step in steps(heads, context):
                with self.own_work():
                    if not context_told:
                        context_told = True
                        self._tell_context(context)
                    revision = step.info.up_revision
                    self._statements.begin(_file(revision))
                    self._pipe.tell("begin", path=revision.path)
                yield step
            if not context_told:
                with self.own_work():
                    self._tell_context(context)

        watched.is_watched = True  # type: ignore[attr-defined]
        return watched

    def applied(self, *, ctx: typ.Any, step: typ.Any, **_: typ.Any) -> None:
        """Report a revision that has been applied, in its transaction."""
        with self.own_work():
            self._pipe.tell(
                "applied",
                path=step.up_revision.path,
                statements=self._statements.noted(),
                parts=self._look(ctx),
            )
            self._statements.begin("")

    def own_work(self) -> typ.ContextManager[None]:
        """Return a context in which an error is not the repository's."""
        return self._pipe.own_work()

    def fail(self, error: BaseException) -> None:
        """Report where it went wrong, if that was in a revision."""
        if self._statements.file:
            line = line_of_error(error, self._statements.file)
            self._pipe.tell("failed", line=line, **described(error))

    def finish(self) -> None:
        """Report that Alembic has come to its end."""
        self._pipe.tell("finished")

    def _tell_context(self, context: typ.Any) -> None:
        self._pipe.tell(
            "context",
            table=context.version_table,
            schema=context.version_table_schema,
            heads=_last(context.script),
            parts=self._look(context),
        )

    def _look(self, context: typ.Any) -> list[Part] | None:
        self._connection = context.connection
        self._is_asking = True
        try:
            return self._changes.look()
        except UnknownError:
            return None
        finally:
            self._is_asking = False

    def _ask(self, sql: str) -> list[typ.Any]:
        connection = self._connection
        execute = getattr(connection, "exec_driver_sql", connection.execute)
        return list(execute(sql).fetchall())

    def _execute(
        self, _connection: object, _cursor: object, statement: str, *_: object
    ) -> None:
        if self._statements.file and not self._is_asking:
            self._statements.note(statement)


def _last(scripts: typ.Any) -> list[str]:
    """Return the heads that stay in the version table: no other depends on them."""
    needed: set[str] = set()
    for revision in scripts.walk_revisions():
        names = revision.dependencies or ()
        for name in (names,) if isinstance(names, str) else names:
            needed.update(known.revision for known in scripts.get_revisions(name))
    return [head for head in scripts.get_heads() if head not in needed]


def _file(revision: typ.Any) -> str:
    """Return the file of a revision as the interpreter names it."""
    return str(revision.module.upgrade.__code__.co_filename)
