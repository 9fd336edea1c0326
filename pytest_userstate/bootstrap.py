"""The composition root: puts a run together from the adapters."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import os
import pathlib
import shlex
import typing as typ

import attrs

from pytest_userstate.application.audit import Prepared
from pytest_userstate.application.configuration import with_axes
from pytest_userstate.application.settings import AuditRequest, Home, Settings
from pytest_userstate.application.targets import TargetTable, chosen, target_tables
from pytest_userstate.domain.errors import (
    ConfigurationError,
    MigrationError,
    SnapshotFileError,
    UsageError,
    UserStateError,
)
from pytest_userstate.domain.ports import AuditTarget, JobPage
from pytest_userstate.domain.secrets import hidden
from pytest_userstate.domain.snapshot import SchemaSnapshot
from pytest_userstate.outbound.configuration_file import (
    ConfigurationFile,
    configuration_of,
    find_configuration,
    future_home,
    read_configuration,
    repository_root,
)
from pytest_userstate.outbound.files import (
    NewFiles,
    ReportFiles,
    read_report,
    read_snapshot_file,
)
from pytest_userstate.outbound.migrations.finding.discovery import (
    LayoutChoice,
    Target,
    locate,
)
from pytest_userstate.outbound.migrations.layout import read_sql
from pytest_userstate.outbound.migrations_target import (
    EXPECTED_SETTING,
    MigrationsTarget,
    SessionSetting,
    SetupScript,
    UnreadableTarget,
    read_session_setting,
)
from pytest_userstate.outbound.postgres.account import check_machine
from pytest_userstate.outbound.postgres.binaries import Binaries, find_binaries
from pytest_userstate.outbound.snapshot_cache import SnapshotCache, is_repeatable
from pytest_userstate.outbound.wiring.assembly import (
    ConfigurationPlace,
    wiring_repository,
    with_found_sources,
)
from pytest_userstate.outbound.wiring.program import SourceProgramRepository

if typ.TYPE_CHECKING:
    from pytest_userstate.application.comparison import Reference
    from pytest_userstate.outbound.baseline import Baseline
    from pytest_userstate.outbound.postgres.connection_strings import ConnectionString


_NO_BASELINE: typ.Final = (
    "the fixtures need migrations to build a baseline from: --userstate-dsn is for "
    "auditing a live database in place"
)


def prepare_all(request: AuditRequest) -> tuple[Prepared, ...]:
    """Put together what a run needs for each of its targets; nothing is started.

    A `UsageError` is raised if the configuration, a target or the server cannot be
    used.
    """
    root = repository_root(request.invocation_dir, request.root_dir)
    file = _configuration(request, root)
    tables: tuple[TargetTable, ...] = (TargetTable(values={}),)
    if file is not None:
        tables = target_tables(file.table, file=file.label, prefix=file.prefix)
    tables = chosen(tables, request.targets)
    if len(tables) > 1 and (option := _about_one_target(request)):
        names = " and ".join(table.name for table in tables)
        message = (
            f"{option} is about one target, and the configuration has {names}: "
            "choose one with --userstate-target=NAME"
        )
        raise UsageError(message)
    return tuple(_prepare(request, _Place.of(file, root, table)) for table in tables)


def prepare(request: AuditRequest) -> Prepared:
    """Do the same for a run that can only have one target."""
    first, *others = prepare_all(request)
    if others:
        names = " and ".join(prepared.name for prepared in (first, *others))
        message = (
            f"the configuration has several targets, {names}: choose one, by "
            f'@pytest.mark.userstate_target("{first.name}") on the test, or by '
            f"--userstate-target={first.name}"
        )
        raise UsageError(message)
    return first


def _about_one_target(request: AuditRequest) -> str | None:
    """Return an option that cannot be meant for several targets."""
    options = {
        "--userstate-migrations": request.migrations,
        "--userstate-dsn": request.dsn,
        "--userstate-drift": request.drift,
        "--userstate-snapshot": request.snapshot,
        "--userstate-init": request.writes_configuration or None,
        "--userstate-draft=DIR": None if request.drafts == "-" else request.drafts,
    }
    return next((name for name, value in options.items() if value is not None), None)


def _prepare(request: AuditRequest, place: _Place) -> Prepared:
    settings = place.settings(request.invocation_dir)
    with _messages_for(settings.home):
        return _prepared(request, settings, place)


def _prepared(request: AuditRequest, settings: Settings, place: _Place) -> Prepared:
    if request.axes is not None:
        settings = with_axes(settings, request.axes)
    here = ConfigurationPlace(
        base=place.base,
        file=place.label,
        prefix=place.key("wiring").removesuffix("wiring"),
    )
    settings = with_found_sources(settings, here)
    wiring = wiring_repository(
        settings,
        here,
        ask=request.ask_wiring,
        asks_ahead=request.asks_ahead,
    )
    target, first_file = _target(request, settings, place)
    described = target.description
    return Prepared(
        settings=settings,
        target=target,
        wiring=wiring,
        program=SourceProgramRepository(
            place.base,
            sources=settings.wiring.sources,
            writes=settings.wiring.writes,
            migrations=described.path,
            is_diesel=described.kind == "dsn" or described.layout == "diesel",
        ),
        references=_references(request, settings, place),
        snapshot=request.snapshot,
        writes_configuration=request.writes_configuration,
        accepts_gaps=request.accepts_gaps,
        proves=request.proves,
        ask_writes=request.ask_writes,
        drafts=request.drafts,
        base=place.base,
        configuration=_existing(place.file.path) if place.file else None,
        configured=(
            f"configured by {place.label}" if place.file else "no configuration file"
        ),
        warnings=(*request.warnings, *settings.warnings),
        first_file=first_file,
    )


def launch_server(prepared: Prepared) -> cabc.Callable[[], None] | None:
    """Start the server that an audit will need, and do not wait; return what ends it.

    None if it needs none, or one that is given.
    """
    target = prepared.target
    return target.launch() if isinstance(target, MigrationsTarget) else None


@contextlib.contextmanager
def open_baseline(prepared: Prepared) -> cabc.Iterator[Baseline]:
    """Start a server, apply the migrations, yield the migrated baseline.

    A `UsageError` is raised if the target is a live database, which nobody may copy.
    """
    from pytest_userstate.outbound import baseline  # noqa: PLC0415 - of fixtures only

    with _messages_for(prepared.settings.home), contextlib.ExitStack() as stack:
        match prepared.target:
            case MigrationsTarget() as target:
                yield stack.enter_context(baseline.open_baseline(target))
            case UnreadableTarget(error=error):
                raise error
            case _:
                raise UsageError(_NO_BASELINE)


def report_store(
    base: pathlib.Path, audited: pathlib.Path | None = None
) -> ReportFiles:
    """Return where reports are written, by paths that start in a folder."""
    return ReportFiles(base, audited=audited)


def configuration_store(base: pathlib.Path) -> ReportFiles:
    """Return where a first configuration is written."""
    return ReportFiles(base, option="--userstate-init", what="configuration")


def snapshot_store(base: pathlib.Path) -> ReportFiles:
    """Return where the snapshot file is written, by a path that starts in a folder."""
    return ReportFiles(
        base, option="--userstate-snapshot-update", what="schema snapshot"
    )


def draft_store(base: pathlib.Path) -> NewFiles:
    """Return where drafts are written, by paths that start in a folder."""
    return NewFiles(base, option="--userstate-draft", what="draft")


def job_page(audited: pathlib.Path) -> JobPage | None:
    """Return the page of the job that runs us, if a service runs it."""
    if "GITHUB_ACTIONS" not in os.environ:
        return None
    from pytest_userstate.outbound.github import github_job  # noqa: PLC0415 - rare

    return github_job(os.environ, audited)


def snapshot_of(source: typ.Any) -> SchemaSnapshot:
    """Return the schema of a database, as it is now.

    Parameters
    ----------
    source : psycopg.Connection, sqlalchemy.Engine, sqlalchemy.Connection or str
        An open connection, which is left as it was, in whatever transaction it is; an
        engine; or a URL, also one that names a driver (``postgresql+asyncpg://…``).

    Raises
    ------
    SchemaSnapshotRepositoryError
        When connecting or querying failed.
    TypeError
        When the source is something else, or an SQLAlchemy connection of another
        driver than psycopg.

    Examples
    --------
    >>> from pytest_userstate import SchemaSnapshot, Table, snapshot_of
    >>> snapshot_of(SchemaSnapshot([Table("users")])).tables[0].name
    'users'
    """
    from pytest_userstate.outbound.live_target import (  # noqa: PLC0415 - of tests
        schema_of,
    )

    source = hidden(source)
    return schema_of(source)


def read_snapshot(path: str | os.PathLike[str]) -> SchemaSnapshot:
    """Return the schema that ``--userstate-snapshot-update`` wrote to a file.

    Parameters
    ----------
    path : str or path
        The file; a relative path starts in the current folder.

    Raises
    ------
    SnapshotFileError
        When there is none, or it is damaged, or was written by a newer version.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "schema.json")
    ...     _ = file.write_text('{"userstate_snapshot": 1, "schemas": ["legal"]}')
    ...     read_snapshot(file).schemas
    ('legal',)
    """
    __tracebackhide__ = True
    file = os.fspath(path)
    try:
        return read_snapshot_file(pathlib.Path(file), shown=file).load()
    except SnapshotFileError as error:
        if not error.is_newer:
            place = pathlib.Path(file).absolute()
            error.add_note(
                f"looked for at {place}; write it anew with pytest --userstate-audit "
                f"--userstate-snapshot-update={shlex.quote(file)}"
            )
        # The reader has to correct a file, which our traceback would not help with.
        raise error.with_traceback(None) from None


def report_text(path: str | os.PathLike[str]) -> str:
    """Return the text of a report that was written to a file.

    A `FileNotFoundError` is raised if there is no such file; the message says where it
    was sought.
    """
    __tracebackhide__ = True
    return read_report(pathlib.Path(path))


@contextlib.contextmanager
def _messages_for(home: Home) -> cabc.Iterator[None]:
    """Let the messages of errors name the file that holds the configuration."""
    try:
        yield
    except UserStateError as error:
        error.args = (home.written(str(error)),)
        raise


@attrs.frozen
class _Place:
    """The configuration of a target, and the folder that paths start in."""

    file: ConfigurationFile | None
    base: pathlib.Path
    target: TargetTable

    @classmethod
    def of(
        cls, file: ConfigurationFile | None, root: pathlib.Path, target: TargetTable
    ) -> _Place:
        return cls(file, file.path.parent if file else root, target)

    @property
    def label(self) -> str:
        """The file as the user would type it; empty if there is none."""
        return self.file.label if self.file else ""

    def key(self, key: str) -> str:
        """Return a configuration key as the file spells it."""
        prefix = self.file.prefix if self.file else ""
        full = self.target.key(key)
        return f"{prefix}.{full}" if prefix else full

    def settings(self, start: pathlib.Path) -> Settings:
        """Return what the file says, or the defaults."""
        if self.file is None:
            return Settings(home=future_home(self.base, start))
        return self.target.settings(file=self.label, prefix=self.file.prefix)


def _configuration(
    request: AuditRequest, root: pathlib.Path
) -> ConfigurationFile | None:
    start, given = request.invocation_dir, request.configuration
    if given is None:
        return find_configuration(start, root)
    if isinstance(given, cabc.Mapping):
        return configuration_of(given, root)
    return read_configuration(start / given, start)


def _target(
    request: AuditRequest, settings: Settings, place: _Place
) -> tuple[AuditTarget, pathlib.Path | None]:
    """Return what is audited, and its first file."""
    dsn, option = request.dsn, "--userstate-dsn"
    if dsn is None and request.migrations is None and settings.database:
        dsn, option = settings.database, f"{place.label}: `{place.key('database')}`"
        if request.proves or request.drafts is not None:
            message = (
                f"{option} is a live database, which is only read: "
                "--userstate-prove and --userstate-draft are for migrations"
            )
            raise UsageError(message)
    if dsn is not None:
        from pytest_userstate.outbound.live_target import (  # noqa: PLC0415 - rare
            live_target,
        )

        return live_target(dsn, option=option), None
    given = _given_server(request, settings, place)
    binaries = None if given else _binaries(request)
    try:
        located = _located(request, settings, place)
    except MigrationError as error:
        # A finding about the repository, not about how it was called: the checks
        # are collected, and end in this error.
        return UnreadableTarget(error), _existing(place.base / error.path)
    is_copied = request.proves or request.drafts is not None
    is_repeated = is_repeatable(located.plan, settings.postgres) and not is_copied
    cache = None
    if binaries and request.cache and is_repeated:
        cache = SnapshotCache.open(request.cache)
    target = MigrationsTarget(
        target=located,
        binaries=binaries,
        given=given,
        setup=_setup(settings, place),
        session=_session(settings, place),
        settings=settings.postgres,
        is_copied=is_copied,
        show_progress=request.show_progress,
        cache=cache,
    )
    first = located.first_file
    return target, _existing(place.base / first) if first else None


def _given_server(
    request: AuditRequest, settings: Settings, place: _Place
) -> ConnectionString | None:
    """Return where the server is that the command line or the configuration names."""
    if not request.needs_server:
        return None
    value, option = request.server, "--userstate-server"
    if value is None:
        value = settings.postgres.server
        option = f"{place.label}: `{place.key('postgres.server')}`"
    if value is None:
        return None
    from pytest_userstate.outbound.postgres.connection_strings import (  # noqa: PLC0415 - rare
        connection_string,
    )

    return connection_string(value, option=option)


def _binaries(request: AuditRequest) -> Binaries | None:
    if not request.needs_server:
        return None
    check_machine()
    return find_binaries(
        configured=request.postgresql_exec,
        configured_by=request.postgresql_exec_origin,
    )


def _located(request: AuditRequest, settings: Settings, place: _Place) -> Target:
    path, given_by = None, ""
    if request.migrations is not None:
        path = str(request.invocation_dir / request.migrations)
        given_by = "--userstate-migrations"
    elif settings.migrations.path is not None and place.file:
        path = str(place.base / settings.migrations.path)
        given_by = f"`{place.key('migrations')}` in {place.label}"
    return locate(
        root=place.base,
        base=place.base,
        path=path,
        here=request.invocation_dir,
        path_given_by=given_by,
        choice=LayoutChoice(
            layout=settings.migrations.tool,
            options=settings.migrations.options,
            file=place.label,
            key=place.key("migrations") if place.file else "",
        ),
    )


def _setup(settings: Settings, place: _Place) -> SetupScript | None:
    name = settings.postgres.setup
    if name is None or place.file is None:
        return None
    if ";" in name:  # the statements themselves
        return SetupScript(place.label, name)
    try:
        return SetupScript(name, read_sql(place.base / name, name))
    except MigrationError as error:
        key = place.key("postgres.setup")
        message = f"{place.label}: `{key}`: {error}"
        raise ConfigurationError(message, file=place.label, key=key) from error


def _session(settings: Settings, place: _Place) -> tuple[SessionSetting, ...]:
    if not settings.postgres.session or place.file is None:
        return ()
    path, key = place.file.path, place.key("postgres.session")
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    session = []
    for statement in settings.postgres.session:
        words = (statement, *statement.splitlines())
        line = next((n for n, line in enumerate(lines, 1) if words[-1] in line), None)
        file = place.label if line is None else f"{place.label}:{line}"
        setting = read_session_setting(statement, place.label, line or 1)
        if setting is None:
            message = f"{file}: `{key}` has {statement!r}; {EXPECTED_SETTING}"
            raise ConfigurationError(message, file=place.label, key=key)
        session.append(setting)
    return tuple(session)


def _references(
    request: AuditRequest, settings: Settings, place: _Place
) -> tuple[Reference, ...]:
    if not request.compares or {settings.snapshot, request.drift} == {None}:
        return ()
    from pytest_userstate.outbound.references import (  # noqa: PLC0415 - rare, 25 ms
        references,
    )

    key = f"{place.label}: `{place.key('snapshot')}`" if place.file else ""
    return tuple(
        references(request, snapshot=settings.snapshot, base=place.base, key=key)
    )


def _existing(path: pathlib.Path) -> pathlib.Path | None:
    """Return the path without `..`, symbolic links kept; None if it is no file."""
    plain = pathlib.Path(os.path.abspath(path))  # noqa: PTH100 - not resolved
    return plain if plain.is_file() else None
