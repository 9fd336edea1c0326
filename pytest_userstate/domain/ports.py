"""The driven ports: what the domain needs from the world outside."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import enum
import typing as typ

import attrs

if typ.TYPE_CHECKING:
    from pytest_userstate.domain.drafts import Draft, DraftTrial
    from pytest_userstate.domain.evidence import SchemaObject
    from pytest_userstate.domain.model import AuditModel
    from pytest_userstate.domain.snapshot import SchemaSnapshot, Table
    from pytest_userstate.domain.stale_writes import (
        History,
        Isolation,
        Manner,
        Order,
        ProgramWrite,
        RevisionToken,
    )
    from pytest_userstate.domain.wiring import (
        DeclaredTable,
        PortWiring,
        TableMentions,
        Wiring,
    )
    from pytest_userstate.domain.writes import TableWrites


class SchemaSnapshotRepository(typ.Protocol):
    """Where a schema snapshot comes from."""

    def load(self) -> SchemaSnapshot:
        """Return the schema as it is now.

        Raises
        ------
        SchemaSnapshotRepositoryError
            When connecting or querying failed; it says which of the two.
        """


class Clause(enum.StrEnum):
    """A place in a schema where SQL is written."""

    CHECK = "check constraint"
    DOMAIN_CHECK = "check constraint of a domain"
    DEFAULT = "default"
    DOMAIN_DEFAULT = "default of a domain"
    GENERATED = "generated column"
    POLICY = "policy"
    INDEX_KEY = "expression of an index"
    TRIGGER_CONDITION = "condition of a trigger"
    EXCLUSION = "exclusion constraint"
    PARTITION_KEY = "partition key"
    PARTITION_BOUND = "partition bound"


class Deparser(typ.Protocol):
    """What writes SQL as PostgreSQL does."""

    def deparse(
        self, clause: Clause, sql: str, *, schema: str, name: str, column: str = ""
    ) -> str | None:
        """Return a piece of SQL as PostgreSQL would write it at a place, or None.

        Parameters
        ----------
        clause : Clause
            What it is.
        sql : str
            As it is written in a migration, without the words around it.
        schema, name : str
            The table, view or domain that it is written for; of a partition's bound,
            the partitioned table.
        column : str
            The column of a default, or of a generated column.
        """


class RuntimeWiringRepository(typ.Protocol):
    """Where the run-time wiring of the entities' ports comes from."""

    def load(self) -> Wiring:
        """Return what is known about the wiring of each entity."""


class ProgramRepository(typ.Protocol):
    """What else the program's sources show."""

    def mentions(self, tables: cabc.Iterable[str]) -> TableMentions:
        """Return where the sources name the tables, given without their schemas."""

    def declared_tables(self) -> tuple[DeclaredTable, ...]:
        """Return the tables that the program declares, if it declares any."""

    def writes(self, tables: cabc.Iterable[Table]) -> TableWrites | None:
        """Return what the sources write to the tables; None if they are not read."""

    def ports(self, model: AuditModel) -> tuple[PortWiring, ...]:
        """Return the interfaces that are named like ports of an entity, as wired."""


@attrs.frozen(kw_only=True)
class TargetDescription:
    """What is audited, in the words of the report's ``target`` object.

    Parameters
    ----------
    kind : {"migrations", "dsn"}
        Migrations applied to an embedded server, or a database read in place.
    path, layout : str or None
        The migrations folder relative to the repository, and its layout.
    migrations : int or None
        How many migrations there are.
    digest : str or None
        ``sha256:…`` over the migrations' names and bytes.
    found : str
        How the target was found, for people.
    server : str
        Which server will run it, for people.
    """

    kind: typ.Literal["migrations", "dsn"]
    path: str | None = None
    layout: str | None = None
    migrations: int | None = None
    digest: str | None = None
    found: str
    server: str


class UntriableError(Exception):
    """A fact or token cannot be tried; `remedy` are lines to configure."""

    def __init__(self, reason: str, remedy: cabc.Iterable[str] = ()) -> None:
        """Keep what can be done about it."""
        super().__init__(reason)
        self.remedy = tuple(remedy)


class TwoWriters(typ.Protocol):
    """Two sessions of a scratch database, and a row with a revision token."""

    @property
    def manners(self) -> tuple[Manner, ...]:
        """The ways in which a program can write the row."""

    @property
    def fault(self) -> str | None:
        """Why the token cannot be raised as often as a program writes, or None."""

    def play(self, order: Order, isolation: Isolation, manner: Manner) -> History:
        """Let the writers take their steps, and say what happened."""

    def play_write(
        self, order: Order, isolation: Isolation, write: ProgramWrite
    ) -> History:
        """Do the same with a write of the program.

        An `UntriableError` is raised if the write cannot be carried out.
        """


class Mutations(typ.Protocol):
    """The migrated database without some of its objects, for a moment."""

    def without(self, lost: cabc.Iterable[SchemaObject]) -> SchemaSnapshot:
        """Drop the objects, return the schema, and put them back.

        An `UntriableError` is raised if one of them cannot be dropped.
        """


class Scratch(typ.Protocol):
    """Where the migrated database, or a copy of it, is changed for a trial."""

    def draft(
        self, draft: Draft, snapshot: SchemaSnapshot, earlier: cabc.Iterable[Draft]
    ) -> DraftTrial:
        """Apply a draft to a copy, and its reverse after that; write its files.

        Its migrations come after those of the earlier drafts.

        Raises
        ------
        UntriableError
            When one of the two cannot be applied.
        """

    def mutations(self) -> contextlib.AbstractContextManager[Mutations]:
        """Take objects away in transactions that are rolled back."""

    def trial(
        self,
        token: RevisionToken,
        snapshot: SchemaSnapshot,
        seeds: cabc.Mapping[str, str],
    ) -> contextlib.AbstractContextManager[TwoWriters]:
        """Make a row with the token, in a copy, and two sessions.

        `seeds` are statements that make a row, by the qualified names of tables.

        An `UntriableError` is raised if no row can be made.
        """


class OpenTarget(SchemaSnapshotRepository, typ.Protocol):
    """A target that is ready to be read: migrated, or connected to."""

    @property
    def server_version(self) -> str:
        """The server's version, such as ``18.6``."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a careful reader should know about how it was prepared."""

    @property
    def applied(self) -> int | None:
        """How many migrations were applied; None if there were none to apply."""

    @property
    def scratch(self) -> Scratch | None:
        """Where copies of it are made; None of a live database, which nobody copies."""


class AuditTarget(typ.Protocol):
    """Something that can be audited, described without starting anything."""

    @property
    def description(self) -> TargetDescription:
        """What is audited and how it was found."""

    def open(self) -> contextlib.AbstractContextManager[OpenTarget]:
        """Prepare the target for reading, and clean up afterwards.

        A `ToolError` is raised if the server does not start or a migration does not
        apply.
        """


@attrs.frozen(kw_only=True)
class ReportPlace:
    """Where a report lies in a repository; both are relative to its root.

    Parameters
    ----------
    file : str
        The report.
    audited : str
        The folder that the sources of facts are relative to.
    """

    file: str
    audited: str


class ReportStore(typ.Protocol):
    """Where reports are written, and committed ones read."""

    def check(self, path: str) -> None:
        """Raise a UsageError if a report could not be written to the path."""

    def write(self, path: str, text: str) -> None:
        """Write a report, whole or not at all.

        A `ToolError` is raised if it cannot be written after all.
        """

    def read(self, path: str) -> str | None:
        """Return a report that was written before; None if there is none.

        A `ToolError` is raised if it cannot be read.
        """

    def place(self, path: str) -> ReportPlace | None:
        """Return where a report lies; None if it is outside the repository."""


class JobPage(typ.Protocol):
    """The page of the job that runs us, if a service runs it."""

    @property
    def audited(self) -> str:
        """The audited folder, relative to the repository's root."""

    @property
    def files_url(self) -> str | None:
        """Where the repository's files are shown, as they were for this job."""

    def place(self, path: str) -> str | None:
        """Return a file of the audited folder, relative to the job's workspace."""

    @property
    def room(self) -> int:
        """How many bytes the page still takes."""

    def append(self, text: str) -> None:
        """Append to the page.

        A `ToolError` is raised if it cannot be written.
        """
