"""Who may do what: the question that a test asks, and the answer."""

from __future__ import annotations

import collections.abc as cabc
import enum
import typing as typ

import attrs

from pytest_userstate.application.asserting import arguments
from pytest_userstate.application.asserting.arguments import (
    SOME,
    UNSPECIFIED,
    Some,
    Unspecified,
)
from pytest_userstate.application.asserting.failures import (
    Detail,
    Failure,
    Mismatch,
    detail,
    listed,
)
from pytest_userstate.application.explaining.words import nearest
from pytest_userstate.domain.access import (
    COLUMN_PRIVILEGES,
    EVERYBODY,
    PRIVILEGES,
    Access,
    Grant,
    ObjectAccess,
    Securable,
)

WHOLE: typ.Final = ""
"""In place of a column: the object as a whole."""


class Claim(enum.Enum):
    """What a test says about some privileges."""

    AT_LEAST = enum.auto()
    EXACTLY = enum.auto()
    NONE = enum.auto()


@attrs.frozen(kw_only=True)
class Question:
    """What a test claims: a role, some privileges, and a column, any, or `WHOLE`."""

    role: str
    claim: Claim
    privileges: frozenset[str]
    column: str | Some = WHOLE
    may_be_absent: bool = False

    @classmethod
    def of(
        cls,
        claim: Claim,
        role: object,
        to: object,
        kind: Securable,
        *,
        column: str | Some | Unspecified = UNSPECIFIED,
        may_be_absent: object = False,
    ) -> Question:
        """Check what the caller passed."""
        is_exact = claim is Claim.EXACTLY
        whole = column is UNSPECIFIED
        choices = sorted(PRIVILEGES[kind] if whole else COLUMN_PRIVILEGES)
        given = arguments.one_or_several(to, "to", single=not is_exact)
        privileges = (
            arguments.several_choices(given, "to", choices)
            if given or not is_exact
            else frozenset[str]()
        )
        return cls(
            role=arguments.identifier(role, "role"),
            claim=claim,
            privileges=privileges,
            column=_column(column),
            may_be_absent=arguments.flag(may_be_absent, "role_may_be_absent"),
        )

    def failure(
        self, subject: str, access: Access, target: ObjectAccess
    ) -> Failure | None:
        """Return why the claim does not hold, or None."""
        if self.role != EVERYBODY and access.role(self.role) is None:
            return None if self.may_be_absent else _no_role(access, self.role)
        everywhere, somewhere = self._possible(access, target)
        match self.claim:
            case Claim.AT_LEAST:
                holds = self.privileges <= everywhere
            case Claim.EXACTLY:
                holds = self.privileges == everywhere == somewhere
            case Claim.NONE:
                holds = not self.privileges & somewhere
        return None if holds else self._failure(subject, somewhere, access, target)

    def _possible(
        self, access: Access, target: ObjectAccess
    ) -> tuple[frozenset[str], frozenset[str]]:
        """Return what the role may do all over it, and at least in some place."""
        granted = {grant.column for grant in target.column_grants} | {WHOLE}
        if isinstance(self.column, str) and self.column != WHOLE:
            granted = {self.column}
        somewhere = frozenset[str]().union(
            *(access.privileges(self.role, target, column=each) for each in granted)
        )
        if self.column is SOME:
            somewhere &= COLUMN_PRIVILEGES
            return somewhere, somewhere
        return access.privileges(self.role, target, column=self.column), somewhere

    def _failure(
        self,
        subject: str,
        found: frozenset[str],
        access: Access,
        target: ObjectAccess,
    ) -> Failure:
        headline, label = {
            Claim.AT_LEAST: ("does not allow {} all that it should", "allowed"),
            Claim.EXACTLY: ("does not allow {} exactly what it should", "exactly"),
            Claim.NONE: ("allows {} what it should forbid", "forbidden"),
        }[self.claim]
        return Failure(
            headline=f"{subject}{self._where} {headline.format(self.role)}",
            mismatches=(
                Mismatch(
                    label,
                    listed(sorted(self.privileges)),
                    f"{listed(sorted(found))} is allowed",
                ),
            ),
            details=_granted(access.grants(target)),
        )

    @property
    def _where(self) -> str:
        if self.column is SOME:
            return ", some column,"
        return f", column {self.column!r}," if self.column else ""


def _column(column: str | Some | Unspecified) -> str | Some:
    if column is UNSPECIFIED:
        return WHOLE
    return SOME if column is SOME else arguments.identifier(column, "column")


def _granted(grants: cabc.Iterable[Grant]) -> tuple[Detail, ...]:
    """Return what was granted on the object, a line for each role."""
    roles: dict[str, list[str]] = {}
    for grant in grants:
        column = f" ({grant.column})" if grant.column else ""
        roles.setdefault(grant.role, []).append(f"{grant.privilege}{column}")
    lines = [f"{role}: {', '.join(granted)}" for role, granted in roles.items()]
    return detail("granted", lines or "nothing to anybody")


def _no_role(access: Access, role: str) -> Failure:
    names = [each.name for each in access.roles]
    known = [name for name in names if not name.startswith("pg_")]
    return Failure(
        headline=f"there is no role {role!r}",
        details=(
            *detail("found", listed(known)),
            *detail("nearest", nearest(role, names)),
        ),
    )
