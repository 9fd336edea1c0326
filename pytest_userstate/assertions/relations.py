"""Assertions about what tables and views share: columns, indexes, triggers, owners."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

from pytest_userstate.application.asserting import arguments
from pytest_userstate.application.asserting.arguments import (
    SOME,
    UNSPECIFIED,
    ObjectName,
    Some,
    Unspecified,
)
from pytest_userstate.application.asserting.failures import (
    Failure,
    Mismatch,
    detail,
    expect,
    origins,
    require,
)
from pytest_userstate.application.asserting.kinds import (
    COLUMN,
    COMMENT,
    INDEX,
    TRIGGER,
    VOID_INDEX,
    ColumnNames,
    Event,
    GeneratedKind,
    IdentityKind,
    Level,
    Timing,
    may_be_on,
)
from pytest_userstate.application.asserting.matching import (
    as_expected,
    facts_of,
    kind_of,
    part_named,
    unknown_column,
    unwanted,
)
from pytest_userstate.application.asserting.objects import (
    ObjectAssertions,
    ObjectKind,
    Read,
)
from pytest_userstate.application.asserting.privileges import Claim, Question
from pytest_userstate.domain.access import Access, ObjectAccess, Securable
from pytest_userstate.domain.columns import Column, Generated, Identity, Index, Trigger
from pytest_userstate.domain.snapshot import SchemaSnapshot, Table, View, ViewKind

__tracebackhide__ = True  # a failing test shows its own line, not ours

T = typ.TypeVar("T")
R = typ.TypeVar("R", bound=Table | View)
P = typ.TypeVar("P", bound=str)
RelationPrivilege: typ.TypeAlias = typ.Literal[
    "select",
    "insert",
    "update",
    "delete",
    "truncate",
    "references",
    "trigger",
    "maintain",
]


class CommentAssertions(ObjectAssertions[T]):
    """Assertions about the comment on an object."""

    def has_comment(self, text: str | Some) -> None:
        """Assert that its comment is this text, or `SOME`."""
        self._require_comment(SOME if text is SOME else arguments.text(text, "text"))

    def has_no_comment(self) -> None:
        """Assert that it exists, and has no comment."""
        self._require_comment(None)

    def _require_comment(self, expected: str | Some | None) -> None:
        facts = facts_of(COMMENT, {"comment": expected})
        subject = self._subject()
        title, details = f"the comment on {subject.title}", origins(subject.owner)
        require(as_expected(title, facts, subject, details=details))


class OwnerAssertions(ObjectAssertions[T]):
    """Assertions about the owner of an object."""

    _securable: typ.ClassVar[Securable]

    def is_owned_by(self, role: str) -> None:
        """Assert that this role owns the object."""
        expected = arguments.identifier(role, "role")
        snapshot, owned = self._look()
        access, target = expect(self._access(snapshot, owned))
        if target.owner != expected:
            known = "" if access.role(expected) else f"there is no role {expected!r}"
            failure = Failure(
                headline=f"{self._title(owned)} is not owned as expected",
                mismatches=(Mismatch("owner", expected, target.owner),),
                details=detail("hint", known),
            )
            require(failure)

    def _title(self, value: T) -> str:
        return f"{kind_of(value)} {self._place}"

    def _access(
        self, snapshot: SchemaSnapshot, value: T
    ) -> tuple[Access, ObjectAccess] | Failure:
        access, place = snapshot.access, self._place
        name = "" if self._securable is Securable.SCHEMA else place.name
        target = access.of(self._securable, place.schema, name) if access else None
        if access is None or target is None:
            return Failure(
                headline=f"nothing is known of who owns {self._title(value)}",
                details=detail(
                    "hint",
                    "owners and privileges are in snapshots that were read from a "
                    "server; one that a test builds needs access=Access(…)",
                ),
            )
        return access, target

    def _judge(self, question: Question) -> None:
        snapshot, value = self._look()
        access, target = expect(self._access(snapshot, value))
        require(question.failure(self._title(value), access, target))


class PrivilegeAssertions(OwnerAssertions[T], typ.Generic[T, P]):
    """Assertions about what roles may do with an object."""

    def allows(self, role: str, *, to: P | cabc.Iterable[P]) -> None:
        """Assert that a role has all these privileges on the object.

        Parameters
        ----------
        role : str
            A role of the server, or ``public`` for everybody.
        to : str or iterable of str
            The privileges, in lower case: ``"usage"``.
        """
        self._judge(Question.of(Claim.AT_LEAST, role, to, self._securable))

    def allows_exactly(self, role: str, *, to: cabc.Iterable[P]) -> None:
        """Assert that a role has these privileges on the object, and no others.

        Parameters
        ----------
        role, to
            As for `allows`; an empty list for a role that may do nothing.
        """
        self._judge(Question.of(Claim.EXACTLY, role, to, self._securable))

    def forbids(
        self, role: str, *, to: P | cabc.Iterable[P], role_may_be_absent: bool = False
    ) -> None:
        """Assert that a role has none of these privileges on the object.

        Parameters
        ----------
        role, to
            As for `allows`.
        role_may_be_absent : bool
            Whether it is fine that the server has no such role.
        """
        question = Question.of(
            Claim.NONE, role, to, self._securable, may_be_absent=role_may_be_absent
        )
        self._judge(question)


class RelationAssertions(OwnerAssertions[R], CommentAssertions[R]):
    """Assertions about what tables and views share."""

    _securable = Securable.TABLE

    # Columns.

    def has_column(
        self,
        name: str,
        *,
        data_type: str | Unspecified = UNSPECIFIED,
        nullable: bool | Unspecified = UNSPECIFIED,
        default: str | Some | Unspecified | None = UNSPECIFIED,
        generated: Generated | GeneratedKind | Some | Unspecified | None = UNSPECIFIED,
        expression: str | Unspecified = UNSPECIFIED,
        identity: Identity | IdentityKind | Some | Unspecified | None = UNSPECIFIED,
        primary_key: bool | Unspecified = UNSPECIFIED,
        collation: str | Some | Unspecified | None = UNSPECIFIED,
        comment: str | Some | Unspecified | None = UNSPECIFIED,
    ) -> Column:
        """Assert that a column of this name exists, and compare its properties.

        Keywords that are left out are not looked at. `None` says that there is
        none, `SOME` that there is one, whichever.

        Parameters
        ----------
        name : str
            The column's name as the catalog has it; case counts.
        data_type : str
            The type, in any spelling that PostgreSQL takes.
        nullable : bool
            Whether the column can be null; domains that exclude it count.
        default, expression : str
            SQL: the default's expression, and that of a generated column.
        generated : {"stored", "virtual"}
            How a generated column is kept.
        identity : {"always", "by default"}
            How an identity column takes explicit values.
        primary_key : bool
            Whether the column is part of the primary key.
        collation : str
            The collation, if it is not the type's own.
        comment : str
            The comment on the column.

        Returns
        -------
        Column
            The column as it was found.
        """
        return self._has_named(COLUMN, locals())

    def has_no_column(self, name: str) -> None:
        """Assert that the table or view exists, and has no column of this name."""
        self._has_none_named(COLUMN, name)

    def has_exactly_columns(self, names: cabc.Iterable[str]) -> None:
        """Assert that these are the columns, in any order, and no others."""
        self._has_exactly(COLUMN, arguments.several_names(names))

    # Indexes.

    def has_index(
        self,
        columns: ColumnNames | Some,
        *,
        name: str | Unspecified = UNSPECIFIED,
        method: str | Unspecified = UNSPECIFIED,
        unique: bool | Unspecified = UNSPECIFIED,
        where: str | Some | Unspecified | None = UNSPECIFIED,
        included: ColumnNames | Unspecified = UNSPECIFIED,
        nulls_distinct: bool | Unspecified = UNSPECIFIED,
        valid: bool | Unspecified = UNSPECIFIED,
        primary: bool | Unspecified = UNSPECIFIED,
        clustered: bool | Unspecified = UNSPECIFIED,
    ) -> Index:
        """Assert that an index on these columns exists, in this order.

        Parameters
        ----------
        columns : str, iterable of str, or SOME
            The columns, or SQL expressions in their place: ``lower(email)``;
            `SOME` for any, such as an index known by its name.
        name : str
            The index's name.
        method : str
            The access method: ``btree``, ``gin``, ….
        unique : bool
            Whether it is unique. One that is not valid keeps nothing unique, and
            fails unless ``valid=False`` is said, too.
        where : str
            The condition of a partial index, in SQL; `None` for an index of all
            rows, `SOME` for any partial one.
        included : str or iterable of str
            The columns that are only stored (``INCLUDE``), in any order.
        nulls_distinct : bool
            Whether nulls count as different from each other.
        valid : bool
            Whether queries may use it.
        primary : bool
            Whether it is that of the primary key.
        clustered : bool
            Whether ``CLUSTER`` last used it.
        """
        return self._has(VOID_INDEX if valid is False else INDEX, locals())

    def has_no_index(self, columns: ColumnNames) -> None:
        """Assert that no index is on exactly these columns, in this order.

        An expression that mentions the same names and constants counts as the same,
        since it may be.
        """
        fact, subject = INDEX.fact("columns", columns), self._subject()
        require(unknown_column(COLUMN, subject, INDEX, (fact,)))
        present = [
            index
            for index in INDEX.parts(subject.owner)
            if may_be_on(index, fact.expected, subject.clauses())
        ]
        require(unwanted(subject, f"an index on {fact}", present, INDEX.words))

    def has_no_index_named(self, name: str) -> None:
        """Assert that no index of the table has this name."""
        self._has_none_named(INDEX, name)

    def has_exactly_indexes(self, names: cabc.Iterable[str]) -> None:
        """Assert that the indexes have these names, and no others.

        An index that backs a constraint counts only if it is named.
        """
        expected = arguments.several_names(names)
        self._has_exactly(INDEX, expected, unless=lambda index: index.constraint)

    # Triggers.

    def has_trigger(
        self,
        name: str,
        *,
        function: str | Unspecified = UNSPECIFIED,
        timing: Timing | Unspecified = UNSPECIFIED,
        events: Event | cabc.Iterable[Event] | Unspecified = UNSPECIFIED,
        update_of: ColumnNames | Unspecified = UNSPECIFIED,
        level: Level | Unspecified = UNSPECIFIED,
        when: str | Some | Unspecified | None = UNSPECIFIED,
        enabled: bool | Unspecified = UNSPECIFIED,
        constraint: bool | Unspecified = UNSPECIFIED,
    ) -> Trigger:
        """Assert that a trigger of this name exists, and compare its properties.

        Parameters
        ----------
        name : str
            The trigger's name.
        function : str
            The function that it calls: ``set_updated_at``, or with a schema.
        timing : {"before", "after", "instead of"}
            When it fires.
        events : {"insert", "update", "delete", "truncate"}, or several
            What it fires for: these, and no other.
        update_of : str or iterable of str
            The columns that an update has to name, in any order; none for all.
        level : {"row", "statement"}
            Whether it fires for each row.
        when : str
            Its condition, in SQL.
        enabled : bool
            Whether it fires in an ordinary session.
        constraint : bool
            Whether it is a constraint trigger.
        """
        return self._has_named(TRIGGER, locals())

    def has_no_trigger(self, name: str) -> None:
        """Assert that the table exists, and has no trigger of this name."""
        self._has_none_named(TRIGGER, name)

    def has_exactly_triggers(self, names: cabc.Iterable[str]) -> None:
        """Assert that the triggers have these names, and no others."""
        self._has_exactly(TRIGGER, arguments.several_names(names))

    # Privileges.

    def allows(
        self,
        role: str,
        *,
        to: RelationPrivilege | cabc.Iterable[RelationPrivilege],
        column: str | Some | Unspecified = UNSPECIFIED,
    ) -> None:
        """Assert that a role has all these privileges on all columns.

        Parameters
        ----------
        role : str
            A role of the server, or ``public`` for everybody.
        to : str or iterable of str
            The privileges, in lower case: ``"select"``.
        column : str or SOME
            The column that it is about, if it is about one; `SOME` for any.
        """
        self._ask(Claim.AT_LEAST, role, to, column)

    def allows_exactly(
        self,
        role: str,
        *,
        to: cabc.Iterable[RelationPrivilege],
        column: str | Some | Unspecified = UNSPECIFIED,
    ) -> None:
        """Assert that a role has these privileges, and no others.

        Parameters
        ----------
        role, to, column
            As for `allows`; `to` is an empty list for a role that may do nothing.
            Without `column`, a privilege on a single column is something else.
        """
        self._ask(Claim.EXACTLY, role, to, column)

    def forbids(
        self,
        role: str,
        *,
        to: RelationPrivilege | cabc.Iterable[RelationPrivilege],
        column: str | Some | Unspecified = UNSPECIFIED,
        role_may_be_absent: bool = False,
    ) -> None:
        """Assert that a role has none of these privileges, on any column.

        Parameters
        ----------
        role, to, column
            As for `allows`.
        role_may_be_absent : bool
            Whether it is fine that the server has no such role.
        """
        self._ask(Claim.NONE, role, to, column, may_be_absent=role_may_be_absent)

    def _ask(
        self,
        claim: Claim,
        role: str,
        to: object,
        column: str | Some | Unspecified,
        *,
        may_be_absent: object = False,
    ) -> None:
        question = Question.of(
            claim,
            role,
            to,
            self._securable,
            column=column,
            may_be_absent=may_be_absent,
        )
        if isinstance(question.column, str) and question.column:
            part = part_named(COLUMN, self._subject(), question.column)
            expect(part)
        self._judge(question)


class ViewAssertions(RelationAssertions[View]):
    """Assertions about a view that is there: `assert_view` returns them."""

    def __init__(self, read: Read, place: ObjectName, kind: ViewKind) -> None:
        """Assert that there is such a view, of this kind."""
        self._kind = ObjectKind(str(kind))
        super().__init__(read, place)

    @property
    def view(self) -> View:
        """The view as it is, for assertions of one's own."""
        return self._look()[1]
