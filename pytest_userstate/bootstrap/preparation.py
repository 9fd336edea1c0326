"""Putting together what a run needs, from what is asked for and configured."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import os
import pathlib
import typing as typ

from pytest_userstate.application.audit import Prepared
from pytest_userstate.application.configuration.reading import read_document
from pytest_userstate.application.configuration.resolution import (
    settings_of,
    with_axes,
)
from pytest_userstate.application.settings import AuditRequest, Settings
from pytest_userstate.domain.errors import (
    ConfigurationError,
    MigrationError,
    UsageError,
)
from pytest_userstate.domain.ports import AuditTarget, ProgramRepository
from pytest_userstate.outbound.configuration_file import (
    ConfigurationFile,
    configuration_of,
    find_configuration,
    read_configuration,
    repository_root,
)
from pytest_userstate.outbound.unreadable_target import UnreadableTarget
from pytest_userstate.outbound.wiring.assembly import Place, wiring_repository

if typ.TYPE_CHECKING:
    from pytest_userstate.application.comparing.comparison import Reference
    from pytest_userstate.outbound.baseline import Baseline
    from pytest_userstate.outbound.migrations.finding.discovery import Target
    from pytest_userstate.outbound.migrations_target import Script
    from pytest_userstate.outbound.postgres.binaries import Binaries
    from pytest_userstate.outbound.postgres.server import EmbeddedServer


def prepare(request: AuditRequest, server: EmbeddedServer | None = None) -> Prepared:
    """Put together what a run needs; nothing is started.

    A server that has been started already is used where it fits what is configured,
    and else stopped.

    Raises
    ------
    UsageError
        When the configuration, the target or the server cannot be used.
    """
    root = repository_root(request.invocation_dir, request.root_dir)
    file = _configuration(request, root)
    settings = _settings(file)
    if request.axes is not None:
        settings = with_axes(settings, request.axes)
    base = file.path.parent if file else root
    shown = file.shown if file else ""
    wiring = wiring_repository(
        settings,
        Place(base=base, file=shown, prefix=_key(file, "") if file else ""),
        ask=request.ask_wiring,
        asks_ahead=request.asks_ahead,
    )
    target, first_file = _target(request, settings, file, base, server)
    return Prepared(
        settings=settings,
        target=target,
        wiring=wiring,
        program=_program(settings, target, base),
        references=_references(request, settings, file, base),
        snapshot=request.snapshot,
        base=base,
        configuration=_file(file.path) if file else None,
        configured=f"configured by {shown}" if file else "no configuration file",
        first_file=first_file,
    )


def open_baseline(prepared: Prepared) -> contextlib.AbstractContextManager[Baseline]:
    """Start a server, apply the migrations, yield the migrated baseline.

    Raises
    ------
    UsageError
        When the target is a live database, which nobody may copy.
    """
    from pytest_userstate.outbound.baseline import open_baseline  # noqa: PLC0415
    from pytest_userstate.outbound.migrations_target import (  # noqa: PLC0415
        MigrationsTarget,
    )

    if isinstance(prepared.target, MigrationsTarget):
        return open_baseline(prepared.target)
    if isinstance(prepared.target, UnreadableTarget):
        raise prepared.target.error
    message = (
        "the fixtures need migrations to build a baseline from: --userstate-dsn is "
        "for auditing a live database in place"
    )
    raise UsageError(message)


def _configuration(
    request: AuditRequest, root: pathlib.Path
) -> ConfigurationFile | None:
    start, given = request.invocation_dir, request.configuration
    if given is None:
        return find_configuration(start, root)
    if isinstance(given, cabc.Mapping):
        return configuration_of(given, root)
    return read_configuration(start / given, start)


def _settings(file: ConfigurationFile | None) -> Settings:
    if file is None:
        return Settings()
    document = read_document(file.table, file=file.shown, prefix=file.prefix)
    return settings_of(document, file=file.shown, prefix=file.prefix)


def _target(
    request: AuditRequest,
    settings: Settings,
    file: ConfigurationFile | None,
    base: pathlib.Path,
    server: EmbeddedServer | None,
) -> tuple[AuditTarget, pathlib.Path | None]:
    if request.dsn is not None:
        from pytest_userstate.outbound.live_target import live_target  # noqa: PLC0415

        return live_target(request.dsn), None
    # Imported here, since a live database needs none of it, and it costs time.
    from pytest_userstate.outbound.migrations_target import (  # noqa: PLC0415
        MigrationsTarget,
    )

    binaries = _binaries(request)
    try:
        located = _located(request, settings, file, base)
    except MigrationError as error:
        # A finding about the repository, not about how it was called: the checks
        # are collected, and end in this error.
        return UnreadableTarget(error), _file(base / error.path)
    target = MigrationsTarget(
        target=located,
        binaries=binaries,
        launched=_fitting(server, settings, located),
        setup=_setup(settings, file, base),
        settings=settings.postgres,
    )
    return target, _file(base / located.first_file) if located.first_file else None


def _binaries(request: AuditRequest) -> Binaries | None:
    from pytest_userstate.outbound.postgres.binaries import (  # noqa: PLC0415
        find_binaries,
    )
    from pytest_userstate.outbound.postgres.machine import (  # noqa: PLC0415
        check_machine,
    )

    if not request.needs_server:
        return None
    check_machine()
    return find_binaries(
        configured=request.postgresql_exec,
        configured_by=request.postgresql_exec_origin,
    )


def _fitting(
    server: EmbeddedServer | None, settings: Settings, located: Target
) -> EmbeddedServer | None:
    """Return the server where it has what the migrations need; else stop it."""
    from pytest_userstate.outbound.migrations_target import (  # noqa: PLC0415
        needs_all_databases,
    )

    if server is not None and needs_all_databases(settings.postgres, located.plan):
        server.close()
        return None
    return server


def _located(
    request: AuditRequest,
    settings: Settings,
    file: ConfigurationFile | None,
    base: pathlib.Path,
) -> Target:
    from pytest_userstate.outbound.migrations.finding.discovery import (  # noqa: PLC0415
        LayoutChoice,
        locate,
    )

    path, given_by = None, ""
    if request.migrations is not None:
        path = str(request.invocation_dir / request.migrations)
        given_by = "--userstate-migrations"
    elif settings.migrations.path is not None and file:
        path = str(base / settings.migrations.path)
        given_by = f"`{_key(file, 'migrations')}` in {file.shown}"
    return locate(
        root=base,
        base=base,
        path=path,
        path_given_by=given_by,
        choice=LayoutChoice(
            layout=settings.migrations.layout,
            options=settings.migrations.options,
            file=file.shown if file else "",
            key=_key(file, "migrations") if file else "",
        ),
    )


def _references(
    request: AuditRequest,
    settings: Settings,
    file: ConfigurationFile | None,
    base: pathlib.Path,
) -> tuple[Reference, ...]:
    if not request.compares or {settings.snapshot, request.drift} == {None}:
        return ()
    from pytest_userstate.outbound.references import references  # noqa: PLC0415

    key = f"{file.shown}: `{_key(file, 'snapshot')}`" if file else ""
    return tuple(references(request, snapshot=settings.snapshot, base=base, key=key))


def _file(path: pathlib.Path) -> pathlib.Path | None:
    """Return the path without `..`, symbolic links kept; None where it is no file."""
    plain = pathlib.Path(os.path.abspath(path))  # noqa: PTH100 - not resolved
    return plain if plain.is_file() else None


def _program(
    settings: Settings, target: AuditTarget, base: pathlib.Path
) -> ProgramRepository:
    from pytest_userstate.outbound.wiring.program import (  # noqa: PLC0415 - time
        SourceProgramRepository,
    )

    described = target.description
    return SourceProgramRepository(
        base,
        sources=settings.wiring.sources,
        migrations=described.path,
        is_diesel=described.kind == "dsn" or described.layout == "diesel",
    )


def _setup(
    settings: Settings, file: ConfigurationFile | None, base: pathlib.Path
) -> Script | None:
    from pytest_userstate.outbound.migrations.layout import read_sql  # noqa: PLC0415
    from pytest_userstate.outbound.migrations_target import Script  # noqa: PLC0415

    name = settings.postgres.setup
    if name is None or file is None:
        return None
    try:
        return Script(name, read_sql(base / name, name))
    except MigrationError as error:
        key = _key(file, "postgres.setup")
        message = f"{file.shown}: `{key}`: {error}"
        raise ConfigurationError(message, file=file.shown, key=key) from error


def _key(file: ConfigurationFile, key: str) -> str:
    return f"{file.prefix}.{key}" if file.prefix else key
