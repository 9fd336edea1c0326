"""Assertions about owners and privileges.

A privilege counts however a role came by it: granted to it, to everybody, to a role
that it inherits from, or as a superuser.
"""

from __future__ import annotations

import abc
import collections.abc as cabc
import typing as typ

from pytest_userstate.application.asserting import arguments
from pytest_userstate.application.asserting.arguments import (
    UNSPECIFIED,
    Some,
    Unspecified,
)
from pytest_userstate.application.asserting.failure import Failure, Mismatch, detail
from pytest_userstate.application.asserting.handles import ObjectAssertions
from pytest_userstate.application.asserting.matching import expect, require
from pytest_userstate.application.asserting.objects.columns import R, unknown_columns
from pytest_userstate.application.asserting.objects.privileges import Claim, Question
from pytest_userstate.domain.access import Access, ObjectAccess, Securable
from pytest_userstate.domain.snapshot import SchemaSnapshot

T = typ.TypeVar("T")
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
SequencePrivilege: typ.TypeAlias = typ.Literal["usage", "select", "update"]
SchemaPrivilege: typ.TypeAlias = typ.Literal["usage", "create"]
TypePrivilege: typ.TypeAlias = typ.Literal["usage"]


class OwnerAssertions(ObjectAssertions[T]):
    """Assertions about the owner of an object."""

    _securable: typ.ClassVar[Securable]

    def is_owned_by(self, role: str) -> None:
        """Assert that this role owns the object."""
        __tracebackhide__ = True
        wanted = arguments.identifier(role, "role")
        snapshot, _ = self._look()
        access, target = expect(self._access(snapshot))
        if target.owner != wanted:
            known = () if access.role(wanted) else (f"there is no role {wanted!r}",)
            failure = Failure(
                headline=f"{self._subject} is not owned as expected",
                mismatches=(Mismatch("owner", wanted, target.owner),),
                details=detail("hint", known),
            )
            require(failure)

    @property
    @abc.abstractmethod
    def _subject(self) -> str:
        """The object, in a message."""

    def _access(
        self, snapshot: SchemaSnapshot
    ) -> tuple[Access, ObjectAccess] | Failure:
        access, place = snapshot.access, self._place
        name = "" if self._securable is Securable.SCHEMA else place.name
        target = access.of(self._securable, place.schema, name) if access else None
        if access is None or target is None:
            return Failure(
                headline=f"nothing is known of who owns {self._subject}",
                details=detail(
                    "hint",
                    "owners and privileges are in snapshots that were read from a "
                    "server; one that a test builds needs access=Access(…)",
                ),
            )
        return access, target

    def _judge(self, question: Question) -> None:
        __tracebackhide__ = True
        snapshot, _ = self._look()
        access, target = expect(self._access(snapshot))
        require(question.failure(self._subject, access, target))


class PrivilegeAssertions(OwnerAssertions[T], typ.Generic[T, P]):
    """Assertions about what roles may do with an object."""

    def allows(self, role: str, *, to: P | cabc.Iterable[P]) -> None:
        """Assert that a role may do all of this with the object.

        Parameters
        ----------
        role : str
            A role of the server, or ``public`` for everybody.
        to : str or iterable of str
            The privileges, in lower case: ``"usage"``.
        """
        __tracebackhide__ = True
        self._judge(Question.of(Claim.AT_LEAST, role, to, self._securable))

    def allows_exactly(self, role: str, *, to: cabc.Iterable[P]) -> None:
        """Assert that a role may do all of this with the object, and nothing else.

        Parameters
        ----------
        role : str
            A role of the server, or ``public`` for everybody.
        to : iterable of str
            The privileges; an empty list for a role that may do nothing.
        """
        __tracebackhide__ = True
        self._judge(Question.of(Claim.EXACTLY, role, to, self._securable))

    def forbids(
        self, role: str, *, to: P | cabc.Iterable[P], role_may_be_absent: bool = False
    ) -> None:
        """Assert that a role may do nothing of this with the object.

        Parameters
        ----------
        role : str
            A role of the server, or ``public`` for everybody.
        to : str or iterable of str
            The privileges, in lower case: ``"usage"``.
        role_may_be_absent : bool
            Whether it is fine that the server has no such role.
        """
        __tracebackhide__ = True
        question = Question.of(
            Claim.NONE, role, to, self._securable, may_be_absent=role_may_be_absent
        )
        self._judge(question)


class RelationPrivilegeAssertions(OwnerAssertions[R]):
    """Assertions about what roles may do with a table or view."""

    _securable = Securable.TABLE

    def allows(
        self,
        role: str,
        *,
        to: RelationPrivilege | cabc.Iterable[RelationPrivilege],
        column: str | Some | Unspecified = UNSPECIFIED,
    ) -> None:
        """Assert that a role may do all of this with all columns.

        Parameters
        ----------
        role : str
            A role of the server, or ``public`` for everybody.
        to : str or iterable of str
            The privileges, in lower case: ``"select"``.
        column : str or SOME
            The column that it is about, where it is one; `SOME` for any.
        """
        __tracebackhide__ = True
        self._ask(Claim.AT_LEAST, role, to, column)

    def allows_exactly(
        self,
        role: str,
        *,
        to: cabc.Iterable[RelationPrivilege],
        column: str | Some | Unspecified = UNSPECIFIED,
    ) -> None:
        """Assert that a role may do all of this, and nothing else.

        Parameters
        ----------
        role : str
            A role of the server, or ``public`` for everybody.
        to : iterable of str
            The privileges; an empty list for a role that may do nothing.
        column : str or SOME
            The column that it is about, where it is one; `SOME` for any. Without
            it, a privilege on a single column is something else.
        """
        __tracebackhide__ = True
        self._ask(Claim.EXACTLY, role, to, column)

    def forbids(
        self,
        role: str,
        *,
        to: RelationPrivilege | cabc.Iterable[RelationPrivilege],
        column: str | Some | Unspecified = UNSPECIFIED,
        role_may_be_absent: bool = False,
    ) -> None:
        """Assert that a role may do nothing of this, with whichever column.

        Parameters
        ----------
        role : str
            A role of the server, or ``public`` for everybody.
        to : str or iterable of str
            The privileges, in lower case: ``"delete"``.
        column : str or SOME
            The column that it is about, where it is one.
        role_may_be_absent : bool
            Whether it is fine that the server has no such role.
        """
        __tracebackhide__ = True
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
        __tracebackhide__ = True
        question = Question.of(
            claim,
            role,
            to,
            self._securable,
            column=column,
            may_be_absent=may_be_absent,
        )
        if isinstance(question.column, str) and question.column:
            snapshot, relation = self._look()
            require(unknown_columns(snapshot, relation, [question.column]))
        self._judge(question)
