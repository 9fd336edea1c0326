"""What the program does with the stored state: ports, tables that it names."""

from __future__ import annotations

import collections.abc as cabc
import enum
import operator
import re
import typing as typ

import attrs

from pytest_userstate.domain.converters import dotted, strings
from pytest_userstate.domain.coverage import RuntimeWiring
from pytest_userstate.domain.errors import InvalidModelError
from pytest_userstate.domain.evidence import Evidence, EvidenceKind, listed
from pytest_userstate.domain.model import AuditModel
from pytest_userstate.domain.snapshot import Column, SchemaSnapshot, Source, Table
from pytest_userstate.domain.writes import TableWrites

_MODIFIER = re.compile(r"\([^)]*\)")


def _names(values: cabc.Iterable[str]) -> tuple[str, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True)
class DeclaredColumn:
    """A column as the program declares it."""

    name: str
    declared_as: str
    data_types: tuple[str, ...] = attrs.field(default=(), converter=_names)
    is_nullable: bool
    source: Source


def _columns(values: cabc.Iterable[DeclaredColumn]) -> tuple[DeclaredColumn, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True)
class DeclaredTable:
    """A table as the program declares it; it need not declare every column."""

    name: str
    schema: str = "public"
    columns: tuple[DeclaredColumn, ...] = attrs.field(default=(), converter=_columns)
    source: Source

    @property
    def qualified_name(self) -> str:
        """The name with its schema."""
        return dotted(self.schema, self.name)


def agreements(
    table: Table, declared: cabc.Iterable[DeclaredTable]
) -> cabc.Iterator[Evidence]:
    """Yield the declarations that say of a table what the snapshot says."""
    for declaration in declared:
        same = declaration.qualified_name == table.qualified_name
        if same and not [*_faults(declaration, table)]:
            yield Evidence(
                kind=EvidenceKind.DECLARED,
                subject=table.qualified_name,
                detail="the program expects the columns that are there",
                source=declaration.source,
            )


def contradictions(
    declared: cabc.Iterable[DeclaredTable], snapshot: SchemaSnapshot, model: AuditModel
) -> cabc.Iterator[str]:
    """Yield what the program expects of user state, and the schema does not hold.

    Only tables that a storage model of the audit names are looked at.
    """
    ours = {
        name.rpartition(".")[2]
        for entity in model.entities
        for storage in entity.models
        for name in storage.tables
    }
    tables = {table.qualified_name: table for table in snapshot.tables}
    for declaration in declared:
        if declaration.name in ours:
            table = tables.get(declaration.qualified_name)
            if table is None:
                yield (
                    f"{declaration.source} declares the table "
                    f"{declaration.qualified_name}, which the schema does not have"
                )
                continue
            yield from _faults(declaration, table)


def _faults(declared: DeclaredTable, table: Table) -> cabc.Iterator[str]:
    for other in declared.columns:
        column = table.column(other.name)
        name = f"{table.qualified_name}.{other.name}"
        if column is None:
            yield (
                f"{other.source} declares the column {name}, which the schema does not "
                "have"
            )
            continue
        where = f" ({column.source})" if column.source else ""
        if other.is_nullable is not column.is_nullable:
            nullability = "can be null" if column.is_nullable else "can never be null"
            yield (
                f"{other.source} declares {name} as {other.declared_as}, but in the "
                f"schema it {nullability}{where}"
            )
        if not _fits(other, column):
            yield (
                f"{other.source} declares {name} as {other.declared_as}, which is "
                f"{listed(other.data_types, 'or')}, but in the schema it is "
                f"{column.data_type}{where}"
            )


def _fits(declared: DeclaredColumn, column: Column) -> bool:
    if not declared.data_types or column.is_domain:
        return True
    plain = " ".join(_MODIFIER.sub(" ", column.data_type).split()).replace(" []", "[]")
    return plain in declared.data_types


_WORST_FIRST: typ.Final = (
    RuntimeWiring.FIXTURE_BACKED,
    RuntimeWiring.UNWIRED,
    RuntimeWiring.NOT_PROBED,
    RuntimeWiring.CONDITIONAL,
    RuntimeWiring.DATABASE_BACKED,
)
"""An entity is wired as the worst of its ports is; unknown is never a pass."""


class WiringOrigin(enum.StrEnum):
    """How it is known what is behind a port."""

    DECLARED = "declared"
    """The configuration says so."""
    SCANNED = "scanned"
    """The program's sources show it."""
    REPORTED = "reported"
    """The running program's own container says so."""


def _sources(values: cabc.Iterable[Source]) -> tuple[Source, ...]:
    return tuple(values)


def _facts(values: cabc.Iterable[Evidence]) -> tuple[Evidence, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True)
class PortWiring:
    """How one port is wired.

    Parameters
    ----------
    entity : str
        The entity that the port serves.
    port : str
        The port's name in the program, such as ``UserInterestsCommand``.
    state : RuntimeWiring
        What is behind it.
    reason : str
        Why it is so, for the reader of the report.
    sources : iterable of Source
        Where it can be seen.
    model : str or None
        The storage model that the database-backed side reads, if known.
    origin : WiringOrigin
        How that is known.
    finding : str
        What a scan found, in words; empty if nothing was scanned.
    facts : iterable of Evidence
        What a scan found, as evidence; elsewhere the sources are the evidence.
    """

    entity: str
    port: str
    state: RuntimeWiring
    reason: str = ""
    sources: tuple[Source, ...] = attrs.field(default=(), converter=_sources)
    model: str | None = None
    origin: WiringOrigin = WiringOrigin.DECLARED
    finding: str = ""
    facts: tuple[Evidence, ...] = attrs.field(default=(), converter=_facts)


@attrs.frozen(kw_only=True)
class TableMention:
    """Where the program's sources name a table; nowhere, as often as not.

    Parameters
    ----------
    table : str
        The table's name, without its schema.
    sources : iterable of Source
        The first few places.
    """

    table: str
    sources: tuple[Source, ...] = attrs.field(default=(), converter=_sources)


def _mentions(values: cabc.Iterable[TableMention]) -> tuple[TableMention, ...]:
    return tuple(sorted(values, key=operator.attrgetter("table")))


@attrs.frozen(kw_only=True)
class TableMentions:
    """Which tables the program's sources name, and where that was looked for.

    Tests, migrations, and dependencies are no part of the sources.

    Parameters
    ----------
    found : iterable of TableMention
        One for each table that was looked for.
    looked_in : iterable of str
        The folders, relative to the repository, as they are configured.

    Examples
    --------
    >>> seen = TableMention(table="users", sources=[Source("src/users.rs", 7)])
    >>> TableMentions(found=[seen], looked_in=["src"]).of("users")
    (Source(path='src/users.rs', line=7),)
    """

    found: tuple[TableMention, ...] = attrs.field(converter=_mentions)
    looked_in: tuple[str, ...] = attrs.field(converter=strings)

    def of(self, table: str) -> tuple[Source, ...] | None:
        """Return where a table is named; None if nobody looked for it."""
        return next((item.sources for item in self.found if item.table == table), None)


def _tables(values: cabc.Iterable[DeclaredTable]) -> tuple[DeclaredTable, ...]:
    return tuple(values)


def _in_order(values: cabc.Iterable[PortWiring]) -> tuple[PortWiring, ...]:
    return tuple(sorted(values, key=operator.attrgetter("entity", "port")))


@attrs.frozen
class Wiring:
    """The wiring of all entities; an entity without a port was not probed.

    Parameters
    ----------
    ports : iterable of PortWiring
        The ports, of which several may serve one entity.
    mentions : TableMentions or None
        Which tables the sources name; None if nobody looked.
    writes : TableWrites or None
        What the sources write to the audited tables; None if nobody looked.
    declared_tables : iterable of DeclaredTable
        The tables that the program itself declares.
    warnings : iterable of str
        What a careful reader should know about how this was found.

    Examples
    --------
    >>> Wiring().state_of("login")
    <RuntimeWiring.NOT_PROBED: 'not_probed'>
    """

    ports: tuple[PortWiring, ...] = attrs.field(default=(), converter=_in_order)
    mentions: TableMentions | None = attrs.field(default=None, kw_only=True)
    writes: TableWrites | None = attrs.field(default=None, kw_only=True)
    declared_tables: tuple[DeclaredTable, ...] = attrs.field(
        default=(), converter=_tables, kw_only=True
    )
    warnings: tuple[str, ...] = attrs.field(default=(), converter=strings, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Refuse one port twice: only one of the two could count."""
        seen: set[tuple[str, str]] = set()
        for port in self.ports:
            if (port.entity, port.port) in seen:
                message = (
                    f"the wiring of port {port.port!r} of entity {port.entity!r} is "
                    "given twice"
                )
                raise InvalidModelError(message)
            seen.add((port.entity, port.port))

    def ports_of(self, entity: str) -> tuple[PortWiring, ...]:
        """Return the ports that serve the entity."""
        return tuple(port for port in self.ports if port.entity == entity)

    def state_of(self, entity: str) -> RuntimeWiring:
        """Return what is behind the entity's ports: the worst of them counts.

        One port that still answers from a fixture leaves the entity
        fixture-backed, whatever the others do.
        """
        states = {port.state for port in self.ports_of(entity)}
        return next(
            (state for state in _WORST_FIRST if state in states),
            RuntimeWiring.NOT_PROBED,
        )
