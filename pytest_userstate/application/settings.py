"""What a run is asked for, and what a repository has configured."""

from __future__ import annotations

import collections.abc as cabc
import enum
import os
import pathlib
import re
import typing as typ

import attrs

from pytest_userstate.domain.downstream import WorkItem
from pytest_userstate.domain.gate import GatePolicy
from pytest_userstate.domain.model import DEFAULT_MODEL, AuditModel
from pytest_userstate.domain.user_state import Ignore
from pytest_userstate.domain.wiring import Wiring

CONFIGURATION_FILE: typ.Final = "userstate.toml"
PYPROJECT: typ.Final = "pyproject.toml"
SHARED_TABLE: typ.Final = "tool.userstate"
"""The table that holds the configuration in a file of several tools."""
TABLES: typ.Final = (
    "accept",
    "downstream",
    "entities",
    "gate",
    "ignore",
    "migrations",
    "postgres",
    "prove",
    "wiring",
)
"""The tables at the top of a configuration; `KEYS` are the other keys."""
KEYS: typ.Final = ("database", "migrations", "recognize", "schemas", "snapshot")
_HEADER: typ.Final = re.compile(
    rf"(?<![\w\]])(\[\[?)(?=(?:{'|'.join(TABLES)})(?:\.[\w.-]+)?\])"
)
_FILE: typ.Final = re.compile(r"(?<![\w./-])userstate\.toml(: `)?")


@attrs.frozen
class Home:
    """The file that a repository is configured in, or would be.

    Parameters
    ----------
    label : str
        The file as the user would type it.
    table : str
        The table in it that holds the configuration; empty if all of it does.
    target : str
        The target that is configured there; empty if there is only one.
    """

    label: str = CONFIGURATION_FILE
    table: str = ""
    target: str = ""

    @property
    def name(self) -> str:
        """The file's name."""
        return pathlib.PurePath(self.label).name

    def full_id(self, name: str) -> str:
        """Return the id of a check, or of a comparison, among those of all targets.

        >>> Home(target="billing").full_id("users.schema")
        'billing.users.schema'
        """
        return f"{self.target}.{name}" if self.target else name

    def written(self, text: str) -> str:
        """Return a message for this file; all are written for ``userstate.toml``.

        Examples
        --------
        >>> home = Home("pyproject.toml", "tool.userstate")
        >>> home.written("Say so in userstate.toml, with [[accept]]")
        'Say so in [tool.userstate] of pyproject.toml, with [[tool.userstate.accept]]'
        """
        if self.table:
            text = _HEADER.sub(rf"\1{self.table}.", text)
        if self.name == CONFIGURATION_FILE or not self.table:
            return _FILE.sub(lambda found: f"{self.label}{found[1] or ''}", text)
        place, key = f"[{self.table}] of {self.label}", f"{self.label}: `{self.table}."
        return _FILE.sub(lambda found: key if found[1] else place, text)


class Phase(enum.StrEnum):
    """What takes time in an audit."""

    SERVER = "server"
    MIGRATIONS = "migrations"
    CATALOG = "catalog"
    SOURCES = "sources"


ShowProgress: typ.TypeAlias = cabc.Callable[[Phase, str], None]
"""Called with the phase that an audit is in, and what it is doing, in a few words."""


def show_nothing(_phase: Phase, _text: str) -> None:
    """Show no progress."""


@attrs.frozen(kw_only=True)
class AuditRequest:
    """What the command line asks for; None if it says nothing."""

    invocation_dir: pathlib.Path
    """Where the run was started."""
    root_dir: pathlib.Path
    """Where the test runner thinks that the project starts."""
    configuration: str | os.PathLike[str] | cabc.Mapping[str, object] | None = None
    """The configuration file, or what it would say."""
    targets: tuple[str, ...] = ()
    """The names of the targets to audit; empty for all targets."""
    migrations: str | None = None
    dsn: str | None = attrs.field(default=None, repr=False)
    drift: str | None = attrs.field(default=None, repr=False)
    server: str | None = attrs.field(default=None, repr=False)
    """The server to apply the migrations to, in place of the embedded one."""
    snapshot: str | None = None
    """The file that the audited schema is written to."""
    warnings: tuple[str, ...] = ()
    """What the user should change in the command."""
    axes: tuple[str, ...] | None = None
    """The axes to gate, in place of the configured ones."""
    postgresql_exec: str | None = None
    """The server's ``pg_ctl`` that the user set."""
    postgresql_exec_origin: str = ""
    """Where it was set."""
    compares: bool = False
    writes_configuration: bool = False
    accepts_gaps: bool = False
    """Whether the schema is compared with what is configured and asked for."""
    proves: bool = False
    """Whether what the audit says is tried out in copies of the database."""
    drafts: str | None = None
    """The folder that drafts are written to; "-" if they are only shown."""
    ask_wiring: cabc.Callable[[], cabc.Iterable[object]] | None = None
    """Ask the repository's own hook for the wiring; None if there is none."""
    ask_writes: cabc.Callable[[], cabc.Iterable[object]] | None = None
    """Ask it for the writes of the program, likewise."""
    asks_ahead: bool = False
    """Whether to ask it before anything runs."""
    needs_server: bool = True
    """False if nothing will run (``--collect-only``)."""
    cache: pathlib.Path | None = None
    """The folder that snapshots are kept in between runs; None to keep none."""
    show_progress: ShowProgress = show_nothing


@attrs.frozen(kw_only=True)
class MigrationsSetting:
    """Where the migrations are, and which tool they are for."""

    path: str | None = None
    """The folder, or the file; None to search."""
    tool: str | None = None
    """The migration tool's name; None to recognize it."""
    options: cabc.Mapping[str, object] = attrs.field(factory=dict)
    """The settings that only this tool has; its layout checks them."""


@attrs.frozen(kw_only=True)
class PostgresSettings:
    """How migrations are run."""

    server: str | None = attrs.field(default=None, repr=False)
    """The server to apply them to, in place of the embedded one."""
    setup: str | None = None
    """SQL that is run first, as superuser: a file, or statements with semicolons."""
    session: tuple[str, ...] = ()
    """Statements ``SET …`` for each connection that migrates."""
    superuser: bool = False
    """Whether the migrations themselves run as superuser."""
    migration_timeout: float = 60.0
    """Seconds that each migration may take."""


@attrs.frozen(kw_only=True)
class PortScan:
    """A port whose wiring the sources show."""

    entity: str
    port: str
    """The port's name in the program."""
    key: str = ""
    """Its key in the configuration, for messages."""
    database: tuple[str, ...] = ()
    """Names, or patterns of names, of implementations; empty: by convention."""
    fixture: tuple[str, ...] = ()
    sources: tuple[str, ...] = (".",)
    """The folders or files to look in, relative to the configuration."""
    has_own_sources: bool = False
    """Whether they are given for this port alone."""
    reason: str = ""
    """Why it is wired as it is, for the reader of the report."""
    model: str | None = None
    """The storage model that the database-backed side reads, if it is known."""


@attrs.frozen(kw_only=True)
class WiringSettings:
    """The ports that are declared, those that are scanned, and the sources."""

    declared: Wiring = attrs.field(factory=Wiring)
    scanned: tuple[PortScan, ...] = ()
    sources: tuple[str, ...] = (".",)
    has_sources: bool = False
    """Whether the configuration gives the sources."""

    @property
    def writes(self) -> tuple[str, ...]:
        """Where the statements are read that write user state; empty: they are not.

        That is where sources are given, or looked at for a port.
        """
        own = self.sources if self.has_sources else ()
        of_ports = (name for port in self.scanned for name in port.sources)
        return tuple(dict.fromkeys((*own, *of_ports)))


@attrs.frozen(kw_only=True)
class RowSeed:
    """How a row of a table is made for a proof."""

    table: str
    """The table, with its schema: ``public.accounts``."""
    sql: str


@attrs.frozen(kw_only=True)
class WriteStatement:
    """A statement by which the program writes, for a proof to try."""

    table: str
    """The table that has the revision: ``public.user_preferences``."""
    sql: str
    """With parameters such as ``%(user_id)s`` and ``%(revision)s``."""


@attrs.frozen(kw_only=True)
class ProofSettings:
    """What a proof needs that the schema does not show."""

    rows: tuple[RowSeed, ...] = ()
    writes: tuple[WriteStatement, ...] = ()

    @property
    def seeds(self) -> dict[str, str]:
        """The statements, by the names of the tables."""
        return {row.table: row.sql for row in self.rows}


@attrs.frozen(kw_only=True)
class Settings:
    """Everything that a repository can configure, with its defaults.

    >>> Settings().postgres.migration_timeout
    60.0
    """

    migrations: MigrationsSetting = attrs.field(factory=MigrationsSetting)
    database: str | None = None
    """The variable that has the DSN of the live database to audit: ``env:NAME``."""
    snapshot: str | None = None
    model: AuditModel = DEFAULT_MODEL
    recognize: bool = True
    wiring: WiringSettings = attrs.field(factory=WiringSettings)
    postgres: PostgresSettings = attrs.field(factory=PostgresSettings)
    gate: GatePolicy = attrs.field(factory=GatePolicy)
    ignored: tuple[Ignore, ...] = ()
    downstream: tuple[WorkItem, ...] = ()
    prove: ProofSettings = attrs.field(factory=ProofSettings)
    home: Home = attrs.field(factory=Home, eq=False)
    """The file that says all this."""
    warnings: tuple[str, ...] = ()
    """What the user should change in the configuration."""
