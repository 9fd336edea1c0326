"""Finding what an assertion is about, or saying what is there instead."""

from __future__ import annotations

import collections.abc as cabc
import itertools
import typing as typ

from pytest_userstate.application.asserting import arguments
from pytest_userstate.application.asserting.arguments import Place, Unspecified
from pytest_userstate.application.asserting.failure import Detail, Failure, detail
from pytest_userstate.application.asserting.matching import (
    Changeable,
    introduced_with,
    with_source,
)
from pytest_userstate.application.explaining.nearest import SHOWN, nearest
from pytest_userstate.domain.columns import Source
from pytest_userstate.domain.snapshot import (
    Domain,
    Enum,
    SchemaSnapshot,
    Sequence,
    Table,
    View,
    ViewKind,
)

Relation: typ.TypeAlias = Table | View | Sequence


class InSchema(typ.Protocol):
    """Anything with a name in a schema."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def schema(self) -> str:
        """Its schema."""


S = typ.TypeVar("S", bound=InSchema)


def find_table(snapshot: SchemaSnapshot, place: Place) -> Table | Failure:
    """Return the table, or what there is instead."""
    table = snapshot.table(place.name, schema=place.schema)
    return table or absent("table", place, snapshot, snapshot.tables)


def find_view(snapshot: SchemaSnapshot, place: Place, kind: ViewKind) -> View | Failure:
    """Return the view of this kind, or what there is instead."""
    views = tuple(view for view in snapshot.views if view.kind is kind)
    return at(place, views) or absent(str(kind), place, snapshot, views)


def find_enum(snapshot: SchemaSnapshot, place: Place) -> Enum | Failure:
    """Return the enumerated type, or what there is instead."""
    found = at(place, snapshot.enums)
    return found or absent("enum", place, snapshot, snapshot.enums)


def find_domain(snapshot: SchemaSnapshot, place: Place) -> Domain | Failure:
    """Return the domain, or what there is instead."""
    found = at(place, snapshot.domains)
    return found or absent("domain", place, snapshot, snapshot.domains)


def find_sequence(snapshot: SchemaSnapshot, place: Place) -> Sequence | Failure:
    """Return the sequence, or what there is instead."""
    found = at(place, snapshot.sequences)
    return found or absent("sequence", place, snapshot, snapshot.sequences)


def at(place: Place, values: cabc.Iterable[S]) -> S | None:
    """Return the value with this schema and name, or None."""
    return next(
        (
            value
            for value in values
            if value.name == place.name and value.schema == place.schema
        ),
        None,
    )


def relation_at(snapshot: SchemaSnapshot, place: Place) -> Relation | None:
    """Return the table, view or sequence of this name; they share their names."""
    return (
        snapshot.table(place.name, schema=place.schema)
        or at(place, snapshot.views)
        or at(place, snapshot.sequences)
    )


def kind_of(value: object) -> str:
    """Return what an object is, in a word or two."""
    match value:
        case Table() | View():
            return str(value.kind)
        case _:
            return type(value).__name__.lower()


def source_of(value: object) -> Source | None:
    """Return the migration that introduced an object, where it is known."""
    return value.source if isinstance(value, Changeable) else None


def schema_names(snapshot: SchemaSnapshot) -> frozenset[str]:
    """Return the schemas there are; where none were read, those of the objects."""
    if snapshot.schemas:
        return frozenset(snapshot.schemas)
    parts: tuple[tuple[InSchema, ...], ...] = (
        snapshot.tables,
        snapshot.views,
        snapshot.enums,
        snapshot.domains,
        snapshot.sequences,
    )
    return frozenset(each.schema for each in itertools.chain.from_iterable(parts))


def no_schema(snapshot: SchemaSnapshot, schema: str) -> Failure | None:
    """Return the failure that there is no such schema, or None where there is."""
    names = sorted(schema_names(snapshot))
    if schema in names:
        return None
    return Failure(
        headline=f"there is no schema {schema!r}",
        details=(
            *(detail("found", names) or detail("found", "no schema at all")),
            *detail("nearest", nearest(schema, names)),
        ),
    )


def absent(
    kind: str,
    place: Place,
    snapshot: SchemaSnapshot,
    values: cabc.Collection[InSchema],
) -> Failure:
    """Return the failure that there is no such object, and what is there."""
    names = {each.name: each for each in values if each.schema == place.schema}
    alike = [*_namesakes(place, values)]
    alike += [_described(names[name]) for name in nearest(place.name, names)]
    count = len(names)
    plural = f"{kind}s" if count != 1 else kind
    return Failure(
        headline=f"there is no {kind} {place}",
        details=(
            *detail("found", f"{count or 'no'} {plural} in schema {place.schema}"),
            *_of_another_kind(kind, place, snapshot),
            *detail("nearest", alike),
            *detail("dropped", drops(snapshot, place)),
        ),
    )


def drops(snapshot: SchemaSnapshot, place: Place, column: str = "") -> list[str]:
    """Return which migration dropped this table, view or column, in words."""
    return [
        f"{gone.qualified_name}, by {gone.source}"
        for gone in snapshot.dropped
        if (gone.schema, gone.table) == (place.schema, place.name)
        and gone.part == gone.column == column
    ]


def dropped_parts(
    snapshot: SchemaSnapshot,
    relation: Table | View,
    kind: typ.Literal["constraint", "index"],
    name: str | Unspecified,
) -> tuple[Detail, ...]:
    """Return which constraints or indexes a table once had, and who dropped them.

    That of one name, or some where no name was asked for.
    """
    gone = (
        f"{kind} {each.part}, by {each.source}"
        for each in snapshot.dropped
        if (each.schema, each.table) == (relation.schema, relation.name)
        and each.kind == kind
        and (isinstance(name, Unspecified) or each.part == arguments.identifier(name))
    )
    return detail("dropped", list(itertools.islice(gone, SHOWN)))


def _namesakes(place: Place, values: cabc.Iterable[InSchema]) -> cabc.Iterator[str]:
    """Yield the objects of the same name in other schemas."""
    found = (
        _described(each)
        for each in values
        if each.name == place.name and each.schema != place.schema
    )
    return itertools.islice(found, SHOWN)


def _of_another_kind(
    kind: str, place: Place, snapshot: SchemaSnapshot
) -> tuple[Detail, ...]:
    found = (
        relation_at(snapshot, place)
        or at(place, snapshot.enums)
        or at(place, snapshot.domains)
    )
    if found is None or kind_of(found) == kind:
        return ()
    text = with_source(f"{place} is a {kind_of(found)}", source_of(found))
    return detail("but", text)


def _described(value: InSchema) -> str:
    return with_source(f"{value.schema}.{value.name}", source_of(value))


def unwanted(
    relation: Table | View, what: str, found: str | cabc.Iterable[str]
) -> Failure:
    """Return the failure that a table has something that it should not have."""
    subject = f"{kind_of(relation)} {relation.qualified_name}"
    return Failure(
        headline=f"{subject} has {what}, and should have none",
        details=(*detail("found", found), *introduced_with(relation)),
    )
