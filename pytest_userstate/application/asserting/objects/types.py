"""Assertions about enumerated types and domains."""

from __future__ import annotations

import collections.abc as cabc

import attrs

from pytest_userstate.application.asserting import arguments
from pytest_userstate.application.asserting.arguments import (
    SOME,
    UNSPECIFIED,
    Place,
    Some,
    Unspecified,
)
from pytest_userstate.application.asserting.facts import (
    Facts,
    collation_fact,
    expression_fact,
    flag_fact,
    name_fact,
    type_fact,
    wanted_type,
)
from pytest_userstate.application.asserting.failure import (
    Failure,
    Mismatch,
    detail,
    listed,
)
from pytest_userstate.application.asserting.handles import Read
from pytest_userstate.application.asserting.lookup import find_domain, find_enum
from pytest_userstate.application.asserting.matching import (
    as_expected,
    expect,
    one_of,
    require,
)
from pytest_userstate.application.asserting.objects.checks import checked_expression
from pytest_userstate.application.asserting.objects.comments import CommentAssertions
from pytest_userstate.application.asserting.objects.ownership import (
    PrivilegeAssertions,
    TypePrivilege,
)
from pytest_userstate.application.explaining.describing import check_in_words
from pytest_userstate.application.explaining.nearest import nearest
from pytest_userstate.application.sql.data_types import DataType, found_type
from pytest_userstate.domain.access import Securable
from pytest_userstate.domain.constraints import CheckConstraint
from pytest_userstate.domain.snapshot import Domain, Enum, SchemaSnapshot


class EnumAssertions(PrivilegeAssertions[Enum, TypePrivilege], CommentAssertions[Enum]):
    """Assertions about an enumerated type that is there: `assert_enum` returns them."""

    _securable = Securable.TYPE

    @property
    def enum(self) -> Enum:
        """The type as it stands, for assertions of one's own."""
        return self._look()[1]

    def has_exactly_labels(self, labels: cabc.Iterable[str]) -> None:
        """Assert that these are the labels, in this order: all, and no other."""
        __tracebackhide__ = True
        wanted = arguments.one_or_several(labels, "labels", single=False)
        _, found = self._look()
        if found.labels != wanted:
            require(_other_labels(f"enum {self._place}", wanted, found.labels))

    def has_label(self, label: str) -> None:
        """Assert that this is one of the labels."""
        __tracebackhide__ = True
        wanted = arguments.sql(label, "label")
        _, found = self._look()
        if wanted not in found.labels:
            failure = Failure(
                headline=f"enum {self._place} has no label {wanted!r}",
                details=(
                    *detail("found", listed(found.labels)),
                    *detail("nearest", nearest(wanted, found.labels)),
                ),
            )
            require(failure)

    def has_no_label(self, label: str) -> None:
        """Assert that the type is there, and this is none of its labels."""
        __tracebackhide__ = True
        unwanted = arguments.sql(label, "label")
        _, found = self._look()
        if unwanted in found.labels:
            failure = Failure(
                headline=(
                    f"enum {self._place} has the label {unwanted!r}, and should "
                    "have no such"
                ),
                details=detail("found", listed(found.labels)),
            )
            require(failure)

    def _search(self, snapshot: SchemaSnapshot) -> Enum | Failure:
        return find_enum(snapshot, self._place)

    @property
    def _subject(self) -> str:
        return f"enum {self._place}"


class DomainAssertions(
    PrivilegeAssertions[Domain, TypePrivilege], CommentAssertions[Domain]
):
    """Assertions about a domain that is there: `assert_domain` returns them."""

    _securable = Securable.TYPE

    @property
    def domain(self) -> Domain:
        """The domain as it stands, for assertions of one's own."""
        return self._look()[1]

    def is_not_based_on(self, data_type: str) -> None:
        """Assert that the domain is there, and its base type is not this one.

        A type without parameters stands for any: ``varchar`` for ``varchar(32)``.
        The type of a domain that it is based on is its base type, too.
        """
        __tracebackhide__ = True
        unwanted = wanted_type(data_type, "data_type")
        snapshot, found = self._look()
        known = {each.name for each in snapshot.enums}
        known |= {each.name for each in snapshot.domains}
        if not unwanted.is_built_in and unwanted.name not in known:
            failure = Failure(
                headline=f"there is no type {unwanted}",
                details=detail("nearest", nearest(unwanted.name, known)),
            )
            require(failure)
        based_on = list(_base_types(snapshot, found))
        if any(_includes(unwanted, data_type, each) for each in based_on):
            failure = Failure(
                headline=f"domain {self._place} is based on {unwanted}, and should not",
                details=detail("found", ", which is ".join(map(str, based_on))),
            )
            require(failure)

    def has_check_constraint(
        self, expression: str | Some, *, name: str | Unspecified = UNSPECIFIED
    ) -> CheckConstraint:
        """Assert that there is a check constraint that says this.

        Parameters
        ----------
        expression : str or SOME
            The condition in SQL, such as ``VALUE > 0``; `SOME` for any.
        name : str
            The constraint's name.
        """
        __tracebackhide__ = True
        _, domain = self._look()
        base = found_type(domain.data_type)
        facts: Facts[CheckConstraint] = (
            *expression_fact(
                "expression",
                UNSPECIFIED if expression is SOME else expression,
                checked_expression,
                varchars=(
                    {"value"} if base.name == "character varying" else frozenset()
                ),
                optional=False,
            ),
            *name_fact("name", name, lambda check: check.name),
        )
        found = one_of(
            domain.check_constraints,
            facts,
            headline=f"domain {self._place} has no such check constraint",
            describe=check_in_words,
        )
        return expect(found)

    def _search(self, snapshot: SchemaSnapshot) -> Domain | Failure:
        return find_domain(snapshot, self._place)

    @property
    def _subject(self) -> str:
        return f"domain {self._place}"


def domain_assertions(
    read: Read,
    place: Place,
    *,
    data_type: str | Unspecified,
    nullable: bool | Unspecified,
    default: str | Some | Unspecified | None,
    collation: str | Some | Unspecified | None,
) -> DomainAssertions:
    """Assert that there is such a domain, and what it is like."""
    __tracebackhide__ = True
    facts: Facts[Domain] = (
        *type_fact(data_type, lambda domain: domain.data_type),
        *flag_fact("nullable", nullable, lambda domain: domain.is_nullable),
        *expression_fact("default", default, lambda domain: domain.default),
        *collation_fact(collation, lambda domain: domain.collation),
    )
    assertions = DomainAssertions(read, place)
    require(as_expected(f"domain {place}", assertions.domain, facts))
    return assertions


def _base_types(snapshot: SchemaSnapshot, domain: Domain) -> cabc.Iterator[DataType]:
    """Yield the type of a domain, and the types of the domains beneath."""
    domains = {(each.schema, each.name): each for each in snapshot.domains}
    base: Domain | None = domain
    while base is not None:
        found = found_type(base.data_type)
        yield found
        place = found.schema or "public", found.name
        base = None if found.is_built_in or found.is_array else domains.pop(place, None)


def _includes(unwanted: DataType, text: str, found: DataType) -> bool:
    """Whether a type is the unwanted one, with whichever parameters if none is said."""
    if unwanted.means(found) or "(" in text:
        return unwanted.means(found)
    if unwanted.name == "interval" and found.is_built_in:
        found = attrs.evolve(found, name=found.name.partition(" ")[0])
    one, other = map(_without_parameters, (unwanted, found))
    return one.means(other)


def _without_parameters(kind: DataType) -> DataType:
    is_blank_padded = kind.is_built_in and kind.name == "bpchar"
    name = "character" if is_blank_padded else kind.name
    return attrs.evolve(kind, name=name, modifiers="")


def _other_labels(
    subject: str, expected: tuple[str, ...], found: tuple[str, ...]
) -> Failure:
    missing = [label for label in expected if label not in found]
    unexpected = [label for label in found if label not in expected]
    same = not missing and not unexpected
    return Failure(
        headline=f"{subject} does not have exactly these labels",
        mismatches=(Mismatch("labels", listed(expected), listed(found)),),
        details=(
            *detail("missing", listed(missing) if missing else ()),
            *detail("unexpected", listed(unexpected) if unexpected else ()),
            *detail("hint", "only their order differs" if same else ()),
        ),
    )
