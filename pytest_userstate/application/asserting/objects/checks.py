"""Assertions about check and exclusion constraints, and constraints by name."""

from __future__ import annotations

import collections.abc as cabc
import re
import typing as typ

from pytest_userstate.application.asserting import arguments
from pytest_userstate.application.asserting.arguments import (
    SOME,
    UNSPECIFIED,
    Some,
    Unspecified,
)
from pytest_userstate.application.asserting.facts import (
    Fact,
    Facts,
    checked_names_fact,
    expression_fact,
    flag_fact,
    name_fact,
)
from pytest_userstate.application.asserting.handles import ObjectAssertions
from pytest_userstate.application.asserting.lookup import dropped_parts, unwanted
from pytest_userstate.application.asserting.matching import (
    exactly,
    expect,
    introduced_with,
    one_of,
    require,
)
from pytest_userstate.application.asserting.objects.column_lists import ColumnNames
from pytest_userstate.application.asserting.objects.columns import (
    unknown_columns,
    varchars,
)
from pytest_userstate.application.explaining.describing import check_in_words
from pytest_userstate.application.sql.expressions import same_tokens
from pytest_userstate.domain.constraints import CheckConstraint, ExclusionConstraint
from pytest_userstate.domain.snapshot import Table

_CHECK: typ.Final = re.compile(
    r"CHECK\s*(?P<expression>.*?)(\s+(NO INHERIT|NOT VALID|NOT ENFORCED))*", re.DOTALL
)


class CheckAssertions(ObjectAssertions[Table]):
    """Assertions about the check and exclusion constraints of a table."""

    def has_check_constraint(
        self,
        expression: str | Some,
        *,
        name: str | Unspecified = UNSPECIFIED,
        columns: ColumnNames | Unspecified = UNSPECIFIED,
        validated: bool | Unspecified = UNSPECIFIED,
        enforced: bool | Unspecified = UNSPECIFIED,
    ) -> CheckConstraint:
        """Assert that there is a check constraint that says this.

        Parameters
        ----------
        expression : str or SOME
            The condition in SQL, without ``CHECK``; `SOME` for any. What
            PostgreSQL adds to it (parentheses, casts, schemas) may be left out.
        name : str
            The constraint's name.
        columns : str or iterable of str
            The columns that it is about, in any order.
        validated, enforced : bool
            As for `has_foreign_key`.
        """
        __tracebackhide__ = True
        snapshot, table = self._look()
        wanted = (
            None
            if columns is UNSPECIFIED
            else arguments.identifiers(columns, empty=True)
        )
        facts: Facts[CheckConstraint] = (
            *expression_fact(
                "expression",
                UNSPECIFIED if expression is SOME else expression,
                checked_expression,
                varchars=varchars(table),
                optional=False,
            ),
            *name_fact("name", name, lambda check: check.name),
            *_columns_fact(wanted),
            *flag_fact("validated", validated, lambda check: check.is_validated),
            *flag_fact("enforced", enforced, lambda check: check.is_enforced),
        )
        require(unknown_columns(snapshot, table, wanted or ()))
        found = one_of(
            table.check_constraints,
            facts,
            headline=f"table {table.qualified_name} has no such check constraint",
            describe=check_in_words,
            details=(
                *introduced_with(table),
                *dropped_parts(snapshot, table, "constraint", name),
            ),
        )
        return expect(found)

    def has_exactly_check_constraints(self, names: cabc.Iterable[str]) -> None:
        """Assert that the check constraints have these names: all, and no other."""
        __tracebackhide__ = True
        _, table = self._look()
        wanted = arguments.identifiers(names, "names", single=False, empty=True)
        found = {
            check.name: check.source or table.source
            for check in table.check_constraints
        }
        subject = f"table {table.qualified_name}"
        require(exactly(subject, "check constraints", wanted, found.items()))

    def has_exclusion_constraint(
        self,
        definition: str | Some,
        *,
        name: str | Unspecified = UNSPECIFIED,
    ) -> ExclusionConstraint:
        """Assert that there is an exclusion constraint of this definition.

        Parameters
        ----------
        definition : str or SOME
            As PostgreSQL writes it, blanks and case apart:
            ``EXCLUDE USING gist (room WITH =, during WITH &&)``; `SOME` for any.
        name : str
            The constraint's name.
        """
        __tracebackhide__ = True
        snapshot, table = self._look()
        facts: Facts[ExclusionConstraint] = (
            *_definition_fact(definition),
            *name_fact("name", name, lambda constraint: constraint.name),
        )
        found = one_of(
            table.exclusion_constraints,
            facts,
            headline=f"table {table.qualified_name} has no such exclusion constraint",
            describe=check_in_words,
            details=(
                *introduced_with(table),
                *dropped_parts(snapshot, table, "constraint", name),
            ),
        )
        return expect(found)

    def has_exactly_exclusion_constraints(self, names: cabc.Iterable[str]) -> None:
        """Assert that the exclusion constraints have these names, and no other is."""
        __tracebackhide__ = True
        _, table = self._look()
        wanted = arguments.identifiers(names, "names", single=False, empty=True)
        found = {
            each.name: each.source or table.source
            for each in table.exclusion_constraints
        }
        subject = f"table {table.qualified_name}"
        require(exactly(subject, "exclusion constraints", wanted, found.items()))

    def has_no_constraint(self, name: str) -> None:
        """Assert that no constraint of the table has this name, of whatever kind."""
        __tracebackhide__ = True
        _, table = self._look()
        wanted = arguments.identifier(name)
        kinds = _constraints(table)
        if wanted in kinds:
            what = f"a {kinds[wanted]} {wanted!r}"
            require(unwanted(table, what, ()))


def checked_expression(check: CheckConstraint) -> str:
    """Return the condition of a check constraint, without what is around it."""
    match = _CHECK.fullmatch(check.definition)
    return match["expression"] if match else check.definition


def _columns_fact(wanted: tuple[str, ...] | None) -> Facts[CheckConstraint]:
    if wanted is None:
        return ()
    return checked_names_fact(
        "columns", wanted, lambda check: check.columns, ordered=False
    )


def _definition_fact(definition: str | Some) -> Facts[ExclusionConstraint]:
    if definition is SOME:
        return ()
    wanted = arguments.sql(definition, "definition")
    return (
        Fact(
            "definition",
            wanted,
            lambda constraint: same_tokens(wanted, constraint.definition),
            lambda constraint: constraint.definition,
        ),
    )


def _constraints(table: Table) -> dict[str, str]:
    """Return what kind of constraint each name stands for."""
    kinds = {key.name: "foreign key" for key in table.foreign_keys}
    kinds |= {key.name: "unique constraint" for key in table.unique_constraints}
    kinds |= {check.name: "check constraint" for check in table.check_constraints}
    kinds |= {each.name: "exclusion constraint" for each in table.exclusion_constraints}
    kinds |= {
        each.name: "constraint trigger" for each in table.triggers if each.is_constraint
    }
    if table.primary_key:
        kinds[table.primary_key.name] = "primary key"
    return kinds
