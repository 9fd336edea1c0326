"""What should not be there.

An absence inside of something that is not there itself proves nothing, and is a
failure, unless the caller says that it is fine.
"""

from __future__ import annotations

import collections.abc as cabc
import enum

from pytest_userstate.application.asserting.arguments import Place
from pytest_userstate.application.asserting.failure import Failure
from pytest_userstate.application.asserting.handles import Read
from pytest_userstate.application.asserting.lookup import (
    InSchema,
    Relation,
    absent,
    at,
    kind_of,
    no_schema,
    relation_at,
    source_of,
)
from pytest_userstate.application.asserting.matching import expect, introduced
from pytest_userstate.application.asserting.objects.tables import TableAssertions
from pytest_userstate.application.asserting.objects.views import ViewAssertions
from pytest_userstate.domain.snapshot import SchemaSnapshot, View, ViewKind


class Kind(enum.Enum):
    """The objects of a schema that can be asserted to be absent."""

    RELATION = "relation"
    TABLE = "table"
    VIEW = ViewKind.VIEW
    MATERIALIZED = ViewKind.MATERIALIZED
    FOREIGN = ViewKind.FOREIGN
    ENUM = "enum"
    DOMAIN = "domain"
    SEQUENCE = "sequence"

    def of(self, snapshot: SchemaSnapshot) -> cabc.Collection[InSchema]:
        """Return the objects of this kind."""
        match self:
            case Kind.RELATION:
                return (*snapshot.tables, *snapshot.views, *snapshot.sequences)
            case Kind.TABLE:
                return snapshot.tables
            case Kind.ENUM:
                return snapshot.enums
            case Kind.DOMAIN:
                return snapshot.domains
            case Kind.SEQUENCE:
                return snapshot.sequences
            case _:
                return [view for view in snapshot.views if view.kind is self.value]


def unwanted_object(
    snapshot: SchemaSnapshot, kind: Kind, place: Place, *, schema_may_be_absent: bool
) -> Failure | None:
    """Return the failure that there is such an object, or no such schema."""
    found = at(place, kind.of(snapshot))
    if found is None:
        missing = no_schema(snapshot, place.schema)
        return None if schema_may_be_absent else missing
    return Failure(
        headline=f"there is a {kind_of(found)} {place}, and there should be none",
        details=introduced(source_of(found)),
    )


def expected_relation(snapshot: SchemaSnapshot, place: Place) -> Relation:
    """Return the table, view or sequence, or fail the test."""
    __tracebackhide__ = True
    found = relation_at(snapshot, place)
    return found or expect(
        absent("relation", place, snapshot, Kind.RELATION.of(snapshot))
    )


def table_or_view(
    read: Read, place: Place, *, may_be_absent: bool
) -> TableAssertions | ViewAssertions | None:
    """Return assertions about a table or view; None where it may be absent, and is."""
    __tracebackhide__ = True
    found = relation_at(read(), place)
    match found:
        case View():
            return ViewAssertions(read, place, found.kind)
        case None if may_be_absent:
            return None
        case _:
            return TableAssertions(read, place)


def table_or_none(
    read: Read, place: Place, *, may_be_absent: bool
) -> TableAssertions | None:
    """Return assertions about a table; None where it may be absent, and is."""
    __tracebackhide__ = True
    if may_be_absent and relation_at(read(), place) is None:
        return None
    return TableAssertions(read, place)
