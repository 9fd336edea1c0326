"""Finding the objects of a schema, or saying what is there instead."""

from __future__ import annotations

import collections
import collections.abc as cabc
import enum
import itertools
import typing as typ

from pytest_userstate.application.asserting import arguments
from pytest_userstate.application.asserting.arguments import ObjectName
from pytest_userstate.application.asserting.failures import (
    Detail,
    Failure,
    absent,
    detail,
    expect,
    origins,
    require,
    source_of,
    unwanted_name,
    with_source,
)
from pytest_userstate.application.asserting.kinds import COLUMN, EXTENSION
from pytest_userstate.application.asserting.matching import (
    Fact,
    PartKind,
    Subject,
    as_expected,
    dropped_columns,
    exactly,
    kind_of,
    named_as_expected,
    one_of,
    part_named,
    unknown_column,
    unwanted,
)
from pytest_userstate.application.schema_words import SHOWN
from pytest_userstate.application.wording import similar
from pytest_userstate.domain.snapshot import (
    Extension,
    SchemaSnapshot,
    Sequence,
    Table,
    View,
    ViewKind,
)

__tracebackhide__ = True  # a failing test shows its own line, not ours

T = typ.TypeVar("T")
V = typ.TypeVar("V")
Read: typ.TypeAlias = cabc.Callable[[], SchemaSnapshot]
Relation: typ.TypeAlias = Table | View | Sequence

_ALWAYS_THERE: typ.Final = "plpgsql"
"""The extension that PostgreSQL puts into every database."""


class InSchema(typ.Protocol):
    """Anything with a name in a schema."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def schema(self) -> str:
        """Its schema."""


class ObjectKind(enum.StrEnum):
    """The kinds of objects that a schema holds, as messages call them."""

    TABLE = "table"
    VIEW = ViewKind.VIEW.value
    MATERIALIZED = ViewKind.MATERIALIZED.value
    FOREIGN = ViewKind.FOREIGN.value
    SEQUENCE = "sequence"
    ENUM = "enum"
    DOMAIN = "domain"
    RELATION = "relation"

    def among(self, snapshot: SchemaSnapshot) -> cabc.Collection[InSchema]:
        """Return the objects of this kind."""
        match self:
            case ObjectKind.TABLE:
                return snapshot.tables
            case ObjectKind.SEQUENCE:
                return snapshot.sequences
            case ObjectKind.ENUM:
                return snapshot.enums
            case ObjectKind.DOMAIN:
                return snapshot.domains
            case ObjectKind.RELATION:
                return (*snapshot.tables, *snapshot.views, *snapshot.sequences)
            case _:
                return [
                    view for view in snapshot.views if view.kind.value == self.value
                ]

    def at(self, snapshot: SchemaSnapshot, place: ObjectName) -> InSchema | None:
        """Return the object of this kind and name, or None."""
        if self is ObjectKind.TABLE:
            return snapshot.table(place.name, schema=place.schema)
        expected = place.schema, place.name
        for value in self.among(snapshot):
            if (value.schema, value.name) == expected:
                return value
        return None

    def search(self, snapshot: SchemaSnapshot, place: ObjectName) -> typ.Any | Failure:
        """Return the object of this kind and name, or what there is instead."""
        value = self.at(snapshot, place)
        return self._absent(snapshot, place) if value is None else value

    def unwanted(
        self, snapshot: SchemaSnapshot, place: ObjectName, *, schema_may_be_absent: bool
    ) -> Failure | None:
        """Return the failure that there is such an object, or no such schema."""
        value = self.at(snapshot, place)
        if value is None:
            missing = no_schema(snapshot, place.schema)
            return None if schema_may_be_absent else missing
        return unwanted_name(f"a {kind_of(value)} {place}", origins(value))

    def _absent(self, snapshot: SchemaSnapshot, place: ObjectName) -> Failure:
        values = self.among(snapshot)
        names = {value.name: value for value in values if value.schema == place.schema}
        namesakes = (
            _described(value)
            for value in values
            if value.name == place.name and value.schema != place.schema
        )
        alike = [*itertools.islice(namesakes, SHOWN)]
        alike += [_described(names[name]) for name in similar(place.name, names)]
        count = len(names)
        plural = f"{self}s" if count != 1 else str(self)
        return Failure(
            headline=f"there is no {self} {place}",
            details=(
                *detail("found", f"{count or 'no'} {plural} in schema {place.schema}"),
                *self._of_another_kind(snapshot, place),
                *detail("nearest", alike),
                *detail("dropped", dropped_relations(snapshot, [place])),
            ),
        )

    def _of_another_kind(
        self, snapshot: SchemaSnapshot, place: ObjectName
    ) -> tuple[Detail, ...]:
        for kind in (ObjectKind.RELATION, ObjectKind.ENUM, ObjectKind.DOMAIN):
            value = kind.at(snapshot, place)
            if value is not None and kind_of(value) != self:
                text = f"{place} is a {kind_of(value)}"
                return detail("but", with_source(text, source_of(value)))
        return ()


def schema_names(snapshot: SchemaSnapshot) -> frozenset[str]:
    """Return the schemas; those of the objects if a test made the snapshot."""
    if snapshot.schemas:
        return frozenset(snapshot.schemas)
    kinds = (ObjectKind.RELATION, ObjectKind.ENUM, ObjectKind.DOMAIN)
    return frozenset(value.schema for kind in kinds for value in kind.among(snapshot))


def no_schema(snapshot: SchemaSnapshot, schema: str) -> Failure | None:
    """Return the failure that there is no such schema, or None."""
    names = sorted(schema_names(snapshot))
    return (
        None
        if schema in names
        else absent(f"there is no schema {schema!r}", schema, names)
    )


def unwanted_schema(snapshot: SchemaSnapshot, name: str) -> Failure | None:
    """Return the failure that there is a schema of this name."""
    is_there = name in schema_names(snapshot)
    return unwanted_name(f"a schema {name!r}") if is_there else None


def exactly_schemas(
    snapshot: SchemaSnapshot, names: cabc.Iterable[str]
) -> Failure | None:
    """Return a failure unless these are the schemas: all, and no other."""
    found = [(name, None) for name in sorted(schema_names(snapshot))]
    return exactly("the database", "schemas", names, found)


def exactly_objects(
    snapshot: SchemaSnapshot, schema: str, kind: ObjectKind, names: tuple[str, ...]
) -> Failure | None:
    """Return a failure unless these are the objects of a kind in a schema."""
    return exactly(
        f"schema {schema}",
        f"{kind}s",
        names,
        [
            (value.name, source_of(value))
            for value in kind.among(snapshot)
            if value.schema == schema
            and (value.name in names or not _comes_along(value))
        ],
        dropped=lambda missing: dropped_relations(
            snapshot, [ObjectName(schema, name) for name in missing]
        ),
    )


def _comes_along(value: InSchema) -> bool:
    """Whether something is there because of something else."""
    match value:
        case Table():
            return value.is_bookkeeping or value.partition_of is not None
        case Sequence():
            return value.owned_by is not None
        case _:
            return False


def dropped_relations(
    snapshot: SchemaSnapshot, places: cabc.Iterable[ObjectName]
) -> list[str]:
    """Return which migration dropped these tables or views, in words."""
    return [
        f"{gone.qualified_name}, {gone.ending}"
        for place in places
        for gone in snapshot.dropped
        if (gone.schema, gone.table, gone.part) == (place.schema, place.name, "")
    ]


def _described(value: InSchema) -> str:
    return with_source(str(ObjectName(value.schema, value.name)), source_of(value))


def expected_extension(
    snapshot: SchemaSnapshot, name: str, given: cabc.Mapping[str, object]
) -> Extension | Failure:
    """Return the extension if it is as expected, or what there is instead."""
    expected, facts = arguments.identifier(name), EXTENSION.facts(given)
    extensions = {extension.name: extension for extension in snapshot.extensions}
    extension = extensions.get(expected)
    if extension is None:
        return absent(f"there is no extension {expected!r}", expected, extensions)
    subject = Subject(snapshot, extension)
    return as_expected(f"extension {expected}", facts, subject) or extension


def unwanted_extension(snapshot: SchemaSnapshot, name: str) -> Failure | None:
    """Return the failure that there is an extension of this name."""
    for extension in snapshot.extensions:
        if extension.name == name:
            found = detail("found", EXTENSION.words(extension))
            return unwanted_name(f"an extension {name!r}", found)
    return None


def exactly_extensions(
    snapshot: SchemaSnapshot, names: cabc.Collection[str]
) -> Failure | None:
    """Return a failure unless these are the extensions: all, and no other."""
    found = [
        (extension.name, None)
        for extension in snapshot.extensions
        if extension.name != _ALWAYS_THERE or extension.name in names
    ]
    return exactly("the database", "extensions", names, found)


# What a table is a partition, a parent or a child of.


def parents(table: Table | View) -> tuple[str, ...]:
    """Return what a table inherits from, or is a partition of."""
    if isinstance(table, Table) and table.partition_of is not None:
        return (table.partition_of,)
    return table.inherits


def children(snapshot: SchemaSnapshot, table: Table) -> list[Table | View]:
    """Return the tables that inherit from one; partitions and foreign tables, too."""
    relations: list[Table | View] = [*snapshot.tables, *snapshot.views]
    return [child for child in relations if table.qualified_name in parents(child)]


def related(table: Table, what: str, found: str | list[str]) -> Failure:
    """Return the failure that a table is related to others as it should not be."""
    return Failure(
        headline=f"table {table.qualified_name} {what}",
        details=(*detail("found", found), *origins(table)),
    )


def not_inherited(
    snapshot: SchemaSnapshot, parent: Table, child: Table, depth: int | None
) -> Failure | None:
    """Return the failure that one table does not inherit from another, so far up."""
    distances = _distances(snapshot, child)
    steps = distances.get(parent.qualified_name, set())
    if depth in steps or (depth is None and steps):
        return None
    at = f" at depth {depth}" if depth is not None else ""
    known = [f"{name}, at depth {min(found)}" for name, found in distances.items()]
    return Failure(
        headline=(
            f"table {child.qualified_name} does not inherit from "
            f"{parent.qualified_name}{at}"
        ),
        details=(*detail("ancestors", known or "none"), *origins(child)),
    )


def inherited(snapshot: SchemaSnapshot, parent: Table, child: Table) -> Failure | None:
    """Return the failure that one table inherits from another."""
    steps = _distances(snapshot, child).get(parent.qualified_name)
    if not steps:
        return None
    return related(
        child,
        f"inherits from {parent.qualified_name}, and should not",
        f"it does at depth {min(steps)}",
    )


def _distances(snapshot: SchemaSnapshot, table: Table) -> dict[str, set[int]]:
    """Return how many steps up each ancestor of a table is."""
    tables = {other.qualified_name: other for other in snapshot.tables}
    distances: dict[str, set[int]] = collections.defaultdict(set)
    pending = [(parent, 1) for parent in parents(table)]
    while pending:
        name, steps = pending.pop()
        is_new = steps not in distances[name]
        distances[name].add(steps)
        if is_new and name in tables and steps <= len(tables):
            pending += [(parent, steps + 1) for parent in parents(tables[name])]
    return distances


class ObjectAssertions(typ.Generic[T]):
    """Assertions about one object of the schema.

    They are made by functions such as `assert_table`, never directly, and only of an
    object that is there. Each of them looks at the schema anew: on a connection, as
    it is at that moment.
    """

    _kind: ObjectKind

    def __init__(
        self, read: Read, place: ObjectName, facts: tuple[Fact, ...] = ()
    ) -> None:
        """Assert that the object is there, and that these facts hold for it."""
        self._read = read
        self._place = place
        subject = Subject(*self._look())
        require(as_expected(f"{kind_of(subject.owner)} {place}", facts, subject))

    def __repr__(self) -> str:
        """Name the class and the object."""
        return f"<{type(self).__name__} {self._place}>"

    def _search(self, snapshot: SchemaSnapshot) -> T | Failure:
        """Return the object, or what there is instead."""
        return self._kind.search(snapshot, self._place)

    def _look(self) -> tuple[SchemaSnapshot, T]:
        """Return the snapshot and the object in it, or fail the test."""
        snapshot = self._read()
        return snapshot, expect(self._search(snapshot))

    def _subject(self) -> Subject:
        return Subject(*self._look())

    def _has(self, kind: PartKind[V], given: cabc.Mapping[str, object]) -> V:
        """Return the part for which everything holds that a call says."""
        facts = kind.facts(given)
        subject = self._subject()
        require(unknown_column(COLUMN, subject, kind, facts))
        found = one_of(kind, subject, facts)
        return expect(found)

    def _has_named(self, kind: PartKind[V], given: cabc.Mapping[str, object]) -> V:
        """Return the part of the name that a call gives, if the rest holds, too."""
        name, facts = arguments.identifier(given["name"]), kind.facts(given)
        found = named_as_expected(kind, self._subject(), name, facts)
        return expect(found)

    def _has_none_named(self, kind: PartKind[V], name: str) -> None:
        """Assert that no part of a kind has this name."""
        name = arguments.identifier(name)
        subject = self._subject()
        part = part_named(kind, subject, name)
        if not isinstance(part, Failure):
            article = "an" if kind.name[0] in "aeiou" else "a"
            what = f"{article} {kind.name} {name!r}"
            require(unwanted(subject, what, [part], kind.words))

    def _has_exactly(
        self,
        kind: PartKind[V],
        expected: cabc.Iterable[typ.Any],
        key: cabc.Callable[[typ.Any], typ.Any] = lambda part: part.name,
        *,
        unless: cabc.Callable[[typ.Any], bool] = lambda _: False,
    ) -> None:
        """Assert that these are the parts: all, and no other."""
        subject, keys = self._subject(), list(expected)
        failure = exactly(
            subject.title,
            kind.plural,
            keys,
            [
                (key(part), source_of(part) or source_of(subject.owner))
                for part in kind.parts(subject.owner)
                if key(part) in keys or not unless(part)
            ],
            dropped=lambda missing: (
                dropped_columns(subject, missing) if kind is COLUMN else []
            ),
        )
        require(failure)
