"""Assertions about schemas, sequences, enumerated types, and domains."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

import attrs

from pytest_userstate.application.asserting import arguments
from pytest_userstate.application.asserting.arguments import (
    UNSPECIFIED,
    Some,
    Unspecified,
)
from pytest_userstate.application.asserting.failures import (
    Failure,
    Mismatch,
    absent,
    detail,
    listed,
    require,
)
from pytest_userstate.application.asserting.kinds import CHECK
from pytest_userstate.application.asserting.objects import (
    ObjectKind,
    exactly_objects,
    no_schema,
)
from pytest_userstate.application.sql.data_types import DataType, type_of_column
from pytest_userstate.application.wording import similar
from pytest_userstate.assertions.relations import (
    CommentAssertions,
    PrivilegeAssertions,
)
from pytest_userstate.domain.access import Securable
from pytest_userstate.domain.columns import CheckConstraint
from pytest_userstate.domain.snapshot import Domain, Enum, SchemaSnapshot, Sequence

__tracebackhide__ = True  # a failing test shows its own line, not ours

SequencePrivilege: typ.TypeAlias = typ.Literal["usage", "select", "update"]
SchemaPrivilege: typ.TypeAlias = typ.Literal["usage", "create"]
TypePrivilege: typ.TypeAlias = typ.Literal["usage"]


class SchemaAssertions(PrivilegeAssertions[str, SchemaPrivilege]):
    """Assertions about a schema that is there: `assert_schema` returns them.

    What comes along with something else counts only if it is named: partitions,
    the tables of migration tools, and the sequences of columns.
    """

    _securable = Securable.SCHEMA

    def has_exactly_tables(self, names: cabc.Iterable[str]) -> None:
        """Assert that these are the tables, and no others.

        Partitions and the migration tool's own tables count only if they are
        named.
        """
        self._has_exactly_objects(ObjectKind.TABLE, names)

    def has_exactly_views(self, names: cabc.Iterable[str]) -> None:
        """Assert that these are the views, without materialized ones."""
        self._has_exactly_objects(ObjectKind.VIEW, names)

    def has_exactly_materialized_views(self, names: cabc.Iterable[str]) -> None:
        """Assert that these are the materialized views."""
        self._has_exactly_objects(ObjectKind.MATERIALIZED, names)

    def has_exactly_foreign_tables(self, names: cabc.Iterable[str]) -> None:
        """Assert that these are the foreign tables."""
        self._has_exactly_objects(ObjectKind.FOREIGN, names)

    def has_exactly_enums(self, names: cabc.Iterable[str]) -> None:
        """Assert that these are the enumerated types."""
        self._has_exactly_objects(ObjectKind.ENUM, names)

    def has_exactly_domains(self, names: cabc.Iterable[str]) -> None:
        """Assert that these are the domains."""
        self._has_exactly_objects(ObjectKind.DOMAIN, names)

    def has_exactly_sequences(self, names: cabc.Iterable[str]) -> None:
        """Assert that these are the sequences.

        Those of serial and identity columns count only if they are named.
        """
        self._has_exactly_objects(ObjectKind.SEQUENCE, names)

    def _has_exactly_objects(self, kind: ObjectKind, names: cabc.Iterable[str]) -> None:
        expected = arguments.several_names(names)
        snapshot, schema = self._look()
        require(exactly_objects(snapshot, schema, kind, expected))

    def _search(self, snapshot: SchemaSnapshot) -> str | Failure:
        return no_schema(snapshot, self._place.schema) or self._place.schema

    def _title(self, value: str) -> str:
        return f"schema {value}"


class SequenceAssertions(
    PrivilegeAssertions[Sequence, SequencePrivilege], CommentAssertions[Sequence]
):
    """Assertions about a sequence that is there: `assert_sequence` returns them."""

    _kind = ObjectKind.SEQUENCE
    _securable = Securable.SEQUENCE

    @property
    def sequence(self) -> Sequence:
        """The sequence as it is, for assertions of one's own."""
        return self._look()[1]


class EnumAssertions(PrivilegeAssertions[Enum, TypePrivilege], CommentAssertions[Enum]):
    """Assertions about an enumerated type that is there: `assert_enum` returns them."""

    _kind = ObjectKind.ENUM
    _securable = Securable.TYPE

    @property
    def enum(self) -> Enum:
        """The type as it is, for assertions of one's own."""
        return self._look()[1]

    def has_exactly_labels(self, labels: cabc.Iterable[str]) -> None:
        """Assert that these are the labels, in this order, and no others."""
        expected = arguments.several(labels, "labels")
        _, enum = self._look()
        if enum.labels == expected:
            return
        missing = [label for label in expected if label not in enum.labels]
        unexpected = [label for label in enum.labels if label not in expected]
        is_order = sorted(expected) == sorted(enum.labels)
        failure = Failure(
            headline=f"enum {self._place} does not have exactly these labels",
            mismatches=(Mismatch("labels", listed(expected), listed(enum.labels)),),
            details=(
                *detail("missing", listed(missing) if missing else ""),
                *detail("unexpected", listed(unexpected) if unexpected else ""),
                *detail("hint", "only their order differs" if is_order else ""),
            ),
        )
        require(failure)

    def has_label(self, label: str) -> None:
        """Assert that this is one of the labels."""
        expected = arguments.text(label, "label")
        _, enum = self._look()
        if expected not in enum.labels:
            headline = f"enum {self._place} has no label {expected!r}"
            require(absent(headline, expected, enum.labels))

    def has_no_label(self, label: str) -> None:
        """Assert that the type exists, and this is not one of its labels."""
        text = arguments.text(label, "label")
        _, enum = self._look()
        if text in enum.labels:
            failure = Failure(
                headline=f"enum {self._place} has the label {text!r}, and should not",
                details=detail("found", listed(enum.labels)),
            )
            require(failure)


class DomainAssertions(
    PrivilegeAssertions[Domain, TypePrivilege], CommentAssertions[Domain]
):
    """Assertions about a domain that is there: `assert_domain` returns them."""

    _kind = ObjectKind.DOMAIN
    _securable = Securable.TYPE

    @property
    def domain(self) -> Domain:
        """The domain as it is, for assertions of one's own."""
        return self._look()[1]

    def is_not_based_on(self, data_type: str) -> None:
        """Assert that the domain exists, and its base type is not this one.

        A type without parameters matches any: ``varchar`` matches ``varchar(32)``.
        The type of a domain that it is based on is its base type, too.
        """
        unwanted = arguments.type_name(data_type, "data_type")
        snapshot, domain = self._look()
        known = {enum.name for enum in snapshot.enums}
        known |= {domain.name for domain in snapshot.domains}
        if not unwanted.is_built_in and unwanted.name not in known:
            failure = Failure(
                headline=f"there is no type {unwanted}",
                details=detail("nearest", similar(unwanted.name, known)),
            )
            require(failure)
        based_on = list(_base_types(snapshot, domain))
        if any(_includes(unwanted, data_type, base) for base in based_on):
            failure = Failure(
                headline=f"domain {self._place} is based on {unwanted}, and should not",
                details=detail("found", ", which is ".join(map(str, based_on))),
            )
            require(failure)

    def has_check_constraint(
        self, expression: str | Some, *, name: str | Unspecified = UNSPECIFIED
    ) -> CheckConstraint:
        """Assert that a check constraint with this meaning exists.

        Parameters
        ----------
        expression : str or SOME
            The condition in SQL, such as ``VALUE > 0``; `SOME` for any.
        name : str
            The constraint's name.
        """
        return self._has(CHECK, locals())


def _base_types(snapshot: SchemaSnapshot, domain: Domain) -> cabc.Iterator[DataType]:
    """Yield the type of a domain, and the types of the domains beneath."""
    domains = {(value.schema, value.name): value for value in snapshot.domains}
    base: Domain | None = domain
    while base is not None:
        kind = type_of_column(base.data_type)
        yield kind
        place = kind.schema or "public", kind.name
        base = None if kind.is_built_in or kind.is_array else domains.pop(place, None)


def _includes(unwanted: DataType, text: str, base: DataType) -> bool:
    """Whether a type is the unwanted one, with any parameters if none is said.

    A name without a schema may be meant for any.
    """
    if not unwanted.schema and not unwanted.is_built_in:
        base = attrs.evolve(base, schema="")
    if "(" in text:
        return unwanted.means(base)
    if unwanted.name == "interval" and base.is_built_in:
        base = attrs.evolve(base, name=base.name.partition(" ")[0])
    one, other = map(_without_parameters, (unwanted, base))
    return one.means(other)


def _without_parameters(kind: DataType) -> DataType:
    is_blank_padded = kind.is_built_in and kind.name == "bpchar"
    name = "character" if is_blank_padded else kind.name
    return attrs.evolve(kind, name=name, modifiers="")
