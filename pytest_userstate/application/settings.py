"""What a run was asked for, and what a repository has configured."""

from __future__ import annotations

import collections.abc as cabc
import os
import pathlib
import typing as typ

import attrs

from pytest_userstate.domain.advisories.advisory import Silence
from pytest_userstate.domain.downstream import WorkItem
from pytest_userstate.domain.gate import GatePolicy
from pytest_userstate.domain.model import DEFAULT_MODEL, AuditModel
from pytest_userstate.domain.wiring import Wiring

CONFIGURATION_FILE: typ.Final = "userstate.toml"


@attrs.frozen(kw_only=True)
class AuditRequest:
    """What the command line asked for; None where it said nothing.

    Parameters
    ----------
    invocation_dir : pathlib.Path
        Where the run was started.
    root_dir : pathlib.Path
        Where the test runner thinks that the project starts.
    configuration : path, mapping, or None
        The configuration file, or what it would say.
    migrations, dsn, drift, snapshot : str or None
        The values of the options of the same name.
    axes : tuple of str or None
        The axes to gate, in place of the configured ones.
    postgresql_exec, postgresql_exec_origin : str or None
        The server's ``pg_ctl`` that the user set, and where it was set.
    compares : bool
        Whether the schema is compared with what is configured and asked for.
    ask_wiring : callable or None
        Ask the repository's own hook for the wiring; None where there is none.
    asks_ahead : bool
        Whether to ask it before anything runs.
    needs_server : bool
        False where nothing will run (``--collect-only``).
    """

    invocation_dir: pathlib.Path
    root_dir: pathlib.Path
    configuration: str | os.PathLike[str] | cabc.Mapping[str, object] | None = None
    migrations: str | None = None
    dsn: str | None = attrs.field(default=None, repr=False)
    drift: str | None = attrs.field(default=None, repr=False)
    snapshot: str | None = None
    axes: tuple[str, ...] | None = None
    postgresql_exec: str | None = None
    postgresql_exec_origin: str = ""
    compares: bool = False
    ask_wiring: cabc.Callable[[], cabc.Iterable[object]] | None = None
    asks_ahead: bool = False
    needs_server: bool = True


@attrs.frozen(kw_only=True)
class MigrationsSetting:
    """Where the configuration says that the migrations are, and what they are.

    Parameters
    ----------
    path : str or None
        The folder, or the file; None to search.
    layout : str or None
        The layout's name; None to recognize it.
    options : mapping
        The settings that only this layout has, as the file gives them: the layout
        itself checks them.
    """

    path: str | None = None
    layout: str | None = None
    options: cabc.Mapping[str, object] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class PostgresSettings:
    """How migrations are run.

    Parameters
    ----------
    setup : str or None
        A file of SQL that is run first, as superuser.
    superuser : bool
        Whether the migrations themselves run as superuser.
    migration_timeout : float
        Seconds that each migration may take.
    """

    setup: str | None = None
    superuser: bool = False
    migration_timeout: float = 60.0


@attrs.frozen(kw_only=True)
class PortScan:
    """A port whose wiring the sources are to show.

    Parameters
    ----------
    entity : str
        The entity that the port serves.
    port : str
        The port's name in the program.
    key : str
        Its key in the configuration, for messages.
    database, fixture : tuple of str
        Names, or patterns of names, of the implementations on either side;
        empty: those of the naming convention.
    sources : tuple of str
        The folders or files to look in, relative to the configuration.
    has_own_sources : bool
        Whether they are given for this port alone.
    reason : str
        Why it is wired as it is, for the reader of the report.
    model : str or None
        The storage model that the database-backed side reads, where known.
    """

    entity: str
    port: str
    key: str = ""
    database: tuple[str, ...] = ()
    fixture: tuple[str, ...] = ()
    sources: tuple[str, ...] = (".",)
    has_own_sources: bool = False
    reason: str = ""
    model: str | None = None


@attrs.frozen(kw_only=True)
class WiringSettings:
    """What is configured about the wiring.

    Parameters
    ----------
    declared : Wiring
        The ports whose wiring the configuration declares.
    scanned : tuple of PortScan
        The ports whose wiring the sources are to show.
    sources : tuple of str
        Where the program's sources are.
    """

    declared: Wiring = attrs.field(factory=Wiring)
    scanned: tuple[PortScan, ...] = ()
    sources: tuple[str, ...] = (".",)


@attrs.frozen(kw_only=True)
class Settings:
    """Everything a repository can configure, with its defaults.

    Examples
    --------
    >>> Settings().postgres.migration_timeout
    60.0
    """

    migrations: MigrationsSetting = attrs.field(factory=MigrationsSetting)
    snapshot: str | None = None
    model: AuditModel = DEFAULT_MODEL
    wiring: WiringSettings = attrs.field(factory=WiringSettings)
    postgres: PostgresSettings = attrs.field(factory=PostgresSettings)
    gate: GatePolicy = attrs.field(factory=GatePolicy)
    silences: tuple[Silence, ...] = ()
    downstream: tuple[WorkItem, ...] = ()
