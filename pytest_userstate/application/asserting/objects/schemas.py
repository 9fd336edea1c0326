"""Assertions about schemas, and about what is in them."""

from __future__ import annotations

import collections.abc as cabc

from pytest_userstate.application.asserting import arguments
from pytest_userstate.application.asserting.failure import Failure
from pytest_userstate.application.asserting.lookup import (
    InSchema,
    drops,
    no_schema,
    schema_names,
    source_of,
)
from pytest_userstate.application.asserting.matching import exactly, require
from pytest_userstate.application.asserting.objects.ownership import (
    PrivilegeAssertions,
    SchemaPrivilege,
)
from pytest_userstate.domain.access import Securable
from pytest_userstate.domain.snapshot import SchemaSnapshot, Sequence, Table, ViewKind


class SchemaAssertions(PrivilegeAssertions[str, SchemaPrivilege]):
    """Assertions about a schema that is there: `assert_schema` returns them.

    What comes along with something else counts only where it is named: partitions,
    the tables of migration tools, and the sequences of columns.
    """

    _securable = Securable.SCHEMA

    def has_exactly_tables(self, names: cabc.Iterable[str]) -> None:
        """Assert that these are the tables: all, and no other.

        Partitions and the migration tool's own tables count only where they are
        named.
        """
        __tracebackhide__ = True
        snapshot, _ = self._look()
        require(self._exactly(names, "tables", snapshot, snapshot.tables))

    def has_exactly_views(self, names: cabc.Iterable[str]) -> None:
        """Assert that these are the views, materialized ones apart."""
        __tracebackhide__ = True
        require(self._exactly_views(names, ViewKind.VIEW))

    def has_exactly_materialized_views(self, names: cabc.Iterable[str]) -> None:
        """Assert that these are the materialized views."""
        __tracebackhide__ = True
        require(self._exactly_views(names, ViewKind.MATERIALIZED))

    def has_exactly_foreign_tables(self, names: cabc.Iterable[str]) -> None:
        """Assert that these are the foreign tables."""
        __tracebackhide__ = True
        require(self._exactly_views(names, ViewKind.FOREIGN))

    def has_exactly_enums(self, names: cabc.Iterable[str]) -> None:
        """Assert that these are the enumerated types."""
        __tracebackhide__ = True
        snapshot, _ = self._look()
        require(self._exactly(names, "enums", snapshot, snapshot.enums))

    def has_exactly_domains(self, names: cabc.Iterable[str]) -> None:
        """Assert that these are the domains."""
        __tracebackhide__ = True
        snapshot, _ = self._look()
        require(self._exactly(names, "domains", snapshot, snapshot.domains))

    def has_exactly_sequences(self, names: cabc.Iterable[str]) -> None:
        """Assert that these are the sequences.

        Those of serial and identity columns count only where they are named.
        """
        __tracebackhide__ = True
        snapshot, _ = self._look()
        require(self._exactly(names, "sequences", snapshot, snapshot.sequences))

    def _exactly_views(
        self, names: cabc.Iterable[str], kind: ViewKind
    ) -> Failure | None:
        snapshot, _ = self._look()
        views = [view for view in snapshot.views if view.kind is kind]
        return self._exactly(names, f"{kind}s", snapshot, views)

    def _exactly(
        self,
        names: cabc.Iterable[str],
        what: str,
        snapshot: SchemaSnapshot,
        values: cabc.Iterable[InSchema],
    ) -> Failure | None:
        wanted = arguments.identifiers(names, "names", single=False, empty=True)
        schema = self._place.schema
        found = {
            each.name: source_of(each)
            for each in values
            if each.schema == schema and (each.name in wanted or not _comes_along(each))
        }
        gone = [
            text
            for name in wanted
            if name not in found
            for text in drops(snapshot, arguments.Place(schema, name))
        ]
        return exactly(self._subject, what, wanted, found.items(), dropped=gone)

    def _search(self, snapshot: SchemaSnapshot) -> str | Failure:
        return no_schema(snapshot, self._place.schema) or self._place.schema

    @property
    def _subject(self) -> str:
        return f"schema {self._place.schema}"


def unwanted_schema(snapshot: SchemaSnapshot, name: str) -> Failure | None:
    """Return the failure that there is a schema of this name."""
    if name not in schema_names(snapshot):
        return None
    return Failure(headline=f"there is a schema {name!r}, and there should be none")


def exactly_schemas(snapshot: SchemaSnapshot, names: object) -> Failure | None:
    """Return a failure unless these are the schemas: all, and no other."""
    wanted = arguments.identifiers(names, "names", single=False, empty=True)
    found = dict.fromkeys(sorted(schema_names(snapshot)))
    return exactly("the database", "schemas", wanted, found.items())


def _comes_along(value: InSchema) -> bool:
    """Whether something is there because of something else."""
    match value:
        case Table():
            return value.is_bookkeeping or value.partition_of is not None
        case Sequence():
            return value.owned_by is not None
        case _:
            return False
