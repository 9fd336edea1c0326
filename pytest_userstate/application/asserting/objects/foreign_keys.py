"""Assertions about foreign keys."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

from pytest_userstate.application.asserting import arguments
from pytest_userstate.application.asserting.arguments import (
    UNSPECIFIED,
    Some,
    Unspecified,
)
from pytest_userstate.application.asserting.facts import (
    Fact,
    Facts,
    choice_fact,
    flag_fact,
    name_fact,
    names_fact,
)
from pytest_userstate.application.asserting.failure import Failure
from pytest_userstate.application.asserting.handles import ObjectAssertions
from pytest_userstate.application.asserting.lookup import (
    dropped_parts,
    find_table,
    unwanted,
)
from pytest_userstate.application.asserting.matching import (
    exactly,
    expect,
    introduced_with,
    one_of,
    require,
)
from pytest_userstate.application.asserting.objects.column_lists import (
    ColumnNames,
    columns_fact,
    columns_given,
    several_lists,
)
from pytest_userstate.application.asserting.objects.columns import unknown_columns
from pytest_userstate.application.explaining.describing import foreign_key_in_words
from pytest_userstate.domain.constraints import ForeignKey
from pytest_userstate.domain.converters import in_sql
from pytest_userstate.domain.snapshot import SchemaSnapshot, Table

Action: typ.TypeAlias = typ.Literal[
    "no action", "restrict", "cascade", "set null", "set default"
]
Match: typ.TypeAlias = typ.Literal["simple", "full"]
_SETTING: typ.Final = ("set null", "set default")


class ForeignKeyAssertions(ObjectAssertions[Table]):
    """Assertions about the foreign keys of a table."""

    def has_foreign_key(
        self,
        columns: ColumnNames | Some,
        *,
        references: str | Unspecified = UNSPECIFIED,
        references_columns: ColumnNames | Unspecified = UNSPECIFIED,
        on_update: Action | Unspecified = UNSPECIFIED,
        on_delete: Action | Unspecified = UNSPECIFIED,
        on_delete_columns: ColumnNames | Unspecified = UNSPECIFIED,
        match: Match | Unspecified = UNSPECIFIED,
        deferrable: bool | Unspecified = UNSPECIFIED,
        initially_deferred: bool | Unspecified = UNSPECIFIED,
        validated: bool | Unspecified = UNSPECIFIED,
        enforced: bool | Unspecified = UNSPECIFIED,
        temporal: bool | Unspecified = UNSPECIFIED,
        name: str | Unspecified = UNSPECIFIED,
    ) -> ForeignKey:
        """Assert that there is a foreign key from these columns, in this order.

        Parameters
        ----------
        columns : str, iterable of str, or SOME
            The referring columns; `SOME` for any foreign key.
        references : str
            The table referred to: ``users``, or ``legal.policies``.
        references_columns : str or iterable of str
            The columns referred to, pair by pair.
        on_update, on_delete : {"no action", "restrict", "cascade", "set null", \
"set default"}
            What happens when the row referred to is changed or goes away.
        on_delete_columns : str or iterable of str
            The columns that are set, where not all of them are.
        match : {"simple", "full"}
            How nulls in some of the columns count.
        deferrable, initially_deferred : bool
            Whether, and from the start, it is checked only at a commit.
        validated : bool
            Whether it is known to hold for every row (not after ``NOT VALID``).
        enforced : bool
            Whether it is checked at all (not after ``NOT ENFORCED``).
        temporal : bool
            Whether its last pair is a ``PERIOD`` (PostgreSQL 18).
        name : str
            The constraint's name.
        """
        __tracebackhide__ = True
        snapshot, table = self._look()
        wanted = columns_given(columns)
        facts: Facts[ForeignKey] = (
            *columns_fact(wanted, lambda key: key.columns),
            *_references_fact(references),
            *names_fact(
                "references_columns",
                references_columns,
                lambda key: key.target_columns,
            ),
            *choice_fact(
                "on_update", on_update, lambda key: key.on_update, typ.get_args(Action)
            ),
            *_on_delete_fact(on_delete, on_delete_columns),
            *choice_fact("match", match, lambda key: key.match, typ.get_args(Match)),
            *flag_fact("deferrable", deferrable, lambda key: key.is_deferrable),
            *flag_fact(
                "initially_deferred",
                initially_deferred,
                lambda key: key.is_initially_deferred,
            ),
            *flag_fact("validated", validated, lambda key: key.is_validated),
            *flag_fact("enforced", enforced, lambda key: key.is_enforced),
            *flag_fact("temporal", temporal, lambda key: key.is_temporal),
            *name_fact("name", name, lambda key: key.name),
        )
        require(unknown_columns(snapshot, table, wanted))
        found = one_of(
            table.foreign_keys,
            facts,
            headline=f"table {table.qualified_name} has no such foreign key",
            describe=foreign_key_in_words,
            details=(
                *introduced_with(table),
                *dropped_parts(snapshot, table, "constraint", name),
            ),
            hints=_about_target(snapshot, references),
        )
        return expect(found)

    def has_no_foreign_key(self, columns: ColumnNames) -> None:
        """Assert that these columns, taken together, refer to nothing."""
        __tracebackhide__ = True
        snapshot, table = self._look()
        wanted = arguments.identifiers(columns)
        require(unknown_columns(snapshot, table, wanted))
        found = [
            foreign_key_in_words(key)
            for key in table.foreign_keys
            if set(key.columns) == set(wanted)
        ]
        if found:
            what = f"a foreign key from {', '.join(wanted)}"
            require(unwanted(table, what, found))

    def has_exactly_foreign_keys(self, columns: cabc.Iterable[ColumnNames]) -> None:
        """Assert that the foreign keys go from these columns, and no other does.

        Parameters
        ----------
        columns : iterable of str or of iterable of str
            The columns of each: ``["user_id", ["tenant", "number"]]``.
        """
        __tracebackhide__ = True
        _, table = self._look()
        wanted = several_lists(columns)
        found = [
            (key.columns, key.source or table.source) for key in table.foreign_keys
        ]
        subject = f"table {table.qualified_name}"
        require(exactly(subject, "foreign keys", wanted, found))


def _references_fact(references: str | Unspecified) -> Facts[ForeignKey]:
    if references is UNSPECIFIED:
        return ()
    wanted = arguments.place(references, "references")
    return (
        Fact(
            "references",
            str(wanted),
            lambda key: (
                (key.target_schema, key.target_table) == (wanted.schema, wanted.name)
            ),
            lambda key: f"{key.target_schema}.{key.target_table}",
        ),
    )


def _on_delete_fact(
    action: str | Unspecified, columns: ColumnNames | Unspecified
) -> Facts[ForeignKey]:
    choices = typ.get_args(Action)
    if columns is UNSPECIFIED:
        return choice_fact("on_delete", action, lambda key: key.on_delete, choices)
    names = in_sql(sorted(arguments.identifiers(columns, "on_delete_columns")))
    if action is UNSPECIFIED or (
        arguments.choice(action, "on_delete", choices) not in _SETTING
    ):
        message = "on_delete_columns goes with on_delete='set null' or 'set default'"
        raise TypeError(message)
    wanted = f"{arguments.choice(action, 'on_delete', choices)} ({names})"
    return (
        Fact(
            "on_delete",
            wanted,
            lambda key: key.on_delete == wanted,
            lambda key: key.on_delete,
        ),
    )


def _about_target(
    snapshot: SchemaSnapshot, references: str | Unspecified
) -> tuple[str, ...]:
    if references is UNSPECIFIED:
        return ()
    found = find_table(snapshot, arguments.place(references, "references"))
    return (found.headline,) if isinstance(found, Failure) else ()
